"""Destroying a workspace when its time is up: overwritten as far as the disk allows, then removed.

The header goes first: it is all that leads from the passphrase to the key of the database, so without it the rest is noise. What a
solid-state disk or a file system keeps of old copies, the header's included, is as strong as the passphrase.
"""

from __future__ import annotations

import errno
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reviewer import durable
from reviewer.errors import UsageError
from reviewer.workspace import DATABASE, HEADER, LOCK, take_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PARTS = (HEADER, DATABASE, f"{DATABASE}-journal")
"""The files of a workspace that hold anything, in the order in which they are destroyed; the journal is there after a crash."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What was destroyed: `files` of it, with so many `bytes`. `left` is how many things stand in the folder that are none of ours."""

    files: int
    bytes: int
    left: int


def workspace_bytes(folder: Path) -> int:
    """How many bytes there are to overwrite. Raises UsageError when nothing of a workspace is there."""
    found = _parts(folder)
    if not found:
        raise UsageError("There is no workspace in that folder.")
    return sum(path.lstat().st_size for path in found)


def destroy_workspace(folder: Path, step: Callable[[int], None] = lambda _bytes: None) -> Destroyed:
    """Overwrite and remove the workspace in `folder`, and the folder when nothing else is in it; `step` gets the bytes done since.

    It needs no passphrase. Interrupted, it is begun again and finishes. Raises UsageError when there is none, BusyError when another window
    works on it.
    """
    size = workspace_bytes(folder)
    lock = take_lock(folder)
    try:
        found = _parts(folder)
        for path in found:
            _overwrite(path, step)
            path.unlink()
            durable.flush_folder(folder)
        (folder / LOCK).unlink(missing_ok=True)
    finally:
        os.close(lock)
    left = sum(1 for _ in folder.iterdir())
    if not left and not folder.is_symlink():
        folder.rmdir()
        durable.flush_folder(folder.absolute().parent)
    return Destroyed(len(found), size, left)


def _parts(folder: Path) -> list[Path]:
    return [folder / name for name in PARTS if os.path.lexists(folder / name)]


def _overwrite(path: Path, step: Callable[[int], None]) -> None:
    """Write random bytes over the whole file, in place, and wait until they are on the disk. Where a link leads, nothing is touched."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return
        raise
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        left = os.fstat(descriptor).st_size
        while left:
            written = file.write(secrets.token_bytes(min(left, _CHUNK)))
            left -= written
            step(written)
        os.fsync(descriptor)
