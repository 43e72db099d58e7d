"""The rules of questionnaire.md that one value alone cannot break: what must fit together inside a call.

`broken_rules` yields every broken rule with its path and a sentence that says what to write instead. The loader runs it on a coordinator's
definition (and adds file and line); load_call runs it again on a finished call.json.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from questionnaire.fields import field_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from questionnaire.models import Audience, Question, Table, Text, TimestampAuthority

PROMISE_POINTS = ("readers", "held", "kept", "withdrawal", "seizure", "named", "counts", "emergency", "receipt", "plain")
"""What `promise` must answer, in the order of questionnaire.md: who can read a report and how many of them it takes; how one sees that the
reviewers hold it; how long it is kept; what withdrawal cannot undo; court order, seizure and breach; other people named in a report; that
counts are public; that this is no emergency service; a receipt that was taken; the plain form and the server's memory."""

LADDERS: dict[str, tuple[str, ...]] = {
    "date": ("day", "month", "half-year", "year", "all"),
    "country": ("country", "region", "world"),
    "place": ("province", "zone", "cambodia"),
    "choice": ("option", "group", "all"),
    "choices": ("option", "group", "all"),
    "ranking": ("option", "group", "all"),
}
"""Every level there is for a type of question, finest first; a question's own `generalize` is a part of it (questionnaire.ladders)."""

MAX_TEXT_TOTAL = 900_000
"""Bytes that all texts of a report may hold together: report.json is at most 1 MiB (format.md section 2)."""

MIN_BATCH_SECONDS = 3600
MIN_BATCH_ENTRIES = 8

OPTION_TYPES = frozenset({"choice", "choices", "ranking", "country", "place"})
COUNTED_TYPES = frozenset({"choice", "choices", "ranking", "country", "place", "date"})
RESERVED_IDS = frozenset({"consent", "audience", "receipt", "seq"})

# Whatever is ticked may be `direct` too: beside a name, a language points to the person who speaks it, and must not leave the desk either.
_DISCLOSES = {
    "text": {"free_text", "direct"},
    "contact": {"direct"},
    "files": {"direct", "free_text"},
    "number": {"direct", "sensitive", "none"},
    "choice": {"direct", "quasi", "sensitive", "none"},
    "choices": {"direct", "quasi", "sensitive", "none"},
    "ranking": {"direct", "sensitive", "none"},
    "country": {"direct", "quasi", "sensitive", "none"},
    "place": {"direct", "quasi", "sensitive", "none"},
    "date": {"direct", "quasi", "sensitive", "none"},
}


class Broken(NamedTuple):
    """A broken rule: the path from the top of the document and what to write instead."""

    path: str
    sentence: str


