"""Routes that software reads: the call's own bytes, the log in pages, health (interfaces.md, "HTTP")."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import httpx
import pytest

from app.machine_routes import ENTRIES_AT_ONCE
from app.main import create_app, publish_until
from app.publishing import log_size, signed_entries
from app.receiving import Pace, Receiving
from app.service import of_request
from app.submissions import accept
from crypto.entries import check_entries, unframe
from crypto.merkle import leaf_hash, root
from crypto.minisign import verify
from crypto.notes import parse_checkpoint
from tests.app.made import Intake, MadeCall, PublicCall

pytestmark = pytest.mark.anyio

PATIENCE = 120


async def test_call_is_served_as_signed(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    document, sums, signature = [
        (await intake.client.get(f"/calls/{asked.id}/{name}")).content for name in ("call.json", "SHA256SUMS", "SHA256SUMS.minisig")
    ]
    assert document == asked.stored.document
    assert sums == f"{hashlib.sha256(document).hexdigest()}  call.json\n".encode()
    verify(sums, signature, asked.stored.call.signing_key)


async def test_offline_form_is_saved(intake: Intake, make_call: PublicCall) -> None:
    """form.html is handed over to be saved: under our own policy its inline script could not run."""
    call = make_call(form=b"<!doctype html>offline")
    await intake.add(call)
    answer = await intake.client.get(f"/calls/{call.id}/form.html")
    assert answer.content == b"<!doctype html>offline"
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_log_is_served(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    for number in range(20):
        await intake.service.database.write(partial(accept, stored=hasty.stored, report=hasty.quick(number), began=time.monotonic()))
    while (await intake.service.database.read(partial(log_size, call_id=hasty.id))).waiting:
        await asyncio.sleep(0.1)
        assert await intake.service.publisher.publish()
    log = unframe((await intake.client.get(f"/calls/{hasty.id}/log/entries")).content)
    assert len(check_entries(log, call=hasty.id, call_sha256=hasty.stored.sha256).reports) == 20
    newest = await intake.client.get(f"/calls/{hasty.id}/log/checkpoint")
    sized = await intake.client.get(f"/calls/{hasty.id}/log/checkpoint.{len(log)}")
    assert newest.content == sized.content
    checkpoint = parse_checkpoint(newest.content, hasty.log_key.vkey, hasty.stored.call.origin)
    assert (checkpoint.size, checkpoint.root) == (len(log), root([leaf_hash(entry) for entry in log]))
    assert (await intake.client.get(f"/calls/{hasty.id}/log/checkpoint.{len(log) + 1}")).status_code == 404


async def test_long_log_comes_in_pages(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    jobs = [
        intake.service.database.write(partial(accept, stored=hasty.stored, report=hasty.quick(number), began=time.monotonic()))
        for number in range(ENTRIES_AT_ONCE + 10)
    ]
    for start in range(0, len(jobs), 500):
        await asyncio.gather(*jobs[start : start + 500])
    while (await intake.service.database.read(partial(log_size, call_id=hasty.id))).waiting:
        await asyncio.sleep(0.1)
        assert await intake.service.publisher.publish()
    served = unframe((await intake.client.get(f"/calls/{hasty.id}/log/entries")).content)
    assert served == await intake.service.database.read(partial(signed_entries, call_id=hasty.id))
    assert len(served) == ENTRIES_AT_ONCE + 11


@pytest.mark.parametrize("size", ["0", "-1", "1.5", "x", "9" * 30, ""])
async def test_odd_checkpoint_sizes(intake: Intake, asked: MadeCall, size: str) -> None:
    await intake.add(asked)
    assert (await intake.client.get(f"/calls/{asked.id}/log/checkpoint.{size}")).status_code in (404, 422)


@pytest.mark.parametrize("name", ["%00", "a%00b", "%FF", "nobody"])
async def test_odd_authorities(intake: Intake, asked: MadeCall, name: str) -> None:
    """Not every text can be asked of PostgreSQL."""
    await intake.add(asked)
    assert (await intake.client.get(f"/calls/{asked.id}/log/1.{name}.tsr")).status_code == 404


async def test_health_and_readiness(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    assert [(await intake.client.get(path)).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    intake.service.health.publishing = "log-inconsistent"
    answer = await intake.client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "log-inconsistent\n")


async def test_service_publishes_by_itself(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    assert (await intake.post(hasty, hasty.body())).status_code == 201
    stop = asyncio.Event()
    publishing = asyncio.create_task(publish_until(stop, intake.service))
    while len(await intake.service.database.read(partial(signed_entries, call_id=hasty.id))) < 2:
        await asyncio.sleep(0.1)
    stop.set()
    await publishing
    assert intake.service.health.publishing == ""


async def test_trouble_reaches_readiness(intake: Intake, hasty: MadeCall) -> None:
    """A publisher that cannot sign goes on trying, and /readyz says why; once mended it is ready again."""
    await intake.add(hasty)
    state = intake.service.settings.log_state_dir / "hasty.state"
    good = state.read_text()
    state.write_text("nonsense")
    await intake.service.database.write(partial(accept, stored=hasty.stored, report=hasty.quick(1), began=time.monotonic()))
    await asyncio.sleep(1.1)
    stop = asyncio.Event()
    publishing = asyncio.create_task(publish_until(stop, intake.service, longest_sleep=0.1))
    while not intake.service.health.publishing:
        await asyncio.sleep(0.05)
    assert intake.service.health.publishing == "log-inconsistent"
    state.write_text(good)
    while intake.service.health.publishing:
        await asyncio.sleep(0.05)
    stop.set()
    await publishing
    assert (await intake.client.get("/readyz")).status_code == 200


@pytest.mark.parametrize("development", [False, True])
async def test_openapi_only_in_development(intake: Intake, development: bool) -> None:
    app = create_app(intake.service.settings.model_copy(update={"development": development}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        assert (await client.get("/openapi.json")).status_code == (200 if development else 404)
        assert (await client.get("/docs")).status_code == 404
    await app.state.service.database.close()


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.mark.parametrize("size", [1, 31, 33, 60, 5000])
async def test_size_comes_before_prefix(intake: Intake, asked: MadeCall, size: int) -> None:
    """Without a Content-Length the size is known at the end only, and what is wrong with it is said first all the same (F5.2)."""
    await intake.add(asked)
    body = asked.body() if size > 1 else asked.body()[:3000]
    spoilt = body[:40] + b"?" + body[41:]
    codes = []
    for sent in (body, spoilt, spoilt[:-1], body[:-1], body[:20], spoilt + b"x"):
        answer = await intake.client.post(f"/calls/{asked.id}/reports", content=in_pieces(sent, size))
        codes.append("" if answer.status_code == 201 else answer.json()["code"])
    assert codes == (["", "prefix", "size", "size", "size", "size"] if size > 1 else ["size"] * 6)


async def test_endless_body_is_size(intake: Intake, asked: MadeCall) -> None:
    """What is longer than any report is not read to its end."""
    await intake.add(asked)
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 4096
            yield bytes(4096)

    answer = await intake.client.post(f"/calls/{asked.id}/reports", content=endless())
    assert answer.json()["code"] == "size"
    assert read < 2 * max(asked.stored.body_sizes)


@pytest.mark.parametrize("path", ["/calls/asked/withdrawals", "/en/calls/asked/receipt"])
async def test_short_bodies_have_their_pace(intake: Intake, asked: MadeCall, path: str) -> None:
    """Who sends a withdrawal or a receipt and stops holds no slot, and is cut off."""
    await intake.add(asked)
    hurried = replace(intake.service, receiving=Receiving(16, calm=Pace(idle=0.1)))
    intake.app.dependency_overrides[of_request] = lambda: hurried

    async def silent() -> AsyncIterator[bytes]:
        yield b"r"
        await asyncio.sleep(PATIENCE)

    answer = await intake.client.post(path, content=silent())
    assert answer.status_code == 503
    assert intake.service.uploads.waiting == 0
