"""A call's key among several people: the share files, and bringing the key back from them (format.md F11.9 to F11.18).

What a share is, and when shares fit together, is for crypto.shares; here they are files. A share file is read as bytes, so that nothing
mends its line ends: what was changed on the way is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crypto import shares
from crypto.errors import ShareError
from crypto.keyfile import seal_key
from crypto.shares import MAX_COUNT, MIN_THRESHOLD, Share
from reviewer import durable
from reviewer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crypto.keyfile import KdfCost
    from crypto.opening import Identity

_SCHEME: Final = re.compile("([1-9][0-9]?)-of-([1-9][0-9]?)")
_FILE_LIMIT: Final = 4096  # bytes: a share file has less than 500; more is refused by crypto.shares as too long


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a key is shared: any `threshold` of `count` shares bring it back."""

    threshold: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Scheme:
        """Read `3-of-5`. Raises UsageError when it is not so written, or not 2 ≤ threshold ≤ count ≤ 16 (F11.11)."""
        found = _SCHEME.fullmatch(text.strip())
        if found is None:
            raise UsageError("Write the shares as 3-of-5: five are made, and any three of them bring the key back.")
        scheme = cls(int(found[1]), int(found[2]))
        if not MIN_THRESHOLD <= scheme.threshold <= scheme.count <= MAX_COUNT:
            raise UsageError("A key is split into at most 16 shares, of which at least 2 and at most all are needed.")
        return scheme


@dataclass(frozen=True, slots=True)
class Recovered:
    """Which key the shares `indices` brought back: `fingerprint` in 6 groups of 5 digits, any `threshold` of `count`."""

    call: str
    fingerprint: str
    threshold: int
    count: int
    indices: tuple[int, ...]


def share_files(identity: Identity, *, call: str, scheme: Scheme) -> dict[str, bytes]:
    """Return the share files of a key by their names, `share-1-of-5.txt` and so on; each was rehearsed before this returns (F11.17)."""
    made = shares.split(
        identity.seed, call=call, fingerprint=identity.recipient.fingerprint(), threshold=scheme.threshold, count=scheme.count
    )
    return {f"share-{share.index}-of-{share.count}.txt": share.to_text().encode("ascii") for share in made}


def read_shares(paths: Sequence[Path]) -> list[Share]:
    """Return the shares in some files. Raises ShareError, whose sentence says which of the files, counted from 1, is wrong."""
    found = []
    for number, path in enumerate(paths, start=1):
        with path.open("rb") as file:
            content = file.read(_FILE_LIMIT)
        try:
            found.append(shares.parse_share(content))
        except ShareError as wrong:
            raise ShareError(f"File {number} of {len(paths)}: {wrong}") from None
    return found


def rehearse(paths: Sequence[Path]) -> Recovered:
    """Bring the key back from share files, forget it at once, and say which it was; nothing of it is shown or written (F11.17).

    Raises ShareError unless they are exactly as many as it takes, of one key, and the key is that of their fingerprint.
    """
    given = read_shares(paths)
    shares.rehearse(given)
    return _recovered(given)


def combine(paths: Sequence[Path], out: Path, passphrase: str, cost: KdfCost) -> Recovered:
    """Bring the key back from share files, and write it to the new key file `out` under `passphrase` (F11.1, F11.15, F11.16).

    Raises ShareError as `rehearse` does, UsageError when `out` exists.
    """
    durable.require_absent(out)
    given = read_shares(paths)
    seed = shares.combine(given)
    try:
        sealed = seal_key(seed, passphrase, call=given[0].call, cost=cost)
    finally:
        seed[:] = bytes(len(seed))
    durable.replace_file(out, sealed)
    return _recovered(given)


def _recovered(given: Sequence[Share]) -> Recovered:
    first = given[0]
    groups = " ".join(first.fingerprint[start : start + 5] for start in range(0, len(first.fingerprint), 5))
    return Recovered(first.call, groups, first.threshold, first.count, tuple(sorted(share.index for share in given)))
