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
    """One opened report: `report_bytes` as sealed, views of the `files` in member order.

    `against_call` tells that its call hash was checked.
    """

    report: Report
    report_bytes: bytes
    files: tuple[memoryview, ...]
    against_call: bool


def read_single(path: Path) -> tuple[bytes | None, bytes]:
    """Return the handle that a file begins with, if it does, and the envelope; no copy of both is kept, which could have 64 MiB."""
    with path.open("rb") as file:
        begun = file.read(_HANDLE + len(PREFIX))
        handle = begun[:_HANDLE] if begun[_HANDLE:] == PREFIX else None
        return handle, begun[0 if handle is None else _HANDLE :] + file.read()


def open_single(
    handle: bytes | None, envelope: bytes, identity: Identity, *, key_call: str, call_bytes: bytes | None = None
) -> SingleReport:
    """Open an envelope, with the handle that stood before it if one did, by the identity of the call `key_call`.

    With the bytes of call.json, everything of format.md sections 2 and 3 is checked; without, everything but the number of recipients,
    max_k and the call hash. Raises CryptoError, and CallError for a broken call.json; nothing is returned unless all of it verified.
    """
    call = None if call_bytes is None else load_call(call_bytes)
    recipients, max_k = (_count_recipients(envelope), MAX_K) if call is None else (len(call.recipients), call.max_k)
    check_envelope(envelope, recipients=recipients, max_k=max_k)
    container = unpack(open_age(envelope, [identity]), max_k=max_k)
    report = parse_report(container.report)
    check_report(
        report,
        container.files,
        call=key_call if call is None else call.call,
        call_sha256=report.call_sha256 if call_bytes is None else hashlib.sha256(call_bytes).hexdigest(),
        handle=report.handle if handle is None else handle,
    )
    return SingleReport(report, container.report, container.files, call is not None)


def write_single(opened: SingleReport, out: Path) -> None:
    """Write `report.json` and `files/001`, … into the new private folder `out`. Raises UsageError when it exists."""
    with durable.new_folder(out) as aside:
        durable.write_private(aside / "report.json", opened.report_bytes)
        (aside / "files").mkdir(mode=0o700)
        for number, content in enumerate(opened.files, start=1):
            durable.write_private(aside / "files" / f"{number:03d}", content)


def _count_recipients(envelope: bytes) -> int:
    """Return the number of recipients that the size of the envelope speaks for; no two numbers share a size. 1 when none fits."""

    return next((number for number in range(1, MAX_RECIPIENTS + 1) if len(envelope) in sealed_sizes(number, MAX_K)), 1)
