"""People who send while somebody floods the server: their browser works for its turn, or keeps what was typed until there is one."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.calls import HANDLE_BYTES, read_package
from bench.stage import COMMANDS, Stage, running
from crypto.envelope import PREFIX
from form.catalogue import Catalogue
from tests.end_to_end import submitter
from tests.end_to_end.journey import CALL, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Request

EN = Catalogue("en")
PATIENCE = 120_000
PIECE, EVERY = 6_000, 0.2
"""Twice the pace that is asked under pressure, so that the flood stays."""

FILM = b'--edge\r\nContent-Disposition: form-data; name="q-evidence"; filename="film"\r\n\r\n'

FIRST_OF_LARGE, ALL_OF_ONE_CALL = 19, 30
"""Of the 32 places of a server that works on one report at a time: so many large ones and work is asked for; so many, and none is left."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A server with few places."""
    made = Stage(tmp_path)
    made.build_call(ROOT / "questionnaire" / "calls" / f"{CALL}.yaml", "--demo")
    env = {**made.environment, "SAKSEI_MAX_CONCURRENT_UPLOADS": "1"}
    command = [str(COMMANDS / "saksei-intake"), "serve"]
    with running(command, port=made.port, ready="/readyz", env=env, log=tmp_path / "server.log"):
        yield made


@contextmanager
def flooded(stage: Stage, head: str, length: int, number: int, begins: bytes = b"") -> Iterator[None]:
    """So many bodies on their way, each at a good pace and far from its end, until the block ends."""
    stop = threading.Event()
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", stage.port))) for _ in range(number)]
        for client in clients:
            client.sendall(f"POST {head}\r\nhost: 127.0.0.1\r\ncontent-length: {length}\r\n\r\n".encode() + begins)

        def flow() -> None:
            while not stop.wait(EVERY):
                for client in clients:
                    client.sendall(b"x" * PIECE)

        thread = threading.Thread(target=flow)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@contextmanager
def opened(browser: Browser, *, scripts: bool = True) -> Iterator[Page]:
    """A page whose console may complain: of the status of a refusal, which is what these tests are about."""
    context = browser.new_context(java_script_enabled=scripts)
    yield context.new_page()
    context.close()


def fill(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.url}/en/calls/{CALL}")
    page.locator('[name="q-story"]').fill("WITNESS")
    submitter.to_the_end(page)
    page.locator('[name="consent"][value="C1"]').check()


def send(page: Page) -> None:
    page.locator('form#report button[type="submit"]:visible').click()


def test_work_is_asked_for_and_done(stage: Stage, browser: Browser) -> None:
    """The form is told to work, works, and sends the very same bytes; the twin: without the flood it sends once."""
    sizes = read_package(stage.place / "call" / "server").stored.body_sizes
    posted: list[Request] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            posted.append(request)

    with opened(browser) as page:
        page.on("request", note)
        with flooded(stage, f"/calls/{CALL}/reports HTTP/1.1", max(sizes), FIRST_OF_LARGE, bytes(HANDLE_BYTES) + PREFIX):
            fill(page, stage)
            send(page)
            expect(page.locator("#receipt")).to_be_visible(timeout=PATIENCE)
        answers = [request.response() for request in posted]
        statuses = [answer.status for answer in answers if answer is not None]
    assert ["saksei-work" in request.headers for request in posted] == [False, True]
    assert statuses == [503, 201]
    posted.clear()
    with opened(browser) as page:
        page.on("request", note)
        fill(page, stage)
        send(page)
        expect(page.locator("#receipt")).to_be_visible(timeout=PATIENCE)
    assert ["saksei-work" in request.headers for request in posted] == [False]


def test_unread_form_is_sent_again_by_reload(stage: Stage, browser: Browser) -> None:
    """Without scripts and with every place taken: the page says to stay and reload; nothing has to be typed again."""
    kind = "content-type: multipart/form-data; boundary=edge"
    with opened(browser, scripts=False) as page:
        fill(page, stage)
        with flooded(stage, f"/en/calls/{CALL}/reports HTTP/1.1\r\n{kind}", 50 << 20, ALL_OF_ONE_CALL, FILM):
            send(page)
            expect(page.get_by_text(EN("message.reload"))).to_be_visible(timeout=PATIENCE)
        page.reload()
        expect(page.locator("#receipt")).to_be_visible(timeout=PATIENCE)
