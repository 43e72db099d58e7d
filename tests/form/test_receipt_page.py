"""The receipt and its page: noted, looked up, held against a kept promise and the reviewers' signature, answered, added to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from crypto.entries import frame, report_entry
from crypto.merkle import leaf_hash
from crypto.minisign import SecretKey
from crypto.notes import Promise, SignerKey
from crypto.receipts import Receipt
from crypto.replies import Reply
from tests.form.browsing import EN, KM, ONE_IS_ENOUGH, WORDS, each, fill, form_at, opened, opened_report, receipt_shown
from tests.form.intake import HANDLE, ORIGIN
from tests.form.walking import to_the_end

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.form.intake import Intake

pytestmark = pytest.mark.browser

ANSWER = "យើងបានអានហើយ។ <b>Thank you</b>\n\u202eWho was there?"


def logged(intake: Intake, n: int = 0) -> bytes:
    """A report of the intake's receipt, published."""
    entry = report_entry(bytes([n + 1]) * 32, intake.receipt.handle("invented", n))
    intake.entries.append(entry)
    return entry


def look(page: Page, intake: Intake, *, promise: bytes = b"") -> None:
    if promise:
        page.locator("summary", has_text=EN("kept.details")).click()
        page.set_input_files("#kept-promise", {"name": "promise.txt", "mimeType": "text/plain", "buffer": promise})
        expect(page.locator("[data-chosen]")).to_have_text("promise.txt")
    page.fill("#receipt", intake.receipt.groups())
    page.click("[data-do=send]")
    expect(page.locator("#standing")).to_be_visible()


def marks(page: Page) -> list[str]:
    expect(page.locator("#standing [aria-live]")).not_to_be_empty()
    return page.locator("#standing .mark").all_inner_texts()


def page_at(intake: Intake, lang: str = "en") -> str:
    return f"{form_at(intake, lang)}/receipt"


def test_noting_the_number_leads_on(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake, "km")) as page:
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
        shown = page.locator("#receipt").inner_text()
        page.click("#kept [data-do=digits]")
        other = page.locator("#receipt").inner_text()
        assert other.isascii()
        assert not shown.isascii()
        code = Receipt.parse(other).code
        assert Receipt.parse(shown).code == code
        page.fill("#noted-digits", str((int(code[-4:]) + 1) % 10000).zfill(4))
        page.press("#noted-digits", "Enter")
        expect(page.locator("#f-noted [data-error]")).to_contain_text(KM("problem.noted"))
        page.fill("#noted-digits", shown.split()[-1])
        page.press("#noted-digits", "Enter")
        expect(page.locator("#receipt")).to_be_hidden()
        expect(page.locator("#end h2")).to_be_focused()
        page.click("[data-do=reveal]")
        expect(page.locator("#receipt")).to_be_visible()
        page.click("[data-do=unnoted]")
        page.route("https://km.wikipedia.org/**", lambda route: route.fulfill(body="harmless"))
        page.click("#end [data-leave]")
        page.wait_for_url("https://km.wikipedia.org/**")


def test_the_number_is_copied_on_plain_http(browser: Browser, intake: Intake) -> None:
    for address in (form_at(intake), form_at(intake).replace("127.0.0.1", "plain.example")):
        with opened(browser, address) as page:
            fill(page)
            page.click("[data-do=send]")
            page.click("#kept [data-do=copy]")
            expect(page.locator("#kept [data-copied]")).to_be_visible()
            page.focus("#noted-digits")
            page.keyboard.press("Control+V")
            assert Receipt.parse(page.input_value("#noted-digits")) == receipt_shown(page)


@ONE_IS_ENOUGH
def test_nothing_is_there_yet(browser: Browser, intake: Intake) -> None:
    with opened(browser, page_at(intake)) as page:
        look(page, intake)
        assert page.locator("#standing .mark").all_inner_texts() == [EN("standing.unknown")]
        intake.entries.append(report_entry(bytes(32), bytes(32)))
        logged(intake)
        page.click("[data-do=send]")
        expect(page.locator("#standing")).to_contain_text(EN("standing.published"))
        assert marks(page) == [EN("standing.published"), EN("held.unheld"), EN("reply.none")]


