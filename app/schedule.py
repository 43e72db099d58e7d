"""When a batch is due (format.md sections 5, 7 and 9): plain arithmetic on unix seconds.

Boundaries of a log are the multiples of `batch_seconds`, and the close (deadline + grace). A batch is named by the boundary at which it is
due. After the close withdrawals go on, at the multiples.
"""

from dataclasses import dataclass

WAITS = 3
"""How many boundaries a batch with fewer than `batch_min` entries may let pass."""

PUBLISHING_SECONDS = 3600
"""What a promise allows between the last boundary and the checkpoint."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The boundaries of one log. `step` is batch_seconds, `least` is batch_min, `close` is deadline + grace."""

    step: int
    least: int
    close: int

    def after(self, now: int) -> int:
        """The first boundary later than `now`."""
        multiple = (now // self.step + 1) * self.step
        return min(multiple, self.close) if now < self.close else multiple

    def last(self, now: int) -> int:
        """The last boundary not later than `now`."""
        multiple = now // self.step * self.step
        return max(multiple, self.close) if now >= self.close else multiple

    def publish_by(self, batch: int) -> int:
        """What is promised to an entry taken for `batch`: the fourth boundary from then, or the close if earlier, and an hour."""
        fourth = (batch // self.step + WAITS) * self.step
        return (min(fourth, self.close) if batch <= self.close else fourth) + PUBLISHING_SECONDS

    def is_ripe(self, boundary: int, *, count: int, oldest: int) -> bool:
        """Whether `count` entries, the oldest taken for the batch `oldest`, may be published at `boundary`."""
        return count >= self.least or (boundary - oldest) // self.step >= WAITS
