"""Opening one sealed report by itself, without a bundle: disaster recovery, and looking at a single file.

The file is an envelope (`<sha256>.age` out of a bundle), or what a browser posts: its 32-byte handle and the envelope. Without the log
nothing says that the report was accepted, on time, or not withdrawn; without call.json the call hash it names is not checked either.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crypto.container import unpack
from crypto.envelope import PREFIX, check_envelope, sealed_sizes
from crypto.errors import HandleMismatchError
from crypto.opening import open_age
from crypto.report import check_report, parse_report
from questionnaire.models import load_call
from reviewer import durable

if TYPE_CHECKING:
    from pathlib import Path

    from crypto.opening import Identity
    from crypto.report import Report

MAX_RECIPIENTS = 5
MAX_K = 26
_HANDLE = 32


@dataclass(frozen=True, slots=True, repr=False)
class SingleReport:
    """One opened report: `report_bytes` as sealed, `files` in member order; `against_call` tells that its call hash was checked."""

    report: Report
    report_bytes: bytes
    files: tuple[bytes, ...]
    against_call: bool


def open_single(untrusted: bytes, identity: Identity, *, key_call: str, call_bytes: bytes | None = None) -> SingleReport:
    """Open an envelope, or handle || envelope, with the identity of the call `key_call`.

    With the bytes of call.json, everything of format.md sections 2 and 3 is checked; without, everything but recipients' number, max_k and
    call hash. Raises CryptoError; nothing is returned unless the whole envelope verified. Raises CallError for a broken call.json.
    """

    handle, envelope = _split(untrusted)
    report, report_bytes, files = _opened(envelope, identity, call_bytes)
    if handle is not None and handle != report.handle:
        raise HandleMismatchError("The report is not the one that stands before it in the file.")
    call, call_sha256 = _expected(call_bytes, key_call, report)
    check_report(report, files, call=call, call_sha256=call_sha256, handle=report.handle)
    return SingleReport(report, report_bytes, tuple(bytes(content) for content in files), call_bytes is not None)


def write_single(opened: SingleReport, out: Path) -> None:
    """Write `report.json` and `files/001`, … into the new private folder `out`. Raises UsageError when it exists."""
    with durable.new_folder(out) as aside:
        durable.write_private(aside / "report.json", opened.report_bytes)
        (aside / "files").mkdir(mode=0o700)
        for number, content in enumerate(opened.files, start=1):
            durable.write_private(aside / "files" / f"{number:03d}", content)


def _split(untrusted: bytes) -> tuple[bytes | None, bytes]:

    if untrusted[_HANDLE:].startswith(PREFIX):
        return untrusted[:_HANDLE], untrusted[_HANDLE:]
    return None, untrusted


def _opened(envelope: bytes, identity: Identity, call_bytes: bytes | None) -> tuple[Report, bytes, tuple[memoryview, ...]]:

    if call_bytes is None:
        recipients, max_k = _count_recipients(envelope), MAX_K
    else:
        call = load_call(call_bytes)
        recipients, max_k = len(call.recipients), call.max_k
    check_envelope(envelope, recipients=recipients, max_k=max_k)
    container = unpack(open_age(envelope, [identity]), max_k=max_k)
    return parse_report(container.report), container.report, container.files


def _count_recipients(envelope: bytes) -> int:
    """Return the number of recipients that the size of the envelope speaks for; no two numbers share a size. 1 when none fits."""

    return next((number for number in range(1, MAX_RECIPIENTS + 1) if len(envelope) in sealed_sizes(number, MAX_K)), 1)


def _expected(call_bytes: bytes | None, key_call: str, report: Report) -> tuple[str, str]:

    if call_bytes is None:
        return key_call, report.call_sha256

    return load_call(call_bytes).call, hashlib.sha256(call_bytes).hexdigest()
