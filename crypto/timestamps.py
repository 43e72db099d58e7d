"""Tokens of RFC 3161 authorities over the bytes of a checkpoint (format.md sections 7 and 10).

A token says: these bytes existed at this time. It is trusted only when its chain ends in the certificate that call.json gives for the
authority. This module is imported only for calls that name authorities; it is the one place that needs `rfc3161_client`.
"""

from __future__ import annotations

import base64
import binascii

from cryptography import x509
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

from crypto.errors import SignatureError


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
