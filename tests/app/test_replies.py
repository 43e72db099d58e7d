"""Rounds of replies: signed, of the live reports, replaced as a whole, handed out by prefix (format.md section 8)."""

import asyncio
import hashlib
import time
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Connection

from app import models
from app.errors import BusyError
from app.publishing import checkpoint, log_size
from app.receipts import withdraw
from app.received import load_received
from app.replies import load_round, read_pages, select_round
from app.submissions import accept
from crypto.errors import CryptoError, HandleMismatchError, SignatureError, SizeError
from crypto.minisign import SecretKey
from crypto.receipts import Receipt
from crypto.replies import RECORD_SIZE, Reply, Round, build_round, check_fetched, open_reply, prefix, prefix_length
from tests.app.made import Intake, MadeCall

pytestmark = pytest.mark.anyio


async def publish_all(intake: Intake, call: MadeCall) -> None:
    while (await intake.service.database.read(partial(log_size, call_id=call.id))).waiting:
        await asyncio.sleep(0.1)
        assert await intake.service.publisher.publish()


async def logged(intake: Intake, call: MadeCall, count: int, *, start: int = 0) -> list[Receipt]:
    """Have this many reports in the log; their receipts."""
    receipts = [Receipt.generate() for _ in range(count)]
    for number, receipt in enumerate(receipts, start):
        quick = call.quick(number)
        report = replace(quick, handle=receipt.handle(call.id, 0))
        await intake.service.database.write(partial(accept, stored=call.stored, report=report, began=time.monotonic()))
    await publish_all(intake, call)
    return receipts


async def take_back(intake: Intake, call: MadeCall, receipt: Receipt) -> None:
    await intake.service.database.write(partial(withdraw, stored=call.stored, secret=receipt.withdraw(call.id, 0)))


def round_of(call: MadeCall, receipts: list[Receipt], told: dict[Receipt, str] | None = None) -> bytes:
    """What the reviewers write: a record for each, a reply for some."""
    replies = {receipt.handle(call.id, 0): Reply(receipt.reply_key(call.id), text) for receipt, text in (told or {}).items()}
    return build_round(call.id, [receipt.handle(call.id, 0) for receipt in receipts], replies)


async def load(intake: Intake, call: MadeCall, content: bytes, signature: str | None = None) -> int:
    signed = (signature or call.signing.sign(content)).encode()
    return await intake.service.database.write(partial(load_round, stored=call.stored, content=content, signature=signed))


async def receive(intake: Intake, call: MadeCall) -> None:
    """Load what reviewers countersign when they import the log as it is now."""
    note = await intake.service.database.read(partial(checkpoint, call_id=call.id))
    assert note is not None
    signature = call.signing.sign(note).encode()
    await intake.service.database.write(partial(load_received, stored=call.stored, note=note, signature=signature))


