"""What somebody with a receipt can do here: see where the report stands, and withdraw it (format.md sections 4 and 8)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import DBAPIError

from app import models
from app.calls import StoredCall
from app.dialect import insert_once, now_ms, refused_by_trigger, share_call
from app.errors import ClosedError, UnknownReportError
from app.publishing import is_destroyed
from app.submissions import sign_promise
from crypto.entries import withdraw_entry
from crypto.notes import SignerKey
from crypto.receipts import MAX_ADDITIONS, Receipt

SECRET_BYTES = 32


class Standing(StrEnum):
    """Where a report stands: taken and waiting for its batch, in the log, withdrawn, or destroyed with its call."""

    PENDING = "pending"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal that was taken: the handle it is about, withdraw_n, and the batch it was promised."""

    handle: bytes
    secret: bytes
    batch: int


def withdraw(connection: Connection, stored: StoredCall, secret: bytes) -> Withdrawal:
    """Take a withdrawal and destroy the envelope in this same transaction; a repeated one finds what was promised first.

    `secret` is withdraw_n (32 bytes). Run in a writing transaction. Raises UnknownReportError when no report has this handle, ClosedError
    when retention has ended.
    """
    call_id = stored.call.call
    handle = hashlib.sha256(secret).digest()
    share_call(connection, call_id)
    before = _withdrawn_before(connection, call_id, handle)
    if before is not None:
        return Withdrawal(handle, secret, before)
    if not _digests(connection, call_id, handle):
        raise UnknownReportError("No report here belongs to this receipt.")
    now = now_ms(connection)
    if now >= stored.ends * 1000 or is_destroyed(connection, call_id):  # nothing comes after the end, even where a clock went back
        raise ClosedError("Retention has ended; what was here is destroyed.")
    cut = connection.execute(select(models.logs.c.cut).where(models.logs.c.call == call_id)).scalar_one()
    batch = max(stored.schedule.after(max(now // 1000, cut)), _batch_of_report(connection, call_id, handle))
    try:
        inserted = insert_once(
            connection, models.pending_withdrawals, {"call": call_id, "handle": handle, "secret": secret, "batch": batch}
        )
    except DBAPIError as error:
        if refused_by_trigger(error):
            raise ClosedError("Retention has ended; what was here is destroyed.") from None
        raise
    if not inserted:  # the same withdrawal came in another transaction meanwhile
        batch = _withdrawn_before(connection, call_id, handle) or batch
    destroy_envelopes(connection, call_id, _digests(connection, call_id, handle))
    return Withdrawal(handle, secret, batch)


def promise_withdrawal(stored: StoredCall, withdrawal: Withdrawal, signer: SignerKey) -> bytes:
    """The promise for a withdrawal that is durable. The same withdrawal gives the same bytes."""
    return sign_promise(stored, withdraw_entry(withdrawal.handle, withdrawal.secret), withdrawal.batch, signer)


def destroy_envelopes(connection: Connection, call_id: str, digests: Sequence[bytes]) -> None:
    """Delete every part of these envelopes from both stores."""
    for table in (models.pending_envelopes, models.envelopes):
        connection.execute(delete(table).where(table.c.call == call_id, table.c.digest.in_(digests)))


def standings(connection: Connection, call_id: str, receipt: Receipt) -> dict[int, Standing]:
    """Where each report of the receipt stands, by its n (0 is the first, 1..99 are additions); those never sent are absent."""
    numbers = {receipt.handle(call_id, n): n for n in range(MAX_ADDITIONS + 1)}
    logged = Standing.DESTROYED if is_destroyed(connection, call_id) else Standing.PUBLISHED
    found: dict[int, Standing] = {}
    for table, standing in (
        (models.pending_reports, Standing.PENDING),
        (models.reports, logged),
        (models.pending_withdrawals, Standing.WITHDRAWN),
        (models.withdrawals, Standing.WITHDRAWN),
    ):
        rows = connection.execute(select(table.c.handle).where(table.c.call == call_id, table.c.handle.in_(list(numbers))))
        found.update({numbers[handle]: standing for handle in rows.scalars()})
    return dict(sorted(found.items()))


def _withdrawn_before(connection: Connection, call_id: str, handle: bytes) -> int | None:
    for table in (models.withdrawals, models.pending_withdrawals):
        batch = connection.execute(select(table.c.batch).where(table.c.call == call_id, table.c.handle == handle)).scalar_one_or_none()
        if batch is not None:
            return int(batch)
    return None


def _batch_of_report(connection: Connection, call_id: str, handle: bytes) -> int:
    """The batch that a report waits for, else 0: its withdrawal must not be logged before it, even where the clock was set back."""
    waiting = models.pending_reports
    batch = connection.execute(select(waiting.c.batch).where(waiting.c.call == call_id, waiting.c.handle == handle)).scalar_one_or_none()
    return int(batch or 0)


def _digests(connection: Connection, call_id: str, handle: bytes) -> list[bytes]:
    found: list[bytes] = []
    for table in (models.reports, models.pending_reports):
        found += connection.execute(select(table.c.digest).where(table.c.call == call_id, table.c.handle == handle)).scalars()
    return found
