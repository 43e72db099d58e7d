"""Restoring a backup into an empty database, and catching up with the public log before anything is served (format.md sections 7 and 8).

What was withdrawn since the backup is not restored at all, and the restored log goes on where the public one stands: so old promises hold,
and no second history is ever signed. Reports that came after the backup keep their place in the log; their envelopes are lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, exists, or_, select, text, update
from sqlalchemy.exc import DatabaseError

from app import models
from app.backups import copy_rows, count_envelopes, opened, without_triggers
from app.calls import StoredCall, call_ids, load_stored
from app.dialect import now_ms
from app.errors import CallExistsError, SchemaError, UnknownCallError
from app.logstate import LogState, SignedLog, empty_log
from app.publishing import checkpoint, entries_between, is_destroyed
from app.schema import head, require_head, upgrade, version
from app.submissions import is_withdrawn
from app.transactions import Database
from crypto.entries import Entry, check_entries, check_withdraw, parse_entry, unframe
from crypto.errors import LogEntryError, LogInconsistentError
from crypto.merkle import Frontier
from crypto.notes import VerifierKey, parse_checkpoint

_MOVE_PARTS = text(
    "INSERT INTO envelopes (call, digest, part, bytes) SELECT call, digest, part, bytes FROM pending_envelopes"
    " WHERE call = :call AND digest = :digest ORDER BY part"
)
_BEHIND = (
    "The log that was signed is longer than the backup's, or its state is lost: give the newest public log with --entries and --checkpoint"
    " (a watcher has it, and so has the reviewers' bundle)."
)


@dataclass(frozen=True, slots=True)
class PublicLog:
    """What anybody can keep of a call: the bytes of `/log/entries` and of the `/log/checkpoint` that covers all of them."""

    framed: bytes
    note: bytes


@dataclass(frozen=True, slots=True)
class _Withdrawal:
    """A withdrawal that was taken and that no log has yet: its entry, the call of the report, and the digest of what must not come back."""

    entry: Entry
    stored: StoredCall
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Checked:
    """A public log that is the call's and signed; `gone` are the digests of envelopes that must not be here, `ended` says that it has."""

    stored: StoredCall
    entries: Sequence[bytes]
    frontier: Frontier
    note: bytes
    gone: frozenset[bytes]
    ended: bool


async def restore_backup(  # noqa: PLR0913 -- what an operator may have kept
    database: Database,
    state: LogState,
    path: Path,
    public: Sequence[PublicLog] = (),
    *,
    pending: Sequence[bytes] = (),
    trust_backup: bool = False,
) -> int:
    """Restore in one transaction, catch up with these logs, and return how many sealed reports are here again.

    `pending` are the `log/pending` of bundles that were exported since: withdrawals that were taken and no log has yet. Each proves itself
    (F7.3), so nothing signed is needed. The log state, where it is older or lost, is brought up to the newest checkpoint: that one was
    signed. `trust_backup` takes the backup's log for the newest where the state of a call is lost and no public log is given. Raises
    CallExistsError when the database is not empty, SchemaError for what is no backup of this version, UnknownCallError, LogError and its
    kind for a public log that is another call's or not signed, and LogInconsistentError when the log would fall behind what was signed.
    """

    _require_backup(path)

    def job(connection: Connection) -> int:
        _require_empty(connection)
        with opened(path) as source:
            logs = _check_logs(source, public)
            waiting = [withdrawal for framed in pending for withdrawal in _find_withdrawals(source, framed)]
            gone = frozenset(withdrawal.digest for withdrawal in waiting).union(*(log.gone for log in logs.values()))
            copy_rows(source, connection, without=gone, ended={call_id for call_id, log in logs.items() if log.ended})
        for call_id in call_ids(connection):
            if call_id in logs:
                catch_up(connection, logs[call_id])
            _require_signed(connection, call_id, state.read(call_id), trusted=trust_backup or call_id in logs)
        _take_withdrawals(connection, waiting)
        _signed_logs(connection)
        return count_envelopes(connection)

    count = await database.write(job)
    for call_id, signed in (await database.read(_signed_logs)).items():
        async with state.alone(call_id):
            kept = state.read(call_id)
            if kept is None or kept.size < signed.size:
                state.write(call_id, signed)
    await database.scrub()
    return count


