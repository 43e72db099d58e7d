"""The Merkle tree of a call's log: RFC 6962 with SHA-256 (format.md section 7).

Pure functions over leaf hashes and one small accumulator, `Frontier`, which holds what a growing log needs to know its own root:
one hash for each bit set in its size, never the entries.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from crypto.errors import LogInconsistentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HASH_SIZE = 32
MAX_SIZE = 2**63 - 1
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 || entry), 32 bytes (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right), 32 bytes (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the root over `leaf_hashes` in their order; over none it is SHA-256 of nothing."""
    frontier = Frontier()
    for leaf in leaf_hashes:
        frontier.append(leaf)
    return frontier.root()


class Frontier:
    """The roots of the perfect subtrees that a log of `size` leaves is made of, largest first (a compact range from 0).

    There is one hash for each bit set in `size`. Appending costs two hashes on average and the whole state of a log of a million
    entries is at most 640 bytes, so the server keeps it beside the checkpoint it signed last.
    """

    __slots__ = ("_hashes", "_size")

    def __init__(self) -> None:
        """Start at the empty tree."""
        self._size = 0
        self._hashes: list[bytes] = []

    @property
    def size(self) -> int:
        """The number of leaves appended."""
        return self._size

    def append(self, leaf: bytes) -> None:
        """Append one leaf hash (32 bytes)."""
        # Every trailing one-bit of the old size is a perfect subtree which the new leaf completes to the next larger one.
        merges = self._size
        while merges & 1:
            leaf = node_hash(self._hashes.pop(), leaf)
            merges >>= 1
        self._hashes.append(leaf)
        self._size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes in their order."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """Return the root of the tree so far (32 bytes)."""
        if not self._hashes:
            return EMPTY_ROOT
        result = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            result = node_hash(left, result)
        return result

    def copy(self) -> Frontier:
        """Return an independent frontier over the same leaves: what a batch tries on before it commits."""
        twin = Frontier()
        twin._size, twin._hashes = self._size, list(self._hashes)
        return twin

    def to_bytes(self) -> bytes:
        """Return uint64-BE size || the hashes, largest subtree first."""
        return struct.pack(">Q", self._size) + b"".join(self._hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """Return the frontier that `to_bytes` wrote.

        Raises:
            LogInconsistentError: the length does not belong to the size.
        """
        size = struct.unpack_from(">Q", data)[0] if len(data) >= 8 else -1
        if not 0 <= size <= MAX_SIZE or len(data) != 8 + HASH_SIZE * size.bit_count():
            raise LogInconsistentError("The saved state of the log is damaged.")
        frontier = cls()
        frontier._size = size
        frontier._hashes = [data[at : at + HASH_SIZE] for at in range(8, len(data), HASH_SIZE)]
        return frontier


def _split(size: int) -> int:
    """Return the largest power of two below `size` (size >= 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Return PATH(index, leaves) of RFC 6962, 2.1.1: the siblings from the leaf upwards.

    Raises:
        IndexError: no leaf has this index.
    """
    if not 0 <= index < len(leaf_hashes):
        raise IndexError("There is no such leaf.")
    start, end = 0, len(leaf_hashes)
    downwards: list[bytes] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            downwards.append(root(leaf_hashes[middle:end]))
            end = middle
        else:
            downwards.append(root(leaf_hashes[start:middle]))
            start = middle
    return downwards[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Require that the leaf hash `leaf` stands at `index` in the tree of `size` leaves with this root (RFC 9162, 2.1.3.2).

    Raises:
        LogInconsistentError: it does not, or the proof is not one.
    """
    if not 0 <= index < size <= MAX_SIZE or any(len(node) != HASH_SIZE for node in proof):
        raise LogInconsistentError("This is not a proof of inclusion.")
    position, last, result = index, size - 1, leaf
    for node in proof:
        if last == 0:
            raise LogInconsistentError("The proof of inclusion is too long.")
        if position & 1 or position == last:
            result = node_hash(node, result)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            result = node_hash(result, node)
        position, last = position >> 1, last >> 1
    if last or result != root:
        raise LogInconsistentError("The entry is not in the log at this place.")


def consistency_proof(leaf_hashes: Sequence[bytes], old: int) -> list[bytes]:
    """Return PROOF(old, leaves) of RFC 6962, 2.1.2; empty when `old` is 0 or all leaves.

    Raises:
        IndexError: the tree has fewer than `old` leaves.
    """
    if not 0 <= old <= len(leaf_hashes):
        raise IndexError("The log never had this size.")
    if old in (0, len(leaf_hashes)):
        return []
    start, end = 0, len(leaf_hashes)
    downwards: list[bytes] = []
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            downwards.append(root(leaf_hashes[middle:end]))
            end = middle
        else:
            downwards.append(root(leaf_hashes[start:middle]))
            start = middle
    # The old tree itself is a node that the verifier knows already; any other last subtree has to be told.
    if start:
        downwards.append(root(leaf_hashes[start:end]))
    return downwards[::-1]


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Require that the tree (old, old_root) is a prefix of the tree (new, new_root) (RFC 9162, 2.1.4.2).

    From size 0 everything follows, with an empty proof and the root of the empty tree.

    Raises:
        LogInconsistentError: it is not, or the proof is not one.
    """
    if not 0 <= old <= new <= MAX_SIZE or any(len(node) != HASH_SIZE for node in proof):
        raise LogInconsistentError("This is not a proof of consistency.")
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        if proof or old_root != expected:
            raise LogInconsistentError("The log is not an extension of what it was.")
        return
    if _fold(old, new, old_root, proof) != (old_root, new_root):
        raise LogInconsistentError("The log is not an extension of what it was.")


def _fold(old: int, new: int, old_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the two roots that `proof` leads to, for 0 < old < new."""
    # A perfect old tree is its own first node, and the proof leaves it out.
    nodes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    if not nodes:
        raise LogInconsistentError("The proof of consistency is empty.")
    small = large = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            raise LogInconsistentError("The proof of consistency is too long.")
        if position & 1 or position == last:
            small, large = node_hash(node, small), node_hash(node, large)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            large = node_hash(large, node)
        position, last = position >> 1, last >> 1
    if last:
        raise LogInconsistentError("The proof of consistency is too short.")
    return small, large
