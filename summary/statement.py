"""What a release says, in numbers: the one input that the protector and the audit share (disclosure.md).

A statement gives every figure of its tables one of three forms:

- a **band**: the count lies between `low` and `high`, both included. The lowest band is 0..k+planted-1, then come bands of k;
- **not shown**: nothing is said;
- **repeated**: an earlier release's figure stands here again. It says nothing about this release's reporters.

Only figures that are not in the lowest band are written down: every other figure of the tables, for every category there can be, is in it.
Listing what somebody answered would say that somebody did.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from summary.tables import TOTAL, Key, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from questionnaire.models import Call

COUNTS_OUT = ("unavailable", "consent", "not-credible")
"""Why a live report is not counted, in the order of provenance.json."""


class Shown(Enum):
    """How a figure is shown."""

    BAND = "band"
    HIDDEN = "not-shown"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure. For a repeated one `low`, `high` are the earlier release's and `since` is that release's number."""

    shown: Shown
    low: int = 0
    high: int | None = None
    since: int | None = None

    @property
    def interval(self) -> tuple[int, int | None]:
        """What the figure says about this release's reporters: (least, most), most None where nothing bounds it."""
        return (self.low, self.high) if self.shown is Shown.BAND else (0, None)


HIDDEN = Figure(Shown.HIDDEN)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """k and planted of a call, and where k is at least 10: in every figure of a table that crosses something with the host country.

    `crossed` holds the questions of those tables. A margin never has a smaller k than the cells it is a margin of in such a table.
    """

    k: int
    planted: int
    host_k: int
    crossed: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, call: Call) -> Thresholds:
        """The thresholds of a call (disclosure.md, "Tables")."""
        tables = [table for table in call.tables if len(table.dimensions) > 1]
        hosted = [frozenset(table.dimensions) for table in tables if any(call.question(one).type == "country" for one in table.dimensions)]
        return cls(call.k, call.planted, max(call.k, 10), tuple(hosted))

    def k_of(self, key: Key) -> int:
        """The k of a figure."""
        questions = {question for question, _, _ in key}
        return self.host_k if any(questions <= one for one in self.crossed) else self.k

    def top(self, key: Key) -> int:
        """The top of the figure's lowest band, k + planted - 1: a figure of 1..top is sensitive."""
        return self.k_of(key) + self.planted - 1

    def lowest(self, key: Key) -> Figure:
        """The lowest band of a figure."""
        return Figure(Shown.BAND, 0, self.top(key))

    def band(self, key: Key, count: int) -> Figure:
        """The band that a count falls in."""
        first, width = self.top(key) + 1, self.k_of(key)
        if count < first:
            return self.lowest(key)
        low = first + (count - first) // width * width
        return Figure(Shown.BAND, low, low + width - 1)


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything one release says that is a number.

    `figures` holds the figures that are not in the lowest band. `counts` are those of provenance.json, the reports left out by reason
    (names of COUNTS_OUT) and `counted`, the reports that stand behind the reporters. `live` is public: the reports of the log that are
    neither withdrawn nor late.
    """

    plans: tuple[Plan, ...]
    thresholds: Thresholds
    figures: Mapping[Key, Figure]
    counts: Mapping[str, Figure]
    live: int
    number: int = 1
    audience: str = ""

    def figure(self, key: Key) -> Figure:
        """The figure of a key of the tables; the lowest band when it is not written down."""
        return self.figures.get(key) or self.thresholds.lowest(key)

    def with_figures(self, changed: Mapping[Key, Figure]) -> Statement:
        """The same with some figures changed."""
        return Statement(self.plans, self.thresholds, {**self.figures, **changed}, self.counts, self.live, self.number, self.audience)

    def with_counts(self, changed: Mapping[str, Figure]) -> Statement:
        """The same with some counts of provenance.json changed."""
        return Statement(self.plans, self.thresholds, self.figures, {**self.counts, **changed}, self.live, self.number, self.audience)

    def numbered(self, number: int, audience: str) -> Statement:
        """The same as a release of this number for this audience."""
        return Statement(self.plans, self.thresholds, self.figures, self.counts, self.live, number, audience)

    def part(self, questions: frozenset[str], reporters: int) -> Statement:
        """What is said of some questions that no table crosses with others, to somebody who knows how many reporters there are."""
        plans = tuple(plan for plan in self.plans if plan.axes[0].question in questions)
        figures = {key: figure for key, figure in self.figures.items() if key and key[0][0] in questions}
        known = {TOTAL: Figure(Shown.BAND, reporters, reporters)}
        return Statement(plans, self.thresholds, {**figures, **known}, {}, reporters, self.number, self.audience)

    def listed(self, question: str) -> frozenset[tuple[str, str]]:
        """The (level, code) of a question that a written figure names; all other codes of a level are told apart by nothing published."""
        return frozenset((level, code) for key in self.figures for one, level, code in key if one == question)


@dataclass(frozen=True, slots=True)
class ReportCounts:
    """The exact counts behind a release; they never leave the workspace (disclosure.md).

    `logged` reports of the log, of which `withdrawn` and `late` are public; `unavailable` (missing, destroyed or not opened), `consent`
    (kept only, or not for this audience) and `not_credible` are left out; `counted` stand behind the reporters. `log_closed` says that
    the log has its close. Raises ValueError when they do not add up.
    """

    logged: int
    withdrawn: int
    late: int
    unavailable: int
    consent: int
    not_credible: int
    counted: int
    log_closed: bool = True

    def __post_init__(self) -> None:
        """Check the sum."""
        parts = (self.withdrawn, self.late, self.unavailable, self.consent, self.not_credible, self.counted)
        if min(parts) < 0 or sum(parts) != self.logged:
            raise ValueError("the counts of a release do not add up to the reports of the log")

    @property
    def live(self) -> int:
        """Reports that the public log shows as neither withdrawn nor late."""
        return self.logged - self.withdrawn - self.late

    def variable(self) -> dict[str, int]:
        """The counts that only the release tells."""
        return {"unavailable": self.unavailable, "consent": self.consent, "not-credible": self.not_credible, "counted": self.counted}


def total_band(thresholds: Thresholds, count: int) -> Figure:
    """The band of a count of reports, as the total's."""
    return thresholds.band(TOTAL, count)
