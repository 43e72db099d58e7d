"""The protector alone: it hides little, it hides enough, and only grows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from summary.bands import banded, protect
from summary.statement import HIDDEN, ReportCounts, Shown
from summary.suppression import suppressed
from summary.tables import TOTAL, Reporter, finest_plan
from tests.summary.invented import call_of, choice, document, random_case


def test_nothing_is_hidden_without_need() -> None:
    call = call_of(document([choice("asked", 4)], {"one": ["asked"]}))
    answers = ["A1"] * 44 + ["A2"] * 42 + ["A3"] * 3
    reporters = [Reporter(f"r{index}", {"asked": frozenset({code})}) for index, code in enumerate(answers)]
    statement = banded(call, reporters, [finest_plan(call, call.tables[0])], ReportCounts(95, 0, 0, 0, 6, 0, 89))
    assert protect(call, reporters, statement) == statement


def test_margin_of_two_small_cells_is_hidden() -> None:
    call = call_of(document([choice("asked", 1), choice("bsked", 1)], {"both": ["asked", "bsked"]}, planted=1))
    reporters = [Reporter(f"r{index}", {"asked": frozenset({"A1"}), "bsked": frozenset({"B1"})}) for index in range(3)]
    reporters += [Reporter(f"s{index}", {"asked": frozenset({"A1"})}) for index in range(3)]
    statement = banded(call, reporters, [finest_plan(call, call.tables[0])], ReportCounts(30, 0, 0, 0, 24, 0, 6))
    margin = (("asked", "option", "A1"),)
    assert statement.figure(margin).low == 6
    assert suppressed(call, reporters, statement.with_counts(dict.fromkeys(statement.counts, HIDDEN))).figure(margin) == HIDDEN


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_hiding_only_grows_and_settles(seed: int) -> None:
    call, reporters = random_case(seed)
    plans = [finest_plan(call, table) for table in call.tables]
    raw = banded(call, reporters, plans, ReportCounts(len(reporters) + 3, 0, 0, 0, 3, 0, len(reporters)))
    once = protect(call, reporters, raw)
    assert all(figure == raw.figure(key) or figure.shown is Shown.HIDDEN for key, figure in once.figures.items())
    again = protect(call, reporters, once)
    assert {key for key, figure in once.figures.items() if figure == HIDDEN} <= {key for key, one in again.figures.items() if one == HIDDEN}


def test_nobody_at_all_is_no_trouble() -> None:
    call = call_of(document([choice("asked", 2)], {"one": ["asked"]}))
    statement = banded(call, [], [finest_plan(call, call.tables[0])], ReportCounts(3, 0, 0, 0, 3, 0, 0))
    protected = protect(call, [], statement)
    assert protected.figure(TOTAL).low == 0
    assert not protected.figures
