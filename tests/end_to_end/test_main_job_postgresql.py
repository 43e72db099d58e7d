"""The main job on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.stage import Stage
from tests.end_to_end.journey import Journey

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.mark.postgresql
def test_report_becomes_summary(tmp_path: Path, postgresql_url: str, browser: Browser) -> None:
    Journey(Stage(tmp_path, postgresql_url), browser).whole()
