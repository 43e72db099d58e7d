"""The names that a bundle's members have, and their order (format.md section 10; the list stands in `crypto.bundle`)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crypto.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CALL, SUMS, SIGNATURE, FORM = "call.json", "SHA256SUMS", "SHA256SUMS.minisig", "form.html"
ENTRIES, PENDING = "log/entries", "log/pending"
# What comes first in a `Place`.
LOG, CHECKPOINTS, TOKENS, ENVELOPES = 5, 6, 7, 9
_FIXED = {CALL: 1, SUMS: 2, SIGNATURE: 3, FORM: 4, ENTRIES: LOG, PENDING: 8}
REQUIRED = {CALL, SUMS, SIGNATURE, ENTRIES, PENDING}
_SIZE = r"([1-9][0-9]{0,15})"
CHECKPOINT = re.compile(rf"log/checkpoint\.{_SIZE}")
TOKEN = re.compile(rf"log/{_SIZE}\.([a-z0-9-]{{1,40}})\.tsr")
ENVELOPE = re.compile(r"envelopes/([0-9a-f]{64})\.age")
Place = tuple[int, int, str]
"""What members are sorted by: kind, size of the checkpoint, and authority or digest."""


def checkpoint_name(size: int) -> str:
    """Return the member name of the checkpoint of `size` entries."""
    return f"log/checkpoint.{size}"


def token_name(size: int, authority: str) -> str:
    """Return the member name of an authority's token over the checkpoint of `size` entries."""
    return f"log/{size}.{authority}.tsr"


def envelope_name(digest: bytes) -> str:
    """Return the member name of the envelope with this SHA-256 (32 bytes)."""
    return f"envelopes/{digest.hex()}.age"


def place(name: str) -> Place:
    """Return what the members are sorted by.

    Raises:
        ManifestError: no member has this name.
    """
    if name in _FIXED:
        return _FIXED[name], 0, ""
    if match := CHECKPOINT.fullmatch(name):
        return CHECKPOINTS, int(match[1]), ""
    if match := TOKEN.fullmatch(name):
        return TOKENS, int(match[1]), match[2]
    if match := ENVELOPE.fullmatch(name):
        return ENVELOPES, 0, match[1]
    raise ManifestError("The bundle has a member that none has.")


@dataclass(frozen=True, slots=True)
class Member:
    """One member to write.

    Attributes:
        name: `call.json`, `log/pending` …; see `checkpoint_name`, `token_name`, `envelope_name`.
        size: Bytes of its data.
        sha256: SHA-256 of its data (32 bytes).
        chunks: Called once, gives the data piece by piece.
    """

    name: str
    size: int
    sha256: bytes
    chunks: Callable[[], Iterable[bytes]]

    @classmethod
    def of(cls, name: str, content: bytes) -> Member:
        """Return the member of content that is in memory."""
        return cls(name, len(content), hashlib.sha256(content).digest(), lambda: (content,))
