"""Envelopes laid ready in the published store before their batch is cut, a few at a time (format.md section 6).

A large batch would hold up everybody who sends for as long as its bytes take to be copied. So its envelopes are copied in steps, and the
transaction that publishes the batch copies no bytes any more. What is laid ready belongs to nothing until then: the log, the bundle and
`reports` know nothing of it, the report still waits, and its withdrawal destroys both copies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, and_, exists, func, select, text

from app import models
from app.dialect import hold_call
from app.transactions import GROUP_JOBS, GROUP_WEIGHT
from crypto.entries import report_entry
from crypto.merkle import leaf_hash

STEP_BYTES = GROUP_WEIGHT
STEP_REPORTS = 2 * GROUP_JOBS
"""How much of a batch is copied in one transaction: what others write in one. A batch that has no more is copied as it is cut."""

_COPY = text(
    "INSERT INTO envelopes (call, digest, part, bytes) SELECT call, digest, part, bytes FROM pending_envelopes"
    " WHERE call = :call AND digest = :digest ORDER BY part ON CONFLICT DO NOTHING"
)
_CLEAR = text("DELETE FROM envelopes WHERE call = :call AND digest = :digest")


def due(table: Table, call_id: str, cut: int, boundary: int) -> Any:
    """The condition under which a row of a pending store belongs to the batch at `boundary`, when the last that was cut is `cut`."""
    return and_(table.c.call == call_id, table.c.batch > cut, table.c.batch <= boundary)


def reports_due(connection: Connection, call_id: str, cut: int, boundary: int) -> list[tuple[bytes, bytes]]:
    """Entry and digest of every report of that batch, by ascending leaf hash (section 7)."""
    table = models.pending_reports
    rows = connection.execute(select(table.c.digest, table.c.handle).where(due(table, call_id, cut, boundary))).all()
    ordered = sorted((leaf_hash(entry), entry, row.digest) for row in rows for entry in (report_entry(row.digest, row.handle),))
    return [(entry, digest) for _, entry, digest in ordered]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch, named by its boundary, and the digests that were laid ready for it, a list for each transaction that did so."""

    boundary: int
    steps: Sequence[Sequence[bytes]] = ()


def steps_before(connection: Connection, call_id: str, boundary: int) -> list[list[bytes]]:
    """The digests whose envelopes are to be laid ready before the batch at `boundary` is cut, a list for each step.

    They are by ascending leaf hash, as the batch will be. Empty when the batch is small enough to be copied at one stroke.
    """
    waiting, parts = models.pending_reports, models.pending_envelopes
    cut = connection.execute(select(models.logs.c.cut).where(models.logs.c.call == call_id)).scalar_one()
    mine = (parts.c.call == waiting.c.call, parts.c.digest == waiting.c.digest)
    size = select(func.coalesce(func.sum(func.length(parts.c.bytes)), 0)).where(*mine).scalar_subquery()
    asked = select(waiting.c.digest, size.label("size")).where(due(waiting, call_id, cut, boundary))
    sizes = {bytes(row.digest): int(row.size) for row in connection.execute(asked)}
    if sum(sizes.values()) <= STEP_BYTES:
        return []
    steps: list[list[bytes]] = []
    room = 0
    for _, digest in reports_due(connection, call_id, cut, boundary):
        if not steps or sizes[digest] > room or len(steps[-1]) == STEP_REPORTS:
            steps.append([])
            room = STEP_BYTES
        steps[-1].append(digest)
        room -= sizes[digest]
    return steps


def lay_ready(connection: Connection, call_id: str, digests: Sequence[bytes]) -> None:
    """Copy these envelopes into the published store, unless they stand there or were destroyed. Doing it twice does no harm.

    Under the call's exclusive lock: a withdrawal at the same time would leave the copy behind.
    """
    hold_call(connection, call_id)
    connection.execute(_COPY, [{"call": call_id, "digest": digest} for digest in digests])


def complete(connection: Connection, call_id: str, digests: Sequence[bytes], steps: Sequence[Sequence[bytes]]) -> None:
    """Have all envelopes of the batch, whose digests these are in its order, in the published store; `steps` were laid ready.

    Run under the call's exclusive lock. Where one is missing all of them are copied anew: one that came after the steps, which takes a
    clock that was set back, would show by its place that it was the last.
    """
    ready = {digest for step in steps for digest in step}
    if ready.issuperset(digests) and all(_stands(connection, call_id, step) for step in steps):
        return
    keys = [{"call": call_id, "digest": digest} for digest in digests]
    connection.execute(_CLEAR, keys)
    connection.execute(_COPY, keys)


def _stands(connection: Connection, call_id: str, step: Sequence[bytes]) -> bool:
    """Whether a step is in this database: it was one transaction, so that one envelope of it stands for all.

    It is not where the database was brought back from an older time since. Each look costs SQLite as much as reading a dozen envelopes.
    """
    parts, there = models.pending_envelopes, models.envelopes
    held = select(parts.c.digest).where(parts.c.call == call_id, parts.c.digest.in_(step), parts.c.part == 0).limit(1)
    digest = connection.execute(held).scalar_one_or_none()
    kept = exists().where(there.c.call == call_id, there.c.digest == digest, there.c.part == 0)
    return digest is None or bool(connection.execute(select(kept)).scalar_one())
