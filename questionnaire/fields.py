"""The names of the form's fields: one place for the page, the plain form and the checks of the answers.

`q-<id>` for text, choice, choices (repeated), country, place, number, contact and files; `q-<id>-year`, `-month`, `-day` for a
date; `q-<id>-<code>` = rank 1, 2, … for a ranking. Besides them a form sends `consent`, `audience` (repeated), `contact` = `yes`,
`receipt` and `seq`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from questionnaire.models import Question

CONSENT, AUDIENCE, CONTACT, RECEIPT, SEQ = "consent", "audience", "contact", "receipt", "seq"

DATE_PARTS = ("year", "month", "day")


def field_name(question: Question) -> str:
    """The name of the question's one field, and the beginning of the names of a date or a ranking."""
    return f"q-{question.id}"


def date_fields(question: Question) -> tuple[str, ...]:
    """The names of a date's fields, year first, down to the question's precision (`day` when it has none)."""
    count = DATE_PARTS.index(question.precision or "day") + 1
    return tuple(f"q-{question.id}-{part}" for part in DATE_PARTS[:count])


def rank_field(question: Question, code: str) -> str:
    """The name of the field that holds the rank of one option."""
    return f"q-{question.id}-{code}"


def field_names(question: Question) -> tuple[str, ...]:
    """Every field name of the question."""
    if question.type == "date":
        return date_fields(question)
    if question.type == "ranking":
        return tuple(rank_field(question, code) for code in question.codes)
    return (field_name(question),)
