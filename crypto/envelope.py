"""The sealed report as bytes: the syntax of age v1 headers, the sizes, the key schedule (C2SP age; format.md section 3).

Nothing here decrypts. `parse_header` reads any age v1 header; `profile_header` asks on top for what a sealed report must be.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hmac
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.container import MIN_K
from crypto.errors import HeaderError, PrefixError, SizeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VERSION_LINE: Final = b"age-encryption.org/v1\n"
STANZA_TYPE: Final = b"mlkem768x25519"
PREFIX: Final = VERSION_LINE + b"-> " + STANZA_TYPE + b" "
"""How every sealed report begins."""

FILE_KEY_SIZE: Final = 16
ENC_SIZE: Final = 1120  # ML-KEM-768 ciphertext (1088) and X25519 share (32)
WRAPPED_SIZE: Final = FILE_KEY_SIZE + 16
NONCE_SIZE: Final = 16
TAG_SIZE: Final = 16
CHUNK_SIZE: Final = 1 << 16
"""Plaintext bytes in every chunk of the payload but the last."""

SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
WRAP_INFO: Final = b"age-encryption.org/mlkem768x25519"
"""HPKE of a stanza: this suite under this info; `enc` stands as the stanza's argument, the rest is its body."""

_COLUMNS: Final = 64
_KEY_SIZE: Final = 32
_STANZA_MARK: Final = b"-> "
_MAC_MARK: Final = b"--- "
_MAC_SIZE: Final = 32
_PRINTABLE: Final = bytes(range(0x20, 0x7F))
_FIXED_SIZE: Final = 86  # version line, MAC line and nonce
_STANZA_SIZE: Final = 1557  # argument line of 1,513 bytes and body line of 44