async def test_holder_reads_the_reply(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    receipts = await logged(intake, hasty, 5)
    holder = receipts[2]
    assert await load(intake, hasty, round_of(hasty, receipts, {holder: "ការឆ្លើយតប"})) == 5
    handle = holder.handle(hasty.id, 0)
    asked = prefix(handle, len(receipts))
    answer = await intake.client.get(f"/calls/{hasty.id}/replies/{asked}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream")
    record = check_fetched(answer.content, asked=asked, live=len(receipts)).find(handle)
    assert record is not None
    assert open_reply(record, call=hasty.id, reply_key=holder.reply_key(hasty.id)) == "ការឆ្លើយតប"


async def test_round_replaces_the_last(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    receipts = await logged(intake, hasty, 3)
    await load(intake, hasty, round_of(hasty, receipts, {receipts[0]: "first"}))
    second = round_of(hasty, receipts, {receipts[1]: "second"})
    await load(intake, hasty, second)
    assert (await intake.client.get(f"/calls/{hasty.id}/replies/all")).content == second


async def test_no_round_is_not_found(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    answer = await intake.client.get(f"/calls/{asked.id}/replies/all")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert (await intake.client.get("/calls/unknown/replies/all")).json()["code"] == "wrong-call"


@pytest.mark.parametrize("odd", ["0", "ALL", "a0", "all0", "%00", "f" * 64, "-1", "é"])
async def test_other_prefixes_are_no_match(intake: Intake, hasty: MadeCall, odd: str) -> None:
    await intake.add(hasty)
    await load(intake, hasty, round_of(hasty, await logged(intake, hasty, 2)))
    answer = await intake.client.get(f"/calls/{hasty.id}/replies/{odd}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no-match")


async def test_refused_round_changes_nothing(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    receipts = await logged(intake, hasty, 3)
    good = round_of(hasty, receipts)
    await load(intake, hasty, good)
    backwards = b"".join(Round.parse(good)[at] for at in (2, 1, 0))
    broken: list[tuple[bytes, str | None, type[CryptoError]]] = [
        (good, SecretKey.generate().sign(good), SignatureError),
        (good[:-1] + b"\0", hasty.signing.sign(good), SignatureError),
        (good[:-1], None, SizeError),
        (backwards, None, HandleMismatchError),
        (round_of(hasty, receipts[1:]), None, HandleMismatchError),
        (round_of(hasty, [*receipts, Receipt.generate()]), None, HandleMismatchError),
    ]
    for content, signature, error in broken:
        with pytest.raises(error):
            await load(intake, hasty, content, signature)
    assert (await intake.client.get(f"/calls/{hasty.id}/replies/all")).content == good


@pytest.mark.parametrize("in_log", [False, True], ids=["waiting", "in the log"])
async def test_withdrawn_may_be_absent(intake: Intake, hasty: MadeCall, in_log: bool) -> None:
    """Reviewers learn of a withdrawal before the log has it; a round made before they did is still theirs."""
    await intake.add(hasty)
    receipts = await logged(intake, hasty, 3)
    before = round_of(hasty, receipts)
    await take_back(intake, hasty, receipts[0])
    if in_log:
        await publish_all(intake, hasty)
    assert await load(intake, hasty, round_of(hasty, receipts[1:])) == 2
    assert await load(intake, hasty, before) == 3


async def test_imported_withdrawal_is_absent(intake: Intake, hasty: MadeCall) -> None:
    """Once reviewers countersigned a log that has it, a record for a withdrawn report is refused."""
    await intake.add(hasty)
    receipts = await logged(intake, hasty, 3)
    await take_back(intake, hasty, receipts[0])
    await publish_all(intake, hasty)
    await receive(intake, hasty)
    with pytest.raises(HandleMismatchError):
        await load(intake, hasty, round_of(hasty, receipts))
    assert await load(intake, hasty, round_of(hasty, receipts[1:])) == 2


async def test_round_of_an_older_log(intake: Intake, hasty: MadeCall) -> None:
    """A log that grew since is no hindrance, until reviewers countersign what is new."""
    await intake.add(hasty)
    older = await logged(intake, hasty, 2)
    await receive(intake, hasty)
    newer = await logged(intake, hasty, 2, start=2)
    assert await load(intake, hasty, round_of(hasty, older)) == 2
    await receive(intake, hasty)
    with pytest.raises(HandleMismatchError):
        await load(intake, hasty, round_of(hasty, older))
    assert await load(intake, hasty, round_of(hasty, older + newer)) == 4


def fill(connection: Connection, call_id: str, count: int) -> None:
    """A round of many records, put where loading puts it."""
    handles = [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(count)]
    rows = [{"call": call_id, "handle": handle, "bytes": bytes(RECORD_SIZE - 32)} for handle in handles]
    connection.execute(models.replies.insert(), rows)
    connection.execute(models.rounds.insert(), {"call": call_id, "digest": bytes(32), "records": count})


async def test_many_are_asked_by_one_digit(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    count = 8192
    assert prefix_length(count) == 1
    await intake.service.database.write(partial(fill, call_id=asked.id, count=count))
    found = 0
    for digit in ("0", "7", "f"):
        answer = await intake.client.get(f"/calls/{asked.id}/replies/{digit}")
        part = check_fetched(answer.content, asked=digit, live=count)
        assert answer.headers["content-length"] == str(len(part) * RECORD_SIZE)
        found += len(part)
    assert found == sum(hashlib.sha256(number.to_bytes(4, "big")).hexdigest()[0] in "07f" for number in range(count))
    for other in ("00", "F", "g"):
        assert (await intake.client.get(f"/calls/{asked.id}/replies/{other}")).json()["code"] == "no-match"


async def test_clients_count_the_log(intake: Intake, asked: MadeCall) -> None:
    """Where the log has fewer live reports than the round had, `all` is what clients ask for by F8.5, and it is answered."""
    await intake.add(asked)
    await intake.service.database.write(partial(fill, call_id=asked.id, count=8192))
    selection = await intake.service.database.read(partial(select_round, call_id=asked.id, prefix="all"))
    assert selection is not None
    assert selection.records == 8192


async def test_no_answer_of_two_rounds(intake: Intake, asked: MadeCall) -> None:
    """A round that is replaced while it is read breaks the answer off; the twin, left alone, is read to its end."""
    await intake.add(asked)
    await intake.service.database.write(partial(fill, call_id=asked.id, count=1300))
    selection = await intake.service.database.read(partial(select_round, call_id=asked.id, prefix="all"))
    assert selection is not None
    whole = [len(page) // RECORD_SIZE async for page in read_pages(intake.service.database, selection)]
    assert whole == [512, 512, 276]
    pages = read_pages(intake.service.database, selection)
    await anext(pages)
    await intake.service.database.write(lambda c: c.execute(models.rounds.update().values(digest=b"\x01" * 32)) and None)
    with pytest.raises(BusyError):
        await anext(pages)
