"""Signatures of the call's signing key, in minisign's formats (format.md section 1).

Signatures are prehashed Ed25519 (`ED`, over BLAKE2b-512) with a trusted comment under a second signature. Their first line is exactly
`untrusted comment: saksei/v1`. Stock `minisign` verifies them, and reads and writes the same secret key files:

    signature    "ED" key number (8) signature (64)
    public key   "Ed" key number (8) Ed25519 public key (32)
    secret key   "Ed" kdf "B2" salt (32) opslimit (8, LE) memlimit (8, LE) || key number (8) seed (32) public key (32) checksum (32)

The second half of a secret key is XORed with scrypt of the passphrase (kdf `Sc`), or stands as it is (kdf two zero bytes, as
`minisign -W` makes it; then the checksum is zero). The checksum is BLAKE2b-256("Ed" || key number || seed || public key).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import struct
import unicodedata
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crypto.errors import KeyMismatchError, KeyOpenError, KeyParamsError, SignatureError

UNTRUSTED_COMMENT = "untrusted comment: saksei/v1"
# libsodium's "sensitive" limits, minisign's own: scrypt with N = 2^20, r = 8, p = 1 in 1 GiB.
OPSLIMIT = 33_554_432
MEMLIMIT = 1_073_741_824
_TRUSTED = "trusted comment: "
_KEY_COMMENT = "untrusted comment: minisign encrypted secret key"
_SECRET = struct.Struct("<2s2s2s32sQQ104s")
_LINE_MAX = 8192
_NOT_IN_COMMENT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_COMMENT_LINE = re.compile(r"untrusted comment: [^\x00-\x08\x0a-\x1f\x7f]*")


def _unbase64(text: str) -> bytes:
    """Return the bytes of `text`, none at all unless it is the one canonical encoding of them."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return value if base64.b64encode(value).decode() == text else b""


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _prehash(message: bytes) -> bytes:
    return hashlib.blake2b(message).digest()


