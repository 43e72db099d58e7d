"""Accepting a sealed report: the checks of format.md section 5 in their order, durable before the promise."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from time import monotonic

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app import models
from app.calls import StoredCall
from app.dialect import insert_once, refused_by_trigger, share_call, with_clock
from app.errors import ClosedError, DuplicateError, NotOpenError, WithdrawnError
from app.transactions import Database
from crypto.entries import report_entry
from crypto.merkle import leaf_hash
from crypto.notes import Promise, SignerKey

# One index look-up each: an OR of handle and digest would read every report of the call.
_USED = " UNION ALL ".join(
    f"SELECT handle, digest, batch FROM {table} WHERE call = :call AND {column} = :{column}"  # noqa: S608 -- our own names
    for table in ("reports", "pending_reports")
    for column in ("handle", "digest")
)
LOOK_UP = with_clock(
    "SELECT {clock} AS now, logs.cut, used.handle, used.digest, used.batch"  # noqa: S608 -- our own names
    f" FROM logs LEFT JOIN ({_USED}) AS used ON 1 = 1 WHERE logs.call = :call"
)
"""What every submission asks of the database before anything is written: the clock, the last boundary cut, and what used its hashes."""

_WITHDRAWN = text(
    "SELECT batch FROM withdrawals WHERE call = :call AND handle = :handle"
    " UNION ALL SELECT batch FROM pending_withdrawals WHERE call = :call AND handle = :handle"
)
_KEEP_PART = text("INSERT INTO pending_envelopes (call, digest, part, bytes) VALUES (:call, :digest, :part, :content)")


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


@dataclass(frozen=True, slots=True)
class Found:
    """The database's clock (unix milliseconds), the last boundary cut, and the batch this very report was promised, if it is here."""

    now: int
    cut: int
    batch: int | None


def accept(connection: Connection, stored: StoredCall, report: SealedReport, began: float) -> int:
    """Take the report into the pending store, or find that it was taken before; return the batch it was promised.

    `began` is the reading of time.monotonic() when the request's headers were complete. Run in a writing transaction: nothing is promised
    before that is durable. Raises WithdrawnError, DuplicateError, NotOpenError or ClosedError, in the order of section 5.
    """
    call = stored.call
    share_call(connection, call.call)
    found = look_up(connection, call.call, report)
    if found.batch is not None:
        return found.batch
    now = found.now
    require_on_time(stored, now_ms=now, began_ms=now - round((monotonic() - began) * 1000))
    batch = stored.schedule.after(max(now // 1000, found.cut))
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
        batch_of_twin = look_up(connection, call.call, report).batch
        if batch_of_twin is None:
            raise DuplicateError("This was used before.")
        return batch_of_twin
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


def look_up(connection: Connection, call_id: str, report: SealedReport) -> Found:
    """What the database knows at this instant of a report and of its call's log; ask under the call's lock.

    Raises WithdrawnError when this very report was withdrawn, DuplicateError when only its handle or only its digest was used.
    """
    asked = {"call": call_id, "handle": report.handle, "digest": report.digest}
    rows = connection.execute(LOOK_UP[connection.dialect.name], asked).all()
    used = [row for row in rows if row.batch is not None]
    if any((row.handle, row.digest) != (report.handle, report.digest) for row in used):
        raise DuplicateError("This was used before.")
    if used and is_withdrawn(connection, call_id, report.handle):
        raise WithdrawnError("This report was withdrawn.")
    return Found(int(rows[0].now), int(rows[0].cut), int(used[0].batch) if used else None)


def is_withdrawn(connection: Connection, call_id: str, handle: bytes) -> bool:
    """True when the report with this handle was withdrawn, in a batch or waiting for one."""
    return connection.execute(_WITHDRAWN, {"call": call_id, "handle": handle}).first() is not None


def keep_envelope(connection: Connection, call_id: str, report: SealedReport) -> None:
    """Write the envelope down, one part at a time: memory stays bounded whatever its size."""
    for part, content in enumerate(report.parts()):
        connection.execute(_KEEP_PART, {"call": call_id, "digest": report.digest, "part": part, "content": content})


def promise_report(stored: StoredCall, report: SealedReport, batch: int, signer: SignerKey) -> bytes:
    """The promise for a report that is durable: a signed note (section 7). The same report gives the same bytes."""
    return sign_promise(stored, report_entry(report.digest, report.handle), batch, signer)


def sign_promise(stored: StoredCall, entry: bytes, batch: int, signer: SignerKey) -> bytes:
    """The promise that `entry` will be in the log, made when it was taken for `batch`."""
    return signer.sign(Promise(stored.call.origin, leaf_hash(entry), stored.schedule.publish_by(batch)).text())
