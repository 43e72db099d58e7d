"""Signed notes of the log key: checkpoints, promises, the manifest of a bundle (format.md sections 5, 7, 10).

Formats of C2SP: signed-note, tlog-checkpoint, and the key lines of Go's `note` package. Only Ed25519 (signature type 0x01).
A note is text that ends in LF, an empty line, and signature lines `— <key name> <base64(key id || signature)>`. The key id is
SHA-256(name LF 0x01 public key)[:4].
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crypto.errors import KeyMismatchError, KeyParamsError, SignatureError
from crypto.merkle import HASH_SIZE

_ED25519 = b"\x01"
_PRIVATE = "PRIVATE+KEY+"
_DASH = "— "
_MAX_SIGNATURES = 100
_KEY_ID = re.compile(r"[0-9a-f]{8}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NOT_IN_NAME = re.compile("[\x00-\x1f+\ud800-\udfff]")  # half a surrogate pair has no UTF-8
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}")
_MOST = 2**53 - 1  # every reader keeps so much exactly


def _name_is_good(name: str) -> bool:
    return bool(name) and not _NOT_IN_NAME.search(name) and not any(char.isspace() for char in name)


def _unbase64(text: str) -> bytes | None:
    """Return the bytes of `text`, None unless it is the one canonical encoding of them."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def _key_line(line: str) -> tuple[str, bytes, bytes]:
    """Split `name+id+base64` and return name, id and the 32 bytes after the signature type."""
    parts = line.split("+", 2)
    key = _unbase64(parts[2]) if len(parts) == 3 else None
    if key is None or len(key) != 33 or key[:1] != _ED25519 or not _name_is_good(parts[0]) or not _KEY_ID.fullmatch(parts[1]):
        raise KeyParamsError("The key is not a line `name+id+base64` of an Ed25519 key.")
    return parts[0], bytes.fromhex(parts[1]), key[1:]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a log key; `str()` gives its line `name+id+base64` (call.json's `log_vkey`).

    Attributes:
        name: The name in its signature lines; ours is the origin of the log.
        public: The Ed25519 public key (32 bytes).
    """

    name: str
    public: bytes

    @classmethod
    def parse(cls, line: str) -> VerifierKey:
        """Read a verifier key line.

        Raises:
            KeyParamsError: it is not one of an Ed25519 key.
            KeyMismatchError: the id in it belongs to another key.
        """
        name, key_id, public = _key_line(line)
        key = cls(name, public)
        if key.key_id != key_id:
            raise KeyMismatchError("The id in the key line does not belong to the key.")
        return key

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before each signature of this key."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """Return the key's line."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    def open(self, note: bytes, *, alone: bool = False) -> bytes:
        """Return the text of a note that this key signed, its last LF included.

        Signatures of other keys are ignored, as C2SP demands; with `alone` any second signature line is refused, so that a text has
        exactly one note by this key.

        Raises:
            SignatureError: this key did not sign it, one of its signatures is wrong, or it is not a note.
        """
        text, lines = _split(note)
        if alone and len(lines) != 1:
            raise SignatureError("The note has more signatures than the one it needs.")
        signatures = [signature for name, key_id, signature in lines if (name, key_id) == (self.name, self.key_id)]
        if not signatures:
            raise SignatureError("The note is not signed by the key that was asked for.")
        key = Ed25519PublicKey.from_public_bytes(self.public)
        for signature in signatures:
            try:
                key.verify(signature, text)
            except InvalidSignature:
                raise SignatureError("The signature of the note is wrong.") from None
        return text


def _split(note: bytes) -> tuple[bytes, list[tuple[str, bytes, bytes]]]:
    """Return the text of a note and (name, key id, signature) of its lines; nothing is verified yet."""
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise SignatureError("The note is not UTF-8.") from None
    text, gap, tail = whole.rpartition("\n\n")
    if not gap or not tail.endswith("\n") or _CONTROL.search(whole):
        raise SignatureError("This is not a signed note.")
    lines = tail[:-1].split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise SignatureError("The note has too many signatures.")
    return (text + "\n").encode(), [_signature_line(line) for line in lines]


def _signature_line(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    signature = _unbase64(encoded)
    if not line.startswith(_DASH) or not space or not _name_is_good(name) or signature is None or len(signature) < 5:
        raise SignatureError("A signature line of the note is not well formed.")
    return name, signature[:4], signature[4:]


@dataclass(frozen=True, slots=True)
class SignerKey:
    """The private half of a log key: one a call, kept only by the server.

    Attributes:
        name: The name in its signature lines; ours is the origin of the log.
        seed: The Ed25519 private key (32 bytes); never shown by `repr`.

    The key is derived from the seed once: that costs more than a signature. Raises ValueError for a seed of another length.
    """

    name: str
    seed: bytes = field(repr=False)
    _private: Ed25519PrivateKey = field(init=False, repr=False, compare=False)
    _before: str = field(init=False, repr=False, compare=False)
    _key_id: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive what every signature needs."""
        object.__setattr__(self, "_private", Ed25519PrivateKey.from_private_bytes(self.seed))
        object.__setattr__(self, "_before", f"{_DASH}{self.name} ")
        object.__setattr__(self, "_key_id", self.vkey.key_id)

    @classmethod
    def generate(cls, name: str) -> SignerKey:
        """Make a fresh key.

        Raises:
            KeyParamsError: the name is empty or holds white space, `+`, a control character or half a surrogate pair.
        """
        if not _name_is_good(name):
            raise KeyParamsError("A key cannot have this name.")
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, line: str) -> SignerKey:
        """Read a line `PRIVATE+KEY+name+id+base64`; one LF at its end is allowed, as a file has it.

        Raises:
            KeyParamsError: it is not one of an Ed25519 key.
            KeyMismatchError: the id in it belongs to another key.
        """
        if not line.startswith(_PRIVATE):
            raise KeyParamsError("This is not the line of a private key.")
        name, key_id, seed = _key_line(line.removeprefix(_PRIVATE).removesuffix("\n"))
        key = cls(name, seed)
        if key.vkey.key_id != key_id:
            raise KeyMismatchError("The id in the key line does not belong to the key.")
        return key

    def line(self) -> str:
        """Return `PRIVATE+KEY+name+id+base64`, without a line end."""
        return f"{_PRIVATE}{self.name}+{self._key_id.hex()}+{base64.b64encode(_ED25519 + self.seed).decode()}"

    @property
    def vkey(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self._private.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        """Return the note of `text` with one signature by this key. Ed25519: the same text gives the same note.

        Raises:
            ValueError: a note cannot have this text (not UTF-8, control characters, no LF at the end).
        """
        if not text.endswith(b"\n") or _CONTROL.search(text.decode()):
            raise ValueError("A note cannot have this text.")
        line = f"{self._before}{base64.b64encode(self._key_id + self._private.sign(text)).decode()}\n"
        return text + b"\n" + line.encode()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself at one size (C2SP tlog-checkpoint without extension lines, format.md section 7).

    Attributes:
        origin: `<host>/<call id>`.
        size: The number of entries.
        root: Their RFC 6962 root (32 bytes).
    """

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """Return the text to sign."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


@dataclass(frozen=True, slots=True)
class Promise:
    """What the server answers to an accepted report or withdrawal (format.md sections 5 and 7).

    Attributes:
        origin: `<host>/<call id>`.
        leaf_hash: Hash of the entry that will be in the log (32 bytes).
        publish_by: Unix seconds by which a checkpoint covers it.
    """

    origin: str
    leaf_hash: bytes
    publish_by: int

    def text(self) -> bytes:
        """Return the text to sign."""
        return f"{self.origin}/promise\n{base64.b64encode(self.leaf_hash).decode()}\n{self.publish_by}\n".encode()


def parse_checkpoint(note: bytes, vkey: VerifierKey, origin: str) -> Checkpoint:
    """Verify and read a checkpoint.

    Raises:
        SignatureError: the key did not sign it, it is of another log, or it is not a checkpoint as section 7 has it.
    """
    lines = _lines(note, vkey, first=origin)
    size, root = _number(lines[1]), _unbase64(lines[2])
    if size is None or root is None or len(root) != HASH_SIZE:
        raise SignatureError("The note is not a checkpoint.")
    return Checkpoint(origin, size, root)


def parse_promise(note: bytes, vkey: VerifierKey, origin: str) -> Promise:
    """Verify and read a promise.

    Raises:
        SignatureError: the key did not sign it, it is of another log, or it is not a promise as section 7 has it.
    """
    lines = _lines(note, vkey, first=f"{origin}/promise")
    leaf, publish_by = _unbase64(lines[1]), _number(lines[2])
    if publish_by is None or leaf is None or len(leaf) != HASH_SIZE:
        raise SignatureError("The note is not a promise.")
    return Promise(origin, leaf, publish_by)


def _lines(note: bytes, vkey: VerifierKey, *, first: str) -> list[str]:
    """Return the three lines of a note whose first is `first`."""
    lines = vkey.open(note).decode().split("\n")
    if len(lines) != 4 or lines[0] != first:
        raise SignatureError("The note is not one of this log, or not of this kind.")
    return lines


def _number(text: str) -> int | None:
    number = int(text) if _NUMBER.fullmatch(text) else -1
    return number if 0 <= number <= _MOST else None
