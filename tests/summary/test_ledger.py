"""Releases in a row: nothing moves by a small step, and no file may be missing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summary.audit import audit, examine
from summary.bands import banded, protect
from summary.errors import ReleaseError
from summary.generalisation import generalised
from summary.ledger import chain, moved
from summary.release import audited
from summary.statement import ReportCounts, Shown, Statement
from summary.tables import TOTAL, Reporter, finest_plan
from tests.summary.invented import call_of, choice, document, random_case, release_of

if TYPE_CHECKING:
    from pathlib import Path

    from questionnaire.models import Call

CALL = call_of(document([choice("asked", 3)], {"one": ["asked"]}))


def people(**codes: int) -> list[Reporter]:
    answers = [code for code, number in codes.items() for _ in range(number)]
    return [Reporter(f"r{index}", {"asked": frozenset({code})}) for index, code in enumerate(answers)]


def raw(call: Call, reporters: list[Reporter], number: int, audience: str = "panel") -> Statement:
    counts = ReportCounts(len(reporters) + 40, 0, 0, 0, 40, 0, len(reporters))
    return banded(call, reporters, [finest_plan(call, table) for table in call.tables], counts).numbered(number, audience)


FIRST = people(A1=32, A2=21, A3=3)
A1 = (("asked", "option", "A1"),)
A2 = (("asked", "option", "A2"),)
A3 = (("asked", "option", "A3"),)


def test_same_reporters_pass_again() -> None:
    one = audited(CALL, FIRST, raw(CALL, FIRST, 1), [])[0]
    two = audited(CALL, FIRST, raw(CALL, FIRST, 2), [one])[0]
    assert two.figures == one.figures


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(people(A1=32, A2=25, A3=3), id="few-came"),
        pytest.param(people(A1=32, A2=19, A3=3), id="few-left"),
        pytest.param(people(A1=32, A2=21, A3=11), id="rose-above"),
    ],
)
def test_small_step_is_refused_by_the_audit(second: list[Reporter]) -> None:
    one = audited(CALL, FIRST, raw(CALL, FIRST, 1), [])[0]
    assert examine(CALL, second, protect(CALL, second, raw(CALL, second, 2)), [one]).failing


def test_small_step_repeats_the_old_figure() -> None:
    one = audited(CALL, FIRST, raw(CALL, FIRST, 1), [])[0]
    second = people(A1=32, A2=25, A3=3)
    two = audited(CALL, second, raw(CALL, second, 2), [one])[0]
    assert (two.figure(A2).shown, two.figure(A2).low, two.figure(A2).since) == (Shown.REPEATED, one.figure(A2).low, 1)


def test_small_step_hides_from_others() -> None:
    one = audited(CALL, FIRST, raw(CALL, FIRST, 1, "panel"), [])[0]
    second = people(A1=32, A2=25, A3=3)
    two = audited(CALL, second, raw(CALL, second, 2, "press"), [one])[0]
    assert two.figure(A2).shown is Shown.HIDDEN


def test_large_fall_is_shown() -> None:
    one = audited(CALL, FIRST, raw(CALL, FIRST, 1), [])[0]
    second = people(A1=32, A2=9, A3=3)
    assert audited(CALL, second, raw(CALL, second, 2), [one])[0].figure(A2) == one.thresholds.lowest(A2)


def test_large_step_is_shown() -> None:
    one = audited(CALL, FIRST, raw(CALL, FIRST, 1), [])[0]
    second = people(A1=32, A2=41, A3=3)
    two = audited(CALL, second, raw(CALL, second, 2), [one])[0]
    assert two.figure(A2).shown is Shown.BAND
    assert two.figure(A2).low == 40


def test_step_over_two_releases_is_seen() -> None:
    one = audited(CALL, FIRST, raw(CALL, FIRST, 1), [])[0]
    second = people(A1=32, A2=25, A3=3)
    two = audited(CALL, second, raw(CALL, second, 2), [one])[0]
    third = protect(CALL, second, raw(CALL, second, 3))
    assert examine(CALL, second, third, [one, two]).failing
    assert audited(CALL, second, raw(CALL, second, 3), [one, two])[0].figure(A2).shown is Shown.REPEATED


def test_counts_do_not_step_either() -> None:
    one = raw(CALL, FIRST, 1)
    counts = ReportCounts(len(FIRST) + 40, 0, 0, 0, 36, 0, len(FIRST) + 4)
    two = banded(CALL, FIRST, one.plans, counts).numbered(2, "panel")
    assert moved(two, [one]).counts["consent"].shown is Shown.HIDDEN


def test_log_alone_may_show_a_withdrawal() -> None:
    one = audited(CALL, FIRST, raw(CALL, FIRST, 1), [])[0]
    few = people(A1=4)
    counts = ReportCounts(60, 50, 0, 0, 0, 0, 10)
    two = banded(CALL, few, one.plans, counts).numbered(2, "panel")
    made = audited(CALL, few, two, [one])[0]
    assert made.figure(A1) == made.thresholds.lowest(A1) or made.figure(A1).shown is not Shown.BAND
    assert made.figure(TOTAL).high != one.figure(TOTAL).high


@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 2**32), steps=st.lists(st.tuples(st.sampled_from([0, 0.05, 0.3]), st.sampled_from([0, 1, 3, 12, 30])), max_size=2)
)
def test_releases_in_a_row_pass(seed: int, steps: list[tuple[float, int]]) -> None:
    call, reporters = random_case(seed, most=45)
    lot = random.Random(seed)  # noqa: S311
    donors = reporters or [Reporter("nobody", {})]
    earlier: list[Statement] = []
    for number, (left, came) in enumerate([(0.0, 0), *steps], start=1):
        reporters = [one for one in reporters if lot.random() >= left]
        reporters += [Reporter(f"n{number}-{place}", lot.choice(donors).values) for place in range(came)]
        counts = ReportCounts(len(reporters) + 2, 0, 0, 0, 1, 1, len(reporters))
        statement = banded(call, reporters, generalised(call, reporters), counts).numbered(number, lot.choice(["panel", "press"]))
        statement = audited(call, reporters, statement, earlier)[0]
        audit(call, reporters, statement, earlier)
        earlier.append(statement)


def test_chain_refuses_a_gap(tmp_path: Path) -> None:
    one = release_of(CALL, FIRST, tmp_path / "one")
    two = release_of(CALL, FIRST, tmp_path / "two", previous=one)
    three = release_of(CALL, FIRST, tmp_path / "three", previous=two, earlier=[one])
    assert chain(three, [one, two]) == (one, two, three)
    for given_releases in ([two], [two, three], [one, three], [one, two, two]):
        with pytest.raises(ReleaseError) as refused:
            chain(given_releases[-1], given_releases[:-1])
        assert refused.value.word == "release"


def test_chain_refuses_two_with_one_number(tmp_path: Path) -> None:
    one = release_of(CALL, FIRST, tmp_path / "one")
    other = release_of(CALL, FIRST, tmp_path / "other", audience="press")
    two = release_of(CALL, FIRST, tmp_path / "two", previous=one)
    with pytest.raises(ReleaseError):
        chain(two, [other])
    with pytest.raises(ReleaseError):
        chain(two, [one, other])


def test_third_release_needs_the_first(tmp_path: Path) -> None:
    one = release_of(CALL, FIRST, tmp_path / "one")
    two = release_of(CALL, FIRST, tmp_path / "two", previous=one)
    with pytest.raises(ReleaseError):
        release_of(CALL, FIRST, tmp_path / "three", previous=two)
