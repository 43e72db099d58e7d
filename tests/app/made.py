"""What the tests of the intake service work with: a made call with the keys no server has, and an application asked in this process."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from app.calls import CallPackage, StoredCall, add_call, read_package
from app.publishing import cut_batch, log_size
from app.service import Service
from app.submissions import SealedReport
from app.uploads import sealed_in_memory
from crypto.container import pack
from crypto.entries import report_entry
from crypto.merkle import leaf_hash
from crypto.minisign import SecretKey
from crypto.notes import Promise, SignerKey, VerifierKey, parse_promise
from crypto.opening import Identity, OpenedReport, open_report
from crypto.receipts import Receipt
from crypto.report import Consent, Report
from crypto.sealing import seal
from questionnaire.rules import PROMISE_POINTS

WORDS = {"km": "ភាសាខ្មែរ", "en": "in English"}
PublicCall = Callable[..., "MadeCall"]
Fields = Sequence[tuple[str, str]]
Files = Sequence[tuple[str, str, bytes, str]]
"""Field, file name, content and type of each attached file."""


@dataclass
class MadeCall:
    """A call made for a test, with the private keys that no server has."""

    folder: Path
    document: dict[str, Any]
    identity: Identity
    log_key: SignerKey
    package: CallPackage
    signing: SecretKey

    @property
    def stored(self) -> StoredCall:
        return self.package.stored

    @property
    def id(self) -> str:
        return self.stored.call.call

    def body(self, receipt: Receipt | None = None, n: int = 0, *, text: str = "words", files: tuple[bytes, ...] = ()) -> bytes:
        """handle || envelope of a report, as a browser sends it."""
        receipt = receipt or Receipt.generate()
        call = self.stored.call
        report = Report(
            call=call.call,
            call_sha256=self.stored.sha256.hex(),
            seq=n,
            handle=receipt.handle(call.call, n),
            thread=receipt.thread(call.call),
            reply_key=receipt.reply_key(call.call),
            form="web",
            lang="en",
            consent=Consent("C1", (), contact=False),
            answers={"what": text},
            files=(),
        )
        container = pack(report.to_bytes(), files, max_k=call.max_k)
        return report.handle + seal(container, self.stored.recipients)

    def sealed(self, receipt: Receipt | None = None, n: int = 0) -> SealedReport:
        """A sealed report as the service holds it after its checks."""
        return sealed_in_memory(self.stored, self.body(receipt, n))

    def quick(self, number: int) -> SealedReport:
        """A report of the right shape and no content: for tests that need many and open none."""
        envelope = hashlib.shake_256(number.to_bytes(8, "big")).digest(600)
        return SealedReport(hashlib.sha256(envelope).digest(), hashlib.sha256(envelope[::-1]).digest(), 600, lambda: (envelope,))

    def opened(self, envelope: bytes, handle: bytes) -> OpenedReport:
        call = self.stored.call
        checked = {"call": call.call, "call_sha256": self.stored.sha256.hex(), "handle": handle}
        return open_report(envelope, self.identity, recipients=1, max_k=call.max_k, **checked)  # type: ignore[arg-type]

    def promise(self, note: bytes) -> Promise:
        return parse_promise(note, VerifierKey.parse(self.stored.call.log_vkey), self.stored.call.origin)


def write_call(folder: Path, *, form: bytes | None = None, **overrides: Any) -> MadeCall:
    """Make a call and its package in an empty folder, as `call build` does; keyword arguments replace keys of call.json."""
    identity = Identity.generate()
    log_key = SignerKey.generate(f"example.org/{overrides.get('call', 'asked')}")
    signing = SecretKey.generate()
    document = call_document(identity, log_key, signing, **overrides)
    written = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    files = {"call.json": written} | ({} if form is None else {"form.html": form})
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()).encode()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "SHA256SUMS").write_bytes(sums)
    (folder / "SHA256SUMS.minisig").write_text(signing.sign(sums))
    (folder / "log.key").write_text(log_key.line() + "\n")
    return MadeCall(folder, document, identity, log_key, read_package(folder), signing)


def leaf_of(body: bytes) -> bytes:
    """The leaf that a submission of these bytes is promised."""
    return leaf_hash(report_entry(hashlib.sha256(body[32:]).digest(), body[:32]))


def call_document(identity: Identity, log_key: SignerKey, signing: SecretKey, **overrides: Any) -> dict[str, Any]:
    """A small call that is open now and whose batches are far away."""
    now = int(time.time())
    document: dict[str, Any] = {
        "v": 1,
        "call": "asked",
        "host": "example.org",
        "opens": now - 3600,
        "deadline": now + 86400,
        "deadline_local": {"time": "2030-01-01T00:00", "zone": "America/New_York"},
        "grace_seconds": 600,
        "retention_days": 90,
        "recipients": [str(identity.recipient)],
        "log_vkey": str(log_key.vkey),
        "signing_key": signing.public_key,
        "timestamp_authorities": [],
        "batch_seconds": 7 * 86400,
        "batch_min": 1,
        "max_k": 18,
        "k": 5,
        "planted": 5,
        "languages": ["km", "en"],
        "title": WORDS,
        "introduction": WORDS,
        "promise": dict.fromkeys(PROMISE_POINTS, WORDS),
        "audiences": [{"id": "officials", "name": WORDS}],
        "questions": [
            {"id": "what", "type": "text", "label": WORDS, "max_bytes": 20000, "discloses": "free_text"},
            {"id": "when", "type": "date", "label": WORDS, "precision": "day", "discloses": "quasi", "generalize": ["year", "all"]},
            {"id": "proof", "type": "files", "label": WORDS, "discloses": "free_text"},
        ],
        "tables": [{"id": "years", "title": WORDS, "dimensions": ["when"]}],
        "demo": True,
    }
    return document | overrides


@dataclass
class Intake:
    """An application over an empty, migrated database, asked in this process."""

    app: FastAPI
    service: Service
    client: httpx.AsyncClient
    added: list[MadeCall] = field(default_factory=list)

    async def add(self, *calls: MadeCall) -> None:
        """Add calls as `call add` does, and sign their first checkpoints."""
        for call in calls:
            self.service.keys.keep(call.stored.call, call.log_key)
            await self.service.database.write(partial(add_call, stored=call.stored))
            self.added.append(call)
        assert await self.service.publisher.publish()

    async def cut(self, call: MadeCall) -> None:
        """Put all that waits into the log, and sign nothing; what was taken one after the other may fall due at more than one boundary."""
        while (await self.service.database.read(partial(log_size, call_id=call.id))).waiting:
            await self.service.database.write(partial(cut_batch, stored=call.stored))
            await asyncio.sleep(0.05)

    async def post(self, call: MadeCall, body: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.client.post(f"/calls/{call.id}/reports", content=body, headers=headers)

    async def post_form(self, call: MadeCall, fields: Fields, files: Files = (), *, lang: str = "en") -> httpx.Response:
        content_type, body = browser_form(fields, files)
        return await self.client.post(f"/{lang}/calls/{call.id}/reports", content=body, headers={"content-type": content_type})


def browser_form(fields: Fields, files: Files) -> tuple[str, bytes]:
    """Content type and body of a form as browsers send it; a file field that was left empty is a part with an empty name and no bytes."""
    edge = "----saksei-edge"
    parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields]
    for name, filename, content, kind in files:
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {kind}\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return f"multipart/form-data; boundary={edge}", b"".join(parts) + f"--{edge}--\r\n".encode()
