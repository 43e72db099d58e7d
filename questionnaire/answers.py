"""What somebody filled in, and whether it fits the call (format.md section 2, questionnaire.md "Consent").

`read_fields` reads the fields of the plain form; `check_answers` looks at the answers of an opened report again, because what the browser
checked proves nothing. Both hold every value against the same rules. Everything is optional but the consent level. Text stays as it was
typed, in whatever Unicode form; only the CR that a browser adds to each line break on posting is taken away again. Answers to a question
that its condition would have hidden are kept: on the plain form everything is visible, and testimony is never thrown away.
"""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, NoReturn, TypedDict

from questionnaire.errors import AnswersError, ConsentError, Problem, ProblemCode
from questionnaire.fields import AUDIENCE, CONSENT, CONTACT, date_fields, field_name, rank_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from questionnaire.models import Call, Question

Value = str | int | list[str] | list[int]
"""A value of `answers` (format.md section 2)."""

LEVELS = ("C0", "C1", "C2", "C3")
"""Consent levels, lowest first: keep only, count me, retell to the audiences ticked, retell in public."""

MAX_INTEGER = 2**53 - 1
MAX_FILES = 99

_CONSENT_FIELDS = frozenset({CONSENT, AUDIENCE})
_KHMER_TO_ASCII = {0x17E0 + digit: str(digit) for digit in range(10)}
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_INTEGER = re.compile(r"-?[0-9]{1,16}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,16}", re.ASCII)
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)
_DATE_LENGTH = {"year": 4, "month": 7, "day": 10}


class ConsentFields(TypedDict):
    """`consent` of report.json: level `C0`..`C3`, audience ids in the order of the call, and whether contact is allowed."""

    level: str
    audiences: list[str]
    contact: bool


class _Refused(Exception):  # noqa: N818 - never leaves this module
    """A value that breaks a rule; carries the code of the problem."""

    def __init__(self, code: ProblemCode) -> None:
        super().__init__(code)
        self.code = code


def read_fields(
    call: Call, fields: Mapping[str, Sequence[str]], files: Mapping[str, Sequence[int]]
) -> tuple[ConsentFields, dict[str, Value]]:
    """The consent and the answers in a posted form.

    `fields` maps each field name of questionnaire.fields to its values; unknown names are ignored. `files` maps the field name of a
    files question (`q-<id>`) to the member numbers (1..99) of what was attached. Questions without an answer are absent from the answers.
    Raises ConsentError when the consent has a problem, else AnswersError when an answer has; both list every problem.
    """
    problems: list[Problem] = []
    answers: dict[str, Value] = {}
    for question in call.questions:
        try:
            value = _read(question, fields, files)
            if value is not None:
                _CHECKS[question.type](question, value)
                answers[question.id] = value
        except _Refused as refused:
            problems.append(Problem(question.id, refused.code))
    consent: ConsentFields = {
        "level": "".join(dict.fromkeys(_given(fields, CONSENT))),
        "audiences": _ordered(_given(fields, AUDIENCE), [audience.id for audience in call.audiences]),
        "contact": bool(_given(fields, CONTACT)),
    }
    problems.extend(_consent_problems(call, consent, {*answers, *(problem.question for problem in problems)}))
    _raise(problems)
    return consent, answers


def check_answers(call: Call, consent: Mapping[str, object], answers: Mapping[str, object], *, files: int | None = None) -> None:
    """Hold the consent and the answers of an opened report against the call.

    `files` is the number of attached files, when known: then every member number must be one of them. Raises ConsentError or AnswersError.
    """
    problems = [Problem("", "bad-option")] * bool(set(answers) - {question.id for question in call.questions})
    claimed: set[object] = set()
    for question in call.questions:
        if question.id not in answers:
            continue
        value = answers[question.id]
        try:
            _CHECKS[question.type](question, value)
            if question.type == "files" and isinstance(value, list):
                _claim(value, claimed, MAX_FILES if files is None else files)
        except _Refused as refused:
            problems.append(Problem(question.id, refused.code))
    problems.extend(_consent_problems(call, consent, set(answers)))
    _raise(problems)


def to_ascii_digits(text: str) -> str:
    """The text with Khmer digits as ASCII ones, without white space around it and without invisible marks such as U+200B."""
    return text.translate(_KHMER_TO_ASCII).translate(_INVISIBLE).strip()


def _raise(problems: list[Problem]) -> None:
    if any(problem.question in _CONSENT_FIELDS or problem.code == "contact-needed" for problem in problems):
        raise ConsentError(tuple(problems))
    if problems:
        raise AnswersError(tuple(problems))


def _claim(members: list[object], claimed: set[object], count: int) -> None:
    if any(isinstance(member, int) and member > count for member in members) or claimed & set(members):
        raise _Refused("bad-option")
    claimed |= set(members)


# -- consent ----------------------------------------------------------------------------------------------------------------------------


def _consent_problems(call: Call, consent: Mapping[str, object], answered: set[str]) -> Iterator[Problem]:
    level = consent.get("level")
    if level is None or level == "":
        yield Problem(CONSENT, "required")
    elif level not in LEVELS or set(consent) != {"level", "audiences", "contact"}:
        yield Problem(CONSENT, "bad-option")
    ids = [audience.id for audience in call.audiences]
    given = consent.get("audiences")
    if not isinstance(given, list | tuple) or list(given) != [name for name in ids if name in given]:
        yield Problem(AUDIENCE, "bad-option")
    yield from _contact_problems(call, consent.get("contact"), answered)


