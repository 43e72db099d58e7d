"""Rounds of replies: loaded as a whole, handed out by prefix of the handle (format.md section 8, F8.3 to F8.5)."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from app import models
from app.calls import HANDLE_BYTES, StoredCall
from app.dialect import hold_call
from app.errors import BusyError, ClosedError, UnknownReportError
from app.publishing import checkpoint_size, is_destroyed, signed_entries
from app.received import read_received
from app.transactions import Database
from crypto.entries import Entry, parse_entry
from crypto.errors import HandleMismatchError
from crypto.replies import ALL, RECORD_SIZE, Round, prefix_length, verify_round

PAGE_RECORDS = 512
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Selection:
    """The records of one round under a prefix: `digest` names the round, `first` and `last` bound the handles (32 bytes, inclusive)."""

    call_id: str
    digest: bytes
    first: bytes
    last: bytes
    records: int


def load_round(connection: Connection, stored: StoredCall, content: bytes, signature: bytes) -> int:
    """Replace the last round by this one in the transaction at hand; return the number of its records.

    Raises SignatureError when the reviewers did not sign it, SizeError or HandleMismatchError when it is no round, HandleMismatchError when
    it does not have a record for each live report of the log that reviewers have, and for no other, ClosedError when the log has ended.
    """
    call_id = stored.call.call
    loaded = verify_round(content, signature, stored.call.signing_key)
    hold_call(connection, call_id)
    if is_destroyed(connection, call_id):
        raise ClosedError("The time of this call is up, and what was here is destroyed.")
    require_live(connection, call_id, frozenset(loaded.handles()))
    records, rounds = models.replies, models.rounds
    connection.execute(records.delete().where(records.c.call == call_id))
    connection.execute(rounds.delete().where(rounds.c.call == call_id))
    connection.execute(rounds.insert(), {"call": call_id, "digest": hashlib.sha256(content).digest(), "records": len(loaded)})
    for start in range(0, len(loaded), PAGE_RECORDS):
        connection.execute(records.insert(), _rows(call_id, loaded, start))
    return len(loaded)


def require_live(connection: Connection, call_id: str, handles: frozenset[bytes]) -> None:
    """Require one record for each live report of the reviewers' log (F8.3).

    Their log is a beginning of ours: at least what they countersigned, and at least as far as their youngest record. A report in it
    without a record must be withdrawn by now (reviewers learn of withdrawals before the log has them); none that was withdrawn in it may
    have one.
    """
    log = [parse_entry(entry) for entry in signed_entries(connection, call_id)]
    places = {entry.handle: at for at, entry in enumerate(log) if entry.kind == "report"}
    if not handles <= places.keys():
        raise HandleMismatchError("The round has a record for what is no report of this log.")
    received = read_received(connection, call_id)
    reach = max((places[handle] + 1 for handle in handles), default=0)
    end = _checkpoint_from(connection, call_id, max(reach, received.size if received else 0))
    reports = {handle for handle, at in places.items() if at < end}
    if handles & _withdrawn(log[:end]):
        raise HandleMismatchError("The round has a record for a report that was withdrawn.")
    if not reports - handles <= _withdrawn(log) | _withdrawn_waiting(connection, call_id):
        raise HandleMismatchError("The round does not have a record for every live report.")


def select_round(connection: Connection, call_id: str, prefix: str) -> Selection | None:
    """What stands under `prefix`, None when no round was loaded.

    A prefix has as many digits as F8.5 wants for the round's records, or for the live reports of the log as it is now: clients count those,
    and both numbers part company when somebody withdraws. Raises UnknownReportError for every other prefix.
    """
    rounds, records = models.rounds, models.replies
    row = connection.execute(select(rounds.c.digest, rounds.c.records).where(rounds.c.call == call_id)).one_or_none()
    if row is None:
        return None
    digits = "" if prefix == ALL else prefix
    wanted = {prefix_length(int(row.records)), prefix_length(live_reports(connection, call_id))}
    if len(digits) not in wanted or not _DIGITS.issuperset(digits) or not prefix:
        raise UnknownReportError("No records are kept under this prefix.")
    first, last = (bytes.fromhex(digits.ljust(2 * HANDLE_BYTES, end)) for end in "0f")
    found = Selection(call_id, bytes(row.digest), first, last, int(row.records))
    if not digits:
        return found
    counted = select(func.count()).select_from(records).where(_within(found, first))
    return Selection(call_id, found.digest, first, last, int(connection.execute(counted).scalar_one()))


def live_reports(connection: Connection, call_id: str) -> int:
    """How many reports of the log are not withdrawn in it."""
    counts = [
        connection.execute(select(func.count()).select_from(table).where(table.c.call == call_id)).scalar_one()
        for table in (models.reports, models.withdrawals)
    ]
    return max(0, int(counts[0]) - int(counts[1]))


async def read_pages(database: Database, selection: Selection) -> AsyncIterator[bytes]:
    """The selected records, ascending by handle, some hundred at a time.

    Raises BusyError when another round took the place of this one meanwhile: an answer never has records of two.
    """
    after = selection.first
    given = 0
    while given < selection.records:
        page = await database.read(partial(_page, selection=selection, start=after))
        yield b"".join(page)
        given += len(page)
        after = _next_handle(page[-1][:HANDLE_BYTES])


def _page(connection: Connection, selection: Selection, start: bytes) -> list[bytes]:
    rounds, records = models.rounds, models.replies
    present = connection.execute(select(rounds.c.digest).where(rounds.c.call == selection.call_id)).scalar_one_or_none()
    if present != selection.digest:
        raise BusyError("Another round is here now.")
    chosen = select(records.c.handle, records.c.bytes).where(_within(selection, start)).order_by(records.c.handle).limit(PAGE_RECORDS)
    return [bytes(row.handle) + bytes(row.bytes) for row in connection.execute(chosen)]


def _within(selection: Selection, start: bytes) -> ColumnElement[bool]:
    records = models.replies
    return and_(records.c.call == selection.call_id, records.c.handle >= start, records.c.handle <= selection.last)


def _next_handle(handle: bytes) -> bytes:
    """The least that sorts after it."""
    return handle + b"\0"


def _rows(call_id: str, loaded: Round, start: int) -> list[dict[str, Any]]:
    part = bytes(loaded.records[start * RECORD_SIZE : (start + PAGE_RECORDS) * RECORD_SIZE])
    ends = range(0, len(part), RECORD_SIZE)
    return [{"call": call_id, "handle": part[at : at + HANDLE_BYTES], "bytes": part[at + HANDLE_BYTES : at + RECORD_SIZE]} for at in ends]


def _checkpoint_from(connection: Connection, call_id: str, size: int) -> int:
    """The least signed size that is at least `size`; the newest when none is."""
    batches = models.batches
    signed = select(func.min(batches.c.size)).where(batches.c.call == call_id, batches.c.size >= size, batches.c.note.is_not(None))
    found = connection.execute(signed).scalar_one()
    return int(found) if found is not None else checkpoint_size(connection, call_id)


def _withdrawn(log: list[Entry]) -> set[bytes]:
    return {entry.handle for entry in log if entry.kind == "withdraw"}


def _withdrawn_waiting(connection: Connection, call_id: str) -> set[bytes]:
    table = models.pending_withdrawals
    return {bytes(handle) for handle in connection.execute(select(table.c.handle).where(table.c.call == call_id)).scalars()}
