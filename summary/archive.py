"""The archive of a release: one ZIP file, stored, signed inside (disclosure.md, "Documents").

Members in this order: SHA256SUMS, SHA256SUMS.minisig, accounts.json, provenance.json, tables.json, then by name
`documents/summary.<language>.csv` and `documents/summary.<language>.html` for every language of the call. SHA256SUMS has a line
`<sha256>  <name>` for every other member but the signature; the call's signing key signs it. Every byte of the ZIP itself is fixed (time
1980-01-01, no extra fields, no comments), and readers build it again and compare.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import rfc8785
from pydantic import BaseModel, ValidationError

from crypto import minisign
from crypto.errors import CryptoError
from crypto.notes import VerifierKey, parse_checkpoint
from questionnaire.models import load_call
from summary.errors import ReleaseError
from summary.published import AccountsDocument, ProvenanceDocument, TablesDocument, read_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from questionnaire.models import Call
    from summary.release import Release
    from summary.statement import Statement

SUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.minisig"
MOST_BYTES = 64 * 2**20
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_DATE_1980 = 33

Document = TypeVar("Document", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class UnverifiedRelease:
    """A file that holds together as a release. Nothing says yet who made it: only `read_release` does.

    `files` are all members but SHA256SUMS and its signature; `sha256` is the hash of the whole archive (hex).
    """

    sha256: str
    sums: bytes
    signature: bytes
    files: Mapping[str, bytes]
    tables: TablesDocument
    provenance: ProvenanceDocument

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that its documents are in."""
        return self.tables.languages


@dataclass(frozen=True, slots=True)
class ReadRelease:
    """A release that the call's signing key signed. `sha256` is the hash of the whole archive: the `previous` of the one after it."""

    number: int
    previous: str | None
    audience: str
    sha256: str
    call_sha256: str
    statement: Statement
    files: Mapping[str, bytes]
    tables: TablesDocument
    provenance: ProvenanceDocument


def write_release(release: Release, path: Path | str, sign: Callable[[bytes], str]) -> None:
    """Sign a release and write its archive: beside the place first, then moved there, so that nothing half written is ever found."""
    members = dict(sorted(release.files.items()))
    sums = _sums(members)
    content = _zip({SUMS: sums, SIGNATURE: sign(sums).encode(), **members})
    write_aside(Path(path), content)


def write_aside(path: Path, content: bytes) -> None:
    """Write a whole file or none: into a file beside it, to the disk, then renamed."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".saksei-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def open_release(path: Path | str) -> UnverifiedRelease:
    """Read an archive without knowing who made it. Raises ReleaseError when a byte is not as it must be, OSError when it cannot be read."""
    with Path(path).open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    return parse_release(content)


def parse_release(content: bytes) -> UnverifiedRelease:
    """The same from the bytes of an archive."""
    if len(content) > MOST_BYTES:
        raise ReleaseError("The file is larger than a release can be.")
    members = dict(_members(content))
    if _zip(members) != content:
        raise ReleaseError("The file is not a release archive as it must be written.")
    sums, signature = members.pop(SUMS, b""), members.pop(SIGNATURE, b"")
    if list(members) != sorted(members) or _sums(members) != sums:
        raise ReleaseError("The checksums in the release do not match its files.")
    tables = _document(TablesDocument, members.get("tables.json"))
    provenance = _document(ProvenanceDocument, members.get("provenance.json"))
    _document(AccountsDocument, members.get("accounts.json"))
    documents = {f"documents/summary.{lang}.{kind}" for lang in tables.languages for kind in ("csv", "html")}
    if set(members) != {"tables.json", "provenance.json", "accounts.json", *documents}:
        raise ReleaseError("The release lacks a file, or holds one too many.")
    return UnverifiedRelease(hashlib.sha256(content).hexdigest(), sums, signature, members, tables, provenance)


def read_release(path: Path | str, call_bytes: bytes) -> ReadRelease:
    """Read a release and verify it against the bytes of call.json.

    Raises ReleaseError when the call's signing key did not sign it, or it is not a release of this call; questionnaire.errors.CallError for
    bytes that are no call; OSError when the file cannot be read.
    """
    return verify_release(open_release(path), call_bytes)


def verify_release(untrusted_release: UnverifiedRelease, call_bytes: bytes) -> ReadRelease:
    """The same for a release that was opened already."""
    call = load_call(call_bytes)
    try:
        minisign.verify(untrusted_release.sums, untrusted_release.signature, call.signing_key)
    except CryptoError:
        raise ReleaseError("The release is not signed by the signing key of this call.") from None
    release, provenance = untrusted_release, untrusted_release.provenance
    if provenance.call_sha256 != hashlib.sha256(call_bytes).hexdigest() or provenance.call != call.call or release.tables.call != call.call:
        raise ReleaseError("The release is of another call.")
    if provenance.audience not in {audience.id for audience in call.audiences} or release.tables.languages != call.languages:
        raise ReleaseError("The release names an audience or a language that the call does not have.")
    if (provenance.release == 1) != (provenance.previous is None):
        raise ReleaseError("The release does not say which one it follows.")
    _check_checkpoint(call, provenance)
    statement = read_statement(call, release.tables, provenance)
    return ReadRelease(
        provenance.release, provenance.previous, provenance.audience, release.sha256, provenance.call_sha256, statement,
        release.files, release.tables, provenance,
    )  # fmt: skip


def _check_checkpoint(call: Call, provenance: ProvenanceDocument) -> None:
    try:
        checkpoint = parse_checkpoint(provenance.checkpoint.encode(), VerifierKey.parse(call.log_vkey), call.origin)
    except CryptoError:
        raise ReleaseError("The checkpoint in the release is not one of the call's log.") from None
    if checkpoint.size != provenance.log.size or provenance.log.reports >= max(1, checkpoint.size):
        raise ReleaseError("The numbers of the log do not fit its checkpoint.")


def _document(model: type[Document], content: bytes | None) -> Document:
    try:
        if content is None or rfc8785.dumps(json.loads(content)) != content:
            raise ReleaseError("A file of the release is not canonical JSON.")
        return model.model_validate_json(content)
    except (ValidationError, ValueError, RecursionError, rfc8785.CanonicalizationError):
        raise ReleaseError("A file of the release is not what it must be.") from None


def _sums(members: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in members.items()).encode()


def _zip(members: Mapping[str, bytes]) -> bytes:
    """The ZIP file of some members: stored, every header byte fixed."""
    local, central = bytearray(), bytearray()
    for name, content in members.items():
        title, checksum = name.encode(), zlib.crc32(content)
        place = len(local)
        sizes = (checksum, len(content), len(content))
        local += _LOCAL.pack(b"PK\3\4", 20, 0, 0, 0, _DATE_1980, *sizes, len(title), 0) + title + content
        central += _CENTRAL.pack(b"PK\1\2", 20, 20, 0, 0, 0, _DATE_1980, *sizes, len(title), 0, 0, 0, 0, 0, place) + title
    end = _END.pack(b"PK\5\6", 0, 0, len(members), len(members), len(central), len(local), 0)
    return bytes(local + central + end)


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The members by their local headers, as far as those go; whatever is not so is found when the ZIP is built again."""
    place = 0
    while content[place : place + 4] == b"PK\3\4" and place + _LOCAL.size <= len(content):
        *_, size, name_size, _ = _LOCAL.unpack_from(content, place)
        start = place + _LOCAL.size + name_size
        yield content[place + _LOCAL.size : start].decode("utf-8", errors="replace"), content[start : start + size]
        place = start + size
