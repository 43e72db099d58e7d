"""What nobody should type is answered by a plain sentence at its field, in the reader's language, with nothing lost and nothing sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from form.catalogue import Catalogue
from tests.form.browsing import WORDS, each, form_at, opened, opened_report
from tests.form.walking import to_the_end

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.form.intake import Intake

pytestmark = pytest.mark.browser

MILLION = "'\\u1781'.repeat(1000000)"
HOSTILE = "'</textarea><script>document.title=1</script><img src=x onerror=document.title=2>\\u202e\"&amp;'"
SET = """([id, value]) => {
  const control = document.getElementById(id);
  control.value = value;
  control.dispatchEvent(new Event("input", { bubbles: true }));
  control.dispatchEvent(new Event("change", { bubbles: true }));
}"""


@dataclass(frozen=True)
class Typed:
    """What is typed into the controls of a question: JavaScript expressions by id, since no test tool carries half a surrogate pair."""

    question: str
    code: str
    typed: dict[str, str] = field(default_factory=dict)


def only(question: str, code: str, *expressions: str) -> list[Typed]:
    """One control, one bad value after the other."""
    return [Typed(question, code, {f"q-{question}": expression}) for expression in expressions]


BAD = [
    *only("what", "too-long", MILLION, "'x'.repeat(20001)", "'\\u1781'.repeat(6667)"),
    *only("what", "bad-text", "'half \\ud83d'", "'\\udc00 half'", "'no\\u0000thing'"),
    *only("reach", "too-long", MILLION, "'x'.repeat(301)"),
    *only("reach", "bad-text", "'\\ud83d'", "'\\u0000'"),
    *only("people", "not-a-number", "'many'", "'1.5'", "'1e3'", "'0x10'", "'-'", "'99999999999999999'", "'1 2'", "'\\u0661'"),
    *only("people", "not-a-number", HOSTILE, MILLION),
    *only("people", "not-a-number", "'\\u0000'", "'\\ud83d'"),
    *(
        Typed("when", code, {f"q-when-{part}": value for part, value in parts.items()})
        for code, parts in (
            ("year-four-digits", {"year": "'24'"}),
            ("year-four-digits", {"day": "'3'"}),
            ("year-four-digits", {"year": "'\\u0000'"}),
            ("year-four-digits", {"year": MILLION}),
            ("year-four-digits", {"year": HOSTILE}),
            ("not-a-date", {"year": "'2023'", "month": "'2'", "day": "'29'"}),
            ("not-a-date", {"year": "'2024'", "month": "'4'", "day": "'31'"}),
            ("not-a-date", {"year": "'0000'"}),
            ("not-a-date", {"year": "'2024'", "day": "'3'"}),
            ("not-a-date", {"year": "'2024'", "month": "'4'", "day": "'\\ud83d'"}),
            ("not-a-date", {"year": "'2024'", "month": "'4'", "day": HOSTILE}),
        )
    ),
    *(
        Typed("needs", code, {f"q-needs-{option}": value for option, value in ranks.items()})
        for code, ranks in (
            ("rank-repeated", {"safety": "'1'", "law": "'\\u17e1'"}),
            ("not-a-number", {"safety": "'4'"}),
            ("not-a-number", {"safety": "'0'"}),
            ("not-a-number", {"safety": "'first'"}),
            ("not-a-number", {"safety": HOSTILE}),
            ("not-a-number", {"safety": MILLION}),
        )
    ),
]  # fmt: skip

WELCOME = {
    "q-what": f"{WORDS!r}",
    "q-when-year": "' \\u17e2\\u17e0\\u17e2\\u17e4\\u200b'",
    "q-when-day": "'\\u17e3'",
    "q-when-month": "'2'",
    "q-people": "'\\u200b\\u17e1\\u17e2 '",
    "q-needs-law": "'\\u17e1'",
    "q-needs-safety": "' 2\\u200b'",
    "q-country": "'TH'",
    "q-reach": HOSTILE,
}
"""Khmer digits, spaces and invisible marks where a number is asked for; markup and marks of direction where words are."""


def put(page: Page, control: str, expression: str) -> str:
    """Type an expression's value in; what the control then holds, as its length and its first letters."""
    page.evaluate(f"() => ({SET})([{control!r}, {expression}])")
    return held(page, control)


