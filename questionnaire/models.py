"""A call as every other room reads it: the parsed call.json of format.md section 1.

A call.json is made once (questionnaire.loader), and holds everything that a page, a desk or a table needs: options stand in it with
code and label, countries and provinces included, so that a later edition of the codebook cannot change what somebody once answered.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from questionnaire import rules
from questionnaire.conditions import Condition
from questionnaire.errors import CallDuplicateError, CallError, CallVersionError

Text = dict[str, str]
"""One text in every language of the call: {BCP 47 tag: text}."""

QuestionType = Literal["text", "choice", "choices", "ranking", "date", "country", "place", "number", "contact", "files"]
Discloses = Literal["direct", "quasi", "sensitive", "free_text", "none"]
Precision = Literal["day", "month", "year"]

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,40}$")]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?$")]
HybridRecipient = Annotated[str, StringConstraints(pattern=r"^age1pq1[02-9ac-hj-np-z]{1952}$")]
VerifierKeyLine = Annotated[str, StringConstraints(pattern=r"^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$")]
MinisignPublicKey = Annotated[str, StringConstraints(pattern=r"^RW[A-Za-z0-9+/]{54}$")]
WallMinute = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d$")]
UnixSeconds = Annotated[int, Field(ge=0, le=2**53 - 1)]
RetentionDays = Annotated[int, Field(ge=1, le=3660)]

MAX_QUESTIONS = 99


class Frozen(BaseModel):
    """Base of every model here: immutable, strict types, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @classmethod
    def of_plain(cls, value: object) -> Self:
        """Validate plain dicts and lists; they go through JSON, where a list may become a tuple and nothing else is converted."""
        return cls.model_validate_json(json.dumps(value))


class Option(Frozen):
    """One answer somebody can tick: its code out of the codebook, its label, and the group of the list it stands in, if any."""

    code: Code
    label: Text
    group: Code | None = None


class Group(Frozen):
    """A heading that several options of one question stand under."""

    code: Code
    label: Text


class QuestionTerms(Frozen):
    """What a question says of itself, in a definition and in a call.json alike.

    `section` is a heading: this question and those after it belong to it until the next one that has a heading. `max_bytes` (UTF-8)
    is for text and contact. `generalize` is the ladder of a quasi-identifier, finest level first (questionnaire.ladders). `precision` is
    the finest part of a date that may be given; a coarser date is always welcome.
    """

    id: Id
    type: QuestionType
    section: Text | None = None
    label: Text
    help: Text | None = None
    show_if: Condition | None = None
    max_bytes: Annotated[int, Field(ge=1, le=rules.MAX_TEXT_TOTAL)] | None = None
    discloses: Discloses
    generalize: tuple[str, ...] = ()
    precision: Precision | None = None


