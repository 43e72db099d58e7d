"""Vectors of report.json (F2.6 to F2.8)."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.vectors.collection import Collection
from tests.vectors.spelling import text
from tests.vectors.world import CALL, CALL_HASH, HANDLE, report_document, spelled

LIMIT = 1 << 20
CONSENT = {"level": "C1", "audiences": [], "contact": False}
FILE = report_document()["files"][0]

ACCEPTED: dict[str, dict[str, Any]] = {
    "appendix-a": {},
    "no-files-no-answers": {"files": [], "answers": {}},
    "addition": {"seq": 99},
    "offline": {"form": "offline"},
    "server": {"form": "server"},
    "long-language-tag": {"lang": "zh-Hant-HK"},
    "all-kinds-of-answers": {
        "answers": {
            "choice": "TD1",
            "choices": ["TD1", "TD2"],
            "date": "2031-02",
            "files": [1],
            "none": [],
            "number": -5,
            "text": "e\u0301 \u00e9 ខ្ញុំ\u200b \U0001f600",
        }
    },
    "audiences-and-contact": {"consent": {"level": "C3", "audiences": ["press", "officials"], "contact": True}},
    "file-name-is-only-shown": {"files": [FILE | {"name": "../../etc/passwd\n\u202e"}]},
    "file-without-name-or-type": {"files": [FILE | {"name": "", "type": ""}]},
    "empty-file": {"files": [FILE | {"size": 0}]},
    "ninety-nine-files": {"files": [FILE] * 99},
    "answers-may-contradict-the-call": {"answers": {"nobody-asked": "x"}},
}

REFUSED: dict[str, dict[str, Any]] = {
    "key-unknown": {"name": "x"},
    "call-upper-case": {"call": "Lantern"},
    "call-empty": {"call": ""},
    "call-too-long": {"call": "a" * 41},
    "call-line-end": {"call": "lantern-2031\n"},
    "call-khmer-digit": {"call": "lantern-២០៣១"},
    "call-hash-upper-case": {"call_sha256": CALL_HASH.hex().upper()},
    "call-hash-short": {"call_sha256": CALL_HASH.hex()[:-2]},
    "seq-negative": {"seq": -1},
    "seq-100": {"seq": 100},
    "seq-text": {"seq": "0"},
    "seq-true": {"seq": True},
    "handle-long": {"handle": HANDLE.hex() + "00"},
    "handle-not-hex": {"handle": "g" * 64},
    "handle-list": {"handle": [1]},
    "thread-of-32-bytes": {"thread": "00" * 32},
    "thread-upper-case": {"thread": "AB" * 16},
    "reply-key-of-16-bytes": {"reply_key": "00" * 16},
    "form-unknown": {"form": "paper"},
    "lang-empty": {"lang": ""},
    "lang-one-letter": {"lang": "k"},
    "lang-underscore": {"lang": "km_KH"},
    "lang-five-subtags-too-many": {"lang": "km-a-b-c-d-e"},
    "lang-line-end": {"lang": "km\n"},
    "consent-text": {"consent": "C1"},
    "consent-level-unknown": {"consent": CONSENT | {"level": "C4"}},
    "consent-key-unknown": {"consent": CONSENT | {"why": ""}},
    "consent-key-absent": {"consent": {"level": "C1", "audiences": []}},
    "consent-audience-twice": {"consent": CONSENT | {"audiences": ["eu", "eu"]}},
    "consent-audience-empty": {"consent": CONSENT | {"audiences": [""]}},
    "consent-audience-number": {"consent": CONSENT | {"audiences": [1]}},
    "consent-audiences-text": {"consent": CONSENT | {"audiences": "eu"}},
    "consent-contact-number": {"consent": CONSENT | {"contact": 0}},
    "answers-list": {"answers": []},
    "answer-object": {"answers": {"a": {}}},
    "answer-true": {"answers": {"a": True}},
    "answer-list-of-lists": {"answers": {"a": [[]]}},
    "answer-list-mixed-text-first": {"answers": {"a": ["x", 1]}},
    "answer-list-mixed-number-first": {"answers": {"a": [1, "x"]}},
    "answer-list-of-booleans": {"answers": {"a": [True]}},
    "answer-member-0": {"answers": {"a": [0]}},
    "answer-member-100": {"answers": {"a": [100]}},
    "answer-to-nothing": {"answers": {"": "x"}},
    "files-object": {"files": {}},
    "files-100": {"files": [FILE] * 100},
    "file-text": {"files": ["a.txt"]},
    "file-key-unknown": {"files": [FILE | {"path": ""}]},
    "file-key-absent": {"files": [{key: FILE[key] for key in ("name", "size", "sha256")}]},
    "file-size-negative": {"files": [FILE | {"size": -1}]},
    "file-size-text": {"files": [FILE | {"size": "6"}]},
    "file-digest-upper-case": {"files": [FILE | {"sha256": FILE["sha256"].upper()}]},
    "file-name-number": {"files": [FILE | {"name": 1}]},
    "file-type-null-like": {"files": [FILE | {"type": []}]},
}


def collection() -> Collection:
    """Return the vectors of `report.json`."""
    made = Collection("report", "report.json, and how it is held against call, log and files. The desk checks consent and answers later.")
    made.base("report", spelled(report_document()))
    for name, changes in ACCEPTED.items():
        document = report_document(**changes)
        made.passes(name, "parse", "F2.6", {"json": spelled(document)}, {"document": document})
    for name, changes in REFUSED.items():
        made.refuses(name, "parse", "F2.6", "report", {"json": spelled(report_document(**changes))})
    _broken(made)
    _limit(made)
    _checked(made)
    return made


def _broken(made: Collection) -> None:
    whole = spelled(report_document())
    for key in sorted(report_document().keys() - {"v"}):
        made.refuses(f"key-absent-{key}", "parse", "F2.6", "report", {"json": spelled(report_document(**{key: None}))})
    for name, version in {"two": 2, "text": "1", "true": True, "zero": 0, "negative": -1, "list": [1], "absent": None}.items():
        made.refuses(f"version-{name}", "parse", "F2.6", "version", {"json": spelled(report_document(v=version))})
    made.refuses("version-before-keys", "parse", "F2.6", "version", {"json": spelled({"v": 2, "new": True})})
    made.refuses("not-canonical", "parse", "F0.3", "report", {"json": whole.replace(b'"seq":0', b'"seq": 0')})
    made.refuses("nul-in-answer", "parse", "F0.3", "report", {"json": whole.replace(b'"TD1"', b'"\\u0000"')})
    made.refuses("null", "parse", "F2.7", "report", {"json": whole.replace(b'"TD1"', b"null")})
    made.refuses("key-twice", "parse", "F0.3", "json-duplicate", {"json": whole.replace(b'"seq":0', b'"seq":0,"seq":0')})
    made.refuses("key-twice-in-answers", "parse", "F0.3", "json-duplicate", {"json": whole.replace(b'"files":[1]', b'"what":[1]')})
    made.refuses("byte-order-mark", "parse", "F0.3", "report", {"json": b"\xef\xbb\xbf" + whole})
    made.refuses("line-end", "parse", "F0.3", "report", {"json": whole + b"\n"})
    made.refuses("a-list", "parse", "F2.6", "report", {"json": b"[]"})
    made.refuses("a-text", "parse", "F2.6", "report", {"json": b'"report"'})


def _limit(made: Collection) -> None:
    """Say 1 MiB exactly, and one byte more."""
    before, after = spelled(report_document(answers={"a": ""})).split(b'"a":""')
    room = LIMIT - len(before + b'"a":""' + after)
    for name, size in (("one-mebibyte", room), ("one-mebibyte-and-one", room + 1)):
        parts = [text(before + b'"a":"'), {"$repeat": [text("x"), size]}, text(b'"' + after)]
        if size == room:
            made.passes(name, "parse", "F2.6", {"json": {"$parts": parts}}, {})
        else:
            made.refuses(name, "parse", "F2.6", "report", {"json": {"$parts": parts}})


def _checked(made: Collection) -> None:
    whole = spelled(report_document())
    fits: dict[str, Any] = {"json": whole, "files": [b"hello\n"], "call": CALL, "call_sha256": CALL_HASH.hex(), "handle": HANDLE}
    made.passes("fits", "check", "F2.8", fits, {})
    named = report_document(files=[FILE, FILE | {"size": 0, "sha256": hashlib.sha256(b"").hexdigest()}])
    made.passes("fits-with-two-files", "check", "F2.8", fits | {"json": spelled(named), "files": [b"hello\n", b""]}, {})
    made.refuses("another-call", "check", "F2.8", "wrong-call", fits | {"call": "lantern-2032"})
    made.refuses("another-text-of-the-call", "check", "F2.8", "wrong-call", fits | {"call_sha256": "00" * 32})
    made.refuses("another-handle", "check", "F2.8", "handle-mismatch", fits | {"handle": bytes(32)})
    for name, files in {"absent": [], "too-many": [b"hello\n", b""], "longer": [b"hello\n\n"], "changed": [b"hallo\n"]}.items():
        made.refuses(f"file-{name}", "check", "F2.8", "container", fits | {"files": files})
    made.refuses("files-swapped", "check", "F2.8", "container", fits | {"json": spelled(named), "files": [b"", b"hello\n"]})
    made.refuses("call-before-handle", "check", "F0.9", "wrong-call", fits | {"call": "lantern-2032", "handle": bytes(32)})
    made.refuses("handle-before-files", "check", "F0.9", "handle-mismatch", fits | {"files": [], "handle": bytes(32)})
