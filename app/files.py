"""Files that are whole or not there: written aside, flushed, renamed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_durably(path: Path, content: bytes) -> None:
    """Write a small file, readable by its owner alone, so that it is on the disk when this returns; the folder is made when missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with written_aside(path) as out:
        out.write(content)


@contextmanager
def written_aside(path: Path) -> Iterator[BinaryIO]:
    """A new file beside `path` that takes its place, flushed, when the block ends well, and vanishes when it does not."""
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=".saksei-")
    try:
        with os.fdopen(descriptor, "w+b") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
