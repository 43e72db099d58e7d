"""What pydantic found, said so that a coordinator knows what to write instead."""

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from questionnaire.definition import Definition, PickedOptions, QuestionDefinition, WrittenTime
from questionnaire.models import Audience, Table, TimestampAuthority

_PATTERNS = {
    "id": "write 1 to 40 small letters a-z, digits and -",
    "time": "write the time as 2027-08-13T23:59, to the minute and without a zone",
    "languages": "write language tags such as km or en",
    "dimensions": "write ids of questions: small letters a-z, digits and -",
    "url": "write an address that begins with https:// or http://",
    "name": "write 1 to 40 small letters a-z, digits and -",
}

_FIXED = {
    "string_type": "write text here; put it in quotes if it looks like a number",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "bool_type": "write true or false",
    "dict_type": "write lines of `name: value` below this",
    "model_type": "write lines of `name: value` below this",
    "model_attributes_type": "write lines of `name: value` below this",
    "tuple_type": "write a list: lines that begin with -",
    "missing": "add this; it is needed",
    "json_invalid": "take out characters that are not text",
}

_COUNTED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "literal_error": lambda context: f"write one of {str(context['expected']).replace(chr(39), '')}",
    "greater_than_equal": lambda context: f"write {context['ge']} or more",
    "less_than_equal": lambda context: f"write {context['le']} or less",
    "too_short": lambda context: f"write at least {context['min_length']} here",
    "too_long": lambda context: f"write at most {context['max_length']} here",
    "string_too_short": lambda context: f"write at least {context['min_length']} character here",
    "value_error": lambda context: str(context["error"]),
}


_KNOWN: dict[str, type[BaseModel]] = {
    "": Definition,
    "opens": WrittenTime,
    "deadline": WrittenTime,
    "questions.*": QuestionDefinition,
    "questions.*.options": PickedOptions,
    "audiences.*": Audience,
    "tables.*": Table,
    "timestamp_authorities.*": TimestampAuthority,
}


def complaint(error: ErrorDetails) -> str:
    """One sentence for one finding of pydantic in a definition: what to write instead. It repeats no value, only names of keys."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _COUNTED:
        return _COUNTED[kind](context)
    if kind == "extra_forbidden":
        return _unknown_name(error["loc"])
    if kind == "string_pattern_mismatch":
        named = [part for part in error["loc"] if isinstance(part, str)]
        return _PATTERNS.get(named[-1] if named else "", "write a code: letters A-Z and a-z, digits and -")
    return error["msg"]


def _unknown_name(loc: tuple[int | str, ...]) -> str:
    model = _KNOWN.get(".".join("*" if isinstance(part, int) else part for part in loc[:-1]))
    known = sorted(model.model_fields) if model is not None else ["all", "any", "has", "is", "not"]
    near = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return f"take this out, or write `{near[0]}` if that was meant" if near else f"take this out; known here are {', '.join(known)}"
