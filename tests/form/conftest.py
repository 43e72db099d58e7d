"""The invented call, once for all pages; a browser and an intake server for those that are opened."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from crypto.notes import SignerKey
from crypto.opening import Identity
from questionnaire.models import Call, load_call
from tests.form.browsing import ARGUMENTS
from tests.form.intake import Intake, new_intake, serving
from tests.form.invented import call_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

expect.set_options(timeout=30_000)  # milliseconds: what is waited for comes at once on a machine that has nothing else to do


@pytest.fixture(scope="session")
def call() -> Call:
    """A call with every type of question, in Khmer and English."""
    return load_call(call_bytes([str(Identity.generate().recipient)], str(SignerKey.generate("intake.example/invented").vkey)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of the system, or Playwright's own where there is none."""
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def intake() -> Iterator[Intake]:
    """An intake server that takes reports."""
    with serving(new_intake()) as intake:
        yield intake
