"""Accepting a sealed report: the checks of format.md section 5 in their order, durable before the promise."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from time import monotonic

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app import models
from app.calls import StoredCall
from app.dialect import insert_new, look_for, refused_by_trigger, share_call
from app.errors import AppError, ClosedError, DuplicateError, NotOpenError, WithdrawnError
from app.transactions import Database
from crypto.entries import report_entry
from crypto.merkle import leaf_hash
from crypto.notes import Promise, SignerKey

AT_ONCE = 160 << 10
"""Envelopes up to this size, of the two smallest classes, are written many in one statement; of the larger ones one part at a time."""

_USED = " UNION ALL ".join(
    # One index look-up for each value: an OR of handle and digest, or a list of them, would read every report of the call.
    f"SELECT handle, digest, batch FROM {{{column}s}} CROSS JOIN {table} WHERE call = {{call}} AND {column} = asked.column1"  # noqa: S608
    for table in ("reports", "pending_reports")
    for column in ("handle", "digest")
)
LOOK_UP = (
    "SELECT {clock} AS now, logs.cut, used.handle, used.digest, used.batch"  # noqa: S608 -- our own names
    f" FROM logs LEFT JOIN ({_USED}) AS used ON 1 = 1 WHERE logs.call = {{call}}"
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
class Arrival:
    """A report for a call; `began` is the reading of time.monotonic() when the headers of its request were complete."""

    stored: StoredCall
    report: SealedReport
    began: float


@dataclass(frozen=True, slots=True)
class Found:
    """What the database knows: its clock (unix milliseconds), the last boundary cut, and what the handles and digests asked for belong to.

    `handles` gives (digest, batch) by handle, `digests` the handle by digest, of the reports that are here or are being taken.
    """

    now: int
    cut: int
    handles: dict[bytes, tuple[bytes, int]]
    digests: dict[bytes, bytes]

    def add(self, handle: bytes, digest: bytes, batch: int) -> None:
        """From now on the two are used, together."""
        self.handles[handle] = (digest, batch)
        self.digests[digest] = handle

    def batch_of(self, report: SealedReport) -> int | None:
        """The batch that this very report was promised; None when it is new. Raises DuplicateError when half of it was used."""
        known = self.handles.get(report.handle)
        if known is None and report.digest not in self.digests:
            return None
        if known is None or known[0] != report.digest:
            raise DuplicateError("This was used before.")
        return known[1]


def accept_all(connection: Connection, arrivals: Sequence[Arrival]) -> list[int | AppError]:
    """Take reports into the pending store, or find that they were taken before: for each the batch it was promised, or why not.

    Run in a writing transaction: nothing is promised before that is durable. The refusals are WithdrawnError, DuplicateError, NotOpenError
    and ClosedError, in the order of section 5. Raises ClosedError when the database itself refuses one of them: it is over for all, or they
    are to be tried one by one. The work of the statements is shared; whether a report is taken depends on itself alone.
    """
    outcomes: dict[int, int | AppError] = {}
    order = sorted(range(len(arrivals)), key=lambda at: (arrivals[at].stored.call.call, arrivals[at].report.digest, at))
    for _, places in groupby(order, key=lambda at: arrivals[at].stored.call.call):
        mine = list(places)
        outcomes.update(zip(mine, _accept_of_call(connection, [arrivals[at] for at in mine]), strict=True))
    return [outcomes[at] for at in range(len(arrivals))]


def accept(connection: Connection, stored: StoredCall, report: SealedReport, began: float) -> int:
    """`accept_all` for one report; its refusal is raised."""
    (outcome,) = accept_all(connection, [Arrival(stored, report, began)])
    if isinstance(outcome, AppError):
        raise outcome
    return outcome


async def take_sealed(database: Database, stored: StoredCall, report: SealedReport, *, began: float) -> int:
    """Accept a sealed report; return the batch it was promised once that is durable. Raises what `accept` raises."""
    return await database.write_together(accept_all, Arrival(stored, report, began), weight=report.size)


def _accept_of_call(connection: Connection, arrivals: Sequence[Arrival]) -> list[int | AppError]:
    call_id = arrivals[0].stored.call.call
    share_call(connection, call_id)
    reports = [arrival.report for arrival in arrivals]
    found = look_up(connection, call_id, reports)
    new: dict[bytes, SealedReport] = {}
    outcomes = [_judge(connection, arrival, found, new) for arrival in arrivals]
    if not new:
        return outcomes
    rows = [(report.digest, report.handle, found.handles[report.handle][1]) for report in new.values()]
    try:
        taken = insert_new(connection, models.pending_reports, call_id, ("digest", "handle", "batch"), rows)
    except DBAPIError as error:
        if refused_by_trigger(error):
            raise ClosedError("The time for reports is over.") from None
        raise
    keep_envelopes(connection, call_id, [new[digest] for digest in taken])
    if len(taken) < len(new):  # the same handle or digest came in another transaction meanwhile
        found = look_up(connection, call_id, reports)
        outcomes = [
            outcome if isinstance(outcome, AppError) else _known(found, report) for report, outcome in zip(reports, outcomes, strict=True)
        ]
    return outcomes


def _judge(connection: Connection, arrival: Arrival, found: Found, new: dict[bytes, SealedReport]) -> int | AppError:
    """The batch that the report is promised, and `new` has it then if it was not here; or why it cannot be taken."""
    call, report = arrival.stored.call, arrival.report
    try:
        known = found.batch_of(report)
        if known is not None:
            if report.digest not in new and is_withdrawn(connection, call.call, report.handle):
                raise WithdrawnError("This report was withdrawn.")
            return known
        require_on_time(arrival.stored, now_ms=found.now, began_ms=found.now - round((monotonic() - arrival.began) * 1000))
        batch = arrival.stored.schedule.after(max(found.now // 1000, found.cut))
        if batch > call.close:  # the close was cut: whatever a clock says now, nothing commits any more
            raise ClosedError("The time for reports is over.")
    except AppError as refusal:
        return refusal
    found.add(report.handle, report.digest, batch)
    new[report.digest] = report
    return batch


def _known(found: Found, report: SealedReport) -> int | AppError:
    try:
        batch = found.batch_of(report)
    except DuplicateError as refusal:
        return refusal
    return DuplicateError("This was used before.") if batch is None else batch


def require_on_time(stored: StoredCall, *, now_ms: int, began_ms: int) -> None:
    """Raise NotOpenError or ClosedError unless a request that began and is complete at these instants is on time (section 9)."""
    call = stored.call
    if now_ms < call.opens * 1000:
        raise NotOpenError("This call does not take reports yet.")
    if began_ms >= call.deadline * 1000 or now_ms >= call.close * 1000:
        raise ClosedError("The time for reports is over.")


def look_up(connection: Connection, call_id: str, reports: Sequence[SealedReport]) -> Found:
    """What the database knows at this instant of these reports and of their call's log; ask under the call's lock."""
    asked = {"handles": [report.handle for report in reports], "digests": [report.digest for report in reports]}
    rows = look_for(connection, LOOK_UP, call_id, asked)
    found = Found(int(rows[0].now), int(rows[0].cut), {}, {})
    for row in rows:
        if row.batch is not None:
            found.add(row.handle, row.digest, int(row.batch))
    return found


def is_withdrawn(connection: Connection, call_id: str, handle: bytes) -> bool:
    """True when the report with this handle was withdrawn, in a batch or waiting for one."""
    return connection.execute(_WITHDRAWN, {"call": call_id, "handle": handle}).first() is not None


def keep_envelopes(connection: Connection, call_id: str, reports: Sequence[SealedReport]) -> None:
    """Write envelopes down, the small ones together and the others one part at a time: memory stays bounded whatever their sizes."""
    small = [(report.digest, 0, part) for report in reports if report.size <= AT_ONCE for part in report.parts()]
    if small:
        insert_new(connection, models.pending_envelopes, call_id, ("digest", "part", "bytes"), small)
    for report in reports:
        if report.size > AT_ONCE:
            for part, content in enumerate(report.parts()):
                connection.execute(_KEEP_PART, {"call": call_id, "digest": report.digest, "part": part, "content": content})


def promise_report(stored: StoredCall, report: SealedReport, batch: int, signer: SignerKey) -> bytes:
    """The promise for a report that is durable: a signed note (section 7). The same report gives the same bytes."""
    return sign_promise(stored, report_entry(report.digest, report.handle), batch, signer)


def sign_promise(stored: StoredCall, entry: bytes, batch: int, signer: SignerKey) -> bytes:
    """The promise that `entry` will be in the log, made when it was taken for `batch`."""
    return signer.sign(Promise(stored.call.origin, leaf_hash(entry), stored.schedule.publish_by(batch)).text())
