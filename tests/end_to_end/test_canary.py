"""Words typed into reports are nowhere but in the submitter's own connection; the search that says so can see."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from bench.stage import Stage, running
from tests.end_to_end import submitter
from tests.end_to_end.canary import STRACE, found_in_files, found_in_trace, written_to_submitter
from tests.end_to_end.journey import CALL, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Request, Route

WORDS = (b"WITNESSBROWSER", b"WITNESSPLAIN", b"WITNESSFILM", b"WITNESSMISTAKE")


def fill(page: Page, stage: Stage, story: str, *, consent: str | None = "C1") -> None:
    page.goto(f"{stage.url}/en/calls/{CALL}")
    page.locator('[name="q-story"]').fill(story)
    film = stage.place / "film.bin"
    film.write_bytes(b"WITNESSFILM" * 200_000)
    page.locator('[name="q-evidence"]').set_input_files(film)
    submitter.to_the_end(page)
    if consent:
        page.locator(f'[name="consent"][value="{consent}"]').check()


def send(page: Page) -> None:
    page.locator('form#report button[type="submit"]:visible').click()


def write_both_ways(stage: Stage, browser: Browser) -> None:
    with submitter.phone(browser) as page:
        fill(page, stage, "WITNESSBROWSER")
        send(page)
        expect(page.locator("#receipt")).to_be_visible(timeout=60_000)
    with submitter.phone(browser, scripts=False) as page:
        fill(page, stage, "WITNESSMISTAKE", consent=None)
        send(page)  # refused for want of consent: what was typed comes back, over this connection only
        expect(page.locator('[name="q-story"]')).to_have_value("WITNESSMISTAKE")
        fill(page, stage, "WITNESSPLAIN")
        send(page)
        expect(page.locator("#receipt")).to_be_visible(timeout=60_000)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.build_call(ROOT / "questionnaire" / "calls" / f"{CALL}.yaml", "--demo")
    return made


def searched(stage: Stage) -> list[Path]:
    """Where a server could leave a trace: its data, its temporary folder, its keys and log state."""
    return [stage.place / name for name in ("data", "tmp", "keys", "log") if (stage.place / name).exists()]


def test_words_reach_no_disk(stage: Stage, browser: Browser) -> None:
    trace = stage.place / "trace"
    with stage.serving(*STRACE, str(trace)):
        write_both_ways(stage, browser)
        assert found_in_files(searched(stage), WORDS) == []
    assert found_in_files(searched(stage), WORDS) == []
    assert found_in_files([stage.place / "server.log"], WORDS) == []
    assert found_in_trace(trace, WORDS) == []
    assert written_to_submitter(trace, [b"WITNESSMISTAKE"]) > 0


@pytest.fixture
def leaky_server(stage: Stage) -> Iterator[Path]:
    """The same service behind a middleware that writes every body to the data folder on purpose."""
    trace = stage.place / "trace"
    command = [
        *(*STRACE, str(trace), sys.executable, "-m", "uvicorn", "--factory", "tests.end_to_end.leaky:create_app"),
        *("--host", "127.0.0.1", "--port", str(stage.port), "--no-access-log"),
    ]
    env = {**stage.environment, "PYTHONPATH": str(ROOT), "LEAK": str(stage.place / "data" / "leak")}
    with running(command, port=stage.port, ready="/readyz", env=env, log=stage.place / "server.log"):
        yield trace


def test_written_words_are_found(stage: Stage, browser: Browser, leaky_server: Path) -> None:
    with submitter.phone(browser, scripts=False) as page:
        fill(page, stage, "WITNESSPLAIN")
        send(page)
        expect(page.locator("#receipt")).to_be_visible(timeout=60_000)
    assert ("leak", b"WITNESSPLAIN") in found_in_files(searched(stage), WORDS)
    assert any(b"leak>" in line for line in found_in_trace(leaky_server, WORDS))


def name_no_recipient(route: Route) -> None:
    """Hand the page out with a recipient that is none: whatever seals to it must throw."""
    page = route.fetch()
    route.fulfill(response=page, body=re.sub(r'data-recipients="age1pq1[^"]*"', 'data-recipients="age1pq1broken"', page.text()))


def carries_nothing(request: Request) -> bool:
    """Whether a request stays on the device, or asks for one of the page's own letters or styles."""
    return request.url.startswith("blob:") or (
        request.method == "GET" and re.fullmatch(r"http://[^/]+/static/[\w.-]+", request.url) is not None
    )


def requests_after_sending(page: Page, stage: Stage, *, broken: bool) -> list[Request]:
    if broken:
        page.route(f"**/en/calls/{CALL}", name_no_recipient)
    fill(page, stage, "WITNESSBROWSER")
    sent: list[Request] = []
    page.on("request", lambda request: None if carries_nothing(request) else sent.append(request))
    send(page)
    expect(page.locator("#problems" if broken else "#receipt")).to_be_visible(timeout=60_000)
    return sent


def test_failed_sealing_sends_nothing(stage: Stage, browser: Browser) -> None:
    with stage.serving():
        with submitter.phone(browser) as page:
            assert requests_after_sending(page, stage, broken=True) == []
            expect(page.locator('[name="q-story"]')).to_have_value("WITNESSBROWSER")
        with submitter.phone(browser) as page:
            assert len(requests_after_sending(page, stage, broken=False)) == 1
