"""The audit: no release leaves without it (disclosure.md, "Audit").

It takes the reporters and what is about to be published, shares no code with the protector (summary.suppression), and refuses when

- a figure does not hold the count that it should hold, so that the audit speaks of the very thing that is published;
- a **sensitive** figure can be told to be more than 0, or less than the top of its band, from everything published together. Sensitive are
  all figures in the lowest band, for every category there can be, and those that are not shown whose count lies there. Where the public log
  alone says that there are fewer reporters than that top, that number takes its place: the release adds nothing to it;
- a row that is shown has all its reporters in one category of a sensitive question that is shown;
- a figure, set beside those of an earlier release, proves that 1..top reporters came into it or left it.

For each of the first kind an integer dataset is found at each bound by summary.adversary and counted again without any solver: that is the
witness. All witnesses together are the release's proof. They are made of profiles as reporters gave them, so they stay with the reviewers.

Categories that no written figure names are told apart by nothing published: exchanging two of them turns a dataset that is admitted into
another one. So one of each kind is audited for all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby, product
from typing import TYPE_CHECKING

from summary.adversary import Adversary, Dataset, admits
from summary.comparison import differences
from summary.errors import DisclosureError
from summary.space import Space, part_of, parts, profiles, project, recount, space
from summary.statement import Shown, Statement
from summary.tables import TOTAL, UNANSWERED, Key, Reporter, shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from questionnaire.models import Call
    from summary.space import Profile

BATCHES = 25


@dataclass(frozen=True, slots=True)
class Findings:
    """What an audit found. `failing` are the figures that say too much, `witnesses` the proof for all others.

    `proves[key]` are the numbers of the witnesses in which the figure is 0 and at its top.
    """

    audited: tuple[Key, ...]
    failing: tuple[Key, ...]
    witnesses: tuple[Dataset, ...]
    proves: Mapping[Key, tuple[int | None, int | None]]


@dataclass(slots=True)
class _Pool:
    """The witnesses found so far, and which sensitive figures they settle."""

    where: Space
    statement: Statement
    tops: Mapping[Key, int]
    datasets: list[Dataset] = field(default_factory=list)
    least: dict[Key, int] = field(default_factory=dict)
    most: dict[Key, int] = field(default_factory=dict)

    def add(self, dataset: Dataset) -> int:
        """Count a dataset again; when the statement admits it, note what it settles. Returns how many figures are newly settled."""
        counts = recount(self.where, dataset, self.statement.plans)
        counts[TOTAL] = sum(dataset.values())
        if not admits(self.statement, self.where, dataset, counts):
            return 0
        number, settled = len(self.datasets), 0
        for key, top in self.tops.items():
            count = counts.get(key, 0)
            for reached, side in ((count == 0, self.least), (count >= top, self.most)):
                if reached and key not in side:
                    side[key] = number
                    settled += 1
        if settled:
            self.datasets.append(dataset)
        return settled


def audit(call: Call, reporters: Sequence[Reporter], statement: Statement, earlier: Sequence[Statement] = ()) -> Findings:
    """Audit what is about to be published against the reporters behind it and every earlier release.

    Raises DisclosureError when it may not be published.
    """
    findings = examine(call, reporters, statement, earlier)
    if findings.failing:
        raise DisclosureError("What would be published says something about single persons.", figures=len(findings.failing))
    return findings


def examine(call: Call, reporters: Sequence[Reporter], statement: Statement, earlier: Sequence[Statement] = ()) -> Findings:
    """The same without raising for single figures: says which fail. Raises DisclosureError for figures that are not what they should be."""
    plans = tuple(dict.fromkeys(plan for one in (statement, *earlier) for plan in one.plans))
    where = space(call, plans)
    people: Dataset = {}
    for profile in profiles(call, reporters, where):
        people[profile] = people.get(profile, 0) + 1
    counts = recount(where, people, statement.plans)
    counts[TOTAL] = len(reporters)
    if not admits(statement, where, people, counts):
        raise DisclosureError("A figure does not hold what was counted.")
    if any(_narrow(statement, key) for key in statement.figures):
        raise DisclosureError("A figure is narrower than a band may be.")
    tops = sensitive(statement, where, counts)
    pool = _Pool(where, statement, tops)
    pool.add(people)
    failing = {*_one_category(call, statement, counts), *_missing(pool, people)}
    for one in earlier:
        failing.update(differences(statement, one, where, people))
    proves = {key: (pool.least.get(key), pool.most.get(key)) for key in tops}
    return Findings(tuple(tops), tuple(sorted(failing)), tuple(pool.datasets), proves)


def sensitive(statement: Statement, where: Space, counts: Mapping[Key, int]) -> dict[Key, int]:
    """Every sensitive figure, with the top that it must be able to reach."""
    found: dict[Key, int] = {}
    codes = _codes_to_audit(statement, where)
    for shape in sorted(shapes(statement.plans), key=sorted):
        axes = sorted(shape)
        for chosen in product(*(codes[one] for one in axes)):
            key = tuple((question, level, code) for (question, level), code in zip(axes, chosen, strict=True))
            figure, top = statement.figure(key), statement.thresholds.top(key)
            lowest = figure.shown is Shown.BAND and figure.low == 0
            if lowest or counts.get(key, 0) <= top:  # by what is true, too: however it is shown, nobody must be found in it
                found[key] = min(top, statement.live)
    return found


def _narrow(statement: Statement, key: Key) -> bool:
    """Whether a figure says more than a band of its width would."""
    figure = statement.figures[key]
    return figure.shown is Shown.BAND and figure.high is not None and figure.high - figure.low + 1 < statement.thresholds.k_of(key)


def _codes_to_audit(statement: Statement, where: Space) -> dict[tuple[str, str], list[str]]:
    """The codes of each axis: all that a written figure names, and one of each kind of the others."""
    codes: dict[tuple[str, str], list[str]] = {}
    for index, question in enumerate(where.questions):
        for level, kinds in zip(where.levels[index], where.kinds(index, statement.listed(question)), strict=True):
            one_of_each = {kind: code for code, kind in reversed(kinds.items())}
            named = {code for one, code in statement.listed(question) if one == level}
            codes[question, level] = sorted({*one_of_each.values(), *named})
    return codes


def _missing(pool: _Pool, people: Dataset) -> list[Key]:
    """Look for the witnesses that are missing; returns the figures that have not both in the end.

    Questions that no table crosses are searched apart first, with as many reporters as there are: what is found there stands beside the
    true answers to all other questions. Only what is left is searched in one piece.
    """
    groups, reporters = parts(pool.where, pool.statement.plans), sum(people.values())
    if len(groups) > 1 and TOTAL not in pool.tops:
        for indices in groups:
            where = part_of(pool.where, indices)
            keys = [key for key in pool.tops if key[0][0] in where.questions]
            statement = pool.statement.part(frozenset(where.questions), reporters)
            adversary = Adversary(statement, where, project(people, indices), keys)
            _search(adversary, pool, keys, lambda found, indices=indices: _beside(people, indices, found))  # type: ignore[misc]
    left = [key for key in pool.tops if key not in pool.least or key not in pool.most]
    if left:
        _search(Adversary(pool.statement, pool.where, people, left), pool, left, lambda found: found)
    return [key for key in left if key not in pool.least or key not in pool.most]


def _beside(people: Dataset, indices: Sequence[int], found: Dataset) -> Dataset:
    """A dataset of some questions put beside the true answers to all others, reporter by reporter."""
    answers = [profile for profile, reporters in found.items() for _ in range(reporters)]
    others = [profile for profile, reporters in people.items() for _ in range(reporters)]
    if len(answers) != len(others):
        return people
    whole: Dataset = {}
    for answer, other in zip(answers, others, strict=True):
        changed = dict(zip(indices, answer, strict=True))
        profile = tuple(changed.get(index, points) for index, points in enumerate(other))
        whole[profile] = whole.get(profile, 0) + 1
    return whole


def _search(adversary: Adversary, pool: _Pool, keys: Sequence[Key], whole: Callable[[Dataset], Dataset]) -> None:
    """Look for the witnesses of some figures, many figures at a time and then one by one."""
    for sign, settled in ((1.0, pool.least), (-1.0, pool.most)):
        batches = [list(keys), *(list(some) for _, some in groupby(sorted(keys, key=_shape), key=_shape))]
        for batch in batches:
            _search_many(adversary, pool, batch, sign, whole)
        for key in keys:
            if key not in settled:
                found = adversary.bound(key, most=sign < 0)
                if found is not None:
                    pool.add(whole(found[1]))


def _search_many(adversary: Adversary, pool: _Pool, batch: Sequence[Key], sign: float, whole: Callable[[Dataset], Dataset]) -> None:
    settled = pool.least if sign > 0 else pool.most
    for _ in range(BATCHES):
        left = [key for key in batch if key not in settled and (sign > 0 or pool.statement.figure(key).shown is Shown.BAND)]
        if len(left) < 2:
            return
        dataset = adversary.search(dict.fromkeys(left, sign), rounds=3, gap=0.3)
        if dataset is None or not pool.add(whole(dataset)):
            return


def _shape(key: Key) -> list[tuple[str, str]]:
    return [part[:2] for part in key]


def _one_category(call: Call, statement: Statement, counts: Mapping[Key, int]) -> Iterable[Key]:
    """The shown figures of rows in which every reporter stands in one category of a sensitive question."""
    sensitive_questions = {question.id for question in call.questions if question.discloses == "sensitive"}
    published = shapes(statement.plans)
    for key, count in counts.items():
        for part in key:
            row = tuple(other for other in key if other != part)
            same = part[0] in sensitive_questions and part[2] != UNANSWERED and counts.get(row, 0) == count
            shown = count > statement.thresholds.top(row) and frozenset((one[0], one[1]) for one in key) in published
            if same and shown and statement.figure(key).shown is Shown.BAND:
                yield key


def describe_profile(where: Space, profile: Profile) -> dict[str, list[str]]:
    """A profile as the proof writes it down: the finest category of each answer."""
    return {question: sorted(point[0] for point in profile[index]) for index, question in enumerate(where.questions)}
