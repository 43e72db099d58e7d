"""Who and what stands in the vectors: the call, the keys, the receipt and the report of Appendix A of docs/spec/format.md, and others.

Nobody must use these keys for anything else.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from crypto import entries, merkle, notes
from crypto.minisign import SecretKey
from crypto.opening import Identity
from crypto.receipts import Receipt

FIXTURES = Path(__file__).parent / "fixtures"

HOST, CALL = "intake.example", "lantern-2031"
ORIGIN = f"{HOST}/{CALL}"
DEADLINE, GRACE = 1_755_144_000, 600
CLOSE = DEADLINE + GRACE

SEED = bytes(range(32))
SEEDS = [SEED, *(bytes([number]) * 32 for number in range(0x21, 0x25))]
"""Seeds of the five recipients; the call of Appendix A has the first alone."""
STRANGER = bytes([0x2F]) * 32
IDENTITIES = [Identity(seed) for seed in SEEDS]

RECEIPT = Receipt("31415926535897932384626433832746")
OTHER_RECEIPT = Receipt("00000000000000000000000000000098")
HANDLE, WITHDRAW, REPLY_KEY = RECEIPT.handle(CALL, 0), RECEIPT.withdraw(CALL, 0), RECEIPT.reply_key(CALL)

LOG_KEY = notes.SignerKey(ORIGIN, bytes([7]) * 32)
OTHER_LOG_KEY = notes.SignerKey(ORIGIN, bytes([8]) * 32)
SIGNING = SecretKey(bytes(range(1, 9)), bytes([9]) * 32)
OTHER_SIGNING = SecretKey(bytes(range(1, 9)), bytes([10]) * 32)

CALL_HASH = hashlib.sha256(b'{"v":1}').digest()
"""The call hash of Appendix A, where seven bytes stand in place of call.json."""


def report_document(**changes: Any) -> dict[str, Any]:
    """Return the report of Appendix A as a value, with some of its keys changed; a change to `None` takes the key away."""
    document: dict[str, Any] = {
        "v": 1,
        "call": CALL,
        "call_sha256": CALL_HASH.hex(),
        "seq": 0,
        "handle": HANDLE.hex(),
        "thread": RECEIPT.thread(CALL).hex(),
        "reply_key": REPLY_KEY.hex(),
        "form": "web",
        "lang": "km",
        "consent": {"level": "C1", "audiences": [], "contact": False},
        "answers": {"files": [1], "what": ["TD1"]},
        "files": [{"name": "a.txt", "type": "text/plain", "size": 6, "sha256": hashlib.sha256(b"hello\n").hexdigest()}],
    }
    changed = document | changes
    return {key: value for key, value in changed.items() if value is not None}


def spelled(value: Any) -> bytes:
    """Return the JSON of a value without fractions as RFC 8785 has it; unlike crypto.canonical it writes what no reader may take."""
    return json.dumps(_sorted(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


def digest(number: int) -> bytes:
    """Return the SHA-256 of an invented envelope."""
    return hashlib.sha256(b"envelope %d" % number).digest()


def secret(number: int) -> bytes:
    """Return withdraw_n of an invented report."""
    return hashlib.sha256(b"withdraw %d" % number).digest()


def handle(number: int) -> bytes:
    """Return the handle of an invented report."""
    return hashlib.sha256(secret(number)).digest()


def reported(number: int) -> bytes:
    """Return the report entry of an invented report."""
    return entries.report_entry(digest(number), handle(number))


def withdrawn(number: int) -> bytes:
    """Return the withdraw entry of an invented report."""
    return entries.withdraw_entry(handle(number), secret(number))


def root(log: list[bytes]) -> bytes:
    """Return the root over entries."""
    return merkle.root([merkle.leaf_hash(entry) for entry in log])


def fixture(name: str) -> Any:
    """Return what was made once, because making it draws randomness that nothing lets us choose (see fixtures/README.md)."""
    return json.loads((FIXTURES / name).read_text("ascii"))
