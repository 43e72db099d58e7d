"""The main job on SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.stage import Stage
from tests.end_to_end.journey import Journey

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


def test_report_becomes_summary(tmp_path: Path, browser: Browser) -> None:
    Journey(Stage(tmp_path), browser).whole()
