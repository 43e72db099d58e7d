"""`received`: the newest checkpoint that the reviewers imported and countersigned, kept and handed out (format.md section 7, F7.12)."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from app import models
from app.calls import StoredCall
from app.dialect import hold_call
from app.errors import OlderReceivedError
from app.publishing import entries_between
from crypto.errors import LogInconsistentError
from crypto.merkle import leaf_hash, root
from crypto.minisign import verify
from crypto.notes import VerifierKey, parse_checkpoint


@dataclass(frozen=True, slots=True)
class Received:
    """A checkpoint that reviewers hold everything of: its size, the bytes of its note, and their signature file over those."""

    size: int
    note: bytes
    signature: bytes


def load_received(connection: Connection, stored: StoredCall, note: bytes, signature: bytes) -> bool:
    """Keep what the reviewers handed back; False when that very note and signature are here already.

    Run in a writing transaction. Raises SignatureError when the reviewers did not sign it or it is no checkpoint of this log,
    LogInconsistentError when the log here is no extension of it, OlderReceivedError when a newer one is here.
    """
    call = stored.call
    verify(note, signature, call.signing_key)
    checkpoint = parse_checkpoint(note, VerifierKey.parse(call.log_vkey), call.origin)
    hold_call(connection, call.call)
    entries = entries_between(connection, call.call, 0, checkpoint.size)
    if len(entries) != checkpoint.size or root([leaf_hash(entry) for entry in entries]) != checkpoint.root:
        raise LogInconsistentError("The log in the database is not an extension of what the reviewers imported.")
    present = read_received(connection, call.call)
    offered = Received(checkpoint.size, note, signature)
    if present == offered:
        return False
    if present is not None and offered.size < present.size:
        raise OlderReceivedError("The reviewers have countersigned a longer log than this, and that is here already.")
    table = models.received
    connection.execute(table.delete().where(table.c.call == call.call))
    connection.execute(table.insert(), {"call": call.call, "size": offered.size, "note": note, "signature": signature})
    return True


def read_received(connection: Connection, call_id: str) -> Received | None:
    """What was loaded last, None when nothing was."""
    table = models.received
    row = connection.execute(select(table).where(table.c.call == call_id)).one_or_none()
    return None if row is None else Received(int(row.size), bytes(row.note), bytes(row.signature))
