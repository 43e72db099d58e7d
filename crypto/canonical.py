"""Canonical JSON, RFC 8785, as format.md writes it everywhere: one value has exactly one spelling.

The values here have no fractions, so a text that is JSON is canonical when its keys ascend by UTF-16 code units, its strings hold no escape
but the shortest, and nothing stands between them that could be left out. That is checked on the text itself, without a second writer.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

import rfc8785

from crypto.errors import CryptoError, JsonDuplicateError, ReportError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JsonValue: TypeAlias = "bool | int | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
"""What may be written. `loads` returns plain lists and dictionaries."""

INTEGER_LIMIT: Final = 2**53 - 1
"""The largest magnitude that every reader of JSON keeps exactly (format.md section 2)."""

DEEPEST: Final = 64
"""How many arrays and objects may stand in one another (F0.3); nothing of ours needs ten but a condition that somebody wrote so."""

_DIGITS_LIMIT: Final = len(str(INTEGER_LIMIT)) + 1  # and a sign: longer numbers are refused before Python spends time on them


class _NotCanonicalError(ValueError):
    """Inside this module: the text is JSON but not the one spelling of its value."""


def dumps(value: JsonValue) -> bytes:
    """Return the RFC 8785 bytes of `value`.

    Raises ValueError for what has none: integers beyond ±(2^53−1), lone surrogates, keys that are not strings.
    """
    return rfc8785.dumps(value)


def loads(data: bytes, *, error: type[CryptoError] = ReportError) -> JsonValue:
    """Return the value of canonical JSON: dictionaries, lists, strings, integers within ±(2^53−1), booleans and None.

    UTF-8 without a byte order mark, no U+0000, no lone surrogates, no fractions, at most 64 levels, and `dumps` of the result is `data`
    (F0.3).
    Raises JsonDuplicateError when an object names a key twice, otherwise `error`.
    """
    try:
        text = data.decode("utf-8")
        value = _READER.decode(text)
    except (ValueError, RecursionError):
        raise error("This is not JSON as this format writes it.") from None
    unescaped = _ESCAPE.sub("", text) if "\\" in text else text
    # Without escapes every quote begins or ends a string, so every other piece stands between strings.
    between = "".join(unescaped.split('"')[::2])
    if "\\" in unescaped or _NEEDLESS.search(between) is not None:
        raise error("This JSON is not canonical.")
    # As few brackets as that cannot stand too deep, and hardly a report has more.
    if between.count("[") + between.count("{") > DEEPEST and _deeper(value, DEEPEST):
        raise error("This JSON nests too deep.")
    plain: JsonValue = value
    return plain


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    """Build an object whose keys are distinct and ascend; the order kept is the order read."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonDuplicateError("An object in this JSON names a key twice.")
    keys = list(members)
    if keys != (sorted(keys) if "".join(keys).isascii() else sorted(keys, key=_utf16)):
        raise _NotCanonicalError
    return members


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")  # a lone surrogate has no such bytes: that raises ValueError, and is refused with the rest


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS_LIMIT or abs(value := int(digits)) > INTEGER_LIMIT:
        raise _NotCanonicalError
    return value


def _refuse_number(_spelling: str) -> NoReturn:
    raise _NotCanonicalError


def _deeper(value: JsonValue, levels: int) -> bool:
    """Return whether more than so many arrays and objects stand in one another."""
    inner = list(value.values()) if isinstance(value, dict) else value
    return isinstance(inner, list) and (levels == 0 or any(_deeper(each, levels - 1) for each in inner))


_READER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_refuse_number, parse_constant=_refuse_number)
# The escapes that are the one spelling of their character, but that of U+0000, which no text may hold (F0.3).
_ESCAPE: Final = re.compile(r'\\(?:["\\bfnrt]|u00(?:0[1-7bef]|1[0-9a-f]))')
# Between strings stand brackets, colons, commas, integers and three names; white space and the sign of a zero have another spelling: none.
_NEEDLESS: Final = re.compile(r"[^][{}:,0-9a-z-]|-0")
