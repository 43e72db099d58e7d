"""Every vector in Python; and the files are what their generator writes, to the byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crypto.errors import CryptoError
from tests.vectors import generate, spelling
from tests.vectors.collection import FORMAT
from tests.vectors.runners import RUNNERS

HERE = Path(__file__).parent
FILES = {path.stem: json.loads(path.read_bytes()) for path in sorted(HERE.glob("*.json"))}
LIMIT = 2_000_000


def bases_of(document: dict[str, Any]) -> dict[str, bytes]:
    bases: dict[str, bytes] = {}
    for name, spelled in document["bases"].items():
        bases[name] = spelling.read(spelled, bases)
    return bases


BASES = {kind: bases_of(document) for kind, document in FILES.items()}
VECTORS = [pytest.param(kind, vector, id=f"{kind}-{vector['name']}") for kind, document in FILES.items() for vector in document["vectors"]]


def run(kind: str, vector: dict[str, Any]) -> dict[str, Any]:
    """Return what Python makes of a vector: its word, and its output where there is one."""
    given = spelling.read(vector["input"], BASES[kind])
    try:
        output = RUNNERS[kind, vector["op"]](given, FILES[kind]["shared"])
    except CryptoError as refused:
        return {"word": refused.word}
    return {"word": None, "output": output}


def expected(kind: str, vector: dict[str, Any], output: dict[str, Any]) -> dict[str, Any]:
    """Return what the vector says, of as much as it says."""
    said = spelling.read(vector["output"], BASES[kind])
    return output | said if isinstance(said, dict) else {}


@pytest.mark.parametrize(("kind", "vector"), VECTORS)
def test_vector(kind: str, vector: dict[str, Any]) -> None:
    found = run(kind, vector)
    assert found["word"] == vector["word"]
    if vector["word"] is None:
        assert found["output"] == expected(kind, vector, found["output"])


def test_every_op_has_a_runner() -> None:
    asked = {(kind, vector["op"]) for kind, document in FILES.items() for vector in document["vectors"]}
    assert asked == RUNNERS.keys()


def test_every_op_passes_and_every_reader_refuses() -> None:
    """An op whose vectors are all refused would prove nothing; nor would a reader that is never asked to refuse."""
    words: dict[tuple[str, str], set[str | None]] = {}
    for kind, document in FILES.items():
        for vector in document["vectors"]:
            words.setdefault((kind, vector["op"]), set()).add(vector["word"])
    assert all(None in found for found in words.values())
    only_pass = {op for op, found in words.items() if found == {None}}
    assert {op for _, op in only_pass} <= {"write", "sign", "size", "content-size", "leaf", "root", "prefix", "check", "derive"} | {
        "prove-inclusion",
        "prove-consistency",
    }


def test_regeneration_gives_the_same_bytes() -> None:
    made = {collection.kind: collection.to_bytes() for collection in generate.collections()}
    assert made.keys() == FILES.keys()
    differing = [kind for kind, content in made.items() if content != (HERE / f"{kind}.json").read_bytes()]
    assert not differing, "run python -m tests.vectors.generate and read what changed"


def test_files_say_what_they_are() -> None:
    assert all((document["format"], document["kind"]) == (FORMAT, kind) for kind, document in FILES.items())
    assert sum(path.stat().st_size for path in HERE.rglob("*.json")) < LIMIT


def test_twin_a_wrong_word_is_noticed() -> None:
    vector = next(vector for vector in FILES["receipt"]["vectors"] if vector["word"] == "receipt")
    assert run("receipt", vector)["word"] != "report"


def test_twin_a_wrong_output_is_noticed() -> None:
    vector = next(vector for vector in FILES["receipt"]["vectors"] if vector["op"] == "derive")
    spoiled = vector | {"output": vector["output"] | {"thread": {"$hex": "00" * 16}}}
    output = run("receipt", vector)["output"]
    assert output == expected("receipt", vector, output)
    assert output != expected("receipt", spoiled, output)
