"""The pages where no script runs, as in Tor Browser at its safest: written, refused, looked up, added to, handed in.

Playwright's own switch does nothing in Firefox and says nothing about it: there the browser's preference turns scripts off, for every page.
Its driver can then neither click nor wait as it does elsewhere: all is done by keyboard, and what is waited for is the next page.
"""

from __future__ import annotations

import hashlib
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from crypto.entries import report_entry
from crypto.merkle import leaf_hash
from crypto.notes import parse_promise
from crypto.receipts import Receipt
from form.offline import offline_form
from form.page import receipt_page
from tests.form.browsing import BROWSERS, EN, KM, PATIENCE, WORDS, form_at, launched
from tests.form.intake import HANDLE, ORIGIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.form.intake import Intake

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=BROWSERS)
def scriptless(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launched(playwright, request.param, preferences={"javascript.enabled": False})
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    yield page
    context.close()


def write(page: Page) -> None:
    page.focus("#q-what")
    page.keyboard.insert_text(WORDS)
    page.focus("#consent-C1")
    page.keyboard.press("Space")
    assert page.is_checked("#consent-C1")


def press(page: Page, selector: str) -> None:
    """Press the one button that is shown."""
    page.locator(selector).locator("visible=true").focus()
    with page.expect_event("load"):
        page.keyboard.press("Enter")


def test_page_lives_without_scripts(scriptless: Browser, intake: Intake) -> None:
    with opened(scriptless, form_at(intake)) as page:
        assert Receipt.parse(page.locator(".plate").inner_text()) == intake.receipt
        assert not page.locator("[data-do=send]").is_visible()
        assert page.locator("#q-why-not").is_visible()
        assert page.get_by_text(EN("honest.plain")).first.is_visible()
        assert not page.get_by_text(EN("honest.sealed")).is_visible()
        write(page)
        press(page, "form#report button[type=submit]")
        assert page.locator("h1").inner_text() == EN("arrived.title")
    body = intake.posts[0].decode()
    assert unicodedata.is_normalized("NFC", WORDS)
    assert WORDS in body
    assert f'name="receipt"\r\n\r\n{intake.receipt.code}' in body


def test_what_is_missing_is_said(scriptless: Browser, intake: Intake) -> None:
    with opened(scriptless, form_at(intake, "km")) as page:
        page.focus("#q-what")
        page.keyboard.insert_text(WORDS)
        press(page, "form#report button[type=submit]")
        assert KM("problem.required") in page.locator("#problems").inner_text()
        assert page.input_value("#q-what") == WORDS


def test_plain_form_can_be_refused(scriptless: Browser, intake: Intake) -> None:
    intake.unscripted = False
    with opened(scriptless, form_at(intake)) as page:
        assert page.locator("noscript .notice").inner_text() == EN("plain.refused")
        assert page.locator("noscript .notice").is_visible()
        assert not page.locator("form#report").is_visible()


def test_an_addition_needs_no_script(scriptless: Browser, intake: Intake) -> None:
    code = intake.receipt.code
    intake.pages["/standing"] = receipt_page(intake.call, "en", outcome="published", receipt=code, standings={0: "published"})
    with opened(scriptless, f"{intake.address}/standing") as page:
        press(page, f"button:has-text('{EN('add.button')}')")
        assert page.get_by_text(EN("addition.notice")).is_visible()
        assert not page.locator("#problems").is_visible()
        assert Receipt.parse(page.locator(".plate").inner_text()) == intake.receipt
        write(page)
        press(page, "form#report button[type=submit]")
        assert page.locator("h1").inner_text() == EN("arrived.title")
    assert b'name="addition"\r\n\r\nyes' in intake.posts[-1]


def test_a_sealed_file_is_handed_in(scriptless: Browser, intake: Intake, tmp_path: Path) -> None:
    sealed = tmp_path / "sealed.bin"
    sealed.write_bytes(bytes(range(256)) * 4)
    with opened(scriptless, form_at(intake)) as page:
        page.locator("summary", has_text=EN("hand.title")).focus()
        page.keyboard.press("Enter")
        page.set_input_files("#sealed", sealed)
        assert page.locator("[data-chosen]").text_content() == ""
        assert not page.get_by_text(EN("file.choose"), exact=True).is_visible()
        press(page, f"button:has-text('{EN('hand.button')}')")
        assert page.locator("h1").inner_text() == EN("arrived.title")
        note = page.locator("pre").text_content() or ""
    body = sealed.read_bytes()
    promise = parse_promise(note.encode(), intake.signer.vkey, ORIGIN)
    assert promise.leaf_hash == leaf_hash(report_entry(hashlib.sha256(body[HANDLE:]).digest(), body[:HANDLE]))


def test_the_offline_form_says_so(scriptless: Browser, intake: Intake, tmp_path: Path) -> None:
    path = tmp_path / "form.html"
    path.write_bytes(offline_form(intake.data))
    with opened(scriptless, path.as_uri()) as page:
        said = page.locator("body noscript .notice")
        assert said.all_inner_texts() == [KM("plain.refused"), EN("plain.refused")]
        assert [notice.get_attribute("lang") for notice in said.all()] == [None, "en"]
        assert not page.locator("nav a").is_visible()
        assert page.locator("form").count() > 0
        assert page.locator("form:visible, button:visible").count() == 0