def catch_up(connection: Connection, log: _Checked) -> None:
    """Bring the restored log of a call up to a longer one that was signed, and the stores with it."""
    call_id = log.stored.call.call
    here = entries_between(connection, call_id, 0, models.LAST_POSITION)
    common = min(len(here), len(log.entries))
    if here[:common] != list(log.entries[:common]):
        raise LogInconsistentError("The backup's log and the public one are not of one history.")
    if len(here) > len(log.entries):
        return
    new = [parse_entry(entry) for entry in log.entries[len(here) :]]
    with without_triggers(connection):
        for entry in new:
            _catch_up_with(connection, log.stored, entry)
    rows = [{"call": call_id, "position": len(here) + at, "entry": entry} for at, entry in enumerate(log.entries[len(here) :])]
    if rows:
        connection.execute(models.entries.insert(), rows)
    grown: dict[str, Any] = {"size": log.frontier.size, "frontier": log.frontier.to_bytes()}
    if any(entry.kind == "close" for entry in new):
        grown |= {"closed": True, "cut": log.stored.call.close}
    connection.execute(update(models.logs).where(models.logs.c.call == call_id).values(grown))
    _keep_checkpoint(connection, log)


def _catch_up_with(connection: Connection, stored: StoredCall, entry: Entry) -> None:
    # Which boundary it was promised is lost with the old server; it is in the log already, so that the last one is true as well.
    row = {"call": stored.call.call, "handle": entry.handle, "batch": stored.call.close}
    if entry.kind == "withdraw":
        waiting = models.pending_withdrawals
        connection.execute(models.withdrawals.insert(), row | {"secret": entry.withdraw})
        connection.execute(delete(waiting).where(waiting.c.call == stored.call.call, waiting.c.handle == entry.handle))
    elif entry.kind == "report":
        reports, parts = models.pending_reports, models.pending_envelopes
        same = (reports.c.call == stored.call.call, or_(reports.c.digest == entry.digest, reports.c.handle == entry.handle))
        connection.execute(models.reports.insert(), row | {"digest": entry.digest})
        connection.execute(_MOVE_PARTS, {"call": stored.call.call, "digest": entry.digest})
        digests = list(connection.execute(select(reports.c.digest).where(*same)).scalars())
        connection.execute(delete(parts).where(parts.c.call == stored.call.call, parts.c.digest.in_(digests)))
        connection.execute(delete(reports).where(*same))


def _find_withdrawals(source: Connection, framed: bytes) -> list[_Withdrawal]:
    """The withdrawals of a bundle's `log/pending` whose reports are in the backup; those of later reports have nothing to undo."""
    found: list[_Withdrawal] = []
    for entry in map(parse_entry, unframe(framed)):
        if entry.kind != "withdraw":
            raise LogEntryError("An entry that waits for a batch is no withdrawal.")
        check_withdraw(entry)
        for table in (models.reports, models.pending_reports):
            rows = source.execute(select(table.c.call, table.c.digest).where(table.c.handle == entry.handle))
            found += [_Withdrawal(entry, load_stored(source, row.call), bytes(row.digest)) for row in rows]
    return found


