"""Through the groups of a form as a person goes: on, back, or straight to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def to_the_end(page: Page) -> None:
    """To the consent and the button that sends, by the shortest way; nowhere on a form that is one page."""
    for button in ("finish", "next"):
        if page.locator(f"[data-do={button}]").count() and page.locator(f"[data-do={button}]").is_visible():
            page.click(f"[data-do={button}]")


def show(page: Page, selector: str) -> None:
    """To the group in which the first element that matches stands. Fails where something has to be mended before."""
    group = page.locator("[data-group]", has=page.locator(selector)).first
    for button in ("previous", "next"):
        for _ in range(page.locator("[data-group]").count()):
            if not group.is_visible() and page.locator(f"[data-do={button}]").is_visible():
                page.click(f"[data-do={button}]")
    assert group.is_visible(), f"no way leads to {selector}"
