"""Bodies as they come in: handle || envelope, in memory while small and in an unnamed file when not (format.md sections 5 and 6).

Only ciphertext ever comes this way.
"""

import errno
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from app.admission import paced
from app.calls import HANDLE_BYTES, StoredCall
from app.errors import FullError
from app.models import CHUNK_BYTES
from app.submissions import SealedReport
from crypto.envelope import PREFIX
from crypto.errors import PrefixError, SizeError

IN_MEMORY = 160 << 10
"""Bodies of the two smallest classes never touch a disk; larger ones go into a file without a name (O_TMPFILE)."""

_HEAD = HANDLE_BYTES + len(PREFIX)


def require_size(stored: StoredCall, size: int) -> None:
    """Raise SizeError unless handle || envelope of this call can have this length."""
    if size not in stored.body_sizes:
        raise SizeError("This is not the size of a sealed report of this call.")


def require_prefix(head: bytes) -> None:
    """Raise PrefixError unless these first bytes of a body are those of a handle and an envelope."""
    if head[HANDLE_BYTES:_HEAD] != PREFIX:
        raise PrefixError("This does not begin like a sealed report.")


def sealed_in_memory(stored: StoredCall, body: bytes) -> SealedReport:
    """The sealed report in a body that is in memory already. Raises SizeError or PrefixError."""
    require_size(stored, len(body))
    require_prefix(body[:_HEAD])
    envelope = memoryview(body)[HANDLE_BYTES:]

    def parts() -> Iterator[bytes]:
        for start in range(0, len(envelope), CHUNK_BYTES):
            yield bytes(envelope[start : start + CHUNK_BYTES])

    return SealedReport(body[:HANDLE_BYTES], hashlib.sha256(envelope).digest(), len(envelope), parts)


@asynccontextmanager
async def received(stored: StoredCall, stream: AsyncIterator[bytes], *, length: int | None, folder: Path) -> AsyncIterator[SealedReport]:
    """Take in a body and check its size and prefix; what was spooled is gone when the block ends.

    `length` is the Content-Length, if the client gave one: a wrong size is refused before a byte is read. Raises SizeError, PrefixError,
    FullError (no room in `folder`) or BusyError (the body stopped coming).
    """
    if length is not None:
        require_size(stored, length)
    with SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder)) as spool:
        head, digest, size = b"", hashlib.sha256(), 0
        async for piece in paced(stream):
            size += len(piece)
            if size > max(stored.body_sizes):
                raise SizeError("This is larger than any sealed report of this call.")
            handle_part = HANDLE_BYTES - len(head)
            if len(head) < _HEAD:
                head = (head + piece)[:_HEAD]
                if len(head) == _HEAD:
                    require_prefix(head)
            envelope_part = piece[max(handle_part, 0) :]
            digest.update(envelope_part)
            with room_on_disk():
                spool.write(envelope_part)
        require_size(stored, size)
        yield SealedReport(head[:HANDLE_BYTES], digest.digest(), size - HANDLE_BYTES, partial(_parts, spool))


@contextmanager
def room_on_disk() -> Iterator[None]:
    """Turn an error of a full disk into FullError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise FullError("There is no room left for this at the moment.") from None
        raise


def _parts(spool: IO[bytes]) -> Iterator[bytes]:
    spool.seek(0)
    while part := spool.read(CHUNK_BYTES):
        yield part
