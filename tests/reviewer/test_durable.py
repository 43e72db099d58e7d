"""Output that is whole or not there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reviewer import durable
from reviewer.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def half_a_folder(path: Path) -> None:
    with durable.new_folder(path) as aside:
        durable.write_private(aside / "a", b"half")
        raise ZeroDivisionError


def half_a_file(path: Path) -> None:
    with durable.aside_of(path) as aside:
        durable.write_private(aside, b"half")
        raise ZeroDivisionError


def test_folder_appears_whole_and_private(tmp_path: Path) -> None:
    with durable.new_folder(tmp_path / "out") as aside:
        durable.write_private(aside / "a", b"content")
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out" / "a").read_bytes() == b"content"
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "out" / "a").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["out"]  # noqa: PTH208 - names only


def test_failed_folder_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        half_a_folder(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_failed_file_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    with pytest.raises(ZeroDivisionError):
        half_a_file(tmp_path / "out")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out", "old")]


def test_file_replaces_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    durable.replace_file(tmp_path / "out", b"new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out", "new")]
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_there_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out"
    if kind == "file":
        path.write_text("")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError):
        durable.require_absent(path)


def test_absent_parent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        durable.require_absent(tmp_path / "absent" / "out")


def test_private_file_never_overwrites(tmp_path: Path) -> None:
    durable.write_private(tmp_path / "a", b"1")
    with pytest.raises(FileExistsError):
        durable.write_private(tmp_path / "a", b"2")
