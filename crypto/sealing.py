"""Sealing: a container becomes an age v1 file that any one of the call's recipients opens (format.md section 3)."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Final

from crypto import envelope
from crypto.envelope import CHUNK_SIZE, TAG_SIZE, Stanza

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    from crypto.recipients import Recipient

MAX_RECIPIENTS: Final = 5


def seal(container: bytes, recipients: Sequence[Recipient]) -> bytes:
    """Return `container` sealed under a fresh random file key, with a stanza for each recipient in the order given.

    The result is an age v1 file whatever the container; of a container of format.md section 2 it has `sealed_size` bytes.
    Raises ValueError unless there are 1 to 5 recipients.
    """
    if not 1 <= len(recipients) <= MAX_RECIPIENTS:
        raise ValueError("A report is sealed to 1 to 5 recipients.")
    file_key = bytearray(os.urandom(envelope.FILE_KEY_SIZE))
    try:
        header = envelope.write_header([_wrap(file_key, recipient) for recipient in recipients], file_key)
        nonce = os.urandom(envelope.NONCE_SIZE)
        cipher = envelope.payload_cipher(file_key, nonce)
    finally:
        file_key[:] = bytes(len(file_key))
    return _encrypt(cipher, container, header + nonce)


def _wrap(file_key: bytearray, recipient: Recipient) -> Stanza:
    sealed = envelope.SUITE.encrypt(file_key, recipient.key, envelope.WRAP_INFO)
    enc, body = sealed[: envelope.ENC_SIZE], sealed[envelope.ENC_SIZE :]
    return Stanza((envelope.STANZA_TYPE, envelope.encode_base64(enc)), body)


def _encrypt(cipher: ChaCha20Poly1305, container: bytes, head: bytes) -> bytes:
    """Return `head` and the payload: chunks encrypted in place into the one buffer that is returned, so that no second copy is made."""
    chunks = max(1, -(-len(container) // CHUNK_SIZE))
    size = len(head) + len(container) + TAG_SIZE * chunks
    sealed = io.BytesIO()  # its getvalue hands over the buffer itself
    sealed.write(head)
    sealed.seek(size - 1)
    sealed.write(b"\0")
    at = len(head)
    with memoryview(container) as plain, sealed.getbuffer() as out:
        for number, nonce in enumerate(envelope.chunk_nonces(chunks)):
            chunk = plain[number * CHUNK_SIZE : (number + 1) * CHUNK_SIZE]
            end = at + len(chunk) + TAG_SIZE
            cipher.encrypt_into(nonce, chunk, None, out[at:end])
            at = end
    return sealed.getvalue()
