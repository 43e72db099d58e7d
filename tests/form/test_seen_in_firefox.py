"""The form and the receipt in Firefox, as readers set it up: axe-core, contrast, 320 px, dark, still, and in their own colours."""

from __future__ import annotations

import pytest
from playwright.sync_api import sync_playwright

from tests.form.browsing import Preferences, launched
from tests.form.measures import CLIPPED, FOREIGN, MOVING, NARROW, PALE, PRIMARY, SIDEWAYS, axe_in_page
from tests.form.tour import Room, arriving, filling

pytestmark = pytest.mark.browser

MEASURES = (PALE, PRIMARY, FOREIGN, SIDEWAYS, CLIPPED, MOVING)
DARK_AND_STILL = "(prefers-color-scheme: dark) and (prefers-reduced-motion: reduce)"
FOR_AXE = {"form-opening-details", "form-2-problems", "files-warned", "form-4-problems"}
READERS: dict[str, tuple[Room, Preferences, str]] = {
    "as it is": (filling, {}, "(prefers-color-scheme: light)"),
    "dark and still": (arriving, {"ui.systemUsesDarkTheme": 1, "ui.prefersReducedMotion": 1}, DARK_AND_STILL),
    "own colours": (arriving, {"browser.display.document_color_use": 2}, "(forced-colors: active)"),
}
"""What a reader chose in Firefox's settings, the states looked at, and the question of a style sheet that shows that it took hold."""


@pytest.mark.parametrize("reader", READERS)
def test_firefox_shows_it_too(reader: str) -> None:
    """Playwright's emulated media do nothing in Firefox and say nothing about it: each reader has a browser with those settings."""
    room, preferences, question = READERS[reader]
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = launched(playwright, "firefox", preferences=preferences)
        for name, page in room(browser, "km"):
            assert page.evaluate("question => matchMedia(question).matches", question)
            if name in FOR_AXE:
                said += [f"{name}: {complaint}" for complaint in axe_in_page(page)]
            page.set_viewport_size(NARROW)
            said += [f"{name}: {complaint}" for measure in MEASURES for complaint in page.evaluate(measure)]
            page.set_viewport_size({"width": 360, "height": 740})
        browser.close()
    assert said == []
