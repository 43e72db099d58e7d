"""Complementary suppression by witnesses (disclosure.md, "Tables"): which figures must not be shown.

For every sensitive figure two alternative datasets are wanted, one in which it is 0 and one in which it is at the top of its band, and
both must fit everything that is shown. First such datasets are looked for as things are. Where there is none, the one that deviates least
from what is shown is taken, and every figure it deviates from becomes "not shown". Hiding only grows, so datasets found earlier stay
valid, and when all sensitive figures have been seen to, all have their two.

The alternatives are made of the reporters' own profiles and of profiles that differ from one of them in the answer to one question (in
more, where no reporter comes near the figure). The adversary has many more to choose from, so what is safe here is safe there; the audit,
which shares none of this code, sees to it.

A figure of a category that nothing written names is never hidden: writing "not shown" beside it would name it.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby, product
from typing import TYPE_CHECKING

import highspy
import numpy as np

from summary.space import Point, part_of, parts, profiles, project, space
from summary.statement import HIDDEN, Shown, Statement
from summary.tables import TOTAL, UNANSWERED, Key, shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from questionnaire.models import Call
    from summary.space import Profile, Space
    from summary.tables import Reporter

BATCHES = 12
MOST_COLUMNS = 300
ABSOLUTE = 100.0
"""Where many figures are settled at once, a sum within this times the gap of its bound is good enough."""
FAR = 16
"""How many profiles are tried at a figure that no reporter comes near."""


def suppressed(call: Call, reporters: Sequence[Reporter], statement: Statement) -> Statement:
    """The statement with every figure hidden that would give a sensitive one away."""
    where = space(call, statement.plans)
    people = Counter(profiles(call, reporters, where))
    groups = parts(where, statement.plans)
    if len(groups) == 1 or len(reporters) <= statement.thresholds.top(TOTAL):
        return _suppressed(where, statement, people)
    # Tables of different groups share only the total. With that as it is, what is found for one group fits the true answers to the others.
    for indices in groups:
        some = part_of(where, indices)
        part = _suppressed(some, statement.part(frozenset(some.questions), len(reporters)), project(people, indices))
        statement = statement.with_figures({key: figure for key, figure in part.figures.items() if key})
    return statement


def _suppressed(where: Space, statement: Statement, people: Mapping[Profile, int]) -> Statement:
    alternatives = _Alternatives(where, statement, people)
    alternatives.note(people)
    for top in (False, True):
        alternatives.many(top=top)
        for key in [key for key in alternatives.sensitive if key not in alternatives.settled[top]]:
            if key not in alternatives.settled[top]:
                alternatives.one(key, top=top)
    return alternatives.statement


class _Alternatives:
    """The alternative datasets of one statement, and what has to be hidden for them."""

    def __init__(self, where: Space, statement: Statement, people: Mapping[Profile, int]) -> None:
        self._space, self.statement, self._people = where, statement, people
        self._codes = [list(self._stand_ins(index)) for index in range(len(where.questions))]
        exact = self._count(people)
        self.sensitive = {
            key: min(statement.thresholds.top(key), statement.live) for key in self._figures() if self._is_sensitive(key, exact)
        }
        self.settled: dict[bool, set[Key]] = {False: set(), True: set()}
        self._columns = self._neighbours(exact)
        counted = [where.keys(profile, statement.plans) for profile in self._columns]
        every = {key for keys in counted for key in keys}
        self._rows = {key: row for row, key in enumerate(sorted(key for key in {*every, *self.sensitive} if self._binds(key)))}
        self._matrix = [np.array(sorted(self._rows[key] for key in keys if key in self._rows), dtype=np.int32) for keys in counted]
        self._elastic = [key for key in self._rows if self._may_hide(key)]
        self._program = self._build()

    # -- what there is ------------------------------------------------------------------------------------------------------------

    def _stand_ins(self, index: int) -> Iterator[Point]:
        """The points to change to: those written down, the unanswered one, and one of each kind of the others, best one nobody has."""
        listed = self.statement.listed(self._space.questions[index])
        levels, met = self._space.levels[index], {point for profile in self._people for point in profile[index]}
        kinds, others = self._space.kinds(index, listed)[0], dict[object, Point]()
        for point in sorted(self._space.points[index], key=lambda one: one in met):
            if UNANSWERED in point or (levels[0], point[0]) in listed:
                yield point
            else:
                others.setdefault(kinds[point[0]], point)
        yield from others.values()
        known = set(self._space.points[index])
        yield from (point for point in sorted(met - known) if any(pair in listed for pair in zip(levels, point, strict=True)))

    def _count(self, dataset: Mapping[Profile, int]) -> Counter[Key]:
        counts: Counter[Key] = Counter()
        for profile, reporters in dataset.items():
            for key in self._space.keys(profile, self.statement.plans):
                counts[key] += reporters
        return counts

    def _figures(self) -> Iterator[Key]:
        codes: dict[tuple[str, str], list[str]] = {}
        for index, question in enumerate(self._space.questions):
            for position, level in enumerate(self._space.levels[index]):
                codes[question, level] = sorted({point[position] for point in self._codes[index]})
        for shape in shapes(self.statement.plans):
            axes = sorted(shape)
            for chosen in product(*(codes[one] for one in axes)):
                yield tuple((*one, code) for one, code in zip(axes, chosen, strict=True))

    def _is_sensitive(self, key: Key, exact: Mapping[Key, int]) -> bool:
        figure = self.statement.figure(key)
        if figure.shown is Shown.BAND:
            return figure.low == 0
        return exact.get(key, 0) <= self.statement.thresholds.top(key)

    def _neighbours(self, exact: Mapping[Key, int]) -> list[Profile]:
        found = dict.fromkeys(sorted(self._people, key=_order))
        originals = list(found)
        for profile in originals:
            for index, points in enumerate(self._codes):
                found.update(dict.fromkeys(self._changed(profile, index, point) for point in points))
                if self._space.multiple[index]:
                    found.update(dict.fromkeys(self._with(profile, index, frozenset({point})) for point in points))
        for key, top in self.sensitive.items():
            if len(key) > 1 and all(exact.get(key[:skip] + key[skip + 1 :], 0) < top for skip in range(len(key))):
                found.update(dict.fromkeys(self._moved(profile, key) for profile in originals[:: len(originals) // FAR + 1]))
        return list(found)

    def _with(self, profile: Profile, index: int, points: frozenset[Point]) -> Profile:
        return (*profile[:index], points or frozenset({self._space.unanswered(index)}), *profile[index + 1 :])

    def _changed(self, profile: Profile, index: int, point: Point) -> Profile:
        """The profile with one answer changed: replaced, or ticked or unticked where there may be several."""
        nothing = self._space.unanswered(index)
        if not self._space.multiple[index] or point == nothing:
            return self._with(profile, index, frozenset({point}))
        return self._with(profile, index, (profile[index] ^ {point}) - {nothing})

    def _moved(self, profile: Profile, key: Key) -> Profile:
        for question, level, code in key:
            index = self._space.questions.index(question)
            position = self._space.levels[index].index(level)
            point = next(one for one in self._codes[index] if one[position] == code)
            nothing = self._space.unanswered(index)
            kept = profile[index] - {nothing} if self._space.multiple[index] and point != nothing else frozenset()
            profile = self._with(profile, index, kept | {point})
        return profile

    # -- the program --------------------------------------------------------------------------------------------------------------

    def _binds(self, key: Key) -> bool:
        """Whether a figure needs a constraint of its own."""
        if key in self.statement.figures or key in self.sensitive or not key:
            return True
        top = self.statement.thresholds.top(key)
        margins = [self.statement.figure(key[:skip] + key[skip + 1 :]).interval[1] for skip in range(len(key))]
        return not any(most is not None and most <= top for most in margins)

    def _may_hide(self, key: Key) -> bool:
        low, high = self.statement.figure(key).interval
        if high is None or low == high:
            return False
        return all((level, code) in self.statement.listed(question) for question, level, code in key)

    def _limits(self, key: Key) -> tuple[float, float]:
        low, high = self.statement.figure(key).interval
        if key != TOTAL:
            return low, highspy.kHighsInf if high is None else high
        counts = {name: figure.interval for name, figure in self.statement.counts.items()}
        most = self.statement.live - sum(least for name, (least, _) in counts.items() if name != "counted")
        return max(low, 1 if counts.get("counted", (0, None))[0] else 0), min(
            most, *(one for one in (high, counts.get("counted", (0, None))[1], most) if one is not None)
        )

    def _build(self) -> highspy.Highs:
        solver = _quiet()
        for key in self._rows:
            solver.addRow(*self._limits(key), 0, np.array([], dtype=np.int32), np.array([]))
        for rows in self._matrix:
            solver.addCol(0.0, 0.0, highspy.kHighsInf, len(rows), rows, np.ones(len(rows)))
        for key in self._elastic:
            for sign in (1.0, -1.0):
                solver.addCol(0.0, 0.0, 0.0, 1, np.array([self._rows[key]], dtype=np.int32), np.array([sign]))
        return solver

    def _cost_of_hiding(self, key: Key) -> float:
        """What hiding a figure costs: the total most, then margins, then cells; a low cell more than the others, for it would look odd."""
        return 12.0 / (1 + len(key)) ** 2 * (1.0 if self.statement.figure(key).low else 4.0)

    def _solve(self, costs: np.ndarray[tuple[int], np.dtype[np.float64]], gap: float) -> tuple[dict[Profile, int], list[Key]] | None:
        """Relax, keep the variables that matter, and solve for integers; returns the dataset and the figures it deviates from."""
        every = np.arange(len(costs), dtype=np.int32)
        self._program.changeColsCost(len(costs), every, costs)
        self._program.run()
        if self._program.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self._program.getSolution()
        values, reduced = np.array(solution.col_value), np.array(solution.col_dual)
        profiles_end = len(self._columns)
        ranked = sorted(
            range(profiles_end), key=lambda column: (values[column] < 1e-7, self._columns[column] not in self._people, reduced[column])
        )
        slack = range(profiles_end, len(costs)) if costs[profiles_end:].any() else range(0)
        few = self._integers([*sorted(ranked[:MOST_COLUMNS]), *slack], costs, gap)
        return few or (self._integers([*range(profiles_end), *slack], costs, gap) if profiles_end > MOST_COLUMNS else None)

    def _integers(
        self, kept: Sequence[int], costs: np.ndarray[tuple[int], np.dtype[np.float64]], gap: float
    ) -> tuple[dict[Profile, int], list[Key]] | None:
        solver, relaxed = _quiet(), self._program.getLp()
        solver.setOptionValue("mip_rel_gap", gap)
        solver.setOptionValue("mip_abs_gap", ABSOLUTE * gap)
        for low, high in zip(relaxed.row_lower_, relaxed.row_upper_, strict=True):
            solver.addRow(low, high, 0, np.array([], dtype=np.int32), np.array([]))
        for column in kept:
            if column < len(self._columns):
                rows = self._matrix[column]
                solver.addCol(costs[column], 0.0, float(self.statement.live), len(rows), rows, np.ones(len(rows)))
            else:
                key = self._elastic[(column - len(self._columns)) // 2]
                sign = -1.0 if (column - len(self._columns)) % 2 else 1.0
                solver.addCol(
                    costs[column], 0.0, relaxed.col_upper_[column], 1, np.array([self._rows[key]], dtype=np.int32), np.array([sign])
                )
        solver.changeColsIntegrality(len(kept), np.arange(len(kept), dtype=np.int32), np.full(len(kept), highspy.HighsVarType.kInteger))
        solver.run()
        if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        dataset: dict[Profile, int] = {}
        hidden: list[Key] = []
        for column, value in zip(kept, solver.getSolution().col_value, strict=True):
            if round(value) and column < len(self._columns):
                dataset[self._columns[column]] = round(value)
            elif round(value):
                hidden.append(self._elastic[(column - len(self._columns)) // 2])
        return dataset, hidden

    # -- the search ---------------------------------------------------------------------------------------------------------------

    def note(self, dataset: Mapping[Profile, int]) -> int:
        """Note which sensitive figures a dataset settles, if it fits what is shown; returns how many newly."""
        counts = self._count(dataset)
        for key in {*counts, *self.statement.figures, TOTAL}:
            low, high = self._limits(key)
            if not low <= counts[key] <= high:
                return 0
        before = len(self.settled[False]) + len(self.settled[True])
        for key, top in self.sensitive.items():
            if counts[key] == 0:
                self.settled[False].add(key)
            if counts[key] >= top:
                self.settled[True].add(key)
        return len(self.settled[False]) + len(self.settled[True]) - before

    def many(self, *, top: bool) -> None:
        """Settle many figures at a time, hiding nothing."""
        batches = [list(self.sensitive), *(list(some) for _, some in groupby(sorted(self.sensitive, key=_kind), key=_kind))]
        for batch in batches:
            for _ in range(BATCHES):
                left = [key for key in batch if key not in self.settled[top]]
                found = self._solve(self._weights(left, top=top), 0.3) if len(left) > 1 else None
                if found is None or not self.note(found[0]):
                    break

    def one(self, key: Key, *, top: bool) -> None:
        """Settle one figure, hiding what must be hidden for it."""
        found = self._solve(self._weights([key], top=top), 0.0)
        if found is not None:
            self.note(found[0])
        if key not in self.settled[top]:
            self._hide_for(key, top=top)

    def _weights(self, keys: Iterable[Key], *, top: bool) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        weights = np.zeros(len(self._rows))
        for key in keys:
            weights[self._rows[key]] = -1.0 if top else 1.0
        costs = [float(weights[rows].sum()) for rows in self._matrix]
        return np.array([*costs, *([0.0] * (2 * len(self._elastic)))])

    def _hide_for(self, key: Key, *, top: bool) -> None:
        """Find the alternative that deviates least from what is shown, and hide what it deviates from."""
        row, first = self._rows[key], len(self._columns)
        low, high = self._limits(key)
        reach = self.sensitive[key]
        self._program.changeRowBounds(row, reach if top else 0, highspy.kHighsInf if top and high > reach else max(0, reach if top else 0))
        slack = np.arange(first, first + 2 * len(self._elastic), dtype=np.int32)
        room = np.array([0.0 if one == key else highspy.kHighsInf for one in self._elastic for _ in range(2)])
        self._program.changeColsBounds(len(slack), slack, np.zeros(len(slack)), room)
        costs = np.zeros(first + len(slack))
        costs[first:] = [self._cost_of_hiding(one) for one in self._elastic for _ in range(2)]
        found = self._solve(costs, 0.0)
        self._program.changeColsBounds(len(slack), slack, np.zeros(len(slack)), np.zeros(len(slack)))
        self._program.changeRowBounds(row, low, high)
        shown = [one for one, figure in self.statement.figures.items() if figure.shown is Shown.BAND and figure.low != figure.high]
        self._hide(found[1] if found is not None else shown)
        if found is not None:
            self.note(found[0])
            self._hide([] if key in self.settled[top] else shown)

    def _hide(self, keys: Iterable[Key]) -> None:
        self.statement = self.statement.with_figures(dict.fromkeys(keys, HIDDEN))
        for key in keys:
            if key in self._rows:
                self._program.changeRowBounds(self._rows[key], *self._limits(key))


def _quiet() -> highspy.Highs:
    solver: highspy.Highs = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 0)
    return solver


def _kind(key: Key) -> list[tuple[str, str]]:
    return [part[:2] for part in key]


def _order(profile: Profile) -> list[list[Point]]:
    return [sorted(points) for points in profile]
