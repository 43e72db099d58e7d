"""The audit across releases: what two of them together prove about who came and who left (disclosure.md, "Earlier releases").

Whoever compares two releases knows neither dataset, and any dataset of one can follow any of the other: reports are withdrawn, recoded, put
together and given other consent. So of a figure that lies in [a, b] in the old release and in [c, d] in the new one, both found as in
summary.adversary, at least max(0, c - b) reporters came and at least max(0, a - d) left. A release is refused when one of these numbers is
1..top, for then a small number is proven. 0 is shown by two datasets in which the figure does not grow (or fall); a number above top by the
printed bands alone, which hold whatever the datasets are.

A fall that the public log itself shows (more withdrawals than the figure leaves room for) is nothing the release says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from summary.adversary import Adversary, Dataset, total_interval
from summary.space import Space, part_of, parts, project
from summary.statement import Shown, Statement
from summary.tables import TOTAL, Key, shape_of, shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Pair = tuple[Adversary, Adversary]


def differences(new: Statement, old: Statement, where: Space, people: Dataset) -> set[Key]:
    """The figures of which two releases prove a small number of arrivals or departures.

    `where` is the space of both releases' tables, `people` the dataset behind the new one; that behind the old one need not be known.
    """
    written = {key for one in (new, old) for key, figure in one.figures.items() if figure.shown is Shown.BAND}
    came = {key for key in written if not _interval(new, key)[0] - _most(old, key) > new.thresholds.top(key)}
    left = {key for key in written if not _interval(old, key)[0] - _most(new, key) > new.thresholds.top(key)}
    left = {key for key in left if _interval(old, key)[0] <= new.live or _interval(new, key)[1] is not None}
    pairs = _apart(new, old, where, people, came | left)
    if pairs is not None:
        came, left = ({key for keys in found for key in keys} for found in zip(*_open(pairs, came, left), strict=True))
    if not came | left:
        return set()
    pair = Adversary(new, where, people, came | left), Adversary(old, where, people, came | left)
    if not all(side.find_any() for side in pair):
        return came | left
    now, then = pair
    return _unproven(now, then, came) | _unproven(then, now, left)


def _apart(new: Statement, old: Statement, where: Space, people: Dataset, keys: set[Key]) -> list[tuple[frozenset[str], Pair]] | None:
    """The two searches for each group of questions that no table crosses, with one and the same total everywhere.

    What one group finds at that total stands beside whatever the others find at it. None when there is no such total, or one group for all.
    """
    groups = parts(where, (*new.plans, *old.plans))
    low, high = (choose(ends) for choose, ends in zip((max, min), zip(total_interval(new), total_interval(old), strict=True), strict=True))
    if low > high or len(groups) == 1:
        return None
    total = min(max(sum(people.values()), low), high)
    pairs: list[tuple[frozenset[str], Pair]] = []
    for indices in groups:
        some = part_of(where, indices)
        questions = frozenset(some.questions)
        wanted = [key for key in keys if key and key[0][0] in questions]
        now, then = (Adversary(one.part(questions, total), some, project(people, indices), wanted) for one in (new, old))
        if not (now.find_any() and then.find_any()):
            return None
        pairs.append((questions, (now, then)))
    return pairs


def _open(pairs: Iterable[tuple[frozenset[str], Pair]], came: set[Key], left: set[Key]) -> Iterator[tuple[set[Key], set[Key]]]:
    """For each group the figures that stay unproven. The total is the same on both sides, so it is proven."""
    for questions, (now, then) in pairs:
        for_came, for_left = ({key for key in keys if key and key[0][0] in questions} for keys in (came, left))
        yield _unproven(now, then, for_came), _unproven(then, now, for_left)


def _unproven(small: Adversary, large: Adversary, keys: Iterable[Key]) -> set[Key]:
    """The figures for which no two datasets are found in which the figure of `small` is not above that of `large`."""
    left = sorted(keys)
    if not left:
        return set()
    low, high = small.search(dict.fromkeys(left, 1.0), gap=0.3), large.search(dict.fromkeys(left, -1.0), gap=0.3)
    if low is not None and high is not None:
        left = [key for key in left if small.value(key, low) > large.value(key, high)]
    failing = set()
    for key in left:
        least, most = small.bound(key, most=False), large.bound(key, most=True)
        if least is None or most is None or least[0] > most[0]:
            failing.add(key)
    return failing


def _interval(statement: Statement, key: Key) -> tuple[int, int | None]:
    """What a release says of a figure, (0, None) when its tables do not have it at all."""
    return statement.figure(key).interval if key == TOTAL or shape_of(key) in shapes(statement.plans) else (0, None)


def _most(statement: Statement, key: Key) -> int:
    most = _interval(statement, key)[1]
    return statement.live if most is None else most
