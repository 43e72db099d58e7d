"""What leaves the server for the reviewers: one ZIP file, written and verified (format.md section 10).

The members and their order:

    manifest                       a note by the log key: `<origin>/bundle` and a line `<sha256>  <name>` for every other member
    call.json, SHA256SUMS, SHA256SUMS.minisig
    form.html                      exactly when SHA256SUMS names it
    log/entries                    every entry, framed
    log/checkpoint.<size>          by size, one or more
    log/<size>.<name>.tsr          by size and name; each over a checkpoint of the bundle, by an authority of call.json
    log/pending                    withdrawals not yet in a batch, framed, by ascending leaf hash; often empty
    envelopes/<sha256>.age         by digest, of live reports only

`open_bundle` reads the file once, forward. What it refuses, and with which word (of several, the one that comes up first on the way):

1. The file is not the one ZIP file of its members, or ends too early: `manifest` (found wherever it comes up).
2. call.json is not version 1: `version`; it lacks what is needed here: `manifest`. It, or its signing key, is not what was expected:
   `wrong-call`, `signature`. SHA256SUMS is not signed by the signing key: `signature`; it does not name call.json as it is: `manifest`.
3. The manifest is not a note by the log key of call.json alone, or not of this bundle, or a member is not the one it names: `manifest`;
   an envelope whose bytes are not those that its name and the manifest say: `envelope`; one that the manifest names and the file lacks:
   `envelope-missing`.
4. The log breaks a rule of section 7: its word. A pending entry is no withdrawal, or out of order: `log-entry`; is not by the receipt's
   holder: `log-withdraw`.
5. A checkpoint, in the bundle or given, is not signed by the log key: `signature`; is not the root of its prefix, or longer than the log:
   `log-inconsistent`. The largest in the bundle does not cover all entries: `log-unsigned-tail`.
6. A promise given is not signed by the log key: `signature`; is broken: `promise-broken`. Its leaf is absent from the log, and the log has
   its close or a token is later than publish_by; a withdrawal that stands in `log/pending` is not absent until its publish_by is over.
7. An envelope belongs to no report entry, or to one that was withdrawn or destroyed: `envelope-unlogged`.

Everything else is an outcome of one report and refuses nothing. The important one is *missing*: a live report whose envelope the manifest
does not even name. The server lost or held back that one; the others stay readable, and the log tells that it existed. A token that does
not verify proves nothing, and that is all: it stands in `tokens` without a time.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, BinaryIO, Protocol

from crypto.callfile import CallFile, check_signed, parse_call_file
from crypto.entries import Log, check_entries, check_withdraw, parse_entry, unframe
from crypto.errors import (
    EnvelopeError,
    EnvelopeMissingError,
    EnvelopeUnloggedError,
    LogEntryError,
    ManifestError,
    SignatureError,
    WrongCallError,
)
from crypto.members import (
    CALL,
    CHECKPOINT,
    CHECKPOINTS,
    ENTRIES,
    ENVELOPES,
    FORM,
    PENDING,
    REQUIRED,
    SIGNATURE,
    SUMS,
    TOKEN,
    TOKENS,
    Member,
    checkpoint_name,
    envelope_name,
    place,
    token_name,
)
from crypto.merkle import leaf_hash
from crypto.verdict import Outcome, ReportOutcome, Token, check_checkpoints, check_promises, outcomes, read_tokens
from crypto.zip64 import Reader, Stored, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crypto.canonical import JsonValue

__all__ = [
    "Member",
    "Outcome",
    "ReportOutcome",
    "Signer",
    "Token",
    "Trust",
    "VerifiedBundle",
    "checkpoint_name",
    "envelope_name",
    "open_bundle",
    "token_name",
    "write_bundle",
]

# What all members but the envelopes may have together, kept in memory. A million entries have 150 MB, their lines in the manifest as much.
_MEMORY = 512 << 20
_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")


class Signer(Protocol):
    """What signs the manifest: `crypto.notes.SignerKey`."""

    def sign(self, text: bytes) -> bytes:
        """Return the note of `text`."""


def write_bundle(out: BinaryIO, members: Iterable[Member], signer: Signer, origin: str) -> None:
    """Write the bundle of `members`, in whatever order they come, to an empty seekable file. Holds no envelope in memory.

    The manifest is made here. What the members say is not judged: that is `open_bundle`'s task, which trusts nothing.

    Raises:
        ManifestError: a name is unknown, twice there or absent, or content is not what its member announced (an envelope withdrawn
            meanwhile, say). The file is then to be thrown away.
    """
    ordered = sorted(members, key=lambda member: place(member.name))
    names = [member.name for member in ordered]
    if len(set(names)) != len(names) or not set(names) >= REQUIRED:
        raise ManifestError("A member of the bundle is absent, or there twice.")
    lines = [f"{member.sha256.hex()}  {member.name}\n" for member in ordered]
    manifest = signer.sign("".join([f"{origin}/bundle\n", *lines]).encode())
    writer = Writer(out)
    writer.add("manifest", len(manifest), (manifest,))
    for member in ordered:
        writer.add(member.name, member.size, _hashed(member))
    writer.finish()


def _hashed(member: Member) -> Iterable[bytes]:
    digest = hashlib.sha256()
    for chunk in member.chunks():
        digest.update(chunk)
        yield chunk
    if digest.digest() != member.sha256:
        raise ManifestError("A member of the bundle is not what was announced.")


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known of a call before its bundle is opened, out of band; None is not checked.

    Attributes:
        call_sha256: The call hash (hex).
        signing_key: The reviewers' minisign public key (base64).
    """

    call_sha256: str | None = None
    signing_key: str | None = None


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """A bundle that kept every rule at the top of this module.

    Attributes:
        call_bytes: call.json as it is.
        call: call.json read.
        call_sha256: The call hash (hex).
        origin: `<host>/<call id>`.
        log: The log.
        checkpoint: The newest checkpoint, a note that covers the whole log.
        tokens: What timestamps prove.
        outcomes: What became of every report, in the log's order.
    """

    call_bytes: bytes = field(repr=False)
    call: dict[str, JsonValue] = field(repr=False)
    call_sha256: str
    origin: str
    log: Log = field(repr=False)
    checkpoint: bytes = field(repr=False)
    tokens: tuple[Token, ...]
    outcomes: tuple[ReportOutcome, ...] = field(repr=False)
    _file: BinaryIO = field(repr=False)
    _envelopes: dict[bytes, Stored] = field(repr=False)

    def read_envelope(self, digest: bytes) -> bytes:
        """Return the envelope with this SHA-256 (32 bytes), read and hashed again: the file may have changed since it was verified.

        Raises:
            EnvelopeMissingError: the bundle has no such envelope.
            EnvelopeError: its bytes are not the ones that were verified.
        """
        stored = self._envelopes.get(digest)
        if stored is None:
            raise EnvelopeMissingError("The bundle does not hold this envelope.")
        self._file.seek(stored.start)
        envelope = self._file.read(stored.size)
        if hashlib.sha256(envelope).digest() != digest:
            raise EnvelopeError("An envelope changed after the bundle was verified.")
        return envelope


