"""The form in a real browser, under the real headers, against an invented intake: what is sealed, sent, refused, kept and thrown away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from crypto.entries import report_entry
from crypto.notes import SignerKey
from crypto.receipts import Receipt
from form.catalogue import Catalogue
from tests.form.browsing import EN, KM, ONE_IS_ENOUGH, WORDS, each, fill, form_at, opened, opened_report, picture, receipt_shown
from tests.form.intake import CSP, HANDLE, ORIGIN, Intake, new_intake, serving
from tests.form.walking import show, to_the_end

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

SIZES = [*(("chromium", lang, width) for lang in ("en", "km") for width in (320, 360, 1280)), ("firefox", "km", 320)]
BREAKS_WORKER = """() => {
  const Real = Blob;
  window.Blob = class extends Real {
    constructor(parts, options) { super(["crypto.getRandomValues = null;", ...parts], options); }
  };
}"""


def test_a_sealed_report_opens(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake, "km")) as page:
        page.fill("#q-what", WORDS)
        page.check("#q-incident-TD4")
        page.fill("#q-when-year", "២០២៤")
        page.select_option("#q-when-month", "3")
        show(page, "#q-country")
        page.select_option("#q-country", "TH")
        page.fill("#q-people", "៣")
        page.check("#q-reported-nobody")
        page.fill("#q-why-not", "fear")
        page.fill("#q-needs-law", "1")
        page.fill("#q-needs-safety", "២")
        show(page, "#q-evidence")
        page.set_input_files("#q-evidence", [picture("រូប.png")])
        page.fill("#q-reach", "signal")
        to_the_end(page)
        page.check("#consent-C2")
        page.check("#audience-eu")
        page.check("#contact-again")
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
        receipt = receipt_shown(page)
        assert page.locator("h1:visible").inner_text() == KM("arrived.title")
    (body,) = intake.posts
    report = opened_report(intake, body).report
    assert (report.handle, report.thread) == (receipt.handle("invented", 0), receipt.thread("invented"))
    assert (report.form, report.lang, report.seq) == ("web", "km", 0)
    assert (report.consent.level, report.consent.audiences, report.consent.contact) == ("C2", ("eu",), True)
    assert dict(report.answers) == {
        "what": WORDS,
        "incident": ["TD4"],
        "when": "2024-03",
        "country": "TH",
        "people": 3,
        "reported": "nobody",
        "why-not": "fear",
        "needs": ["law", "safety"],
        "evidence": [1],
        "reach": "signal",
    }
    assert [(file.name, file.type, file.size) for file in report.files] == [("រូប.png", "image/png", 4)]


def test_plain_http_is_enough(browser: Browser, intake: Intake) -> None:
    """An onion address has no crypto.subtle in some browsers, and plain http has it in none."""
    with opened(browser, form_at(intake).replace("127.0.0.1", "plain.example")) as page:
        assert page.evaluate("() => [isSecureContext, typeof crypto.subtle]") == [False, "undefined"]
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
    assert opened_report(intake, intake.posts[0]).report.answers["what"] == WORDS


@ONE_IS_ENOUGH
def test_one_tick_is_a_report(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        to_the_end(page)
        page.check("#consent-C0")
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
    assert opened_report(intake, intake.posts[0]).report.answers == {}


def test_hidden_questions_stay_unanswered(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        expect(page.locator("#q-why-not")).to_be_hidden()
        show(page, "#q-reported-nobody")
        page.check("#q-reported-nobody")
        page.fill("#q-why-not", WORDS)
        page.check("#q-reported-police")
        expect(page.locator("#q-why-not")).to_be_hidden()
        page.click("#f-reported [data-clear]")
        expect(page.locator("#q-reported-police")).not_to_be_checked()
        to_the_end(page)
        page.check("#consent-C1")
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
    assert opened_report(intake, intake.posts[0]).report.answers == {}


def test_problems_take_the_focus(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        page.fill("#q-when-year", "24")
        for button in ("next", "finish"):
            page.click(f"[data-do={button}]")
            expect(page.locator("#problems")).to_be_focused()
            assert page.locator("#problems li").all_inner_texts()[0].splitlines()[-1] == EN("problem.year-four-digits")
        page.fill("#q-when-year", "2024")
        show(page, "#q-people")
        expect(page.locator("#problems")).to_be_hidden()
        page.fill("#q-people", "many")
        page.press("#q-people", "Enter")
        page.click("#problems a")
        expect(page.locator("#q-people")).to_be_focused()
        described = page.locator("#q-people").get_attribute("aria-describedby") or ""
        assert EN("problem.not-a-number") in page.locator(f"#{described.split()[-1]}").inner_text()
    assert intake.posts == []


@ONE_IS_ENOUGH
def test_a_problem_leads_to_its_group(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        to_the_end(page)
        page.check("#contact-again")
        page.click("[data-do=send]")
        shown = page.locator("#problems li").all_inner_texts()
        assert [line.splitlines()[-1] for line in shown] == [EN(f"problem.{code}") for code in ("required", "contact-needed")]
        page.click("#problems li:nth-child(2) a")
        expect(page.locator("#q-reach")).to_be_focused()
    assert intake.posts == []


@ONE_IS_ENOUGH
def test_too_large_files_are_told_at_once(browser: Browser) -> None:
    with serving(new_intake(max_k=16)) as intake, opened(browser, form_at(intake)) as page:
        show(page, "#q-evidence")
        page.set_input_files("#q-evidence", [picture("film.png", 70_000)])
        expect(page.locator("[data-used]")).to_contain_text("0.1 MB")
        expect(page.locator("#f-evidence [data-error]")).to_contain_text(EN("problem.too-large"))
        to_the_end(page)
        expect(page.locator("#problems")).to_contain_text(EN("problem.too-large"))
        page.click(".files li > button")
        expect(page.locator("#f-evidence [data-error]")).to_have_count(0)
        to_the_end(page)
        page.check("#consent-C1")
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
    assert len(intake.posts) == 1


@each("spoiled", ("chromium", "another key"), ("chromium", "another report"), ("firefox", "another key"))
def test_a_false_promise_shows_no_receipt(browser: Browser, intake: Intake, spoiled: str) -> None:
    if spoiled == "another key":
        intake.signs_with = SignerKey.generate(ORIGIN)
    else:
        intake.promised_leaf = bytes(32)
    with opened(browser, form_at(intake)) as page:
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("#stuck")).to_be_visible()
        word = "signature" if spoiled == "another key" else "promise-broken"
        expect(page.locator("#why")).to_have_text(EN(f"refusal.{word}"))
        expect(page.locator("#receipt")).to_be_hidden()
        assert not re.search(r"\d{4}", page.locator("#receipt").text_content() or "")


@each("word", ("firefox", "network"), ("chromium", "busy"))
def test_trying_again_sends_the_same_bytes(browser: Browser, intake: Intake, word: str) -> None:
    intake.refusals = [word]
    with opened(browser, form_at(intake)) as page:
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("#why")).to_have_text(EN(f"refusal.{word}"))
        page.click("[data-do=again]")
        expect(page.locator("#receipt")).to_be_visible()
    assert len(set(intake.posts)) == 1


def test_going_back_keeps_words_and_receipt(browser: Browser, intake: Intake) -> None:
    intake.refusals = ["busy"]
    with opened(browser, form_at(intake)) as page:
        fill(page)
        to_the_end(page)
        page.click("[data-do=send]")
        page.click("[data-do=back]")
        assert page.input_value("#q-what") == WORDS
        show(page, "#q-what")
        page.fill("#q-what", "other words")
        to_the_end(page)
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
        receipt = receipt_shown(page)
    assert [body[:HANDLE] for body in intake.posts] == [receipt.handle("invented", n) for n in (0, 1)]


@ONE_IS_ENOUGH
def test_a_duplicate_is_sealed_again(browser: Browser, intake: Intake) -> None:
    intake.refusals = ["duplicate"]
    with opened(browser, form_at(intake)) as page:
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
        receipt = receipt_shown(page)
    assert [body[:HANDLE] for body in intake.posts] == [receipt.handle("invented", n) for n in (0, 1)]
    assert opened_report(intake, intake.posts[1]).report.seq == 1


@each("lang", ("chromium", "en"), ("firefox", "km"))
def test_a_refusal_keeps_what_was_typed(browser: Browser, intake: Intake, lang: str) -> None:
    intake.refusals = ["closed"]
    with opened(browser, form_at(intake, lang)) as page:
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_contain_text(Catalogue(lang)("refusal.closed"))
        assert page.input_value("#q-what") == WORDS


def test_failed_sealing_sends_nothing(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        # The worker starts from a Blob at the first letter: what breaks it must stand in its own text.
        page.evaluate(BREAKS_WORKER)
        fill(page)
        before = list(intake.asked)
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_contain_text(EN("refusal.sealing"))
        assert page.input_value("#q-what") == WORDS
        assert intake.asked == before


def test_a_request_would_have_been_seen(browser: Browser, intake: Intake) -> None:
    """The twin of the test before: the same page with nothing broken does ask."""
    with opened(browser, form_at(intake)) as page:
        fill(page)
        before = list(intake.asked)
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
        assert intake.asked != before


def test_words_never_leave_unsealed(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
        code = receipt_shown(page).code
        kept = page.evaluate("() => [document.cookie, localStorage.length, sessionStorage.length]")
        assert kept == ["", 0, 0]
        assert WORDS not in page.content()
    (body,) = intake.posts
    for secret in (WORDS.encode(), b"WITNESS", code.encode()):
        assert secret not in body
        assert all(secret.decode() not in path for path in intake.asked)


def test_no_enter_sends_before_the_script(browser: Browser, intake: Intake) -> None:
    """A page whose script did not come must not send words unsealed: not by a button, not by Enter."""
    with opened(browser, "about:blank") as page:
        page.route("**/*.js", lambda route: route.abort())
        page.goto(form_at(intake))
        expect(page.locator("[data-waiting]")).to_be_visible()
        page.fill("#q-when-year", "2024")
        page.press("#q-when-year", "Enter")
        page.locator("[data-do=next]").click(force=True)
        page.wait_for_timeout(300)
    assert intake.posts == []


def test_leaving_wipes_the_page(browser: Browser, intake: Intake) -> None:
    for leave in ("button", "keys"):
        with opened(browser, form_at(intake)) as page:
            page.route("https://en.wikipedia.org/**", lambda route: route.fulfill(body="harmless"))
            before = page.evaluate("() => history.length")
            fill(page)
            if leave == "button":
                page.click(".leave")
            else:
                for _ in range(3):
                    page.keyboard.press("Escape")
            page.wait_for_url("https://en.wikipedia.org/**")
            assert page.evaluate("() => history.length") == before  # the harmless page stands where the form stood


def test_receipt_page_finds_and_withdraws(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
        receipt = receipt_shown(page)
        page.goto(f"{form_at(intake)}/receipt")
        page.fill("#receipt", "1234")
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_contain_text(EN("problem.receipt"))
        page.fill("#receipt", receipt.groups())
        page.click("[data-do=send]")
        expect(page.locator("#standing")).to_contain_text(EN("standing.published"))
        page.click("#standing summary")
        page.click("#standing button")
        expect(page.locator("#standing")).to_contain_text(EN("standing.withdrawn"))
        page.click("[data-do=send]")
        expect(page.locator("#standing")).to_contain_text(EN("standing.withdrawn"))
    assert intake.posts[1] == receipt.withdraw("invented", 0)
    assert all(receipt.code not in path for path in intake.asked)


@ONE_IS_ENOUGH
def test_a_forged_log_is_refused(browser: Browser, intake: Intake) -> None:
    intake.signed_entries = [*intake.entries, report_entry(bytes(32), bytes(32))]
    intake.entries.append(report_entry(bytes(32), bytes([1]) * 32))
    with opened(browser, f"{form_at(intake)}/receipt") as page:
        page.fill("#receipt", Receipt.generate().code)
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_contain_text(EN("refusal.log-inconsistent"))


@each("lang, width", *SIZES)
def test_never_scrolls_sideways(browser: Browser, intake: Intake, lang: str, width: int) -> None:
    with opened(browser, form_at(intake, lang), width=width) as page:
        fill(page)
        show(page, "#q-evidence")
        page.set_input_files("#q-evidence", [picture("a" * 80 + ".png")])
        for step in ("form", "arrived"):
            if step == "arrived":
                to_the_end(page)
                page.click("[data-do=send]")
                expect(page.locator("#receipt")).to_be_visible()
            assert page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@each("lang", ("chromium", "en"), ("firefox", "km"))
def test_targets_are_large_enough(browser: Browser, intake: Intake, lang: str) -> None:
    small = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary, label')].filter((control) => {
      const box = (control.matches('.tick input') ? control.parentElement : control).getBoundingClientRect();
      const alone = !control.matches('.field > label, .row label, .skip, p a, .rank label');
      return alone && box.width > 0 && (box.height < 43.9 || box.width < 43.9);
    }).map((control) => control.outerHTML.slice(0, 90))"""
    with opened(browser, form_at(intake, lang)) as page:
        assert page.evaluate(small) == []


def test_trusted_types_are_enforced(browser: Browser, intake: Intake) -> None:
    """The twin of every test above: under headers that name another policy nothing can be sealed, so nothing is sent."""
    intake.csp = CSP.replace("trusted-types saksei", "trusted-types other")
    context = browser.new_context()
    page = context.new_page()
    page.goto(form_at(intake))
    page.wait_for_timeout(500)
    expect(page.locator("[data-do=send]")).to_be_disabled()
    context.close()
    assert intake.posts == []
