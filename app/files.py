"""Files that are whole or not there: written aside, flushed, renamed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from crypto.errors import SignatureError, TooLargeError

SIGNED_LIMIT = 1 << 30
"""Bytes of the largest round of replies: a quarter of a million reports."""
SIGNATURE_LIMIT = 1 << 12


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


def read_signed(path: Path) -> tuple[bytes, bytes]:
    """A file and the signature beside it, `<name>.minisig`; neither is checked here.

    Raises TooLargeError for what is larger than any such file, SignatureError when there is no signature.
    """
    with path.open("rb") as file:
        content = file.read(SIGNED_LIMIT + 1)
    if len(content) > SIGNED_LIMIT:
        raise TooLargeError("The file is larger than any that reviewers hand back.")
    try:
        with path.with_name(path.name + ".minisig").open("rb") as file:
            return content, file.read(SIGNATURE_LIMIT)
    except FileNotFoundError:
        raise SignatureError("The signature is not beside the file: its name is the file's with .minisig after it.") from None


def flush_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
