"""The call's catalogue of tables as figures that can be counted (disclosure.md, "Tables").

A *key* names one figure: a sorted tuple of (question, level, code), one for each axis that has a part in it. `()` is the total. The figures
of a table are its cells and every margin of it, so a margin that two tables share is one key, one count and one figure.

A question with several answers (`choices`) is a block: a reporter stands in every category ticked, so its cells lie between 0 and the
margin they share and need not add up to it. Somebody who did not answer stands in the category UNANSWERED alone, as in every other
question.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING

from questionnaire import ladders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from questionnaire.models import Call, Question, Table

UNANSWERED = "?"
"""The category of those who did not answer; no option can have this code."""

Part = tuple[str, str, str]
Key = tuple[Part, ...]
TOTAL: Key = ()


@dataclass(frozen=True, slots=True)
class Reporter:
    """One unit of every table: a thread, or a cluster of threads (disclosure.md), with the codes it gave to each question.

    A question with one answer has one code, `choices` has one or more; a question that is absent or empty was not answered. `id` is any
    name that is unique within the release; it is never published.
    """

    id: str
    values: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Axis:
    """A question at one level of its ladder. `multiple` says that one reporter may stand in several of its categories."""

    question: str
    level: str
    multiple: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """One table of the catalogue at the levels it is published at."""

    table: str
    axes: tuple[Axis, ...]

    def patterns(self) -> Iterator[tuple[Axis, ...]]:
        """Every choice of axes: none (the total), each alone (margins), all of them (cells)."""
        for size in range(len(self.axes) + 1):
            yield from combinations(self.axes, size)


def axis(question: Question, level: str) -> Axis:
    """The axis of a question at a level of its ladder."""
    return Axis(question.id, level, question.type == "choices")


def finest_plan(call: Call, table: Table) -> Plan:
    """The table with nothing generalised."""
    questions = [call.question(dimension) for dimension in table.dimensions]
    return Plan(table.id, tuple(axis(question, ladders.levels(question)[0]) for question in questions))


def ladder_plans(call: Call, table: Table) -> tuple[Plan, ...]:
    """Every choice of levels that the ladders of the table's questions allow, finest first."""
    questions = [call.question(dimension) for dimension in table.dimensions]
    steps = product(*(ladders.levels(question) for question in questions))
    plans = (Plan(table.id, tuple(axis(question, level) for question, level in zip(questions, chosen, strict=True))) for chosen in steps)
    return tuple(plans)


def placed(call: Call, reporter: Reporter, where: Axis) -> frozenset[str]:
    """The categories of an axis that a reporter stands in; UNANSWERED alone when there was no answer.

    Raises ValueError for a reporter with several answers to a question that takes one.
    """
    codes = reporter.values.get(where.question, frozenset())
    if not codes:
        return frozenset({UNANSWERED})
    question = call.question(where.question)
    found = frozenset(ladders.generalize(question, code, where.level) for code in codes)
    if len(found) > 1 and not where.multiple:
        raise ValueError("a question with one answer has several for the same reporter")
    return found


def keys_of(plan: Plan, places: Mapping[Axis, Iterable[str]]) -> Iterator[Key]:
    """Every figure of a table that a reporter counts in, the total included."""
    for pattern in plan.patterns():
        for codes in product(*(places[where] for where in pattern)):
            yield tuple(sorted((where.question, where.level, code) for where, code in zip(pattern, codes, strict=True)))


def tabulate(call: Call, reporters: Sequence[Reporter], plans: Sequence[Plan]) -> Counter[Key]:
    """How many reporters stand in each figure of the tables; figures that nobody stands in are absent, the total never is."""
    counts: Counter[Key] = Counter({TOTAL: len(reporters)})
    axes = {where for plan in plans for where in plan.axes}
    for reporter in reporters:
        places = {where: placed(call, reporter, where) for where in axes}
        counts.update({key for plan in plans for key in keys_of(plan, places)} - {TOTAL})
    return counts


def shape_of(key: Key) -> frozenset[tuple[str, str]]:
    """The (question, level) pairs that have a part in a figure."""
    return frozenset((question, level) for question, level, _ in key)


def shapes(plans: Sequence[Plan]) -> frozenset[frozenset[tuple[str, str]]]:
    """The shapes of every figure that the tables publish."""
    return frozenset(frozenset((where.question, where.level) for where in pattern) for plan in plans for pattern in plan.patterns())


def rows_of(key: Key) -> Iterator[tuple[Part, Key]]:
    """Each part of a figure with the margin that is left without it."""
    for index, part in enumerate(key):
        yield part, key[:index] + key[index + 1 :]
