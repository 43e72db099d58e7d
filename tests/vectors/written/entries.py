"""Vectors of the log's entries (F7.1, F7.3) and how they travel (F7.11)."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.vectors.collection import Collection
from tests.vectors.world import CALL, CALL_HASH, digest, handle, reported, root, secret, withdrawn

HEAD = "saksei/v1\n"
CALL_ENTRY = f"{HEAD}call\n{CALL_HASH.hex()}\n".encode()
CLOSE, DESTROY = f"{HEAD}close\n".encode(), f"{HEAD}destroy\n".encode()
ONE, OTHER = digest(1).hex(), handle(1).hex()


def frame(entries: list[bytes]) -> bytes:
    """Return entries, each after its length in two bytes."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def collection() -> Collection:
    """Return the vectors of `entries.json`."""
    made = Collection("entries", "Entries of a log, one by one and as a whole.")
    _forms(made)
    _frames(made)
    _logs(made)
    return made


def _forms(made: Collection) -> None:
    accepted: dict[str, tuple[bytes, dict[str, Any]]] = {
        "call": (CALL_ENTRY, {"kind": "call", "digest": CALL_HASH}),
        "report": (reported(1), {"kind": "report", "digest": digest(1), "handle": handle(1)}),
        "withdraw": (withdrawn(1), {"kind": "withdraw", "handle": handle(1), "withdraw": secret(1)}),
        "close": (CLOSE, {"kind": "close"}),
        "destroy": (DESTROY, {"kind": "destroy"}),
    }
    for name, (entry, output) in accepted.items():
        made.passes(f"form-{name}", "parse", "F7.1", {"entry": entry}, output)
    refused = {
        "nothing": "",
        "version-2": f"saksei/v2\nreport\n{ONE}\n{OTHER}\n",
        "version-alone": HEAD,
        "kind-unknown": f"{HEAD}open\n",
        "kind-upper-case": f"{HEAD}Close\n",
        "kind-with-space": f"{HEAD}close \n",
        "no-line-end": f"{HEAD}close",
        "two-line-ends": f"{HEAD}close\n\n",
        "line-ends-of-windows": f"{HEAD}close\n".replace("\n", "\r\n"),
        "report-no-line-end": f"{HEAD}report\n{ONE}\n{OTHER}",
        "report-upper-case": f"{HEAD}report\n{ONE.upper()}\n{OTHER}\n",
        "report-digest-short": f"{HEAD}report\n{ONE[:-1]}\n{OTHER}\n",
        "report-digest-long": f"{HEAD}report\n{ONE}0\n{OTHER}\n",
        "report-without-handle": f"{HEAD}report\n{ONE}\n",
        "report-third-hash": f"{HEAD}report\n{ONE}\n{OTHER}\n{ONE}\n",
        "report-leading-space": f" {HEAD}report\n{ONE}\n{OTHER}\n",
        "report-space-at-end": f"{HEAD}report\n{ONE} \n{OTHER}\n",
        "report-not-hex": f"{HEAD}report\n{'g' * 64}\n{OTHER}\n",
        "report-khmer-digits": f"{HEAD}report\n{'០' * 64}\n{OTHER}\n",
        "call-short": f"{HEAD}call\n{ONE[2:]}\n",
        "call-with-id": f"{HEAD}call\n{CALL}\n{CALL_HASH.hex()}\n",
        "close-with-time": f"{HEAD}close\n1755144600\n",
        "two-entries": f"{HEAD}close\n{HEAD}destroy\n",
        "nul": f"{HEAD}close\n\0",
    }
    for name, content in refused.items():
        made.refuses(f"form-{name}", "parse", "F7.1", "log-entry", {"entry": content.encode()})
    made.refuses("form-not-ascii", "parse", "F7.1", "log-entry", {"entry": b"\xff" + CLOSE})


def _frames(made: Collection) -> None:
    for name, entries in {"none": [], "one": [CLOSE], "several": [CALL_ENTRY, reported(1), CLOSE]}.items():
        made.passes(f"frame-{name}", "unframe", "F7.11", {"framed": frame(entries)}, {"entries": entries})
    whole = frame([CALL_ENTRY, CLOSE])
    for name, framed in {
        "half-a-length": whole + b"\0",
        "length-alone": whole + b"\0\x10",
        "cut": whole[:-1],
        "length-of-another": b"\xff\xff" + whole[2:],
        "little-endian": b"\x50\x00" + whole[2:],
    }.items():
        made.refuses(f"frame-{name}", "unframe", "F7.11", "log-entry", {"framed": framed})


