"""One flipped byte, at every offset of whatever passes between server and reviewers, is refused: the bundle (F10), `received`, a round.

The bundle is the one of the vectors: it has form.html, checkpoints, a token of an authority, a withdrawal that waits, and a report of every
outcome. Which bit is flipped goes round with the offset.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from crypto import bundle, minisign, notes, replies
from crypto.errors import CryptoError
from tests.vectors import intake, world
from tests.vectors.written.bundle import EARLY, OUTCOMES, Exported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUNDLE = Exported().to_bytes()
RECEIVED = intake.checkpoint(EARLY)
RECEIVED_SIGNATURE = world.SIGNING.sign(RECEIVED).encode()
ROUND = replies.build_round(world.CALL, [world.HANDLE, world.handle(1)], {world.HANDLE: replies.Reply(world.REPLY_KEY, "អរគុណ")})
ROUND_SIGNATURE = world.SIGNING.sign(ROUND).encode()


def read_received(untrusted: bytes, signature: bytes) -> int:
    """Return the size of the log that reviewers countersigned, as server and submitters read it."""
    minisign.verify(untrusted, signature, world.SIGNING.public_key)
    return notes.parse_checkpoint(untrusted, world.LOG_KEY.vkey, world.ORIGIN).size


def read_round(untrusted: bytes, signature: bytes) -> int:
    return len(replies.verify_round(untrusted, signature, world.SIGNING.public_key))


READ: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "bundle": (BUNDLE, lambda untrusted: bundle.open_bundle(io.BytesIO(untrusted))),
    "received": (RECEIVED, lambda untrusted: read_received(untrusted, RECEIVED_SIGNATURE)),
    "received.minisig": (RECEIVED_SIGNATURE, lambda untrusted: read_received(RECEIVED, untrusted)),
    "replies.bin": (ROUND, lambda untrusted: read_round(untrusted, ROUND_SIGNATURE)),
    "replies.bin.minisig": (ROUND_SIGNATURE, lambda untrusted: read_round(ROUND, untrusted)),
}


def accepted(content: bytes, read: Callable[[bytes], object]) -> Iterator[int]:
    """Give the offset of every flip that `read` takes."""
    flipped = bytearray(content)
    for at in range(len(content)):
        flipped[at] ^= 1 << at % 8
        try:
            read(bytes(flipped))
        except CryptoError:
            pass
        else:
            yield at
        flipped[at] ^= 1 << at % 8


@pytest.mark.parametrize("name", READ)
def test_every_flipped_byte_is_refused(name: str) -> None:
    content, read = READ[name]
    assert list(accepted(content, read)) == []


def test_twin_what_is_flipped_is_accepted_whole() -> None:
    whole = bundle.open_bundle(io.BytesIO(BUNDLE))
    assert [found.outcome for found in whole.outcomes] == [each["outcome"] for each in OUTCOMES]
    assert {found.outcome for found in whole.outcomes} == {"on-time-proven", "withdrawn", "missing", "time-unproven", "late"}
    assert [token.time is not None for token in whole.tokens] == [True]
    assert (read_received(RECEIVED, RECEIVED_SIGNATURE), read_round(ROUND, ROUND_SIGNATURE)) == (EARLY, 2)


def test_twin_a_byte_that_nobody_reads_is_noticed() -> None:
    end = len(RECEIVED_SIGNATURE) - 1
    lenient = list(accepted(RECEIVED_SIGNATURE, lambda untrusted: read_received(RECEIVED, untrusted[:end] + b"\n")))
    assert lenient == [end]
