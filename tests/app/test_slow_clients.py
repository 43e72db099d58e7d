"""Many who send as slowly as they can, in small: `make torture` does it with 2,000 (tests/torture/slowloris.py)."""

from pathlib import Path

import pytest

from tests.torture.slowloris import storm_at


@pytest.mark.slow
def test_slow_ones_hinder_nobody(tmp_path: Path) -> None:
    """200 trickle heads, reports and forms, and never let go; honest reports pass, sealed and plain."""
    outcome = storm_at(tmp_path, connections=200, honest=4)
    assert outcome.passed, outcome.line()
    assert outcome.most_open >= 180
    assert outcome.refusals == {}


@pytest.mark.slow
def test_work_lets_honest_ones_through(tmp_path: Path) -> None:
    """With a thirty-second of the places, 150 that trickle take all there is without work: it is asked for and done, and reports pass."""
    outcome = storm_at(tmp_path, connections=150, honest=4, uploads=4, kinds=("report",))
    assert outcome.passed, outcome.line()
    assert outcome.refusals.get("work", 0) > 0
