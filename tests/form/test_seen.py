"""Every page and state, seen and heard: axe-core, contrast, names, 320 px, forced colours, nothing that moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.form.browsing import NOT_DRIVEN, each, form_at
from tests.form.intake import CSP
from tests.form.measures import CLIPPED, FOREIGN, MOVING, NARROW, PALE, PRIMARY, SIDEWAYS, Door, axe_in_page, complaints
from tests.form.tour import ROOMS, Room, filling, fresh, offline, ready

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.form.intake import Intake

pytestmark = pytest.mark.browser

BROKEN = """<!doctype html><html><head><meta charset="utf-8"><title>Broken</title><style>
  @keyframes away { to { opacity: 0.99 } }
  p { color: #888; animation: away 1000s }
</style></head><body><main><h1>Broken</h1><img src="x"><p>pale</p><button class="primary"></button><button class="primary">b</button>
<div>ខ្មែរ</div><div style="width: 2000px">wide</div><div style="height: 10px; overflow: hidden">cut<br>off</div></main></body></html>"""


WALKS = [*((room, "km") for room in ROOMS), (filling, "en")]
"""Every state once, and those with the most words in the other language too; `make pictures` measures all of both."""


@NOT_DRIVEN  # names a screen reader says, and what a reader chose, go through Chromium's debugging door (Firefox: test_seen_in_firefox.py)
@pytest.mark.parametrize(("room", "lang"), WALKS, ids=[f"{room.__name__}-{lang}" for room, lang in WALKS])
def test_every_state_is_seen_and_heard(browser: Browser, room: Room, lang: str) -> None:
    assert [f"{name}: {said}" for name, page in room(browser, lang) for said in complaints(page, lang)] == []


@NOT_DRIVEN  # as above
@pytest.mark.parametrize("lang", ["km", "en"])
def test_the_offline_form_is_seen_and_heard(browser: Browser, lang: str, tmp_path: Path) -> None:
    assert [f"{name}: {said}" for name, page in offline(browser, lang, tmp_path) for said in complaints(page, lang)] == []


@NOT_DRIVEN  # as above
def test_twin_a_broken_page_is_noticed(browser: Browser, intake: Intake) -> None:
    intake.pages = {"/broken": BROKEN, "/named": BROKEN.replace("<html>", '<html lang="en">')}
    intake.csp = "default-src 'none'; style-src 'unsafe-inline'"
    with fresh(browser, viewport=NARROW) as page:
        page.goto(f"{intake.address}/broken")
        rules = {complaint.split(":")[0] for complaint in Door(page).axe()}
        assert {"axe html-has-lang", "axe image-alt", "axe color-contrast", "axe button-name"} <= rules
        page.goto(f"{intake.address}/named")
        door = Door(page)
        assert "button named ''" in door.unnamed("en")
        noticed = {measure: len(door.measured(measure)) for measure in (PALE, PRIMARY, FOREIGN, SIDEWAYS, CLIPPED, MOVING)}
        assert list(noticed.values()) == [1] * 6


@pytest.mark.parametrize("browser", ["firefox"], indirect=True)
def test_twin_noticed_without_that_door(browser: Browser, intake: Intake) -> None:
    """As test_seen_in_firefox.py measures, under the policy of the real pages."""
    intake.pages = {"/broken": BROKEN}
    intake.csp = f"{CSP}; style-src 'unsafe-inline'".replace("style-src 'self';", "")
    with fresh(browser, viewport=NARROW) as page:
        page.goto(f"{intake.address}/broken")
        rules = {complaint.split(":")[0] for complaint in axe_in_page(page)}
        assert {"axe html-has-lang", "axe image-alt", "axe color-contrast", "axe button-name"} <= rules
        assert all(page.evaluate(measure) for measure in (PALE, PRIMARY, SIDEWAYS, CLIPPED, MOVING))


@each("lang", ("chromium", "km"), ("firefox", "en"))
def test_the_focus_is_never_covered(browser: Browser, intake: Intake, lang: str) -> None:
    """At 400 % the head that stays takes a fifth of the height: what has the focus stands below it."""
    covered = """() => {
      const head = document.querySelector(".top"), at = document.activeElement;
      if (head.contains(at) || at === document.body) return "";
      const { top, bottom, height } = at.getBoundingClientRect();
      if (bottom <= head.getBoundingClientRect().top + 1) return "";
      const clear = top >= head.getBoundingClientRect().bottom - 1 || (height > 150 && bottom > 120);
      return clear && top < innerHeight ? "" : at.outerHTML.slice(0, 90);
    }"""
    with fresh(browser, viewport=NARROW) as page:
        ready(page, form_at(intake, lang))
        assert page.evaluate("() => document.querySelector('.top').getBoundingClientRect().height / innerHeight") < 0.25
        seen = set()
        for _ in range(200):
            page.keyboard.press("Tab")
            at = page.evaluate("() => document.activeElement.outerHTML.slice(0, 200)")
            if at in seen:
                break
            seen.add(at)
            assert page.evaluate(covered) == ""
        assert len(seen) > 15
        for _ in range(len(seen)):
            page.keyboard.press("Shift+Tab")
            assert page.evaluate(covered) == ""
