"""Every profile a reporter can have, as far as the tables tell profiles apart (disclosure.md).

A *point* of a question is what the tables see of one answer: its category at each level of the ladder that some table uses, finest first. A
*profile* gives each question of the catalogue its points: one, or for a question with several answers one for each answer. Two reporters
with the same profile are the same to every table.

Conditions under which a question is shown rule no profile out: the plain form takes an answer to any question.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from questionnaire import ladders
from summary.tables import UNANSWERED, Axis, Key, Plan, Reporter, keys_of

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

    from questionnaire.models import Call, Question

Point = tuple[str, ...]
Profile = tuple[frozenset[Point], ...]

YEARS = 60
"""How many years back a date may lie: whoever reports is alive."""


@dataclass(frozen=True, slots=True)
class Space:
    """The questions of the tables with every point they can have, the unanswered one included.

    `levels[q]` are the levels in use of question q, `points[q]` its points and `multiple[q]` whether one reporter may have several. All
    four are in the same order.
    """

    questions: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    points: tuple[tuple[Point, ...], ...]
    multiple: tuple[bool, ...]

    def unanswered(self, index: int) -> Point:
        """The point of those who did not answer."""
        return (UNANSWERED,) * len(self.levels[index])

    def kinds(self, index: int, listed: Collection[tuple[str, str]]) -> list[dict[str, Hashable]]:
        """For each level of a question, the kind of every code: codes of one kind can be exchanged without changing what is published.

        `listed` are the (level, code) that something published names; such a code is of its own kind, and so is the unanswered one. All
        others are of one kind when what they fall into at coarser levels is, and as many points, with the same listed ones, fall into
        them.
        """
        found: list[dict[str, Hashable]] = [{} for _ in self.levels[index]]
        for position in reversed(range(len(self.levels[index]))):
            members: dict[str, list[Point]] = {}
            for point in self.points[index]:
                members.setdefault(point[position], []).append(point)
            for code, points in members.items():
                if code == UNANSWERED or (self.levels[index][position], code) in listed:
                    found[position][code] = code
                    continue
                above = tuple(found[coarser][points[0][coarser]] for coarser in range(position + 1, len(found)))
                pairs = (pair for point in points for pair in zip(self.levels[index][:position], point, strict=False))
                found[position][code] = ("other", len(points), frozenset(pair for pair in pairs if pair in listed), above)
        return found

    def keys(self, profile: Profile, plans: Sequence[Plan]) -> frozenset[Key]:
        """Every figure of the tables that a reporter with this profile counts in."""
        places: dict[Axis, frozenset[str]] = {}
        for plan in plans:
            for where in plan.axes:
                if where not in places:
                    index = self.questions.index(where.question)
                    level = self.levels[index].index(where.level)
                    places[where] = frozenset(point[level] for point in profile[index])
        return frozenset(key for plan in plans for key in keys_of(plan, places))


def space(call: Call, plans: Sequence[Plan]) -> Space:
    """The space of the tables; of the union of several releases' tables when releases are compared."""
    used: dict[str, set[str]] = {}
    for plan in plans:
        for where in plan.axes:
            used.setdefault(where.question, set()).add(where.level)
    questions = tuple(sorted(used))
    asked = [call.question(one) for one in questions]
    levels = tuple(tuple(level for level in ladders.levels(question) if level in used[question.id]) for question in asked)
    points = tuple(tuple(_points(call, question, some)) for question, some in zip(asked, levels, strict=True))
    return Space(questions, levels, points, tuple(question.type == "choices" for question in asked))


def profiles(call: Call, reporters: Sequence[Reporter], where: Space) -> list[Profile]:
    """The reporters' profiles, in their order."""
    asked = [call.question(one) for one in where.questions]
    return [
        tuple(
            frozenset(_point(question, code, levels) for code in reporter.values.get(question.id, ()))
            or frozenset({where.unanswered(index)})
            for index, (question, levels) in enumerate(zip(asked, where.levels, strict=True))
        )
        for reporter in reporters
    ]


def _point(question: Question, code: str, levels: Sequence[str]) -> Point:
    return tuple(ladders.generalize(question, code, level) for level in levels)


def _points(call: Call, question: Question, levels: Sequence[str]) -> Iterator[Point]:
    yield (UNANSWERED,) * len(levels)
    codes = _dates(call, levels[0]) if question.type == "date" else ladders.categories(question, levels[0])
    seen: set[Point] = set()
    for code in codes:
        point = _point(question, code, levels)
        if point not in seen:
            seen.add(point)
            yield point


def _dates(call: Call, level: str) -> Iterator[str]:
    """Dates back from the deadline, years alone too. Of days only two in each month: fewer profiles only make the audit refuse more."""
    last = datetime.fromtimestamp(call.deadline, tz=UTC).year
    for year in range(last, last - YEARS, -1):
        for month in range(12, 0, -1):
            yield from (f"{year}-{month:02}-{day:02}" for day in (1, 15)) if level == "day" else (f"{year}-{month:02}",)
        yield str(year)


def parts(where: Space, plans: Sequence[Plan]) -> list[tuple[int, ...]]:
    """The questions (by index) cut into groups that no table crosses; tables of different groups have nothing but the total in common."""
    group = list(range(len(where.questions)))
    for plan in plans:
        linked = {group[where.questions.index(one.question)] for one in plan.axes}
        group = [min(linked) if one in linked else one for one in group]
    return [tuple(index for index, one in enumerate(group) if one == name) for name in sorted(set(group))]


def part_of(where: Space, indices: Sequence[int]) -> Space:
    """The space of some of the questions."""
    questions, levels = tuple(where.questions[one] for one in indices), tuple(where.levels[one] for one in indices)
    return Space(questions, levels, tuple(where.points[one] for one in indices), tuple(where.multiple[one] for one in indices))


def project(dataset: Mapping[Profile, int], indices: Sequence[int]) -> dict[Profile, int]:
    """A dataset seen through some of the questions."""
    seen: dict[Profile, int] = {}
    for profile, reporters in dataset.items():
        short = tuple(profile[one] for one in indices)
        seen[short] = seen.get(short, 0) + reporters
    return seen


def recount(where: Space, dataset: Mapping[Profile, int], plans: Sequence[Plan]) -> dict[Key, int]:
    """The exact figures of a dataset given as how many reporters have each profile."""
    counts: dict[Key, int] = {}
    for profile, reporters in dataset.items():
        for key in where.keys(profile, plans):
            counts[key] = counts.get(key, 0) + reporters
    return counts
