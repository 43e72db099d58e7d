"""Work that is asked for under load, before a body is read (format.md section 5): costly for who floods, nothing to know about anybody."""

import hashlib
import re
from dataclasses import dataclass

from app.calls import StoredCall
from app.errors import WorkError

LEVELS = (16, 18, 20)
"""Zero bits asked for as load grows: each level is four times the work of the one before."""
THRESHOLDS = (0.75, 0.875, 0.95)
"""Loads beyond which each level begins; nothing is asked for below the first."""
LATE_SECONDS = 600
"""For so long after a boundary, work for the batch that ended there still counts: it was begun before."""

_HEADER = re.compile(r"([1-9][0-9]{0,15}) ([0-9a-f]{64}) ([0-9a-f]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Work:
    """A header `Saksei-Work` as it came: the batch, the handle (32 bytes) and the nonce it is for."""

    batch: int
    handle: bytes
    nonce: str

    def bits(self, call_id: str) -> int:
        """How many zero bits its digest begins with."""
        text = f"saksei/v1 work\n{call_id}\n{self.batch}\n{self.handle.hex()}\n{self.nonce}"
        return 256 - int.from_bytes(hashlib.sha256(text.encode()).digest()).bit_length()


def parse_work(header: str | None) -> Work | None:
    """Read the header; None for what is none."""
    found = None if header is None else _HEADER.fullmatch(header)
    return None if found is None else Work(int(found[1]), bytes.fromhex(found[2]), found[3])


def bits_asked(load: float) -> int:
    """Zero bits that are asked for at this load (1 is full); 0 while nothing is asked."""
    return max((level for level, threshold in zip(LEVELS, THRESHOLDS, strict=True) if load > threshold), default=0)


def require_work(stored: StoredCall, header: str | None, *, load: float, now: int) -> Work | None:
    """The work that was shown, None while none is asked. Raises WorkError unless the work was done.

    Work for the level below counts too: the load may have grown while it was done.
    """
    asked = bits_asked(load)
    if not asked:
        return None
    batch = stored.schedule.after(now)
    work = parse_work(header)
    enough = LEVELS[max(LEVELS.index(asked) - 1, 0)]
    if work is None or work.batch not in {batch, stored.schedule.after(now - LATE_SECONDS)} or work.bits(stored.call.call) < enough:
        raise WorkError(bits=asked, batch=batch)
    return work
