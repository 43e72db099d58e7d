"""The log of a call held against everything it must agree with: its rules, its checkpoints, the state, the stores, the promises."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from app import models
from app.calls import StoredCall
from app.dialect import now_ms
from app.logstate import LogState
from app.metrics import ROUNDED_TO
from app.publishing import checkpoint_size, entries_between
from crypto.entries import Log, check_entries, parse_entry
from crypto.errors import EnvelopeMissingError, LogInconsistentError, PromiseBrokenError
from crypto.merkle import Frontier
from crypto.notes import VerifierKey, parse_checkpoint

ASKED_AT_ONCE = 500
"""Keys that one statement asks for."""


def inspect_log(connection: Connection, stored: StoredCall, state: LogState) -> None:
    """Raise the error that fits unless the log is whole, signed and consistent, and every promise that is due was kept.

    LogError and its kind for the log, EnvelopeMissingError for the store, PromiseBrokenError for what is overdue. Costs as much as the log.
    """
    call_id = stored.call.call
    entries = entries_between(connection, call_id, 0, models.LAST_POSITION)
    log = check_entries(entries, call=call_id, call_sha256=stored.sha256)
    table = models.batches
    batches = connection.execute(select(table).where(table.c.call == call_id).order_by(table.c.size)).all()
    roots = _roots(log, [int(batch.size) for batch in batches])
    for batch in batches:
        _inspect_batch(stored, batch, roots)
    if not batches or batches[-1].size != log.size:
        raise LogInconsistentError("Entries stand in the log that belong to no batch.")
    signed = checkpoint_size(connection, call_id)
    kept = state.read(call_id)
    # Where several hosts publish in turn, one may be a pass behind the others: what it knows must be a prefix of the log all the same.
    if signed and (kept is None or roots.get(kept.size) != kept.root):
        raise LogInconsistentError("What was signed last is not what the database holds.")
    _inspect_stores(connection, call_id, log)
    inspect_promises(connection, stored)


def _roots(log: Log, sizes: Sequence[int]) -> dict[int, bytes]:
    wanted = set(sizes)
    frontier = Frontier()
    roots: dict[int, bytes] = {}
    for leaf in log.leaf_hashes:
        frontier.append(leaf)
        if frontier.size in wanted:
            roots[frontier.size] = frontier.root()
    return roots


def _inspect_batch(stored: StoredCall, batch: Row[Any], roots: dict[int, bytes]) -> None:
    if roots.get(batch.size) != batch.root:
        raise LogInconsistentError("The log is not the one that its batches name.")
    if batch.note is None:
        return
    checkpoint = parse_checkpoint(batch.note, VerifierKey.parse(stored.call.log_vkey), stored.call.origin)
    if (checkpoint.size, checkpoint.root) != (batch.size, batch.root):
        raise LogInconsistentError("A checkpoint is not the one of its batch.")


def _inspect_stores(connection: Connection, call_id: str, log: Log) -> None:
    reports, envelopes, waiting = models.reports, models.envelopes, models.pending_withdrawals
    rows = connection.execute(select(reports.c.digest, reports.c.handle).where(reports.c.call == call_id)).all()
    if {(row.digest, row.handle) for row in rows} != {(report.digest, report.handle) for report in log.reports}:
        raise LogInconsistentError("The published store does not hold exactly the reports of the log.")
    kept = set(connection.execute(select(envelopes.c.digest).where(envelopes.c.call == call_id, envelopes.c.part == 0)).scalars())
    leaving = set(connection.execute(select(waiting.c.handle).where(waiting.c.call == call_id)).scalars())
    for report in log.reports:
        gone = report.withdrawn or report.handle in leaving or log.destroyed
        if gone and report.digest in kept:
            raise LogInconsistentError("An envelope is still here that was withdrawn.")
        if not gone and report.digest not in kept:
            raise EnvelopeMissingError("An envelope that must be here is not.")


def inspect_promises(connection: Connection, stored: StoredCall) -> None:
    """Raise PromiseBrokenError where something waits longer than was promised: for its batch, or for the checkpoint over that.

    What was cut and signed already only waits to be deleted.
    """
    call_id = stored.call.call
    unsigned = _oldest_unsigned(connection, call_id)
    if unsigned is not None and stored.schedule.publish_by(unsigned) * 1000 <= now_ms(connection):
        raise PromiseBrokenError("A batch waits for its checkpoint longer than was promised: can the service sign?")
    cut = connection.execute(select(models.logs.c.cut).where(models.logs.c.call == call_id)).scalar_one()
    for table in (models.pending_reports, models.pending_withdrawals):
        oldest = connection.execute(select(func.min(table.c.batch)).where(table.c.call == call_id, table.c.batch > cut)).scalar_one()
        if oldest is not None and stored.schedule.publish_by(int(oldest)) * 1000 <= now_ms(connection):
            raise PromiseBrokenError("Something waits longer than was promised: is the service running?")


def _oldest_unsigned(connection: Connection, call_id: str) -> int | None:
    """The first batch promised to anything in the log that no checkpoint covers yet; None where all is signed."""
    entries = entries_between(connection, call_id, checkpoint_size(connection, call_id), models.LAST_POSITION)
    parsed = [parse_entry(entry) for entry in entries]
    reports, withdrawals = models.reports, models.withdrawals
    found: list[int] = []
    for table, key, values in (
        (reports, reports.c.digest, [entry.digest for entry in parsed if entry.kind == "report"]),
        (withdrawals, withdrawals.c.handle, [entry.handle for entry in parsed if entry.kind == "withdraw"]),
    ):
        for start in range(0, len(values), ASKED_AT_ONCE):
            asked = and_(table.c.call == call_id, key.in_(values[start : start + ASKED_AT_ONCE]))
            oldest = connection.execute(select(func.min(table.c.batch)).where(asked)).scalar_one()
            found += [] if oldest is None else [int(oldest)]
    return min(found, default=None)


def shown_waiting(connection: Connection, stored: StoredCall) -> int:
    """How many reports and withdrawals wait for their batch, told as coarsely as by /metrics (app.metrics).

    Of those that were taken before the boundary before the last one, in tens: whoever asks every second must not learn when somebody wrote.
    """
    before = stored.schedule.last(now_ms(connection) // 1000) - stored.schedule.step
    count = 0
    for table in (models.pending_reports, models.pending_withdrawals):
        cut = select(models.logs.c.cut).where(models.logs.c.call == stored.call.call).scalar_subquery()
        due = (table.c.call == stored.call.call, table.c.batch > cut, table.c.batch <= before)
        count += int(connection.execute(select(func.count()).select_from(table).where(*due)).scalar_one())
    return count // ROUNDED_TO * ROUNDED_TO
