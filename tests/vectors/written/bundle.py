"""Vectors of the bundle (F10): one with a report of every outcome, and what is done to it on its way."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

from crypto.entries import call_entry
from crypto.notes import SignerKey
from tests.vectors import intake
from tests.vectors.collection import Collection
from tests.vectors.world import (
    CALL,
    LOG_KEY,
    ORIGIN,
    OTHER_LOG_KEY,
    OTHER_SIGNING,
    SIGNING,
    digest,
    fixture,
    handle,
    reported,
    spelled,
    withdrawn,
)
from tests.vectors.written.entries import CLOSE, DESTROY, frame

TOKENS = {name: base64.b64decode(token) for name, token in fixture("authority.json").items() if name != "certificate"}
FORM_DIGEST = hashlib.sha256(intake.FORM).hexdigest().encode()
EARLY, SIZE = 5, 9  # checkpoints of the log: after four reports, and over all of it


def stored(members: dict[str, bytes]) -> bytes:
    """Return the ZIP64 file of F10.2, written here by hand."""
    files, directory = [], []
    offset = 0
    for name, content in members.items():
        raw, crc, size = name.encode(), zlib.crc32(content), len(content)
        shared = struct.pack("<HHHHHIII", 45, 0, 0, 0, 0x21, crc, 0xFFFFFFFF, 0xFFFFFFFF)
        local = b"PK\3\4" + shared + struct.pack("<HH", len(raw), 20) + raw + struct.pack("<HHQQ", 1, 16, size, size) + content
        central = b"PK\1\2" + struct.pack("<H", 45) + shared + struct.pack("<HHHHHII", len(raw), 28, 0, 0, 0, 0, 0xFFFFFFFF)
        directory.append(central + raw + struct.pack("<HHQQQ", 1, 24, size, size, offset))
        files.append(local)
        offset += len(local)
    central = b"".join(directory)
    ending = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, len(members), len(members), len(central), offset)
    ending += b"PK\6\7" + struct.pack("<IQI", 0, offset + len(central), 1)
    ending += b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return b"".join(files) + central + ending


@dataclass
class Exported:
    """A bundle as a server writes it: an honest one unless something is given instead.

    Attributes:
        instead: Content of members, by name; None takes one away. The manifest tells of it.
        behind: Like it, but the manifest tells of the honest one.
    """

    log: list[bytes] = field(default_factory=intake.log)
    sizes: tuple[int, ...] = (EARLY, SIZE)
    pending: list[bytes] = field(default_factory=lambda: [intake.PENDING])
    sent: tuple[int, ...] = intake.SENT
    tokens: dict[str, bytes] = field(default_factory=lambda: {f"log/{EARLY}.{intake.AUTHORITY}.tsr": TOKENS["early"]})
    call_json: bytes = field(default_factory=intake.call_json)
    instead: dict[str, bytes | None] = field(default_factory=dict)
    behind: dict[str, bytes | None] = field(default_factory=dict)
    first_line: str = f"{ORIGIN}/bundle"

    def members(self) -> dict[str, bytes]:
        """Return every member but the manifest, in order."""
        sums = f"{hashlib.sha256(self.call_json).hexdigest()}  call.json\n{hashlib.sha256(intake.FORM).hexdigest()}  form.html\n".encode()
        signed = {"call.json": self.call_json, "SHA256SUMS": sums, "SHA256SUMS.minisig": SIGNING.sign(sums).encode()}
        checkpoints = {f"log/checkpoint.{size}": intake.checkpoint(size, of=self.log) for size in self.sizes}
        log = {"form.html": intake.FORM, "log/entries": frame(self.log)} | checkpoints | self.tokens
        sent = {f"envelopes/{digest(number).hex()}.age": intake.envelope(number) for number in self.sent}
        return signed | log | {"log/pending": frame(self.pending)} | dict(sorted(sent.items()))

    def manifest(self, members: dict[str, bytes]) -> bytes:
        """Return the manifest of members."""
        lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in members.items()]
        return LOG_KEY.sign("".join([self.first_line + "\n", *lines]).encode())

    def to_bytes(self) -> bytes:
        """Return the file."""
        told = _changed(self.members(), self.instead)
        return stored(_changed({"manifest": self.manifest(told)} | told, self.behind))


def _changed(members: dict[str, bytes], changes: dict[str, bytes | None]) -> dict[str, bytes]:
    return {name: content for name, content in (members | changes).items() if content is not None}


def outcome(index: int, number: int, said: str) -> dict[str, Any]:
    """Return what the vectors say of one report."""
    return {"index": index, "digest": digest(number), "handle": handle(number), "outcome": said}


OUTCOMES = [
    outcome(1, 1, "on-time-proven"),
    outcome(2, 2, "withdrawn"),
    outcome(3, 3, "withdrawn"),
    outcome(4, 4, "missing"),
    outcome(5, 5, "time-unproven"),
    outcome(8, 6, "late"),
]


def collection() -> Collection:
    """Return the vectors of `bundle.json`."""
    made = Collection(
        "bundle", "Bundles for the reviewers. Envelopes are short texts here: nothing is opened. Checkpoints and promises beside."
    )
    made.base("bundle", Exported().to_bytes())
    _accepted(made)
    _files(made)
    _trust(made)
    _manifests(made)
    _logs(made)
    _checkpoints(made)
    _promises(made)
    _envelopes(made)
    return made


def given(exported: Exported | bytes, **terms: Any) -> dict[str, Any]:
    """Return the input of `open`."""
    content = exported if isinstance(exported, bytes) else exported.to_bytes()
    expected: dict[str, Any] = {"call_sha256": None, "signing_key": None, "checkpoints": [], "promises": []}
    return {"bundle": content} | expected | terms


def _output(outcomes: list[dict[str, Any]], size: int = SIZE) -> dict[str, Any]:
    return {"origin": ORIGIN, "call_sha256": intake.call_hash().hex(), "size": size, "outcomes": outcomes}


def _accepted(made: Collection) -> None:
    def passes(name: str, exported: Exported, outcomes: list[dict[str, Any]], rule: str = "F10.14", **terms: Any) -> None:
        made.passes(name, "open", rule, given(exported, **terms), _output(outcomes, len(exported.log)))

    def unless(number: int, said: str) -> list[dict[str, Any]]:
        return [each | {"outcome": said} if each["digest"] == digest(number) else each for each in OUTCOMES]

    unproven = unless(1, "time-unproven")
    passes("every-outcome", Exported(), OUTCOMES)
    passes("without-tokens", Exported(tokens={}), unproven)
    name = f"log/{EARLY}.{intake.AUTHORITY}.tsr"
    passes("token-of-something-else", Exported(tokens={name: TOKENS["elsewhere"]}), unproven, "F10.10")
    passes("token-that-is-none", Exported(tokens={name: b"token"}), unproven, "F10.10")
    whole = {f"log/{SIZE}.{intake.AUTHORITY}.tsr": TOKENS["whole"]}
    passes("token-over-everything", Exported(tokens=whole), unless(5, "on-time-proven"))
    passes("last-checkpoint-alone", Exported(sizes=(SIZE,), tokens=whole), unless(5, "on-time-proven"))
    passes("nothing-pending", Exported(pending=[]), unless(3, "missing"))
    passes("withdrawal-pending-and-logged", Exported(pending=[withdrawn(2)]), unless(3, "missing"), "F10.7")
    passes("withdrawal-pending-of-nobody-yet", Exported(pending=[withdrawn(7)]), unless(3, "missing"), "F10.7")
    new = intake.log()[:1]
    passes("new", Exported(log=new, sizes=(1,), pending=[], sent=(), tokens={}), [])
    log = [*intake.log(), DESTROY]
    destroyed = [each | {"outcome": "withdrawn" if each["outcome"] == "withdrawn" else "destroyed"} for each in OUTCOMES]
    passes("destroyed", Exported(log=log, sizes=(EARLY, 10), sent=()), destroyed)
    expected = {"call_sha256": intake.call_hash().hex(), "signing_key": SIGNING.public_key}
    passes("as-expected", Exported(), OUTCOMES, "F10.5", **expected)
    kept = [intake.checkpoint(size) for size in (1, 3, 7, SIZE)]
    passes("with-checkpoints-beside", Exported(), OUTCOMES, "F10.8", checkpoints=kept)
    promised = [intake.promise(reported(number), 1) for number in (1, 4, 6)]
    passes("with-promises-kept", Exported(), OUTCOMES, "F10.11", promises=promised)
    passes("promise-of-a-pending-withdrawal", Exported(), OUTCOMES, "F10.11", promises=[intake.promise(withdrawn(3), 4_000_000_000)])
    open_log = Exported(log=intake.log()[:6], sizes=(6,), pending=[], tokens={}, sent=(1, 5))
    early = [outcome(number, number, "time-unproven" if number in (1, 5) else "missing") for number in range(1, 6)]
    passes("promise-not-due", open_log, early, "F10.11", promises=[intake.promise(reported(9), 1)])


def _files(made: Collection) -> None:
    whole = made.bases["bundle"]
    name = whole.index(b"log/pending", whole.index(b"log/pending") + 20)
    for case, content in {
        "nothing": b"",
        "cut-first-member": whole[:100],
        "cut-in-the-middle": whole[: len(whole) // 2],
        "cut-last-byte": whole[:-1],
        "byte-after": whole + b"\0",
        "comment": whole[:-2] + b"\1\0x",
        "byte-before": b"\0" + whole,
        "other-time": whole.replace(struct.pack("<HH", 0, 0x21), struct.pack("<HH", 1, 0x21), 1),
        "flags": whole[:6] + b"\x08\0" + whole[8:],
        "method": whole[:8] + b"\x08\0" + whole[10:],
        "version-needed": whole[:4] + b"\x14\0" + whole[6:],
        "checksum": whole[:14] + b"\0\0\0\0" + whole[18:],
        "name-in-the-directory": whole[:name] + b"L" + whole[name + 1 :],
        "content-of-form": whole.replace(b"<!doctype", b"<!DOCTYPE", 1),
        "count": whole[:-14] + b"\0\0" + whole[-12:],
        "not-a-zip": b"x" * 1000,
    }.items():
        made.refuses(f"file-{case}", "open", "F10.2", "manifest", given(content))
    members = {"manifest": Exported().manifest(Exported().members())} | Exported().members()
    long = stored({"m" * 129: b"", **members})
    made.refuses("file-long-name", "open", "F10.2", "manifest", given(long))
    made.refuses(
        "file-manifest-not-first", "open", "F10.1", "manifest", given(stored(dict([*members.items()][1:] + [*members.items()][:1])))
    )


def _trust(made: Collection) -> None:
    whole = made.bases["bundle"]
    made.refuses("another-call-than-expected", "open", "F10.5", "wrong-call", given(whole, call_sha256="00" * 32))
    made.refuses("another-key-than-expected", "open", "F10.5", "signature", given(whole, signing_key=OTHER_SIGNING.public_key))
    version = spelled(intake.call_document(fixture("authority.json")["certificate"]) | {"v": 2})
    made.refuses("call-of-version-2", "open", "F10.5", "version", given(Exported(call_json=version)))
    broken = intake.call_json() + b"\n"
    made.refuses("call-not-canonical", "open", "F10.5", "manifest", given(Exported(call_json=broken)))
    sums = Exported().members()["SHA256SUMS"]
    forged = OTHER_SIGNING.sign(sums).encode()
    made.refuses("sums-by-another-key", "open", "F10.5", "signature", given(Exported(instead={"SHA256SUMS.minisig": forged})))
    for name, content in {
        "of-another-call": sums.replace(sums[:64], b"0" * 64),
        "with-a-third-file": sums + sums[:64] + b"  README\n",
    }.items():
        signed = {"SHA256SUMS": content, "SHA256SUMS.minisig": SIGNING.sign(content).encode()}
        made.refuses(f"sums-{name}", "open", "F10.5", "manifest", given(Exported(instead=dict(signed))))


def _manifests(made: Collection) -> None:
    honest = Exported()
    members = honest.members()

    def manifest(text: bytes) -> dict[str, bytes | None]:
        return {"manifest": text}

    good = honest.manifest(members)
    text = good[: good.index(b"\n\n") + 1]
    other = OTHER_LOG_KEY.sign(text)
    swapped = dict(sorted(members.items()))
    for name, exported in {
        "by-another-key": Exported(behind=manifest(other)),
        "signed-twice": Exported(behind=manifest(good + good[good.index(b"\n\n") + 2 :])),
        "of-another-log": Exported(first_line="intake.example/other/bundle"),
        "that-is-a-checkpoint": Exported(first_line=ORIGIN),
        "line-of-one-space": Exported(behind=manifest(LOG_KEY.sign(text.replace(b"  log/pending", b" log/pending")))),
        "line-upper-case": Exported(behind=manifest(LOG_KEY.sign(text.replace(FORM_DIGEST, FORM_DIGEST.upper())))),
        "members-sorted-by-name": Exported(behind=manifest(honest.manifest(swapped))),
        "names-a-member-that-none-has": Exported(instead={"notes.txt": b"x"}),
        "names-a-path": Exported(instead={"envelopes/../x": b"x"}),
        "lacks-pending": Exported(instead={"log/pending": None}),
        "lacks-entries": Exported(instead={"log/entries": None}),
        "lacks-form": Exported(instead={"form.html": None}),
        "form-of-another": Exported(instead={"form.html": b"<!doctype html>"}),
        "entries-of-another": Exported(behind={"log/entries": frame(intake.log()[:6])}),
        "token-over-no-checkpoint": Exported(tokens={f"log/4.{intake.AUTHORITY}.tsr": TOKENS["early"]}),
        "token-by-no-authority": Exported(tokens={f"log/{EARLY}.day-watch.tsr": TOKENS["early"]}),
        "checkpoint-leading-zero": Exported(instead={f"log/checkpoint.{SIZE}": None, "log/checkpoint.09": intake.checkpoint(9)}),
        "member-it-does-not-name": Exported(behind={"envelopes/" + "f" * 64 + ".age": b"x"}),
    }.items():
        made.refuses(f"manifest-{name}", "open", "F10.6", "manifest", given(exported))


def _logs(made: Collection) -> None:
    log = intake.log()
    for name, word, entries in (
        ("of-another-call", "log-call", [call_entry(CALL, digest(1)), *log[1:]]),
        ("entry-malformed", "log-entry", [*log[:1], log[1][:-1], *log[2:]]),
        ("closed-twice", "log-entry", [*log, CLOSE]),
        ("report-twice", "log-duplicate", [*log, reported(1)]),
        ("withdrawal-of-nobody", "log-withdraw", [*log, withdrawn(9)]),
    ):
        made.refuses(f"log-{name}", "open", "F10.7", word, given(Exported(log=entries, sizes=(EARLY, len(entries)))))
    cut = {"log/entries": frame(log)[:-1]}
    made.refuses("log-cut", "open", "F10.7", "log-entry", given(Exported(instead=dict(cut))))
    two = sorted((withdrawn(3), withdrawn(4)), key=lambda entry: hashlib.sha256(b"\0" + entry).digest())
    foreign = f"saksei/v1\nwithdraw\n{handle(3).hex()}\n{hashlib.sha256(b'x').hexdigest()}\n".encode()
    for name, word, entries in (
        ("a-report", "log-entry", [reported(7)]),
        ("malformed", "log-entry", [withdrawn(3)[:-1]]),
        ("out-of-order", "log-entry", two[::-1]),
        ("twice", "log-entry", [withdrawn(3), withdrawn(3)]),
        ("by-another", "log-withdraw", [foreign]),
    ):
        made.refuses(f"pending-{name}", "open", "F10.7", word, given(Exported(pending=entries)))


def _checkpoints(made: Collection) -> None:
    log = intake.log()
    forked = [*log[:2], reported(9), *log[3:]]
    other_origin = intake.checkpoint(SIZE, origin="intake.example/other", key=SignerKey("intake.example/other", LOG_KEY.seed))
    for name, word, content in (
        ("by-another-key", "signature", intake.checkpoint(SIZE, key=OTHER_LOG_KEY)),
        ("of-another-log", "signature", other_origin),
        ("that-is-a-promise", "signature", intake.promise(reported(1), 1)),
        ("of-another-size", "log-inconsistent", intake.checkpoint(8)),
        ("of-another-log-of-that-size", "log-inconsistent", intake.checkpoint(SIZE, of=forked)),
    ):
        made.refuses(f"checkpoint-{name}", "open", "F10.8", word, given(Exported(instead={f"log/checkpoint.{SIZE}": content})))
    made.refuses("checkpoint-of-fewer", "open", "F10.9", "log-unsigned-tail", given(Exported(sizes=(EARLY, 8))))
    longer = [*log, reported(9)]
    for name, word, content in (
        ("by-another-key", "signature", intake.checkpoint(3, key=OTHER_LOG_KEY)),
        ("of-a-fork", "log-inconsistent", intake.checkpoint(3, of=forked)),
        ("of-a-fork-of-the-same-size", "log-inconsistent", intake.checkpoint(SIZE, of=forked)),
        ("of-a-longer-log", "log-inconsistent", intake.checkpoint(10, of=longer)),
    ):
        made.refuses(f"checkpoint-beside-{name}", "open", "F10.8", word, given(made.bases["bundle"], checkpoints=[content]))


def _promises(made: Collection) -> None:
    whole = made.bases["bundle"]
    for name, word, content in (
        ("by-another-key", "signature", intake.promise(reported(1), 1, key=OTHER_LOG_KEY)),
        ("that-is-a-checkpoint", "signature", intake.checkpoint(3)),
        ("not-kept-though-closed", "promise-broken", intake.promise(reported(9), 4_000_000_000)),
        ("of-a-withdrawal-not-kept", "promise-broken", intake.promise(withdrawn(4), 4_000_000_000)),
        ("of-a-pending-withdrawal-past-its-time", "promise-broken", intake.promise(withdrawn(3), 1)),
    ):
        made.refuses(f"promise-{name}", "open", "F10.11", word, given(whole, promises=[content]))
    open_log = Exported(log=intake.log()[:6], sizes=(EARLY, 6), pending=[], sent=(1, 5))
    late = given(open_log, promises=[intake.promise(reported(9), 1)])
    made.refuses("promise-past-its-time-by-a-token", "open", "F10.11", "promise-broken", late)


def _envelopes(made: Collection) -> None:
    for name, number in {"withdrawn": 2, "withdrawn-and-pending": 3, "of-nobody": 9}.items():
        made.refuses(f"envelope-{name}", "open", "F10.12", "envelope-unlogged", given(Exported(sent=(*intake.SENT, number))))
    log = [*intake.log(), DESTROY]
    made.refuses("envelope-destroyed", "open", "F10.12", "envelope-unlogged", given(Exported(log=log, sizes=(EARLY, 10))))
    one = f"envelopes/{digest(1).hex()}.age"
    made.refuses("envelope-absent", "open", "F10.13", "envelope-missing", given(Exported(behind={one: None})))
    made.refuses("envelope-changed", "open", "F10.13", "envelope", given(Exported(behind={one: b"envelope !"})))
    made.refuses("envelope-changed-and-told", "open", "F10.6", "envelope", given(Exported(instead={one: b"envelope !"})))
