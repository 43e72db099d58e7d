"""How often the pending tables of PostgreSQL may be written anew: whoever sends and withdraws again and again must not stall the others.

Writing them anew (VACUUM FULL) is what takes a destroyed envelope off the disk, and costs as much as all that waits; nobody can send
meanwhile. So after one that took long there is a rest, in proportion to what the next would cost.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

FREE_SECONDS = 2.0
"""What takes no longer is done whenever it is asked for, which is once a pass of the publisher."""
TIMES = 19
"""So many times as long as the next would take it rests: senders wait for a twentieth of the time at most."""
LONGEST_SECONDS = 600.0
"""But no longer than this: then what was destroyed is wiped, whatever that costs."""


@dataclass(slots=True)
class Rest:
    """When the last one ended, how many seconds it took, and how many reports waited then. `clock` tells seconds that only go forward."""

    clock: Callable[[], float] = monotonic
    ended: float = 0.0
    seconds: float = 0.0
    reports: int = 0

    def is_over(self, reports: int) -> bool:
        """Whether the next may begin, while so many reports wait: after a batch there are few, and it costs little."""
        expected = self.seconds * min(1.0, reports / max(self.reports, 1))
        return self.seconds <= FREE_SECONDS or self.clock() >= self.ended + min(TIMES * expected, LONGEST_SECONDS)

    @contextmanager
    def worked(self, reports: int) -> Iterator[None]:
        """Take note of one, whatever comes of it."""
        began = self.clock()
        try:
            yield
        finally:
            self.ended, self.reports = self.clock(), reports
            self.seconds = self.ended - began
