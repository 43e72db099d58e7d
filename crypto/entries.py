"""The entries of a call's log and the rules that hold between them (format.md section 7).

An entry is a few lines of ASCII, each ending in LF; the first line is `saksei/v1`, the second its kind:

    saksei/v1  call      <call hash>
    saksei/v1  report    <SHA-256 of the envelope>  <handle>
    saksei/v1  withdraw  <handle>                   <withdraw_n>
    saksei/v1  close
    saksei/v1  destroy

Hashes and handles are 32 bytes in lower-case hex. Where entries travel together each is preceded by its length as uint16-BE.

The rules, and the word that each of them refuses with:

1. Index 0 is the call entry of this very call, and no other entry is a call entry (`log-call`).
2. Every entry has one of the five forms above, to the byte (`log-entry`).
3. There is at most one close; destroy comes only after the close, and nothing comes after destroy (`log-entry`).
4. A handle, and a digest, stands in at most one report entry (`log-duplicate`).
5. A withdrawal names the handle of an earlier report entry, its withdraw_n hashes to that handle, and it is told once (`log-withdraw`).

A report entry after the close is allowed and is *late*; a withdrawal may come until the end. The order inside a batch is not checked
here: entries do not say where a batch ends, and a checkpoint may cover two batches when a server fell between committing and signing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from crypto.errors import LogCallError, LogDuplicateError, LogEntryError, LogWithdrawError
from crypto.merkle import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Kind = Literal["call", "report", "withdraw", "close", "destroy"]

CALL_ID = re.compile(r"[a-z0-9-]{1,40}")
_HEAD = b"saksei/v1\n"
_CLOSE = _HEAD + b"close\n"
_DESTROY = _HEAD + b"destroy\n"
_HASH = rb"([0-9a-f]{64})\n"
_CALL = re.compile(_HEAD + rb"call\n" + _HASH)
_REPORT = re.compile(_HEAD + rb"report\n" + _HASH + _HASH)
_WITHDRAW = re.compile(_HEAD + rb"withdraw\n" + _HASH + _HASH)


class Entry(NamedTuple):
    """One parsed entry. Fields that the kind does not have are empty.

    Attributes:
        kind: One of the five kinds.
        digest: `report`: SHA-256 of the envelope; `call`: the call hash (32 bytes).
        handle: `report`, `withdraw`: the handle (32 bytes).
        withdraw: `withdraw`: withdraw_n (32 bytes), the preimage of the handle.
    """

    kind: Kind
    digest: bytes = b""
    handle: bytes = b""
    withdraw: bytes = b""


@dataclass(frozen=True, slots=True)
class LoggedReport:
    """A report as the log tells of it.

    Attributes:
        index: Its place in the log, from 0.
        digest: SHA-256 of its envelope (32 bytes).
        handle: Its handle (32 bytes).
        late: It was logged after the close.
        withdrawn: A withdrawal of it is in the log.
    """

    index: int
    digest: bytes
    handle: bytes
    late: bool
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class Log:
    """A log whose entries keep every rule of format.md section 7.

    Attributes:
        leaf_hashes: One hash an entry, in order (32 bytes each).
        reports: Its report entries, in order.
        close: Index of the close entry, None while the call is open.
        destroyed: The log ends with a destroy entry.
    """

    leaf_hashes: tuple[bytes, ...]
    reports: tuple[LoggedReport, ...]
    close: int | None
    destroyed: bool

    @property
    def size(self) -> int:
        """The number of entries."""
        return len(self.leaf_hashes)

    @property
    def withdrawn(self) -> frozenset[bytes]:
        """Handles of the reports that a withdrawal in the log names."""
        return frozenset(report.handle for report in self.reports if report.withdrawn)


def _line(value: bytes) -> bytes:
    if len(value) != 32:
        raise ValueError("Hashes, handles and their preimages have 32 bytes.")
    return value.hex().encode() + b"\n"


def call_entry(call: str, call_sha256: bytes) -> bytes:
    """Return the entry at index 0. The call hash stands for the id too, which is inside call.json.

    Raises:
        LogCallError: `call` cannot be the id of a call.
    """
    if not CALL_ID.fullmatch(call):
        raise LogCallError("The id of the call is not well formed.")
    return _HEAD + b"call\n" + _line(call_sha256)


def report_entry(digest: bytes, handle: bytes) -> bytes:
    """Return the entry of an accepted report: SHA-256 of its envelope and its handle, 32 bytes each."""
    return _HEAD + b"report\n" + _line(digest) + _line(handle)


def withdraw_entry(handle: bytes, withdraw_n: bytes) -> bytes:
    """Return the entry of a withdrawal.

    Raises:
        LogWithdrawError: withdraw_n is not the preimage of the handle.
    """
    if hashlib.sha256(withdraw_n).digest() != handle:
        raise LogWithdrawError("The withdrawal does not belong to this report.")
    return _HEAD + b"withdraw\n" + _line(handle) + _line(withdraw_n)


def close_entry() -> bytes:
    """Return the entry that closes a call."""
    return _CLOSE


def destroy_entry() -> bytes:
    """Return the entry that ends a log: every envelope was destroyed."""
    return _DESTROY


def parse_entry(entry: bytes) -> Entry:
    """Return what an entry says. It holds nothing about its neighbours: `check_entries` does that.

    Raises:
        LogEntryError: it has none of the five forms.
    """
    if match := _REPORT.fullmatch(entry):
        return Entry("report", digest=_value(match[1]), handle=_value(match[2]))
    if match := _WITHDRAW.fullmatch(entry):
        return Entry("withdraw", handle=_value(match[1]), withdraw=_value(match[2]))
    if entry == _CLOSE:
        return Entry("close")
    if entry == _DESTROY:
        return Entry("destroy")
    if match := _CALL.fullmatch(entry):
        return Entry("call", digest=_value(match[1]))
    raise LogEntryError("An entry of the log is not well formed.")


def _value(line: bytes) -> bytes:
    return bytes.fromhex(line.decode())


class _Reader:
    """Reads a log forward and keeps what the rules of later entries look back to."""

    def __init__(self) -> None:
        self.reports: list[tuple[int, Entry]] = []
        self.handles: set[bytes] = set()
        self.digests: set[bytes] = set()
        self.withdrawn: set[bytes] = set()
        self.close: int | None = None
        self.destroyed = False

    def read(self, index: int, entry: Entry) -> None:
        if self.destroyed:
            raise LogEntryError("The log goes on after its end.")
        if entry.kind == "report":
            self._report(index, entry)
        elif entry.kind == "withdraw":
            self._withdraw(entry)
        elif entry.kind == "close":
            if self.close is not None:
                raise LogEntryError("The log is closed twice.")
            self.close = index
        elif entry.kind == "destroy":
            if self.close is None:
                raise LogEntryError("The log was destroyed before it was closed.")
            self.destroyed = True
        else:
            raise LogCallError("The log begins twice.")

    def _report(self, index: int, entry: Entry) -> None:
        if entry.handle in self.handles or entry.digest in self.digests:
            raise LogDuplicateError("Two entries of the log name the same report.")
        self.handles.add(entry.handle)
        self.digests.add(entry.digest)
        self.reports.append((index, entry))

    def _withdraw(self, entry: Entry) -> None:
        if entry.handle not in self.handles or entry.handle in self.withdrawn:
            raise LogWithdrawError("A withdrawal in the log belongs to no report that still stands.")
        check_withdraw(entry)
        self.withdrawn.add(entry.handle)


def check_withdraw(entry: Entry) -> None:
    """Require that a withdraw entry carries the preimage of its handle.

    Raises:
        LogWithdrawError: it does not.
    """
    if hashlib.sha256(entry.withdraw).digest() != entry.handle:
        raise LogWithdrawError("A withdrawal does not prove that it comes from the receipt's holder.")


def check_entries(entries: Sequence[bytes], *, call: str, call_sha256: bytes) -> Log:
    """Read a whole log and require every rule at the top of this module.

    Raises:
        LogCallError, LogEntryError, LogDuplicateError, LogWithdrawError: a rule is broken; the first that is.
    """
    if not entries or entries[0] != call_entry(call, call_sha256):
        raise LogCallError("The log is not that of this call.")
    reader = _Reader()
    for index in range(1, len(entries)):
        reader.read(index, parse_entry(entries[index]))
    close = reader.close
    return Log(
        leaf_hashes=tuple(map(leaf_hash, entries)),
        reports=tuple(
            LoggedReport(index, entry.digest, entry.handle, close is not None and index > close, entry.handle in reader.withdrawn)
            for index, entry in reader.reports
        ),
        close=close,
        destroyed=reader.destroyed,
    )


def frame(entries: Iterable[bytes]) -> bytes:
    """Return the entries as they are published: each preceded by its length, uint16-BE."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unframe(data: bytes) -> list[bytes]:
    """Return the entries that `frame` put together.

    Raises:
        LogEntryError: the lengths do not come out.
    """
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > end or at > end:
            raise LogEntryError("The log ends in the middle of an entry.")
        entries.append(data[start:at])
    return entries
