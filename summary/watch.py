"""Watching the log of a call: who keeps every checkpoint finds out when a server tells two stories (format.md F7.2, F7.7, F7.10, F7.11).

A folder keeps `call.json` (the first one seen, or the one that was given), `entries` (the log as it was last found consistent) and every
checkpoint that the server ever signed before our eyes, `checkpoint.<size>`; one that contradicts another of its size has a part of its
SHA-256 behind. `entries.contradicting` is a log that the server signed and that contradicts a kept checkpoint. `received` and
`received.minisig` are what the reviewers countersigned last (summary.received); it is a checkpoint as every other, and rule 4 holds for it.

Rules, in order:

1. The server's call.json is the one that is kept, byte for byte: `wrong-call`.
2. The newest checkpoint is a note of the log key, over this log: `signature`. It is kept at once, whatever it says.
3. The entries begin with this call: `log-call`; they are whole: `log-entry`; none is behind the newest checkpoint: `log-unsigned-tail`.
4. The newest checkpoint has the root of the entries, and so has every kept one of the entries before it: `log-inconsistent`.

This is all that needs every entry; whether each entry keeps the rules of F7.3 is for the reviewers' `verify`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crypto.errors import LogCallError, LogEntryError, LogInconsistentError, LogUnsignedTailError, WrongCallError
from crypto.merkle import Frontier, leaf_hash
from crypto.notes import Checkpoint, VerifierKey, parse_checkpoint
from questionnaire.models import load_call
from summary import received
from summary.archive import write_aside

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from typing import Protocol

    from questionnaire.models import Call

    class Pages(Protocol):
        """Where the public pages of a call come from; summary.site.Site is one."""

        @property
        def call(self) -> str:
            """The id of the call."""

        def read(self, name: str, *, limit: int) -> bytes:
            """Return a page of at most `limit` bytes."""

        def find(self, name: str, *, limit: int) -> bytes | None:
            """Return a page of at most `limit` bytes, None when there is none of this name."""


CALL: Final = "call.json"
ENTRIES: Final = "entries"
CONTRADICTING: Final = "entries.contradicting"

NOTE_LIMIT: Final = 1 << 16
_CALL_LIMIT: Final = 8 << 20
_LONGEST_ENTRY: Final = 151  # bytes of a withdraw entry behind its length (F7.1)
_NEWER: Final = 1 << 16  # entries that may be published between two requests
_ENTRIES_LIMIT: Final = 512 << 20
_TRIES: Final = 3
_NAME: Final = re.compile(r"checkpoint\.(?:0|[1-9][0-9]{0,15})(?:\.[0-9a-f]{8})?")


@dataclass(frozen=True, slots=True)
class Watched:
    """What one look found, all of it consistent.

    Attributes:
        origin: `<host>/<call id>` of the log.
        call_sha256: The call hash in hex.
        size: The number of entries now.
        root: Their root in hex.
        before: The number of entries at the largest checkpoint kept before, None at the first look.
        kept: The number of checkpoints kept now.
        received: The number of entries that the reviewers hold, by their countersignature; None when they gave none.
    """

    origin: str
    call_sha256: str
    size: int
    root: str
    before: int | None
    kept: int
    received: int | None


class Keep:
    """The folder of one watcher, and the checkpoints in it; each of them is signed by the log key of the call."""

    def __init__(self, folder: Path, call: Call) -> None:
        """Read what `folder` keeps. Raises SignatureError for a kept file that is no checkpoint of this log."""
        self.folder = folder
        self._origin = call.origin
        self._key = VerifierKey.parse(call.log_vkey)
        names = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
        self.checkpoints = [parse_checkpoint(_read(path), self._key, self._origin) for path in names]

    def add(self, note: bytes) -> Checkpoint:
        """Keep a checkpoint, unless one of the same size and root is kept. Raises SignatureError when it is none of this log."""
        found = parse_checkpoint(note, self._key, self._origin)
        if found not in self.checkpoints:
            path = self.folder / f"checkpoint.{found.size}"
            if path.exists():
                path = path.with_name(f"{path.name}.{hashlib.sha256(note).hexdigest()[:8]}")
            write_aside(path, note)
            self.checkpoints.append(found)
        return found

    def require_one_story(self) -> None:
        """Raise LogInconsistentError when two kept checkpoints of one size have different roots."""
        if len({found.size for found in self.checkpoints}) != len(self.checkpoints):
            raise LogInconsistentError("The server signed two different logs of one size; the folder keeps both checkpoints. " + _SHOW)

    def largest(self) -> int | None:
        """Return the size of the largest kept checkpoint, None when there is none."""
        return max((found.size for found in self.checkpoints), default=None)


_SHOW: Final = "Keep the folder as it is, and show it to the reviewers and to other watchers."


def watch(pages: Pages, folder: Path, *, call_bytes: bytes | None = None, given: Iterable[bytes] = ()) -> Watched:
    """Look at the log of a call once, keep what its server signed, and require that all of it is one log.

    Args:
        pages: Where the call's public pages are.
        folder: What is kept from one look to the next; made when it is not there.
        call_bytes: The call.json that people were told of. Without it the first one seen is believed.
        given: Checkpoints that somebody else kept; they are kept here too.

    Raises:
        WrongCallError, SignatureError, LogCallError, LogEntryError, LogUnsignedTailError, LogInconsistentError: as the rules above say.
        UnreachableError, CallError: the server does not answer, or has no call.json.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    known = _known_call(pages, folder, call_bytes)
    call, call_sha256 = load_call(known), hashlib.sha256(known).hexdigest()
    keep = Keep(folder, call)
    before = keep.largest()
    for note in given:
        keep.add(note)
    # Asked for before the newest checkpoint, so that an honest server's is never longer than that.
    countersigned = received.look_for_received(pages, folder, call)
    held = None if countersigned is None else keep.add(countersigned).size
    keep.require_one_story()
    head, entries = _newest(pages, keep)
    _require_whole(entries, head, call_sha256)
    roots = _roots(entries, keep.checkpoints)
    if roots[head.size] != head.root:
        raise LogInconsistentError("The entries that the server hands out are not the ones that it signed.")
    _require_prefixes(keep, head, entries, roots)
    write_aside(folder / ENTRIES, _frame(entries))
    return Watched(call.origin, call_sha256, head.size, head.root.hex(), before, len(keep.checkpoints), held)


