"""Batches: out of the pending store into the log at a boundary, and a checkpoint over it (format.md sections 6 and 7).

One process at a time does this. A batch is committed first and signed afterwards, and only as a consistent extension of what was signed
before; a crash between any two steps is mended by the next pass, which begins by looking at what is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, select, text, update

from app import models
from app.calls import CallBook, StoredCall
from app.dialect import hold_call, now_ms
from app.logkeys import LogKeys
from app.logstate import LogState, SignedLog, empty_log
from app.preparation import Prepared, complete, due, lay_ready, reports_due, steps_before
from app.transactions import Database
from crypto.entries import close_entry, destroy_entry, withdraw_entry
from crypto.errors import LogInconsistentError
from crypto.merkle import Frontier, leaf_hash
from crypto.notes import Checkpoint, SignerKey, VerifierKey, parse_checkpoint

CUT_WEIGHT = 64 << 20
FORGET_AT_ONCE = 64

_MOVE_REPORT = text(
    "INSERT INTO reports (call, digest, handle, batch) SELECT call, digest, handle, batch FROM pending_reports"
    " WHERE call = :call AND digest = :digest"
)
_MOVE_WITHDRAWAL = text(
    "INSERT INTO withdrawals (call, handle, secret, batch) SELECT call, handle, secret, batch FROM pending_withdrawals"
    " WHERE call = :call AND handle = :handle"
)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a pass would find to do for one call; `due` is the boundary of the batch that has to be cut, if there is one."""

    due: int | None
    leftovers: bool
    unsigned: bool


@dataclass(frozen=True, slots=True)
class UnsignedBatch:
    """A committed batch without a checkpoint, and the entries since what was signed last."""

    size: int
    root: bytes
    new_entries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LogSize:
    """How far a log has grown: entries in it, reports and withdrawals that wait, whether its close was cut, and whether it has ended."""

    entries: int
    waiting: int
    closed: bool
    destroyed: bool


