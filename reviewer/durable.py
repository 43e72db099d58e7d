"""Output that is whole or not there: written aside with mode 0600 (folders 0700), flushed to the disk, renamed.

Nothing here knows what is written.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reviewer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def require_absent(path: Path) -> None:
    """Raise UsageError when something stands at `path`, a dangling link included, or when its parent is no folder."""
    if path.is_symlink() or path.exists():
        raise UsageError("What was named for the output is already there; name one that is not, or move the old one away.")
    if not path.absolute().parent.is_dir():
        raise UsageError("The folder that the output was to stand in is not there.")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a private folder beside `path` to fill; at the end it is flushed and becomes `path`; on any error nothing stays.

    Raises UsageError when `path` exists.
    """
    require_absent(path)
    path = path.absolute()
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    aside.mkdir(mode=0o700)
    try:
        yield aside
        _flush_tree(aside)
        require_absent(path)
        aside.rename(path)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    flush_folder(path.parent)


@contextmanager
def aside_of(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write one file to; at the end it is flushed and replaces `path`; on any error nothing stays."""
    path = path.absolute()
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        yield aside
        _flush_file(aside)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def write_private(path: Path, content: bytes | bytearray | memoryview) -> None:
    """Write a new file that only its owner can read (mode 0600). Raises FileExistsError when it exists."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` at `path` as a whole, in place of whatever file stood there."""
    with aside_of(path) as aside:
        write_private(aside, content)


def flush_folder(folder: Path) -> None:
    """Make the names in `folder` durable, where the file system can (FAT sticks cannot)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        # Some file systems of memory sticks refuse to flush a folder; the files in it are flushed all the same.
        pass
    finally:
        os.close(descriptor)


def _flush_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_tree(folder: Path) -> None:
    for parent, _, names in os.walk(folder):
        inside = folder / parent
        for name in names:
            _flush_file(inside / name)
        flush_folder(inside)
