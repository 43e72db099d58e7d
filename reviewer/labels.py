"""The words for what a report says, in the reviewer's language: questions, options, consent, and what does not fit the call."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from reviewer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from questionnaire.models import Call, Question

LEVELS: Final = {
    "C0": "C0 keep only: read it, count nothing",
    "C1": "C1 count me: statistics only",
    "C2": "C2 retell, to the audiences ticked",
    "C3": "C3 retell, in public",
}
PROBLEMS: Final = {
    "required": "is required and not there",
    "too-long": "is longer than the call allows",
    "not-a-number": "is not a number",
    "not-a-date": "is not a date that the call allows",
    "bad-option": "is not one of the options",
    "bad-text": "is not a text or value that the call allows",
    "contact-needed": "contact is allowed but none is given",
    "year-four-digits": "has a year without four digits",
    "rank-repeated": "gives a rank twice",
}
REFUSALS: Final = {
    "header": "Its beginning is not that of a report of this call.",
    "no-match": "It was not sealed to the key of this call.",
    "mac": "Its beginning was changed after it was sealed.",
    "payload": "It was changed or cut after it was sealed.",
    "padding": "It was not padded as a report must be.",
    "container": "What was sealed is not put together as a report must be.",
    "report": "What was sealed is not written as a report must be.",
    "json-duplicate": "It says one thing twice.",
    "version": "It is of a version that this software does not know.",
    "wrong-call": "It was written for another call.",
    "handle-mismatch": "It is another report than the log says.",
    "size": "It has a size that no report has.",
    "prefix": "It does not begin as a sealed report.",
}
FORMS: Final = {"web": "the page", "offline": "the offline form", "server": "the plain form (sealed by the server)"}


def choose_language(call: Call, asked: str | None) -> str:
    """Return the language for labels: the one asked for, else that of this computer, else English, else the call's first.

    Raises UsageError when the call does not have the language that was asked for.
    """
    if asked is not None:
        if asked not in call.languages:
            raise UsageError(f"The call has no such language; it has {', '.join(call.languages)}.")
        return asked
    set_here = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    own = set_here.split(".", 1)[0].split("_", 1)[0]
    return next((tag for tag in (own, "en") if tag in call.languages), call.languages[0])


def question_label(call: Call, question_id: str, language: str) -> str:
    """Return the question's words, or its id when the call does not have it."""
    try:
        return call.text(call.question(question_id).label, language)
    except KeyError:
        return f"{question_id} (not a question of this call)"


def answer_words(call: Call, question_id: str, value: Any, language: str) -> str:
    """Return the words of an answer: labels with their codes, texts as they were written. Anything that does not fit is shown raw."""
    if value is None:
        return "(counts as unanswered)"
    try:
        question = call.question(question_id)
    except KeyError:
        return _raw(value)
    if not question.options:
        return _raw(value)
    codes = value if isinstance(value, list) else [value]
    words = [_option_words(call, question, code, language) for code in codes]
    if question.type == "ranking":
        words = [f"{rank}. {word}" for rank, word in enumerate(words, start=1)]
    return "\n".join(words)


def refusal_words(word: str) -> str:
    """Return a sentence for the word that a sealed report was refused with."""
    return REFUSALS.get(word, "It is not a report that this call can have.")


def flag_words(call: Call, flag: Mapping[str, str], language: str) -> str:
    """Return a sentence for one thing that does not fit the call."""
    about = flag["question"]
    named = about if about in {"", "consent", "audience", "contact"} else question_label(call, about, language)
    return f"{named or 'An answer'}: {PROBLEMS.get(flag['code'], flag['code'])}"


def audience_words(call: Call, audience_id: str, language: str) -> str:
    """Return the name of an audience, or its id when the call does not have it."""
    for audience in call.audiences:
        if audience.id == audience_id:
            return call.text(audience.name, language)
    return f"{audience_id} (not an audience of this call)"


def _option_words(call: Call, question: Question, code: object, language: str) -> str:
    for option in question.options:
        if option.code == code:
            return f"{call.text(option.label, language)} [{option.code}]"
    return f"{code} (not an option of this call)"


def _raw(value: object) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)
