"""Write every file of vectors: `python -m tests.vectors.generate`; with `--check` compare instead, and fail when a byte differs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.vectors.written import (
    bundle,
    call,
    canonical,
    container,
    entries,
    envelope,
    key,
    merkle,
    minisign,
    note,
    receipt,
    recipient,
    reply,
    report,
    share,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.vectors.collection import Collection

HERE = Path(__file__).parent
WRITERS = (bundle, call, canonical, container, entries, envelope, key, merkle, minisign, note, receipt, recipient, reply, report, share)


def collections() -> Iterator[Collection]:
    """Give every collection, made anew."""
    return (writer.collection() for writer in WRITERS)


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` compare them; return how many differ."""
    differing = 0
    for collection in collections():
        path, content = HERE / f"{collection.kind}.json", collection.to_bytes()
        if not path.exists() or path.read_bytes() != content:
            differing += 1
            print(f"{path.name}: {'differs' if arguments else 'written'}, {len(collection.vectors)} vectors, {len(content)} bytes")
            if not arguments:
                path.write_bytes(content)
    return min(differing, 1) if arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
