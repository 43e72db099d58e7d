"""Tokens of RFC 3161 authorities over checkpoints: which are wanted, keeping one, and what they prove so far (format.md F7.11 and F10.10).

Nothing is kept that the certificate in call.json does not vouch for. Nothing here speaks to an authority: app.authorities does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from app import models
from app.calls import StoredCall
from app.dialect import insert_once, now_ms
from app.publishing import checkpoint_size
from app.schedule import PUBLISHING_SECONDS
from crypto.entries import close_entry
from crypto.errors import SignatureError, TooLargeError
from crypto.timestamps import TOKEN_LIMIT, stamped, token_time
from questionnaire.models import TimestampAuthority

FRESH_SECONDS = 3600
"""How long a checkpoint may be without a token before `check` complains: the timer asks more often than that."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A signed checkpoint, its size and its note, that an authority of the call has not stamped."""

    size: int
    note: bytes
    authority: TimestampAuthority


@dataclass(frozen=True, slots=True)
class Standing:
    """What the tokens of a call prove so far; `holds` is false where something can still be done about it."""

    holds: bool
    sentence: str


def wanted_tokens(connection: Connection, stored: StoredCall) -> list[Wanted]:
    """Every checkpoint without a token, for each authority of the call in its order, the newest first: that one proves the most."""
    tokens = models.tokens
    rows = connection.execute(select(tokens.c.size, tokens.c.authority).where(tokens.c.call == stored.call.call))
    kept = {(int(row.size), str(row.authority)) for row in rows}
    signed = sorted(_signed(connection, stored.call.call).items(), reverse=True)
    return [
        Wanted(size, note, authority)
        for authority in stored.call.timestamp_authorities
        for size, note in signed
        if (size, authority.name) not in kept
    ]


def keep_token(connection: Connection, stored: StoredCall, wanted: Wanted, token: bytes) -> bool:
    """Verify a token over a checkpoint and keep it; False when there is one already, which stands: the first says the earliest time.

    Run in a writing transaction. Raises TooLargeError, or SignatureError when it is not that authority's, or not over this checkpoint.
    """
    if len(token) > TOKEN_LIMIT:
        raise TooLargeError("This is longer than a timestamp token can be.")
    token_time(token, wanted.note, wanted.authority.certificate)
    row = {"call": stored.call.call, "size": wanted.size, "authority": wanted.authority.name, "token": token}
    return insert_once(connection, models.tokens, row)


def load_token(connection: Connection, stored: StoredCall, token: bytes) -> tuple[Wanted, bool]:
    """Find the checkpoint and the authority of a token that came by hand, and keep it; say which, and whether it is new.

    Run in a writing transaction. Raises TooLargeError, or SignatureError for what is no token of an authority of this call over one of its
    checkpoints.
    """
    if len(token) > TOKEN_LIMIT:
        raise TooLargeError("This is longer than a timestamp token can be.")
    sizes = {note: size for size, note in _signed(connection, stored.call.call).items()}
    note = stamped(token, sizes)
    if note is None:
        raise SignatureError("The token is over no checkpoint of this call's log.")
    for authority in stored.call.timestamp_authorities:
        wanted = Wanted(sizes[note], note, authority)
        try:
            return wanted, keep_token(connection, stored, wanted, token)
        except SignatureError:
            continue
    raise SignatureError("The token is by no timestamp authority that call.json names.")


def read_token(connection: Connection, call_id: str, size: int, authority: str) -> bytes | None:
    """The token of an authority over the checkpoint of this size; None when there is none."""
    tokens = models.tokens
    one = select(tokens.c.token).where(tokens.c.call == call_id, tokens.c.size == size, tokens.c.authority == authority)
    token = connection.execute(one).scalar_one_or_none()
    return None if token is None else bytes(token)


def read_tokens(connection: Connection, call_id: str) -> Iterator[tuple[int, str, bytes]]:
    """Size, authority and bytes of every token over a checkpoint that is signed, by size and name."""
    tokens = models.tokens
    signed = _signed(connection, call_id)
    rows = connection.execute(select(tokens).where(tokens.c.call == call_id).order_by(tokens.c.size, tokens.c.authority))
    return ((int(row.size), str(row.authority), bytes(row.token)) for row in rows if row.size in signed)


def judge_tokens(connection: Connection, stored: StoredCall) -> Standing:
    """Whether the checkpoint that matters has its tokens: the newest, and once the close is in the log the first that covers it.

    A token over the close proves that reports were on time only when it says at most an hour after the close (F10.14).
    """
    call = stored.call
    target = _closing_size(connection, call.call)
    limit = call.close + PUBLISHING_SECONDS if target else None
    stamps = _proving(connection, stored, target or checkpoint_size(connection, call.call), limit)
    missing = len(call.timestamp_authorities) - len(stamps)
    now = now_ms(connection) // 1000
    cut = connection.execute(select(models.logs.c.cut).where(models.logs.c.call == call.call)).scalar_one()
    if not missing:
        return Standing(True, "every authority has stamped the checkpoint that matters")
    if stamps:
        return Standing(True, f"the checkpoint that matters is stamped; {missing} of the authorities have not done so")
    if limit is not None and now > limit:
        return Standing(True, "no token over the close came within an hour of it: that reports came on time stays unproven for good")
    if cut and now < cut + FRESH_SECONDS:
        return Standing(True, "the newest checkpoint waits for its token")
    return Standing(False, "no authority has stamped the newest checkpoint: `saksei-intake timestamps fetch`, or load a token by hand.")


def _proving(connection: Connection, stored: StoredCall, size: int, limit: int | None) -> set[str]:
    """Names of the authorities with a token over a checkpoint of at least this size that says at most `limit`."""
    certificates = {authority.name: authority.certificate for authority in stored.call.timestamp_authorities}
    notes = _signed(connection, stored.call.call)
    found: set[str] = set()
    for at, name, token in read_tokens(connection, stored.call.call):
        if at < size or name not in certificates:
            continue
        try:
            time = token_time(token, notes[at], certificates[name])
        except SignatureError:
            continue
        if limit is None or time <= limit:
            found.add(name)
    return found


def _closing_size(connection: Connection, call_id: str) -> int | None:
    """The least signed size that covers the close; None while there is none."""
    entries, batches = models.entries, models.batches
    closed = select(entries.c.position).where(entries.c.call == call_id, entries.c.entry == close_entry())
    position = connection.execute(closed).scalar_one_or_none()
    if position is None:
        return None
    signed = select(func.min(batches.c.size)).where(batches.c.call == call_id, batches.c.size > position, batches.c.note.is_not(None))
    size = connection.execute(signed).scalar_one()
    return None if size is None else int(size)


def _signed(connection: Connection, call_id: str) -> dict[int, bytes]:
    """Every signed checkpoint by its size."""
    batches = models.batches
    rows = connection.execute(select(batches.c.size, batches.c.note).where(batches.c.call == call_id, batches.c.note.is_not(None)))
    return {int(row.size): bytes(row.note) for row in rows}
