"""The worker that seals: begun once while somebody writes, told of only when it is needed, and ended when they leave."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.form.browsing import EN, KM, ONE_IS_ENOUGH, WORDS, fill, form_at, opened, opened_report, receipt_shown
from tests.form.intake import HANDLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tests.form.intake import Intake

pytestmark = [pytest.mark.browser, ONE_IS_ENOUGH]
ELSEWHERE = re.compile(r"^https://(km|en)\.wikipedia\.org/")
WATCHES = """() => {
  const Real = window.Worker;
  const told = (what) => console.debug(`worker ${JSON.stringify(what)}`);
  window.Worker = class extends Real {
    constructor(address) {
      super(address);
      told({ kind: "started" });
      this.addEventListener("message", ({ data }) => { if (data.kind === "rehearsed") told({ kind: "rehearsed" }); });
    }
    postMessage(asked) { told(asked); super.postMessage(asked); }
    terminate() { told({ kind: "ended" }); super.terminate(); }
  };
}"""
BROKEN = {
    "none at all": "() => { window.Worker = undefined; }",
    "one that throws": "() => { window.Worker = class { constructor() { throw new DOMException('no', 'SecurityError'); } }; }",
    "one that cannot run": """() => {
      const Real = window.Blob;
      window.Blob = class extends Real { constructor(parts, options) { super(['throw new Error("invented");', ...parts], options); } };
    }""",
}
TWICE = "() => { for (const _ of [1, 2]) document.querySelector('[data-do=send]').click(); }"
SENDS_AND_LEAVES = "() => { for (const one of ['[data-do=send]', 'a.leave']) document.querySelector(one).click(); }"
TELLS = """() => console.debug('worker {"kind": "elsewhere"}')"""
UNBINDS_LEAVING = "() => { for (const link of document.querySelectorAll('a.leave')) link.replaceWith(link.cloneNode(true)); }"


class Watched:
    """A page and what its workers were seen to do, in their order; kept when the page is gone."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.seen: list[dict[str, Any]] = []
        page.on("console", lambda message: self._read(message.text))
        page.route(ELSEWHERE, lambda route: route.fulfill(body="harmless"))
        page.evaluate(WATCHES)

    def _read(self, text: str) -> None:
        if text.startswith("worker "):
            self.seen.append(json.loads(text.removeprefix("worker ")))

    @property
    def kinds(self) -> list[str]:
        return [one["kind"] for one in self.seen]

    def until(self, true: Callable[[], bool]) -> None:
        """Wait until this holds; a minute is more than any machine needs."""
        for _ in range(600):
            if true():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(self.kinds)

    def until_seen(self, kind: str) -> None:
        self.until(lambda: kind in self.kinds)

    def leave(self) -> None:
        self.page.click(".leave")
        self.page.wait_for_url(ELSEWHERE)


@contextmanager
def watched(browser: Browser, address: str) -> Iterator[Watched]:
    with opened(browser, address) as page:
        yield Watched(page)


def test_begins_once_with_the_first_letter(browser: Browser, intake: Intake) -> None:
    with watched(browser, form_at(intake)) as watch:
        page = watch.page
        page.locator("#q-what").press("a")
        watch.until_seen("rehearsed")
        page.fill("#q-what", WORDS)
        page.click("a[data-language=km]")
        expect(page.locator("html")).to_have_attribute("lang", "km")
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
        watch.until_seen("ended")
        receipt = receipt_shown(page)
    assert watch.kinds == ["started", "rehearse", "rehearsed", "seal", "verify", "ended"]
    assert watch.seen[1] == {"kind": "rehearse", "recipients": [str(intake.identity.recipient)]}
    (body,) = intake.posts
    assert opened_report(intake, body).report.answers["what"] == WORDS
    assert body[:HANDLE] == receipt.handle("invented", 0)


def test_who_only_reads_starts_none(browser: Browser, intake: Intake) -> None:
    """The twin of the test before: it is the first letter that starts it."""
    with watched(browser, form_at(intake)) as watch:
        watch.page.click("a[data-language=km]")
        expect(watch.page.locator("html")).to_have_attribute("lang", "km")
        watch.page.locator("#q-what").press("Tab")
        assert watch.kinds == []
        watch.page.locator("#q-what").press("a")
        watch.until_seen("rehearsed")


