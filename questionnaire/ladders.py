"""Generalising answers for tables (disclosure.md): how a country becomes a region and a month a half-year.

A ladder is a list of levels, finest first. A code climbs from any level to any coarser one, and climbing in two steps gives the same as
climbing in one, so the cells of a coarser table are unions of the cells of a finer one.

Codes: a date `2025-08-13`, `2025-08`, `2025-H2`, `2025`; a country `TH`, a region `035` (UN M49), the world `001`; a province `KH-12`, its
zone `phnom-penh`, Cambodia `KH`; an option, its group; and `all` at the top of dates and options.
"""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

import babel
import babel.dates

from questionnaire.codebook import codebook
from questionnaire.countries import territory_name
from questionnaire.rules import LADDERS

if TYPE_CHECKING:
    from questionnaire.models import Call, Question

WORLD, CAMBODIA, ALL = "001", "KH", "all"

_TOP = {"all": ALL, "world": WORLD, "cambodia": CAMBODIA}
_DATE_CODE = re.compile(r"[0-9]{4}(-(H[12]|(0[1-9]|1[0-2])(-[0-9]{2})?))?", re.ASCII)
_GROUPED = frozenset({"group", "zone"})


def levels(question: Question) -> tuple[str, ...]:
    """The levels this question may be shown at, finest first; never empty.

    A quasi-identifier has its `generalize` ladder. Anything else that is counted stays at the one level it was asked at.
    """
    if question.generalize:
        return question.generalize
    if question.type == "date":
        return (question.precision or "day",)
    return LADDERS.get(question.type, ("option",))[:1]


def generalize(question: Question, code: str, level: str) -> str:
    """The code of the category that `code` falls into at `level`.

    `code` is an answer's code, or what generalize gave at a finer level. A code that is already coarser than the level (a year where months
    are shown) stays as it is. Raises ValueError for a level that the question's type does not know and for a code that is no such code.
    """
    if level not in LADDERS.get(question.type, ()):
        raise ValueError(f"a {question.type} question has no level {level}")
    if level in _TOP:
        return _TOP[level]
    if question.type == "date":
        return _generalize_date(code, level)
    try:
        return _generalize_option(question, code, level)
    except KeyError:
        raise ValueError("this is not a code of the question") from None


def categories(question: Question, level: str) -> tuple[str, ...]:
    """Every code there can be at `level`, in the order to show them; empty for dates, whose codes sort by themselves."""
    if level in _TOP:
        return (_TOP[level],)
    if question.type == "date":
        return ()
    if level == "region":
        return tuple(region for region in codebook().regions if any(codebook().region(code) == region for code in question.codes))
    if level in _GROUPED:
        return tuple(group.code for group in question.groups)
    return question.codes


def counted_codes(question: Question, value: object) -> frozenset[str]:
    """The codes an answer is counted under: all of them for choices, the most important one for a ranking, else the one code or date."""
    if isinstance(value, list | tuple):
        codes = [str(code) for code in value]
        return frozenset(codes[:1] if question.type == "ranking" else codes)
    return frozenset({str(value)})


def value_label(call: Call, question: Question, code: str, level: str, lang: str) -> str:
    """The words for a code as generalize gives it at `level`, in a language of the call. Raises ValueError for an unknown code."""
    if level == "all":
        return codebook().phrase("all", lang, call.default_language)
    if question.type == "date":
        return _date_label(call, code, level, lang)
    if level in {"region", "world", "cambodia"}:
        name = territory_name(code, lang) or territory_name(code, call.default_language)
        return name[:1].upper() + name[1:]
    try:
        label = question.option(code).label if level not in _GROUPED else question.group(code).label
    except KeyError:
        raise ValueError("this is not a code of the question") from None
    return call.text(label, lang)


def _generalize_option(question: Question, code: str, level: str) -> str:
    if level == "region":
        return code if code in codebook().regions else codebook().region(code)
    if level in _GROUPED:
        if any(group.code == code for group in question.groups):
            return code
        group = question.option(code).group
        if group is None:
            raise KeyError(code)
        return group
    return question.option(code).code


def _generalize_date(code: str, level: str) -> str:
    parts = _date_parts(code)
    if level == "year" or len(parts) == 1:
        return parts[0]
    if parts[1].startswith("H"):
        return code
    if level == "half-year":
        return f"{parts[0]}-H{1 if int(parts[1]) <= 6 else 2}"
    return "-".join(parts[: 2 if level == "month" else 3])


def _date_parts(code: str) -> list[str]:
    if not _DATE_CODE.fullmatch(code):
        raise ValueError("this is not a date")
    return code.split("-")


def _date_label(call: Call, code: str, level: str, lang: str) -> str:
    year, month, day = (*_date_parts(code), "", "")[:3]
    form = "day" if day else {"H1": "first-half", "H2": "second-half", "": "year"}.get(month, "month")
    month_name = ""
    if form in {"day", "month"}:
        locale = babel.Locale.parse(lang, sep="-")
        month_name = str(babel.dates.format_date(datetime.date(2000, int(month), 1), "LLLL" if form == "month" else "MMMM", locale=locale))
    book, fallback = codebook(), call.default_language
    shown = book.phrase(form, lang, fallback).format(year=year, month=month_name, day=day.lstrip("0"))
    if level == "day" and not day and month:
        shown = book.phrase("day-unknown", lang, fallback).format(date=shown)
    elif level in {"day", "month", "half-year"} and not month:
        shown = book.phrase("month-unknown", lang, fallback).format(date=shown)
    return book.in_digits(shown.replace("\u200b", ""), lang)
