"""Every vector in real browsers, by the bundle that the form's own build makes: Chromium, and Firefox ESR as Tor Browser is made of."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from tests.form.node import ROOT, run_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Playwright

FILES = {path.stem: path.read_text("ascii") for path in sorted((ROOT / "tests" / "vectors").glob("*.json"))}
CHROMIUM = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
NEVER_HERE = {"key", "share", "bundle"}
"""Kinds that no page reads; runners.ts says why, and lists single ops besides."""


def launched(playwright: Playwright, name: str) -> Any:
    """The system's browser of this name, or Playwright's own Chromium where there is none."""
    if name == "firefox":
        path = shutil.which("firefox-esr")
        assert path is not None, "no Firefox ESR here: run `make test`, which installs it"
        return playwright.firefox.launch(channel="moz-firefox", executable_path=path)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*CHROMIUM, *sandbox])


@pytest.fixture(scope="module")
def script() -> str:
    built = run_node(ROOT / "tests" / "form" / "browser" / "bundle.mjs", "vectors_page.ts")
    assert built.returncode == 0, built.stderr
    return built.stdout


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def page(request: pytest.FixtureRequest, script: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = launched(playwright, request.param)
        page = browser.new_page()
        page.add_script_tag(content=script)
        yield page
        browser.close()


def run(page: Page, file: str) -> dict[str, Any]:
    return dict(page.evaluate("file => runVectors(file)", file))


@pytest.mark.parametrize("kind", FILES)
def test_every_vector_gives_its_word(page: Page, kind: str) -> None:
    ran = run(page, FILES[kind])
    assert ran["wrong"] == []
    assert (ran["ran"] == 0) == (kind in NEVER_HERE)
    assert ran["ran"] + ran["notHere"] == len(json.loads(FILES[kind])["vectors"])


def test_twin_a_wrong_word_is_noticed(page: Page) -> None:
    spoiled = json.loads(FILES["receipt"])
    spoiled["vectors"][0]["word"] = "report"
    assert len(run(page, json.dumps(spoiled))["wrong"]) == 1


def test_readers_are_not_part_of_the_form() -> None:
    """What opens reports runs in tests and in tools, never on the page of who writes one."""
    sources = list((ROOT / "form" / "browser").glob("*.ts"))
    assert len(sources) > 10
    assert [source.name for source in sources if 'from "./reading/' in source.read_text()] == []
