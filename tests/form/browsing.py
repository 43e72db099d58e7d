"""A person's browser before the invented intake: pages as wide as a cheap phone, filled in, sent, and opened by the reviewers' key."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from crypto.opening import OpenedReport, open_report
from crypto.receipts import Receipt
from form.catalogue import Catalogue
from tests.form.intake import HANDLE, Intake
from tests.form.walking import to_the_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, FilePayload, Page

WORDS = "ពួកគេបានគំរាម\u200bខ្ញុំ WITNESS"
EN, KM = Catalogue("en"), Catalogue("km")
ARGUMENTS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP plain.example 127.0.0.1",
]


@contextmanager
def opened(browser: Browser, address: str, *, scripts: bool = True, width: int = 360) -> Iterator[Page]:
    """A page as wide as a cheap phone; what it complains of fails the test, but for answers with a status the test asked for."""
    context = browser.new_context(viewport={"width": width, "height": 740}, java_script_enabled=scripts)
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(address)
    if scripts and page.locator("[data-do=send]").count():
        expect(page.locator("[data-do=send]")).to_be_enabled()
    yield page
    context.close()
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


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