def open_bundle(  # noqa: PLR0913 (what is known, what was kept, and how much may be spent)
    file: BinaryIO,
    *,
    expect: Trust | None = None,
    checkpoints: Sequence[bytes] = (),
    promises: Sequence[bytes] = (),
    progress: Callable[[int], None] = lambda _bytes: None,
    memory: int = _MEMORY,
) -> VerifiedBundle:
    """Verify a whole bundle and return what it says. `file` stays open: `read_envelope` reads from it, one thread at a time.

    Args:
        file: The bundle, seekable.
        expect: What is known out of band. Without it the call is whoever signed it: show its hash.
        checkpoints: Notes that submitters and watchers kept.
        promises: Notes that submitters kept.
        progress: Called now and then with the number of bytes of envelopes read since the last time.
        memory: Bytes that all members but the envelopes may have together (F10.4); more is refused unread, with `manifest`.

    Raises:
        CryptoError: one of the words listed at the top of this module; the first rule that is broken.
    """
    walk = _Walk(Reader(file), expect or Trust(), memory)
    call, call_json = walk.call, walk.call_json
    walk.read_log()
    digest = hashlib.sha256(call_json)
    log = check_entries(unframe(walk.content[ENTRIES]), call=call.call, call_sha256=digest.digest())
    pending = _pending(walk.content[PENDING])
    check_checkpoints(call, log, walk.checkpoints, checkpoints)
    tokens = read_tokens(call, walk.tokens, walk.checkpoints)
    check_promises(call, log, pending.keys(), tokens, promises)
    found = outcomes(call, log, set(pending.values()), tokens, walk.named)
    live = {report.digest for report in found if report.outcome not in ("withdrawn", "destroyed", "missing")}
    if not walk.named <= live:
        raise EnvelopeUnloggedError("The bundle holds an envelope of no live report.")
    envelopes = walk.read_envelopes(progress)
    return VerifiedBundle(
        call_json, call.document, digest.hexdigest(), call.origin, log, walk.checkpoints[log.size], tokens, found, file, envelopes
    )