class Publisher:
    """Publishes what is due for every call of a database."""

    def __init__(self, database: Database, book: CallBook, keys: LogKeys, state: LogState) -> None:
        """Nothing happens until a pass is asked for."""
        self._database = database
        self._book = book
        self._keys = keys
        self._state = state
        self._scrub_due = True

    def ask_scrub(self) -> None:
        """Have the next pass wipe what deleted rows left behind: an envelope was destroyed."""
        self._scrub_due = True

    async def publish(self, *, trust_database: bool = False) -> bool:
        """Make one pass over all calls; False when another process holds the lock. Either way what others signed is taken note of.

        `trust_database` lets an operator whose log state is lost begin it anew from the database. Raises LogInconsistentError or
        LogKeyError after having tried every call.
        """
        async with self._database.publisher_turn() as mine:
            trouble: Exception | None = None
            for stored in await self._book.all():
                try:
                    await self._follow(stored, trust_database=trust_database)
                    if mine:
                        await self._publish_call(stored, trust_database=trust_database)
                except Exception as error:  # one call's trouble must not stop the others; it is raised below
                    trouble = error
            if mine and self._scrub_due:
                self._scrub_due = not await self._database.scrub()
            if trouble is not None:
                raise trouble
            return mine

    async def seconds_to_wait(self) -> float:
        """How long from now until the next boundary of any call; 3600 when there is none."""
        now = await self._database.read(now_ms)
        return min((stored.schedule.after(now // 1000) - now / 1000 for stored in await self._book.all()), default=3600.0)

    async def _follow(self, stored: StoredCall, *, trust_database: bool) -> None:
        """Bring this host's state up to the newest checkpoint that another signed, if it is a consistent extension (section 7).

        Whoever publishes next then starts from the longest log it could have seen, not from the last that it signed itself: a database
        that was brought back from an older time is noticed by every host.
        """
        call_id = stored.call.call
        state = self._state.read(call_id)
        size = await self._database.read(partial(checkpoint_size, call_id=call_id))
        if not size or (state is not None and state.size >= size):
            return
        async with self._state.alone(call_id):
            state = self._state.read(call_id)
            if state is None:
                state = await self._database.read(partial(begin_state, call_id=call_id, trust_database=trust_database))
            self._state.write(call_id, await self._database.read(partial(followed, stored=stored, state=state)))

    async def _publish_call(self, stored: StoredCall, *, trust_database: bool) -> None:
        """Cut and sign until nothing is due: after a close that comes late, withdrawals may be due at a boundary after it."""
        while await self._publish_batch(stored, trust_database=trust_database):
            pass

    async def _publish_batch(self, stored: StoredCall, *, trust_database: bool) -> bool:
        outlook = await self._database.read(lambda connection: look(connection, stored))
        if outlook.leftovers:
            await self._forget(stored)
        cut = outlook.due is not None and await self._cut(stored, outlook.due)
        if cut or outlook.unsigned:
            await self._sign(stored, trust_database=trust_database)
        if cut:
            await self._forget(stored)
        return cut

    async def _cut(self, stored: StoredCall, boundary: int) -> bool:
        """Cut the batch of that boundary, a large one laid ready before; the next boundary may pass meanwhile, and has its own turn."""
        call_id = stored.call.call
        steps = await self._database.read(partial(steps_before, call_id=call_id, boundary=boundary))
        for digests in steps:
            await self._database.write(partial(lay_ready, call_id=call_id, digests=digests), weight=CUT_WEIGHT)
        return await self._database.write(partial(cut_batch, stored=stored, prepared=Prepared(boundary, steps)), weight=CUT_WEIGHT)

    async def _forget(self, stored: StoredCall) -> None:
        while await self._database.write(partial(forget_published, call_id=stored.call.call), weight=CUT_WEIGHT):
            pass
        self._scrub_due = True

    async def _sign(self, stored: StoredCall, *, trust_database: bool) -> None:
        async with self._state.alone(stored.call.call):
            while await self._sign_next(stored, trust_database=trust_database):
                pass

    async def _sign_next(self, stored: StoredCall, *, trust_database: bool) -> bool:
        call_id = stored.call.call
        signer = self._keys.signer(stored.call)
        state = self._state.read(call_id)
        if state is None:
            state = await self._database.read(partial(begin_state, call_id=call_id, trust_database=trust_database))
        batch = await self._database.read(partial(next_unsigned, call_id=call_id, state=state))
        if batch is None:
            return False
        extended = state.extended(batch.new_entries)
        if (extended.size, extended.root) != (batch.size, batch.root):
            raise LogInconsistentError("The log in the database is not an extension of what was signed.")
        self._state.write(call_id, extended)
        head = Checkpoint(stored.call.origin, batch.size, batch.root)
        await self._database.write(partial(sign_batch, call_id=call_id, head=head, signer=signer))
        return True


def look(connection: Connection, stored: StoredCall) -> Outlook:
    """See what there is to do for the call, without changing anything."""
    call_id = stored.call.call
    log = _log(connection, call_id)
    unsigned = connection.execute(select(exists().where(models.batches.c.call == call_id, models.batches.c.note.is_(None)))).scalar_one()
    leftovers = any(
        connection.execute(select(exists().where(table.c.call == call_id, table.c.batch <= log.cut))).scalar_one()
        for table in (models.pending_reports, models.pending_withdrawals)
    )
    return Outlook(due_boundary(connection, stored, log), leftovers, bool(unsigned))


def due_boundary(connection: Connection, stored: StoredCall, log: Row[Any], latest: int | None = None) -> int | None:
    """The boundary at which something has to be published now, None when nothing has to; none later than `latest` is looked at.

    The close is always due once its time has come, whatever waits.
    """
    boundary = stored.schedule.last(now_ms(connection) // 1000)
    boundary = boundary if latest is None else min(boundary, latest)
    if boundary >= stored.call.close and not log.closed:
        return stored.call.close
    if boundary <= log.cut:
        return None
    counts = [
        connection.execute(select(func.count(), func.min(table.c.batch)).where(due(table, stored.call.call, log.cut, boundary))).one()
        for table in (models.pending_reports, models.pending_withdrawals)
    ]
    count = sum(int(number) for number, _ in counts)
    oldest = min((int(batch) for number, batch in counts if number), default=boundary)
    return boundary if count and stored.schedule.is_ripe(boundary, count=count, oldest=oldest) else None


def cut_batch(connection: Connection, stored: StoredCall, prepared: Prepared | None = None) -> bool:
    """Move what is due into the log, in one transaction under the call's exclusive lock; False when nothing is due any more.

    `prepared` is the batch as it was found before, with what was laid ready for it; what came due later waits for its own.
    Reports by ascending leaf hash, withdrawals likewise, the close last (section 7). Every store is filled in that order, so that the
    layout of its pages tells nothing of the order of arrival (section 6).
    """
    call_id = stored.call.call
    hold_call(connection, call_id)
    log = _log(connection, call_id)
    boundary = due_boundary(connection, stored, log, prepared.boundary if prepared else None)
    if boundary is None:
        return False
    steps = prepared.steps if prepared else ()
    batch = [*_move_reports(connection, call_id, log.cut, boundary, steps), *move_withdrawals(connection, call_id, log.cut, boundary)]
    closing = boundary == stored.call.close and not log.closed
    if closing:
        batch.append(close_entry())
    frontier = Frontier.from_bytes(log.frontier)
    rows = [{"call": call_id, "position": frontier.size + at, "entry": entry} for at, entry in enumerate(batch)]
    connection.execute(models.entries.insert(), rows)
    frontier.extend(leaf_hash(entry) for entry in batch)
    grown = {"size": frontier.size, "frontier": frontier.to_bytes(), "cut": boundary, "closed": bool(log.closed or closing)}
    connection.execute(update(models.logs).where(models.logs.c.call == call_id).values(grown))
    connection.execute(models.batches.insert(), {"call": call_id, "size": frontier.size, "root": frontier.root()})
    return True


def forget_published(connection: Connection, call_id: str) -> bool:
    """Delete from the pending store some of what stands in the log; True when more is left. Doing it twice does no harm.

    A few reports at a time, so that nobody who sends waits for the whole batch to be overwritten. Each waiting row is looked for in the
    store that stays: a list of what stands there would be read as a whole at every batch.
    """
    reports, waiting, parts = models.reports, models.pending_reports, models.pending_envelopes
    cut = select(models.logs.c.cut).where(models.logs.c.call == call_id).scalar_subquery()
    logged = exists().where(reports.c.call == call_id, reports.c.digest == waiting.c.digest)
    due = select(waiting.c.digest).where(waiting.c.call == call_id, waiting.c.batch <= cut, logged)
    gone = connection.execute(due.order_by(waiting.c.digest).limit(FORGET_AT_ONCE)).scalars().all()
    for table in (parts, waiting) if gone else ():
        connection.execute(delete(table).where(table.c.call == call_id, table.c.digest.in_(gone)))
    stands, withdrawn = models.withdrawals, models.pending_withdrawals
    known = exists().where(stands.c.call == call_id, stands.c.handle == withdrawn.c.handle)
    connection.execute(delete(withdrawn).where(withdrawn.c.call == call_id, withdrawn.c.batch <= cut, known))
    return len(gone) == FORGET_AT_ONCE


def begin_state(connection: Connection, call_id: str, *, trust_database: bool) -> SignedLog:
    """The log state where none is kept yet: empty for a log that was never signed.

    Raises LogInconsistentError when checkpoints were signed before (the state was lost), unless the operator trusts the database.
    """
    batches = models.batches
    last = connection.execute(select(func.max(batches.c.size)).where(batches.c.call == call_id, batches.c.note.is_not(None))).scalar_one()
    if last is None:
        return empty_log()
    if not trust_database:
        raise LogInconsistentError("Checkpoints were signed before, and what was signed last is not known here.")
    return empty_log().extended(entries_between(connection, call_id, 0, int(last)))


def next_unsigned(connection: Connection, call_id: str, state: SignedLog) -> UnsignedBatch | None:
    """The first batch without a checkpoint, with its entries since `state`.

    Raises LogInconsistentError when the database does not hold what was signed: it was brought back from an older time, or changed.
    """
    batches = models.batches
    of_call = select(batches.c.size, batches.c.root).where(batches.c.call == call_id)
    if state.size:
        anchor = connection.execute(of_call.where(batches.c.size == state.size)).one_or_none()
        if anchor is None or anchor.root != state.root:
            raise LogInconsistentError("The database does not hold the log that was signed.")
    row = connection.execute(of_call.where(batches.c.note.is_(None)).order_by(batches.c.size).limit(1)).one_or_none()
    if row is None:
        return None
    return UnsignedBatch(int(row.size), row.root, tuple(entries_between(connection, call_id, state.size, int(row.size))))


def followed(connection: Connection, stored: StoredCall, state: SignedLog) -> SignedLog:
    """The log of the newest checkpoint, grown out of `state`; `state` itself where that is as long.

    Raises LogInconsistentError unless it is an extension of `state` and the checkpoint says so, signed by the call's key.
    """
    call_id = stored.call.call
    note = checkpoint(connection, call_id)
    if note is None:
        return state
    newest = parse_checkpoint(note, VerifierKey.parse(stored.call.log_vkey), stored.call.origin)
    if newest.size <= state.size:
        return state
    extended = state.extended(entries_between(connection, call_id, state.size, newest.size))
    if (extended.size, extended.root) != (newest.size, newest.root):
        raise LogInconsistentError("The log in the database is not an extension of what was signed.")
    return extended


def entries_between(connection: Connection, call_id: str, start: int, end: int) -> list[bytes]:
    """Entries of the log with start <= index < end, in order."""
    entries = models.entries
    chosen = select(entries.c.entry).where(entries.c.call == call_id, entries.c.position >= start, entries.c.position < end)
    return list(connection.execute(chosen.order_by(entries.c.position)).scalars())


def sign_batch(connection: Connection, call_id: str, head: Checkpoint, signer: SignerKey) -> None:
    """Sign the checkpoint of a batch and keep it, while the batch stands as it was read (section 7).

    Between reading and signing a process may be stopped for as long as somebody likes, and the database be brought back from an older time
    meanwhile. Raises LogInconsistentError, and signs nothing, where another batch of this size stands there by now, or none.
    """
    here = (models.batches.c.call == call_id, models.batches.c.size == head.size)
    root = connection.execute(select(models.batches.c.root).where(*here).with_for_update()).scalar_one_or_none()
    if root != head.root:
        raise LogInconsistentError("The batch that was to be signed does not stand in the database any more.")
    connection.execute(update(models.batches).where(*here).values(note=signer.sign(head.text())))


def checkpoint(connection: Connection, call_id: str, size: int | None = None) -> bytes | None:
    """The signed checkpoint of this size, or the newest; None when there is none."""
    batches = models.batches
    signed = select(batches.c.note).where(batches.c.call == call_id, batches.c.note.is_not(None))
    if size is not None:
        signed = signed.where(batches.c.size == size)
    return connection.execute(signed.order_by(batches.c.size.desc()).limit(1)).scalar_one_or_none()


def checkpoint_size(connection: Connection, call_id: str) -> int:
    """How many entries the newest signed checkpoint covers; 0 when there is none."""
    batches = models.batches
    signed = select(func.max(batches.c.size)).where(batches.c.call == call_id, batches.c.note.is_not(None))
    return int(connection.execute(signed).scalar_one() or 0)


def log_size(connection: Connection, call_id: str) -> LogSize:
    """How far the log of a call has grown."""
    log = _log(connection, call_id)
    waiting = 0
    for table in (models.pending_reports, models.pending_withdrawals):
        count = select(func.count()).select_from(table).where(table.c.call == call_id, table.c.batch > log.cut)
        waiting += int(connection.execute(count).scalar_one())
    return LogSize(int(log.size), waiting, bool(log.closed), is_destroyed(connection, call_id))


def is_destroyed(connection: Connection, call_id: str) -> bool:
    """True when the log has its last entry: everything sealed was destroyed (F7.3)."""
    entries = models.entries
    last = select(entries.c.entry).where(entries.c.call == call_id).order_by(entries.c.position.desc()).limit(1)
    return connection.execute(last).scalar_one_or_none() == destroy_entry()


def signed_entries(connection: Connection, call_id: str) -> list[bytes]:
    """The entries that the newest signed checkpoint covers."""
    return entries_between(connection, call_id, 0, checkpoint_size(connection, call_id))


def _log(connection: Connection, call_id: str) -> Row[Any]:
    return connection.execute(select(models.logs).where(models.logs.c.call == call_id)).one()


def _move_reports(connection: Connection, call_id: str, cut: int, boundary: int, steps: Sequence[Sequence[bytes]]) -> list[bytes]:
    batch = reports_due(connection, call_id, cut, boundary)
    if batch:
        digests = [digest for _, digest in batch]
        connection.execute(_MOVE_REPORT, [{"call": call_id, "digest": digest} for digest in digests])
        complete(connection, call_id, digests, steps)
    return [entry for entry, _ in batch]


def move_withdrawals(connection: Connection, call_id: str, cut: int, boundary: int) -> list[bytes]:
    """Move the withdrawals taken for a batch after `cut`, up to `boundary`, into the published store; return their entries in order.

    Run under the call's exclusive lock.
    """
    table = models.pending_withdrawals
    rows = connection.execute(select(table.c.handle, table.c.secret).where(due(table, call_id, cut, boundary))).all()
    ordered = sorted((leaf_hash(entry), entry, row.handle) for row in rows for entry in (withdraw_entry(row.handle, row.secret),))
    if ordered:
        connection.execute(_MOVE_WITHDRAWAL, [{"call": call_id, "handle": handle} for _, _, handle in ordered])
    return [entry for _, entry, _ in ordered]
