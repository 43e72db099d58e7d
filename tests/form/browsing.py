"""A person's browser before the invented intake: pages as wide as a cheap phone, filled in, sent, and opened by the reviewers' key."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from crypto.opening import OpenedReport, open_report
from crypto.receipts import Receipt
from form.catalogue import Catalogue
from tests.form.intake import HANDLE, Intake
from tests.form.walking import to_the_end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, FilePayload, Page, Playwright

WORDS = "ពួកគេបានគំរាម\u200bខ្ញុំ WITNESS"
EN, KM = Catalogue("en"), Catalogue("km")
ARGUMENTS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP plain.example 127.0.0.1",
]
Preferences = dict[str, str | float | bool]
PREFERENCES: Preferences = {"network.dns.localDomains": "plain.example"}
BROWSERS = ("chromium", "firefox")
PATIENCE = 60_000
"""Milliseconds a step may take: what is waited for comes at once on a machine that has nothing else to do."""


def each(names: str, *rows: tuple[str | int, ...]) -> pytest.MarkDecorator:
    """The browser, and what else of a test is another one in each row."""
    return pytest.mark.parametrize(f"browser, {names}", rows, indirect=["browser"], scope="module")


ONE_IS_ENOUGH = pytest.mark.parametrize("browser", ["chromium"], indirect=True)
"""For what is no matter of the browser, or is seen in Firefox by a shorter test."""
NOT_DRIVEN = pytest.mark.parametrize("browser", ["chromium"], indirect=True)
"""For what Playwright cannot do in Firefox; each test says what that is."""

REFUSED = ("Failed to load resource", "None of the “sha384” hashes")
"""What Chromium says of an answer with a status, and Firefox of a script that a test kept back."""

TELLS = """document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
  console.error(`Content Security Policy: ${effectiveDirective} ${blockedURI}`);
});"""
"""Firefox does not tell its driver what a policy forbade: the page says it itself."""


def launched(playwright: Playwright, name: str, downloads: Path | None = None, preferences: Preferences | None = None) -> Browser:
    """Chromium of the system, or Playwright's own where there is none; Firefox ESR of the system, which takes the preferences."""
    if name == "firefox":
        path = shutil.which("firefox-esr")
        assert path is not None, "no Firefox ESR here: run `make test`, which installs it"
        told = {**PREFERENCES, **(preferences or {})}
        return playwright.firefox.launch(
            channel="moz-firefox", executable_path=path, downloads_path=downloads, firefox_user_prefs=told, timeout=3 * PATIENCE
        )
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    return playwright.chromium.launch(
        executable_path=shutil.which("chromium"), args=arguments, downloads_path=downloads, timeout=3 * PATIENCE
    )


def is_firefox(page: Page) -> bool:
    browser = page.context.browser
    assert browser is not None
    return browser.browser_type.name == "firefox"


@contextmanager
def opened(browser: Browser, address: str, *, scripts: bool = True, width: int = 360) -> Iterator[Page]:
    """A page as wide as a cheap phone; what it complains of fails the test, but for answers with a status the test asked for."""
    context = browser.new_context(viewport={"width": width, "height": 740}, java_script_enabled=scripts)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(TELLS)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(address)
    if scripts and page.locator("[data-do=send]").count():
        expect(page.locator("[data-do=send]")).to_be_enabled()
    yield page
    context.close()
    assert [text for text in complaints if not text.startswith(REFUSED)] == []


def form_at(intake: Intake, lang: str = "en") -> str:
    return f"{intake.address}/{lang}/calls/invented"


def fill(page: Page) -> None:
    page.fill("#q-what", WORDS)
    to_the_end(page)
    page.check("#consent-C1")


def picture(name: str, size: int = 4) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": b"\x89PNG".ljust(size)}


def opened_report(intake: Intake, body: bytes) -> OpenedReport:
    return open_report(
        body[HANDLE:],
        intake.identity,
        recipients=1,
        max_k=intake.call.max_k,
        call="invented",
        call_sha256=intake.call_sha256,
        handle=body[:HANDLE],
    )


def receipt_shown(page: Page) -> Receipt:
    return Receipt.parse(page.locator("#receipt").inner_text())


def saved(page: Page, downloads: Path) -> tuple[str, bytes]:
    """Name and bytes of the file that the button saves. Firefox puts it there and tells its driver nothing that it understands."""
    if not is_firefox(page):
        with page.expect_download() as download:
            page.click("[data-do=save]")
        return download.value.suggested_filename, download.value.path().read_bytes()
    assert list(downloads.iterdir()) == []
    page.click("[data-do=save]")
    until = time.monotonic() + PATIENCE / 1000
    while not (files := list(downloads.iterdir())) or any(path.suffix == ".part" or path.stat().st_size == 0 for path in files):
        assert time.monotonic() < until, f"nothing was saved but {files}"
        page.wait_for_timeout(50)
    (path,) = files
    content = path.read_bytes()
    path.unlink()
    return path.name, content
