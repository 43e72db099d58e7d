"""RFC 6962 trees: the vectors of certificate-transparency, and brute force for every shape up to 40 leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import merkle
from crypto.errors import LogInconsistentError

LEAVES = [
    merkle.leaf_hash(bytes.fromhex(entry))
    for entry in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAF_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
PAIR_1 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
QUAD_1 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
LEAF_4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
PAIR_3 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
PAIR_2 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
INCLUSION = [
    (0, 1, []),
    (0, 8, [LEAF_1, PAIR_1, QUAD_1]),
    (5, 8, [LEAF_4, PAIR_3, ROOTS[4]]),
    (2, 3, [ROOTS[2]]),
    (1, 5, [ROOTS[1], PAIR_1, LEAF_4]),
]
CONSISTENCY = [
    (1, 1, []),
    (1, 8, [LEAF_1, PAIR_1, QUAD_1]),
    (6, 8, [PAIR_2, PAIR_3, ROOTS[4]]),
    (2, 5, [PAIR_1, LEAF_4]),
]
MANY = [merkle.leaf_hash(bytes([number])) for number in range(40)]
OTHER = merkle.leaf_hash(b"another leaf")


def unhex(proof: list[str]) -> list[bytes]:
    return [bytes.fromhex(node) for node in proof]


def slow_root(leaves: list[bytes]) -> bytes:
    """MTH(D[n]) as RFC 6962, 2.1, writes it down."""
    if len(leaves) < 2:
        return leaves[0] if leaves else merkle.EMPTY_ROOT
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return merkle.node_hash(slow_root(leaves[:half]), slow_root(leaves[half:]))


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_ct(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_inclusion_vectors_of_ct(index: int, size: int, proof: list[str]) -> None:
    assert merkle.inclusion_proof(LEAVES[:size], index) == unhex(proof)
    merkle.verify_inclusion(LEAVES[index], index, size, unhex(proof), bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_consistency_vectors_of_ct(old: int, new: int, proof: list[str]) -> None:
    assert merkle.consistency_proof(LEAVES[:new], old) == unhex(proof)
    merkle.verify_consistency(old, bytes.fromhex(ROOTS[old]), new, bytes.fromhex(ROOTS[new]), unhex(proof))


def test_root_is_the_recursive_one() -> None:
    assert [merkle.root(MANY[:size]) for size in range(41)] == [slow_root(MANY[:size]) for size in range(41)]


def test_every_leaf_is_proved_included() -> None:
    for size in range(1, 41):
        for index in range(size):
            merkle.verify_inclusion(MANY[index], index, size, merkle.inclusion_proof(MANY[:size], index), merkle.root(MANY[:size]))


def test_every_prefix_is_proved_consistent() -> None:
    roots = [merkle.root(MANY[:size]) for size in range(41)]
    for new in range(41):
        for old in range(new + 1):
            merkle.verify_consistency(old, roots[old], new, roots[new], merkle.consistency_proof(MANY[:new], old))


def inclusion_is_refused(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> None:
    with pytest.raises(LogInconsistentError):
        merkle.verify_inclusion(leaf, index, size, proof, root)


@given(size=st.integers(1, 40), number=st.integers(0, 39), place=st.integers(0, 6))
def test_broken_inclusion_is_refused(size: int, number: int, place: int) -> None:
    index = number % size
    proof = merkle.inclusion_proof(MANY[:size], index)
    root = merkle.root(MANY[:size])
    inclusion_is_refused(OTHER, index, size, proof, root)
    inclusion_is_refused(MANY[index], index, size, proof, OTHER)
    inclusion_is_refused(MANY[index], index, size, [*proof, OTHER], root)
    inclusion_is_refused(MANY[index], size, size, proof, root)
    inclusion_is_refused(MANY[index], -1, size, proof, root)
    for wrong in {place, (index + 1) % size} - {index}:
        inclusion_is_refused(MANY[index], wrong, size, proof, root)
    if proof:
        at = place % len(proof)
        inclusion_is_refused(MANY[index], index, size, [*proof[:at], OTHER, *proof[at + 1 :]], root)
        inclusion_is_refused(MANY[index], index, size, proof[:at] + proof[at + 1 :], root)
        inclusion_is_refused(MANY[index], index, size, [proof[0][:31], *proof[1:]], root)


def consistency_is_refused(old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]) -> None:
    with pytest.raises(LogInconsistentError):
        merkle.verify_consistency(old, old_root, new, new_root, proof)


@given(new=st.integers(1, 40), number=st.integers(0, 40), place=st.integers(0, 6))
def test_broken_consistency_is_refused(new: int, number: int, place: int) -> None:
    old = number % (new + 1)
    proof = merkle.consistency_proof(MANY[:new], old)
    old_root, new_root = merkle.root(MANY[:old]), merkle.root(MANY[:new])
    consistency_is_refused(old, OTHER, new, new_root, proof)
    consistency_is_refused(old, old_root, new, new_root, [*proof, OTHER])
    consistency_is_refused(new + 1, old_root, new, new_root, proof)
    consistency_is_refused(-1, old_root, new, new_root, proof)
    if old:
        consistency_is_refused(old, old_root, new, OTHER, proof)
    if proof:
        at = place % len(proof)
        consistency_is_refused(old, old_root, new, new_root, [*proof[:at], OTHER, *proof[at + 1 :]])
        consistency_is_refused(old, old_root, new, new_root, proof[:at] + proof[at + 1 :])
        consistency_is_refused(old, old_root, new, new_root, [])
        consistency_is_refused(old, old_root, new, new_root, [proof[0][:31], *proof[1:]])


@given(extra=st.lists(st.integers(0, 1), max_size=3), size=st.integers(2, 40), index=st.integers(0, 39))
def test_proof_of_another_size_is_refused(extra: list[int], size: int, index: int) -> None:
    proof = merkle.inclusion_proof(MANY[:size], index % size)
    # A proof says nothing of trees with another depth at this place, whatever root they claim.
    inclusion_is_refused(MANY[index % size], index % size, size * 4 + len(extra), proof, merkle.root(MANY[:size]))


def test_largest_log_has_proofs_and_none_beyond() -> None:
    """Sizes stand in eight bytes, signed ones in many languages: 2^63 − 1 is the end, whatever hashes would come out."""
    proof, root = [OTHER] * 63, LEAVES[0]
    for node in proof:
        root = merkle.node_hash(root, node)
    merkle.verify_inclusion(LEAVES[0], 0, merkle.MAX_SIZE, proof, root)
    inclusion_is_refused(LEAVES[0], 0, merkle.MAX_SIZE + 1, proof, root)
    merkle.verify_consistency(merkle.MAX_SIZE, root, merkle.MAX_SIZE, root, [])
    consistency_is_refused(merkle.MAX_SIZE + 1, root, merkle.MAX_SIZE + 1, root, [])
    largest = merkle.MAX_SIZE.to_bytes(8, "big") + OTHER * 63
    assert merkle.Frontier.from_bytes(largest).to_bytes() == largest
    with pytest.raises(LogInconsistentError):
        merkle.Frontier.from_bytes((merkle.MAX_SIZE + 1).to_bytes(8, "big") + OTHER)


def test_proofs_of_nothing_are_not_made() -> None:
    for index in (-1, -8):
        with pytest.raises(IndexError):
            merkle.inclusion_proof(LEAVES, index)
        with pytest.raises(IndexError):
            merkle.consistency_proof(LEAVES, index)
    with pytest.raises(IndexError):
        merkle.inclusion_proof(LEAVES, 8)
    with pytest.raises(IndexError):
        merkle.consistency_proof(LEAVES, 9)


@given(first=st.integers(0, 40), second=st.integers(0, 40))
def test_frontier_goes_on_after_a_stop(first: int, second: int) -> None:
    frontier = merkle.Frontier()
    frontier.extend(MANY[:first])
    resumed = merkle.Frontier.from_bytes(frontier.to_bytes())
    resumed.extend(MANY[:second])
    assert (resumed.size, resumed.root()) == (first + second, slow_root(MANY[:first] + MANY[:second]))


def test_a_copy_leaves_the_frontier_alone() -> None:
    frontier = merkle.Frontier()
    frontier.extend(MANY[:7])
    before = frontier.to_bytes()
    frontier.copy().extend(MANY[:9])
    assert frontier.to_bytes() == before


def saved(leaves: int) -> bytes:
    frontier = merkle.Frontier()
    frontier.extend(MANY[:leaves])
    return frontier.to_bytes()


@pytest.mark.parametrize(
    "damaged", [b"", saved(3)[:7], saved(3)[:-1], saved(3) + b"\0", b"\xff" * 8 + b"\0" * 2048, b"\0" * 7 + b"\7" + saved(3)[8:]]
)
def test_damaged_frontier_is_refused(damaged: bytes) -> None:
    with pytest.raises(LogInconsistentError):
        merkle.Frontier.from_bytes(damaged)