def _check_trust(call: CallFile, call_json: bytes, expect: Trust) -> None:
    if expect.signing_key is not None and expect.signing_key != call.signing_key:
        raise SignatureError("The bundle is signed by another key than the one expected.")
    if expect.call_sha256 is not None and expect.call_sha256 != hashlib.sha256(call_json).hexdigest():
        raise WrongCallError("The bundle is of another call than the one expected.")


def _pending(content: bytes) -> dict[bytes, bytes]:
    """Return leaf hash and handle of the withdrawals that wait for a batch. One that the log holds already does no harm."""
    handles: dict[bytes, bytes] = {}
    last = b""
    for line in unframe(content):
        entry, leaf = parse_entry(line), leaf_hash(line)
        # Any order but that of the hashes could tell in which order people withdrew.
        if entry.kind != "withdraw" or leaf <= last:
            raise LogEntryError("An entry that waits for a batch is no withdrawal, or out of order.")
        check_withdraw(entry)
        handles[leaf] = entry.handle
        last = leaf
    return handles


class _Walk:
    """Goes through the file once and holds each member against the manifest; the manifest against the call's log key.

    Attributes:
        call: call.json, signed by its own signing key.
        call_json: Its bytes.
        content: Entries and pending, by name.
        checkpoints: Notes by size, ascending.
        tokens: Timestamp tokens by size and authority.
        named: Digests of the envelopes that the manifest names.
    """

    def __init__(self, reader: Reader, expect: Trust, memory: int) -> None:
        self._reader = reader
        self._memory = memory
        untrusted_manifest = self._untrusted("manifest")
        self.call_json = self._untrusted(CALL)
        sums, signature = self._untrusted(SUMS), self._untrusted(SIGNATURE)
        self.call = parse_call_file(self.call_json)
        _check_trust(self.call, self.call_json, expect)
        self._form = check_signed(self.call_json, sums, signature, self.call.signing_key)
        self._lines = _manifest(untrusted_manifest, self.call)
        read = [
            (name, hashlib.sha256(content).digest()) for name, content in ((CALL, self.call_json), (SUMS, sums), (SIGNATURE, signature))
        ]
        if self._lines[:3] != read:
            raise ManifestError("A member of the bundle is not the one that the manifest names.")
        self._check_names()
        self.content: dict[str, bytes] = {}
        self.checkpoints: dict[int, bytes] = {}
        self.tokens: dict[tuple[int, str], bytes] = {}

    def _untrusted(self, name: str) -> bytes:
        """Return the next member, which must have this name and fit into what memory is left."""
        stored = self._reader.next()
        if stored is None or stored.name != name or stored.size > self._memory:
            raise ManifestError("A member of the bundle is not where it must be, or too large.")
        self._memory -= stored.size
        content = io.BytesIO()  # its getvalue hands over the buffer itself: a member is never there twice
        for chunk in self._reader.chunks(stored):
            content.write(chunk)
        return content.getvalue()

    def _check_names(self) -> None:
        places = [place(name) for name, _ in self._lines]
        names = dict(self._lines)
        if any(one >= other for one, other in pairwise(places)) or not names.keys() >= REQUIRED:
            raise ManifestError("A member of the bundle is absent, there twice or out of order.")
        if names.get(FORM) != self._form:
            raise ManifestError("form.html is not the one that SHA256SUMS names.")
        sizes = {size for kind, size, _ in places if kind == CHECKPOINTS}
        if any(size not in sizes or name not in self.call.authorities for kind, size, name in places if kind == TOKENS):
            raise ManifestError("A timestamp token is over no checkpoint of the bundle, or by no authority of the call.")
        log = sum(kind < ENVELOPES for kind, _, _ in places)
        self._log, self._envelopes = self._lines[3:log], self._lines[log:]
        if any(name != envelope_name(digest) for name, digest in self._envelopes):
            raise EnvelopeError("An envelope does not have the digest that is its name.")
        self.named = {digest for _, digest in self._envelopes}

    def read_log(self) -> None:
        """Read all that stands between SHA256SUMS.minisig and the envelopes into memory."""
        for name, digest in self._log:
            content = self._untrusted(name)
            if hashlib.sha256(content).digest() != digest:
                raise ManifestError("A member of the bundle is not the one that the manifest names.")
            if match := CHECKPOINT.fullmatch(name):
                self.checkpoints[int(match[1])] = content
            elif match := TOKEN.fullmatch(name):
                self.tokens[int(match[1]), match[2]] = content
            elif name != FORM:
                self.content[name] = content

    def read_envelopes(self, progress: Callable[[int], None]) -> dict[bytes, Stored]:
        """Hash every envelope that the manifest names, then require that the file ends; return where they are."""
        envelopes: dict[bytes, Stored] = {}
        for name, expected in self._envelopes:
            stored = self._reader.next()
            if stored is None or (stored.name != name and place(stored.name) > place(name)):
                raise EnvelopeMissingError("An envelope that the manifest names is not in the bundle.")
            if stored.name != name:
                raise ManifestError("A member of the bundle is not the one that the manifest names.")
            digest = hashlib.sha256()
            for chunk in self._reader.chunks(stored):
                digest.update(chunk)
            if digest.digest() != expected:
                raise EnvelopeError("An envelope is not the one that its name says.")
            envelopes[expected] = stored
            progress(stored.size)
        if self._reader.next() is not None:
            raise ManifestError("The bundle has a member that the manifest does not name.")
        return envelopes


def _manifest(untrusted_note: bytes, call: CallFile) -> list[tuple[str, bytes]]:
    """Return name and SHA-256 of every member but the manifest, as the log key signed them."""
    try:
        text = call.log_vkey.open(untrusted_note, alone=True).decode()
    except SignatureError:
        raise ManifestError("The manifest is not signed by the key of the log.") from None
    first, *lines = text.removesuffix("\n").split("\n")
    matches = [_LINE.fullmatch(line) for line in lines]
    if first != f"{call.origin}/bundle":
        raise ManifestError("The manifest is not one of this call.")
    named = [(match[2], bytes.fromhex(match[1])) for match in matches if match]
    if len(named) != len(lines):
        raise ManifestError("A line of the manifest is not well formed.")
    return named