def _logs(made: Collection) -> None:
    def given(*entries: bytes, **terms: Any) -> dict[str, Any]:
        return {"entries": list(entries), "call": CALL, "call_sha256": CALL_HASH} | terms

    def logged(index: int, number: int, *, late: bool = False, withdrawn: bool = False) -> dict[str, Any]:
        return {"index": index, "digest": digest(number), "handle": handle(number), "late": late, "withdrawn": withdrawn}

    def accepted(
        name: str, entries: list[bytes], reports: list[dict[str, Any]], close: int | None = None, *, destroyed: bool = False
    ) -> None:
        output = {"reports": reports, "close": close, "destroyed": destroyed, "root": root(entries)}
        made.passes(f"log-{name}", "log", "F7.3", given(*entries), output)

    one, two = reported(1), reported(2)
    accepted("new", [CALL_ENTRY], [])
    accepted("open", [CALL_ENTRY, one, two], [logged(1, 1), logged(2, 2)])
    accepted("withdrawn", [CALL_ENTRY, one, withdrawn(1), two], [logged(1, 1, withdrawn=True), logged(3, 2)])
    accepted("closed", [CALL_ENTRY, one, CLOSE], [logged(1, 1)], 2)
    accepted("closed-empty", [CALL_ENTRY, CLOSE], [], 1)
    accepted("late", [CALL_ENTRY, one, CLOSE, two], [logged(1, 1), logged(3, 2, late=True)], 2)
    accepted("withdrawn-after-close", [CALL_ENTRY, one, CLOSE, withdrawn(1)], [logged(1, 1, withdrawn=True)], 2)
    accepted("late-and-withdrawn", [CALL_ENTRY, CLOSE, one, withdrawn(1)], [logged(2, 1, late=True, withdrawn=True)], 1)
    accepted("destroyed", [CALL_ENTRY, one, CLOSE, DESTROY], [logged(1, 1)], 2, destroyed=True)

    again = hashlib.sha256(b"again").digest()
    foreign = f"{HEAD}withdraw\n{handle(1).hex()}\n{secret(2).hex()}\n".encode()
    same_handle = f"{HEAD}report\n{again.hex()}\n{handle(1).hex()}\n".encode()
    same_digest = f"{HEAD}report\n{digest(1).hex()}\n{handle(2).hex()}\n".encode()
    refused: dict[str, tuple[str, tuple[bytes, ...]]] = {
        "empty": ("log-call", ()),
        "without-call": ("log-call", (one,)),
        "of-another-text": ("log-call", (f"{HEAD}call\n{ONE}\n".encode(), one)),
        "first-entry-malformed": ("log-call", (CALL_ENTRY[:-1], one)),
        "call-twice": ("log-call", (CALL_ENTRY, CALL_ENTRY)),
        "call-again-at-the-end": ("log-call", (CALL_ENTRY, one, f"{HEAD}call\n{ONE}\n".encode())),
        "entry-malformed": ("log-entry", (CALL_ENTRY, one[:-1])),
        "entry-empty": ("log-entry", (CALL_ENTRY, b"")),
        "closed-twice": ("log-entry", (CALL_ENTRY, CLOSE, CLOSE)),
        "destroyed-while-open": ("log-entry", (CALL_ENTRY, one, DESTROY)),
        "destroyed-twice": ("log-entry", (CALL_ENTRY, CLOSE, DESTROY, DESTROY)),
        "report-after-destroy": ("log-entry", (CALL_ENTRY, CLOSE, DESTROY, one)),
        "withdraw-after-destroy": ("log-entry", (CALL_ENTRY, one, CLOSE, DESTROY, withdrawn(1))),
        "call-after-destroy": ("log-entry", (CALL_ENTRY, CLOSE, DESTROY, CALL_ENTRY)),
        "report-twice": ("log-duplicate", (CALL_ENTRY, one, one)),
        "handle-twice": ("log-duplicate", (CALL_ENTRY, one, same_handle)),
        "digest-twice": ("log-duplicate", (CALL_ENTRY, one, same_digest)),
        "handle-twice-after-close": ("log-duplicate", (CALL_ENTRY, one, CLOSE, same_handle)),
        "handle-again-after-withdrawal": ("log-duplicate", (CALL_ENTRY, one, withdrawn(1), same_handle)),
        "withdraw-of-nothing": ("log-withdraw", (CALL_ENTRY, withdrawn(1))),
        "withdraw-before-report": ("log-withdraw", (CALL_ENTRY, withdrawn(1), one)),
        "withdraw-twice": ("log-withdraw", (CALL_ENTRY, one, withdrawn(1), withdrawn(1))),
        "withdraw-by-another": ("log-withdraw", (CALL_ENTRY, one, two, foreign)),
        "first-of-two-faults": ("log-duplicate", (CALL_ENTRY, one, one, CLOSE, CLOSE)),
        "faults-the-other-way-round": ("log-entry", (CALL_ENTRY, one, CLOSE, CLOSE, one)),
    }
    for name, (word, entries) in refused.items():
        made.refuses(f"log-{name}", "log", "F7.3", word, given(*entries))
    made.refuses("log-of-another-call-hash", "log", "F7.3", "log-call", given(CALL_ENTRY, one, call_sha256=digest(1)))