def _contact_problems(call: Call, contact: object, answered: set[str]) -> Iterator[Problem]:
    if not isinstance(contact, bool):
        yield Problem(CONSENT, "bad-option")
    elif contact:
        asked = [question.id for question in call.questions if question.type == "contact"]
        if not asked:
            yield Problem(CONSENT, "bad-option")
        elif not answered & set(asked):
            yield Problem(asked[0], "contact-needed")


# -- reading the fields of the plain form -----------------------------------------------------------------------------------------------


def _read(question: Question, fields: Mapping[str, Sequence[str]], files: Mapping[str, Sequence[int]]) -> Value | None:
    """The value in the fields of one question, not yet checked; None when it is unanswered."""
    name = field_name(question)
    if question.type == "files":
        return sorted(set(files.get(name, ()))) or None
    if question.type == "date":
        return _read_date(question, fields)
    if question.type == "ranking":
        return _read_ranking(question, fields)
    given = _given(fields, name)
    return _read_given(question, given) if given else None


def _read_given(question: Question, given: list[str]) -> Value:
    if question.type == "choices":
        return _ordered(given, question.codes)
    if question.type == "number":
        return _read_integer(given[0], _INTEGER)
    if question.type in {"text", "contact"}:
        return given[0].replace("\r\n", "\n")
    return given[0] if len(set(given)) == 1 else _refuse("bad-option")


def _given(fields: Mapping[str, Sequence[str]], name: str) -> list[str]:
    """The values of a field that hold anything but white space and invisible marks."""
    return [value for value in fields.get(name, ()) if value.translate(_INVISIBLE).strip()]


def _ordered(given: Sequence[str], codes: Sequence[str]) -> list[str]:
    """The given codes, each once, in the order of `codes`; unknown ones stay at the end, where the check finds them."""
    return [code for code in codes if code in given] + [code for code in dict.fromkeys(given) if code not in codes]


def _read_integer(text: str, pattern: re.Pattern[str]) -> int:
    digits = to_ascii_digits(text)
    return int(digits) if pattern.fullmatch(digits) else _refuse("not-a-number")


def _read_date(question: Question, fields: Mapping[str, Sequence[str]]) -> str | None:
    parts = [next(iter(_given(fields, name)), "") for name in date_fields(question)]
    year, *rest = [to_ascii_digits(part) for part in parts]
    if not year and not any(rest):
        return None
    if not re.fullmatch(r"[0-9]{4}", year, re.ASCII):
        raise _Refused("year-four-digits")
    while rest and not rest[-1]:
        rest.pop()
    if not all(re.fullmatch(r"[0-9]{1,2}", part, re.ASCII) for part in rest):
        raise _Refused("not-a-date")
    return "-".join([year, *(part.zfill(2) for part in rest)])


def _read_ranking(question: Question, fields: Mapping[str, Sequence[str]]) -> list[str] | None:
    ranks: dict[int, str] = {}
    for code in question.codes:
        for text in _given(fields, rank_field(question, code))[:1]:
            rank = _read_integer(text, _DIGITS)
            if not 1 <= rank <= len(question.codes):
                raise _Refused("not-a-number")
            if rank in ranks:
                raise _Refused("rank-repeated")
            ranks[rank] = code
    return [ranks[rank] for rank in sorted(ranks)] or None


# -- checking a value -------------------------------------------------------------------------------------------------------------------


def _refuse(code: ProblemCode) -> NoReturn:
    raise _Refused(code)


def _check_text(question: Question, value: object) -> None:
    if not isinstance(value, str) or not value or "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise _Refused("bad-text")
    if question.max_bytes is not None and len(value.encode()) > question.max_bytes:
        raise _Refused("too-long")


def _check_code(question: Question, value: object) -> None:
    if not isinstance(value, str) or value not in question.codes:
        raise _Refused("bad-option")


def _check_codes(question: Question, value: object) -> None:
    if not isinstance(value, list) or not value or value != [code for code in question.codes if code in value]:
        raise _Refused("bad-option")


def _check_ranking(question: Question, value: object) -> None:
    if not isinstance(value, list) or not value or any(code not in question.codes for code in value):
        raise _Refused("bad-option")
    if len(set(value)) != len(value):
        raise _Refused("rank-repeated")


def _check_date(question: Question, value: object) -> None:
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None or len(match[0]) > _DATE_LENGTH[question.precision or "day"]:
        raise _Refused("not-a-date")
    try:
        datetime.date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError:
        raise _Refused("not-a-date") from None


def _check_number(_question: Question, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_INTEGER:
        raise _Refused("not-a-number")


def _check_files(_question: Question, value: object) -> None:
    members = value if isinstance(value, list) else []
    if not members or any(not isinstance(member, int) or isinstance(member, bool) for member in members):
        raise _Refused("bad-option")
    if members != sorted(set(members)) or members[0] < 1 or members[-1] > MAX_FILES:
        raise _Refused("bad-option")


_CHECKS: dict[str, Callable[[Question, object], None]] = {
    "text": _check_text,
    "contact": _check_text,
    "choice": _check_code,
    "country": _check_code,
    "place": _check_code,
    "choices": _check_codes,
    "ranking": _check_ranking,
    "date": _check_date,
    "number": _check_number,
    "files": _check_files,
}