def _known_call(pages: Pages, folder: Path, call_bytes: bytes | None) -> bytes:
    """Return the bytes of call.json that the folder, the caller and the server agree on, and keep them (rule 1)."""
    path = folder / CALL
    served = pages.read(CALL, limit=_CALL_LIMIT)
    kept = path.read_bytes() if path.exists() else None
    if call_bytes is not None and kept is not None and kept != call_bytes:
        raise WrongCallError("The folder keeps the log of another call; name another folder.")
    expected = next((known for known in (kept, call_bytes) if known is not None), served)
    if served != expected:
        raise WrongCallError("The server shows another call.json than the one that is known here.")
    if load_call(expected).call != pages.call:
        raise WrongCallError("The server shows the call.json of another call.")
    if kept is None:
        write_aside(path, expected)
    return expected


def _newest(pages: Pages, keep: Keep) -> tuple[Checkpoint, list[bytes]]:
    """Return the newest checkpoint and the entries, asked for again when a batch came in between; keep each checkpoint (rule 2)."""
    for _ in range(_TRIES):
        head = keep.add(pages.read("log/checkpoint", limit=NOTE_LIMIT))
        keep.require_one_story()
        limit = min((head.size + _NEWER) * _LONGEST_ENTRY, _ENTRIES_LIMIT)
        entries = _unframe(pages.read("log/entries", limit=limit))
        if len(entries) <= head.size:
            break
    return head, entries


def _require_whole(entries: Sequence[bytes], head: Checkpoint, call_sha256: str) -> None:
    """Require rule 3."""
    if len(entries) > head.size:
        raise LogUnsignedTailError("The server hands out entries that no checkpoint covers.")
    if len(entries) < head.size:
        raise LogInconsistentError("The server hands out fewer entries than it signed.")
    if not entries or entries[0] != f"saksei/v1\ncall\n{call_sha256}\n".encode():
        raise LogCallError("The log does not begin with this call.")


def _require_prefixes(keep: Keep, head: Checkpoint, entries: Sequence[bytes], roots: dict[int, bytes]) -> None:
    """Require rule 4 of every kept checkpoint; what contradicts one is kept."""
    if any(found.size <= head.size and roots[found.size] != found.root for found in keep.checkpoints):
        write_aside(keep.folder / CONTRADICTING, _frame(entries))
        raise LogInconsistentError("The server signed two logs that contradict each other; the folder keeps what proves it. " + _SHOW)
    if any(found.size > head.size for found in keep.checkpoints):
        if _contradicts_kept(keep, head):
            raise LogInconsistentError("The server signed two logs that contradict each other; the folder keeps what proves it. " + _SHOW)
        raise LogInconsistentError("The server shows a shorter log than it has signed already: it went back, or hides something. " + _SHOW)


def _contradicts_kept(keep: Keep, head: Checkpoint) -> bool:
    """Whether the entries kept from an earlier look prove that the shorter log `head` is not the beginning of the longer one."""
    path = keep.folder / ENTRIES
    try:
        entries = _unframe(path.read_bytes()) if path.exists() else []
    except LogEntryError:
        return False
    roots = _roots(entries, keep.checkpoints)
    signed = any(roots.get(found.size) == found.root for found in keep.checkpoints if found.size > head.size)
    return signed and roots[head.size] != head.root


def _roots(entries: Sequence[bytes], checkpoints: Iterable[Checkpoint]) -> dict[int, bytes]:
    """Return the roots of the first n entries, for every n that a checkpoint names and there are entries for."""
    sizes = {found.size for found in checkpoints}
    frontier = Frontier()
    roots = {0: frontier.root()}
    for entry in entries:
        frontier.append(leaf_hash(entry))
        if frontier.size in sizes:
            roots[frontier.size] = frontier.root()
    return roots


def _unframe(content: bytes) -> list[bytes]:
    """Return entries that stand behind their lengths, uint16-BE each (F7.11). Raises LogEntryError."""
    entries: list[bytes] = []
    at = 0
    while at < len(content):
        start = at + 2
        at = start + int.from_bytes(content[at:start], "big")
        if at > len(content) or start > len(content):
            raise LogEntryError("The log ends in the middle of an entry.")
        entries.append(content[start:at])
    return entries


def _frame(entries: Iterable[bytes]) -> bytes:
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(NOTE_LIMIT)
