"""Vectors of the Merkle tree (F7.2): hashes, roots and proofs, computed here by RFC 6962's own recursive definitions."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.vectors.collection import Collection
from tests.vectors.world import reported

LEAVES = [hashlib.sha256(b"\0" + reported(number)).digest() for number in range(1, 20)]
PAIRS = ((1, 0), (2, 0), (2, 1), (3, 2), (4, 1), (5, 4), (7, 0), (7, 3), (7, 6), (8, 5), (13, 8), (19, 0), (19, 16), (19, 18))
EXTENSIONS = ((1, 2), (1, 3), (2, 3), (2, 4), (3, 4), (3, 7), (4, 7), (5, 8), (6, 7), (7, 8), (8, 13), (12, 19), (16, 19), (18, 19))


def root(leaves: list[bytes]) -> bytes:
    """Return MTH of RFC 6962, 2.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = _half(leaves)
    return hashlib.sha256(b"\1" + root(leaves[:half]) + root(leaves[half:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """Return PATH of RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    half = _half(leaves)
    if index < half:
        return [*path(index, leaves[:half]), root(leaves[half:])]
    return [*path(index - half, leaves[half:]), root(leaves[:half])]


def proof(old: int, leaves: list[bytes], *, known: bool = True) -> list[bytes]:
    """Return SUBPROOF of RFC 6962, 2.1.2."""
    if old == len(leaves):
        return [] if known else [root(leaves)]
    half = _half(leaves)
    if old <= half:
        return [*proof(old, leaves[:half], known=known), root(leaves[half:])]
    return [*proof(old - half, leaves[half:], known=False), root(leaves[:half])]


def _half(leaves: list[bytes]) -> int:
    half = 1
    while 2 * half < len(leaves):
        half *= 2
    return half


def collection() -> Collection:
    """Return the vectors of `merkle.json`."""
    made = Collection("merkle", "RFC 6962 with SHA-256. Leaves are leaf hashes.")
    for number in (1, 2):
        made.passes(f"leaf-{number}", "leaf", "F7.2", {"entry": reported(number)}, {"hash": LEAVES[number - 1]})
    for size in (0, 1, 2, 3, 4, 5, 7, 8, 19):
        made.passes(f"root-{size}", "root", "F7.2", {"leaves": LEAVES[:size]}, {"root": root(LEAVES[:size])})
    for size, index in PAIRS:
        leaves = LEAVES[:size]
        given = {"leaf": leaves[index], "index": index, "size": size, "proof": path(index, leaves), "root": root(leaves)}
        made.passes(f"inclusion-{index}-in-{size}", "inclusion", "F7.2", given, {})
        written = {"leaves": leaves, "index": index}
        made.passes(f"prove-inclusion-{index}-in-{size}", "prove-inclusion", "F7.2", written, {"proof": path(index, leaves)})
    for old, new in EXTENSIONS:
        made.passes(f"consistency-{old}-to-{new}", "consistency", "F7.2", _extension(old, new), {})
        written = {"leaves": LEAVES[:new], "old": old}
        made.passes(f"prove-consistency-{old}-to-{new}", "prove-consistency", "F7.2", written, {"proof": proof(old, LEAVES[:new])})
    for size in (0, 1, 7):
        made.passes(f"consistency-{size}-to-{size}", "consistency", "F7.2", _extension(size, size), {})
    made.passes("consistency-0-to-7", "consistency", "F7.2", _extension(0, 7) | {"proof": []}, {})
    _inclusions(made)
    _extensions(made)
    return made


def _extension(old: int, new: int) -> dict[str, Any]:
    steps = proof(old, LEAVES[:new]) if old else []
    return {"old": old, "old_root": root(LEAVES[:old]), "new": new, "new_root": root(LEAVES[:new]), "proof": steps}


def _inclusions(made: Collection) -> None:
    leaves = LEAVES[:7]
    good: dict[str, Any] = {"leaf": leaves[3], "index": 3, "size": 7, "proof": path(3, leaves), "root": root(leaves)}
    steps = good["proof"]
    changed: dict[str, dict[str, Any]] = {
        "other-leaf": {"leaf": leaves[2]},
        "other-index": {"index": 2},
        "other-size": {"size": 9},
        "other-root": {"root": root(leaves[:6])},
        "index-beyond": {"index": 7},
        "index-negative": {"index": -1},
        "size-zero": {"size": 0},
        "step-too-few": {"proof": steps[:-1]},
        "step-too-many": {"proof": [*steps, bytes(32)]},
        "steps-swapped": {"proof": steps[::-1]},
        "step-changed": {"proof": [*steps[:-1], bytes(32)]},
        "step-short": {"proof": [*steps[:-1], steps[-1][:-1]]},
        "step-of-two": {"proof": [steps[0] + steps[1], *steps[2:]]},
        "no-steps": {"proof": []},
    }
    for name, change in changed.items():
        made.refuses(f"inclusion-{name}", "inclusion", "F7.2", "log-inconsistent", good | change)
    one: dict[str, Any] = {"leaf": leaves[0], "index": 0, "size": 1, "proof": [], "root": leaves[0]}
    made.refuses("inclusion-alone-with-a-step", "inclusion", "F7.2", "log-inconsistent", one | {"proof": [bytes(32)]})


def _extensions(made: Collection) -> None:
    good = _extension(5, 8)
    steps = good["proof"]
    changed: dict[str, dict[str, Any]] = {
        "other-old-root": {"old_root": root(LEAVES[:4])},
        "other-new-root": {"new_root": root(LEAVES[:7])},
        "other-old-size": {"old": 6},
        "other-new-size": {"new": 9},
        "shrunk": _extension(5, 8) | {"old": 8, "new": 5, "old_root": good["new_root"], "new_root": good["old_root"]},
        "old-negative": {"old": -1},
        "step-too-few": {"proof": steps[:-1]},
        "step-too-many": {"proof": [*steps, bytes(32)]},
        "steps-swapped": {"proof": steps[::-1]},
        "step-changed": {"proof": [bytes(32), *steps[1:]]},
        "step-short": {"proof": [steps[0][:-1], *steps[1:]]},
        "no-steps": {"proof": []},
    }
    for name, change in changed.items():
        made.refuses(f"consistency-{name}", "consistency", "F7.2", "log-inconsistent", good | change)
    same = _extension(7, 7)
    made.refuses("consistency-same-size-other-root", "consistency", "F7.2", "log-inconsistent", same | {"old_root": root(LEAVES[:6])})
    made.refuses("consistency-same-size-with-steps", "consistency", "F7.2", "log-inconsistent", same | {"proof": [bytes(32)]})
    made.refuses("consistency-empty-with-steps", "consistency", "F7.2", "log-inconsistent", _extension(0, 7) | {"proof": [bytes(32)]})
    made.refuses("consistency-empty-other-root", "consistency", "F7.2", "log-inconsistent", _extension(0, 7) | {"old_root": bytes(32)})
    forked = [*LEAVES[:4], LEAVES[18], *LEAVES[5:8]]
    given = good | {"new_root": root(forked), "proof": proof(5, forked)}
    made.refuses("consistency-with-an-entry-exchanged", "consistency", "F7.2", "log-inconsistent", given)
