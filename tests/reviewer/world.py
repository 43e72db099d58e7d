"""An invented call and a server that keeps its log in memory: what came in, in which batch, what was withdrawn. It writes real bundles."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crypto import entries as log
from crypto.bundle import Member, checkpoint_name, envelope_name, write_bundle
from crypto.container import pack
from crypto.members import CALL, FORM, SIGNATURE, SUMS
from crypto.merkle import leaf_hash, root
from crypto.notes import Checkpoint, Promise, SignerKey
from crypto.recipients import Recipient
from crypto.report import AttachedFile, Consent, Report
from crypto.sealing import seal
from questionnaire.models import Call, load_call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from crypto.receipts import Receipt

PASSPHRASE = "six unrelated words are more than enough"
HOST = "report.example.org"
CALL_ID = "invented"
_POINTS = ("readers", "held", "kept", "withdrawal", "seizure", "named", "counts", "emergency", "receipt", "plain")
_QUESTIONS = """
  - {id: story, type: text, label: {km: រឿង, en: The story}, max_bytes: 2000, discloses: free_text}
  - {id: incident, type: choices, options: incident, label: {km: អំពើ, en: What was done}, discloses: sensitive}
  - {id: when, type: date, precision: month, label: {km: ពេល, en: When}, discloses: quasi, generalize: [month, year]}
  - {id: country, type: country, label: {km: ប្រទេស, en: Where you live}, discloses: quasi, generalize: [country, region, world]}
  - {id: evidence, type: files, label: {km: ភស្តុតាង, en: Evidence}, discloses: free_text}
  - {id: reach, type: contact, label: {km: ទាក់ទង, en: How to reach you}, max_bytes: 200, discloses: direct}
"""


def call_yaml(*, deadline: str = "2026-08-13T23:59", grace_seconds: int = 600) -> str:
    """The invented call as a coordinator would write it."""
    promise = "\n".join(f"  {point}: {{km: សន្យា, en: We promise.}}" for point in _POINTS)
    return f"""id: {CALL_ID}
languages: [km, en]
title: {{km: ការហៅ, en: Invented}}
introduction: {{km: សេចក្តីផ្តើម, en: Tell us.}}
promise:
{promise}
zone: America/New_York
opens: 2026-01-05T08:00
deadline: {deadline}
grace_seconds: {grace_seconds}
retention: 180
max_k: 17
k: 5
planted: 5
audiences:
  - {{id: ministry, name: {{km: ក្រសួង, en: The ministry}}}}
  - {{id: roundtable, name: {{km: តុមូល, en: The roundtable}}}}
questions:{_QUESTIONS}
tables:
  - {{id: incidents, title: {{km: អំពើ, en: Incidents}}, dimensions: [incident]}}
  - {{id: countries, title: {{km: ប្រទេស, en: Countries}}, dimensions: [country]}}
  - {{id: periods, title: {{km: ពេល, en: Periods}}, dimensions: [when]}}
"""


@dataclass
class Server:
    """Keeps what `DIR/server` of a built call needs to make bundles; entries are appended in the order of the calls below."""

    folder: Path
    entries: list[bytes] = field(default_factory=list)
    envelopes: dict[bytes, bytes] = field(default_factory=dict)
    pending: list[bytes] = field(default_factory=list)
    checkpoints: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin the log with its call entry."""
        self.entries.append(log.call_entry(self.call.call, bytes.fromhex(self.call_sha256)))

    @property
    def call_bytes(self) -> bytes:
        """call.json as it is."""
        return (self.folder / "call.json").read_bytes()

    @property
    def call(self) -> Call:
        """call.json read."""
        return load_call(self.call_bytes)

    @property
    def call_sha256(self) -> str:
        """The call hash in hex."""
        return hashlib.sha256(self.call_bytes).hexdigest()

    @property
    def signer(self) -> SignerKey:
        """The log key."""
        return SignerKey.parse((self.folder / "log.key").read_text())

    def submit(
        self,
        receipt: Receipt,
        *,
        seq: int = 0,
        answers: Mapping[str, Any] | None = None,
        level: str = "C1",
        audiences: Sequence[str] = ("ministry",),
        contact: bool = False,
        files: Sequence[tuple[str, bytes]] = (),
        recipients: Sequence[Recipient] | None = None,
        call_sha256: str | None = None,
    ) -> int:
        """Seal a report and log it at once; return its number."""
        report = Report(
            call=self.call.call,
            call_sha256=call_sha256 or self.call_sha256,
            seq=seq,
            handle=receipt.handle(CALL_ID, seq),
            thread=receipt.thread(CALL_ID),
            reply_key=receipt.reply_key(CALL_ID),
            form="web",
            lang="km",
            consent=Consent(level, tuple(audiences), contact),
            answers=dict(answers or {}),
            files=tuple(AttachedFile(name, "image/png", len(body), hashlib.sha256(body).hexdigest()) for name, body in files),
        )
        container = pack(report.to_bytes(), [body for _, body in files], max_k=self.call.max_k)
        own = [Recipient.parse(text) for text in self.call.recipients]
        envelope = seal(container, own if recipients is None else recipients)
        digest = hashlib.sha256(envelope).digest()
        self.envelopes[digest] = envelope
        self.entries.append(log.report_entry(digest, report.handle))
        return len(self.entries) - 1

    def withdraw(self, receipt: Receipt, seq: int = 0, *, batched: bool = True) -> None:
        """Withdraw a report: its envelope is gone at once, its entry in the log now or waiting."""
        handle = receipt.handle(CALL_ID, seq)
        entry = log.withdraw_entry(handle, receipt.withdraw(CALL_ID, seq))
        (self.entries if batched else self.pending).append(entry)
        digest = next(found.digest for raw in self.entries if (found := log.parse_entry(raw)).handle == handle and found.kind == "report")
        del self.envelopes[digest]

    def lose(self, number: int) -> bytes:
        """Lose an envelope that the log names; return it."""
        return self.envelopes.pop(log.parse_entry(self.entries[number]).digest)

    def envelope(self, number: int) -> bytes:
        """The envelope of a report."""
        return self.envelopes[log.parse_entry(self.entries[number]).digest]

    def close(self) -> None:
        """Close the call."""
        self.entries.append(log.close_entry())

    def checkpoint(self) -> bytes:
        """A checkpoint over all entries."""
        leaves = [leaf_hash(entry) for entry in self.entries]
        return self.signer.sign(Checkpoint(self.call.origin, len(leaves), root(leaves)).text())

    def promise(self, entry: bytes, publish_by: int) -> bytes:
        """A promise to log an entry."""
        return self.signer.sign(Promise(self.call.origin, leaf_hash(entry), publish_by).text())

    def export(self, path: Path) -> Path:
        """Write a bundle of all there is to `path`."""
        members = [Member.of(name, (self.folder / name).read_bytes()) for name in (CALL, SUMS, SIGNATURE, FORM)]
        members.append(Member.of("log/entries", log.frame(self.entries)))
        members.append(Member.of("log/pending", log.frame(sorted(self.pending, key=leaf_hash))))
        members.append(Member.of(checkpoint_name(len(self.entries)), self.checkpoint()))
        members.extend(Member.of(envelope_name(digest), envelope) for digest, envelope in self.envelopes.items())
        out = io.BytesIO()
        write_bundle(out, members, self.signer, self.call.origin)
        path.write_bytes(out.getvalue())
        return path
