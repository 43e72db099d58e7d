"""What somebody filled in, and whether it fits the call (format.md section 2, questionnaire.md "Consent").

`read_fields` reads the fields of the plain form; `check_answers` looks at the answers of an opened report again, because what the browser
checked proves nothing. Everything is optional but the consent level. Text stays as it was typed.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from questionnaire.models import Call

Value = str | int | list[str] | list[int]
"""A value of `answers` (format.md section 2)."""


class ConsentFields(TypedDict):
    """`consent` of report.json: level `C0`..`C3`, audience ids in the order of the call, and whether contact is allowed."""

    level: str
    audiences: list[str]
    contact: bool


def read_fields(
    call: Call, fields: Mapping[str, Sequence[str]], files: Mapping[str, Sequence[int]]
) -> tuple[ConsentFields, dict[str, Value]]:
    """The consent and the answers in a posted form.

    `fields` maps each field name of questionnaire.fields to its values; unknown names are ignored. `files` maps the field name of a files
    question (`q-<id>`) to the member numbers (1..99) of what was attached. Questions without an answer are absent from the answers.
    Raises ConsentError when the consent has a problem, else AnswersError when an answer has; both list every problem.
    """
    raise NotImplementedError


def check_answers(call: Call, consent: Mapping[str, object], answers: Mapping[str, object], *, files: int | None = None) -> None:
    """Hold the consent and the answers of an opened report against the call.

    `files` is the number of attached files, when known: then every member number must be one of them. Raises ConsentError or AnswersError.
    """
    raise NotImplementedError
