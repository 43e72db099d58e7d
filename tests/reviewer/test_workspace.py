"""The encrypted workspace as a folder and a database."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reviewer import schema
from reviewer.errors import (
    BusyError,
    UsageError,
    WorkspaceDamagedError,
    WorkspaceOpenError,
    WorkspaceVersionError,
)
from reviewer.workspace import DATABASE, HEADER, Workspace
from tests.reviewer.conftest import SMALL

if TYPE_CHECKING:
    from pathlib import Path

PASSPHRASE = "words"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "workspace"
    path.mkdir()
    Workspace.create(path, PASSPHRASE, call="invented", cost=SMALL).close()
    return path


def test_facts_survive_closing(folder: Path) -> None:
    with Workspace.open(folder, PASSPHRASE) as workspace, workspace.transaction():
        workspace.set_fact("call", b"\x00bytes")
    with Workspace.open(folder, PASSPHRASE) as workspace:
        assert workspace.fact("call") == b"\x00bytes"
        assert workspace.fact("exported") is None


def test_missing_fact_is_damage(folder: Path) -> None:
    with Workspace.open(folder, PASSPHRASE) as workspace, pytest.raises(WorkspaceDamagedError):
        workspace.require_fact("call")


def fail_in_transaction(workspace: Workspace) -> None:
    with workspace.transaction():
        workspace.set_fact("call", b"x")
        raise ZeroDivisionError


def read_everything(folder: Path) -> None:
    with Workspace.open(folder, PASSPHRASE) as workspace:
        for (name,) in workspace.rows("SELECT name FROM sqlite_schema WHERE type = 'table'"):
            workspace.rows(f"SELECT * FROM {name}")  # noqa: S608 - names out of the schema


def test_failed_transaction_keeps_nothing(folder: Path) -> None:
    with Workspace.open(folder, PASSPHRASE) as workspace:
        with pytest.raises(ZeroDivisionError):
            fail_in_transaction(workspace)
        assert workspace.fact("call") is None


def test_plain_sqlite_cannot_read(folder: Path) -> None:
    connection = sqlite3.connect(folder / DATABASE)
    try:
        with pytest.raises(sqlite3.DatabaseError):
            connection.execute("SELECT * FROM facts")
    finally:
        connection.close()


def test_settings_are_the_safe_ones(folder: Path) -> None:
    wanted = {
        "cipher_memory_security": "1",
        "temp_store": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "journal_mode": "delete",
        "synchronous": 3,
    }
    with Workspace.open(folder, PASSPHRASE) as workspace:
        assert {name: workspace.row(f"PRAGMA {name}")[0] for name in wanted} == wanted
        assert workspace.rows("PRAGMA cipher_integrity_check") == []


def test_wrong_passphrase_lets_go_of_lock(folder: Path) -> None:
    for _ in range(2):
        with pytest.raises(WorkspaceOpenError):
            Workspace.open(folder, "other words")
    Workspace.open(folder, PASSPHRASE).close()


def test_second_process_is_refused(folder: Path) -> None:
    hold = "import fcntl,sys; f=open(sys.argv[1],'w'); fcntl.flock(f,fcntl.LOCK_EX); print('held',flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", hold, str(folder / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(BusyError):
            Workspace.open(folder, PASSPHRASE)
        other.communicate()
    Workspace.open(folder, PASSPHRASE).close()


def test_one_process_cannot_open_twice(folder: Path) -> None:
    with Workspace.open(folder, PASSPHRASE), pytest.raises(BusyError):
        Workspace.open(folder, PASSPHRASE)


def test_folder_without_workspace_is_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Workspace.open(tmp_path, PASSPHRASE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("at", [20, 4096 * 2 + 100], ids=["first-page", "later-page"])
def test_flipped_byte_is_damage(folder: Path, at: int, capfd: pytest.CaptureFixture[str]) -> None:
    content = bytearray((folder / DATABASE).read_bytes())
    content[at] ^= 1
    (folder / DATABASE).write_bytes(content)
    with pytest.raises(WorkspaceDamagedError):
        read_everything(folder)
    assert capfd.readouterr().err == ""


def test_emptied_database_is_damage(folder: Path) -> None:
    (folder / DATABASE).write_bytes(b"")
    with pytest.raises(WorkspaceDamagedError):
        Workspace.open(folder, PASSPHRASE)


def test_header_of_another_is_damage(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    Workspace.create(other, PASSPHRASE, call="invented", cost=SMALL).close()
    (folder / HEADER).write_bytes((other / HEADER).read_bytes())
    with pytest.raises(WorkspaceDamagedError):
        Workspace.open(folder, PASSPHRASE)


def test_newer_schema_is_refused(folder: Path) -> None:
    with Workspace.open(folder, PASSPHRASE) as workspace:
        workspace.run(f"PRAGMA user_version = {schema.VERSION + 1}")
    with pytest.raises(WorkspaceVersionError):
        Workspace.open(folder, PASSPHRASE)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO reports (position, digest, handle, outcome) VALUES (1, zeroblob(31), zeroblob(32), 'late')",
        "INSERT INTO reports (position, digest, handle, outcome) VALUES (1, zeroblob(32), zeroblob(32), 'fine')",
        "INSERT INTO reports (position, digest, handle, outcome, body) VALUES (1, zeroblob(32), zeroblob(32), 'late', x'00')",
        "INSERT INTO reports (position, digest, handle, outcome, credible) VALUES (1, zeroblob(32), zeroblob(32), 'late', 'maybe')",
        "INSERT INTO reports (position, digest, handle, outcome, refusal) VALUES (1, zeroblob(32), zeroblob(32), 'withdrawn', 'mac')",
        "INSERT INTO files (position, number, body) VALUES (7, 1, x'00')",
    ],
    ids=["digest", "outcome", "body-without-thread", "verdict", "withdrawn-with-word", "file-of-nothing"],
)
def test_schema_refuses_nonsense(folder: Path, statement: str) -> None:
    with Workspace.open(folder, PASSPHRASE) as workspace, pytest.raises(Exception, match="constraint failed"):
        workspace.run(statement)
