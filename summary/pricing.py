"""Which profiles would improve a bound: the search for new variables of summary.adversary.

Nothing here decides anything: whatever it finds is only a further variable of a program whose answers are counted again afterwards.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from summary.tables import TOTAL, Key, Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from summary.space import Point, Profile, Space

Vector = npt.NDArray[np.float64]

EPSILON = 1e-7
MOST_FOUND = 150


def sortable(profile: Profile) -> list[list[Point]]:
    """A profile in a form that sorts, so that nothing depends on the order of sets."""
    return [sorted(points) for points in profile]


class Prices:
    """Finds profiles whose figures' prices add up to the least, by coordinate descent from many at once.

    An *atom* is one point of one question; a profile is a 0/1 vector of atoms. A figure's price is spread over the atoms, pairs and
    triples of atoms that make a profile count in it.
    """

    def __init__(self, where: Space, points: Sequence[Sequence[Point]], rows: Sequence[Key]) -> None:
        """Spread the figures over the atoms once; only their prices change later."""
        self._space = where
        self._first = np.cumsum([0, *(len(one) for one in points)])
        self._points = points
        self._atom = {
            (index, point): int(self._first[index]) + place for index, one in enumerate(points) for place, point in enumerate(one)
        }
        self._members = self._members_of_parts()
        self._rows_of_part: dict[Part, list[int]] = {}
        self._keys = rows
        self._index = {key: row for row, key in enumerate(rows)}
        self._terms: dict[int, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = {}
        for size in (1, 2, 3):
            found = [
                (atoms, row)
                for row, key in enumerate(rows)
                if len(key) == size
                for atoms in product(*(self._members[part] for part in key))
            ]
            if found:
                self._terms[size] = (np.array([atoms for atoms, _ in found]), np.array([row for _, row in found]))

    def _members_of_parts(self) -> dict[Part, list[int]]:
        members: dict[Part, list[int]] = {}
        for (index, point), atom in self._atom.items():
            for level, code in zip(self._space.levels[index], point, strict=True):
                members.setdefault((self._space.questions[index], level, code), []).append(atom)
        return members

    def counted_in(self, profile: Profile) -> Iterator[Key]:
        """The figures with a row that a profile counts in."""
        parts = {
            (self._space.questions[index], level, code): None
            for index, points in enumerate(profile)
            for point in points
            for level, code in zip(self._space.levels[index], point, strict=True)
        }
        yield TOTAL
        yield from self._candidates(parts)

    def _candidates(self, parts: Mapping[Part, None]) -> Iterator[Key]:
        if not self._rows_of_part:
            for row, key in enumerate(self._keys):
                if key:
                    self._rows_of_part.setdefault(key[0], []).append(row)
        for part in parts:
            for row in self._rows_of_part.get(part, ()):
                key = self._keys[row]
                if all(other in parts for other in key):
                    yield key

    def cheapest(self, prices: Vector, *starts: Sequence[Profile]) -> list[Profile]:
        """Profiles whose prices add up to less than nothing, the cheapest first, at most MOST_FOUND."""
        profiles = list(dict.fromkeys(profile for some in starts for profile in some))
        chosen = np.zeros((len(profiles), int(self._first[-1])))
        for line, profile in enumerate(profiles):
            for index, points in enumerate(profile):
                for point in points:
                    chosen[line, self._atom[index, point]] = 1.0
        single, pairs = self._spread(prices)
        for _ in range(2):
            for index in range(len(self._points)):
                self._best_answer(chosen, index, single, pairs, prices)
        unique = np.unique(chosen, axis=0)
        found = [self._profile(line) for line in unique]
        priced = ((sum(prices[self._index[key]] for key in self.counted_in(profile)), profile) for profile in found)
        cheap = sorted(((price, sortable(profile), profile) for price, profile in priced if price < -EPSILON), key=lambda one: one[:2])
        return [profile for _, _, profile in cheap[:MOST_FOUND]]

    def _spread(self, prices: Vector) -> tuple[Vector, Vector]:
        atoms = int(self._first[-1])
        single, pairs = np.zeros(atoms), np.zeros((atoms, atoms))
        if 1 in self._terms:
            where, rows = self._terms[1]
            np.add.at(single, where[:, 0], prices[rows])
        if 2 in self._terms:
            where, rows = self._terms[2]
            np.add.at(pairs, (where[:, 0], where[:, 1]), prices[rows])
            np.add.at(pairs, (where[:, 1], where[:, 0]), prices[rows])
        return single, pairs

    def _slopes(self, chosen: Vector, span: slice, single: Vector, pairs: Vector, prices: Vector) -> Vector:
        """The price of each atom of a question, given the answers to all others."""
        slopes = single[span] + chosen @ pairs[:, span]
        if 3 in self._terms:
            where, rows = self._terms[3]
            for atoms, price in zip(where[np.abs(prices[rows]) > EPSILON], prices[rows][np.abs(prices[rows]) > EPSILON], strict=True):
                inside = [atom for atom in atoms if span.start <= atom < span.stop]
                if inside:
                    others = [atom for atom in atoms if atom != inside[0]]
                    slopes[:, inside[0] - span.start] += price * chosen[:, others[0]] * chosen[:, others[1]]
        return np.asarray(slopes)

    def _best_answer(self, chosen: Vector, index: int, single: Vector, pairs: Vector, prices: Vector) -> None:
        span = slice(int(self._first[index]), int(self._first[index + 1]))
        slopes = self._slopes(chosen, span, single, pairs, prices)
        lines = np.arange(len(chosen))
        if not self._space.multiple[index]:
            chosen[:, span] = 0.0
            chosen[lines, span.start + slopes.argmin(axis=1)] = 1.0
            return
        nothing = self._points[index].index(self._space.unanswered(index))
        ticked = slopes.copy()
        ticked[:, nothing] = np.inf
        answer = (ticked < -EPSILON).astype(float)
        answer[lines, ticked.argmin(axis=1)] = 1.0
        silent = slopes[:, nothing] < (np.where(answer > 0, ticked, 0.0)).sum(axis=1)
        answer[silent] = 0.0
        answer[silent, nothing] = 1.0
        chosen[:, span] = answer

    def _profile(self, line: Vector) -> Profile:
        return tuple(
            frozenset(point for place, point in enumerate(points) if line[int(self._first[index]) + place] > 0.5)
            for index, points in enumerate(self._points)
        )
