"""When a question is shown: the whitelisted condition tree of questionnaire.md.

In YAML and JSON a condition is a mapping with exactly one key::

    {"is": {"reported": "nobody"}}            the one answer to `reported` is the code `nobody`
    {"has": {"incident": "TD4"}}              `TD4` is among the answers to `incident`
    {"any": [condition, …]}  {"all": [condition, …]}  {"not": condition}

An unanswered question makes `is` and `has` false. The browser evaluates the same tree (form/browser/answers.ts).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

OneCode = Annotated[dict[str, str], Field(min_length=1, max_length=1)]


class Condition(BaseModel):
    """A node of the tree; exactly one of the five attributes is set. `not` is `not_` in Python and `not` in JSON."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_by_alias=True, validate_by_name=False, serialize_by_alias=True
    )

    any: Annotated[tuple["Condition", ...], Field(min_length=1)] | None = None
    all: Annotated[tuple["Condition", ...], Field(min_length=1)] | None = None
    not_: "Condition | None" = Field(default=None, alias="not")
    is_: OneCode | None = Field(default=None, alias="is")
    has: OneCode | None = None

    @model_validator(mode="after")
    def _exactly_one_word(self) -> Self:
        if sum(getattr(self, field) is not None for field in type(self).model_fields) != 1:
            raise ValueError("write exactly one of any, all, not, is, has")
        return self

    def holds(self, answers: Mapping[str, Any]) -> bool:
        """Whether the condition holds for these answers ({question id: value} of format.md section 2)."""
        if self.any is not None:
            return any(part.holds(answers) for part in self.any)
        if self.all is not None:
            return all(part.holds(answers) for part in self.all)
        if self.not_ is not None:
            return not self.not_.holds(answers)
        if self.is_ is not None:
            return all(answers.get(question) == code for question, code in self.is_.items())
        return all(code in _codes(answers.get(question)) for question, code in (self.has or {}).items())

    def leaves(self) -> Iterator[tuple[str, str, str]]:
        """Every comparison in the tree as (`is` or `has`, question id, code)."""
        for word, pair in (("is", self.is_), ("has", self.has)):
            for question, code in (pair or {}).items():
                yield word, question, code
        parts = (*(self.any or ()), *(self.all or ()), *((self.not_,) if self.not_ is not None else ()))
        for part in parts:
            yield from part.leaves()


def _codes(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()
