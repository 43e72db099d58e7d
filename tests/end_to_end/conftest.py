"""A real browser for every test here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end import submitter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with submitter.chromium() as launched:
        yield launched
