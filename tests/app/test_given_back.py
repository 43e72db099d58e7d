"""The plain form in a service that cannot take it: for want of memory, places, a key or room, what was typed goes back to who typed it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.errors import BusyError, FullError
from app.main import create_app
from app.receiving import Kind, Pace, Receiving
from app.service import Service, of_request
from app.settings import Settings
from app.transactions import Database
from crypto.receipts import Receipt
from form.catalogue import Catalogue
from tests.app.made import Intake, MadeCall, browser_form
from tests.app.plain_forms import CANARY, written

pytestmark = pytest.mark.anyio


@pytest.fixture
def receipt() -> Receipt:
    return Receipt.generate()


LONG = ("q-proof", "long", bytes(40_000), "image/jpeg")


async def test_without_memory_words_come_back(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    """Where forms with files fill the memory, one more is read for its words only; one without files is taken as ever."""
    await intake.add(asked)
    plain, waiting = intake.service.plain, intake.service.settings.max_concurrent_uploads
    async with plain.enter(1 << 30):
        queue = [asyncio.create_task(intake.post_form(asked, written(Receipt.generate()), [LONG])) for _ in range(waiting)]
        while plain.waiting < waiting:
            await asyncio.sleep(0)
        refused = await intake.post_form(asked, written(receipt), [LONG])
        short = await intake.post_form(asked, written(Receipt.generate()))
    assert (refused.status_code, refused.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert int(refused.headers["retry-after"]) > 0
    assert CANARY in refused.text
    assert f'name="receipt" value="{receipt.code}"' in refused.text
    assert short.status_code == 201
    assert {answer.status_code for answer in await asyncio.gather(*queue)} == {201}


async def test_unread_form_is_told_how(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    """With every place taken nothing can be read: the page says how the browser, which still has all of it, sends it again."""
    await intake.add(asked)
    async with AsyncExitStack() as stack:
        with suppress(BusyError):
            while True:
                await stack.enter_async_context(intake.service.receiving.place(asked.id, Kind.PLAIN))
        refused = await intake.post_form(asked, written(receipt), lang="km")
    assert refused.status_code == 503
    assert Catalogue("km")("message.reload") in refused.text
    assert CANARY not in refused.text
    assert Catalogue("km")("message.reload") not in (await intake.client.get(f"/km/calls/{asked.id}x")).text


@pytest.mark.parametrize("trouble", ["key", "full"])
async def test_own_trouble_keeps_the_words(settings: Settings, intake: Intake, asked: MadeCall, receipt: Receipt, trouble: str) -> None:
    """A missing log key, or a store with no room left, costs nobody what was typed."""
    await intake.add(asked)
    if trouble == "key":
        (settings.log_key_dir / "asked.key").unlink()
        app = create_app(settings)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            refused = await Intake(app, app.state.service, client).post_form(asked, written(receipt))
        await app.state.service.database.close()
    else:
        full = replace(intake.service, database=FullDatabase(intake.service.database))
        intake.app.dependency_overrides[of_request] = giving(full)
        refused = await intake.post_form(asked, written(receipt))
    assert refused.status_code == (503 if trouble == "key" else 507)
    assert CANARY in refused.text
    assert receipt.code in refused.text


async def test_trickled_form_is_given_back(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    """Cut off for coming too slowly, what had come goes back; the twin, a service with all the time, takes it."""
    await intake.add(asked)
    content_type, body = browser_form(written(receipt, ("q-when-year", "2024")), [])

    async def slowly() -> AsyncIterator[bytes]:
        yield body[:-10]
        await asyncio.sleep(3)
        yield body[-10:]

    statuses = []
    for pace in (Pace(idle=0.5), Pace()):
        service = replace(intake.service, receiving=Receiving(16, calm=pace))
        intake.app.dependency_overrides[of_request] = giving(service)
        answer = await intake.client.post(f"/en/calls/{asked.id}/reports", content=slowly(), headers={"content-type": content_type})
        statuses.append((answer.status_code, CANARY in answer.text))
    assert statuses == [(503, True), (201, False)]


def giving(service: Service) -> Callable[[], Service]:
    """A dependency that hands over this service instead of the application's own."""
    return lambda: service


class FullDatabase(Database):
    """Another one that has no room left."""

    def __init__(self, inner: Database) -> None:
        self.inner = inner

    async def write(self, job: Any, *, weight: int = 0) -> Any:  # noqa: ARG002 -- as the interface has it
        raise FullError("There is no room left for this at the moment.")

    async def write_together(self, job: Any, item: Any, *, weight: int = 0) -> Any:  # noqa: ARG002 -- as the interface has it
        raise FullError("There is no room left for this at the moment.")

    async def read(self, job: Any) -> Any:
        return await self.inner.read(job)

    def publisher_turn(self) -> AbstractAsyncContextManager[bool]:
        return self.inner.publisher_turn()

    async def scrub(self) -> bool:
        return False

    async def compact(self) -> bool:
        raise FullError("There is no room left for this at the moment.")

    async def close(self) -> None:
        await self.inner.close()
