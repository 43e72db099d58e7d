"""One question as the page draws it: the question of the call, what was typed, and what is to be mended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from questionnaire.fields import AUDIENCE, CONSENT, CONTACT, DATE_PARTS, date_fields, field_name, rank_field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from form.catalogue import Catalogue
    from questionnaire.conditions import Condition
    from questionnaire.errors import Problem
    from questionnaire.models import Call, Question

_GROUPED = frozenset({"choice", "choices", "ranking", "date"})
_ONE_LINE = 300
_FEW_LINES = 100_000
_YEAR_ALONE = "year-four-digits"


@dataclass(frozen=True, slots=True)
class DrawnOption:
    """One option: its code, label, the id of its control, and the rank somebody gave it."""

    code: str
    label: str
    id: str
    rank: str


@dataclass(frozen=True, slots=True)
class DatePart:
    """One field of a date."""

    part: str
    name: str
    value: str
    wrong: bool


@dataclass(frozen=True, slots=True)
class MendedProblem:
    """A line of the error summary: where it leads, what it is about, what to do."""

    target: str
    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ConsentField:
    """The consent as it was given so far."""

    level: str
    audiences: tuple[str, ...]
    contact: bool
    sentence: str
    audience_sentence: str


class Field:
    """A question in one language; everything a template asks for is ready in it."""

    def __init__(self, call: Call, question: Question, say: Catalogue, fields: Mapping[str, Sequence[str]], problem: str) -> None:
        """`fields` is what was posted, `problem` the word for what is to be mended here or empty."""
        self.id = question.id
        self.type = question.type
        self.name = field_name(question)
        self.label = call.text(question.label, say.lang)
        self.help = self._helped(call, question, say)
        self.sentence = say(f"problem.{problem}") if problem else ""
        self.max_bytes = question.max_bytes
        self.grouped = question.type in _GROUPED
        self.values = tuple(fields.get(self.name, ()))
        self.value = self.values[0] if self.values else ""
        self.rows = _rows(question)
        self.warned = question.help is not None
        self.options = tuple(
            DrawnOption(option.code, call.text(option.label, say.lang), name, next(iter(fields.get(name, ())), ""))
            for option in question.options
            for name in (rank_field(question, option.code),)
        )
        self.grouped_options = self._headed(call, question, say)
        self.date_parts = _date_parts(question, fields, problem)
        self.show_if = _condition_json(question.show_if)
        self.only_if = "" if question.show_if is None else only_if(call, question.show_if, say)

    def _helped(self, call: Call, question: Question, say: Catalogue) -> str:
        """The question's own help, and what the form has to say about its type where the help may not."""
        parts = [call.text(question.help, say.lang)] if question.help is not None else []
        if question.type == "ranking" or (question.type == "date" and not parts):
            parts.append(say(f"{question.type}.hint"))
        return " ".join(parts)

    def _headed(self, call: Call, question: Question, say: Catalogue) -> tuple[tuple[str, tuple[DrawnOption, ...]], ...]:
        headings = {group.code: call.text(group.label, say.lang) for group in question.groups}
        both = zip(question.options, self.options, strict=True)
        return tuple(
            (headings.get(code or "", ""), tuple(drawn for _, drawn in pairs))
            for code, pairs in groupby(both, key=lambda pair: pair[0].group)
        )

    @property
    def described(self) -> str:
        """The ids of what is read aloud with the control."""
        return " ".join(name for name, there in ((f"h-{self.id}", self.help), (f"e-{self.id}", self.sentence)) if there)

    @property
    def target(self) -> str:
        """The id of the first control, where a link from the error summary leads."""
        if self.type == "date":
            return next((part.name for part in self.date_parts if part.wrong), self.date_parts[0].name)
        return self.options[0].id if self.type in {"choice", "choices", "ranking"} else self.name


def read_consent(say: Catalogue, fields: Mapping[str, Sequence[str]], problems: Sequence[Problem]) -> ConsentField:
    """The consent's fields as posted, with the sentences for their problems."""
    sentences = {problem.question: say(f"problem.{problem.code}") for problem in problems}
    return ConsentField(
        level=next(iter(fields.get(CONSENT, ())), ""),
        audiences=tuple(fields.get(AUDIENCE, ())),
        contact=any(fields.get(CONTACT, ())),
        sentence=sentences.get(CONSENT, ""),
        audience_sentence=sentences.get(AUDIENCE, ""),
    )


def only_if(call: Call, condition: Condition, say: Catalogue) -> str:
    """When to answer, in a plain sentence for a page on which every question is shown."""
    leaves = list(condition.leaves())
    negated = condition.not_ is not None or any(part.not_ is not None for part in (*(condition.any or ()), *(condition.all or ())))
    if negated or len({name for _, name, _ in leaves}) != 1 or (condition.all is not None and len(leaves) > 1):
        return say("only-if.fits")
    asked = call.question(leaves[0][1])
    options = say("or").join(call.text(asked.option(code).label, say.lang) for _, _, code in leaves)
    return say("only-if.chosen", option=options, question=call.text(asked.label, say.lang))


def _condition_json(condition: Condition | None) -> str:
    if condition is None:
        return ""
    return json.dumps(condition.model_dump(mode="json", by_alias=True, exclude_none=True), ensure_ascii=False, separators=(",", ":"))


def _rows(question: Question) -> int:
    if question.type != "text" or (question.max_bytes or 0) <= _ONE_LINE:
        return 0
    return 4 if (question.max_bytes or 0) <= _FEW_LINES else 8


def _date_parts(question: Question, fields: Mapping[str, Sequence[str]], problem: str) -> tuple[DatePart, ...]:
    """Day, month, year, as both languages say a date; as many as the question's precision asks for. Only the year can be wrong alone."""
    if question.type != "date":
        return ()
    wrong = {_YEAR_ALONE: ("year",), "": ()}.get(problem, DATE_PARTS)
    named = zip(DATE_PARTS, date_fields(question), strict=False)
    return tuple(DatePart(part, name, next(iter(fields.get(name, ())), ""), part in wrong) for part, name in reversed(list(named)))