@pytest.mark.parametrize("kind", BROKEN)
def test_a_failed_start_waits_to_be_told(browser: Browser, intake: Intake, kind: str) -> None:
    with opened(browser, form_at(intake)) as page:
        page.evaluate(BROKEN[kind])
        fill(page)
        expect(page.locator("#problems")).to_be_hidden()
        expect(page.locator("[data-do=send]")).to_be_enabled()
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_contain_text(EN("refusal.sealing"))
        assert page.input_value("#q-what") == WORDS
    assert intake.posts == []


def test_a_failed_start_is_tried_anew(browser: Browser, intake: Intake) -> None:
    """The twin: nothing is lost by a start that failed where the next one does not."""
    with opened(browser, form_at(intake)) as page:
        page.evaluate("() => { window.kept = window.Worker; }")
        page.evaluate(BROKEN["one that throws"])
        fill(page)
        page.evaluate("() => { window.Worker = window.kept; }")
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
    assert opened_report(intake, intake.posts[0]).report.answers["what"] == WORDS


def test_leaving_ends_it(browser: Browser, intake: Intake) -> None:
    with watched(browser, form_at(intake)) as watch:
        fill(watch.page)
        watch.until_seen("rehearsed")
        watch.leave()
        watch.until_seen("ended")


def test_leaving_ends_what_knows_a_receipt(browser: Browser, intake: Intake) -> None:
    with watched(browser, f"{form_at(intake, 'km')}/receipt") as watch:
        watch.page.fill("[name=receipt]", intake.receipt.code)
        watch.page.click("[data-do=send]")
        expect(watch.page.locator("#standing")).to_be_visible()
        watch.leave()
        watch.until_seen("ended")
    assert watch.kinds == ["started", "look", "ended"]


def test_twin_a_way_out_that_ends_nothing(browser: Browser, intake: Intake) -> None:
    """Where the page's own way of leaving is taken off its links, the worker is not seen to end."""
    with watched(browser, form_at(intake)) as watch:
        watch.page.on("dialog", lambda dialog: dialog.accept())
        fill(watch.page)
        watch.until_seen("rehearsed")
        watch.page.evaluate(UNBINDS_LEAVING)
        watch.leave()
        watch.page.evaluate(TELLS)  # what was told before this was seen before this
        watch.until_seen("elsewhere")
    assert "ended" not in watch.kinds


def test_who_leaves_at_the_press_sends_nothing(browser: Browser, intake: Intake) -> None:
    with watched(browser, form_at(intake)) as watch:
        fill(watch.page)
        watch.until_seen("rehearsed")
        watch.page.evaluate(SENDS_AND_LEAVES)
        watch.page.wait_for_url(ELSEWHERE)
        watch.until_seen("ended")
    assert watch.kinds == ["started", "rehearse", "rehearsed", "ended"]
    assert intake.posts == []


def test_two_presses_are_one(browser: Browser, intake: Intake) -> None:
    with watched(browser, form_at(intake)) as watch:
        fill(watch.page)
        watch.page.evaluate(TWICE)
        expect(watch.page.locator("#receipt")).to_be_visible()
        watch.until_seen("ended")
    assert watch.kinds.count("seal") == len(intake.posts) == 1


def test_twin_a_press_after_a_refusal_counts(browser: Browser, intake: Intake) -> None:
    """The twin: what keeps the second of two presses away lets go again."""
    intake.refusals = ["closed"]
    with watched(browser, form_at(intake, "km")) as watch:
        fill(watch.page)
        watch.page.evaluate(TWICE)
        expect(watch.page.locator("#problems")).to_contain_text(KM("refusal.closed"))
        watch.page.evaluate(TWICE)
        expect(watch.page.locator("#receipt")).to_be_visible()
        watch.until_seen("ended")
    assert watch.kinds.count("seal") == len(intake.posts) == 2
