"""Retention: when the time of a call is up, everything sealed is destroyed and the log ends (format.md F7.6).

What stays is public: the call's own files, the log with all its leaves, checkpoints, tokens, and what reviewers countersigned. So it can be
proven for ever which reports there were, and that nothing of them is left here.
"""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, func, select, update

from app import models
from app.backups import ENDING
from app.calls import StoredCall
from app.dialect import hold_call, now_ms
from app.errors import BusyError, NotOpenError
from app.publishing import Publisher, checkpoint_size, is_destroyed, log_size, move_withdrawals
from app.transactions import Database
from crypto.entries import destroy_entry
from crypto.merkle import Frontier, leaf_hash


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What was destroyed: sealed reports, and records of replies. Both are 0 when it was done before."""

    envelopes: int
    replies: int


def require_time_is_up(connection: Connection, stored: StoredCall) -> None:
    """Raise NotOpenError before deadline + retention, by the database's clock: until then people were promised that they can withdraw."""
    if now_ms(connection) < stored.ends * 1000:
        raise NotOpenError("The retention time that this call promised is not over yet; until then only a writer destroys a report.")


async def destroy_call(database: Database, publisher: Publisher, stored: StoredCall) -> Destroyed:
    """Destroy everything sealed of a call whose time is up, end its log with a signed checkpoint, and wipe what deleted rows leave behind.

    Doing it again finishes what was interrupted. Raises NotOpenError before the time, BusyError when another process publishes or a reader
    holds on to the journal: then nothing is lost, and the command is to be given again.
    """
    await database.read(partial(require_time_is_up, stored=stored))
    await _publish(publisher)  # the close, and what waits for nothing but being deleted
    done = await database.write(partial(destroy_rows, stored=stored))
    await _publish(publisher)  # the checkpoint over the end
    if not await database.compact():
        raise BusyError("Everything is deleted, but somebody still reads the database: give the command again, to wipe its journal.")
    state = await database.read(partial(log_size, call_id=stored.call.call))
    if state.entries != await database.read(partial(checkpoint_size, call_id=stored.call.call)):
        raise BusyError("Everything is destroyed, but the end of the log is not signed yet: give the command again.")
    return done


def destroy_rows(connection: Connection, stored: StoredCall) -> Destroyed:
    """Delete everything sealed and append the last entry, in one transaction under the call's exclusive lock.

    Withdrawals that wait for a batch come into the log before it: nothing comes after it, and they were promised.
    """
    call_id = stored.call.call
    hold_call(connection, call_id)
    require_time_is_up(connection, stored)
    if is_destroyed(connection, call_id):
        return Destroyed(0, 0)
    log = connection.execute(select(models.logs).where(models.logs.c.call == call_id)).one()
    if not log.closed:
        raise BusyError("The close of this call is not in its log yet: run `saksei-intake publish`.")
    counts = _counts(connection, call_id)
    waiting = models.pending_withdrawals
    last = connection.execute(select(func.max(waiting.c.batch)).where(waiting.c.call == call_id)).scalar_one()
    boundary = max(int(log.cut), int(last or 0))
    batch = [*move_withdrawals(connection, call_id, int(log.cut), boundary), destroy_entry()]
    frontier = Frontier.from_bytes(log.frontier)
    rows = [{"call": call_id, "position": frontier.size + at, "entry": entry} for at, entry in enumerate(batch)]
    connection.execute(models.entries.insert(), rows)
    frontier.extend(leaf_hash(entry) for entry in batch)
    grown = {"size": frontier.size, "frontier": frontier.to_bytes(), "cut": boundary}
    connection.execute(update(models.logs).where(models.logs.c.call == call_id).values(grown))
    connection.execute(models.batches.insert(), {"call": call_id, "size": frontier.size, "root": frontier.root()})
    for table in ENDING:
        connection.execute(table.delete().where(table.c.call == call_id))
    return counts


def _counts(connection: Connection, call_id: str) -> Destroyed:
    parts, records = models.envelopes, models.replies
    envelopes = select(func.count()).select_from(parts).where(parts.c.call == call_id, parts.c.part == 0)
    replies = select(func.count()).select_from(records).where(records.c.call == call_id)
    return Destroyed(int(connection.execute(envelopes).scalar_one()), int(connection.execute(replies).scalar_one()))


async def _publish(publisher: Publisher) -> None:
    if not await publisher.publish():
        raise BusyError("Another process is publishing at this moment: give the command again.")
