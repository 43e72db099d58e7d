"""Short forms of what PostgreSQL does to us: commits cut off, restarts, and one of two processes killed while any may publish."""

from __future__ import annotations

import pytest

from tests.torture.database import cut_off
from tests.torture.hosts import cut_apart

pytestmark = pytest.mark.postgresql


def test_commits_cut_off_and_restarts() -> None:
    assert cut_off(2).told("2 restarts and 4 commits cut off")


def test_two_processes_take_over() -> None:
    assert cut_apart(2, apart=False).told("two processes, 2 kills")
