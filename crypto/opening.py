"""Opening: identities, any age v1 file, and on top of it the profile of a sealed report (format.md section 3).

The server never imports this module. Nothing is handed out before the last chunk has verified.
"""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, Self

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from crypto.container import unpack
from crypto.envelope import (
    CHUNK_SIZE,
    ENC_SIZE,
    NONCE_SIZE,
    STANZA_TYPE,
    SUITE,
    TAG_SIZE,
    WRAP_INFO,
    Header,
    Stanza,
    chunk_nonces,
    header_code,
    parse_header,
    payload_cipher,
    profile_header,
    stanza_ciphertext,
)
from crypto.errors import HeaderError, KeyParamsError, MacError, NoMatchError, PayloadError
from crypto.recipients import Recipient, bech32_decode, bech32_encode
from crypto.report import Report, check_report, parse_report

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

SEED_SIZE: Final = 32
IDENTITY_PREFIX: Final = "age-secret-key-pq-"

_SEALED_CHUNK: Final = CHUNK_SIZE + TAG_SIZE


class IdentityLike(Protocol):
    """What can unwrap the file key of an age file."""

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the 16-byte file key, or None when no stanza is for this identity. Raises HeaderError for a malformed one of its type."""


class Identity:
    """The private half of a call's key: a 32-byte X-Wing seed and what SHAKE-256 makes of it (format.md section 1).

    A context manager that wipes the seed when it ends. `seed` is this identity's own copy.
    """

    def __init__(self, seed: bytes | bytearray) -> None:
        """Expand a 32-byte seed. Raises KeyParamsError for another length."""
        if len(seed) != SEED_SIZE:
            raise KeyParamsError("The seed of a key has 32 bytes.")
        self.seed = bytearray(seed)
        expanded = hashlib.shake_256(seed).digest(96)
        mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
        self._keys: tuple[MLKEM768X25519PrivateKey, X25519PrivateKey] | None = (MLKEM768X25519PrivateKey(mlkem, x25519), x25519)
        self.recipient = Recipient(mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> Identity:
        """Draw a fresh key from the operating system."""
        return cls(os.urandom(SEED_SIZE))

    @classmethod
    def from_seed(cls, seed: bytes | bytearray) -> Identity:
        """Expand a 32-byte seed, which stays the caller's to wipe. Raises KeyParamsError for another length."""
        return cls(seed)

    @classmethod
    def parse(cls, text: str) -> Identity:
        """Read `AGE-SECRET-KEY-PQ-1…`, exactly as `text` writes it. Raises KeyParamsError."""
        if not text.isascii():  # the Kelvin sign lowers to k: a second spelling
            raise KeyParamsError("This is not a post-quantum identity of age.")
        prefix, seed = bech32_decode(text.lower())
        if prefix != IDENTITY_PREFIX or not text.isupper():
            raise KeyParamsError("This is not a post-quantum identity of age.")
        return cls(seed)

    def text(self) -> str:
        """Return the identity as age reads it. Raises ValueError after `wipe`."""
        self._private_keys()
        return bech32_encode(IDENTITY_PREFIX, self.seed).upper()

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key of the first mlkem768x25519 stanza that this key opens, or None.

        Raises HeaderError for one that is malformed or whose X25519 share is of low order, ValueError after `wipe`.
        """
        hybrid, x25519 = self._private_keys()
        for stanza in stanzas:
            if stanza.arguments[0] != STANZA_TYPE:
                continue
            sealed = stanza_ciphertext(stanza)
            try:
                return SUITE.decrypt(sealed, hybrid, WRAP_INFO)
            except InvalidTag:
                # HPKE says the same of both: only now, off the usual way, ask which it was.
                _refuse_low_order(x25519, sealed[ENC_SIZE - 32 : ENC_SIZE])
        return None

    def wipe(self) -> None:
        """Overwrite the seed and let the expanded keys go; nothing can be opened with this object afterwards."""
        self.seed[:] = bytes(len(self.seed))
        self._keys = None

    def __enter__(self) -> Self:
        """Return this identity; it is wiped at the end of the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Wipe."""
        self.wipe()

    def _private_keys(self) -> tuple[MLKEM768X25519PrivateKey, X25519PrivateKey]:
        if self._keys is None:
            raise ValueError("This identity was wiped.")
        return self._keys


@dataclass(frozen=True, slots=True, repr=False)
class OpenedReport:
    """A report that verified whole. `files` are read-only views, in member order; they and the report are gone after `wipe`."""

    report: Report
    report_bytes: bytes
    files: tuple[memoryview, ...]
    _plaintext: bytearray = field(compare=False)

    def wipe(self) -> None:
        """Overwrite the container that `files` show. (The report itself is Python objects, which cannot be overwritten.)"""
        self._plaintext[:] = bytes(len(self._plaintext))


def open_age(data: bytes, identities: Sequence[IdentityLike]) -> bytes:
    """Return the plaintext of any binary age v1 file that one of the identities opens.

    Raises HeaderError, NoMatchError, MacError or PayloadError; nothing is returned unless the whole file verified.
    """
    header = parse_header(data)
    stream = _unlock(data, header, _file_key(header.stanzas, identities))
    plain = io.BytesIO()  # its getvalue hands over the buffer itself: no second copy is made
    if stream.size > 0:
        plain.seek(stream.size - 1)
        plain.write(b"\0")
    with plain.getbuffer() as out:
        stream.decrypt_into(out)
    return plain.getvalue()


def open_report(  # noqa: PLR0913 (each is a fact of the call or the log that the report must agree with)
    envelope: bytes,
    identity: IdentityLike,
    *,
    recipients: int,
    max_k: int,
    call: str,
    call_sha256: str,
    handle: bytes,
    place: int | None = None,
) -> OpenedReport:
    """Open, unpack, parse and check one sealed report of a call; `handle` is the one that the log gives its digest.

    `place` is where the identity's recipient stands among the recipients of call.json, from 0: there its stanza must stand (F3.6). Without
    it a stanza is looked for, and its place is not judged.

    Raises any SealedError or ContentError but TooLargeError: what `profile_header`, `open_age`, `unpack`, `parse_report` and
    `check_report` raise, in this order (format.md sections 2 and 3).
    """
    header = profile_header(envelope, recipients=recipients, max_k=max_k)
    file_key = _file_key(header.stanzas, [identity]) if place is None else _file_key_at(place, header.stanzas, identity)
    stream = _unlock(envelope, header, file_key)
    plaintext = bytearray(stream.size)
    with memoryview(plaintext) as out:
        stream.decrypt_into(out)
    unpacked = unpack(plaintext, max_k=max_k)
    report = parse_report(unpacked.report)
    check_report(report, unpacked.files, call=call, call_sha256=call_sha256, handle=handle)
    return OpenedReport(report, unpacked.report, unpacked.files, plaintext)


@dataclass(frozen=True, slots=True)
class _Stream:
    """The payload of an age file: ChaCha20-Poly1305 in chunks of 64 KiB, the last one marked (C2SP age, STREAM)."""

    cipher: ChaCha20Poly1305
    sealed: memoryview

    @property
    def chunks(self) -> int:
        return -(-len(self.sealed) // _SEALED_CHUNK)

    @property
    def size(self) -> int:
        """Plaintext bytes. Raises PayloadError for a length that no payload has."""
        chunks = self.chunks
        last = len(self.sealed) - (chunks - 1) * _SEALED_CHUNK
        if chunks == 0 or last < TAG_SIZE or (last == TAG_SIZE and chunks > 1):
            raise PayloadError("The payload has a length that no payload has.")
        return len(self.sealed) - chunks * TAG_SIZE

    def decrypt_into(self, out: memoryview) -> None:
        """Fill `out`, of `size` bytes, with the plaintext; overwrite it again and raise PayloadError when a chunk does not verify."""
        try:
            for number, nonce in enumerate(chunk_nonces(self.chunks)):
                chunk = self.sealed[number * _SEALED_CHUNK : (number + 1) * _SEALED_CHUNK]
                self.cipher.decrypt_into(nonce, chunk, None, out[number * CHUNK_SIZE : (number + 1) * CHUNK_SIZE])
        except InvalidTag:
            out[:] = bytes(len(out))
            raise PayloadError("The payload was changed or is not whole.") from None


def _unlock(data: bytes, header: Header, file_key: bytes) -> _Stream:
    """Verify the header under its file key, and return the payload ready to decrypt."""
    try:
        header_code(file_key, header.authenticated).verify(header.mac)
    except InvalidSignature:
        raise MacError("The header was changed after it was sealed.") from None
    begin = header.size + NONCE_SIZE
    if len(data) < begin:
        raise HeaderError("The file ends before its payload begins.")
    return _Stream(payload_cipher(file_key, data[header.size : begin]), memoryview(data)[begin:])


def _file_key(stanzas: Sequence[Stanza], identities: Sequence[IdentityLike]) -> bytes:
    if len(stanzas) > 1 and any(stanza.arguments[0] == b"scrypt" for stanza in stanzas):
        raise HeaderError("A stanza for a passphrase must stand alone.")
    for identity in identities:
        file_key = identity.unwrap(stanzas)
        if file_key is not None:
            return file_key
    raise NoMatchError("None of the keys given opens this file.")


def _file_key_at(place: int, stanzas: Sequence[Stanza], identity: IdentityLike) -> bytes:
    file_key = identity.unwrap(stanzas[place : place + 1])
    if file_key is not None:
        return file_key
    _file_key(stanzas, [identity])
    raise HeaderError("The stanza for this key does not stand at the place of its recipient.")


def _refuse_low_order(x25519: X25519PrivateKey, share: bytes) -> None:
    try:
        x25519.exchange(X25519PublicKey.from_public_bytes(share))
    except ValueError:
        raise HeaderError("A stanza has an X25519 share of low order.") from None