@ONE_IS_ENOUGH
def test_the_reviewers_signature_is_checked(browser: Browser, intake: Intake) -> None:
    logged(intake)
    logged(intake, 1)
    intake.received = 2
    with opened(browser, page_at(intake)) as page:
        look(page, intake)
        expect(page.locator("#report-0")).to_contain_text(EN("held.held"))
        expect(page.locator("#report-1")).to_contain_text(EN("held.unheld"))
        intake.received_by = SecretKey.generate()
        page.click("[data-do=send]")
        expect(page.locator("#report-0")).to_contain_text(EN("held.forged"))


@ONE_IS_ENOUGH
def test_a_batch_between_two_answers(browser: Browser, intake: Intake) -> None:
    """Entries from before a batch with a checkpoint from after it: fetched again, and nothing is said to be wrong."""
    before = frame(intake.entries)
    logged(intake)
    intake.stale = {"entries": before}
    with opened(browser, page_at(intake)) as page:
        look(page, intake)
        expect(page.locator("#report-0")).to_contain_text(EN("standing.published"))
        expect(page.locator("#problems")).to_be_hidden()
    assert [path.split("/")[-1] for path in intake.asked].count("entries") == 2


@ONE_IS_ENOUGH
def test_a_countersignature_between_two_answers(browser: Browser, intake: Intake) -> None:
    logged(intake)
    intake.received = 2
    intake.stale = {"received.minisig": intake.signing.sign(intake.checkpoint(1)).encode()}
    with opened(browser, page_at(intake)) as page:
        look(page, intake)
        expect(page.locator("#report-0")).to_contain_text(EN("held.held"))


@ONE_IS_ENOUGH
def test_an_inconsistent_log_is_fetched_twice(browser: Browser, intake: Intake) -> None:
    """The twin: what does not fit the second time either is refused."""
    intake.signed_entries = [*intake.entries, report_entry(bytes(32), bytes(32))]
    logged(intake)
    with opened(browser, page_at(intake)) as page:
        page.fill("#receipt", intake.receipt.groups())
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_contain_text(EN("refusal.log-inconsistent"))
    assert [path.split("/")[-1] for path in intake.asked].count("entries") == 2


@each(
    "state",
    *(("chromium", state) for state in ("kept", "due", "broken", "other", "another log")),
    ("firefox", "kept"),
    ("firefox", "broken"),
)
def test_a_kept_promise_is_compared(browser: Browser, intake: Intake, state: str) -> None:
    entry = logged(intake)
    leaf = (
        leaf_hash(report_entry(bytes([9]) * 32, intake.receipt.handle("invented", 0))) if state in {"due", "broken"} else leaf_hash(entry)
    )
    if state == "other":
        leaf = leaf_hash(intake.entries[0])
    signer = SignerKey.generate(ORIGIN) if state == "another log" else intake.signer
    note = signer.sign(Promise(ORIGIN, leaf, 4_000_000_000 if state == "due" else 1_755_160_000).text())
    with opened(browser, page_at(intake)) as page:
        look(page, intake, promise=note)
        key = "kept.other" if state == "another log" else f"kept.{state}"
        expect(page.locator("#standing")).to_contain_text(EN(key, when="").split("{")[0].rstrip(" ."))


def test_offline_is_told_and_the_number_stays(browser: Browser, intake: Intake) -> None:
    logged(intake)
    with opened(browser, page_at(intake, "km")) as page:
        page.fill("#receipt", intake.receipt.groups())
        page.context.set_offline(True)
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_contain_text(KM("look.offline"))
        page.context.set_offline(False)
        page.click("[data-do=send]")
        expect(page.locator("#report-0")).to_contain_text(KM("standing.published"))
        expect(page.locator("#problems")).to_be_hidden()


