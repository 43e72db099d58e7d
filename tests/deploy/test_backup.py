"""The daily backup: what would get older than seven days goes first and in any case; then a new one is made, or none."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from bench.stage import COMMANDS
from tests.deploy.placed import DEPLOY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.proxied import Watched

DAY = 86400
SCRIPT = DEPLOY / "backup" / "saksei-backup"
STAND_IN = '#!/bin/sh\n[ "$1" = backup ] && [ $# -eq 2 ] || exit 2\n{then}\n'


def run_backup(folder: Path, intake: Path, **settings: str) -> int:
    """One run of the script by the clock of now; its exit code."""
    env = {**os.environ, "SAKSEI_BACKUP_DIR": str(folder), "SAKSEI_INTAKE": str(intake), **settings}
    return subprocess.run([SCRIPT], env=env, check=False, capture_output=True).returncode


def stand_in(place: Path, then: str) -> Path:
    """A command with the interface of `saksei-intake backup FILE` that does as told."""
    path = place / "stand-in"
    path.write_text(STAND_IN.format(then=then))
    path.chmod(0o700)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "backups"
    made.mkdir()
    return made


def age(folder: Path, name: str, days: float) -> str:
    """A file that was written so many days ago."""
    path = folder / name
    path.write_text("sealed")
    os.utime(path, (time.time() - days * DAY,) * 2)
    return name


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_none_outlives_its_week(folder: Path, tmp_path: Path) -> None:
    """What is not yet seven days old, but would be before the next run, goes too."""
    young = {age(folder, f"intake-{days}.backup", days) for days in (0.1, 1, 5.9)}
    old = {age(folder, f"intake-{days}.backup", days) for days in (6.01, 7.5, 30)} | {age(folder, "intake-7.backup.part", 7)}
    others = {age(folder, "notes.txt", 30)}
    assert run_backup(folder, stand_in(tmp_path, ': > "$2"')) == 0
    assert names(folder) & old == set()
    assert young | others < names(folder)
    assert len(names(folder)) == len(young | others) + 1


def test_old_ones_go_though_new_one_fails(folder: Path, tmp_path: Path) -> None:
    age(folder, "intake-old.backup", 6.5)
    assert run_backup(folder, stand_in(tmp_path, "exit 1")) == 1
    assert names(folder) == set()


def test_forgotten_expiry_is_noticed(folder: Path, tmp_path: Path) -> None:
    """The twin: a script that keeps what it finds fails the look above."""
    old = age(folder, "intake-30.backup", 30)
    twin = tmp_path / "twin"
    lines = [line for line in SCRIPT.read_text().splitlines() if not line.startswith("find ")]
    assert len(lines) == len(SCRIPT.read_text().splitlines()) - 1
    twin.write_text("\n".join(lines))
    env = {**os.environ, "SAKSEI_BACKUP_DIR": str(folder), "SAKSEI_INTAKE": str(stand_in(tmp_path, "exit 0"))}
    assert subprocess.run(["sh", twin], env=env, check=False).returncode == 0
    assert old in names(folder)


def test_no_folder_no_backup(tmp_path: Path) -> None:
    """Without its folder the script neither deletes nor writes anywhere else."""
    marked = age(tmp_path, "intake-30.backup", 30)
    assert run_backup(tmp_path / "missing", stand_in(tmp_path, ': > "$2"')) != 0
    assert marked in names(tmp_path)


def test_real_command_makes_one(folder: Path, intake: Watched) -> None:
    """While the intake serves, and with no log key in sight, as in the unit: one file, for its owner only, with no log key in it."""
    settings = {**intake.stage.environment, "SAKSEI_LOG_KEY_DIR": "/dev/null/keys"}
    done = run_backup(folder, COMMANDS / "saksei-intake", **settings)
    assert done == 0
    made = list(folder.iterdir())
    assert len(made) == 1
    assert made[0].stat().st_mode & 0o077 == 0
    keys = [path.read_bytes().strip() for path in (intake.place / "keys").iterdir()]
    assert keys
    assert [key for key in keys if key in made[0].read_bytes() or key.rpartition(b"+")[2] in made[0].read_bytes()] == []
