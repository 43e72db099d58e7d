"""Making a call: its keys and the folder that holds them (format.md sections 1 and 11).

DIR/server/    call.json  form.html  SHA256SUMS  SHA256SUMS.minisig  log.key    what goes to the server; the log key is nowhere else
DIR/private/   call.key   signing.key  signing.pub                              what stays with the reviewers
               (or, in place of call.key, share-1-of-5.txt … share-5-of-5.txt, for several people)
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crypto import canonical
from crypto.envelope import sealed_size
from crypto.keyfile import seal_key
from crypto.members import CALL, FORM, SIGNATURE, SUMS
from crypto.minisign import MEMLIMIT, SecretKey
from crypto.notes import SignerKey
from crypto.opening import Identity
from form.offline import BundleMissingError, offline_form
from questionnaire.loader import call_document
from reviewer import durable
from reviewer.errors import UsageError
from reviewer.rotation import require_new_call
from reviewer.sharing import share_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crypto.keyfile import KdfCost
    from questionnaire.definition import Definition
    from questionnaire.loader import DemoTimes
    from reviewer.sharing import Scheme

SERVER, PRIVATE = "server", "private"
CALL_KEY = "call.key"
SIGNING_KEY = "signing.key"
SIGNING_PUBLIC = "signing.pub"

SLOW_LINE_BITS = 400_000
"""The slowest line, in bit/s, that the largest report should get through within the grace time (format.md section 9)."""

# libsodium's ratio of operations to memory in its `sensitive` scrypt setting, the one that minisign uses.
_SCRYPT_BYTES_PER_OPERATION = 32


@dataclass(frozen=True, slots=True)
class BuiltCall:
    """What to tell people out of band: `call_sha256` (hex), the fingerprint of the key (6 groups of 5 digits), the signing key (base64).

    `form_sha256` (hex) is that of form.html, for those who are handed the file.
    `authorities` is how many timestamp authorities the call names. `slow_seconds` is how long the largest report takes on a slow line, when
    that is longer than the grace time; else None.
    """

    call: str
    origin: str
    call_sha256: str
    form_sha256: str
    fingerprint: str
    signing_key: str
    slow_seconds: int | None
    authorities: int


def build_call(  # noqa: PLR0913 - one keyword for each thing that a call is made of
    definition: Definition,
    *,
    host: str,
    out: Path,
    passphrase: str,
    cost: KdfCost,
    demo: DemoTimes | None = None,
    shares: Scheme | None = None,
) -> BuiltCall:
    """Make fresh keys and the folder `out` for a checked definition.

    `out` is whole or not there, folders 0700, files 0600. The call key and the signing key are kept under `passphrase` with derivations of
    the same memory; the log key is not, since the server must start without one. With `shares` there is no call key: it is split at once,
    and no passphrase is over the shares. Raises UsageError when `out` exists, or when the browser's files that form.html is made of were
    not built.
    """

    require_new_call(out)
    _require_roots(definition)
    identity = Identity.generate()
    signing = SecretKey.generate()
    call_id = str(definition.id)
    log_key = SignerKey.generate(f"{host}/{call_id}")
    try:
        document = call_document(
            definition,
            host=host,
            recipients=[str(identity.recipient)],
            log_vkey=str(log_key.vkey),
            signing_key=signing.public_key,
            demo=demo,
        )
        call_bytes = canonical.dumps(document)
        form = form_file(call_bytes)
        if shares is None:
            keys = {CALL_KEY: seal_key(identity.seed, passphrase, call=call_id, cost=cost)}
        else:
            keys = share_files(identity, call=call_id, scheme=shares)
        memory = min(cost.m_kib * 1024, MEMLIMIT)
        signing_text = signing.to_text(passphrase, opslimit=memory // _SCRYPT_BYTES_PER_OPERATION, memlimit=memory)
        with durable.new_folder(out) as aside:
            _write_server(aside / SERVER, call_bytes, form, signing, log_key.line())
            _write_private(aside / PRIVATE, keys, signing_text, signing.public_text())
        return _built(document, call_bytes, form, identity.recipient.fingerprint_groups())
    finally:
        identity.wipe()


def _require_roots(definition: Definition) -> None:
    """Refuse now what could never be mended: call.json is fixed, and under a certificate that is no root no token ever verifies."""
    if definition.timestamp_authorities:
        # Only a call that names authorities needs what this module imports.
        from crypto.timestamps import require_root  # noqa: PLC0415

        for authority in definition.timestamp_authorities:
            require_root(authority.certificate)


def form_file(call_bytes: bytes) -> bytes:
    """Return form.html of a call, as this software makes it. Raises UsageError when the browser's files were not built."""
    try:
        return offline_form(call_bytes)
    except BundleMissingError as missing:
        raise UsageError(str(missing)) from None


def sums_file(call_bytes: bytes, form: bytes) -> bytes:
    """Return `SHA256SUMS` for a call and its form (format.md section 1)."""
    return f"{hashlib.sha256(call_bytes).hexdigest()}  {CALL}\n{hashlib.sha256(form).hexdigest()}  {FORM}\n".encode()


def _write_server(folder: Path, call_bytes: bytes, form: bytes, signing: SecretKey, log_key_line: str) -> None:
    folder.mkdir(mode=0o700)
    sums = sums_file(call_bytes, form)
    durable.write_private(folder / CALL, call_bytes)
    durable.write_private(folder / FORM, form)
    durable.write_private(folder / SUMS, sums)
    durable.write_private(folder / SIGNATURE, signing.sign(sums).encode())
    durable.write_private(folder / "log.key", f"{log_key_line.strip()}\n".encode())


def _write_private(folder: Path, keys: Mapping[str, bytes], signing_text: str, signing_public: str) -> None:
    folder.mkdir(mode=0o700)
    for name, content in keys.items():
        durable.write_private(folder / name, content)
    durable.write_private(folder / SIGNING_KEY, signing_text.encode())
    durable.write_private(folder / SIGNING_PUBLIC, signing_public.encode())


def _built(document: dict[str, Any], call_bytes: bytes, form: bytes, fingerprint: str) -> BuiltCall:
    return BuiltCall(
        call=document["call"],
        origin=f"{document['host']}/{document['call']}",
        call_sha256=hashlib.sha256(call_bytes).hexdigest(),
        form_sha256=hashlib.sha256(form).hexdigest(),
        fingerprint=fingerprint,
        signing_key=document["signing_key"],
        slow_seconds=slow_seconds(len(document["recipients"]), document["max_k"], document["grace_seconds"]),
        authorities=len(document["timestamp_authorities"]),
    )


def slow_seconds(recipients: int, max_k: int, grace_seconds: int) -> int | None:
    """Seconds that the largest report needs at 400 kbit/s, when they are more than the grace time, else None (format.md section 9)."""

    handle_bytes = 32
    seconds = -(-(handle_bytes + sealed_size(recipients, 1 << max_k)) * 8 // SLOW_LINE_BITS)
    return seconds if seconds > grace_seconds else None
