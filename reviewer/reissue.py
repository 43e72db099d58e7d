"""Signing a mended offline form for a call that stays as it is (format.md section 1).

DIR/server/form.html is made anew by the installed software out of the same call.json, and SHA256SUMS and its signature with it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crypto.callfile import check_signed
from crypto.errors import SignatureError
from crypto.members import CALL, FORM, SIGNATURE, SUMS
from crypto.minisign import SecretKey
from questionnaire.models import load_call
from reviewer import durable
from reviewer.custody import PRIVATE, SERVER, SIGNING_KEY, form_file, sums_file
from reviewer.errors import OtherCallError, UsageError
from reviewer.rotation import saying_why

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 32 << 20


@dataclass(frozen=True, slots=True)
class ReissuedCall:
    """A call with its form as it stands now; `mended` says whether the form is another one than before. Digests in hex."""

    call: str
    call_sha256: str
    form_sha256: str
    mended: bool


def reissue_call(folder: Path, passphrase: str) -> ReissuedCall:
    """Make form.html of the call in `folder` anew and sign it, once it is sure that call.json is the one that was signed.

    Each file is replaced as a whole. Cut off in between, the same command finishes: until SHA256SUMS is replaced, which comes last, the
    signature is over the old list or over the one that is about to come.

    Raises:
        KeyOpenError, KeyParamsError: the passphrase does not open signing.key, or it is none.
        OtherCallError: signing.key is not the signing key that call.json names.
        SignatureError, ManifestError: call.json is not the one that this key signed.
        UsageError: a file is missing or none of ours, or the browser's files were not built.
    """
    server = folder / SERVER
    call_bytes, sums, signature = (_read(server / name) for name in (CALL, SUMS, SIGNATURE))
    call = load_call(call_bytes)
    signing = SecretKey.parse(_text(_read(folder / PRIVATE / SIGNING_KEY)), passphrase)
    if signing.public_key != call.signing_key:
        raise OtherCallError("The signing key is not the one that call.json names.")
    form = form_file(call_bytes)
    reissued = sums_file(call_bytes, form)
    with saying_why():
        try:
            check_signed(call_bytes, sums, signature, call.signing_key)
        except SignatureError:
            check_signed(call_bytes, reissued, signature, call.signing_key)
    before = (server / FORM).read_bytes() if (server / FORM).exists() else b""
    durable.replace_file(server / FORM, form)
    durable.replace_file(server / SIGNATURE, signing.sign(reissued).encode())
    durable.replace_file(server / SUMS, reissued)
    return ReissuedCall(call.call, hashlib.sha256(call_bytes).hexdigest(), hashlib.sha256(form).hexdigest(), mended=form != before)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError:
        raise UsageError("The folder is not one that `call build` made: a file in it cannot be read.") from None
    if len(content) > _LARGEST:
        raise UsageError("The folder is not one that `call build` made: a file in it is too large.")
    return content


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")
