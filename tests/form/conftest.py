"""The invented call, once for all pages; a browser and an intake server for those that are opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from crypto.notes import SignerKey
from crypto.opening import Identity
from questionnaire.models import Call, load_call
from tests.form.browsing import BROWSERS, launched
from tests.form.intake import Intake, new_intake, serving
from tests.form.invented import call_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

expect.set_options(timeout=30_000)  # milliseconds: what is waited for comes at once on a machine that has nothing else to do


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In every module first all that is for Chromium, then all for Firefox: each is started once."""
    modules = {path: number for number, path in enumerate(dict.fromkeys(item.path for item in items))}
    items.sort(key=lambda item: (modules[item.path], _chosen(item) == "firefox"))


def _chosen(item: pytest.Item) -> object:
    called = getattr(item, "callspec", None)
    return called.params.get("browser") if called else None


@pytest.fixture(scope="session")
def call() -> Call:
    """A call with every type of question, in Khmer and English."""
    return load_call(call_bytes([str(Identity.generate().recipient)], str(SignerKey.generate("intake.example/invented").vkey)))


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the browser puts what is saved."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module", params=BROWSERS)
def browser(request: pytest.FixtureRequest, downloads: Path) -> Iterator[Browser]:
    """Chromium, then Firefox ESR, of which Tor Browser is made: a test that needs one alone says so (browsing.py)."""
    with sync_playwright() as playwright:
        browser = launched(playwright, request.param, downloads)
        yield browser
        browser.close()


@pytest.fixture
def intake() -> Iterator[Intake]:
    """An intake server that takes reports."""
    with serving(new_intake()) as intake:
        yield intake
