"""Leaving: by the button and by three presses of Escape; what the browser is told to forget, and what it offers again afterwards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.form.browsing import NOT_DRIVEN, ONE_IS_ENOUGH, WORDS, fill, form_at, opened
from tests.form.tour import a_file, unscripted
from tests.form.walking import show

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.form.intake import Intake

pytestmark = pytest.mark.browser
ELSEWHERE = re.compile(r"^https://(km|en)\.wikipedia\.org/")
KEEPS = "() => localStorage.setItem('kept', 'words')"
TYPED = "() => [...document.querySelectorAll('textarea, input[type=text]')].map((field) => field.value).join('')"
KEPT = "() => localStorage.length"


def leave(page: Page, way: str) -> None:
    page.route(ELSEWHERE, lambda route: route.fulfill(body="harmless"))
    if way == "button":
        page.click(".leave")
    else:
        for _ in range(3):
            page.keyboard.press("Escape")
    page.wait_for_url(ELSEWHERE)


@pytest.mark.parametrize("way", ["button", "keys"])
def test_leaving_has_the_site_forgotten(browser: Browser, intake: Intake, way: str) -> None:
    """Nothing of ours is stored, so something is put there that only the order can take away."""
    intake.pages["/looking"] = "<!doctype html><title>Form</title>"
    with opened(browser, form_at(intake, "km")) as page:
        fill(page)
        page.evaluate(KEEPS)
        leave(page, way)
        for _ in range(50):
            page.goto(f"{intake.address}/looking")
            if page.evaluate(KEPT) == 0:
                break
            page.wait_for_timeout(200)
        assert page.evaluate(KEPT) == 0
    assert intake.asked.count("/leave") == 1


def test_twin_without_the_order_it_stays(browser: Browser, intake: Intake) -> None:
    intake.pages["/looking"], intake.clears = "<!doctype html><title>Form</title>", False
    with opened(browser, form_at(intake)) as page:
        page.evaluate(KEEPS)
        leave(page, "button")
        page.wait_for_timeout(1000)
        page.goto(f"{intake.address}/looking")
        assert page.evaluate(KEPT) == 1


@ONE_IS_ENOUGH
def test_nobody_waits_for_the_server(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        fill(page)
        page.route("**/leave", lambda route: route.abort())
        leave(page, "button")


def test_an_onion_address_is_not_asked(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake).replace("127.0.0.1", "plain.example")) as page:
        fill(page)
        leave(page, "keys")
    assert "/leave" not in intake.asked


def test_going_back_finds_an_empty_form(browser: Browser, intake: Intake) -> None:
    """Whoever goes on to another page and back finds a page that was fetched anew, with nothing in it: with scripts and without.

    In Firefox no context is without scripts (test_unscripted.py).
    """
    for scripts in (True, False) if browser.browser_type.name == "chromium" else (True,):
        with opened(browser, form_at(intake), scripts=scripts) as page:
            page.on("dialog", lambda dialog: dialog.accept())
            page.fill("#q-what", WORDS)
            asked = len(intake.asked)
            page.goto(f"{form_at(intake)}/receipt")
            page.go_back()
            expect(page.locator("#q-what")).to_be_attached()
            assert page.evaluate(TYPED) == ""
            assert form_at(intake).removeprefix(intake.address) in intake.asked[asked:]


@NOT_DRIVEN  # scripts are switched off and on again in one page
def test_no_field_offers_what_was_typed(browser: Browser, intake: Intake) -> None:
    offers = """() => [...document.querySelectorAll("form, input:not([type=hidden]), select, textarea")]
      .filter((field) => field.getAttribute("autocomplete") !== "off").map((field) => field.outerHTML.slice(0, 90))"""
    with opened(browser, form_at(intake)) as page:
        show(page, "#q-evidence")
        page.set_input_files("#q-evidence", a_file("a.txt", b"a"))
        assert page.evaluate(offers) == []
        page.goto(f"{form_at(intake)}/receipt")
        assert page.evaluate(offers) == []
        unscripted(page, form_at(intake))
        assert page.evaluate(offers) == []
