"""What an operator may see of a running service: counts that tell nothing of one person (threats.md).

Figures move at boundaries only, the multiples of the longest `batch_seconds` there is; they are shown one whole batch late, and rounded
down to tens. So whoever reads them every second learns in which batch ten things happened, and of no single one when. There is no label
but a word of format.md section 12 or one of two of ours: no call, no path, no address, no size. Nothing that moves with a report as it
comes in (memory, free space, open connections) is among them.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from time import time

ROUNDED_TO = 10
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ACCEPTED = "accepted"
TAKEN_BACK = "taken-back"
"""The words for what was not refused: reports and withdrawals."""

_WORD = re.compile(r"[a-z-]{1,40}")


class Figures:
    """Counts of answers by their word."""

    def __init__(self, longest_batch: Callable[[], int], *, clock: Callable[[], float] = time) -> None:
        """Everything is zero. `longest_batch` tells the seconds between boundaries, `clock` unix seconds."""
        self._longest_batch = longest_batch
        self._clock = clock
        self._counted: Counter[str] = Counter()
        self._before: Mapping[str, int] = {}
        self._shown: Mapping[str, int] = {}
        self._boundary = 0

    def count(self, word: str) -> None:
        """One more answer with this word. Raises ValueError for what is no word."""
        if not _WORD.fullmatch(word):
            raise ValueError("Only words of the format are counted.")
        self._turn()
        self._counted[word] += 1

    def shown(self) -> dict[str, int]:
        """The counts as they stood at the boundary before the last one, rounded down to tens."""
        self._turn()
        return {word: count // ROUNDED_TO * ROUNDED_TO for word, count in sorted(self._shown.items())}

    def _turn(self) -> None:
        """At a boundary, before anything after it is counted: show what was held back, and hold back what was counted since."""
        step = self._longest_batch()
        boundary = int(self._clock()) // step * step
        if boundary <= self._boundary:
            return
        counted = dict(self._counted)
        self._shown = self._before if boundary - self._boundary <= step else counted
        self._before = counted
        self._boundary = boundary


def metrics_text(answers: Mapping[str, int], *, publishing: bool, version: str) -> str:
    """The figures in Prometheus's text format. `publishing` says whether the publisher's last pass went well."""
    lines = [
        "# HELP saksei_build The version that runs.",
        "# TYPE saksei_build gauge",
        f'saksei_build{{version="{version}"}} 1',
        "# HELP saksei_publishing 1 while the publisher does its work.",
        "# TYPE saksei_publishing gauge",
        f"saksei_publishing {int(publishing)}",
        f"# HELP saksei_answers_total Answers to reports and withdrawals by word, a batch late, rounded down to {ROUNDED_TO}.",
        "# TYPE saksei_answers_total counter",
        *(f'saksei_answers_total{{word="{word}"}} {count}' for word, count in answers.items()),
    ]
    return "\n".join(lines) + "\n"
