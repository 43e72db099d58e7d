"""Every page and state that a submitter can come to, one after the other, each in the browser that was handed in.

A stop is a name and a page that shows it now; the tour goes on when it is asked for the next. Pictures, axe and the other measures of what
is seen walk it, so a state that is missing here is missing in all of them.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from playwright.sync_api import expect

from crypto.entries import report_entry
from crypto.merkle import leaf_hash
from crypto.notes import Promise, SignerKey
from crypto.replies import Reply
from form.catalogue import Catalogue
from form.offline import offline_form
from form.page import done_page, form_page, index_page, message_page, receipt_page, shut_page
from questionnaire.errors import Problem
from questionnaire.loader import call_document, load_definition
from questionnaire.models import Call, load_call
from tests.form.intake import Intake, new_intake, serving
from tests.form.node import ROOT
from tests.form.walking import to_the_end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, FilePayload, Page, Route

CALLS = sorted((ROOT / "questionnaire" / "calls").glob("*.yaml"))
STORY = {
    "km": "នៅថ្ងៃទី ៣ ខែមីនា មានមនុស្សពីរនាក់មកផ្ទះម្ដាយខ្ញុំ ហើយប្រាប់ថា បើខ្ញុំនៅតែនិយាយក្នុងហ្វេសប៊ុក គាត់នឹងមានរឿង។ ក្រោយមក ម្ដាយខ្ញុំត្រូវបានហៅទៅប៉ុស្តិ៍ប៉ូលិសពីរដង។",
    "en": "On 3 March two men came to my mother’s house and said that she would have trouble if I kept speaking on Facebook. "
    "Later she was called to the police post twice.",
}
ANSWER = {
    "km": "អរគុណបងប្អូន។ យើងបានអានហើយ។ តើមានអ្នកផ្សេងបានឃើញដែរឬទេ? បើបងប្អូនចង់ប្រាប់ សូមបន្ថែមក្នុងរបាយការណ៍។",
    "en": "Thank you. We have read it. Did anybody else see it happen? If you want to tell us, add it to your report.",
}


def photo(width: int = 96, height: int = 64) -> bytes:
    """A PNG of a sky over a field."""
    lines = [(120 + y, 160 + y, 220) if y < height // 2 else (90, 150 - y, 60) for y in range(height)]
    pixels = zlib.compress(b"".join(b"\0" + bytes(colour) * width for colour in lines))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(len(c).to_bytes(4) + name + c + zlib.crc32(name + c).to_bytes(4) for name, c in chunks)


class Stop(NamedTuple):
    """A state of a page, by name."""

    name: str
    page: Page


@contextmanager
def fresh(browser: Browser, **context: Any) -> Iterator[Page]:
    """A page as wide as a cheap phone, unless the context says otherwise."""
    opened = browser.new_context(**{"viewport": {"width": 360, "height": 740}, **context})
    page = opened.new_page()
    page.set_default_timeout(30_000)
    yield page
    opened.close()


def real_calls() -> list[Call]:
    """The calls that the project brings, as a server has them."""
    calls = []
    for path in CALLS:
        definition = load_definition(path)
        log_vkey = str(SignerKey.generate(f"intake.example/{definition.id}").vkey)
        recipient = str(new_intake().identity.recipient)
        document = call_document(definition, host="intake.example", recipients=[recipient], log_vkey=log_vkey, signing_key="RW" + "A" * 54)
        calls.append(load_call(json.dumps(document, ensure_ascii=False).encode()))
    return calls


def at(intake: Intake, lang: str, more: str = "") -> str:
    return f"{intake.address}/{lang}/calls/invented{more}"


def ready(page: Page, address: str) -> None:
    """Go there and wait until the script has bound the page."""
    page.goto(address)
    expect(page.locator("[data-do=send]")).to_be_enabled()


def a_file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def index(browser: Browser, lang: str) -> Iterator[Stop]:
    """What stands at the address itself: the calls, none, and refusals with a page of their own."""
    demo = new_intake(demo=True).call
    with serving(new_intake()) as intake, fresh(browser) as page:
        intake.pages["/index"] = index_page([*real_calls(), demo], lang)
        intake.pages["/empty"] = index_page([], lang)
        for word in ("not-found", "busy", "request"):
            intake.pages[f"/{word}"] = message_page(lang, word)
        for word in ("closed", "not-open"):
            intake.pages[f"/{word}"] = shut_page(intake.call, lang, word)
        for path in intake.pages:
            page.goto(f"{intake.address}{path}")
            yield Stop(f"index{path.replace('/', '-')}", page)


def calls(browser: Browser, lang: str) -> Iterator[Stop]:
    """The four calls as their people see them: the opening, then every group."""
    with serving(new_intake()) as intake, fresh(browser) as page:
        for call in real_calls():
            intake.pages[f"/{call.call}"] = form_page(
                call, "ab" * 32, lang, receipt="1" * 32, offline_sha256="cd" * 32, onion_url=f"http://{'a' * 56}.onion/{lang}/calls/x"
            )
            ready(page, f"{intake.address}/{call.call}")
            yield Stop(f"call-{call.call}-1", page)
            part = 1
            while page.locator("[data-do=next]").count() and page.locator("[data-do=next]").is_visible():
                page.click("[data-do=next]")
                part += 1
                yield Stop(f"call-{call.call}-{part}", page)


def filling(browser: Browser, lang: str) -> Iterator[Stop]:
    """The form from its opening to the check of the answers, with everything that can be wrong in it."""
    say = Catalogue(lang)
    with serving(new_intake(demo=True, max_k=20)) as intake, fresh(browser) as page:
        page.route("**/*.js", lambda route: route.abort())
        page.goto(at(intake, lang))
        yield Stop("form-waiting", page)
        page.unroute("**/*.js")
        ready(page, at(intake, lang))
        yield Stop("form-opening", page)
        page.evaluate("() => document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        yield Stop("form-opening-details", page)
        ready(page, at(intake, lang))
        page.fill("#q-when-year", "24")
        page.click("[data-do=next]")
        expect(page.locator("#problems")).to_be_focused()
        yield Stop("form-1-problem", page)
        page.fill("#q-what", STORY[lang])
        page.check("#q-incident-TD4")
        page.fill("#q-when-year", "2024")
        page.select_option("#q-when-month", "3")
        page.click("[data-do=next]")
        page.check("#q-reported-nobody")
        yield Stop("form-2", page)
        page.fill("#q-people", "many")
        page.fill("#q-needs-law", "1")
        page.fill("#q-needs-safety", "1")
        page.click("[data-do=next]")
        expect(page.locator("#problems")).to_be_focused()
        yield Stop("form-2-problems", page)
        page.fill("#q-people", "2")
        page.fill("#q-needs-safety", "2")
        page.click("[data-do=next]")
        yield Stop("form-3", page)
        yield from files(page, lang)
        to_the_end(page)
        yield Stop("form-4-check", page)
        page.check("#contact-again")
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_be_focused()
        yield Stop("form-4-problems", page)
        page.context.set_offline(True)
        page.click(f"a[data-language={'en' if lang == 'km' else 'km'}]")
        expect(page.locator("#language-failed")).to_have_text(say("language.failed"))
        yield Stop("form-language-failed", page)
        page.context.set_offline(False)
    with serving(new_intake()) as intake, fresh(browser) as page:
        ready(page, at(intake, lang))
        to_the_end(page)
        yield Stop("form-4-empty", page)


def files(page: Page, lang: str) -> Iterator[Stop]:
    """Files chosen: cleaned, kept as they are, warned of, empty, too many bytes."""
    page.set_input_files("#q-evidence", [a_file("IMG_20240303_081533.png", photo())])
    expect(page.locator(".files img")).to_be_visible()
    yield Stop("files-cleaned", page)
    page.check(".files input[type=checkbox]")
    page.set_input_files("#q-evidence", [a_file("សំបុត្រកោះហៅ.pdf", b"%PDF"), a_file("empty.txt", b"")])
    expect(page.locator(".files li")).to_have_count(2)
    yield Stop("files-warned", page)
    page.set_input_files("#q-evidence", [a_file("a-very-long-name-" * 5 + ".mp4", bytes(1_200_000))])
    expect(page.locator(".meter.over")).to_be_visible()
    yield Stop("files-over", page)
    page.locator(".files li > button").last.click()
    expect(page.locator("#f-evidence [data-error]")).to_have_count(0)


def write(page: Page, lang: str) -> None:
    page.fill("#q-what", STORY[lang])
    to_the_end(page)
    page.check("#consent-C1")


def sending(browser: Browser, lang: str) -> Iterator[Stop]:
    """A report on its way: sealed, stuck, saved, refused."""
    say = Catalogue(lang)
    with serving(new_intake()) as intake, fresh(browser) as page:
        ready(page, at(intake, lang))
        write(page, lang)
        held: list[Route] = []
        page.route("**/reports", lambda route: held.extend([route]))
        page.click("[data-do=send]")
        expect(page.locator("[data-step=send][data-state=now]")).to_be_visible()
        yield Stop("sending", page)
        for route in held:
            route.abort()
    with serving(new_intake()) as intake, fresh(browser) as page:
        intake.refusals = ["network", "busy", "full", "closed", "not-open"]
        ready(page, at(intake, lang))
        write(page, lang)
        page.click("[data-do=send]")
        yield refused(page, say, "network")
        with page.expect_download():
            page.click("[data-do=save]")
        expect(page.locator("#receipt-saved")).to_be_visible()
        yield Stop("sealed-saved", page)
        for word in ("busy", "full", "closed"):
            page.click("[data-do=again]")
            yield refused(page, say, word)
        page.click("[data-do=send]")
        yield refused(page, say, "not-open")
    with serving(new_intake()) as intake, fresh(browser) as page:
        ready(page, at(intake, lang))
        write(page, lang)
        page.context.set_offline(True)
        page.click("[data-do=send]")
        expect(page.locator("#why")).to_have_text(say("refusal.offline"))
        yield Stop("refused-offline", page)


def refused(page: Page, say: Catalogue, word: str) -> Stop:
    """The state after a refusal: stuck, or back at the form."""
    expect(page.locator("#problems:visible li, #why:visible").first).to_have_text(say(f"refusal.{word}"))
    return Stop(f"refused-{word}", page)


def unscripted(page: Page, address: str) -> None:
    """Load a page as a browser without scripts does. They are let in again only when nothing asks for them any more: axe needs timers."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setScriptExecutionDisabled", {"value": True})
    page.goto(address)
    session.send("Emulation.setScriptExecutionDisabled", {"value": False})
    session.detach()
    # A browser with scripts draws no noscript, whatever the styles say: what stands in one is taken out of it, to be seen and measured too.
    page.evaluate("() => document.body.querySelectorAll('noscript').forEach((part) => part.replaceWith(...part.childNodes))")


