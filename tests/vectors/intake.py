"""The call, the log and the envelopes of the bundle in the vectors: one report of each outcome (F10.14)."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from crypto import canonical, entries, merkle, notes
from tests.vectors.world import CALL, HOST, IDENTITIES, LOG_KEY, ORIGIN, SIGNING, fixture, handle, reported, root, withdrawn

DEADLINE, GRACE = 1_935_014_400, 600
AUTHORITY = "night-watch"
FORM = b"<!doctype html>\n"
POINTS = ("readers", "held", "kept", "withdrawal", "seizure", "named", "counts", "emergency", "receipt", "plain")
WORDS = {"km": "ពាក្យ", "en": "words"}


def call_document(certificate: str) -> dict[str, Any]:
    """Return a small call with everything that F1.8 asks for."""
    return {
        "v": 1,
        "call": CALL,
        "host": HOST,
        "opens": 1_790_000_000,
        "deadline": DEADLINE,
        "deadline_local": {"time": "2031-04-26T19:59", "zone": "America/New_York"},
        "grace_seconds": GRACE,
        "retention_days": 90,
        "recipients": [str(IDENTITIES[0].recipient)],
        "log_vkey": str(LOG_KEY.vkey),
        "signing_key": SIGNING.public_key,
        "timestamp_authorities": [{"name": AUTHORITY, "url": "https://tsa.example/", "certificate": certificate}],
        "batch_seconds": 21600,
        "batch_min": 8,
        "max_k": 24,
        "k": 5,
        "planted": 5,
        "languages": ["km", "en"],
        "title": WORDS,
        "introduction": WORDS,
        "promise": dict.fromkeys(POINTS, WORDS),
        "audiences": [{"id": "officials", "name": WORDS}],
        "questions": [
            {"id": "what", "type": "text", "label": WORDS, "max_bytes": 20000, "discloses": "free_text"},
            {
                "id": "how",
                "type": "choices",
                "label": WORDS,
                "discloses": "sensitive",
                "options": [{"code": "TD1", "label": WORDS}, {"code": "TD2", "label": WORDS}],
            },
            {"id": "when", "type": "date", "label": WORDS, "precision": "day", "discloses": "quasi", "generalize": ["year", "all"]},
            {"id": "proof", "type": "files", "label": WORDS, "discloses": "free_text"},
        ],
        "tables": [{"id": "years", "title": WORDS, "dimensions": ["when"]}],
        "demo": False,
    }


@cache
def call_json() -> bytes:
    """Return call.json with the certificate of the fixture."""
    return canonical.dumps(call_document(fixture("authority.json")["certificate"]))


def call_hash() -> bytes:
    """Return the call hash."""
    return hashlib.sha256(call_json()).digest()


def log() -> list[bytes]:
    """Return the entries: five reports in time, the withdrawal of the second, the close, and a late report."""
    return [entries.call_entry(CALL, call_hash()), *map(reported, range(1, 6)), withdrawn(2), entries.close_entry(), reported(6)]


PENDING = withdrawn(3)
"""A withdrawal that no batch has taken yet."""
SENT = (1, 5, 6)
"""Reports whose envelope is in the bundle; the fourth is missing."""


def checkpoint(size: int, *, key: notes.SignerKey = LOG_KEY, origin: str = ORIGIN, of: list[bytes] | None = None) -> bytes:
    """Return the checkpoint over the first `size` entries of the log, or of another one."""
    return key.sign(notes.Checkpoint(origin, size, root((log() if of is None else of)[:size])).text())


def promise(entry: bytes, publish_by: int, *, key: notes.SignerKey = LOG_KEY) -> bytes:
    """Return the promise for an entry."""
    return key.sign(notes.Promise(ORIGIN, merkle.leaf_hash(entry), publish_by).text())


def envelope(number: int) -> bytes:
    """Return an invented envelope: a bundle is verified without opening any."""
    return b"envelope %d" % number


__all__ = ["AUTHORITY", "DEADLINE", "FORM", "GRACE", "PENDING", "SENT", "call_document", "call_hash", "call_json", "checkpoint"]
__all__ += ["envelope", "handle", "log", "promise", "reported"]
