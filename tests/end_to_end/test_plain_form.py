"""The plain form against the whole service, scripts off: what cannot be taken is answered at its field, and what was typed comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from bench.stage import Stage
from crypto.receipts import Receipt
from form.catalogue import Catalogue
from tests.end_to_end import submitter
from tests.end_to_end.journey import CALL, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, FilePayload, Page

WORDS = "ពួកគេបានគំរាម\u200bខ្ញុំ\r\nWITNESSPLAINFORM <b>\u202e&amp;"
LANG = "km"
SAY = Catalogue(LANG)


BAD = {  # question: what is filled in there by field name, and the problem
    "contact": ({"q-contact": "x" * 20_001}, "too-long"),
    "family-words": ({"q-family-words": "x" * 1_000_000}, "too-long"),
    "perpetrator-words": ({"q-perpetrator-words": "no\0thing"}, "bad-text"),
    "protection-words": ({"q-protection-words": "x\0" * 30}, "bad-text"),
    "when": ({"q-when-year": "</textarea><script>"}, "year-four-digits"),
    "country": ({"q-country": "XX"}, "bad-option"),
}
FILES: dict[str, list[FilePayload]] = {
    "too-many-files": [{"name": f"{number}.txt", "mimeType": "text/plain", "buffer": b"x"} for number in range(100)],
    "empty-file": [{"name": "empty.txt", "mimeType": "text/plain", "buffer": b""}],
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("stage"))
    made.build_call(ROOT / "questionnaire" / "calls" / f"{CALL}.yaml", "--demo")
    with made.serving():
        yield made


def send(page: Page) -> None:
    page.locator('form#report button[type="submit"]:visible').click()


def fill(page: Page, stage: Stage) -> str:
    """The words and the consent; the receipt as it stands there."""
    page.goto(f"{stage.url}/{LANG}/calls/{CALL}")
    page.locator('[name="q-story"]').fill(WORDS)
    page.locator('[name="q-country"]').select_option("TH")
    page.locator('[name="consent"][value="C1"]').check()
    return page.locator(".plate").inner_text()


def put(page: Page, name: str, value: str) -> None:
    """Fill a field in, also with what its list does not have."""
    page.locator(f'[name="{name}"]').evaluate(
        """(field, value) => {
          field.value = value;
          if (field.value !== value) { field.options[1].value = value; field.value = value; }
        }""",
        value,
    )


def assert_given_back(page: Page, receipt: str) -> None:
    """The same words, choices and number stand in the page that answers."""
    assert page.locator('[name="q-story"]').input_value() == WORDS.replace("\r\n", "\n")
    assert page.locator('[name="q-country"]').input_value() == "TH"
    assert page.locator('[name="consent"][value="C1"]').is_checked()
    assert page.locator(".plate").inner_text() == receipt


def test_bad_fields_come_back(stage: Stage, browser: Browser) -> None:
    """All at once, each with its own sentence; mended, the same page is taken under the same number."""
    with submitter.phone(browser, scripts=False) as page:
        receipt = fill(page, stage)
        for fields, _ in BAD.values():
            for name, value in fields.items():
                put(page, name, value)
        send(page)
        expect(page.locator("#problems")).to_be_visible(timeout=60_000)
        for question, (fields, code) in BAD.items():
            expect(page.locator(f"#f-{question} .error")).to_contain_text(SAY(f"problem.{code}"))
            for name, value in fields.items():
                if question != "country":
                    assert len(page.locator(f'[name="{name}"]').input_value()) == len(value), name
                put(page, name, "TH" if question == "country" else "")
        assert_given_back(page, receipt)
        send(page)
        expect(page.locator("h1")).to_have_text(SAY("arrived.title"))
        assert Receipt.parse(page.locator("#receipt").inner_text()) == Receipt.parse(receipt)


def test_bad_files_are_told_at_the_field(stage: Stage, browser: Browser) -> None:
    with submitter.phone(browser, scripts=False) as page:
        receipt = fill(page, stage)
        for code, files in FILES.items():
            page.locator('[name="q-evidence"]').set_input_files(files)
            send(page)
            expect(page.locator("#f-evidence .error")).to_contain_text(SAY(f"problem.{code}"), timeout=60_000)
            expect(page.locator("noscript .notice").first).to_have_text(SAY("plain.files-again"))
            assert_given_back(page, receipt)
        send(page)
        expect(page.locator("h1")).to_have_text(SAY("arrived.title"))


def test_conditions_hold_without_scripts(stage: Stage, browser: Browser) -> None:
    """Every question is shown with a sentence that says when it is meant; what does not fit is not sealed, and is no mistake."""
    with submitter.phone(browser, scripts=False) as page:
        fill(page, stage)
        for name in ("q-family-words", "q-report-outcome", "q-not-reported-reason", "q-basis"):
            expect(page.locator(f'[name="{name}"]').first).to_be_visible()
        hints = page.locator("noscript .hint").all_inner_texts()
        assert sum(hint.startswith(SAY("only-if.chosen").split("«")[0]) or hint == SAY("only-if.fits") for hint in hints) == 5
        page.locator('[name="q-family-words"]').fill(WORDS)
        send(page)
        expect(page.locator("h1")).to_have_text(SAY("arrived.title"))
