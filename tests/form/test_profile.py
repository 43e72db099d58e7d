"""Nothing of a session is in the browser's profile on disk: not while it is typed, not while the receipt stands there, not afterwards."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.form.browsing import ARGUMENTS, form_at, receipt_shown
from tests.form.profile import found, packed
from tests.form.walking import show, to_the_end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, FilePayload, Page

    from crypto.receipts import Receipt
    from tests.form.intake import Intake

pytestmark = pytest.mark.browser

TYPED, REACH, INSIDE, NAMED = "ខ្ញុំឃើញសាក្សីQUAGGAWORDS", "reach-me-QUAGGAREACH", "QUAGGAINSIDEFILE", "QUAGGANAMEOFFILE"
WORDS = (TYPED, "QUAGGAWORDS", "QUAGGAREACH", INSIDE, NAMED)
SETTLED = 3000
"""Milliseconds: longer than either browser waits, told so, before it writes its session down."""
EAGER: dict[str, str | float | bool] = {
    "browser.sessionstore.interval": 500,
    "browser.sessionstore.interval.idle": 500,
    "browser.sessionstore.resume_from_crash": True,
    "browser.sessionstore.max_resumed_crashes": 3,
    "browser.sessionstore.privacy_level": 0,
    "browser.formfill.enable": True,
    "browser.cache.disk.enable": True,
    "places.history.enabled": True,
}
"""Firefox keeps all that it can, and often: the test harness would turn some of it off."""


@contextmanager
def profiled(name: str, folder: Path) -> Iterator[BrowserContext]:
    """A browser with a profile on disk, closed as a person closes it."""
    with sync_playwright() as playwright:
        if name == "firefox":
            path = shutil.which("firefox-esr")
            assert path is not None, "no Firefox ESR here: run `make test`, which installs it"
            context = playwright.firefox.launch_persistent_context(
                folder, channel="moz-firefox", executable_path=path, firefox_user_prefs=EAGER
            )
        else:
            arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
            context = playwright.chromium.launch_persistent_context(folder, executable_path=shutil.which("chromium"), args=arguments)
        context.set_default_timeout(60_000)
        yield context
        context.close()


def write(page: Page, intake: Intake) -> None:
    """Words, a way to be reached and a file, not sent yet."""
    page.goto(form_at(intake, "km"))
    expect(page.locator("[data-do=send]")).to_be_enabled()
    page.click("#q-what")
    page.keyboard.insert_text(TYPED)
    show(page, "#q-reach")
    page.fill("#q-reach", REACH)
    attached: FilePayload = {"name": f"{NAMED}.txt", "mimeType": "text/plain", "buffer": INSIDE.encode()}
    page.set_input_files("#q-evidence", attached)
    expect(page.locator(".files bdi")).to_be_visible()


def send(page: Page) -> Receipt:
    to_the_end(page)
    page.check("#consent-C1")
    page.click("[data-do=send]")
    expect(page.locator("#receipt")).to_be_visible()
    receipt = receipt_shown(page)
    page.click("#kept [data-do=copy]")
    page.fill("#noted-digits", receipt.code[-4:])
    return receipt


def digits(receipt: Receipt) -> tuple[str, ...]:
    """The receipt as it may be written: whole, in groups, in Khmer digits, and its first half, as an address bar would cut it."""
    spaced = receipt.groups()
    khmer = str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")
    return (receipt.code, receipt.code[:16], spaced[:19], spaced[:19].translate(khmer), receipt.code[:16].translate(khmer))


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_a_session_leaves_nothing_on_disk(name: str, intake: Intake, tmp_path: Path) -> None:
    """What is there while it runs is what would stay if the browser were killed, or the phone taken away, at that moment."""
    folder = tmp_path / "profile"
    with profiled(name, folder) as context:
        page = context.pages[0]
        write(page, intake)
        page.wait_for_timeout(SETTLED)
        while_typing = found(folder, WORDS)
        receipt = send(page)
        page.wait_for_timeout(SETTLED)
        while_standing = found(folder, (*WORDS, *digits(receipt)))
        page.click("#noted button[type=submit]")
        page.goto(f"{form_at(intake, 'km')}/receipt")
        page.fill("#receipt", receipt.groups())
        page.click("[data-do=send]")
        expect(page.locator("#standing")).to_be_visible()
        page.route("https://km.wikipedia.org/**", lambda route: route.fulfill(body="harmless"))
        page.click(".leave")
        page.wait_for_url("https://km.wikipedia.org/**")
    assert len([path for path in folder.rglob("*") if path.is_file()]) > 10
    assert (while_typing, while_standing, found(folder, (*WORDS, *digits(receipt)))) == ([], [], [])


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_twin_a_page_that_keeps_words_is_noticed(name: str, intake: Intake, tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    with profiled(name, folder) as context:
        page = context.pages[0]
        page.goto(form_at(intake, "km"))
        page.evaluate("word => { localStorage.setItem('kept', word); }", TYPED)
        page.goto(f"{form_at(intake, 'km')}?{NAMED}")  # an address stays in the history
        page.wait_for_timeout(SETTLED)
    noticed = {hit.split(" in ")[0] for hit in found(folder, WORDS)}
    assert {"QUAGGAWORDS", NAMED} <= noticed


@pytest.mark.parametrize("way", range(5))
def test_twin_a_packed_word_is_noticed(tmp_path: Path, way: int) -> None:
    (tmp_path / "file").write_bytes(packed("QUAGGAWORDS ខ្ញុំ")[way])
    assert found(tmp_path, ["QUAGGAWORDS ខ្ញុំ"]) == ["QUAGGAWORDS ខ្ញុំ in file"]
    assert found(tmp_path, ["QUAGGAREACH"]) == []
