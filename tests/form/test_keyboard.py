"""The whole form with nothing but a keyboard: filled in, mended, sent, the receipt noted, and left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.form.browsing import KM, WORDS, form_at, opened, opened_report, receipt_shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.form.intake import Intake

MOST_STEPS = 60
AT = "selector => document.activeElement.matches(selector)"


class NoWayError(AssertionError):
    """The Tab key leads to nothing that fits."""


def reach(page: Page, selector: str, key: str = "Tab") -> None:
    """Press the key until the focus is at what fits. Raises NoWayError."""
    for _ in range(MOST_STEPS):
        if page.evaluate(AT, selector):
            return
        page.keyboard.press(key)
    raise NoWayError(selector)


def press(page: Page, selector: str, key: str = "Enter") -> None:
    reach(page, selector)
    page.keyboard.press(key)


def test_a_keyboard_is_enough(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake, "km")) as page:
        reach(page, "#q-what")
        page.keyboard.insert_text(WORDS)
        press(page, "#q-incident-TD4", "Space")
        reach(page, "#q-when-year")
        page.keyboard.insert_text("២០២")
        press(page, "[data-do=next]")
        expect(page.locator("#problems")).to_be_focused()
        press(page, "#problems a")
        expect(page.locator("#q-when-year")).to_be_focused()
        page.keyboard.press("End")
        page.keyboard.insert_text("៤")
        press(page, "[data-do=next]")
        reach(page, "#q-country")
        page.keyboard.press("ArrowDown")
        reach(page, "[name=q-reported]")
        page.keyboard.press("Space")
        press(page, "[data-do=finish]")
        reach(page, "#consent-C0")
        page.keyboard.press("ArrowDown")
        press(page, "[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
        receipt = receipt_shown(page)
        reach(page, "#noted-digits")
        page.keyboard.insert_text(receipt.code[-4:])
        page.keyboard.press("Enter")
        expect(page.locator("#end h2")).to_be_focused()
        page.route(f"{KM('leave.address')}**", lambda route: route.fulfill(body="harmless"))
        press(page, "[data-leave]")
        page.wait_for_url(f"{KM('leave.address')}**")
    report = opened_report(intake, intake.posts[0]).report
    assert (report.consent.level, report.handle) == ("C1", receipt.handle("invented", 0))
    assert {"what", "incident", "when", "country", "reported"} == set(report.answers)


def test_twin_what_no_key_reaches_is_noticed(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        page.evaluate("() => { document.getElementById('q-what').tabIndex = -1; }")
        with pytest.raises(NoWayError):
            reach(page, "#q-what")
