"""What a receipt's holder can do, against the whole service: look it up, read a reply, add, withdraw; and a saved file handed in later."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from bench.stage import Stage
from crypto.receipts import Receipt
from crypto.report import Consent
from form.catalogue import Catalogue
from tests.end_to_end import submitter
from tests.end_to_end.crowd import Published, post
from tests.end_to_end.journey import CALL, definition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

WORDS = "ពួកគេបានគំរាមខ្ញុំ WITNESSHOLDER"
REPLY = "យើងបានអានហើយ។ <b>Thank you.</b>"
KM, EN = Catalogue("km"), Catalogue("en")
DAY = 86_400


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A call that is open for another day, with a batch every few seconds, and its server."""
    made = Stage(tmp_path_factory.mktemp("stage"))
    made.build_call(definition(made.place, (int(time.time()) + DAY) // 60 * 60))
    with made.serving():
        yield made


def posted_by_others(stage: Stage, count: int) -> None:
    published = Published.read(stage.place / "call" / "server" / "call.json")
    for _ in range(count):
        sealed = published.sealed({"story": "Plainly invented."}, Consent("C1", (), contact=False))
        assert post(f"{stage.url}/calls/{CALL}/reports", sealed).status_code == 201


def await_reports(stage: Stage, handle: bytes) -> None:
    """Wait until the log shows this handle."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if handle.hex().encode() in httpx.get(f"{stage.url}/calls/{CALL}/log/entries").content:
            return
        time.sleep(0.2)
    raise AssertionError("no batch was published")


def write(page: Page, stage: Stage, lang: str = "km") -> None:
    """Everything up to the press of the button."""
    page.goto(f"{stage.url}/{lang}/calls/{CALL}")
    expect(page.locator("[data-do=send]")).to_be_enabled()
    fill(page)


def fill(page: Page) -> None:
    page.locator('[name="q-story"]').fill(WORDS)
    submitter.to_the_end(page)
    page.locator('[name="consent"][value="C1"]').check()


def offline(stage: Stage, *arguments: str | Path) -> dict[str, object]:
    """One command of the reviewers in the workspace, as JSON."""
    fixed = ("--workspace", stage.place / "work", "--passphrase-file", stage.passphrase_file, "--json")
    return dict(json.loads(stage.run("saksei-reviewer", *arguments, *fixed).stdout))


def answer(stage: Stage, words: str) -> None:
    """The reviewers fetch what came, answer one report, and hand the round and their countersignature back."""
    stage.run("saksei-intake", "export", CALL, "--out", stage.place / "call.bundle")
    offline(stage, "import", stage.place / "call.bundle", "--key", stage.key, "--kdf-memory-mib", "64")
    listed = offline(stage, "list")["reports"]
    assert isinstance(listed, list)
    shown = {report["number"]: offline(stage, "show", str(report["number"])) for report in listed}
    (number,) = [number for number, report in shown.items() if report["answers"] == {"story": WORDS}]
    (stage.place / "reply.txt").write_text(words)
    offline(stage, "reply", str(number), "--text-file", stage.place / "reply.txt")
    offline(stage, "replies", "--out", stage.place / "replies.bin")
    stage.run("saksei-intake", "received", "load", CALL, stage.place / "received")
    stage.run("saksei-intake", "replies", "load", CALL, stage.place / "replies.bin")


def look(page: Page, receipt: Receipt) -> None:
    page.fill("#receipt", receipt.groups())
    page.click("[data-do=send]")
    expect(page.locator("#looking")).to_be_hidden()
    expect(page.locator("#standing")).to_be_visible()


def test_holder_reads_adds_and_withdraws(stage: Stage, browser: Browser) -> None:
    with submitter.phone(browser) as page:
        write(page, stage)
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible(timeout=60_000)
        receipt = Receipt.parse(page.locator("#receipt").inner_text())
    posted_by_others(stage, 2)
    await_reports(stage, receipt.handle(CALL, 0))
    answer(stage, REPLY)
    posted_by_others(stage, 1)  # what comes later is in no round, and must hide no reply
    with submitter.phone(browser) as page:
        page.goto(f"{stage.url}/km/calls/{CALL}/receipt")
        look(page, receipt)
        for key in ("standing.published", "held.held"):
            expect(page.locator("#report-0")).to_contain_text(KM(key))
        expect(page.locator("#report-0 blockquote")).to_have_text(REPLY)
        page.get_by_role("button", name=KM("add.button")).click()
        expect(page.locator("#addition")).to_be_focused()
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("h1:visible")).to_have_text(KM("arrived.added"), timeout=60_000)
        await_reports(stage, receipt.handle(CALL, 1))
        page.goto(f"{stage.url}/en/calls/{CALL}/receipt")
        look(page, receipt)
        expect(page.locator("#report-1")).to_contain_text(EN("held.unheld"))
        page.click("#report-0 summary")
        page.get_by_role("button", name=EN("withdraw.confirm")).first.click()
        expect(page.locator("#report-0")).to_contain_text(EN("standing.withdrawn"))
        await_reports(stage, receipt.withdraw(CALL, 0))
        look(page, receipt)
        expect(page.locator("#report-0")).to_contain_text(EN("standing.withdrawn"))
        expect(page.locator("#report-1")).to_contain_text(EN("standing.published"))


def test_saved_sealed_file_is_handed_in_later(stage: Stage, browser: Browser) -> None:
    """Offline: told so, nothing lost, saved as a file; handed in with another browser that runs no script; found with the receipt."""
    with submitter.phone(browser) as page:
        write(page, stage, "en")
        page.context.set_offline(True)
        page.click("[data-do=send]")
        expect(page.locator("#why")).to_have_text(EN("refusal.offline"), timeout=60_000)
        with page.expect_download() as download:
            page.click("[data-do=save]")
        sealed = stage.place / download.value.suggested_filename
        download.value.save_as(sealed)
        receipt = Receipt.parse(page.locator("#receipt-saved").inner_text())
        page.locator("[data-do=back]").first.click()
        assert page.input_value('[name="q-story"]') == WORDS
    with submitter.phone(browser, scripts=False) as page:
        page.goto(f"{stage.url}/km/calls/{CALL}")
        page.get_by_text(KM("hand.title"), exact=True).click()
        page.get_by_label(KM("hand.label")).set_input_files(sealed)
        page.get_by_role("button", name=KM("hand.button")).click()
        expect(page.locator("h1")).to_have_text(KM("arrived.title"))
    await_reports(stage, receipt.handle(CALL, 0))
    with submitter.phone(browser) as page:
        page.goto(f"{stage.url}/km/calls/{CALL}/receipt")
        look(page, receipt)
        expect(page.locator("#report-0")).to_contain_text(KM("standing.published"))
