"""What fuzzing begins with: the inputs of the vectors, good ones first, and a few that no vector has."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from crypto import entries, merkle
from tests.fuzz.readers import READERS
from tests.vectors import intake, spelling

VECTORS = Path(__file__).parents[1] / "vectors"


def _frontier(size: int) -> bytes:
    frontier = merkle.Frontier()
    frontier.extend([b"h" * 32] * size)
    return frontier.to_bytes()


SPARE: dict[str, tuple[bytes, ...]] = {
    "base64": (b"", b"AA", b"AAA", b"AAAA", b"AAAAAA", b"+/+/"),
    "frontier": tuple(map(_frontier, (0, 1, 3, 6))),
    "reply": ((2).to_bytes(2, "big") + b"ok" + bytes(4032), bytes(4036), (4034).to_bytes(2, "big") + b"x" * 4034),
    "member": (b"call.json", b"log/entries", b"log/checkpoint.12", b"log/12.tsa.tsr", b"envelopes/" + b"0f" * 32 + b".age"),
    "log": (entries.frame(intake.log()),),
}


@cache
def _document(kind: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    document = json.loads((VECTORS / f"{kind}.json").read_bytes())
    bases: dict[str, bytes] = {}
    for name, spelled in document["bases"].items():
        bases[name] = spelling.read(spelled, bases)
    return document, bases


def inputs(kind: str, op: str, field: str, *, good: bool) -> list[bytes]:
    """Return a field of all vectors of an op: of those that pass, or of those that are refused."""
    document, bases = _document(kind)
    chosen = [each["input"][field] for each in document["vectors"] if each["op"] == op and (each["word"] is None) == good]
    read = [spelling.read(each, bases) for each in chosen]
    return [each if isinstance(each, bytes) else str(each).encode("utf-8", "surrogatepass") for each in read]


@cache
def seeds(name: str, *, good: bool = True) -> tuple[bytes, ...]:
    """Return what the reader of this name can be given: accepted inputs, or refused ones."""
    found = [each for field in READERS[name].fields for each in inputs(*field, good=good)]
    return tuple(dict.fromkeys([*found, *(SPARE.get(name, ()) if good else ())]))
