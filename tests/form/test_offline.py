"""The offline form: one file, the same bytes every time, that seals without a network and never says that something was sent."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from crypto import canonical
from crypto.notes import SignerKey
from crypto.opening import Identity
from form.catalogue import Catalogue
from form.errors import BundleMissingError
from form.offline import content_policy, offline_form
from questionnaire.loader import call_document, load_definition
from questionnaire.models import load_call
from tests.form.browsing import EN, KM, ONE_IS_ENOUGH, PATIENCE, TELLS, WORDS, each, fill, opened_report, picture, receipt_shown, saved
from tests.form.intake import HANDLE, Intake, new_intake
from tests.form.invented import call_bytes
from tests.form.node import ROOT
from tests.form.walking import show, to_the_end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from crypto.receipts import Receipt

MODEST = 400_000
MAKE = "import sys; from form.offline import offline_form; sys.stdout.buffer.write(offline_form(sys.stdin.buffer.read()))"
BREAKS_SEALING = """
  const Real = Blob;
  window.Blob = class extends Real {
    constructor(parts, options) { super(["crypto.getRandomValues = null;", ...parts], options); }
  };
"""
NO_WORKER = {
    "none at all": "delete window.Worker;",
    "one that throws": "window.Worker = class { constructor() { throw new DOMException('no', 'SecurityError'); } };",
    "one that fails": """window.Worker = class {
      constructor() { setTimeout(() => this.onerror(new Event("error"))); }
      addEventListener() {}
    };""",
    "one that is silent": "window.Worker = class extends EventTarget {};",
    "none for this policy": "setTimeout(() => {}, 0);",
}


@pytest.fixture
def invented() -> Intake:
    """A call and its keys; its server is never started."""
    return new_intake()


@pytest.fixture
def form(invented: Intake, tmp_path: Path) -> Path:
    """Its form, as a file on a stick."""
    path = tmp_path / "form.html"
    path.write_bytes(offline_form(invented.data))
    return path


class Opened:
    """A page opened from a file: what it asked for, what it complained of, how many workers it started."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.workers = 0
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("worker", lambda _: self._count())

    def hears(self, *words: str) -> bool:
        """Waits until one of its complaints has one of the words in it."""
        until = time.monotonic() + PATIENCE / 1000
        while not any(word in complaint for complaint in self.complaints for word in words):
            if time.monotonic() > until:
                return False
            self.page.wait_for_timeout(50)
        return True

    def _count(self) -> None:
        self.workers += 1

    @property
    def outside(self) -> list[str]:
        """What was asked for that does not stand in the file itself."""
        return [address for address in self.asked if not address.startswith(("file:", "blob:", "data:"))]


@contextmanager
def from_file(browser: Browser, form: Path, *, before: str = "", scripts: bool = True, width: int = 360) -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": width, "height": 740}, java_script_enabled=scripts)
    page = context.new_page()
    page.add_init_script(TELLS)
    if before:
        page.add_init_script(before)
    opened = Opened(page)
    page.goto(form.as_uri())
    yield opened
    context.close()


def seal(page: Page) -> None:
    to_the_end(page)
    page.click("[data-do=send]")
    expect(page.locator("#receipt")).to_be_visible(timeout=30_000)


def test_same_bytes_every_time(invented: Intake) -> None:
    assert offline_form(invented.data) == offline_form(invented.data)
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"Etc/GMT+{seed}", "LANG": "C"}
        made = subprocess.run([sys.executable, "-c", MAKE], input=invented.data, capture_output=True, check=True, cwd=ROOT, env=environment)
        assert made.stdout == offline_form(invented.data)


def test_another_call_gives_another_form(invented: Intake) -> None:
    """The twin of the test before: the bytes follow from those of the call."""
    assert offline_form(invented.data) != offline_form(invented.data.replace(b"Everything is treated", b"Everything is kept"))