def arriving(browser: Browser, lang: str) -> Iterator[Stop]:
    """The receipt, noted or not, and the end."""
    with serving(new_intake()) as intake, fresh(browser) as page:
        ready(page, at(intake, lang))
        write(page, lang)
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
        yield Stop("arrived", page)
        page.click("#kept [data-do=digits]")
        page.click("#kept [data-do=copy]")
        expect(page.locator("#kept [role=status]")).not_to_be_empty()
        page.fill("#noted-digits", "12")
        page.press("#noted-digits", "Enter")
        expect(page.locator("#f-noted [data-error]")).to_be_visible()
        yield Stop("arrived-not-noted", page)
        page.click("[data-do=unnoted]")
        expect(page.locator("#end")).to_be_visible()
        yield Stop("arrived-end", page)


def receipt(browser: Browser, lang: str) -> Iterator[Stop]:
    """The receipt page: asked, mistyped, nothing there, everything there, withdrawn, forged."""
    with serving(new_intake()) as intake, fresh(browser) as page:
        ready(page, at(intake, lang, "/receipt"))
        yield Stop("receipt", page)
        page.fill("#receipt", "1234")
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_be_visible()
        yield Stop("receipt-mistyped", page)
        look(page, intake)
        yield Stop("receipt-unknown", page)
        first = report_entry(bytes(32), intake.receipt.handle("invented", 0))
        intake.entries += [first, report_entry(bytes([1]) * 32, intake.receipt.handle("invented", 1))]
        intake.received = 2
        intake.replies = {intake.receipt.handle("invented", 0): Reply(intake.receipt.reply_key("invented"), ANSWER[lang])}
        note = intake.signer.sign(Promise("intake.example/invented", leaf_hash(first), 1_755_160_000).text())
        page.locator("summary").first.click()
        page.set_input_files("#kept-promise", a_file("promise.txt", note))
        look(page, intake)
        expect(page.locator("#report-0 blockquote")).to_be_visible()
        yield Stop("receipt-found", page)
        page.click("#report-1 summary")
        yield Stop("receipt-withdrawing", page)
        page.click("#report-1 button")
        expect(page.locator("#report-1 [data-mark=withdrawn]")).to_be_visible()
        yield Stop("receipt-withdrawn", page)
        page.set_input_files("#kept-promise", a_file("promise.txt", note[:-9] + b"AAAAAAA=\n"))
        intake.entries[1:] = [report_entry(bytes([2]) * 32, intake.receipt.handle("invented", 0))]
        intake.received_by, intake.replies, intake.round_of = intake.signing.generate(), {}, 0
        look(page, intake)
        yield Stop("receipt-forged", page)
        page.locator("#standing > section:last-child button").click()
        expect(page.locator("#addition")).to_be_focused()
        yield Stop("addition", page)
        write(page, lang)
        page.click("[data-do=send]")
        expect(page.locator("#end")).to_be_visible()
        yield Stop("addition-arrived", page)


