"""What people read: pages and CSV in both languages, saying no more than tables.json."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from summary.documents import render
from summary.documents.view import TableView
from summary.published import TablesDocument
from summary.tables import Reporter
from summary.words import catalogue, digits, word
from tests.summary.invented import build, call_of, choice, document, said

if TYPE_CHECKING:
    from summary.release import Release

EVIL = choice("asked", 3) | {"label": said('=HYPERLINK("http://x")<script>alert(1)</script>')}
EVIL["options"][0]["label"] = said("@SUM(A1)", "+២")
CALL = call_of(
    document(
        [EVIL, choice("bsked", 2), choice("csked", 2, several=True)],
        {"one": ["asked"], "two": ["asked", "bsked"], "three": ["asked", "bsked", "csked"]},
    )
)


def people() -> list[Reporter]:
    lines = (
        [("A1", "B1", "C1 C2")] * 30
        + [("A2", "B2", "C1")] * 22
        + [("A1", "B2", "C2")] * 15
        + [("A3", "B1", "C1")] * 2
        + [("A2", "B1", "C2")] * 14
    )
    reporters = [
        Reporter(f"r{index}", dict(zip(("asked", "bsked", "csked"), map(frozenset, map(str.split, one)), strict=True)))
        for index, one in enumerate(lines)
    ]
    return [*reporters, *(Reporter(f"s{index}", {}) for index in range(4))]


@pytest.fixture(scope="module")
def made() -> Release:
    return build(CALL, people())


class Page(HTMLParser):
    """The tags of a page, and the ones that are left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "rect", "path"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(params=["en", "km"])
def page(request: pytest.FixtureRequest, made: Release) -> str:
    return made.files[f"documents/summary.{request.param}.html"].decode()


def test_page_is_whole(page: str) -> None:
    assert not Page(page).open


def test_page_fetches_and_runs_nothing(page: str) -> None:
    for tag, attributes in Page(page).tags:
        assert tag not in {"script", "link", "img", "iframe", "form", "object", "base"}
        assert not any(name.startswith("on") or name in {"src", "style"} for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")


def test_policy_allows_the_one_style(page: str) -> None:
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    hashed = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = next(attributes["content"] for tag, attributes in Page(page).tags if attributes.get("http-equiv"))
    assert policy == f"default-src 'none'; style-src 'sha256-{hashed}'; base-uri 'none'; form-action 'none'"


def test_markup_in_a_label_stays_text(page: str) -> None:
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_links_lead_somewhere(page: str) -> None:
    tags = Page(page).tags
    names = {attributes.get("id") for _, attributes in tags}
    assert {(attributes["href"] or "")[1:] for _, attributes in tags if "href" in attributes} <= names


def test_every_chart_has_words(page: str) -> None:
    charts = [attributes for _, attributes in Page(page).tags if attributes.get("role") == "img"]
    assert charts
    assert all(re.search(r"[0-9០-៩]", attributes["aria-label"] or "") for attributes in charts)


def test_languages_have_their_own_digits(made: Release) -> None:
    english, khmer = (made.files[f"documents/summary.{lang}.html"].decode() for lang in ("en", "km"))
    assert "fewer than 10" in english
    assert "តិចជាង ១០" in khmer
    assert 'lang="km"' in khmer
    assert "fewer" not in re.sub(r"<[^>]*>", " ", khmer)


def test_limits_stand_in_the_page(page: str) -> None:
    lang = "km" if 'lang="km"' in page else "en"
    for name in ("limit-planted", "limit-voluntary", "limit-published", "method-audit"):
        assert word(lang, name, planted=CALL.planted)[:40].replace("'", "&#39;") in page


def rows(made: Release, lang: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(made.files[f"documents/summary.{lang}.csv"].decode("utf-8-sig"))))


@pytest.mark.parametrize("lang", ["en", "km"])
def test_csv_is_one_rectangle(made: Release, lang: str) -> None:
    assert {len(row) for row in rows(made, lang)} == {12}


@pytest.mark.parametrize("lang", ["en", "km"])
def test_csv_holds_no_formula(made: Release, lang: str) -> None:
    cells = [cell for row in rows(made, lang) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert any(cell.startswith(("'=", "'@", "'+")) for cell in cells)


def test_csv_says_what_the_tables_say(made: Release) -> None:
    figures = {(row[0], row[3], row[5], row[7]): row[8:] for row in rows(made, "en")[1:]}
    assert figures["one", "'@SUM(A1)", "", ""] == ["45–49", "band", "45", "49"]
    assert figures["", "", "", ""] == ["85–89", "band", "85", "89"]
    assert figures["one", "Every category not listed", "", ""] == ["fewer than 10", "band", "0", "9"]


def test_nobody_rare_is_named() -> None:
    call = call_of(document([choice("asked", 12)], {"one": ["asked"]}))
    answers = ["A1"] * 44 + ["A2"] * 42 + ["A7"] * 3
    files = build(call, [Reporter(f"r{index}", {"asked": frozenset({code})}) for index, code in enumerate(answers)]).files
    assert b"Option A1" in b"".join(files.values())
    assert b"Option A7" not in b"".join(files.values())


def test_documents_come_from_the_json_alone(made: Release) -> None:
    tables, provenance = (json.loads(made.files[f"{name}.json"]) for name in ("tables", "provenance"))
    assert {name: content for name, content in made.files.items() if name.startswith("documents/")} == render(tables, provenance)


def test_not_shown_and_repeated_are_drawn(made: Release) -> None:
    tables, provenance = (json.loads(made.files[f"{name}.json"]) for name in ("tables", "provenance"))
    figures: list[dict[str, Any]] = tables["tables"][0]["figures"]
    figures[1].update(shown="not-shown", low=None, high=None)
    figures[2].update(shown="repeated", since=1)
    html = render(tables, provenance)["documents/summary.en.html"].decode()
    assert 'fill="url(#hatch)"' in html
    assert '<span class="value">not shown</span>' in html
    assert "(as in release 1)" in html
    assert 'class="said"' in html


def test_three_axes_are_cut_into_blocks(made: Release) -> None:
    tables = TablesDocument.model_validate_json(made.files["tables.json"])
    view = TableView(tables.tables[2], "en")
    blocks = list(view.blocks())
    assert len(blocks) == len(min((axis.codes for axis in view.table.axes), key=len)) + 1
    assert all(len(line.cells) == len(block.columns) for block in blocks for line in block.lines)


def test_catalogues_have_the_same_words() -> None:
    english, khmer = catalogue()["en"], catalogue()["km"]
    for part in ("words", "levels"):
        assert english[part].keys() == khmer[part].keys()
        for name, text in english[part].items():
            fields = [sorted(re.findall(r"\{(\w+)\}", one)) for one in (text, khmer[part][name])]
            assert fields[0] == fields[1], name


def test_khmer_is_khmer() -> None:
    for name, text in catalogue()["km"]["words"].items():
        bare = re.sub(r"\{\w+\}|saksei-coordinator verify|SHA-256", "", text)
        assert not re.search(r"[A-Za-z0-9]{2,}", re.sub("១", "", bare)), name
    assert digits("km", 160) == "១៦០"
    assert digits("fr", 160) == "160"
