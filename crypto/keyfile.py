"""The key file: a call's seed under a passphrase, Argon2id and ChaCha20-Poly1305 (format.md section 11)."""

from __future__ import annotations

import binascii
import os
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto import canonical
from crypto.errors import KeyMismatchError, KeyOpenError, KeyParamsError
from crypto.opening import SEED_SIZE, Identity
from crypto.recipients import Recipient

FORMAT: Final = "saksei/v1 key"
MIN_M_KIB: Final = 65536
MAX_M_KIB: Final = 4194304
MAX_PASSES: Final = 16
MAX_LANES: Final = 16

_NAME: Final = "argon2id"
_VERSION: Final = 0x13
_SALT_SIZE: Final = 16
_NONCE_SIZE: Final = 12
_SIZE_LIMIT: Final = 1 << 16  # a key file has less than 3 KiB
_CALL: Final = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class KdfCost:
    """What one guess at the passphrase costs: `m_kib` KiB of memory, `t` passes, `p` lanes. Raises KeyParamsError outside the bounds."""

    m_kib: int = 1 << 20
    t: int = 4
    p: int = 4

    def __post_init__(self) -> None:
        """Require 65536 ≤ m_kib ≤ 4194304 and 1 ≤ t, p ≤ 16, before anything is spent."""
        if not (MIN_M_KIB <= self.m_kib <= MAX_M_KIB and 1 <= self.t <= MAX_PASSES and 1 <= self.p <= MAX_LANES):
            raise KeyParamsError("The cost of the passphrase is outside the bounds: 64 MiB to 4 GiB, 1 to 16 passes, 1 to 16 lanes.")


@dataclass(frozen=True, slots=True)
class _KeyFile:
    """A key file that is well formed; whether a passphrase opens it is another question."""

    call: str
    recipient: Recipient
    cost: KdfCost
    salt: bytes
    nonce: bytes
    sealed: bytes

    def associated(self) -> bytes:
        """Return what the seal covers beside the seed: every other field but the nonce."""
        cost = f"{_NAME} {_VERSION} {self.cost.m_kib} {self.cost.t} {self.cost.p} {_base64(self.salt)}"
        return f"{FORMAT}\n{self.call}\n{self.recipient}\n{cost}\n".encode()


def seal_key(seed: bytes | bytearray, passphrase: str, *, call: str, cost: KdfCost | None = None) -> bytes:
    """Return the key file of `call`: RFC 8785 JSON that only `passphrase` opens. `cost` is 1 GiB, 4 passes and 4 lanes unless given.

    Raises KeyParamsError for a seed that is not 32 bytes, a call id that is none, or a machine without that much memory.
    """
    if _CALL.fullmatch(call) is None:
        raise KeyParamsError("A call id has 1 to 40 of a-z, 0-9 and -.")
    with Identity(seed) as identity:
        recipient = identity.recipient
    file = _KeyFile(call, recipient, cost or KdfCost(), os.urandom(_SALT_SIZE), os.urandom(_NONCE_SIZE), b"")
    sealed = _cipher(file, passphrase).encrypt(file.nonce, seed, file.associated())
    return canonical.dumps(
        {
            "format": FORMAT,
            "call": call,
            "public": str(recipient),
            "kdf": {
                "name": _NAME,
                "version": _VERSION,
                "m_kib": file.cost.m_kib,
                "t": file.cost.t,
                "p": file.cost.p,
                "salt": _base64(file.salt),
            },
            "nonce": _base64(file.nonce),
            "sealed": _base64(sealed),
        }
    )


def open_key(data: bytes, passphrase: str) -> Identity:
    """Return the identity in a key file.

    Raises KeyParamsError for a file that is malformed or asks for a cost outside the bounds (nothing is spent on it), JsonDuplicateError,
    KeyOpenError when the passphrase does not open it, KeyMismatchError when the key inside is not the one it announces.
    """
    file = _parse(data)
    try:
        seed = bytearray(SEED_SIZE)
        _cipher(file, passphrase).decrypt_into(file.nonce, file.sealed, file.associated(), seed)
    except InvalidTag:
        raise KeyOpenError("The passphrase does not open this key file.") from None
    identity = Identity(seed)
    seed[:] = bytes(SEED_SIZE)
    if identity.recipient != file.recipient:
        identity.wipe()
        raise KeyMismatchError("The key in this file is not the one that the file announces.")
    return identity


def key_call(data: bytes) -> str:
    """Return the id of the call that a key file is for; raises as `open_key` does for a malformed file."""
    return _parse(data).call


def key_recipient(data: bytes) -> Recipient:
    """Return the public key that a key file announces, before any passphrase; raises as `open_key` does for a malformed file."""
    return _parse(data).recipient


def _cipher(file: _KeyFile, passphrase: str) -> ChaCha20Poly1305:
    try:
        secret = unicodedata.normalize("NFC", passphrase).encode("utf-8")
    except UnicodeEncodeError:
        raise KeyOpenError("The passphrase is not text.") from None
    try:
        key = hash_secret_raw(secret, file.salt, file.cost.t, file.cost.m_kib, file.cost.p, 32, Type.ID, _VERSION)
    except HashingError:
        raise KeyParamsError("This machine has not the memory that the key file asks for.") from None
    return ChaCha20Poly1305(key)


def _parse(data: bytes) -> _KeyFile:
    """Read a key file. White space around it is let pass: an editor's last line end must not cost the key."""
    if len(data) > _SIZE_LIMIT:
        raise KeyParamsError("This is not a key file.")
    file = _members(canonical.loads(data.strip(), error=KeyParamsError), ("format", "call", "public", "kdf", "nonce", "sealed"))
    kdf = _members(file["kdf"], ("name", "version", "m_kib", "t", "p", "salt"))
    if (file["format"], kdf["name"], kdf["version"]) != (FORMAT, _NAME, _VERSION) or _CALL.fullmatch(_text(file["call"])) is None:
        raise KeyParamsError("This key file is of a kind that this version does not know.")
    return _KeyFile(
        call=_text(file["call"]),
        recipient=Recipient.parse(_text(file["public"])),
        cost=KdfCost(_number(kdf["m_kib"]), _number(kdf["t"]), _number(kdf["p"])),
        salt=_bytes(kdf["salt"], _SALT_SIZE),
        nonce=_bytes(file["nonce"], _NONCE_SIZE),
        sealed=_bytes(file["sealed"], SEED_SIZE + 16),
    )


def _members(value: object, keys: tuple[str, ...]) -> dict[str, object]:
    if not isinstance(value, dict) or value.keys() != set(keys):
        raise KeyParamsError("The key file has a key too many or too few.")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise KeyParamsError("The key file holds something else where text belongs.")
    return value


def _number(value: object) -> int:
    if type(value) is not int:
        raise KeyParamsError("The key file holds something else where a number belongs.")
    return value


def _bytes(value: object, size: int) -> bytes:
    try:
        content = binascii.a2b_base64(_text(value).encode("ascii", "replace"))
    except binascii.Error:
        content = b""
    if len(content) != size or _base64(content) != value:
        raise KeyParamsError("The key file holds base64 that is not canonical or of another length.")
    return content


def _base64(content: bytes) -> str:
    return binascii.b2a_base64(content, newline=False).decode("ascii")
