"""Tokens of RFC 3161 authorities over the bytes of a checkpoint (format.md sections 7 and 10).

A token says: these bytes existed at this time. It is trusted only when its chain ends in the certificate that call.json gives for the
authority. This module is the one place that needs `rfc3161_client`; readers of bundles import it only for calls that name authorities.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerificationError, VerifierBuilder, decode_timestamp_response

from crypto.errors import SignatureError

if TYPE_CHECKING:
    from collections.abc import Iterable

TOKEN_LIMIT: Final = 1 << 16
"""A token is a signature and a few certificates; more bytes than these are none."""

_HASHES: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


def load_certificate(certificate: str) -> x509.Certificate:
    """Return the X.509 certificate of an authority, given as PEM or as base64 of its DER bytes.

    Raises:
        SignatureError: it is neither.
    """
    try:
        if "BEGIN" in certificate:
            return x509.load_pem_x509_certificate(certificate.encode())
        return x509.load_der_x509_certificate(base64.b64decode(certificate, validate=True))
    except (ValueError, binascii.Error):
        raise SignatureError("The certificate of a timestamp authority cannot be read.") from None


def require_root(certificate: str) -> None:
    """Require what a chain can end in: a certificate that its own holder signed, of an authority that issues certificates.

    Raises:
        SignatureError: it cannot be read, or is a signer's own or one in between: no token would ever verify under it.
    """
    root = load_certificate(certificate)
    try:
        root.verify_directly_issued_by(root)
        issues = root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        issues = False
    if not issues:
        raise SignatureError("The certificate of a timestamp authority is not a root: take the one that its chain ends in.")


def token_time(token: bytes, message: bytes, certificate: str) -> float:
    """Return the time (unix seconds) at which the authority saw `message`.

    `token` is a whole RFC 3161 response (`.tsr`), `certificate` the self-signed one that the chain of its signer must end in. The chain
    is judged at the time of the token, so it stays good after certificates expire.

    Raises:
        SignatureError: the token is not by that authority, not over these bytes, or not one at all.
    """
    root = load_certificate(certificate)
    try:
        response = decode_timestamp_response(token)
        VerifierBuilder(roots=[root]).build().verify_message(response, message)
    except (ValueError, TypeError, VerificationError):
        raise SignatureError("A timestamp token does not verify.") from None
    return response.tst_info.gen_time.timestamp()


def token_query(message: bytes) -> bytes:
    """Return the RFC 3161 request (`.tsq`) for a token over `message`, which has at least one byte.

    It names the SHA-256 of the message and asks for the signer's certificates. It has no nonce: an old answer over the very same bytes is
    as good as a new one, or better. So the same message gives the same request.
    """
    return TimestampRequestBuilder(message, HashAlgorithm.SHA256, nonce=False, cert_req=True).build().as_bytes()


def stamped(token: bytes, messages: Iterable[bytes]) -> bytes | None:
    """Return the one of `messages` that a token is over, None when it is over another. It proves nothing: see `token_time`.

    Raises:
        SignatureError: it is no token, or names its message by a hash that is not SHA-2.
    """
    try:
        imprint = decode_timestamp_response(token).tst_info.message_imprint
        name = _HASHES[imprint.hash_algorithm.dotted_string]
    except (ValueError, TypeError, KeyError):
        raise SignatureError("This is no timestamp token.") from None
    return next((message for message in messages if hashlib.new(name, message).digest() == imprint.message), None)