@pytest.mark.parametrize("path", sorted((ROOT / "questionnaire" / "calls").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_file_stays_modest(path: Path) -> None:
    recipients = [str(Identity.generate().recipient) for _ in range(5)]
    definition = load_definition(path)
    log_vkey = str(SignerKey.generate(f"intake.example/{definition.id}").vkey)
    document = call_document(definition, host="intake.example", recipients=recipients, log_vkey=log_vkey, signing_key="RW" + "A" * 54)
    assert len(offline_form(canonical.dumps(document))) < MODEST


def test_policy_names_all_that_runs(form: Path) -> None:
    page = form.read_text()
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    scripts, styles = (re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL) for name in ("script", "style"))
    assert (len(scripts), len(styles)) == (1, 2)
    for kind, texts in (("script-src", scripts), ("style-src", styles)):
        hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts)
        assert f"{kind} {hashes};" in policy.replace("&#39;", "'")
    for rule in (
        "default-src &#39;none&#39;",
        "worker-src blob:",
        "form-action &#39;none&#39;",
        "base-uri &#39;none&#39;",
        "trusted-types saksei",
    ):
        assert rule in policy
    assert "connect-src" not in policy  # default-src 'none': nothing is ever asked for
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_nothing_in_it_leads_outside(form: Path) -> None:
    page = re.sub(r"<(script|style)>.*?</\1>", "", form.read_text(), flags=re.DOTALL)
    assert re.findall(r'<[^>]*\s(?:src|srcset|action|formaction|poster|ping)="', page) == []
    assert {address for address in re.findall(r'\shref="([^"]*)"', page) if not address.startswith("#")} == {"about:blank"}
    assert not re.search(r"<(?:link|iframe|object|embed|base)\b", page)


def test_it_never_shows_its_own_hash(form: Path) -> None:
    digest = hashlib.sha256(form.read_bytes()).hexdigest()
    page = form.read_text()
    for shown in (digest, digest[:8], base64.b64encode(bytes.fromhex(digest)).decode()):
        assert shown not in page
    assert EN("check.form") not in page
    assert EN("check.offline") in page


def test_missing_bundle_says_what_to_run(tmp_path: Path) -> None:
    """In a copy of the tree where nothing was built."""
    (tmp_path / "questionnaire").symlink_to(ROOT / "questionnaire")
    shutil.copytree(ROOT / "form", tmp_path / "form", ignore=shutil.ignore_patterns("static", "browser", "__pycache__"))
    data = new_intake().data
    ran = subprocess.run(
        [sys.executable, "-c", MAKE], input=data, capture_output=True, check=False, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}
    )
    assert BundleMissingError.__name__ in ran.stderr.decode()
    assert "make" in ran.stderr.decode()


def test_sealed_without_a_network(browser: Browser, invented: Intake, form: Path, downloads: Path) -> None:
    with from_file(browser, form) as opened:
        page = opened.page
        page.fill("#q-what", WORDS)
        page.check("#q-incident-TD4")
        show(page, "#q-evidence")
        page.set_input_files("#q-evidence", [picture("រូប.png")])
        to_the_end(page)
        page.check("#consent-C2")
        page.check("#audience-eu")
        seal(page)
        assert page.locator("h1:visible").inner_text() == KM("saved.title")
        expect(page.locator(".notice:visible")).to_have_text(KM("saved.unsent"))
        receipt = receipt_shown(page)
        name, body = saved(page, downloads)
        assert page.evaluate("() => [document.cookie, window.caches === undefined]")[0] == ""
        assert WORDS not in page.locator("[data-view=saved]").inner_html()
        assert (opened.outside, opened.complaints, opened.workers) == ([], [], 1)
    assert name == f"sealed-{body[:4].hex()}.bin"
    report = opened_report(invented, body).report
    assert (report.form, report.lang, report.seq) == ("offline", "km", 0)
    assert (report.handle, report.thread) == (receipt.handle("invented", 0), receipt.thread("invented"))
    assert dict(report.answers) == {"what": WORDS, "incident": ["TD4"], "evidence": [1]}
    assert (report.consent.level, report.consent.audiences) == ("C2", ("eu",))
    assert [(file.name, file.type) for file in report.files] == [("រូប.png", "image/png")]
    assert WORDS.encode() not in body


@each("kind", *(("chromium", kind) for kind in NO_WORKER), ("firefox", "one that fails"), ("firefox", "none for this policy"))
def test_seals_where_no_worker_starts(browser: Browser, invented: Intake, form: Path, downloads: Path, kind: str) -> None:
    if kind == "none for this policy":
        form.write_bytes(form.read_bytes().replace(b"worker-src blob:", b"worker-src &#39;none&#39;"))
    with from_file(browser, form, before=NO_WORKER[kind]) as opened:
        fill(opened.page)
        seal(opened.page)
        _, body = saved(opened.page, downloads)
        # Firefox tells its driver of a worker that is then forbidden.
        assert opened.hears("worker-src") if kind == "none for this policy" else opened.workers == 0
        assert opened.outside == []
    assert opened_report(invented, body).report.answers["what"] == WORDS


