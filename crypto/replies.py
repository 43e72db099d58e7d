"""Replies in rounds: one file of equal records, from which nobody but the holder of a receipt can tell who was answered (F8.3 to F8.6).

A round has one record of 4096 bytes for every live report of the reviewers' log, ascending by handle:

    handle (32)  nonce (12)  ChaCha20-Poly1305(reply_key, nonce, length (2, BE) || UTF-8 || zeros up to 4036)

Where there is no reply, everything after the handle is random. Clients do not ask for their record but for all records under a prefix of
their handle, and refuse so few that the server would learn which one they want.

What a reader refuses, in this order:

1. A round, or what was fetched of one, is not made of whole records, or a client is given fewer than min(256, live reports): `size`.
2. Handles do not ascend, are not those of the live reports, or do not stand under the prefix that was asked for: `handle-mismatch`.
3. A record opens, but its length does not fit it or its end is not zero: `padding`; it holds no UTF-8: `payload`.

A record that does not open holds no reply, and that is no error.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto.errors import HandleMismatchError, NoMatchError, PaddingError, PayloadError, SizeError, TooLargeError
from crypto.minisign import verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

RECORD_SIZE: Final = 4096
"""Bytes of every record."""
MAX_REPLY: Final = 4034
"""The most bytes of UTF-8 that a reply may have."""
LEAST_RECORDS: Final = 256
"""With fewer records than this, or than there are live reports, a client refuses the answer."""
ALL: Final = "all"
"""What stands in place of a prefix of no digits."""

_HANDLE_SIZE: Final = 32
_NONCE_SIZE: Final = 12
_TEXT: Final = _HANDLE_SIZE + _NONCE_SIZE
_PLAIN_SIZE: Final = 2 + MAX_REPLY
_CLASS_SIZE: Final = 512  # live reports on average under one prefix, at least
_PREFIX: Final = re.compile("[0-9a-f]{1,64}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What one reporter is told: the text, and the 32 bytes `reply_key` of the report that it answers. Both are kept out of repr."""

    reply_key: bytes = field(repr=False)
    text: str = field(repr=False)


def seal_reply(text: str, *, call: str, handle: bytes, reply_key: bytes) -> bytes:
    """Return the record of 4096 bytes that tells `text` to the writer of the report `handle` (F8.3).

    Raises:
        TooLargeError: the text has more than 4034 bytes of UTF-8.
        ValueError: the handle has not 32 bytes, or the text holds a lone surrogate.
    """
    content = text.encode("utf-8")
    if len(content) > MAX_REPLY:
        raise TooLargeError("A reply has at most 4034 bytes.")
    plain = (len(content).to_bytes(2, "big") + content).ljust(_PLAIN_SIZE, b"\0")
    nonce = os.urandom(_NONCE_SIZE)
    return _checked(handle) + nonce + ChaCha20Poly1305(reply_key).encrypt(nonce, plain, _associated(call, handle))


def open_reply(record: bytes | memoryview, *, call: str, reply_key: bytes) -> str | None:
    """Return the reply in one record, None when this key opens none in it (F8.6).

    Raises:
        SizeError: a record has 4096 bytes.
        PaddingError, PayloadError: it opens, but holds no reply as F8.3 has it.
    """
    if len(record) != RECORD_SIZE:
        raise SizeError("A record of a round has 4096 bytes.")
    handle, nonce = bytes(record[:_HANDLE_SIZE]), bytes(record[_HANDLE_SIZE:_TEXT])
    try:
        plain = ChaCha20Poly1305(reply_key).decrypt(nonce, record[_TEXT:], _associated(call, handle))
    except InvalidTag:
        return None
    end = 2 + int.from_bytes(plain[:2], "big")
    if end > _PLAIN_SIZE or plain[end:].strip(b"\0"):
        raise PaddingError("A reply does not end where it says, or its padding is not zero.")
    try:
        return plain[2:end].decode("utf-8")
    except UnicodeDecodeError:
        raise PayloadError("A reply is not UTF-8.") from None


def build_round(call: str, live: Iterable[bytes], replies: Mapping[bytes, Reply]) -> bytes:
    """Return `replies.bin`: a record for every handle of `live`, random where `replies` has nothing for it (F8.3).

    Args:
        call: Id of the call.
        live: Handles (32 bytes) of all reports of the reviewers' log that are neither withdrawn nor destroyed, in any order.
        replies: What is told to whom, by handle.

    Raises:
        HandleMismatchError: a reply is for a report that is not live, or `live` names one twice.
        TooLargeError, ValueError: as `seal_reply`.
    """
    handles = sorted(live)
    if not replies.keys() <= set(handles):
        raise HandleMismatchError("A reply is for a report that is not live.")
    whole = b"".join(_records(call, handles, replies))
    Round.parse(whole)
    return whole


