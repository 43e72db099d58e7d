"""call.json as the bundle reader needs it, and the signed list that vouches for it (format.md section 1).

Only what verifying needs is read here, from the bytes, which are never encoded again; the questionnaire room validates the whole.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crypto.canonical import loads
from crypto.entries import CALL_ID
from crypto.errors import CryptoError, ManifestError, VersionError
from crypto.minisign import parse_public_key, verify
from crypto.notes import VerifierKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crypto.canonical import JsonValue

AUTHORITY = re.compile(r"[a-z0-9-]{1,40}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?")
_SUMS = re.compile(rb"([0-9a-f]{64})  call\.json\n(?:([0-9a-f]{64})  form\.html\n)?")


@dataclass(frozen=True, slots=True)
class CallFile:
    """What call.json says of a call's log and keys.

    Attributes:
        document: All of call.json as it was read.
        call: Id of the call.
        host: Host of the server; with the id it makes the log's origin.
        log_vkey: Key of the log.
        signing_key: The reviewers' minisign public key (base64).
        close: `deadline` + `grace_seconds` (unix seconds).
        authorities: Name of each timestamp authority and its certificate.
    """

    document: dict[str, JsonValue]
    call: str
    host: str
    log_vkey: VerifierKey
    signing_key: str
    close: int
    authorities: Mapping[str, str]

    @property
    def origin(self) -> str:
        """First line of the log's checkpoints."""
        return f"{self.host}/{self.call}"


def parse_call_file(call_json: bytes) -> CallFile:
    """Read what is needed of call.json.

    Raises:
        VersionError: `v` is not 1.
        JsonDuplicateError: a key stands twice.
        ManifestError: it is not canonical JSON, or something needed is absent or not of its kind.
    """
    value = loads(call_json, error=ManifestError)
    if not isinstance(value, dict):
        raise ManifestError("call.json is not an object.")
    if value.get("v") != 1 or isinstance(value["v"], bool):
        raise VersionError("call.json is of a version that is not known here.")
    call, host, signing_key = _text(value, "call"), _text(value, "host"), _text(value, "signing_key")
    if not CALL_ID.fullmatch(call) or not _HOST.fullmatch(host):
        raise ManifestError("The call's id or host is not well formed.")
    try:
        vkey = VerifierKey.parse(_text(value, "log_vkey"))
        parse_public_key(signing_key)
    except CryptoError:
        raise ManifestError("A key in call.json is not well formed.") from None
    if vkey.name != f"{host}/{call}":
        raise ManifestError("The log key in call.json is that of another log.")
    close = _integer(value, "deadline") + _integer(value, "grace_seconds")
    return CallFile(value, call, host, vkey, signing_key, close, _authorities(value))


def _text(value: Mapping[str, object], key: str) -> str:
    text = value.get(key)
    if not isinstance(text, str):
        raise ManifestError("call.json lacks a text that it must have.")
    return text


def _integer(value: Mapping[str, object], key: str) -> int:
    number = value.get(key)
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ManifestError("call.json lacks a number that it must have.")
    return number


def _authorities(value: Mapping[str, object]) -> dict[str, str]:
    listed = value.get("timestamp_authorities")
    if not isinstance(listed, list):
        raise ManifestError("call.json does not say which timestamp authorities it trusts.")
    authorities: dict[str, str] = {}
    for authority in listed:
        if not isinstance(authority, dict):
            raise ManifestError("A timestamp authority in call.json is not well formed.")
        name = _text(authority, "name")
        if not AUTHORITY.fullmatch(name) or name in authorities:
            raise ManifestError("A timestamp authority in call.json is not well formed.")
        authorities[name] = _text(authority, "certificate")
    return authorities


def check_signed(call_json: bytes, sums: bytes, signature: bytes, signing_key: str) -> bytes | None:
    """Require that the signing key vouches for these bytes of call.json, and return the SHA-256 of form.html if the list names one.

    Raises:
        SignatureError: SHA256SUMS is not signed by the key, or not as section 1 has it.
        ManifestError: it does not name call.json as it is, or names more than call.json and form.html.
    """
    verify(sums, signature, signing_key)
    match = _SUMS.fullmatch(sums)
    if match is None or bytes.fromhex(match[1].decode()) != hashlib.sha256(call_json).digest():
        raise ManifestError("SHA256SUMS does not name this call.json.")
    return bytes.fromhex(match[2].decode()) if match[2] else None
