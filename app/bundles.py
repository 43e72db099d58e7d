"""The bundle: what reviewers carry off (format.md section 10), written as a stream out of one state of the database."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import BinaryIO

from sqlalchemy import Connection, func, select

from app import models
from app.calls import StoredCall
from app.errors import LogKeyError
from app.publishing import signed_entries
from app.timestamps import read_tokens
from crypto.bundle import Member, checkpoint_name, envelope_name, token_name, write_bundle
from crypto.entries import frame, parse_entry, withdraw_entry
from crypto.merkle import leaf_hash
from crypto.notes import SignerKey


def write_call_bundle(connection: Connection, stored: StoredCall, signer: SignerKey, out: BinaryIO) -> int:
    """Write the bundle of a call to an empty seekable file; return the number of envelopes in it.

    Run in a reading transaction, so that log, checkpoints and envelopes are of one state. The log is given as far as its newest checkpoint
    reaches. Memory holds the log and one part of one envelope. Raises LogKeyError when nothing of the log was signed yet.
    """
    log = signed_entries(connection, stored.call.call)
    if not log:
        raise LogKeyError("The log of this call has no checkpoint yet: run `saksei-intake publish`.")
    members = [*_documents(stored), *_log_members(connection, stored, log)]
    envelopes = list(_envelope_members(connection, stored, log))
    write_bundle(out, [*members, *envelopes], signer, stored.call.origin)
    return len(envelopes)


def _documents(stored: StoredCall) -> Iterator[Member]:
    yield Member.of("call.json", stored.document)
    yield Member.of("SHA256SUMS", stored.sums)
    yield Member.of("SHA256SUMS.minisig", stored.signature)
    if stored.form is not None:
        yield Member.of("form.html", stored.form)


def _log_members(connection: Connection, stored: StoredCall, log: list[bytes]) -> Iterator[Member]:
    yield Member.of("log/entries", frame(log))
    batches = models.batches
    signed = select(batches.c.size, batches.c.note).where(batches.c.call == stored.call.call, batches.c.note.is_not(None))
    for size, note in connection.execute(signed.order_by(batches.c.size)):
        yield Member.of(checkpoint_name(size), note)
    for size, authority, token in read_tokens(connection, stored.call.call):
        yield Member.of(token_name(size, authority), token)
    yield Member.of("log/pending", frame(unlogged_withdrawals(connection, stored.call.call, log)))


def unlogged_withdrawals(connection: Connection, call_id: str, log: Iterable[bytes]) -> list[bytes]:
    """Withdraw entries that were taken and are not in these entries of the log, by ascending leaf hash."""
    taken: set[bytes] = set()
    for table in (models.withdrawals, models.pending_withdrawals):
        rows = connection.execute(select(table.c.handle, table.c.secret).where(table.c.call == call_id))
        taken.update(withdraw_entry(handle, secret) for handle, secret in rows)
    return sorted(taken.difference(log), key=leaf_hash)


def _envelope_members(connection: Connection, stored: StoredCall, log: list[bytes]) -> Iterator[Member]:
    parts = models.envelopes
    sizes = select(parts.c.digest, func.sum(func.length(parts.c.bytes))).where(parts.c.call == stored.call.call).group_by(parts.c.digest)
    kept = {bytes(digest): int(size) for digest, size in connection.execute(sizes)}
    for entry in map(parse_entry, log):
        if entry.kind == "report" and entry.digest in kept:
            chunks = partial(read_envelope, connection, stored.call.call, entry.digest)
            yield Member(envelope_name(entry.digest), kept[entry.digest], entry.digest, chunks)


def read_envelope(connection: Connection, call_id: str, digest: bytes) -> Iterator[bytes]:
    """The parts of a published envelope, in order, each read when it is asked for; nothing when it was destroyed."""
    parts = models.envelopes
    part = 0
    while True:
        one = select(parts.c.bytes).where(parts.c.call == call_id, parts.c.digest == digest, parts.c.part == part)
        content = connection.execute(one).scalar_one_or_none()
        if content is None:
            return
        yield content
        part += 1
