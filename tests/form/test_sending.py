"""A report on a bad network: nothing lost, the same bytes again, saved as a file, handed in elsewhere, and work for a turn."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from crypto.entries import report_entry
from crypto.merkle import leaf_hash
from crypto.notes import parse_promise
from crypto.receipts import Receipt
from tests.form.browsing import EN, KM, ONE_IS_ENOUGH, WORDS, each, fill, form_at, opened, opened_report, receipt_shown, saved
from tests.form.intake import HANDLE, ORIGIN, new_intake, serving
from tests.form.invented import QUESTIONS
from tests.form.walking import show, to_the_end

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Dialog, Page

    from tests.form.intake import Intake

pytestmark = pytest.mark.browser


def stopped(page: Page, intake: Intake, word: str = "network") -> None:
    """A report that is sealed and did not arrive."""
    intake.refusals = [word]
    fill(page)
    page.click("[data-do=send]")
    expect(page.locator("#stuck")).to_be_focused()


def test_offline_is_told_and_mended_by_itself(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        fill(page)
        page.context.set_offline(True)
        page.click("[data-do=send]")
        expect(page.locator("#why")).to_have_text(EN("refusal.offline"))
        assert intake.posts == []
        page.context.set_offline(False)
        expect(page.locator("#receipt")).to_be_visible()
    assert opened_report(intake, intake.posts[0]).report.answers["what"] == WORDS


def test_a_refused_report_waits_for_its_person(browser: Browser, intake: Intake) -> None:
    """The twin: only a connection that comes back sends by itself, not a server that said no."""
    with opened(browser, form_at(intake)) as page:
        stopped(page, intake, "busy")
        page.evaluate("() => window.dispatchEvent(new Event('online'))")
        page.wait_for_timeout(300)
        expect(page.locator("#why")).to_have_text(EN("refusal.busy"))
    assert len(intake.posts) == 1


def test_the_sealed_file_can_be_handed_in(browser: Browser, intake: Intake, downloads: Path, tmp_path: Path) -> None:
    with opened(browser, form_at(intake, "km")) as page:
        stopped(page, intake)
        expect(page.locator("#receipt-saved")).to_be_hidden()
        name, body = saved(page, downloads)
        expect(page.get_by_text(KM("saved.unsent"))).to_be_visible()
        receipt = Receipt.parse(page.locator("#receipt-saved").inner_text())
    assert [body] == intake.posts
    assert re.fullmatch(r"sealed-[0-9a-f]{8}\.bin", name)
    path = tmp_path / name
    path.write_bytes(body)
    assert body[:HANDLE] == receipt.handle("invented", 0)
    with opened(browser, form_at(intake)) as page:
        page.locator("summary", has_text=EN("hand.title")).click()
        page.set_input_files("#sealed", path)
        expect(page.locator("[data-chosen]")).to_have_text(name)
        expect(page.get_by_text(EN("file.choose"), exact=True)).to_be_visible()
        page.click(f"button:has-text('{EN('hand.button')}')")
        expect(page.locator("h1")).to_have_text(EN("arrived.title"))
        expect(page.locator("[data-kept]")).to_have_count(0)
        note = page.locator("pre").text_content() or ""
    promise = parse_promise(note.encode(), intake.signer.vkey, ORIGIN)
    assert promise.leaf_hash == leaf_hash(report_entry(hashlib.sha256(body[HANDLE:]).digest(), body[:HANDLE]))


@ONE_IS_ENOUGH
def test_saved_then_sent_counts_once(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        stopped(page, intake)
        with page.expect_download():
            page.click("[data-do=save]")
        saved = Receipt.parse(page.locator("#receipt-saved").inner_text())
        page.click("[data-do=again]")
        expect(page.locator("#receipt")).to_be_visible()
        assert receipt_shown(page) == saved
        expect(page.locator("#saved")).to_be_empty()
    assert intake.posts[0] == intake.posts[1]


def test_work_is_done_when_asked(browser: Browser, intake: Intake) -> None:
    intake.work_bits = 10
    with opened(browser, form_at(intake)) as page:
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
        assert page.locator("[data-step=work]").get_attribute("data-state") == "done"
    assert len(intake.posts) == 2
    assert intake.posts[0] == intake.posts[1]


@ONE_IS_ENOUGH
def test_endless_work_is_not_begun(browser: Browser, intake: Intake) -> None:
    intake.work_bits = 60
    with opened(browser, form_at(intake)) as page:
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("#why")).to_have_text(EN("refusal.busy"))
    assert len(intake.posts) == 1


@pytest.mark.parametrize("typed", ["a", ""])
def test_leaving_by_mistake_is_asked_about(browser: Browser, intake: Intake, typed: str) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    with opened(browser, form_at(intake)) as page:
        page.on("dialog", stay)
        page.click("#q-what")
        page.keyboard.type(typed)
        page.evaluate("address => { location.href = address; }", f"{form_at(intake)}/receipt")
        page.wait_for_timeout(500)
        assert asked == (["beforeunload"] if typed else [])
        assert page.url == (form_at(intake) if typed else f"{form_at(intake)}/receipt")


def test_a_million_letters_are_told(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake, "km")) as page:
        fill(page)
        # Set while its group is not shown: to lay a million letters out takes a browser a minute, whoever asks for it.
        page.evaluate("() => { document.getElementById('q-what').value = '\u1781'.repeat(1_000_000); }")
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_contain_text(KM("problem.too-long"))
        assert page.evaluate("() => document.getElementById('q-what').value.length") == 1_000_000
        page.evaluate("() => { document.getElementById('q-what').value = 'half \ud83d'; }")
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_contain_text(KM("problem.bad-text"))
        page.evaluate("() => { document.getElementById('q-what').value = 'a\u202eb'; }")
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
    assert opened_report(intake, intake.posts[0]).report.answers["what"] == "a\u202eb"


@ONE_IS_ENOUGH
def test_answers_stand_before_they_are_sent(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        to_the_end(page)
        expect(page.locator("#review p")).to_have_text(EN("review.none"))
        show(page, "#q-what")
        page.fill("#q-what", "<b>left\u202eright</b>")
        page.check("#q-incident-TD1")
        page.fill("#q-when-day", "3")
        page.fill("#q-when-year", "2024")
        page.select_option("#q-when-month", "5")
        to_the_end(page)
        rows = page.locator("#review dl > div")
        expect(rows).to_have_count(3)
        assert [row.split("\n")[1] for row in rows.all_inner_texts()] == [
            "<b>left[U+202E]right</b>",
            "Threats or harassment online or by phone",
            "3 May 2024",
        ]
        page.get_by_role("button", name=re.compile("^Change: When")).click()
        expect(page.locator("#q-when-day")).to_be_focused()


@each("lang", ("firefox", "km"), ("chromium", "en"))
def test_one_sentence_is_two_steps(browser: Browser, intake: Intake, lang: str) -> None:
    with opened(browser, form_at(intake, lang)) as page:
        page.fill("#q-what", WORDS)
        page.click("[data-do=enough]")
        page.check("#consent-C0")
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
    assert opened_report(intake, intake.posts[0]).report.answers == {"what": WORDS}


@ONE_IS_ENOUGH
def test_a_short_form_is_one_page(browser: Browser) -> None:
    with serving(new_intake(questions=QUESTIONS[:3])) as intake, opened(browser, form_at(intake)) as page:
        expect(page.locator("[data-do=next]")).to_have_count(0)
        page.fill("#q-what", WORDS)
        page.check("#consent-C1")
        expect(page.locator("#review dl > div")).to_have_count(1)
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
