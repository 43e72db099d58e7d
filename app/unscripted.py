"""A form sent without JavaScript: gathered in memory, sealed there, forgotten (format.md sections 2, 4 and 5; threats.md).

What the person typed passes through this process, and no byte of it reaches a disk. The page says so.
"""

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from app.calls import StoredCall
from app.errors import DuplicateError, LengthError
from app.gathering import GatheredFile, GatheredForm
from app.receipts import standings
from app.submissions import SealedReport, take_sealed
from app.transactions import Database
from app.uploads import sealed_here
from crypto.container import pack
from crypto.receipts import MAX_ADDITIONS, Receipt
from crypto.report import AttachedFile, Consent, Report
from crypto.sealing import seal
from questionnaire.answers import MAX_FILES, ConsentFields, Value, read_fields
from questionnaire.errors import AnswersError, ConsentError, Problem
from questionnaire.models import Call

SEALED_FIELD = "sealed"
RECEIPT_FIELD = "receipt"
SEQ_FIELD = "seq"
_SEQ = re.compile(r"[0-9]{1,2}", re.ASCII)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,64}/[a-z0-9!#$&^_.+-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
UNKNOWN_TYPE = "application/octet-stream"
NAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Accepted:
    """A sealed report that is durable, and the batch it was promised."""

    report: SealedReport
    batch: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A report that has everything but its number."""

    stored: StoredCall
    receipt: Receipt
    lang: str
    consent: Consent
    answers: Mapping[str, Value] = field(repr=False)
    attached: Sequence[GatheredFile] = field(repr=False)

    def seal(self, n: int) -> SealedReport:
        """Seal it as report `n` of its receipt. Raises ReportError or TooLargeError; takes twice its size of memory meanwhile."""
        call = self.stored.call
        report = Report(
            call=call.call,
            call_sha256=self.stored.sha256.hex(),
            seq=n,
            handle=self.receipt.handle(call.call, n),
            thread=self.receipt.thread(call.call),
            reply_key=self.receipt.reply_key(call.call),
            form="server",
            lang=self.lang,
            consent=self.consent,
            answers=self.answers,
            files=tuple(_named(file) for file in self.attached),
        )
        contents = cast("list[bytes]", [file.content for file in self.attached])  # bytearrays: a copy of 16 MiB is not free
        # The container has no name here: what can be read goes as soon as it is sealed.
        envelope = seal(pack(report.to_bytes(), contents, max_k=call.max_k), self.stored.recipients)
        return sealed_here(self.stored, report.handle, envelope)


def wants_file(call: Call, field: str) -> bool:
    """Whether a file in this field belongs to a question of the call, or is a sealed report."""
    return field == SEALED_FIELD or field in file_fields(call)


def file_fields(call: Call) -> frozenset[str]:
    """Names of the fields that files are attached by."""
    return frozenset(f"q-{question.id}" for question in call.questions if question.type == "files")


def sealed_file(form: GatheredForm) -> bytes | None:
    """The sealed report that was sent as a file, if one was."""
    return next((bytes(attached.content) for attached in form.files if attached.origin == SEALED_FIELD), None)


async def take_plain(database: Database, stored: StoredCall, form: GatheredForm, *, lang: str, began: float) -> Accepted:
    """Seal what was typed and attached, and accept it; when its number is used, seal again as the next one (section 5).

    Raises ConsentError or AnswersError (what was typed needs mending), ReceiptError (the form's receipt was changed), TooLargeError or
    LengthError (the files do not fit), and everything that `accept` raises.
    """
    if form.overflowed:
        raise LengthError("The files are larger than what fits into a report.")
    receipt = Receipt.parse(_only(form.fields, RECEIPT_FIELD))
    attached = [file for file in form.files if file.origin in file_fields(stored.call)]
    consent, answers = _read(stored.call, form, attached)
    draft = Draft(stored, receipt, lang, Consent(consent["level"], tuple(consent["audiences"]), consent["contact"]), answers, attached)
    used = await database.read(partial(standings, call_id=stored.call.call, receipt=receipt))
    for n in range(_first_number(form), MAX_ADDITIONS + 1):
        if n in used:
            continue
        report = await asyncio.to_thread(draft.seal, n)
        try:
            return Accepted(report, await take_sealed(database, stored, report, began=began))
        except DuplicateError:
            continue
    raise DuplicateError("This receipt has no number left.")


def _read(call: Call, form: GatheredForm, attached: Sequence[GatheredFile]) -> tuple[ConsentFields, dict[str, Value]]:
    """The consent and the answers. Raises ConsentError or AnswersError with every problem, those of the files among them."""
    problems = _file_problems(call, form, attached)
    try:
        consent, answers = read_fields(call, form.fields, {} if problems else _members(attached))
    except (ConsentError, AnswersError) as refused:
        raise type(refused)((*refused.problems, *problems)) from None
    if problems:
        raise AnswersError(problems)
    return consent, answers


def _file_problems(call: Call, form: GatheredForm, attached: Sequence[GatheredFile]) -> tuple[Problem, ...]:
    """What is to be mended about the files: nothing is dropped without a word."""
    asked = [question.id for question in call.questions if question.type == "files"]
    if len(attached) > MAX_FILES:
        origins = {file.origin for file in attached}
        return tuple(Problem(name, "too-many-files") for name in asked if f"q-{name}" in origins)
    return tuple(Problem(name, "empty-file") for name in asked if f"q-{name}" in form.empty)


def _first_number(form: GatheredForm) -> int:
    number = _only(form.fields, SEQ_FIELD)
    return int(number) if _SEQ.fullmatch(number) else 0


def _only(fields: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(fields.get(name, ())), "")


def _members(attached: Sequence[GatheredFile]) -> dict[str, list[int]]:
    """The member numbers of the files that came in each field, from 1."""
    members: dict[str, list[int]] = {}
    for number, file in enumerate(attached, start=1):
        members.setdefault(file.origin, []).append(number)
    return members


def _named(file: GatheredFile) -> AttachedFile:
    """How the report names a file: without the folders some browsers send along, and with no type we cannot read."""
    name = _CONTROL.sub("", re.split(r"[/\\]", file.name)[-1])[:NAME_LENGTH]
    kind = file.type if _TYPE.fullmatch(file.type) else UNKNOWN_TYPE
    return AttachedFile(name or "file", kind, len(file.content), hashlib.sha256(file.content).hexdigest())
