"""The four calls that ship, in a browser: every condition shows and hides its question, and a change of language loses nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from questionnaire.loader import call_document, load_definition
from tests.form.browsing import WORDS, each, opened, opened_report
from tests.form.intake import Intake, new_intake, serving
from tests.form.node import ROOT
from tests.form.walking import to_the_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from questionnaire.models import Call, Question

pytestmark = pytest.mark.browser

CALLS = sorted(path.stem for path in (ROOT / "questionnaire" / "calls").glob("*.yaml"))
TICK = """([name, value, checked]) => {
  const control = [...document.getElementsByName(name)].find((one) => one.tagName === "SELECT" || one.value === value);
  if (control.tagName === "SELECT") control.value = checked ? value : "";
  else control.checked = checked;
  control.dispatchEvent(new Event("change", { bubbles: true }));
}"""
SHOWN = "() => [...document.querySelectorAll('[data-question]')].filter(({ hidden }) => !hidden).map(({ dataset }) => dataset.question)"
STATE = """() => [...document.querySelectorAll('#report input, #report textarea, #report select')]
  .filter(({ type, name }) => name !== "" && type !== "file" && type !== "hidden")
  .map(({ name, type, value, checked }) => [name, value, /radio|checkbox/.test(type) && checked])"""
"""Everything that stands in the form; the order and the values are the same in every language."""


IN_BOTH = [*(("chromium", name) for name in CALLS), ("firefox", "transnational-repression")]


@contextmanager
def served(name: str) -> Iterator[Intake]:
    """One of the calls that ship."""
    definition = load_definition(ROOT / "questionnaire" / "calls" / f"{name}.yaml")
    made = new_intake()
    document = call_document(
        definition,
        host="intake.example",
        recipients=[str(made.identity.recipient)],
        log_vkey=str(made.signer.vkey),
        signing_key=made.signing.public_key,
    )
    kept = {key: document[key] for key in ("title", "introduction", "promise", "audiences", "questions", "tables", "languages")}
    with serving(new_intake(**kept)) as shipped:
        yield shipped


def shown_by(call: Call, answers: dict[str, Any]) -> list[str]:
    """The questions that stand there by the reader of the other language: a question that is hidden has no answer."""
    shown: list[str] = []
    given: dict[str, Any] = {}
    for question in call.questions:
        if question.show_if is not None and not question.show_if.holds(given):
            continue
        shown.append(question.id)
        if question.id in answers:
            given[question.id] = answers[question.id]
    return shown


def conditions(call: Call) -> list[tuple[Question, str]]:
    """Every option that a condition asks about."""
    asked = {(name, code) for question in call.questions if question.show_if for _, name, code in question.show_if.leaves()}
    return [(call.question(name), code) for name, code in sorted(asked)]


@each("name", *IN_BOTH)
def test_conditions_show_and_hide(browser: Browser, name: str) -> None:
    with served(name) as shipped, opened(browser, f"{shipped.address}/km/calls/invented") as page:
        call = shipped.call
        assert page.evaluate(SHOWN) == shown_by(call, {})
        for question, code in conditions(call):
            answer = [code] if question.type == "choices" else code
            for checked in (True, False):
                page.evaluate(TICK, [f"q-{question.id}", code, checked])
                assert page.evaluate(SHOWN) == shown_by(call, {question.id: answer} if checked else {}), (question.id, code)


@each("name", *IN_BOTH)
def test_a_change_of_language_loses_nothing(browser: Browser, name: str) -> None:
    """Everything filled in, there and back; and once more after the page said what is to be mended."""
    with served(name) as shipped, opened(browser, f"{shipped.address}/km/calls/invented") as page:
        call = shipped.call
        fill_everything(page, call)
        before = page.evaluate(STATE)
        files = page.locator("[data-files] bdi").count()
        for lang in ("en", "km", "en"):
            page.click(f"a[data-language={lang}]")
            expect(page.locator("h1:visible, h1.unseen").first).to_have_text(call.text(call.title, lang))
            assert page.evaluate(STATE) == before
            assert page.locator("[data-files] bdi").count() == files
            to_the_end(page)
            page.click("[data-do=send]")
            expect(page.locator("#problems")).to_be_visible()
            assert page.evaluate(STATE) == before
        page.check("#consent-C1")
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
    report = opened_report(shipped, shipped.posts[0]).report
    assert report.lang == "en"
    assert set(report.answers) == {question.id for question in call.questions if question.show_if is None}
    assert all(
        report.answers[question.id] == WORDS for question in call.questions if question.type in {"text", "contact"} and not question.show_if
    )
    assert len(report.files) == files


def fill_everything(page: Page, call: Call) -> None:
    """Something in every question that stands there from the beginning, but the consent: Khmer digits where digits are."""
    for question in call.questions:
        name = f"q-{question.id}"
        if question.show_if is not None:
            continue
        if question.type in {"text", "contact"}:
            page.evaluate("([id, words]) => { document.getElementById(id).value = words; }", [name, WORDS])
        elif question.type == "date":
            page.evaluate("id => { document.getElementById(id).value = '\u17e2\u17e0\u17e2\u17e4'; }", f"{name}-year")
        elif question.type == "ranking":
            page.evaluate("id => { document.getElementById(id).value = '\u17e1\u200b'; }", f"{name}-{question.options[0].code}")
        elif question.type == "files":
            page.set_input_files(f"#{name}", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"})
        else:
            page.evaluate(TICK, [name, question.options[0].code, True])
    if any(question.type == "files" for question in call.questions):
        expect(page.locator("[data-files] bdi")).to_have_count(1)