@dataclass(frozen=True, slots=True)
class Stanza:
    """One recipient stanza: its arguments, the first of which is the type, and its decoded body."""

    arguments: tuple[bytes, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """A parsed age header. The MAC covers `authenticated`, everything up to and with `---`; the nonce begins at offset `size`."""

    stanzas: tuple[Stanza, ...]
    authenticated: bytes
    mac: bytes
    size: int


def sealed_size(recipients: int, padded: int) -> int:
    """Return the size in bytes of the envelope of a container of `padded` bytes for so many recipients (format.md section 3)."""
    return _FIXED_SIZE + _STANZA_SIZE * recipients + padded + TAG_SIZE * padded // CHUNK_SIZE


@cache
def sealed_sizes(recipients: int, max_k: int) -> frozenset[int]:
    """Return every size in bytes that an envelope for a call may have: one for each k in 16..max_k."""
    return frozenset(sealed_size(recipients, 1 << k) for k in range(MIN_K, max_k + 1))


def check_envelope(envelope: bytes, *, recipients: int, max_k: int) -> None:
    """Require what anybody without a key can see of a sealed report, in the order of format.md section 5.

    Raises SizeError, PrefixError, or HeaderError when the header is not exactly one stanza for each of `recipients`.
    """
    profile_header(envelope, recipients=recipients, max_k=max_k)


def profile_header(envelope: bytes, *, recipients: int, max_k: int) -> Header:
    """Return the header of a sealed report after the checks of `check_envelope`; raises what it raises."""
    if len(envelope) not in sealed_sizes(recipients, max_k):
        raise SizeError("A sealed report of this call has another size.")
    if not envelope.startswith(PREFIX):
        raise PrefixError("This is not a sealed report: it begins otherwise.")
    header = parse_header(envelope)
    if len(header.stanzas) != recipients:
        raise HeaderError("A sealed report has one stanza for each recipient of its call.")
    for stanza in header.stanzas:
        if stanza.arguments[0] != STANZA_TYPE:
            raise HeaderError("A sealed report has post-quantum stanzas only.")
        stanza_ciphertext(stanza)
    return header


@lru_cache(maxsize=8)  # whoever opens a report asks twice for each stanza: the profile and the key
def stanza_ciphertext(stanza: Stanza) -> bytes:
    """Return enc and sealed file key of an mlkem768x25519 stanza, as HPKE takes them. Raises HeaderError for other lengths."""
    if len(stanza.arguments) != 2:
        raise HeaderError("A post-quantum stanza has one argument.")
    enc = decode_base64(stanza.arguments[1])
    if len(enc) != ENC_SIZE or len(stanza.body) != WRAPPED_SIZE:
        raise HeaderError("A post-quantum stanza has an enc of 1120 bytes and a body of 32.")
    return enc + stanza.body


def parse_header(data: bytes) -> Header:
    """Return the header at the beginning of `data`, any binary age v1 file. Raises HeaderError."""
    if not data.startswith(VERSION_LINE):
        raise HeaderError("This is not an age v1 file.")
    stanzas = []
    at = len(VERSION_LINE)
    line, after = _line(data, at)
    while line.startswith(_STANZA_MARK):
        arguments = _arguments(line)
        body, at = _body(data, after)
        stanzas.append(Stanza(arguments, body))
        line, after = _line(data, at)
    if not line.startswith(_MAC_MARK) or not stanzas:
        raise HeaderError("The header has a line that is neither a stanza nor its end, or no stanza at all.")
    mac = decode_base64(line[len(_MAC_MARK) :])
    if len(mac) != _MAC_SIZE:
        raise HeaderError("The code that ends the header has 32 bytes.")
    return Header(tuple(stanzas), data[: at + len(b"---")], mac, after)


def write_header(stanzas: Sequence[Stanza], file_key: bytes | bytearray) -> bytes:
    """Return the bytes of a header with these stanzas, authenticated under `file_key`."""
    lines = [VERSION_LINE]
    for stanza in stanzas:
        lines += (b"-> ", b" ".join(stanza.arguments), b"\n")
        body = encode_base64(stanza.body)
        # A body ends with a short line, even an empty one.
        lines += (body[start : start + _COLUMNS] + b"\n" for start in range(0, len(body) + 1, _COLUMNS))
    authenticated = b"".join((*lines, b"---"))
    code = header_code(file_key, authenticated).finalize()
    return b"".join((authenticated, b" ", encode_base64(code), b"\n"))


def header_code(file_key: bytes | bytearray, authenticated: bytes) -> hmac.HMAC:
    """Return the MAC of a header under `file_key`, ready to `finalize` or, in constant time, to `verify`."""
    key = _derived(file_key, None, b"header")
    code = hmac.HMAC(key, SHA256())
    key[:] = bytes(_KEY_SIZE)
    code.update(authenticated)
    return code


def payload_key(file_key: bytes | bytearray, nonce: bytes) -> bytearray:
    """Return the 32-byte ChaCha20-Poly1305 key of the payload that begins with `nonce`. The caller wipes it."""
    return _derived(file_key, nonce, b"payload")


def payload_cipher(file_key: bytes | bytearray, nonce: bytes) -> ChaCha20Poly1305:
    """Return the cipher of the payload that begins with `nonce`, under a key of which no copy is left here."""
    key = payload_key(file_key, nonce)
    cipher = ChaCha20Poly1305(key)
    key[:] = bytes(_KEY_SIZE)
    return cipher


def chunk_nonces(chunks: int) -> Iterator[bytes]:
    """Give the nonces of a payload of `chunks` chunks: 11 bytes of counter, big-endian, and one that marks the last."""
    for counter in range(chunks):
        yield (counter << 8 | (counter == chunks - 1)).to_bytes(12, "big")


def encode_base64(content: bytes) -> bytes:
    """Return the base64 of `content` as age writes it: the standard alphabet without padding."""
    return binascii.b2a_base64(content, newline=False).rstrip(b"=")


def decode_base64(text: bytes) -> bytes:
    """Return what `text` encodes, when it is the one spelling that `encode_base64` gives. Raises HeaderError."""
    try:
        content = binascii.a2b_base64(text + b"=" * (-len(text) % 4), strict_mode=True)  # which is faster, and refuses nothing good
    except binascii.Error:
        content = b""
    if encode_base64(content) != text:
        raise HeaderError("The header holds base64 that is not canonical.")
    return content


def _derived(file_key: bytes | bytearray, salt: bytes | None, info: bytes) -> bytearray:
    key = bytearray(_KEY_SIZE)
    HKDF(SHA256(), _KEY_SIZE, salt, info).derive_into(file_key, key)
    return key


def _line(data: bytes, start: int) -> tuple[bytes, int]:
    """Return the line at `start` without its end, and the offset after it."""
    end = data.find(b"\n", start)
    if end < 0:
        raise HeaderError("The header is cut off.")
    return data[start:end], end + 1


def _arguments(line: bytes) -> tuple[bytes, ...]:
    """Return what stands in the first line of a stanza, words of visible ASCII with one space before each."""
    arguments = tuple(line[len(_STANZA_MARK) :].split(b" "))
    if b"" in arguments or line.translate(None, _PRINTABLE):
        raise HeaderError("A stanza begins with a line of other characters than age has there.")
    return arguments


def _body(data: bytes, start: int) -> tuple[bytes, int]:
    """Return the decoded body of a stanza, lines of 64 characters and a shorter last one, and the offset after it."""
    lines = []
    at = start
    while True:
        line, at = _line(data, at)
        lines.append(line)
        if len(line) != _COLUMNS:
            break
    if len(line) > _COLUMNS:
        raise HeaderError("A stanza's body has a line of more than 64 characters.")
    return decode_base64(b"".join(lines)), at