def test_a_reply_is_read(browser: Browser, intake: Intake) -> None:
    for number in range(300):
        intake.entries.append(report_entry(number.to_bytes(32), (number + 7).to_bytes(32)))
    logged(intake)
    logged(intake, 1)
    intake.replies = {intake.receipt.handle("invented", 0): Reply(intake.receipt.reply_key("invented"), ANSWER)}
    with opened(browser, page_at(intake, "km")) as page:
        look(page, intake)
        said = page.locator("#report-0 blockquote")
        expect(said).to_have_text(ANSWER.replace("\u202e", "[U+202E]"))
        expect(said.locator("b")).to_have_count(0)
        expect(page.locator("#report-1")).to_contain_text(KM("reply.none"))
    assert [path for path in intake.asked if "replies" in path] == ["/calls/invented/replies/all"] * 2


@ONE_IS_ENOUGH
def test_a_round_that_singles_out_is_refused(browser: Browser, intake: Intake) -> None:
    logged(intake)
    logged(intake, 1)
    intake.replies = {intake.receipt.handle("invented", 0): Reply(intake.receipt.reply_key("invented"), ANSWER)}
    intake.round_of = 1
    with opened(browser, page_at(intake)) as page:
        look(page, intake)
        expect(page.locator("#report-0")).to_contain_text(EN("reply.broken"))
        expect(page.locator("blockquote")).to_have_count(0)


@ONE_IS_ENOUGH
def test_a_reply_stays_as_the_log_grows(browser: Browser, intake: Intake) -> None:
    """A round has no record for what was published after it; the reviewers' signature says how far they had come."""
    logged(intake)
    intake.received = 2
    intake.replies = {intake.receipt.handle("invented", 0): Reply(intake.receipt.reply_key("invented"), ANSWER)}
    intake.round_of = 1
    for number in range(5):
        intake.entries.append(report_entry(number.to_bytes(32), (number + 7).to_bytes(32)))
    with opened(browser, page_at(intake)) as page:
        look(page, intake)
        expect(page.locator("#report-0 blockquote")).to_be_visible()


def test_an_addition_joins_its_thread(browser: Browser, intake: Intake) -> None:
    logged(intake)
    with opened(browser, page_at(intake)) as page:
        look(page, intake)
        page.get_by_role("button", name=EN("add.button")).click()
        expect(page.locator("#addition")).to_be_focused()
        assert page.url == form_at(intake)
        page.click("a[data-language=km]")
        expect(page.locator("#addition")).to_have_text(KM("addition.notice"))
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("h1:visible")).to_have_text(KM("arrived.added"))
        expect(page.locator("#receipt")).to_be_hidden()
        assert intake.receipt.code not in page.content().replace(" ", "").split('id="receipt"')[0]
    (body,) = intake.posts
    report = opened_report(intake, body).report
    assert body[:HANDLE] == intake.receipt.handle("invented", 1)
    assert (report.seq, report.thread, report.answers["what"]) == (1, intake.receipt.thread("invented"), WORDS)


@ONE_IS_ENOUGH
def test_an_addition_after_two_is_the_third(browser: Browser, intake: Intake) -> None:
    for n in range(3):
        logged(intake, n)
    intake.refusals = ["duplicate"]
    with opened(browser, page_at(intake)) as page:
        look(page, intake)
        page.get_by_role("button", name=EN("add.button")).click()
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("h1:visible")).to_have_text(EN("arrived.added"))
    assert [body[:HANDLE] for body in intake.posts] == [intake.receipt.handle("invented", n) for n in (3, 4)]


@ONE_IS_ENOUGH
def test_the_receipt_never_leaves(browser: Browser, intake: Intake) -> None:
    logged(intake)
    with opened(browser, page_at(intake)) as page:
        look(page, intake)
        page.get_by_role("button", name=EN("add.button")).click()
        expect(page.get_by_text(EN("addition.notice"))).to_be_visible()
        to_the_end(page)
        page.evaluate("() => document.querySelectorAll('noscript').forEach((part) => part.remove())")  # theirs is a receipt of its own
        assert intake.receipt.code not in page.content().replace(" ", "")
    assert all(
        intake.receipt.code not in path and intake.receipt.code.encode() not in body
        for path in intake.asked
        for body in [*intake.posts, b""]
    )
