"""A server that exports what a test asks for: honest bundles, and every kind of forged one."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crypto import bundle, canonical, entries, merkle, zip64
from crypto.minisign import SecretKey
from crypto.notes import Checkpoint, Promise, SignerKey

if TYPE_CHECKING:
    from collections.abc import Callable

HOST, CALL = "intake.example", "demo"
ORIGIN = f"{HOST}/{CALL}"
LOG_KEY = SignerKey.generate(ORIGIN)
SIGNING = SecretKey.generate()
OTHER_LOG_KEY = SignerKey.generate(ORIGIN)
CLOSE_TIME = 1_755_000_600
DEFINITION: dict[str, Any] = {
    "v": 1,
    "call": CALL,
    "host": HOST,
    "deadline": CLOSE_TIME - 600,
    "grace_seconds": 600,
    "log_vkey": str(LOG_KEY.vkey),
    "signing_key": SIGNING.public_key,
    "timestamp_authorities": [],
}
CALL_JSON = canonical.dumps(DEFINITION)
CALL_HASH = hashlib.sha256(CALL_JSON).digest()
FORM = b"<!doctype html>"


def envelope(number: int) -> bytes:
    return b"sealed %d" % number


def digest(number: int) -> bytes:
    return hashlib.sha256(envelope(number)).digest()


def secret(number: int) -> bytes:
    return hashlib.sha256(b"withdraw %d" % number).digest()


def handle(number: int) -> bytes:
    return hashlib.sha256(secret(number)).digest()


def report(number: int) -> bytes:
    return entries.report_entry(digest(number), handle(number))


def withdraw(number: int) -> bytes:
    return entries.withdraw_entry(handle(number), secret(number))


def checkpoint(log: list[bytes], key: SignerKey = LOG_KEY, origin: str = ORIGIN) -> bytes:
    return key.sign(Checkpoint(origin, len(log), merkle.root([merkle.leaf_hash(entry) for entry in log])).text())


def promise(entry: bytes) -> bytes:
    return LOG_KEY.sign(Promise(ORIGIN, merkle.leaf_hash(entry), CLOSE_TIME + 3600).text())


@dataclass
class Server:
    """A server that exports whatever a test makes of it: by default an honest bundle of `log`, with `sizes` checkpoints."""

    log: list[bytes]
    envelopes: list[int]
    pending: list[bytes] = field(default_factory=list)
    sizes: tuple[int, ...] = ()
    call_json: bytes = CALL_JSON
    form: bytes | None = None
    # Members written instead of, or beside, the honest ones; None takes one away.
    instead: dict[str, bytes | None] = field(default_factory=dict)
    manifest_key: SignerKey = LOG_KEY
    manifest_origin: str = ORIGIN

    def members(self) -> dict[str, bytes]:
        whole = [entries.call_entry(CALL, hashlib.sha256(self.call_json).digest()), *self.log]
        sums = f"{hashlib.sha256(self.call_json).hexdigest()}  call.json\n"
        content: dict[str, bytes | None] = {"call.json": self.call_json}
        if self.form is not None:
            sums += f"{hashlib.sha256(self.form).hexdigest()}  form.html\n"
        content |= {"SHA256SUMS": sums.encode(), "SHA256SUMS.minisig": SIGNING.sign(sums.encode()).encode()}
        content |= {"form.html": self.form, "log/entries": entries.frame(whole)}
        content |= {bundle.checkpoint_name(size): checkpoint(whole[:size]) for size in (*self.sizes, len(whole))}
        content |= {"log/pending": entries.frame(self.pending)}
        content |= {bundle.envelope_name(digest(number)): envelope(number) for number in self.envelopes}
        content |= self.instead
        return {name: data for name, data in content.items() if data is not None}

    def export(self) -> bytes:
        out = io.BytesIO()
        members = [bundle.Member.of(name, content) for name, content in self.members().items()]
        bundle.write_bundle(out, members, self.manifest_key, self.manifest_origin)
        return out.getvalue()


def raw(members: list[tuple[str, bytes]]) -> bytes:
    """A well-formed ZIP file of any members at all."""
    out = io.BytesIO()
    writer = zip64.Writer(out)
    for name, content in members:
        writer.add(name, len(content), (content,))
    writer.finish()
    return out.getvalue()


def unzip(data: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def signed(members: list[tuple[str, bytes]], key: SignerKey = LOG_KEY, first: str = f"{ORIGIN}/bundle") -> bytes:
    """A ZIP file of any members under a manifest that names them truly."""
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in members]
    return raw([("manifest", key.sign("".join([f"{first}\n", *lines]).encode())), *members])


CLOSE, DESTROY = entries.close_entry(), entries.destroy_entry()
HONEST = Server(
    [report(1), report(2), withdraw(1), report(3), CLOSE, report(4), report(5)],
    envelopes=[2, 4],
    pending=[withdraw(5)],
    sizes=(3, 5),
    form=FORM,
)


def with_member(name: str, content: bytes | None) -> bytes:
    """The honest bundle with one member replaced, added or taken away, and a manifest that says so."""
    server = Server(**{**vars(HONEST), "instead": {name: content}})
    return server.export()


def server(**changes: Any) -> Callable[[], bytes]:
    return lambda: Server(**{**vars(HONEST), **changes}).export()


def definition(*, instead: dict[str, bytes] | None = None, **changes: Any) -> Callable[[], bytes]:
    changed = {key: value for key, value in {**DEFINITION, **changes}.items() if value is not None}
    return server(call_json=canonical.dumps(changed), instead=instead or {})


WHOLE = [entries.call_entry(CALL, CALL_HASH), *HONEST.log]
