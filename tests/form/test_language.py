"""The other language: what was typed and chosen goes along, in memory and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from crypto.entries import report_entry
from tests.form.browsing import EN, KM, WORDS, fill, form_at, opened, opened_report, picture
from tests.form.walking import show, to_the_end

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page

    from tests.form.intake import Intake

pytestmark = pytest.mark.browser


def note(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": content}


def names_shown(page: Page) -> list[str]:
    return [name for name in page.locator("[data-chosen]").all_inner_texts() if name]


def test_language_keeps_what_was_typed(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        fill(page)
        show(page, "#q-incident-DA2")
        page.check("#q-incident-DA2")
        show(page, "#q-country")
        page.select_option("#q-country", "TH")
        show(page, "#q-evidence")
        page.set_input_files("#q-evidence", [picture("a.png")])
        page.click("a[data-language=km]")
        expect(page.locator("h1:visible")).to_have_text(intake.call.text(intake.call.title, "km"))
        expect(page.locator(".files bdi")).to_have_text("a.png")
        expect(page.locator(".files bdi")).to_be_visible()
        assert page.url.endswith("/km/calls/invented")
        assert page.evaluate("() => document.documentElement.lang") == "km"
        to_the_end(page)
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
    report = opened_report(intake, intake.posts[0]).report
    assert dict(report.answers) == {"what": WORDS, "incident": ["DA2"], "country": "TH", "evidence": [1]}
    assert report.lang == "km"


def test_language_keeps_the_sealed_file(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        page.locator("summary", has_text=EN("hand.title")).click()
        page.set_input_files("#sealed", note("sealed.saksei", b"not sealed at all"))
        page.click("a[data-language=km]")
        expect(page.locator("h1:visible")).to_have_text(intake.call.text(intake.call.title, "km"))
        expect(page.locator("[data-chosen]").filter(has_text="sealed.saksei")).to_be_visible()
        assert page.evaluate("async () => document.querySelector('#sealed').files[0].text()") == "not sealed at all"


def test_language_keeps_the_number_and_the_promise(browser: Browser, intake: Intake) -> None:
    """On the receipt page: the other language checks the same number, against the same promise."""
    entry = report_entry(bytes([1]) * 32, intake.receipt.handle("invented", 0))
    intake.entries.append(entry)
    with opened(browser, f"{form_at(intake)}/receipt") as page:
        page.locator("summary", has_text=EN("kept.details")).click()
        page.set_input_files("#kept-promise", note("promise.txt", intake.promise(entry)))
        page.fill("#receipt", intake.receipt.groups())
        page.click("a[data-language=km]")
        expect(page.locator("h1:visible")).to_have_text(KM("look.title"))
        expect(page.locator("[data-chosen]")).to_have_text("promise.txt")
        assert page.url == f"{form_at(intake, 'km')}/receipt"
        assert page.input_value("#receipt") == intake.receipt.groups()
        page.click("[data-do=send]")
        expect(page.locator("#standing")).to_contain_text(KM("standing.published"))
        expect(page.locator("#standing")).to_contain_text(KM("kept.kept"))
    assert all(intake.receipt.code not in path for path in intake.asked)


def test_page_that_does_not_come_changes_nothing(browser: Browser, intake: Intake) -> None:
    """The twin: what was typed and chosen still stands where it was, and the page says so in its own language."""
    with opened(browser, f"{form_at(intake)}/receipt") as page:
        page.locator("summary", has_text=EN("kept.details")).click()
        page.set_input_files("#kept-promise", note("promise.txt", b"x"))
        page.fill("#receipt", "1234")
        intake.pages["/km/calls/invented/receipt"] = "<!doctype html><title>Another page</title>"
        page.click("a[data-language=km]")
        expect(page.locator("#language-failed")).to_have_text(EN("language.failed"))
        assert page.input_value("#receipt") == "1234"
        assert names_shown(page) == ["promise.txt"]
