"""Looking for words where they must not be: in every file under a folder, and in every byte a traced process wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

# House rule: -s must be larger than any write, or strace cuts the text off and the search finds nothing.
STRACE = ("strace", "-f", "-yy", "-s", "1000000", "-e", "trace=write,pwrite64,writev,pwritev,sendto,sendmsg", "-o")
_TO_SUBMITTER = re.compile(rb"^\d+ +(?:write|writev|sendto|sendmsg)\(\d+<TCP:\[[^\]]*\]>")


def found_in_files(folders: Iterable[Path], words: Sequence[bytes]) -> list[tuple[str, bytes]]:
    """(file name, word) for every word that stands in some file below `folders`."""
    return [
        (path.name, word)
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
        for word in words
        if word in path.read_bytes()
    ]


def found_in_trace(trace: Path, words: Sequence[bytes]) -> list[bytes]:
    """The traced writes, to anything but a TCP connection, that hold one of the ASCII words."""
    with trace.open("rb") as lines:
        return [line[:200] for line in lines if any(word in line for word in words) and not _TO_SUBMITTER.match(line)]


def written_to_submitter(trace: Path, words: Sequence[bytes]) -> int:
    """How many traced writes to a TCP connection hold one of the words: a search that finds none there proves that it can see."""
    with trace.open("rb") as lines:
        return sum(any(word in line for word in words) and bool(_TO_SUBMITTER.match(line)) for line in lines)
