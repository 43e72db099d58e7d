"""Short forms of the faults on SQLite: each ends with every promise held against the bundle. The long forms are `make torture`."""

from __future__ import annotations

import subprocess
import sys

from tests.torture.kills import kills
from tests.torture.power import cuts
from tests.torture.publisher import sweep


def test_kills_under_load() -> None:
    assert kills("sqlite", 5).told("5 kills")


def test_power_cuts() -> None:
    assert cuts("sqlite", 4).told("4 power cuts")


def test_publisher_killed_in_mid_batch() -> None:
    assert sweep("sqlite", 15).told("publisher killed")


def test_full_disk() -> None:
    """In a process of its own, which mounts its small disk where nobody else sees it."""
    command = [sys.executable, "-m", "tests.torture.full", "--times", "1", "--database", "sqlite"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
