"""`destroy`: nothing of a workspace is where it was, nothing else is touched, and nobody destroys by mistake."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from reviewer.destruction import Destroyed, destroy_workspace
from reviewer.errors import BusyError, UsageError
from reviewer.workspace import DATABASE, HEADER, Workspace, is_workspace, take_lock
from tests.reviewer.conftest import SMALL, Ran

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PIECE = 16


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with something in it, and the journal that a crash leaves."""
    made = tmp_path / "workspace"
    made.mkdir(mode=0o700)
    with Workspace.create(made, "words", call="invented", cost=SMALL) as workspace, workspace.transaction():
        workspace.set_fact("call", bytes(range(256)) * 64)
    (made / f"{DATABASE}-journal").write_bytes(b"an old page " * 100)
    return made


@pytest.fixture
def kept_open(folder: Path) -> Iterator[dict[str, Any]]:
    """The files of the workspace, open: what stands in their places on the disk is read even when their names are gone."""
    files = {path.name: path.open("rb") for path in folder.iterdir() if path.name != "lock"}
    yield files
    for file in files.values():
        file.close()


def pieces_left(before: bytes, now: bytes) -> int:
    """How many pieces of what was there stand where they stood."""
    places = range(0, len(before) - PIECE + 1, PIECE)
    return sum(before[at : at + PIECE] == now[at : at + PIECE] for at in places)


def test_every_byte_is_overwritten(folder: Path, kept_open: dict[str, Any]) -> None:
    before = {name: file.read() for name, file in kept_open.items()}
    assert sorted(before) == sorted([HEADER, DATABASE, f"{DATABASE}-journal"])
    done = destroy_workspace(folder)
    assert done == Destroyed(3, sum(map(len, before.values())), 0)
    assert not folder.exists()
    for name, file in kept_open.items():
        file.seek(0)
        now = file.read()
        assert (len(now), pieces_left(before[name], now)) == (len(before[name]), 0), name


def test_removed_is_not_overwritten(folder: Path, kept_open: dict[str, Any]) -> None:
    """The twin: files that are only removed stand where they stood."""
    before = {name: file.read() for name, file in kept_open.items()}
    for name, file in kept_open.items():
        (folder / name).unlink()
        file.seek(0)
        assert pieces_left(before[name], file.read()) == len(before[name]) // PIECE, name


def test_nothing_else_is_touched(folder: Path, tmp_path: Path) -> None:
    """Neither another file in the folder nor what a link leads to."""
    (folder / "notes.txt").write_text("mine")
    database = (folder / DATABASE).rename(tmp_path / "elsewhere")
    (folder / DATABASE).symlink_to(database)
    content = database.read_bytes()
    assert destroy_workspace(folder).left == 1
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert database.read_bytes() == content


def test_interrupted_is_finished(folder: Path) -> None:
    """The header is gone already: nobody can open it any more, and it can still be destroyed."""
    (folder / HEADER).unlink()
    assert not is_workspace(folder)
    assert destroy_workspace(folder).files == 2
    assert not folder.exists()


def test_busy_workspace_stays(folder: Path) -> None:
    lock = take_lock(folder)
    with pytest.raises(BusyError):
        destroy_workspace(folder)
    os.close(lock)
    Workspace.open(folder, "words").close()


def test_folder_without_one_is_left(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(UsageError):
            destroy_workspace(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


class Terminal:
    """What a person types, where there is a terminal."""

    def __init__(self, typed: str) -> None:
        self.typed = typed + "\n"

    def isatty(self) -> bool:
        return True

    def readline(self, *_: Any) -> str:
        return self.typed


def test_command_asks_first(run: Callable[..., Ran], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as nothing:  # noqa: PTH123 -- a stream, as a script's is
        monkeypatch.setattr("sys.stdin", nothing)
        assert run("destroy", "-w", folder, passphrase=False).word == "usage"
    monkeypatch.setattr("sys.stdin", Terminal("yes"))
    assert (run("destroy", "-w", folder, passphrase=False).code, is_workspace(folder)) == (2, True)
    monkeypatch.setattr("sys.stdin", Terminal("destroy"))
    ran = run("destroy", "-w", folder, passphrase=False)
    assert (ran.code, folder.exists()) == (0, False)
    assert "solid-state disk" in ran.out


def test_command_without_asking(run: Callable[..., Ran], folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    ran = run("destroy", "-w", folder, "--yes", "--json", passphrase=False)
    assert (ran.code, ran.document["files"], ran.document["left"]) == (0, 3, 1)
    assert "left alone" in ran.err
    assert run("destroy", "-w", folder, "--yes", passphrase=False).word == "usage"