class Question(QuestionTerms):
    """One question of a call. `options` is filled for choice, choices, ranking, country and place, always in codebook order."""

    options: tuple[Option, ...] = ()
    groups: tuple[Group, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the options, in codebook order."""
        return tuple(option.code for option in self.options)

    def option(self, code: str) -> Option:
        """The option with this code; KeyError when there is none."""
        for option in self.options:
            if option.code == code:
                return option
        raise KeyError(code)

    def group(self, code: str) -> Group:
        """The group of options with this code; KeyError when there is none."""
        for group in self.groups:
            if group.code == code:
                return group
        raise KeyError(code)


class Table(Frozen):
    """One table of the fixed catalogue: nothing else is ever counted (disclosure.md). `dimensions` are question ids."""

    id: Id
    title: Text
    dimensions: Annotated[tuple[Id, ...], Field(min_length=1, max_length=3)]


class Audience(Frozen):
    """Somebody who may be given a summary."""

    id: Id
    name: Text


class LocalTime(Frozen):
    """Wall time to the minute in an IANA zone, as the coordinator wrote it (format.md section 9)."""

    time: WallMinute
    zone: str


class TimestampAuthority(Frozen):
    """An RFC 3161 authority: `certificate` is PEM or base64 of the certificate that its tokens must chain to."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    certificate: Annotated[str, StringConstraints(min_length=1)]


class CallTerms(Frozen):
    """What stands in a definition and in a call.json alike. `promise` maps each point of `rules.PROMISE_POINTS` to its text."""

    grace_seconds: Annotated[int, Field(ge=0, le=86400)] = 600
    timestamp_authorities: tuple[TimestampAuthority, ...] = ()
    batch_seconds: Annotated[int, Field(ge=1)] = 21600
    batch_min: Annotated[int, Field(ge=1)] = 8
    max_k: Annotated[int, Field(ge=16, le=26)] = 24
    k: Annotated[int, Field(ge=5)]
    planted: Annotated[int, Field(ge=1, default_factory=lambda settled: settled.get("k", 5))]
    languages: Annotated[tuple[LanguageTag, ...], Field(min_length=1)]
    title: Text
    introduction: Text
    promise: dict[str, Text]
    audiences: tuple[Audience, ...]
    tables: tuple[Table, ...]
    demo: bool = False


class Call(CallTerms):
    """A parsed call.json; keys are exactly those of format.md section 1, and what the rules of questionnaire.md ask for holds.

    `opens` and `deadline` are unix seconds; `deadline` is the first instant that is late. The default language is `languages[0]`.
    """

    v: Literal[1]
    call: Id
    host: Host
    opens: UnixSeconds
    deadline: UnixSeconds
    deadline_local: LocalTime
    retention_days: RetentionDays
    recipients: Annotated[tuple[HybridRecipient, ...], Field(min_length=1, max_length=5)]
    log_vkey: VerifierKeyLine
    signing_key: MinisignPublicKey
    questions: Annotated[tuple[Question, ...], Field(min_length=1, max_length=MAX_QUESTIONS)]

    @model_validator(mode="after")
    def _holds_the_rules(self) -> Self:
        broken = next(rules.broken_rules(self), None)
        if broken is not None:
            raise ValueError(f"{broken.path}: {broken.sentence}")
        return self

    @property
    def origin(self) -> str:
        """Origin of the call's log: `host/call` (format.md section 1)."""
        return f"{self.host}/{self.call}"

    @property
    def close(self) -> int:
        """Unix seconds of the close: deadline + grace_seconds (format.md section 7)."""
        return self.deadline + self.grace_seconds

    @property
    def default_language(self) -> str:
        """The first of `languages`."""
        return self.languages[0]

    def question(self, question_id: str) -> Question:
        """The question with this id; KeyError when there is none."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)

    def audience(self, audience_id: str) -> Audience:
        """The audience with this id; KeyError when there is none."""
        for audience in self.audiences:
            if audience.id == audience_id:
                return audience
        raise KeyError(audience_id)

    def contact_question(self) -> Question | None:
        """The first question of type contact, or None when the call asks for no contact."""
        return next((question for question in self.questions if question.type == "contact"), None)

    def text(self, text: Text, lang: str) -> str:
        """The text in `lang`, else in its primary language (`km` for `km-KH`), else in the default language of the call."""
        for tag in (lang, lang.split("-", maxsplit=1)[0], self.default_language):
            if tag in text:
                return text[tag]
        raise KeyError(lang)

    def promises(self, lang: str) -> tuple[tuple[str, str], ...]:
        """The points of `promise` as (point id, text), in the order of `rules.PROMISE_POINTS`."""
        return tuple((point, self.text(self.promise[point], lang)) for point in rules.PROMISE_POINTS)

    def table_k(self, table: Table) -> int:
        """The smallest group of this table: `k`, and at least 10 where something is crossed with the host country (disclosure.md)."""
        crossed = len(table.dimensions) > 1 and any(self.question(dimension).type == "country" for dimension in table.dimensions)
        return max(self.k, 10) if crossed else self.k


def load_call(data: bytes) -> Call:
    """Parse and validate the bytes of a call.json (format.md section 1).

    Raises CallDuplicateError when a key stands twice, CallVersionError when `v` is not 1, CallError when the bytes are not UTF-8 JSON or
    break a rule of questionnaire.md.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise CallError("call.json is not JSON.") from None
    if isinstance(value, dict) and (value.get("v") != 1 or isinstance(value["v"], bool)):
        raise CallVersionError("call.json is of a version that is not known here.")
    return _validated(data)


def validate_call(document: Mapping[str, Any]) -> Call:
    """Validate the content of a call.json before it is written. Raises CallError."""
    return _validated(json.dumps(document).encode())


def _validated(data: bytes) -> Call:
    try:
        return Call.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "call.json"
        raise CallError(f"call.json is not a call of format version 1: {place}: {first['msg']}.") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise CallDuplicateError("An object in call.json names a key twice.")
    return dict(pairs)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
