"""What the age vectors need and Saksei does not: identities of other kinds, and the vectors themselves out of npm `cctv-age`."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.envelope import Stanza, decode_base64
from crypto.errors import HeaderError
from crypto.opening import Identity, IdentityLike
from crypto.recipients import bech32_decode

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = Path(__file__).parents[2]
VECTORS = REPOSITORY / "node_modules" / "cctv-age" / "index.js"


class X25519Identity:
    """age's classical identity, `AGE-SECRET-KEY-1…`."""

    def __init__(self, text: str) -> None:
        prefix, scalar = bech32_decode(text.lower())
        assert prefix == "age-secret-key-"
        self._key = X25519PrivateKey.from_private_bytes(scalar)

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        for stanza in stanzas:
            if stanza.arguments[0] != b"X25519":
                continue
            if len(stanza.arguments) != 2 or len(share := decode_base64(stanza.arguments[1])) != 32:
                raise HeaderError("X25519 stanza.")
            try:
                secret = self._key.exchange(X25519PublicKey.from_public_bytes(share))
            except ValueError:
                raise HeaderError("X25519 share of low order.") from None
            salt = share + self._key.public_key().public_bytes_raw()
            key = HKDF(SHA256(), 32, salt, b"age-encryption.org/v1/X25519").derive(secret)
            if (file_key := unwrap_file_key(key, stanza.body)) is not None:
                return file_key
        return None


class ScryptIdentity:
    """age's passphrase, with the work factor limited to 2^20 as npm age-encryption does."""

    def __init__(self, passphrase: str) -> None:
        self._passphrase = passphrase.encode()

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        for stanza in stanzas:
            if stanza.arguments[0] != b"scrypt":
                continue
            if len(stanza.arguments) != 3 or len(salt := decode_base64(stanza.arguments[1])) != 16:
                raise HeaderError("scrypt stanza.")
            if not re.fullmatch(rb"[1-9][0-9]?", stanza.arguments[2]) or int(stanza.arguments[2]) > 20:
                raise HeaderError("scrypt work factor.")
            cost = 1 << int(stanza.arguments[2])
            key = hashlib.scrypt(
                self._passphrase, salt=b"age-encryption.org/v1/scrypt" + salt, n=cost, r=8, p=1, maxmem=2048 * cost, dklen=32
            )
            if (file_key := unwrap_file_key(key, stanza.body)) is not None:
                return file_key
        return None


def unwrap_file_key(key: bytes, body: bytes) -> bytes | None:
    if len(body) != 32:
        raise HeaderError("A file key has 16 bytes.")
    try:
        return ChaCha20Poly1305(key).decrypt(bytes(12), body, None)
    except InvalidTag:
        return None


@dataclass(frozen=True)
class Vector:
    """One file of C2SP/CCTV age: what to open, with what, and what must come of it."""

    name: str
    expect: str
    armored: bool
    keys: tuple[tuple[str, str], ...]
    payload_sha256: str
    age: bytes

    def identities(self) -> list[IdentityLike]:
        return [make_identity(kind, text) for kind, text in self.keys]


def make_identity(kind: str, text: str) -> IdentityLike:
    if kind == "passphrase":
        return ScryptIdentity(text)
    return Identity.parse(text) if text.startswith("AGE-SECRET-KEY-PQ-1") else X25519Identity(text)


@cache
def vectors() -> tuple[Vector, ...]:
    """Every vector of the package, in its order; the package keeps each as one base64 string under its file name."""
    found = re.findall(r'// \.\./testdata/(\S+)\nvar \w+ = __toBinary\("([^"]*)"\)', VECTORS.read_text("ascii"))
    return tuple(_vector(name, base64.b64decode(content)) for name, content in found)


def _vector(name: str, content: bytes) -> Vector:
    head, _, age = content.partition(b"\n\n")
    fields = [line.partition(": ")[::2] for line in head.decode().split("\n")]
    values = dict(fields)
    return Vector(
        name,
        values["expect"],
        "armored" in values,
        tuple((kind, text) for kind, text in fields if kind in ("identity", "passphrase")),
        values.get("payload", ""),
        zlib.decompress(age) if "compressed" in values else age,
    )
