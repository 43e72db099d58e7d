"""The private log keys: one file a call in LOG_KEY_DIR, put there by `call add` (format.md section 1)."""

from pathlib import Path

from app.errors import LogKeyError
from app.files import write_durably
from crypto.errors import CryptoError
from crypto.notes import SignerKey
from questionnaire.models import Call


class LogKeys:
    """Reads the keys and keeps those it read; a key never changes while its call lives."""

    def __init__(self, directory: Path) -> None:
        """Name the folder; nothing is read yet."""
        self._directory = directory
        self._known: dict[str, SignerKey] = {}

    def signer(self, call: Call) -> SignerKey:
        """The key of the call. Raises LogKeyError when it is missing or not the one that call.json names."""
        known = self._known.get(call.call)
        if known is None:
            known = read_key(self._path(call.call), call)
            self._known[call.call] = known
        return known

    def keep(self, call: Call, key: SignerKey) -> None:
        """Write the key down, readable by the owner alone; nothing happens when it is there already.

        Raises LogKeyError when another key is there or this is not the call's.
        """
        require_key(key, call)
        path = self._path(call.call)
        if path.exists():
            read_key(path, call)
            return
        write_durably(path, key.line().encode() + b"\n")

    def _path(self, call_id: str) -> Path:
        return self._directory / f"{call_id}.key"


def read_key(path: Path, call: Call) -> SignerKey:
    """Read a key file and hold it against the call. Raises LogKeyError."""
    try:
        key = SignerKey.parse(path.read_text("ascii"))
    except (OSError, ValueError, CryptoError):
        raise LogKeyError("The log key of this call is missing or cannot be read.") from None
    require_key(key, call)
    return key


def require_key(key: SignerKey, call: Call) -> None:
    """Raise LogKeyError unless this is the log key that call.json names."""
    if str(key.vkey) != call.log_vkey or key.name != call.origin:
        raise LogKeyError("The log key is not the one that call.json names.")
