"""A coordinator's call.yaml as it is written: the models behind the loader and behind the JSON Schema for editors."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from questionnaire.models import (
    MAX_QUESTIONS,
    CallTerms,
    Code,
    Frozen,
    Id,
    QuestionTerms,
    RetentionDays,
    WallMinute,
)


class PickedOptions(Frozen):
    """The options of a question: a list of the codebook, whole, or only some codes of it, or without some."""

    list: Annotated[str, Field(description="A list of the codebook.")]
    # A validator that lets a string stand for this model makes pydantic forget that it reads JSON, where a list may be a tuple.
    only: Annotated[tuple[Code, ...], Field(strict=False)] = ()
    without: Annotated[tuple[Code, ...], Field(strict=False)] = ()


class WrittenTime(Frozen):
    """Wall time to the minute; the zone is the call's own when it is left out."""

    time: WallMinute
    zone: str | None = None


def _short_form(key: str, model: type[Frozen]) -> BeforeValidator:
    """Lets a plain string stand for a mapping with this one key."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value, json_schema_input_type=str | model)


OptionsField = Annotated[PickedOptions, _short_form("list", PickedOptions)]
TimeField = Annotated[WrittenTime, _short_form("time", WrittenTime)]


class QuestionDefinition(QuestionTerms):
    """One question of a definition; `country` and `place` have all countries and all provinces unless `options` picks some."""

    options: OptionsField | None = None


class Definition(CallTerms):
    """A call before it has keys, a host and instants: what the coordinator decides."""

    id: Id
    zone: Annotated[str, Field(description="IANA time zone of opens and deadline, when they name none.")] | None = None
    opens: TimeField
    deadline: TimeField
    retention: RetentionDays
    questions: Annotated[tuple[QuestionDefinition, ...], Field(min_length=1, max_length=MAX_QUESTIONS)]

    def zone_of(self, time: WrittenTime) -> str:
        """The zone a time is meant in; empty when neither the time nor the call names one."""
        return time.zone or self.zone or ""
