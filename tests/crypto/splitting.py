"""What shares are made from in the tests: an invented call, and two keys that are none."""

from __future__ import annotations

from crypto.opening import Identity
from crypto.shares import Share, split

SEED = bytes(range(32))
FINGERPRINT = Identity.from_seed(SEED).recipient.fingerprint()
OTHER_SEED = bytes(range(32, 64))
OTHER_FINGERPRINT = Identity.from_seed(OTHER_SEED).recipient.fingerprint()
CALL = "lantern-2031"


def shares_of(threshold: int = 3, count: int = 5, *, seed: bytes = SEED, call: str = CALL) -> list[Share]:
    fingerprint = Identity.from_seed(seed).recipient.fingerprint()
    return split(seed, call=call, fingerprint=fingerprint, threshold=threshold, count=count)