def _take_withdrawals(connection: Connection, withdrawals: Sequence[_Withdrawal]) -> None:
    """Have them wait for the next batch, as they were promised; what a log or the backup has already stays as it is."""
    with without_triggers(connection):
        for withdrawal in withdrawals:
            call_id, entry = withdrawal.stored.call.call, withdrawal.entry
            if is_withdrawn(connection, call_id, entry.handle) or is_destroyed(connection, call_id):
                continue
            cut = int(connection.execute(select(models.logs.c.cut).where(models.logs.c.call == call_id)).scalar_one())
            batch = withdrawal.stored.schedule.after(max(now_ms(connection) // 1000, cut))
            row = {"call": call_id, "handle": entry.handle, "secret": entry.withdraw, "batch": batch}
            connection.execute(models.pending_withdrawals.insert(), row)


def _keep_checkpoint(connection: Connection, log: _Checked) -> None:
    """The checkpoint stands for every batch up to it that the backup had no checkpoint of."""
    batches, call_id, size = models.batches, log.stored.call.call, log.frontier.size
    unsigned = (batches.c.call == call_id, batches.c.size <= size, batches.c.note.is_(None))
    connection.execute(delete(batches).where(*unsigned))
    if not connection.execute(select(exists().where(batches.c.call == call_id, batches.c.size == size))).scalar_one():
        connection.execute(batches.insert(), {"call": call_id, "size": size, "root": log.frontier.root(), "note": log.note})


def _require_empty(connection: Connection) -> None:
    if version(connection) is None:
        upgrade(connection)
    require_head(connection)
    if call_ids(connection):
        raise CallExistsError("There are calls in this database: a backup is restored into an empty one only.")


def _require_backup(path: Path) -> None:
    try:
        with opened(path) as source:
            found = version(source)
            whole = source.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    except DatabaseError:
        found, whole = None, False
    if found is None or not whole:
        raise SchemaError("The file is not a whole backup that `saksei-intake backup` made.")
    if found != head():
        raise SchemaError("The backup is of another version of this software: restore it with that version, then update and migrate.")


def _check_logs(source: Connection, public: Sequence[PublicLog]) -> Mapping[str, _Checked]:
    calls = [load_stored(source, call_id) for call_id in call_ids(source)]
    checked = (_check_log(calls, log) for log in public)
    return {log.stored.call.call: log for log in checked}


def _check_log(calls: Sequence[StoredCall], public: PublicLog) -> _Checked:
    entries = unframe(public.framed)
    first = parse_entry(entries[0] if entries else b"")
    stored = next((call for call in calls if call.sha256 == first.digest and first.kind == "call"), None)
    if stored is None:
        raise UnknownCallError("A public log is of no call in the backup.")
    log = check_entries(entries, call=stored.call.call, call_sha256=stored.sha256)
    frontier = Frontier()
    frontier.extend(log.leaf_hashes)
    signed = parse_checkpoint(public.note, VerifierKey.parse(stored.call.log_vkey), stored.call.origin)
    if (signed.size, signed.root) != (frontier.size, frontier.root()):
        raise LogInconsistentError("The checkpoint is not of exactly these entries: fetch both again.")
    gone = frozenset(report.digest for report in log.reports if report.withdrawn or log.destroyed)
    return _Checked(stored, entries, frontier, public.note, gone, log.destroyed)


def _require_signed(connection: Connection, call_id: str, kept: SignedLog | None, *, trusted: bool) -> None:
    """Raise LogInconsistentError unless what was signed last is a part of the log that is here now."""
    if kept is None:
        if not trusted:
            raise LogInconsistentError(_BEHIND)
        return
    start = entries_between(connection, call_id, 0, kept.size)
    if len(start) < kept.size:
        raise LogInconsistentError(_BEHIND)
    if empty_log().extended(start).root != kept.root:
        raise LogInconsistentError("The log here is not the one that was signed: this log state or this backup is of something else.")


def _signed_logs(connection: Connection) -> dict[str, SignedLog]:
    """The newest signed log of every call that has one, its signature checked."""
    found: dict[str, SignedLog] = {}
    for call_id in call_ids(connection):
        note = checkpoint(connection, call_id)
        if note is None:
            continue
        call = load_stored(connection, call_id).call
        signed = parse_checkpoint(note, VerifierKey.parse(call.log_vkey), call.origin)
        log = empty_log().extended(entries_between(connection, call_id, 0, signed.size))
        if (log.size, log.root) != (signed.size, signed.root):
            raise LogInconsistentError("A checkpoint in the backup is not of its log.")
        found[call_id] = log
    return found
