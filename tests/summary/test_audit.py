"""The audit: brute force agrees with it, and everything that gives a person away is refused."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summary.adversary import Adversary, total_interval
from summary.audit import audit, examine, sensitive
from summary.bands import banded, protect
from summary.errors import DisclosureError
from summary.space import profiles, project, recount, space
from summary.statement import HIDDEN, Figure, ReportCounts, Shown, Statement
from summary.tables import TOTAL, UNANSWERED, Key, Reporter, finest_plan
from tests.summary.invented import call_of, choice, document, random_case

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from questionnaire.models import Call
    from summary.space import Profile, Space

SEEDS = st.integers(min_value=0, max_value=2**32)


def single(call: Call, answers: Sequence[dict[str, str]]) -> list[Reporter]:
    return [Reporter(f"r{index}", {name: frozenset(code.split()) for name, code in one.items()}) for index, one in enumerate(answers)]


def counts_of(reporters: Sequence[Reporter], *, left_out: int = 0) -> ReportCounts:
    return ReportCounts(len(reporters) + left_out, 0, 0, 0, left_out, 0, len(reporters))


def two_way(*, several: bool = False, planted: int = 1, discloses: str = "quasi") -> Call:
    ladder = {"generalize": ["option", "all"]} if discloses == "quasi" else {}
    second = choice("bsked", 2, several=several, discloses="sensitive")
    first = choice("asked", 1, discloses=discloses) | ladder
    return call_of(document([first, second], {"both": ["asked", "bsked"]}, planted=planted))


def statement_of(call: Call, reporters: Sequence[Reporter], *, left_out: int = 0) -> Statement:
    return banded(call, reporters, [finest_plan(call, table) for table in call.tables], counts_of(reporters, left_out=left_out))


class Everything:
    """Every dataset there is, counted without a solver: the brute force that the audit is held against."""

    def __init__(self, where: Space, every: Sequence[Profile], statement: Statement) -> None:
        live, size = statement.live, len(every)
        bars = np.array(list(combinations(range(live + size), size)), dtype=np.int16)
        self.datasets = np.diff(np.hstack([np.full((len(bars), 1), -1, dtype=np.int16), bars])) - 1
        counted = [where.keys(profile, statement.plans) for profile in every]
        self.keys = sorted({key for keys in counted for key in keys})
        member = np.array([[key in keys for keys in counted] for key in self.keys], dtype=np.int16)
        self.figures: npt.NDArray[np.int16] = self.datasets @ member.T
        self.admitted = np.ones(len(self.datasets), dtype=bool)
        for place, key in enumerate(self.keys):
            low, high = statement.figure(key).interval
            self.admitted &= (self.figures[:, place] >= low) & (self.figures[:, place] <= (live if high is None else high))
        totals = self.figures[:, self.keys.index(TOTAL)]
        self.admitted &= np.isin(totals, [total for total in range(live + 1) if _possible(statement, total)])

    def bounds(self, key: Key) -> tuple[int, int]:
        column = self.figures[self.admitted, self.keys.index(key)]
        return int(column.min()), int(column.max())


def _possible(statement: Statement, total: int) -> bool:
    """Whether the public log and the counts can go with a total, by trying every way to leave reports out."""

    def fits(name: str, number: int) -> bool:
        low, high = statement.counts[name].interval
        return low <= number and (high is None or number <= high)

    live = statement.live
    for out in range(live + 1):
        counted = live - out
        if total > counted or (counted and not total) or not fits("counted", counted):
            continue
        ways = ((one, two, out - one - two) for one in range(out + 1) for two in range(out + 1 - one))
        if any(fits("unavailable", one) and fits("consent", two) and fits("not-credible", three) for one, two, three in ways):
            return True
    return False


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS, several=st.booleans(), left_out=st.integers(0, 7), hide=st.sets(st.integers(0, 20)))
def test_bounds_equal_brute_force(seed: int, several: bool, left_out: int, hide: set[int]) -> None:
    call = two_way(several=several)
    lot = np.random.default_rng(seed)
    codes = ["B1", "B2", "B1 B2", ""] if several else ["B1", "B2", ""]
    chosen = lot.choice(codes, size=int(lot.integers(0, 9)), p=lot.dirichlet([0.7] * len(codes)))
    reporters = single(call, [{"asked": str(lot.choice(["A1", "A1", ""])), "bsked": str(one)} for one in chosen])
    statement = statement_of(call, reporters, left_out=min(left_out, 9 - len(reporters)))
    written = sorted(statement.figures)
    statement = statement.with_figures({key: HIDDEN for place, key in enumerate(written) if place in hide})
    where = space(call, statement.plans)
    people = dict.fromkeys(profiles(call, reporters, where), 1)
    adversary = Adversary(statement, where, people, sensitive(statement, where, {}) | dict.fromkeys(written, 0))
    assert adversary.whole
    brute = Everything(where, sorted(adversary.profiles, key=str), statement)
    for key in adversary.figures:
        least, most = adversary.bound(key, most=False), adversary.bound(key, most=True)
        assert least is not None
        assert most is not None
        assert (least[0], most[0]) == brute.bounds(key), key


def test_three_and_three_under_a_margin() -> None:
    call = two_way(planted=1)
    reporters = single(call, [{"asked": "A1", "bsked": "B1"}] * 3 + [{"asked": "A1", "bsked": "B2"}] * 3)
    statement = statement_of(call, reporters, left_out=20)
    statement = statement.with_figures(dict.fromkeys((TOTAL,), HIDDEN))
    failing = examine(call, reporters, statement).failing
    assert (("asked", "option", "A1"), ("bsked", "option", "B1")) not in failing  # nobody says that others left it open
    three = call_of(document([choice("asked", 1), choice("bsked", 1)], {"both": ["asked", "bsked"]}, planted=1))
    people = single(three, [{"asked": "A1", "bsked": "B1"}] * 3 + [{"asked": "A1"}] * 3)
    raw = statement_of(three, people, left_out=20)
    assert raw.figure((("asked", "option", "A1"),)) == Figure(Shown.BAND, 6, 10)
    found = examine(three, people, raw).failing
    assert (("asked", "option", "A1"), ("bsked", "option", "B1")) in found
    with pytest.raises(DisclosureError) as refused:
        audit(three, people, raw)
    assert refused.value.word == "disclosure"
    audit(three, people, protect(three, people, raw))


def test_small_count_in_any_dress_is_refused() -> None:
    call = call_of(document([choice("asked", 2), choice("bsked", 1)], {"both": ["asked", "bsked"]}))
    reporters = single(call, [{"asked": "A1"}] * 30 + [{"asked": "A2"}] * 3)
    small = (("asked", "option", "A2"),)
    protected = protect(call, reporters, statement_of(call, reporters, left_out=20))
    audit(call, reporters, protected)
    wide = protected.with_figures({small: Figure(Shown.BAND, 1, 9)})
    assert small in examine(call, reporters, wide).failing
    exact = protected.with_figures({small: Figure(Shown.BAND, 3, 3)})
    with pytest.raises(DisclosureError, match="narrower"):
        audit(call, reporters, exact)


def test_false_figure_is_refused() -> None:
    call = two_way()
    reporters = single(call, [{"asked": "A1", "bsked": "B1"}] * 30)
    statement = statement_of(call, reporters)
    wrong = statement.with_figures({TOTAL: Figure(Shown.BAND, 36, 40)})
    with pytest.raises(DisclosureError, match="what was counted"):
        audit(call, reporters, wrong)


def test_left_out_figure_is_refused() -> None:
    call = two_way()
    reporters = single(call, [{"asked": "A1", "bsked": "B1"}] * 30)
    statement = statement_of(call, reporters)
    lacking = Statement(statement.plans, statement.thresholds, {TOTAL: statement.figure(TOTAL)}, statement.counts, statement.live)
    with pytest.raises(DisclosureError, match="what was counted"):
        audit(call, reporters, lacking)


def test_row_of_one_category_is_refused() -> None:
    call = two_way()
    reporters = single(call, [{"asked": "A1", "bsked": "B1"}] * 30 + [{"bsked": "B2"}] * 20 + [{"bsked": "B1"}] * 20)
    statement = statement_of(call, reporters, left_out=30)
    cell = (("asked", "option", "A1"), ("bsked", "option", "B1"))
    assert cell in examine(call, reporters, statement).failing
    protected = protect(call, reporters, statement)
    assert protected.figure(cell).shown is Shown.HIDDEN
    assert protected.figure((("asked", "option", "A1"), ("bsked", "option", "B2"))).shown is Shown.HIDDEN
    audit(call, reporters, protected)


def test_row_of_several_answers_is_refused() -> None:
    call = two_way(several=True)
    reporters = single(call, [{"asked": "A1", "bsked": "B1"}] * 20 + [{"asked": "A1", "bsked": "B1 B2"}] * 20 + [{"bsked": "B2"}] * 20)
    statement = statement_of(call, reporters, left_out=30)
    assert (("asked", "option", "A1"), ("bsked", "option", "B1")) in examine(call, reporters, statement).failing


def test_row_without_answers_may_be_shown() -> None:
    call = two_way()
    reporters = single(call, [{"asked": "A1"}] * 30 + [{"bsked": "B2"}] * 20 + [{"bsked": "B1"}] * 20)
    statement = statement_of(call, reporters, left_out=30)
    assert (("asked", "option", "A1"), ("bsked", "option", UNANSWERED)) not in examine(call, reporters, statement).failing


def test_public_log_bounds_the_total() -> None:
    call = two_way()
    reporters = single(call, [{"asked": "A1", "bsked": "B1"}] * 3)
    assert total_interval(protect(call, reporters, statement_of(call, reporters, left_out=1))) == (0, 4)
    audit(call, reporters, protect(call, reporters, statement_of(call, reporters, left_out=1)))


def test_counts_may_prove_somebody() -> None:
    call = two_way()
    reporters = single(call, [{"asked": "A1", "bsked": "B1"}] * 5)
    raw = statement_of(call, reporters, left_out=40)
    assert total_interval(raw)[0] == 0
    told = raw.with_counts({"consent": Figure(Shown.BAND, 36, 40), "counted": Figure(Shown.BAND, 1, 5)})
    assert total_interval(told)[0] == 1
    assert TOTAL in examine(call, reporters, told).failing


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_random_releases_pass_when_protected(seed: int) -> None:
    call, reporters = random_case(seed)
    raw = statement_of(call, reporters, left_out=seed % 5)
    audit(call, reporters, protect(call, reporters, raw))


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_showing_again_fails_where_it_narrows(seed: int) -> None:
    call, reporters = random_case(seed, most=40, small=True)
    raw = statement_of(call, reporters, left_out=seed % 5)
    protected = protect(call, reporters, raw)
    where = space(call, protected.plans)
    people = dict.fromkeys(profiles(call, reporters, where), 1)
    counts = recount(where, _dataset(call, reporters, where), protected.plans)
    for key in [key for key, figure in protected.figures.items() if figure.shown is Shown.HIDDEN]:
        shown = protected.with_figures({key: raw.figure(key)})
        tops = sensitive(shown, where, counts)
        adversary = Adversary(shown, where, people, tops)
        narrow = {one for one, top in tops.items() if _narrowed(adversary, one, top)}
        assert narrow <= set(examine(call, reporters, shown).failing)
        if not narrow:
            assert set(examine(call, reporters, shown).failing) <= {key}  # a row of one category, which nothing narrows


def _dataset(call: Call, reporters: Sequence[Reporter], where: Space) -> dict[Profile, int]:
    found: dict[Profile, int] = {}
    for profile in profiles(call, reporters, where):
        found[profile] = found.get(profile, 0) + 1
    return found


def _narrowed(adversary: Adversary, key: Key, top: int) -> bool:
    least, most = adversary.bound(key, most=False), adversary.bound(key, most=True)
    return least is None or most is None or least[0] > 0 or most[0] < top


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, cell=st.integers(0, 5))
def test_planted_reports_prove_nobody(seed: int, cell: int) -> None:
    """Who wrote `planted` reports of a low cell still cannot tell whether anybody else is in it, nor that fewer than k others are."""
    call = two_way(planted=2)
    lot = np.random.default_rng(seed)
    cells = [{"asked": one, "bsked": two} for one in ("A1", "") for two in ("B1", "B2", "")]
    size, weights = int(lot.integers(0, 10)), lot.dirichlet([0.5] * 6)
    honest = [cells[int(one)] for one in lot.choice(6, size=size, p=weights)]
    reporters = single(call, [*honest, *([cells[cell]] * 2)])
    statement = protect(call, reporters, statement_of(call, reporters, left_out=13 - len(reporters)))
    where = space(call, statement.plans)
    adversary = Adversary(statement, where, _dataset(call, reporters, where), [])
    brute = Everything(where, sorted(adversary.profiles, key=str), statement)
    own = profiles(call, single(call, [cells[cell]]), where)[0]
    column = sorted(adversary.profiles, key=str).index(own)
    known = brute.admitted & (brute.datasets[:, column] >= 2)
    for place, key in enumerate(brute.keys):
        if key and key in where.keys(own, statement.plans) and statement.figure(key).shown is Shown.BAND and not statement.figure(key).low:
            others = brute.figures[known, place] - 2
            assert others.min() == 0
            assert others.max() >= min(call.k - 1, statement.live - 2)


def test_unlisted_codes_are_audited_by_one() -> None:
    call = call_of(document([choice("asked", 16), choice("bsked", 2)], {"both": ["asked", "bsked"]}))
    reporters = single(
        call, [{"asked": "A1", "bsked": "B1"}] * 30 + [{"asked": "A9", "bsked": "B1"}] * 4 + [{"asked": "A1"}] * 12 + [{"asked": "A9"}] * 3
    )
    statement = protect(call, reporters, statement_of(call, reporters, left_out=30))
    findings = audit(call, reporters, statement)
    assert {code for key in findings.audited for question, _, code in key if question == "asked"} < set(call.question("asked").codes) | {
        UNANSWERED
    }
    where = space(call, statement.plans)
    codes = ("A2", "A9", "A16")
    wanted = [(("asked", "option", code), ("bsked", "option", "B1")) for code in codes]
    adversary = Adversary(statement, where, _dataset(call, reporters, where), wanted)
    bounds = (
        {(adversary.bound(key, most=False) or (-1,))[0] for key in wanted},
        {(adversary.bound(key, most=True) or (-1,))[0] for key in wanted},
    )
    assert bounds == ({0}, {9})


def test_witnesses_are_the_proof() -> None:
    call = two_way()
    reporters = single(call, [{"asked": "A1", "bsked": "B1"}] * 30 + [{"bsked": "B2"}] * 20 + [{"asked": "A1", "bsked": "B2"}] * 9)
    statement = protect(call, reporters, statement_of(call, reporters, left_out=9))
    findings = audit(call, reporters, statement)
    where = space(call, statement.plans)
    for key, (least, most) in findings.proves.items():
        assert least is not None
        assert most is not None
        assert recount(where, findings.witnesses[least], statement.plans).get(key, 0) == 0
        assert recount(where, findings.witnesses[most], statement.plans).get(key, 0) >= statement.thresholds.top(key)


def test_apart_searched_witnesses_are_whole() -> None:
    call = call_of(document([choice("asked", 3), choice("bsked", 3, several=True)], {"one": ["asked"], "two": ["bsked"]}))
    reporters = single(call, [{"asked": "A1", "bsked": "B1 B2"}] * 14 + [{"asked": "A2", "bsked": "B3"}] * 6 + [{"asked": "A2"}] * 12)
    statement = protect(call, reporters, statement_of(call, reporters, left_out=9))
    where = space(call, statement.plans)
    people = project(_dataset(call, reporters, where), [0, 1])
    for witness in audit(call, reporters, statement).witnesses:
        assert sum(witness.values()) == sum(people.values())
        assert all(len(profile) == 2 for profile in witness)


def test_same_input_same_findings() -> None:
    call, reporters = random_case(11)
    statement = protect(call, reporters, statement_of(call, reporters, left_out=3))
    assert examine(call, reporters, statement) == examine(call, reporters, statement)