def _records(call: str, handles: Sequence[bytes], replies: Mapping[bytes, Reply]) -> Iterator[bytes]:
    for handle in handles:
        reply = replies.get(handle)
        if reply is None:
            yield _checked(handle) + os.urandom(RECORD_SIZE - _HANDLE_SIZE)
        else:
            yield seal_reply(reply.text, call=call, handle=handle, reply_key=reply.reply_key)


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """Whole records in ascending order of their handles: a round, or the part of one under a prefix. Holds a view, never a copy."""

    records: memoryview = field(repr=False)

    @classmethod
    def parse(cls, untrusted: bytes | memoryview) -> Round:
        """Return the records of `untrusted`; whose they are and who signed them is asked elsewhere.

        Raises:
            SizeError: the last record is not whole.
            HandleMismatchError: handles do not ascend strictly.
        """
        if len(untrusted) % RECORD_SIZE:
            raise SizeError("A round is made of records of 4096 bytes.")
        parsed = cls(memoryview(untrusted).toreadonly())
        if any(one >= other for one, other in pairwise(parsed.handles())):
            raise HandleMismatchError("The records of a round do not stand by ascending handle.")
        return parsed

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.records) // RECORD_SIZE

    def __getitem__(self, index: int) -> memoryview:
        """Return the record at a place from 0. Raises IndexError."""
        if not 0 <= index < len(self):
            raise IndexError("The round has no such record.")
        return self.records[index * RECORD_SIZE : (index + 1) * RECORD_SIZE]

    def handles(self) -> Iterator[bytes]:
        """Give the handles (32 bytes each) in their order."""
        return (bytes(self.records[at : at + _HANDLE_SIZE]) for at in range(0, len(self.records), RECORD_SIZE))

    def require_live(self, live: Iterable[bytes]) -> None:
        """Require a record for each of these handles and for no other (F8.3).

        Raises:
            HandleMismatchError: a live report has no record, or a record belongs to none.
        """
        if list(self.handles()) != sorted(live):
            raise HandleMismatchError("The round does not have one record for every live report.")

    def select(self, prefix: str) -> Round:
        """Return the records whose handle begins with these hex digits; `all` gives every one (F8.5).

        Raises:
            NoMatchError: this is no prefix of a handle.
        """
        if prefix == ALL:
            return self
        if _PREFIX.fullmatch(prefix) is None:
            raise NoMatchError("This is no prefix of a handle.")
        first = bytes.fromhex(prefix.ljust(2 * _HANDLE_SIZE, "0"))
        last = bytes.fromhex(prefix.ljust(2 * _HANDLE_SIZE, "f"))
        start = bisect_left(range(len(self)), first, key=self._handle)
        end = bisect_left(range(len(self)), last, key=self._handle)
        end += end < len(self) and self._handle(end) == last
        return Round(self.records[start * RECORD_SIZE : end * RECORD_SIZE])

    def find(self, handle: bytes) -> memoryview | None:
        """Return the record of this report, None when there is none."""
        found = self.select(handle.hex())
        return found[0] if len(found) else None

    def _handle(self, index: int) -> bytes:
        return bytes(self.records[index * RECORD_SIZE : index * RECORD_SIZE + _HANDLE_SIZE])


def verify_round(untrusted: bytes, signature: str | bytes, signing_key: str) -> Round:
    """Return the round that the reviewers signed (F8.4); only such a one replaces the one before.

    Raises:
        SignatureError: it is not signed by `signing_key`, the base64 line of call.json.
        SizeError, HandleMismatchError: as `Round.parse`.
    """
    verify(untrusted, signature, signing_key)
    return Round.parse(untrusted)


def prefix_length(live: int) -> int:
    """Return L, the greatest with 512·16^L ≤ `live` reports, 0 when even 512 are too many (F8.5)."""
    length = 0
    while _CLASS_SIZE << 4 * (length + 1) <= live:
        length += 1
    return length


def prefix(handle: bytes, live: int) -> str:
    """Return what the holder of `handle` asks for when `live` reports stand in the log: L hex digits, or `all` (F8.5)."""
    return _checked(handle).hex()[: prefix_length(live)] or ALL


def check_fetched(untrusted: bytes, *, asked: str, live: int) -> Round:
    """Return the records that a server answered with, having refused what would tell it too much (F8.5).

    Args:
        untrusted: The answer.
        asked: The prefix that was asked for, or `all`.
        live: The number of live reports by the public log.

    Raises:
        SizeError: fewer than min(256, live) records, or not whole ones.
        HandleMismatchError: records out of order, or outside of the prefix.
    """
    if len(untrusted) < RECORD_SIZE * min(LEAST_RECORDS, live):
        raise SizeError("The server answers with so few replies that it would learn which one is asked for.")
    fetched = Round.parse(untrusted)
    if len(fetched.select(asked)) != len(fetched):
        raise HandleMismatchError("The server answers with other replies than those that were asked for.")
    return fetched


def _associated(call: str, handle: bytes) -> bytes:
    return f"saksei/v1 reply\n{call}\n{handle.hex()}\n".encode()


def _checked(handle: bytes) -> bytes:
    if len(handle) != _HANDLE_SIZE:
        raise ValueError("A handle has 32 bytes.")
    return handle
