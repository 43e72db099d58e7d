"""What the reviewers say has reached them: `received`, as the server hands it out and a watcher keeps it (format.md F7.12).

Rules, in order, beside those of `summary.watch`, which hold for this checkpoint as for every other:

1. `received.minisig` is a signature over it by the call's signing key, and it is a checkpoint of the log: `signature`.
2. It is not absent when one was seen before, and not smaller: `log-inconsistent`. A server that takes it back hides what it had shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crypto.errors import LogInconsistentError, SignatureError
from crypto.minisign import verify
from crypto.notes import VerifierKey, parse_checkpoint
from summary.archive import write_aside

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Protocol

    from questionnaire.models import Call

    class Pages(Protocol):
        """Where the public pages of a call come from; summary.site.Site is one."""

        def find(self, name: str, *, limit: int) -> bytes | None:
            """Return a page of at most `limit` bytes, None when there is none of this name."""


RECEIVED: Final = "received"
SIGNATURE: Final = "received.minisig"
_LIMIT: Final = 1 << 16  # bytes of a note, and of a signature file
_TRIES: Final = 3
_GONE: Final = "The server has shown more that the reviewers hold than it shows now: it went back, or hides something."


def look_for_received(pages: Pages, folder: Path, call: Call) -> bytes | None:
    """Return the checkpoint that the reviewers countersigned, None when the server never had one, and keep it with its signature.

    Raises SignatureError, LogInconsistentError: as the rules above say; UnreachableError.
    """
    kept = folder / RECEIVED
    before = _size(kept.read_bytes(), call) if kept.exists() else 0
    found = _signed(pages, call)
    if found is None:
        if before:
            raise LogInconsistentError(_GONE)
        return None
    note, signature = found
    if _size(note, call) < before:
        raise LogInconsistentError(_GONE)
    write_aside(folder / SIGNATURE, signature)
    write_aside(kept, note)
    return note


def _signed(pages: Pages, call: Call) -> tuple[bytes, bytes] | None:
    """Return note and signature, None when there are neither (rule 1)."""
    for _ in range(_TRIES):  # they are two pages: the server may have been given newer ones between the requests
        note, signature = (pages.find(f"log/{name}", limit=_LIMIT) for name in (RECEIVED, SIGNATURE))
        if note is None and signature is None:
            return None
        if note is not None and signature is not None and _is_signed(note, signature, call):
            return note, signature
    raise SignatureError("What the server shows as received is not signed by the reviewers.")


def _is_signed(note: bytes, signature: bytes, call: Call) -> bool:
    try:
        verify(note, signature, call.signing_key)
    except SignatureError:
        return False
    return True


def _size(note: bytes, call: Call) -> int:
    return parse_checkpoint(note, VerifierKey.parse(call.log_vkey), call.origin).size
