"""Bodies as they come in: handle || envelope, in memory while small and in an unnamed file when not (format.md sections 5 and 6).

Only ciphertext ever comes this way.
"""

import errno
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from app.calls import HANDLE_BYTES, StoredCall
from app.errors import FullError, WorkError
from app.models import CHUNK_BYTES
from app.receiving import Body
from app.submissions import SealedReport
from app.work import LEVELS, Work
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
    return sealed_here(stored, body[:HANDLE_BYTES], memoryview(body)[HANDLE_BYTES:])


def sealed_here(stored: StoredCall, handle: bytes, envelope: bytes | memoryview) -> SealedReport:
    """The same, of a handle and an envelope apart; neither is copied. Raises SizeError or PrefixError."""
    view = memoryview(envelope)
    require_size(stored, len(handle) + len(view))
    require_prefix(handle + bytes(view[: len(PREFIX)]))

    def parts() -> Iterator[bytes]:
        for start in range(0, len(view), CHUNK_BYTES):
            yield bytes(view[start : start + CHUNK_BYTES])

    return SealedReport(handle, hashlib.sha256(view).digest(), len(view), parts)


@asynccontextmanager
async def received(
    stored: StoredCall, body: Body, stream: AsyncIterator[bytes], *, length: int | None, folder: Path
) -> AsyncIterator[SealedReport]:
    """Take in a body and check its size and then its prefix (F5.2); what was spooled is gone when the block ends.

    `length` is the Content-Length, if the client gave one: a wrong size is refused before a byte is read. Without one the size is known at
    the end only, and what cannot be a report is let go as it comes. Raises
    SizeError, PrefixError, WorkError (shown for another handle), FullError (no room in `folder`) or BusyError (the body stopped coming).
    """
    if length is not None:
        require_size(stored, length)
    with _spool(length if body.in_memory else None, folder, most=IN_MEMORY if body.in_memory else 1) as spool:
        head, digest, size, wanted = b"", hashlib.sha256(), 0, True
        async for piece in body.pieces(stream):
            handle_part = max(HANDLE_BYTES - size, 0)
            size += len(piece)
            if size > max(stored.body_sizes):
                raise SizeError("This is larger than any sealed report of this call.")
            if len(head) < _HEAD:
                head = (head + piece)[:_HEAD]
                wanted = _begins_well(head, body.work)
            if wanted:
                envelope_part = piece[handle_part:]
                digest.update(envelope_part)
                with room_on_disk():
                    spool.write(envelope_part)
            elif length is not None:
                size = length  # it is known, and fits: nothing more has to be read
                break
        require_size(stored, size)
        require_prefix(head)
        _require_worked(head, body.work)
        yield SealedReport(head[:HANDLE_BYTES], digest.digest(), size - HANDLE_BYTES, partial(_parts, spool))


def _spool(length: int | None, folder: Path, *, most: int) -> IO[bytes]:
    """Where a body waits until it is complete: in memory while it is small, in an unnamed file when it grows beyond `most` bytes."""
    if length is not None and length <= most:  # no more than was said ever comes: the server cuts it off there
        return BytesIO()
    return SpooledTemporaryFile(max_size=most, dir=str(folder))


def _begins_well(head: bytes, work: Work | None) -> bool:
    """Whether this may still become the head of a report that is taken: the first bytes of a body, up to handle and prefix."""
    mine = work is None or len(head) < HANDLE_BYTES or head[:HANDLE_BYTES] == work.handle
    return mine and PREFIX.startswith(head[HANDLE_BYTES:])


def _require_worked(head: bytes, work: Work | None) -> None:
    if work is not None and head[:HANDLE_BYTES] != work.handle:
        raise WorkError(bits=LEVELS[0], batch=work.batch)


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
