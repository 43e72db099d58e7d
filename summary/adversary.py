"""The adversary's own computation: which datasets are consistent with everything a release says (disclosure.md, "Audit").

**Model.** A dataset says how many reporters have each profile of the space (summary.space): one integer variable >= 0 for each cell of
the full cross-classification. Each published figure is one linear constraint `low <= (sum over the profiles that count in it) <= high`;
what the public log and provenance.json say are further ones::

    counted + unavailable + consent + not-credible = live reports of the public log        (exactly)
    reporters <= counted, and at least one when there are any;  low <= x <= high for each count that is shown

**Size.** The cross-classification has more cells than can be written down, so variables are made when they are needed (column
generation). The linear program over the variables made so far gives each figure a price; a profile whose figures' prices add up to less
than nothing would improve the bound, and becomes a variable. Such profiles are looked for by coordinate descent from every profile seen
so far: with all other answers fixed, the price of each answer is linear, so the best answer to one question is found at once for all
starting points by one matrix product. Where the whole space is small it is written down whole, and every bound is exact.

**What that proves.** The bounds asked for are those that a band itself sets, 0 and its top. A dataset found at such a bound is a member
of the adversary's set whatever variables were left out, so it proves the bound exactly. Leaving variables out can make the search fail
where a dataset exists, and then the release is refused that could have gone out; it can never pass one that says too much. The data
themselves never restrict the search: the reporters' own profiles only start it.

The codes of a question that no written figure names are told apart by nothing published; of those only the ones already met and a few fresh
ones take part. Fewer of them, again, can only refuse more.

HiGHS runs on one thread with a fixed seed, without a time limit: the same input gives the same answer.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product
from typing import TYPE_CHECKING

import highspy
import numpy as np

from summary.pricing import EPSILON, Prices, sortable
from summary.space import Point, Profile, Space
from summary.tables import TOTAL, Key, rows_of, shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from summary.pricing import Vector
    from summary.statement import Statement

WHOLE = 2000
"""A space with at most so many profiles is written down whole."""
FRESH = 2
ALL_POINTS = 12
ROUNDS = 12
ABSOLUTE = 100.0
"""Where many figures are looked for at once, a sum within this times the gap of its bound is good enough."""
MOST_COLUMNS = 300
_INF = highspy.kHighsInf

Dataset = dict[Profile, int]


def admits(statement: Statement, where: Space, dataset: Mapping[Profile, int], counts: Mapping[Key, int]) -> bool:
    """Whether a dataset, with its exact figures, is consistent with everything the statement says. Plain counting, no solver.

    The counts of provenance.json are free but for their own constraints, which are intervals of the total (`total_interval`).
    """
    total = sum(dataset.values())
    low, high = total_interval(statement)
    if not low <= total <= high:
        return False
    figures = {*counts, *statement.figures} - {TOTAL}
    published = shapes(statement.plans)
    for key in figures:
        if frozenset((question, level) for question, level, _ in key) not in published:
            continue
        least, most = statement.figure(key).interval
        if not least <= counts.get(key, 0) <= (total if most is None else most):
            return False
    return all(len(points) == 1 or where.multiple[index] for profile in dataset for index, points in enumerate(profile))


def total_interval(statement: Statement) -> tuple[int, int]:
    """What the total's figure, provenance.json and the public log together say about the number of reporters: (least, most).

    Live reports are public. Those that are not left out are `counted`, and at least one reporter stands behind them when there are any; how
    many of them are additions to another's is named by nothing.
    """
    live = statement.live
    least, most = statement.figure(TOTAL).interval
    left_out = [figure.interval for name, figure in statement.counts.items() if name != "counted"]
    left_out_most = live if any(high is None for _, high in left_out) else sum(high or 0 for _, high in left_out)
    counted_least, counted_most = statement.counts["counted"].interval if "counted" in statement.counts else (0, None)
    counted_least = max(counted_least, live - left_out_most)
    counted_most = min(live if counted_most is None else counted_most, live - sum(low for low, _ in left_out))
    return max(least, min(counted_least, 1)), counted_most if most is None else min(most, counted_most)


class Adversary:
    """A search over every dataset that one statement admits.

    `start` are profiles to start from: a dataset that the statement admits when there is one at hand, else whatever is known. `wanted` are
    figures whose bounds will be asked for, of any shape that the space's levels can tell.
    """

    def __init__(self, statement: Statement, where: Space, start: Mapping[Profile, int], wanted: Iterable[Key]) -> None:
        """Set the program up with its constraints and the first variables."""
        self.statement = statement
        self.space = where
        wanted = sorted(wanted)
        self._points = [self._working_points(index, start, wanted) for index in range(len(where.questions))]
        self._rows: dict[Key, int] = {}
        self._low: list[float] = []
        self._high: list[float] = []
        low, high = total_interval(statement)
        self._add_row(TOTAL, low, high)
        for key in sorted({*self._constraints(), *wanted} - {TOTAL}):
            least, most = statement.figure(key).interval if self._published(key) else (0, None)
            self._add_row(key, least, _INF if most is None else most)
        self._columns: dict[Profile, Vector] = {}
        self._order: list[Profile] = []
        self._prices = Prices(where, self._points, list(self._rows))
        self.whole = self._size() <= WHOLE
        self._start = sorted(start, key=sortable)
        self._lp = self._empty_program()
        self._extend(self._everything() if self.whole else self._start)

    # -- the variables and constraints ----------------------------------------------------------------------------------------------

    def _published(self, key: Key) -> bool:
        return frozenset((question, level) for question, level, _ in key) in shapes(self.statement.plans)

    def _add_row(self, key: Key, low: float, high: float) -> None:
        self._rows[key] = len(self._rows)
        self._low.append(low)
        self._high.append(high)

    def _working_points(self, index: int, start: Mapping[Profile, int], wanted: Iterable[Key]) -> list[Point]:
        """The points of a question that take part: all where they are few, else those met or written down and a few fresh of each kind."""
        every, question = self.space.points[index], self.space.questions[index]
        chosen = {point for profile in start for point in profile[index]} | {self.space.unanswered(index)}
        if len(every) <= ALL_POINTS:
            return sorted({*every, *chosen})
        named = {(level, code) for key in wanted for one, level, code in key if one == question} | self.statement.listed(question)
        finest, fresh = self.space.levels[index][0], Counter[object]()
        kinds = self.space.kinds(index, named)[0]
        for point in every:
            if (finest, point[0]) in named:
                chosen.add(point)
            elif point not in chosen and fresh[kinds[point[0]]] < FRESH:
                fresh[kinds[point[0]]] += 1
                chosen.add(point)
        return sorted(chosen)

    def _constraints(self) -> Iterator[Key]:
        """Every figure over the working points whose constraint does not already follow from a margin's."""
        codes: dict[tuple[str, str], set[str]] = {}
        for index, question in enumerate(self.space.questions):
            for position, level in enumerate(self.space.levels[index]):
                codes[question, level] = {point[position] for point in self._points[index]}
        for shape in sorted(shapes(self.statement.plans), key=sorted):
            axes = sorted(shape)
            for chosen in product(*(sorted(codes[one]) for one in axes)):
                key = tuple((question, level, code) for (question, level), code in zip(axes, chosen, strict=True))
                if not self._follows(key) and self.statement.figure(key).interval != (0, None):
                    yield key

    def _follows(self, key: Key) -> bool:
        if key in self.statement.figures or not key:
            return False
        top = self.statement.thresholds.top(key)
        margins = (self.statement.figure(margin).interval[1] for _, margin in rows_of(key))
        return any(most is not None and most <= top for most in margins)

    def _size(self) -> int:
        size = 1
        for index, points in enumerate(self._points):
            size *= 2 ** (len(points) - 1) if self.space.multiple[index] else len(points)
            if size > WHOLE:
                break
        return size

    def _everything(self) -> list[Profile]:
        answers: list[list[frozenset[Point]]] = []
        for index, points in enumerate(self._points):
            if not self.space.multiple[index]:
                answers.append([frozenset({point}) for point in points])
                continue
            nothing = self.space.unanswered(index)
            ticked = [point for point in points if point != nothing]
            subsets = (frozenset(some) for size in range(1, len(ticked) + 1) for some in combinations(ticked, size))
            answers.append([frozenset({nothing}), *subsets])
        return [tuple(chosen) for chosen in product(*answers)]

    def _empty_program(self) -> highspy.Highs:
        solver = _solver()
        for low, high in zip(self._low, self._high, strict=True):
            solver.addRow(low, high, 0, np.array([], dtype=np.int32), np.array([], dtype=np.float64))
        return solver

    def _extend(self, found: Iterable[Profile]) -> int:
        """Make variables of the profiles that are not variables yet; returns how many."""
        added = 0
        for profile in found:
            if profile in self._columns:
                continue
            column = np.zeros(len(self._rows))
            for key in self._counted_in(profile):
                column[self._rows[key]] = 1.0
            self._columns[profile] = column
            self._order.append(profile)
            rows = np.flatnonzero(column).astype(np.int32)
            self._lp.addCol(0.0, 0.0, _INF, len(rows), rows, column[rows])
            added += 1
        return added

    def _counted_in(self, profile: Profile) -> Iterator[Key]:
        return self._prices.counted_in(profile)

    @property
    def profiles(self) -> list[Profile]:
        """The profiles that are variables now."""
        return list(self._order)

    @property
    def figures(self) -> list[Key]:
        """The figures that have a constraint or were asked for; only of these are there bounds."""
        return list(self._rows)

    # -- bounds ---------------------------------------------------------------------------------------------------------------------

    def search(self, weights: Mapping[Key, float], *, rounds: int = ROUNDS, gap: float = 0.0) -> Dataset | None:
        """A dataset that the statement admits in which the weighted sum of figures is as small as this search can make it.

        None when no dataset was found at all. Exact when the space is written down whole and `gap` is 0.
        """
        prices = np.zeros(len(self._rows))
        for key, weight in weights.items():
            prices[self._rows[key]] += weight
        if not self._relax(prices, rounds):
            return None
        return self._round(prices, gap)

    def bound(self, key: Key, *, most: bool) -> tuple[int, Dataset] | None:
        """The least (or most) that a figure can be, with a dataset in which it is that; None when no dataset was found."""
        dataset = self.search({key: -1.0 if most else 1.0})
        if dataset is None:
            return None
        return self.value(key, dataset), dataset

    def value(self, key: Key, dataset: Dataset) -> int:
        """A wanted figure in a dataset that this search found."""
        row = self._rows[key]
        return int(sum(reporters for profile, reporters in dataset.items() if self._columns[profile][row]))

    def find_any(self) -> bool:
        """Look for variables that make the program feasible; for a statement whose own dataset is not known."""
        if self.whole:
            return self._relax(np.zeros(len(self._rows)), 0)
        first = self._lp.getNumCol()
        for row in range(len(self._rows)):
            for sign in (1.0, -1.0):
                self._lp.addCol(1.0, 0.0, _INF, 1, np.array([row], dtype=np.int32), np.array([sign]))
        slack = len(self._rows) * 2
        self._lp.changeColsCost(first, np.arange(first, dtype=np.int32), np.zeros(first))
        feasible = False
        for _ in range(4 * ROUNDS):
            self._lp.run()
            if self._lp.getInfo().objective_function_value < EPSILON:
                feasible = True
                break
            if not self._improve(np.zeros(len(self._rows))):
                break
        columns = np.arange(first, first + slack, dtype=np.int32)
        self._lp.deleteCols(slack, columns)
        return feasible

    def _relax(self, prices: Vector, rounds: int) -> bool:
        costs = np.array([column @ prices for column in self._columns.values()])
        self._lp.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)
        for attempt in range(rounds + 1):
            self._lp.run()
            if self._lp.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return False
            if self.whole or attempt == rounds:
                break
            before = len(self._order)
            if not self._improve(prices):
                break
            fresh = np.arange(before, len(self._order), dtype=np.int32)
            costs = np.array([self._columns[profile] @ prices for profile in self._order[before:]])
            self._lp.changeColsCost(len(fresh), fresh, costs)
        return True

    def _improve(self, prices: Vector) -> int:
        """Make variables of profiles that the program's prices say would lower the sum."""
        reduced = prices - np.array(self._lp.getSolution().row_dual)
        return self._extend(self._prices.cheapest(reduced, self._start, self._order[-200:]))

    def _round(self, prices: Vector, gap: float) -> Dataset | None:
        """The integer program over the variables that matter; over all there are when that finds nothing."""
        solution = self._lp.getSolution()
        values, duals = np.array(solution.col_value), np.array(solution.col_dual)
        chosen = list(range(len(self._order)))
        if len(chosen) > MOST_COLUMNS:
            chosen.sort(key=lambda column: (values[column] < EPSILON, self._order[column] not in self._start, duals[column], column))
            chosen = sorted(chosen[:MOST_COLUMNS])
        found = self._integer(chosen, prices, gap)
        if found is None and len(chosen) < len(self._order):
            found = self._integer(list(range(len(self._order))), prices, gap)
        return found

    def _integer(self, chosen: Sequence[int], prices: Vector, gap: float) -> Dataset | None:
        solver = _solver()
        solver.setOptionValue("mip_rel_gap", gap)
        solver.setOptionValue("mip_abs_gap", ABSOLUTE * gap)
        program = highspy.HighsLp()
        columns = np.array([self._columns[self._order[column]] for column in chosen])
        program.num_col_, program.num_row_ = len(chosen), len(self._rows)
        program.col_cost_ = columns @ prices
        program.col_lower_, program.col_upper_ = np.zeros(len(chosen)), np.full(len(chosen), float(self.statement.live))
        program.row_lower_, program.row_upper_ = np.array(self._low, dtype=float), np.array(self._high, dtype=float)
        column_of, row_of = np.nonzero(columns)
        program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        program.a_matrix_.start_ = np.searchsorted(column_of, np.arange(len(chosen) + 1)).astype(np.int32)
        program.a_matrix_.index_ = row_of.astype(np.int32)
        program.a_matrix_.value_ = np.ones(len(row_of))
        program.integrality_ = [highspy.HighsVarType.kInteger] * len(chosen)
        solver.passModel(program)
        solver.run()
        if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        found = {self._order[column]: round(value) for column, value in zip(chosen, solver.getSolution().col_value, strict=True)}
        return {profile: reporters for profile, reporters in found.items() if reporters}


def _solver() -> highspy.Highs:
    solver: highspy.Highs = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 0)
    return solver