def held(page: Page, control: str) -> str:
    return str(
        page.evaluate(
            "id => { const { value } = document.getElementById(id); return `${value.length} ${escape(value.slice(0, 99))}`; }", control
        )
    )


@each("lang", ("chromium", "km"), ("firefox", "en"))
def test_bad_input_is_answered_at_its_field(browser: Browser, intake: Intake, lang: str) -> None:
    """Every row in one page: sent, answered, its words still there, mended, and the next."""
    say = Catalogue(lang)
    with opened(browser, form_at(intake, lang)) as page:
        page.fill("#q-what", WORDS)
        to_the_end(page)
        page.check("#consent-C1")
        for row in BAD if lang == "km" else BAD[::4]:
            before = {control: put(page, control, expression) for control, expression in row.typed.items()}
            page.evaluate("() => document.querySelector('[data-do=send]').click()")
            error = page.locator(f"#f-{row.question} [data-error]")
            expected = say(f"problem.{row.code}")
            assert expected in (error.text_content() or ""), row
            assert expected in (page.locator("#problems").text_content() or ""), row
            assert {control: held(page, control) for control in row.typed} == before, row
            assert page.title() == say("problem.title")
            for control in row.typed:
                put(page, control, f"{WORDS!r}" if control == "q-what" else "''")
        assert page.locator("main img").count() == 0
        assert intake.posts == []
        page.evaluate("() => document.querySelector('[data-do=send]').click()")
        expect(page.locator("#receipt")).to_be_visible()
    assert opened_report(intake, intake.posts[0]).report.answers == {"what": WORDS}


def test_odd_input_that_is_right_is_taken(browser: Browser, intake: Intake) -> None:
    """The twin: a reader that refused everything would pass the test before."""
    with opened(browser, form_at(intake, "km")) as page:
        for control, expression in WELCOME.items():
            put(page, control, expression)
        to_the_end(page)
        page.check("#consent-C1")
        page.click("[data-do=send]")
        expect(page.locator("#receipt")).to_be_visible()
    answers = dict(opened_report(intake, intake.posts[0]).report.answers)
    hostile = answers.pop("reach")
    assert isinstance(hostile, str)
    assert "<script>" in hostile
    assert "\u202e" in hostile
    assert answers == {"what": WORDS, "when": "2024-02-03", "people": 12, "needs": ["law", "safety"], "country": "TH"}


@each("lang", ("firefox", "km"), ("chromium", "en"))
def test_bad_receipts_are_answered_at_the_field(browser: Browser, intake: Intake, lang: str) -> None:
    say = Catalogue(lang)
    with opened(browser, f"{form_at(intake, lang)}/receipt") as page:
        for expression in ("''", "'1234'", "'9'.repeat(32)", "'\\u0000'", "'\\ud83d'", HOSTILE, f"'{intake.receipt.code}' + '1'", MILLION):
            # To lay a million letters out takes a browser a minute, whoever asks for it.
            page.evaluate("hidden => { document.getElementById('receipt').hidden = hidden; }", expression == MILLION)
            before = put(page, "receipt", expression)
            page.evaluate("() => document.querySelector('[data-do=send]').click()")
            expect(page.locator("#looking")).to_be_hidden()
            expect(page.locator("#f-receipt [data-error]")).to_contain_text(say("problem.receipt"))
            assert held(page, "receipt") == before
        put(page, "receipt", "''")
        page.evaluate("() => { document.getElementById('receipt').hidden = false; }")
        page.locator("summary", has_text=say("kept.details")).click()
        for name, content in (("promise.txt", b""), ("film.bin", bytes(3_000_000)), ("note.txt", "\u202e</p><b>x".encode())):
            page.set_input_files("#kept-promise", {"name": name, "mimeType": "text/plain", "buffer": content})
            put(page, "receipt", f"'{intake.receipt.code}'")
            page.click("[data-do=send]")
            expect(page.locator("#looking")).to_be_hidden()
            expect(page.locator("#standing")).to_be_visible()
            assert (page.locator("#standing [data-mark=other]").count() == 1) == (content != b"")
        assert page.locator("#standing b").count() == 0
    assert intake.posts == []
