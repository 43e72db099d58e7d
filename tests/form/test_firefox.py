"""The form in Firefox ESR, of which Tor Browser is made: filled in in Khmer, with a file, sent, noted, looked up, left."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.form.browsing import KM, WORDS, form_at, opened_report, picture, receipt_shown
from tests.form.walking import show, to_the_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.form.intake import Intake

pytestmark = pytest.mark.browser
PATIENCE = 60_000


@pytest.fixture(scope="module")
def firefox() -> Iterator[Browser]:
    path = shutil.which("firefox-esr")
    assert path is not None, "no Firefox ESR here: run `make test`, which installs it"
    with sync_playwright() as playwright:
        browser = playwright.firefox.launch(channel="moz-firefox", executable_path=path)
        yield browser
        browser.close()


@pytest.fixture
def page(firefox: Browser) -> Iterator[Page]:
    context = firefox.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def test_a_report_from_end_to_end(page: Page, intake: Intake) -> None:
    page.goto(form_at(intake, "km"))
    expect(page.locator("[data-do=send]")).to_be_enabled()
    page.fill("#q-what", WORDS)
    page.check("#q-incident-TD4")
    page.fill("#q-when-year", "២០២៤")
    show(page, "#q-evidence")
    page.set_input_files("#q-evidence", [picture("រូប.png")])
    expect(page.locator(".files bdi")).to_have_text("រូប.png")
    to_the_end(page)
    expect(page.locator("#review")).to_contain_text("២០២៤")
    page.check("#consent-C1")
    page.click("[data-do=send]")
    expect(page.locator("#receipt")).to_be_visible(timeout=PATIENCE)
    receipt = receipt_shown(page)
    page.fill("#noted-digits", receipt.code[-4:])
    page.click("#noted button[type=submit]")
    expect(page.locator("#end h2")).to_be_focused()
    (body,) = intake.posts
    report = opened_report(intake, body).report
    assert dict(report.answers) == {"what": WORDS, "incident": ["TD4"], "when": "2024", "evidence": [1]}
    page.goto(f"{form_at(intake, 'km')}/receipt")
    page.fill("#receipt", receipt.groups())
    page.click("[data-do=send]")
    expect(page.locator("#standing")).to_contain_text(KM("standing.published"), timeout=PATIENCE)


def test_problems_are_told_at_the_field(page: Page, intake: Intake) -> None:
    page.goto(form_at(intake, "km"))
    expect(page.locator("[data-do=next]")).to_be_enabled()
    page.fill("#q-when-year", "24")
    page.click("[data-do=next]")
    expect(page.locator("#problems")).to_be_focused()
    page.click("#problems a")
    expect(page.locator("#q-when-year")).to_be_focused()
    expect(page.locator("#f-when [data-error]")).to_contain_text(KM("problem.year-four-digits"))
    assert intake.posts == []


@pytest.mark.parametrize("leave", ["button", "keys"])
def test_leaving_leads_away_at_once(page: Page, intake: Intake, leave: str) -> None:
    page.route(re.compile(r"^https://km\.wikipedia\.org/"), lambda route: route.fulfill(body="harmless"))
    page.goto(form_at(intake, "km"))
    expect(page.locator("[data-do=next]")).to_be_enabled()
    page.fill("#q-what", WORDS)
    if leave == "button":
        page.click(".leave")
    else:
        for _ in range(3):
            page.keyboard.press("Escape")
    page.wait_for_url("https://km.wikipedia.org/**")
    page.go_back()
    assert WORDS not in page.content()
    assert "/calls/" not in page.url


def test_nothing_scrolls_sideways(page: Page, intake: Intake) -> None:
    page.set_viewport_size({"width": 320, "height": 256})
    page.goto(form_at(intake, "km"))
    expect(page.locator("[data-do=next]")).to_be_enabled()
    for _ in range(4):
        assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        if page.locator("[data-do=next]").is_visible():
            page.click("[data-do=next]")
