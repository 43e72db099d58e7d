"""A person at the form: a real Chromium, driven by the keyboard."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

MOST_TABS = 600


@contextmanager
def phone(browser: Browser, *, scripts: bool = True, width: int = 360) -> Iterator[Page]:
    """A fresh page as wide as a cheap phone; whatever the console or the page complains of fails the test."""
    context = browser.new_context(viewport={"width": width, "height": 740}, java_script_enabled=scripts)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("filechooser", lambda _: None)  # from the start: asked for at the key press, it can come after the chooser has opened
    yield page
    context.close()
    # Neither a refusal with a status nor a line that the test took down is a fault of the page.
    assert [text for text in complaints if "status of 4" not in text and "ERR_INTERNET_DISCONNECTED" not in text] == []


def to_the_end(page: Page) -> None:
    """To the consent and the button that sends, by the shortest way."""
    if page.locator("[data-do=finish]").is_visible():
        page.click("[data-do=finish]")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the control that matches has the focus; where it stands in a later group of questions, go on to that first."""
    wanted = page.locator(selector).first
    for _ in range(page.locator("[data-group]").count()):
        if wanted.is_visible() or selector == "[data-do=next]":
            break
        tab_to(page, "[data-do=next]")
        page.keyboard.press("Enter")
    for _ in range(MOST_TABS):
        if page.evaluate("selector => document.activeElement?.matches(selector) ?? false", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {selector}")


def turn_to(page: Page, selector: str) -> None:
    """Go on, by keyboard, to the group of questions in which the element stands."""
    while not page.locator(selector).first.is_visible():
        tab_to(page, "[data-do=next]")
        page.keyboard.press("Enter")


def tick(page: Page, name: str, value: str) -> None:
    """Tick a box, or choose in a list of radio buttons, by keyboard."""
    target = f'input[name="{name}"][value="{value}"]'
    turn_to(page, target)
    if page.locator(target).get_attribute("type") == "checkbox":
        tab_to(page, target)
        page.keyboard.press("Space")
    else:
        tab_to(page, f'input[name="{name}"]')
        page.keyboard.press("Space")
        while not page.locator(target).is_checked():
            page.keyboard.press("ArrowDown")
    expect(page.locator(target)).to_be_checked()


def attach(page: Page, name: str, *files: Path) -> None:
    """Open the file chooser by keyboard and choose."""
    turn_to(page, f'input[type="file"][name="{name}"]')
    tab_to(page, f'input[type="file"][name="{name}"]')
    with page.expect_file_chooser(timeout=90_000) as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(list(files))


def write(page: Page, name: str, text: str) -> None:
    """Type into a field."""
    turn_to(page, f'[name="{name}"]')
    tab_to(page, f'[name="{name}"]')
    page.keyboard.insert_text(text)
