"""The browser writes what Python writes: container, receipt, report, log entries, notes; and Python opens what the browser seals."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any

from crypto.container import pack
from crypto.entries import call_entry, frame, report_entry, withdraw_entry
from crypto.envelope import sealed_size
from crypto.merkle import leaf_hash, root
from crypto.notes import Checkpoint, Promise, SignerKey
from crypto.opening import Identity, open_age
from crypto.receipts import Receipt
from crypto.report import AttachedFile, Consent, Report
from tests.form.node import ask_browser

ORIGIN = "intake.example/invented"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_container_bytes_are_equal() -> None:
    cases: list[tuple[bytes, list[bytes]]] = [
        (b"{}", []),
        (b"{}", [b""]),
        (b"x" * 512, [b"y" * 511, b"z" * 513]),
        (b"x" * 62976, []),
        (b"x" * 62977, []),
        (secrets.token_bytes(70000), [secrets.token_bytes(100000)] * 3),
        (b"{}", [b"."] * 99),
    ]
    answers = ask_browser(
        [{"kind": "container", "report": b64(report), "files": [b64(file) for file in files], "maxK": 24} for report, files in cases]
    )
    for (report, files), answer in zip(cases, answers, strict=True):
        assert base64.b64decode(answer) == pack(report, files, max_k=24)


def test_receipts_derive_the_same() -> None:
    receipts = [Receipt.generate() for _ in range(5)]
    cases = [(receipt, call, n) for receipt in receipts for call in ("invented", "a-b-1") for n in (0, 1, 99)]
    answers = ask_browser([{"kind": "receipt", "code": receipt.code, "call": call, "n": n} for receipt, call, n in cases])
    for (receipt, call, n), answer in zip(cases, answers, strict=True):
        derived = [receipt.withdraw(call, n), receipt.handle(call, n), receipt.thread(call), receipt.reply_key(call)]
        assert answer == [value.hex() for value in derived]


def test_report_bytes_are_equal() -> None:
    receipt, content = Receipt.generate(), b"\x89PNG"
    answers: dict[str, Any] = {
        "what": 'ខ្ញុំ\u200bបាន "ឃើញ"\n\\ \u0007 \U0001f600 \u2028',
        "incident": ["DA2", "TD1"],
        "people": -3,
        "evidence": [1],
        "Z": "1",
    }
    call = {"call": "invented", "callSha256": "ab" * 32}
    consent = {"level": "C2", "audiences": ["eu"], "contact": True}
    (answer,) = ask_browser(
        [
            {
                "kind": "report",
                "call": call,
                "testimony": {"lang": "km", "consent": consent, "answers": answers},
                "files": [["រូប.png", "image/png", b64(content)]],
                "code": receipt.code,
                "n": 2,
            }
        ]
    )
    file = AttachedFile("រូប.png", "image/png", len(content), hashlib.sha256(content).hexdigest())
    report = Report(
        call="invented",
        call_sha256="ab" * 32,
        seq=2,
        handle=receipt.handle("invented", 2),
        thread=receipt.thread("invented"),
        reply_key=receipt.reply_key("invented"),
        form="web",
        lang="km",
        consent=Consent("C2", ("eu",), contact=True),
        answers=answers,
        files=(file,),
    )
    assert base64.b64decode(answer) == report.to_bytes()


def test_entries_and_roots_are_equal() -> None:
    entries = [call_entry("invented", bytes(32)), *(report_entry(secrets.token_bytes(32), secrets.token_bytes(32)) for _ in range(9))]
    digest, secret = secrets.token_bytes(32), secrets.token_bytes(32)
    handle = hashlib.sha256(secret).digest()
    questions: list[dict[str, Any]] = [{"kind": "entries", "digest": digest.hex(), "handle": handle.hex(), "withdraw": secret.hex()}]
    questions += [{"kind": "root", "framed": b64(frame(entries[:size]))} for size in range(len(entries) + 1)]
    leaves, *roots = ask_browser(questions)
    assert leaves == [leaf_hash(report_entry(digest, handle)).hex(), leaf_hash(withdraw_entry(handle, secret)).hex()]
    assert roots == [root([leaf_hash(entry) for entry in entries[:size]]).hex() for size in range(len(entries) + 1)]


def test_promises_are_verified() -> None:
    signer, other = SignerKey.generate(ORIGIN), SignerKey.generate(ORIGIN)
    leaf = secrets.token_bytes(32)
    note = signer.sign(Promise(ORIGIN, leaf, 1755160000).text()).decode()
    forged = other.sign(Promise(ORIGIN, leaf, 1755160000).text()).decode()
    another = signer.sign(Promise(ORIGIN, bytes(32), 1755160000).text()).decode()
    elsewhere = signer.sign(Promise("intake.example/other", leaf, 1755160000).text()).decode()
    checkpoint = signer.sign(Checkpoint(ORIGIN, 3, leaf).text()).decode()
    text, signature = note.split("\n\n")
    witnessed = f"{text}\n\n— someone.example AAAAAAAA\n{signature}"
    notes = [note, witnessed, forged, another, elsewhere, checkpoint, note.replace("1755160000", "1755160001"), note[:-1], text, ""]
    answers = ask_browser(
        [{"kind": "promise", "note": text, "vkey": str(signer.vkey), "origin": ORIGIN, "leaf": b64(leaf)} for text in notes]
    )
    assert answers[:2] == [1755160000, 1755160000]
    words = ["signature", "promise-broken", "signature", "signature", "signature", "signature", "signature", "signature"]
    assert [answer["refused"] for answer in answers[2:]] == words


def test_checkpoints_are_verified() -> None:
    signer = SignerKey.generate(ORIGIN)
    notes = [signer.sign(Checkpoint(origin, 3, bytes(32)).text()).decode() for origin in (ORIGIN, "intake.example/other")]
    read, other = ask_browser([{"kind": "checkpoint", "note": note, "vkey": str(signer.vkey), "origin": ORIGIN} for note in notes])
    assert read == [3, "00" * 32]
    assert other == {"refused": "signature"}


def test_python_opens_what_is_sealed() -> None:
    identities = [Identity.generate() for _ in range(3)]
    recipients = [str(identity.recipient) for identity in identities]
    container = pack(b"{}", [secrets.token_bytes(100_000)], max_k=24)
    (answer,) = ask_browser([{"kind": "seal", "container": b64(container), "recipients": recipients}])
    envelope = base64.b64decode(answer)
    assert len(envelope) == sealed_size(3, len(container))
    for identity in identities:
        assert open_age(envelope, [identity]) == container


def test_only_hybrid_recipients_are_taken() -> None:
    classic = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    answers = ask_browser([{"kind": "seal", "container": b64(bytes(65536)), "recipients": recipients} for recipients in ([classic], [])])
    assert [answer["refused"] for answer in answers] == ["Error: not a hybrid recipient", "Error: no recipients"]
