"""The header of a workspace: its raw 32-byte database key, sealed under the reviewers' passphrase.

A small JSON file (RFC 8785): `format` = `saksei/v1 workspace`, `call`, `kdf` {name argon2id, version 19, m_kib, t, p, salt (16 bytes)},
`nonce` (12), `sealed` = ChaCha20-Poly1305(Argon2id(NFC passphrase), nonce, key, aad), with aad = `saksei/v1 workspace` LF call id LF
`argon2id 19 <m> <t> <p> <salt base64>` LF. Costs have the bounds of format.md section 11. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto import canonical
from crypto.errors import CryptoError
from reviewer.errors import WorkspaceOpenError, WorkspaceParamsError

if TYPE_CHECKING:
    from crypto.keyfile import KdfCost

FORMAT: Final = "saksei/v1 workspace"
KEY_BYTES: Final = 32
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_M_KIB: Final = range(65536, 4194304 + 1)
_ROUNDS: Final = range(1, 16 + 1)
_BROKEN: Final = "The header of the workspace is not one that this software wrote."


@dataclass(frozen=True, slots=True)
class _Kdf:
    m_kib: int
    t: int
    p: int
    salt: bytes

    def __post_init__(self) -> None:
        whole = all(type(number) is int for number in (self.m_kib, self.t, self.p))
        if not whole or self.m_kib not in _M_KIB or self.t not in _ROUNDS or self.p not in _ROUNDS:
            raise WorkspaceParamsError("The header of the workspace asks for a key derivation outside the bounds.")

    def associated(self, call: str) -> bytes:
        return f"{FORMAT}\n{call}\nargon2id 19 {self.m_kib} {self.t} {self.p} {_base64(self.salt)}\n".encode()

    def derive(self, passphrase: str) -> bytes:

        secret = unicodedata.normalize("NFC", passphrase).encode()
        try:
            return hash_secret_raw(secret, self.salt, self.t, self.m_kib, self.p, KEY_BYTES, Type.ID, 19)
        except (HashingError, MemoryError):
            raise WorkspaceParamsError("This computer has not enough free memory for the key derivation of the workspace.") from None


def wrap_key(key: bytes | bytearray, passphrase: str, *, call: str, cost: KdfCost) -> bytes:
    """Return the header that keeps `key` (32 bytes) under `passphrase`. Raises WorkspaceParamsError when the cost is out of bounds."""

    if len(key) != KEY_BYTES:
        raise ValueError("A workspace key has 32 bytes.")
    kdf = _Kdf(cost.m_kib, cost.t, cost.p, secrets.token_bytes(_SALT_BYTES))
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = ChaCha20Poly1305(kdf.derive(passphrase)).encrypt(nonce, bytes(key), kdf.associated(call))
    parameters: dict[str, canonical.JsonValue] = {
        "name": "argon2id",
        "version": 19,
        "m_kib": kdf.m_kib,
        "t": kdf.t,
        "p": kdf.p,
        "salt": _base64(kdf.salt),
    }
    return canonical.dumps({"format": FORMAT, "call": call, "kdf": parameters, "nonce": _base64(nonce), "sealed": _base64(sealed)})


def unwrap_key(header: bytes, passphrase: str) -> bytearray:
    """Return the 32-byte key in `header`; the caller wipes it.

    Raises WorkspaceParamsError when the header is malformed or its cost out of bounds, WorkspaceOpenError when the passphrase is wrong.
    """

    call, kdf, nonce, sealed = _parse(header)
    try:
        return bytearray(ChaCha20Poly1305(kdf.derive(passphrase)).decrypt(nonce, sealed, kdf.associated(call)))
    except InvalidTag:
        raise WorkspaceOpenError("The passphrase does not open the workspace.") from None


def header_call(header: bytes) -> str:
    """Return the call id that the header names; it is trusted only once `unwrap_key` opened it."""
    return _parse(header)[0]


def _parse(header: bytes) -> tuple[str, _Kdf, bytes, bytes]:

    try:
        content: Any = canonical.loads(header)
    except CryptoError:
        raise WorkspaceParamsError(_BROKEN) from None
    whole = isinstance(content, dict) and set(content) == {"format", "call", "kdf", "nonce", "sealed"} and content["format"] == FORMAT
    if not whole or not isinstance(content["call"], str) or not isinstance(content["kdf"], dict):
        raise WorkspaceParamsError(_BROKEN)
    named = content["kdf"]
    if set(named) != {"name", "version", "m_kib", "t", "p", "salt"} or named["name"] != "argon2id" or named["version"] != 19:
        raise WorkspaceParamsError(_BROKEN)
    kdf = _Kdf(named["m_kib"], named["t"], named["p"], _bytes(named["salt"], _SALT_BYTES))
    return content["call"], kdf, _bytes(content["nonce"], _NONCE_BYTES), _bytes(content["sealed"], KEY_BYTES + _TAG_BYTES)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: object, length: int) -> bytes:
    if not isinstance(text, str):
        raise WorkspaceParamsError(_BROKEN)
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise WorkspaceParamsError(_BROKEN) from None
    if len(raw) != length or _base64(raw) != text:
        raise WorkspaceParamsError(_BROKEN)
    return raw