def look(page: Page, intake: Intake) -> None:
    page.fill("#receipt", intake.receipt.groups())
    page.click("[data-do=send]")
    expect(page.locator("#looking")).to_be_hidden()
    expect(page.locator("#standing")).to_be_visible()


def plain(browser: Browser, lang: str) -> Iterator[Stop]:
    """The same without scripts: the form, given back, refused, taken; the receipt page with what it answers."""
    with serving(new_intake()) as intake, fresh(browser) as page:
        call, sha256, code = intake.call, intake.call_sha256, intake.receipt.code
        fields = {"q-what": [STORY[lang]], "q-when-year": ["24"], "receipt": [code]}
        problems = [Problem("when", "year-four-digits"), Problem("consent", "required")]
        standings = {0: "published", 1: "pending", 2: "withdrawn"}
        intake.pages = {
            "/form": form_page(call, sha256, lang, receipt=code, offline_sha256="cd" * 32),
            "/mend": form_page(call, sha256, lang, receipt=code, fields=fields, problems=problems),
            "/closed": form_page(call, sha256, lang, receipt=code, fields=fields, refusal="closed"),
            "/large": form_page(call, sha256, lang, receipt=code, fields=fields, refusal="too-large"),
            "/addition": form_page(call, sha256, lang, receipt=code, fields={"receipt": [code], "addition": ["yes"]}),
            "/refused": form_page(call, sha256, lang, receipt=code, unscripted=False),
            "/done": done_page(call, lang, receipt=code, promise=intake.promise(intake.entries[0]).decode()),
            "/handed": done_page(call, lang, receipt="", promise=intake.promise(intake.entries[0]).decode()),
            "/receipt": receipt_page(call, lang, outcome=None, call_sha256=sha256),
            "/mistyped": receipt_page(call, lang, outcome=None, refusal="receipt", call_sha256=sha256),
            "/no-match": receipt_page(call, lang, outcome=None, refusal="no-match", call_sha256=sha256),
            "/standing": receipt_page(call, lang, outcome="published", receipt=code, standings=standings, call_sha256=sha256),
        }
        for path in intake.pages:
            unscripted(page, f"{intake.address}{path}")
            yield Stop(f"plain-{path[1:]}", page)


