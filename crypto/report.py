"""`report.json`: what one submission says, in the one form that format.md section 2 allows.

A report that parses is well formed and nothing more. Whether its answers and its consent fit the call is for the desk to check: what the
browser checked proves nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from crypto import canonical
from crypto.container import MAX_FILES, MAX_REPORT
from crypto.errors import ContainerError, HandleMismatchError, ReportError, VersionError, WrongCallError
from crypto.receipts import MAX_ADDITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Value: TypeAlias = str | int | list[str] | list[int]
"""An answer: text, contact, choice, country, place, date: a string; number: an integer; choices, ranking: codes; files: member numbers."""

FORMS: Final = ("web", "offline", "server")
"""Where a report was written: on the page, in form.html, or in the plain form that the server seals."""
LEVELS: Final = ("C0", "C1", "C2", "C3")

_CALL: Final = re.compile(r"[a-z0-9-]{1,40}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_HEX: Final = {size: re.compile(f"[0-9a-f]{{{2 * size}}}") for size in (16, 32)}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Consent:
    """What may be done with a report: the level, to whom it may be given, whether its writer may be contacted (questionnaire.md)."""

    level: str
    audiences: tuple[str, ...]
    contact: bool


@dataclass(frozen=True, slots=True, repr=False)
class AttachedFile:
    """A file as the report names it. The name is what its device called it: shown, never a path. `size` in bytes, `sha256` in hex."""

    name: str
    type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """One report. `call_sha256` is hex; `handle` and `reply_key` have 32 bytes, `thread` 16; `files` are in member order, from 1.

    Its repr shows nothing of it, so that no traceback can.
    """

    call: str
    call_sha256: str
    seq: int
    handle: bytes
    thread: bytes
    reply_key: bytes
    form: str
    lang: str
    consent: Consent
    answers: Mapping[str, Value]
    files: tuple[AttachedFile, ...] = ()

    def to_bytes(self) -> bytes:
        """Return report.json. Raises ReportError for anything that `parse_report` would refuse."""
        document: canonical.JsonValue = {
            "v": 1,
            "call": self.call,
            "call_sha256": self.call_sha256,
            "seq": self.seq,
            "handle": self.handle.hex(),
            "thread": self.thread.hex(),
            "reply_key": self.reply_key.hex(),
            "form": self.form,
            "lang": self.lang,
            "consent": {"level": self.consent.level, "audiences": self.consent.audiences, "contact": self.consent.contact},
            "answers": dict(self.answers),
            "files": [{"name": file.name, "type": file.type, "size": file.size, "sha256": file.sha256} for file in self.files],
        }
        try:
            written = canonical.dumps(document)
        except ValueError:
            raise ReportError("The report holds a value that JSON cannot keep.") from None
        parse_report(written)
        return written


def parse_report(data: bytes) -> Report:
    """Return the report that report.json holds.

    Raises VersionError for a `v` other than 1, JsonDuplicateError, and ReportError for everything else that format.md section 2 does not
    allow: every key required, none unknown, canonical JSON of at most 1 MiB.
    """
    if len(data) > MAX_REPORT:
        raise ReportError("A report has at most 1 MiB.")
    document = _typed(canonical.loads(data, error=ReportError), dict)
    if type(document.get("v")) is not int or document["v"] != 1:
        raise VersionError("This report was written by a newer version of the software.")
    _require_keys(document, _REPORT_KEYS)
    return Report(
        call=_matching(document["call"], _CALL),
        call_sha256=_matching(document["call_sha256"], _HEX[32]),
        seq=_number(document["seq"], most=MAX_ADDITIONS),
        handle=_hex(document["handle"], 32),
        thread=_hex(document["thread"], 16),
        reply_key=_hex(document["reply_key"], 32),
        form=_one_of(document["form"], FORMS),
        lang=_matching(document["lang"], _LANGUAGE),
        consent=_consent(document["consent"]),
        answers=_answers(document["answers"]),
        files=_files(document["files"]),
    )


def check_report(report: Report, files: Sequence[memoryview], *, call: str, call_sha256: str, handle: bytes) -> None:
    """Require that `report` is of this call, is the one the log names by `handle`, and names exactly the `files` of its container.

    Raises WrongCallError, HandleMismatchError, or ContainerError when number, sizes or digests of the files differ (format.md section 2).
    """
    if report.call != call or report.call_sha256 != call_sha256:
        raise WrongCallError("The report was written for another call, or for another text of this call.")
    if report.handle != handle:
        raise HandleMismatchError("The report is not the one that the log names here.")
    if [file.size for file in report.files] != [file.nbytes for file in files]:
        raise ContainerError("The container does not hold the files that the report names.")
    for named, found in zip(report.files, files, strict=True):
        if hashlib.sha256(found).hexdigest() != named.sha256:
            raise ContainerError("A file in the container is not the one that the report names.")


_REPORT_KEYS: Final = frozenset(
    ("v", "call", "call_sha256", "seq", "handle", "thread", "reply_key", "form", "lang", "consent", "answers", "files")
)
_CONSENT_KEYS: Final = frozenset(("level", "audiences", "contact"))
_FILE_KEYS: Final = frozenset(("name", "type", "size", "sha256"))


def _consent(value: object) -> Consent:
    consent = _typed(value, dict)
    _require_keys(consent, _CONSENT_KEYS)
    audiences = _texts(consent["audiences"])
    if len(set(audiences)) != len(audiences) or "" in audiences:
        raise ReportError("The report names an audience twice or not at all.")
    return Consent(_one_of(consent["level"], LEVELS), tuple(audiences), _typed(consent["contact"], bool))


def _answers(value: object) -> dict[str, Value]:
    return {_question(question): _answer(answer) for question, answer in _typed(value, dict).items()}


def _question(question: str) -> str:
    if not question:
        raise ReportError("The report answers a question without a name.")
    return question


def _answer(value: object) -> Value:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return [_number(member, least=1, most=MAX_FILES) for member in value] if value and type(value[0]) is int else _texts(value)
    return _number(value, least=-canonical.INTEGER_LIMIT)


def _files(value: object) -> tuple[AttachedFile, ...]:
    files = _typed(value, list)
    if len(files) > MAX_FILES:
        raise ReportError("A report has at most 99 files.")
    return tuple(_file(file) for file in files)


def _file(value: object) -> AttachedFile:
    file = _typed(value, dict)
    _require_keys(file, _FILE_KEYS)
    return AttachedFile(
        _typed(file["name"], str),
        _typed(file["type"], str),
        _number(file["size"]),
        _matching(file["sha256"], _HEX[32]),
    )


def _require_keys(document: dict[str, object], keys: frozenset[str]) -> None:
    if document.keys() != keys:
        raise ReportError("The report has a key too many or too few.")


def _typed(value: object, kind: type[_T]) -> _T:
    if not isinstance(value, kind):
        raise ReportError("The report holds a value of another kind than its key asks for.")
    return value


def _texts(value: object) -> list[str]:
    return [_typed(member, str) for member in _typed(value, list)]


def _number(value: object, *, least: int = 0, most: int = canonical.INTEGER_LIMIT) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ReportError("The report holds something else where a number belongs.")
    return value


def _hex(value: object, size: int) -> bytes:
    return bytes.fromhex(_matching(value, _HEX[size]))


def _matching(value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise ReportError("The report holds a value that is not written as its key asks for.")
    return value


def _one_of(value: object, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise ReportError("The report holds a code that this version does not know.")
    return value