def test_language_keeps_what_was_typed(browser: Browser, invented: Intake, form: Path, downloads: Path) -> None:
    with from_file(browser, form) as opened:
        page = opened.page
        assert page.locator("h1:visible").inner_text() == invented.call.text(invented.call.title, "km")
        page.fill("#q-what", WORDS)
        for lang in ("en", "km", "en"):
            page.click(f"a[data-language={lang}]")
            expect(page.locator("h1:visible")).to_have_text(invented.call.text(invented.call.title, lang))
            assert (page.title(), page.evaluate("() => document.documentElement.lang")) == (Catalogue(lang)("page.title"), lang)
            assert page.input_value("#q-what") == WORDS
        to_the_end(page)
        page.check("#consent-C1")
        seal(page)
        expect(page.locator(".top nav")).to_be_hidden()
        _, body = saved(page, downloads)
        assert (opened.outside, opened.complaints) == ([], [])
    report = opened_report(invented, body).report
    assert (report.answers["what"], report.lang) == (WORDS, "en")


@ONE_IS_ENOUGH
def test_one_receipt_however_often(browser: Browser, invented: Intake, form: Path, downloads: Path) -> None:
    """Who goes back keeps the number; what was saved before may be handed in, so the next is an addition to it."""
    with from_file(browser, form) as opened:
        page = opened.page
        fill(page)
        seal(page)
        receipt = receipt_shown(page)
        page.click("[data-do=back]")
        seal(page)
        _, first = saved(page, downloads)
        page.click("[data-do=back]")
        page.click("a[data-language=en]")
        seal(page)
        _, second = saved(page, downloads)
        assert receipt_shown(page) == receipt
    assert [opened_report(invented, body).report.seq for body in (first, second)] == [0, 1]
    assert [body[:HANDLE] for body in (first, second)] == [receipt.handle("invented", n) for n in (0, 1)]


def test_noting_the_number_hides_it(browser: Browser, form: Path, downloads: Path) -> None:
    """The last group typed again, for each number that is shown; the file can still be saved, and the way out asks no network."""
    with from_file(browser, form) as opened:
        page = opened.page
        to_the_end(page)
        expect(page.locator("#review p")).to_have_text(KM("review.none"))
        show(page, "#q-what")
        fill(page)
        seal(page)
        last = page.locator("#receipt").inner_text().split()[-1]
        page.fill("#noted-digits", "x")
        page.press("#noted-digits", "Enter")
        expect(page.locator("#f-noted [data-error]")).to_contain_text(KM("problem.noted"))
        page.fill("#noted-digits", last)
        page.press("#noted-digits", "Enter")
        expect(page.locator("#end h2")).to_be_focused()
        expect(page.locator("#end h2")).to_have_text(KM("saved.noted"))
        expect(page.locator("#receipt")).to_be_hidden()
        saved(page, downloads)
        page.click("[data-do=back]")
        seal(page)  # another report of the same number: asked about anew
        expect(page.locator("#end")).to_be_hidden()
        assert page.input_value("#noted-digits") == ""
        page.click("[data-do=unnoted]")
        page.click("#end [data-leave]")
        page.wait_for_url("about:blank")
        assert (opened.outside, opened.complaints) == ([], [])


@ONE_IS_ENOUGH
def test_what_is_to_be_mended_is_said(browser: Browser, form: Path) -> None:
    with from_file(browser, form) as opened:
        page = opened.page
        page.click("a[data-language=en]")
        to_the_end(page)
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_contain_text(EN("problem.required"))
        expect(page.locator("#receipt")).to_be_hidden()


def test_failed_sealing_keeps_the_words(browser: Browser, form: Path) -> None:
    with from_file(browser, form, before=BREAKS_SEALING) as opened:
        page = opened.page
        fill(page)
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_contain_text(KM("refusal.sealing"))
        assert page.input_value("#q-what") == WORDS
        expect(page.locator("[data-do=save]")).to_be_hidden()
        assert page.get_attribute("[data-do=save]", "href") is None


