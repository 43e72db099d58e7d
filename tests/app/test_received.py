"""What reviewers countersigned: kept when it is of this log and newer, handed out byte for byte (format.md section 7)."""

import asyncio
import time
from collections.abc import Callable
from functools import partial

import pytest

from app.errors import OlderReceivedError
from app.publishing import checkpoint, log_size
from app.received import load_received, read_received
from app.submissions import accept
from crypto.errors import CryptoError, LogInconsistentError, SignatureError
from crypto.minisign import SecretKey, verify
from crypto.notes import Checkpoint
from tests.app.made import Intake, MadeCall

pytestmark = pytest.mark.anyio


async def grow(intake: Intake, call: MadeCall, number: int) -> bytes:
    """Take one report more into the log and return the checkpoint over it."""
    await intake.service.database.write(partial(accept, stored=call.stored, report=call.quick(number), began=time.monotonic()))
    while (await intake.service.database.read(partial(log_size, call_id=call.id))).waiting:
        await asyncio.sleep(0.1)
        assert await intake.service.publisher.publish()
    return await newest(intake, call)


async def newest(intake: Intake, call: MadeCall) -> bytes:
    note = await intake.service.database.read(partial(checkpoint, call_id=call.id))
    assert note is not None
    return note


async def load(intake: Intake, call: MadeCall, note: bytes, signature: bytes | None = None) -> bool:
    signature = call.signing.sign(note).encode() if signature is None else signature
    return await intake.service.database.write(partial(load_received, stored=call.stored, note=note, signature=signature))


async def test_nothing_before_it_is_loaded(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    for name in ("received", "received.minisig"):
        answer = await intake.client.get(f"/calls/{asked.id}/log/{name}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        unknown = await intake.client.get(f"/calls/unknown/log/{name}")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "wrong-call")


async def test_served_byte_for_byte(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    note = await newest(intake, asked)
    assert await load(intake, asked, note)
    served = await intake.client.get(f"/calls/{asked.id}/log/received")
    signature = await intake.client.get(f"/calls/{asked.id}/log/received.minisig")
    assert served.content == note
    verify(served.content, signature.content, asked.stored.call.signing_key)


async def test_newer_replaces_older_never(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    first = await newest(intake, hasty)
    first_signature = hasty.signing.sign(first).encode()
    assert await load(intake, hasty, first, first_signature)
    assert not await load(intake, hasty, first, first_signature)
    second = await grow(intake, hasty, 1)
    assert await load(intake, hasty, second)
    with pytest.raises(OlderReceivedError):
        await load(intake, hasty, first)
    found = await intake.service.database.read(partial(read_received, call_id=hasty.id))
    assert found is not None
    assert (found.size, found.note) == (2, second)


def other_log(call: MadeCall) -> bytes:
    return call.log_key.sign(Checkpoint("example.org/other", 1, bytes(32)).text())


def other_root(call: MadeCall) -> bytes:
    return call.log_key.sign(Checkpoint(call.stored.call.origin, 1, bytes(32)).text())


def longer(call: MadeCall) -> bytes:
    return call.log_key.sign(Checkpoint(call.stored.call.origin, 9, bytes(32)).text())


def no_note(_call: MadeCall) -> bytes:
    return b"x\n"


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (other_log, SignatureError),
        (other_root, LogInconsistentError),
        (longer, LogInconsistentError),
        (lambda _call: b"x\n", SignatureError),
    ],
    ids=["another log", "another history", "longer than ours", "no note"],
)
async def test_other_checkpoints_are_refused(
    intake: Intake, asked: MadeCall, make: Callable[[MadeCall], bytes], error: type[CryptoError]
) -> None:
    """Each signed by the reviewers: it is the checkpoint that is refused."""
    await intake.add(asked)
    with pytest.raises(error):
        await load(intake, asked, make(asked))
    assert (await intake.client.get(f"/calls/{asked.id}/log/received")).status_code == 404


async def test_other_signatures_are_refused(intake: Intake, asked: MadeCall) -> None:
    """The twin: the right checkpoint, and it is the signature that is refused."""
    await intake.add(asked)
    note = await newest(intake, asked)
    for signature in (SecretKey.generate().sign(note), asked.signing.sign(note + b"x"), ""):
        with pytest.raises(SignatureError):
            await load(intake, asked, note, signature.encode())
    assert (await intake.client.get(f"/calls/{asked.id}/log/received")).status_code == 404
    assert await load(intake, asked, note)