class Contents(Protocol):
    """What the rules look at; a finished Call has it, and so has a definition whose options are resolved."""

    @property
    def languages(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def title(self) -> Text: ...  # noqa: D102
    @property
    def introduction(self) -> Text: ...  # noqa: D102
    @property
    def promise(self) -> Mapping[str, Text]: ...  # noqa: D102
    @property
    def audiences(self) -> Sequence[Audience]: ...  # noqa: D102
    @property
    def timestamp_authorities(self) -> Sequence[TimestampAuthority]: ...  # noqa: D102
    @property
    def questions(self) -> Sequence[Question]: ...  # noqa: D102
    @property
    def tables(self) -> Sequence[Table]: ...  # noqa: D102
    @property
    def opens(self) -> int: ...  # noqa: D102
    @property
    def deadline(self) -> int: ...  # noqa: D102
    @property
    def batch_seconds(self) -> int: ...  # noqa: D102
    @property
    def batch_min(self) -> int: ...  # noqa: D102
    @property
    def demo(self) -> bool: ...  # noqa: D102


def broken_rules(call: Contents) -> Iterator[Broken]:
    """Every broken rule of the call, in the order of the document."""
    yield from _times(call)
    yield from _languages(call)
    yield from _promise(call)
    yield from _unique("audiences", [audience.id for audience in call.audiences])
    yield from _unique("timestamp_authorities", [authority.name for authority in call.timestamp_authorities])
    yield from _questions(call)
    yield from _tables(call)


def _times(call: Contents) -> Iterator[Broken]:
    if call.opens >= call.deadline:
        yield Broken("opens", "write a time before the deadline")
    if not call.demo and call.batch_seconds < MIN_BATCH_SECONDS:
        yield Broken("batch_seconds", f"write {MIN_BATCH_SECONDS} or more; shorter batches show when somebody wrote")
    if not call.demo and call.batch_min < MIN_BATCH_ENTRIES:
        yield Broken("batch_min", f"write {MIN_BATCH_ENTRIES} or more; smaller batches show when somebody wrote")


def _languages(call: Contents) -> Iterator[Broken]:
    yield from _unique("languages", call.languages)
    for path, text in _texts(call):
        for language in call.languages:
            if not text.get(language, "").strip():
                yield Broken(f"{path}.{language}", f"write the text in {language}; every text is needed in every language of the call")
        for language in text:
            if language not in call.languages:
                yield Broken(f"{path}.{language}", f"take this text out, or add {language} to languages")


def _texts(call: Contents) -> Iterator[tuple[str, Text]]:
    yield "title", call.title
    yield "introduction", call.introduction
    yield from ((f"promise.{point}", text) for point, text in call.promise.items())
    yield from ((f"audiences[{index}].name", audience.name) for index, audience in enumerate(call.audiences))
    for index, question in enumerate(call.questions):
        yield from _question_texts(f"questions[{index}]", question)
    yield from ((f"tables[{index}].title", table.title) for index, table in enumerate(call.tables))


def _question_texts(path: str, question: Question) -> Iterator[tuple[str, Text]]:
    named = (("section", question.section), ("label", question.label), ("help", question.help))
    yield from ((f"{path}.{name}", text) for name, text in named if text is not None)
    yield from ((f"{path}.options.{option.code}", option.label) for option in question.options)
    yield from ((f"{path}.groups.{group.code}", group.label) for group in question.groups)


def _promise(call: Contents) -> Iterator[Broken]:
    for point in PROMISE_POINTS:
        if point not in call.promise:
            yield Broken("promise", f"add the point `{point}`; the promise must answer {', '.join(PROMISE_POINTS)}")
    for point in call.promise:
        if point not in PROMISE_POINTS:
            yield Broken(f"promise.{point}", f"take this point out; the promise answers {', '.join(PROMISE_POINTS)}")


def _unique(path: str, names: Sequence[str]) -> Iterator[Broken]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Broken(path, f"`{name}` stands here {count} times; give each its own name")


def _questions(call: Contents) -> Iterator[Broken]:
    yield from _unique("questions", [question.id for question in call.questions])
    for index, question in enumerate(call.questions):
        path = f"questions[{index}]"
        yield from _shape(path, question)
        yield from _ladder(path, question)
        yield from _condition(path, question, call.questions[:index])
    fields = itertools.chain.from_iterable(field_names(question) for question in call.questions)
    for field, count in Counter(fields).items():
        if count > 1:
            yield Broken("questions", f"two questions would share the form field `{field}`; give one of them another id")
    if sum(question.max_bytes or 0 for question in call.questions) > MAX_TEXT_TOTAL:
        yield Broken("questions", f"lower max_bytes; all texts of one report may hold {MAX_TEXT_TOTAL} bytes together")


def _shape(path: str, question: Question) -> Iterator[Broken]:
    kind = question.type
    if question.id in RESERVED_IDS:
        yield Broken(f"{path}.id", f"write another id; {', '.join(sorted(RESERVED_IDS))} are names of the form itself")
    if bool(question.options) != (kind in OPTION_TYPES):
        sentence = "name a list of the codebook" if kind in OPTION_TYPES else f"take the options out; a {kind} question has none"
        yield Broken(f"{path}.options", sentence)
    yield from _unique(f"{path}.options", question.codes)
    yield from _grouping(path, question)
    if (question.max_bytes is not None) != (kind in {"text", "contact"}):
        yield Broken(f"{path}.max_bytes", "write a number of bytes for text and contact, and for nothing else")
    if (question.precision is not None) != (kind == "date"):
        yield Broken(f"{path}.precision", "write day, month or year for a date, and for nothing else")
    if question.discloses not in _DISCLOSES[kind]:
        yield Broken(f"{path}.discloses", f"write {' or '.join(sorted(_DISCLOSES[kind]))} for a {kind} question")


def _grouping(path: str, question: Question) -> Iterator[Broken]:
    groups = [group.code for group in question.groups]
    yield from _unique(f"{path}.groups", groups)
    for option in question.options:
        if (option.group is None) != (not groups) or (groups and option.group not in groups):
            yield Broken(f"{path}.options.{option.code}", "give every option a group of the question, or none of them")


def _ladder(path: str, question: Question) -> Iterator[Broken]:
    ladder = LADDERS.get(question.type, ())
    if (question.discloses == "quasi") != bool(question.generalize):
        yield Broken(f"{path}.generalize", f"write the ladder of a quasi question, some of {', '.join(ladder)}, and of no other")
    if question.generalize != tuple(level for level in ladder if level in question.generalize):
        yield Broken(f"{path}.generalize", f"write levels out of {', '.join(ladder) or 'nothing'}, finest first, each once")
    if {"group", "zone"} & set(question.generalize) and not question.groups:
        yield Broken(f"{path}.generalize", "take `group` or `zone` out; the options of this list have no groups")
    if question.type == "date" and question.precision == "month" and "day" in question.generalize:
        yield Broken(f"{path}.generalize", "take `day` out; the question asks for no day")
    if question.type == "date" and question.precision == "year" and {"day", "month", "half-year"} & set(question.generalize):
        yield Broken(f"{path}.generalize", "begin with `year`; the question asks for no month")


def _condition(path: str, question: Question, before: Sequence[Question]) -> Iterator[Broken]:
    earlier = {other.id: other for other in before}
    for word, name, code in question.show_if.leaves() if question.show_if is not None else ():
        asked = earlier.get(name)
        if asked is None:
            yield Broken(f"{path}.show_if", f"`{name}` is not an earlier question; name one that stands before this one")
        elif asked.type not in ({"choice", "country", "place"} if word == "is" else {"choices"}):
            yield Broken(f"{path}.show_if", "write `is` for a question with one answer and `has` for one with several (choices)")
        elif code not in asked.codes:
            yield Broken(f"{path}.show_if", f"`{code}` is not an option of `{name}`; write one of its codes")


def _tables(call: Contents) -> Iterator[Broken]:
    yield from _unique("tables", [table.id for table in call.tables])
    questions = {question.id: question for question in call.questions}
    for index, table in enumerate(call.tables):
        path = f"tables[{index}].dimensions"
        yield from _unique(path, table.dimensions)
        asked = [questions[name] for name in table.dimensions if name in questions]
        for name in table.dimensions:
            if name not in questions:
                yield Broken(path, f"`{name}` is not a question of this call")
        for question in asked:
            if question.discloses not in {"quasi", "sensitive"}:
                yield Broken(path, f"take `{question.id}` out; only what is quasi or sensitive is counted, and it is {question.discloses}")
            elif question.type not in COUNTED_TYPES:
                yield Broken(path, f"take `{question.id}` out; a {question.type} question cannot be counted")
        if sum(question.type == "choices" for question in asked) > 1:
            yield Broken(path, "keep one question with several answers (choices) in a table; two cannot be crossed safely")
