"""Accepting a sealed report: the checks of format.md section 5 in their order, durable before the promise."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Row, Table, or_, select
from sqlalchemy.exc import DBAPIError

from app import models
from app.calls import StoredCall
from app.dialect import insert_once, now_ms, refused_by_trigger, share_call
from app.errors import ClosedError, DuplicateError, NotOpenError, WithdrawnError
from app.transactions import Database
from crypto.entries import report_entry
from crypto.merkle import leaf_hash
from crypto.notes import Promise, SignerKey


@dataclass(frozen=True, slots=True)
class SealedReport:
    """A report as it arrived, of a size and with a prefix that were checked.

    `handle` and `digest` (of the envelope) are 32 bytes. `parts` gives the envelope from its start in pieces of models.CHUNK_BYTES, the
    last one shorter, each time it is called.
    """

    handle: bytes
    digest: bytes
    size: int
    parts: Callable[[], Iterable[bytes]]


def accept(connection: Connection, stored: StoredCall, report: SealedReport, began: float) -> int:
    """Take the report into the pending store, or find that it was taken before; return the batch it was promised.

    `began` is the reading of time.monotonic() when the request's headers were complete. Run in a writing transaction: nothing is promised
    before that is durable. Raises WithdrawnError, DuplicateError, NotOpenError or ClosedError, in the order of section 5.
    """
    call = stored.call
    share_call(connection, call.call)
    known = find_report(connection, call.call, report)
    if known is not None:
        return known
    now = now_ms(connection)
    require_on_time(stored, now_ms=now, began_ms=now - round((monotonic() - began) * 1000))
    batch = next_batch(connection, stored, now // 1000)
    if batch > call.close:  # the close was cut: whatever a clock says now, nothing commits any more
        raise ClosedError("The time for reports is over.")
    row = {"call": call.call, "digest": report.digest, "handle": report.handle, "batch": batch}
    try:
        inserted = insert_once(connection, models.pending_reports, row)
    except DBAPIError as error:
        if refused_by_trigger(error):
            raise ClosedError("The time for reports is over.") from None
        raise
    if not inserted:  # the same handle or digest came in another transaction meanwhile
        known = find_report(connection, call.call, report)
        if known is None:
            raise DuplicateError("This was used before.")
        return known
    keep_envelope(connection, call.call, report)
    return batch


async def take_sealed(database: Database, stored: StoredCall, report: SealedReport, *, began: float) -> int:
    """Accept a sealed report in a transaction; return the batch it was promised once that is durable. Raises what `accept` raises."""
    return await database.write(partial(accept, stored=stored, report=report, began=began), weight=report.size)


def require_on_time(stored: StoredCall, *, now_ms: int, began_ms: int) -> None:
    """Raise NotOpenError or ClosedError unless a request that began and is complete at these instants is on time (section 9)."""
    call = stored.call
    if now_ms < call.opens * 1000:
        raise NotOpenError("This call does not take reports yet.")
    if began_ms >= call.deadline * 1000 or now_ms >= call.close * 1000:
        raise ClosedError("The time for reports is over.")


def next_batch(connection: Connection, stored: StoredCall, now: int) -> int:
    """The boundary after `now` (unix seconds) and after the last that was cut; call it under the call's lock."""
    cut = connection.execute(select(models.logs.c.cut).where(models.logs.c.call == stored.call.call)).scalar_one()
    return stored.schedule.after(max(now, cut))


def find_report(connection: Connection, call_id: str, report: SealedReport) -> int | None:
    """The batch that this very report was promised, None when neither its handle nor its digest was used.

    Raises WithdrawnError when it was withdrawn since, DuplicateError when only one of the two is the same.
    """
    for table in (models.reports, models.pending_reports):
        used = _rows_using(connection, table, call_id, report)
        if not used:
            continue
        same = [row for row in used if row.handle == report.handle and row.digest == report.digest]
        if not same:
            raise DuplicateError("This was used before.")
        if is_withdrawn(connection, call_id, report.handle):
            raise WithdrawnError("This report was withdrawn.")
        return int(same[0].batch)
    return None


def is_withdrawn(connection: Connection, call_id: str, handle: bytes) -> bool:
    """True when the report with this handle was withdrawn, in a batch or waiting for one."""
    return any(
        connection.execute(select(table.c.batch).where(table.c.call == call_id, table.c.handle == handle)).first() is not None
        for table in (models.withdrawals, models.pending_withdrawals)
    )


def keep_envelope(connection: Connection, call_id: str, report: SealedReport) -> None:
    """Write the envelope down, one part at a time: memory stays bounded whatever its size."""
    for part, content in enumerate(report.parts()):
        row = {"call": call_id, "digest": report.digest, "part": part, "bytes": content}
        connection.execute(models.pending_envelopes.insert(), row)


def promise_report(stored: StoredCall, report: SealedReport, batch: int, signer: SignerKey) -> bytes:
    """The promise for a report that is durable: a signed note (section 7). The same report gives the same bytes."""
    return sign_promise(stored, report_entry(report.digest, report.handle), batch, signer)


def sign_promise(stored: StoredCall, entry: bytes, batch: int, signer: SignerKey) -> bytes:
    """The promise that `entry` will be in the log, made when it was taken for `batch`."""
    return signer.sign(Promise(stored.call.origin, leaf_hash(entry), stored.schedule.publish_by(batch)).text())


def _rows_using(connection: Connection, table: Table, call_id: str, report: SealedReport) -> Sequence[Row[Any, Any, Any]]:
    columns = select(table.c.handle, table.c.digest, table.c.batch)
    either = or_(table.c.handle == report.handle, table.c.digest == report.digest)
    return connection.execute(columns.where(table.c.call == call_id, either)).all()