def _scrypt(passphrase: str, salt: bytes, opslimit: int, memlimit: int) -> bytes:
    """Return the 104 bytes that hide the second half of a secret key, with libsodium's choice of N and p (r = 8)."""
    opslimit = max(opslimit, 32_768)
    if opslimit < memlimit // 32:
        n_log2, p = _n_log2(opslimit // 32), 1
    else:
        n_log2 = _n_log2(memlimit // 1024)
        p = opslimit // 4 // (1 << n_log2) // 8
    memory = 128 * 8 * ((1 << n_log2) + p + 2)
    if opslimit > OPSLIMIT or memlimit > MEMLIMIT or memory > MEMLIMIT + 65_536:
        raise KeyParamsError("The key file asks for a cost outside the bounds.")
    try:
        password = unicodedata.normalize("NFC", passphrase).encode()
    except UnicodeEncodeError:
        raise KeyOpenError("The passphrase is not text.") from None
    return hashlib.scrypt(password, salt=salt, n=1 << n_log2, r=8, p=p, maxmem=memory + 65_536, dklen=104)


def _n_log2(bound: int) -> int:
    """Return the least n >= 1 with 2^n > bound / 2."""
    return max(1, (bound // 2).bit_length())


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A signing key.

    Attributes:
        number: The key number (8 random bytes), only a name.
        seed: The Ed25519 private key (32 bytes); never shown by `repr`.
    """

    number: bytes
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> SecretKey:
        """Make a fresh key."""
        return cls(secrets.token_bytes(8), Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str, passphrase: str | None) -> SecretKey:
        """Read a secret key file, ours or minisign's. Without a passphrase only one that is not encrypted opens.

        Raises:
            KeyParamsError: it is not a secret key file, or asks for more memory or work than minisign's own.
            KeyOpenError: the passphrase is wrong, or missing.
            KeyMismatchError: the public key inside is not that of the seed.
        """
        lines = text.split("\n")
        packed = _unbase64(lines[1]) if len(lines) == 3 and not lines[2] and _COMMENT_LINE.fullmatch(lines[0]) else b""
        if len(packed) != _SECRET.size:
            raise KeyParamsError("This is not a minisign secret key.")
        algorithm, kdf, checksum, salt, opslimit, memlimit, inner = _SECRET.unpack(packed)
        if algorithm != b"Ed" or checksum != b"B2" or kdf not in (b"Sc", b"\0\0"):
            raise KeyParamsError("The secret key is of a kind that is not known here.")
        if kdf == b"Sc":
            if passphrase is None:
                raise KeyOpenError("The signing key needs its passphrase.")
            inner = _xor(inner, _scrypt(passphrase, salt, opslimit, memlimit))
        key = cls(inner[:8], inner[8:40])
        if kdf == b"Sc" and not hmac.compare_digest(inner[72:], _checksum(inner[:72])):
            raise KeyOpenError("The passphrase does not open the signing key.")
        if key._public() != inner[40:72]:
            raise KeyMismatchError("The public key in the file is not that of the secret key.")
        return key

    def to_text(self, passphrase: str | None, *, opslimit: int = OPSLIMIT, memlimit: int = MEMLIMIT) -> str:
        """Return a secret key file that stock `minisign -S` reads; encrypted unless `passphrase` is None.

        The limits are libsodium's; with the defaults scrypt takes 1 GiB and a few seconds.

        Raises:
            KeyParamsError: the limits are out of bounds.
            KeyOpenError: the passphrase holds half a surrogate pair.
        """
        inner = self.number + self.seed + self._public()
        if passphrase is None:
            packed = _SECRET.pack(b"Ed", b"\0\0", b"B2", bytes(32), 0, 0, inner + bytes(32))
        else:
            salt = secrets.token_bytes(32)
            hidden = _xor(inner + _checksum(inner), _scrypt(passphrase, salt, opslimit, memlimit))
            packed = _SECRET.pack(b"Ed", b"Sc", b"B2", salt, opslimit, memlimit, hidden)
        return f"{_KEY_COMMENT}\n{_base64(packed)}\n"

    def _public(self) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    @property
    def public_key(self) -> str:
        """The public key as one base64 line: call.json's `signing_key`, and what `minisign -P` takes."""
        return _base64(b"Ed" + self.number + self._public())

    def public_text(self) -> str:
        """Return the public key as a file, what `minisign -p` takes."""
        number = int.from_bytes(self.number, "little")
        return f"untrusted comment: minisign public key {number:X}\n{self.public_key}\n"

    def sign(self, message: bytes, *, trusted_comment: str = "saksei/v1") -> str:
        """Return the signature file of `message`. The trusted comment is signed too; by default it tells no time and no name.

        Raises:
            ValueError: the comment does not fit on one line of a signature file.
        """
        if _NOT_IN_COMMENT.search(trusted_comment) or len(trusted_comment.encode()) + len(_TRUSTED) + 2 > _LINE_MAX:
            raise ValueError("The comment does not fit on a line of the signature.")
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        signature = key.sign(_prehash(message))
        over_both = key.sign(signature + trusted_comment.encode())
        first = _base64(b"ED" + self.number + signature)
        return f"{UNTRUSTED_COMMENT}\n{first}\n{_TRUSTED}{trusted_comment}\n{_base64(over_both)}\n"


def _checksum(inner: bytes) -> bytes:
    return hashlib.blake2b(b"Ed" + inner, digest_size=32).digest()


def parse_public_key(public_key: str) -> tuple[bytes, Ed25519PublicKey]:
    """Return key number and key of a base64 line.

    Raises:
        KeyParamsError: it is not a minisign public key.
    """
    packed = _unbase64(public_key)
    if len(packed) != 42 or packed[:2] != b"Ed":
        raise KeyParamsError("This is not a minisign public key.")
    return packed[2:10], Ed25519PublicKey.from_public_bytes(packed[10:])


def verify(message: bytes, signature: str | bytes, public_key: str) -> str:
    """Verify a signature file over `message` and return its trusted comment.

    Raises:
        SignatureError: it is by another key, wrong, not prehashed, or its first line is not ours.
        KeyParamsError: `public_key` is not a minisign public key.
    """
    number, key = parse_public_key(public_key)
    first, comment, over_both = _signature_file(signature)
    if first[:2] != b"ED" or first[2:10] != number:
        raise SignatureError("The signature is by another key, or not of the kind that is used here.")
    try:
        key.verify(first[10:], _prehash(message))
        key.verify(over_both, first[10:] + comment.encode())
    except InvalidSignature:
        raise SignatureError("The signature is wrong.") from None
    return comment


def _signature_file(signature: str | bytes) -> tuple[bytes, str, bytes]:
    """Return packed signature (74 bytes), trusted comment and global signature (64 bytes)."""
    try:
        text = signature.decode() if isinstance(signature, bytes) else signature
    except UnicodeDecodeError:
        raise SignatureError("The signature is not UTF-8.") from None
    lines = text.split("\n")
    if len(lines) != 5 or lines[0] != UNTRUSTED_COMMENT or lines[4] or not lines[2].startswith(_TRUSTED):
        raise SignatureError("This is not a signature file as it is used here.")
    first, over_both, comment = _unbase64(lines[1]), _unbase64(lines[3]), lines[2].removeprefix(_TRUSTED)
    if len(first) != 74 or len(over_both) != 64 or _NOT_IN_COMMENT.search(comment):
        raise SignatureError("This is not a signature file as it is used here.")
    return first, comment, over_both