def test_changed_script_does_not_run(browser: Browser, form: Path) -> None:
    """The twin of every test here: the policy's hash is what lets the script run."""
    form.write_bytes(form.read_bytes().replace(b"</script>", b";</script>"))
    with from_file(browser, form) as opened:
        assert opened.hears("Content Security Policy")
        expect(opened.page.locator("[data-do=send]")).to_be_disabled()


def test_a_request_would_be_stopped_and_seen(browser: Browser, form: Path) -> None:
    """The twin of every empty list of requests: one is made on purpose; without the policy it would have gone out."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))  # held and never opened: whoever asks there is turned away
        address = f"http://127.0.0.1:{door.getsockname()[1]}/asked"
        ask = f"() => fetch('{address}').then(() => 'went', () => 'stopped')"
        with from_file(browser, form) as opened:
            assert opened.page.evaluate(ask) == "stopped"
            assert opened.hears("connect-src", "default-src")
        form.write_bytes(re.sub(rb'<meta http-equiv="Content-Security-Policy"[^>]*>', b"", form.read_bytes()))
        with from_file(browser, form) as opened:
            opened.page.evaluate(ask)
            assert opened.outside == [address]


@each("leave", ("chromium", "button"), ("firefox", "keys"))
def test_leaving_asks_no_network(browser: Browser, form: Path, leave: str) -> None:
    with from_file(browser, form) as opened:
        page = opened.page
        before = page.evaluate("() => history.length")
        fill(page)
        if leave == "button":
            page.click(".leave")
        else:
            for _ in range(3):
                page.keyboard.press("Escape")
        page.wait_for_url("about:blank")
        assert page.evaluate("() => history.length") == before
        assert opened.outside == []


@each("lang, width", *(("chromium", lang, width) for lang in ("en", "km") for width in (320, 360, 1280)), ("firefox", "km", 320))
def test_never_scrolls_sideways(browser: Browser, form: Path, lang: str, width: int) -> None:
    sideways = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    with from_file(browser, form, width=width) as opened:
        page = opened.page
        if lang == "en":
            page.click("a[data-language=en]")
        assert page.evaluate(sideways) == 0
        fill(page)
        seal(page)
        assert page.evaluate(sideways) == 0


def test_own_letters_are_shown(browser: Browser, form: Path) -> None:
    with from_file(browser, form) as opened:
        assert opened.page.evaluate("() => document.fonts.ready.then(() => document.fonts.check('18px \"Noto Sans Khmer\"', 'ក'))")
        loaded = "() => [...document.fonts].filter((font) => font.status === 'loaded').length"
        assert opened.page.evaluate(loaded) >= 1


@ONE_IS_ENOUGH
def test_hostile_texts_stay_texts(browser: Browser, tmp_path: Path) -> None:
    """A call's own words cannot end the page's templates or its script."""
    hostile = "</template></script><script>alert(1)</script><img src=x onerror=alert(2)>"
    intake = new_intake(title={"km": hostile, "en": hostile})
    path = tmp_path / "form.html"
    path.write_bytes(offline_form(intake.data))
    with from_file(browser, path) as opened:
        page = opened.page
        for lang in ("en", "km"):
            page.click(f"a[data-language={lang}]")
            expect(page.locator("h1:visible")).to_have_text(hostile)
        assert (opened.outside, opened.complaints) == ([], [])


def test_policy_follows_its_parts() -> None:
    assert content_policy("a", "b") != content_policy("b", "a")
    assert content_policy("a", "b") == content_policy("a", "b")


@ONE_IS_ENOUGH
def test_receipts_are_fresh(browser: Browser, invented: Intake, form: Path) -> None:
    receipts: set[Receipt] = set()
    for _ in range(2):
        with from_file(browser, form) as opened:
            fill(opened.page)
            seal(opened.page)
            receipts.add(receipt_shown(opened.page))
    assert len(receipts) == 2


def test_first_language_stands_in_the_page(invented: Intake) -> None:
    data = call_bytes([str(invented.identity.recipient)], str(invented.signer.vkey), languages=["en", "km"])
    for written, first, other in ((invented.data, "km", "en"), (data, "en", "km")):
        page = offline_form(written).decode()
        assert load_call(written).default_language == first
        assert f'<html lang="{first}"' in page
        assert re.findall(r'<template data-page="(.*?)"', page) == [other]