def offline(browser: Browser, lang: str, folder: Path) -> Iterator[Stop]:
    """form.html from a file: its opening, its end, the sealed file; without scripts it says so."""
    path = folder / "form.html"
    path.write_bytes(offline_form(new_intake().data))
    with fresh(browser) as page:
        ready(page, path.as_uri())
        if page.evaluate("() => document.documentElement.lang") != lang:
            page.click(f"a[data-language={lang}]")
        expect(page.locator("[data-do=send]")).to_be_enabled()
        yield Stop("offline-opening", page)
        page.evaluate("() => document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        yield Stop("offline-opening-details", page)
        page.fill("#q-what", STORY[lang])
        to_the_end(page)
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_be_focused()
        yield Stop("offline-problem", page)
        page.check("#consent-C1")
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
        yield Stop("offline-saved", page)
        if lang == "km":  # without scripts it stays in its first language
            unscripted(page, path.as_uri())
            yield Stop("offline-plain", page)


Room = Callable[["Browser", str], "Iterator[Stop]"]
ROOMS: tuple[Room, ...] = (index, filling, sending, arriving, receipt, plain)
"""The parts of the tour, each a walk of its own."""


def tour(browser: Browser, lang: str, folder: Path) -> Iterator[Stop]:
    """Every stop in one language; `folder` takes form.html."""
    for room in ROOMS:
        yield from room(browser, lang)
    yield from offline(browser, lang, folder)
