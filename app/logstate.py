"""What this server signed last, kept outside of the database and its backups (format.md section 7).

Whatever was restored, whichever host publishes: a checkpoint is signed only when the log it names is a consistent extension of this state.
The state holds the compact range of the log, so the check costs as much as the new entries, not as the whole log.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.errors import BusyError
from app.files import write_durably
from crypto.errors import LogInconsistentError
from crypto.merkle import Frontier, leaf_hash

ALONE_SECONDS = 60.0
"""So long another process of this host that signs is waited for: it does so within a moment, or it is stopped."""
_ASK_AGAIN_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class SignedLog:
    """Size and root that were signed, and the compact range that leads on from there."""

    size: int
    root: bytes
    frontier: bytes

    def extended(self, new_entries: Sequence[bytes]) -> "SignedLog":
        """The log after these entries. Raises LogInconsistentError when the state is damaged."""
        frontier = Frontier.from_bytes(self.frontier)
        if frontier.size != self.size or frontier.root() != self.root:
            raise LogInconsistentError("The saved state of the log contradicts itself.")
        frontier.extend(leaf_hash(entry) for entry in new_entries)
        return SignedLog(frontier.size, frontier.root(), frontier.to_bytes())


def empty_log() -> SignedLog:
    """The state before anything was signed."""
    frontier = Frontier()
    return SignedLog(0, frontier.root(), frontier.to_bytes())


class LogState:
    """One file a call in LOG_STATE_DIR, replaced whole and flushed before the signature leaves."""

    def __init__(self, directory: Path) -> None:
        """Name the folder; nothing is read yet."""
        self._directory = directory

    def read(self, call_id: str) -> SignedLog | None:
        """What was signed last; None when nothing is known here. Raises LogInconsistentError when the file is damaged."""
        try:
            content = self._path(call_id).read_text("ascii")
        except FileNotFoundError:
            return None
        except ValueError:
            raise LogInconsistentError("The saved state of the log is damaged.") from None
        try:
            size, root, frontier = content.splitlines()
            return SignedLog(int(size), bytes.fromhex(root), bytes.fromhex(frontier))
        except ValueError:
            raise LogInconsistentError("The saved state of the log is damaged.") from None

    def write(self, call_id: str, state: SignedLog) -> None:
        """Keep the state; it is on the disk when this returns. Raises LogInconsistentError rather than go back."""
        before = self.read(call_id)
        if before is not None and before.size > state.size:
            raise LogInconsistentError("A longer log than this was signed already.")
        write_durably(self._path(call_id), f"{state.size}\n{state.root.hex()}\n{state.frontier.hex()}\n".encode())

    @asynccontextmanager
    async def alone(self, call_id: str, *, patience: float = ALONE_SECONDS) -> AsyncIterator[None]:
        """Wait until no other process signs for this call, and keep it so; everybody else is answered meanwhile.

        Raises BusyError when another process has held it for `patience` seconds.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._directory / f"{call_id}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            until = time.monotonic() + patience
            while not _locked(descriptor):  # asked again and again: a wait in the kernel could not be ended by whoever ends this process
                if time.monotonic() > until:
                    raise BusyError("Another process holds what this host signed last, and does not let go.")
                await asyncio.sleep(_ASK_AGAIN_SECONDS)
            yield
        finally:
            os.close(descriptor)

    def _path(self, call_id: str) -> Path:
        return self._directory / f"{call_id}.state"


def _locked(descriptor: int) -> bool:
    """Take the file's lock, unless another holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
