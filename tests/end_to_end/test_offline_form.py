"""The offline form's whole way: made and signed, handed out, written in without a network, handed in through the plain upload, opened."""

from __future__ import annotations

import hashlib
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from bench.stage import PASSPHRASE, Stage
from crypto.entries import report_entry
from crypto.keyfile import open_key
from crypto.merkle import leaf_hash
from crypto.minisign import SecretKey
from crypto.notes import VerifierKey, parse_promise
from crypto.opening import open_report
from crypto.receipts import Receipt
from questionnaire.models import Call, load_call
from reviewer.custody import sums_file
from tests.end_to_end import submitter
from tests.end_to_end.canary import found_in_files
from tests.end_to_end.journey import CALL, ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WORDS = "ពួកគេបានគំរាមខ្ញុំ WITNESSSTICK"
HANDLE = 32


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    made = Stage(tmp_path_factory.mktemp("stage"))
    made.build_call(ROOT / "questionnaire" / "calls" / f"{CALL}.yaml", "--demo")
    return made


@pytest.fixture(scope="module")
def call(stage: Stage) -> Call:
    return load_call((stage.place / "call" / "server" / "call.json").read_bytes())


def write(browser: Browser, form: Path) -> tuple[Receipt, bytes]:
    """Fill in the form that lies in a file, and save what it seals."""
    with submitter.phone(browser) as page:
        page.goto(form.as_uri())
        page.locator('[name="q-story"]').fill(WORDS)
        submitter.to_the_end(page)
        page.locator('[name="consent"][value="C1"]').check()
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible(timeout=60_000)
        with page.expect_download() as download:
            page.click("[data-do=save]")
        return Receipt.parse(page.locator("#receipt").inner_text()), Path(download.value.path()).read_bytes()


def test_written_offline_and_handed_in(stage: Stage, call: Call, browser: Browser, tmp_path: Path) -> None:
    with stage.serving():
        with submitter.phone(browser) as page:
            page.goto(f"{stage.url}/en/calls/{CALL}")
            page.get_by_text("Write without being online").click()
            with page.expect_download() as download:
                page.get_by_role("link", name="Save the form as a file").click()
            form = tmp_path / "form.html"
            form.write_bytes(Path(download.value.path()).read_bytes())
            shown = page.locator("footer").text_content() or ""
        assert form.read_bytes() == (stage.place / "call" / "server" / "form.html").read_bytes()
        assert hashlib.sha256(form.read_bytes()).hexdigest() in shown.replace(" ", "")

        receipt, body = write(browser, form)
        sealed = tmp_path / "sealed.bin"
        sealed.write_bytes(body)
        for scripts in (True, False):  # handing the same file in twice is safe
            with submitter.phone(browser, scripts=scripts) as page:
                page.goto(f"{stage.url}/en/calls/{CALL}")
                page.get_by_text("Hand in a sealed file", exact=True).click()
                page.get_by_label("Sealed file").set_input_files(sealed)
                with page.expect_response(lambda response: response.request.method == "POST") as answer:
                    page.get_by_role("button", name="Hand it in").click()
                assert answer.value.status == 201
                expect(page.locator("h1")).to_have_text("Your report has arrived")
                promise = page.locator("pre").text_content() or ""
            entry = report_entry(hashlib.sha256(body[HANDLE:]).digest(), body[:HANDLE])
            kept = parse_promise(promise.encode(), VerifierKey.parse(call.log_vkey), call.origin)
            assert kept.leaf_hash == leaf_hash(entry)
        assert found_in_files([stage.place / name for name in ("data", "tmp", "keys", "log")], [b"WITNESSSTICK"]) == []

    call_bytes = (stage.place / "call" / "server" / "call.json").read_bytes()
    report = open_report(
        body[HANDLE:],
        open_key(stage.key.read_bytes(), PASSPHRASE),
        recipients=len(call.recipients),
        max_k=call.max_k,
        call=CALL,
        call_sha256=hashlib.sha256(call_bytes).hexdigest(),
        handle=receipt.handle(CALL, 0),
    ).report
    assert (report.form, report.answers["story"], report.lang) == ("offline", WORDS, call.default_language)


def test_what_is_no_sealed_file_is_refused(stage: Stage, browser: Browser, tmp_path: Path) -> None:
    """The twin: one byte less, and the server says so instead of promising."""
    _, body = write(browser, stage.place / "call" / "server" / "form.html")
    spoiled = tmp_path / "sealed.bin"
    spoiled.write_bytes(body[:-1])
    with stage.serving(), submitter.phone(browser) as page:
        page.goto(f"{stage.url}/en/calls/{CALL}")
        page.get_by_text("Hand in a sealed file", exact=True).click()
        page.get_by_label("Sealed file").set_input_files(spoiled)
        page.get_by_role("button", name="Hand it in").click()
        expect(page.locator("#problems")).to_be_visible()
        expect(page.locator("pre")).to_have_count(0)


def handed_out(stage: Stage) -> bytes:
    """form.html as the server hands it out."""
    with stage.serving(), urllib.request.urlopen(f"http://127.0.0.1:{stage.port}/calls/{CALL}/form.html", timeout=30) as answer:
        return bytes(answer.read())


def test_mended_form_reaches_the_server(stage: Stage) -> None:
    """A form of older software, signed, is handed out; the mended one replaces it, for the same call."""
    server = stage.place / "call" / "server"
    signing = SecretKey.parse((stage.place / "call" / "private" / "signing.key").read_text(), PASSPHRASE)
    older = b"<!doctype html>the form of older software"
    (server / "form.html").write_bytes(older)
    (server / "SHA256SUMS").write_bytes(sums_file((server / "call.json").read_bytes(), older))
    (server / "SHA256SUMS.minisig").write_text(signing.sign((server / "SHA256SUMS").read_bytes()))
    stage.run("saksei-intake", "call", "add", server)
    assert handed_out(stage) == older
    stage.run("saksei-reviewer", "call", "reissue", stage.place / "call", "--passphrase-file", stage.passphrase_file)
    assert handed_out(stage) == older
    assert "new form.html" in stage.run("saksei-intake", "call", "add", server).stdout
    mended = handed_out(stage)
    assert mended == (server / "form.html").read_bytes() != older
