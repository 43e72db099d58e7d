"""Generalising answers for tables (disclosure.md): how a country becomes a region and a month a half-year.

A ladder is a list of levels, finest first. A code climbs from any level to any coarser one, and climbing in two steps gives the same as
climbing in one, so the cells of a coarser table are unions of the cells of a finer one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from questionnaire.models import Call, Question

LADDERS: dict[str, tuple[str, ...]] = {
    "date": ("day", "month", "half-year", "year", "all"),
    "country": ("country", "region", "world"),
    "place": ("province", "zone", "cambodia"),
    "choice": ("option", "group", "all"),
    "choices": ("option", "group", "all"),
    "ranking": ("option", "group", "all"),
}
"""Every level there is for a type of question, finest first; a question's own `generalize` is a part of it."""


def levels(question: Question) -> tuple[str, ...]:
    """The levels this question may be shown at, finest first; never empty.

    A quasi-identifier has its `generalize` ladder. Anything else that is counted stays at the one level it was asked at.
    """
    raise NotImplementedError


def generalize(question: Question, code: str, level: str) -> str:
    """The code of the category that `code` falls into at `level`.

    `code` is an answer's code, or what generalize gave at a finer level. A code that is already coarser than the level (a year where months
    are shown) stays as it is. Raises ValueError for a level that the question's type does not know.
    """
    raise NotImplementedError


def value_label(call: Call, question: Question, code: str, level: str, lang: str) -> str:
    """The words for a code as generalize gives it at `level`, in a language of the call."""
    raise NotImplementedError


def categories(question: Question, level: str) -> tuple[str, ...]:
    """Every code there can be at `level`, in the order to show them; empty for dates, whose codes sort by themselves."""
    raise NotImplementedError


def counted_codes(question: Question, value: Any) -> frozenset[str]:
    """The codes an answer is counted under: all of them for choices, the most important one for a ranking, else the one code or date."""
    raise NotImplementedError
