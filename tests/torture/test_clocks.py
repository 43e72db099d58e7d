"""Short forms of what clocks do: stepped by hours, and a second either side of a deadline at a change of daylight saving time."""

from __future__ import annotations

import pytest

from tests.torture.clock import steps
from tests.torture.deadline import passed


def test_stepped_clock() -> None:
    assert steps("sqlite", 3).told("3 steps of the clock")


@pytest.mark.parametrize(
    ("database", "change"),
    [("sqlite", "spring"), pytest.param("postgresql", "autumn", marks=pytest.mark.postgresql)],
    ids=["spring", "autumn"],
)
def test_deadline_to_the_second(database: str, change: str) -> None:
    assert passed(database, change).told(f"deadline in {change}, {database}")
