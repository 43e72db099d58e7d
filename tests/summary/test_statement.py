"""Bands and thresholds: the numbers of disclosure.md."""

from __future__ import annotations

import pytest

from summary.bands import banded, protect
from summary.statement import HIDDEN, Figure, ReportCounts, Shown, Thresholds
from summary.tables import TOTAL, Reporter, finest_plan
from tests.summary.invented import call_of, choice, document, linked_call

CALL = call_of(document([choice("asked", 2)], {"one": ["asked"]}))
KEY = (("asked", "option", "A1"),)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0, 9), (1, 0, 9), (9, 0, 9), (10, 10, 14), (14, 10, 14), (15, 15, 19), (163, 160, 164)],
)
def test_bands_of_five(count: int, low: int, high: int) -> None:
    assert Thresholds.of(CALL).band(KEY, count) == Figure(Shown.BAND, low, high)


@pytest.mark.parametrize(("count", "low", "high"), [(7, 0, 7), (8, 8, 12), (12, 8, 12), (13, 13, 17)])
def test_bands_start_after_the_planted(count: int, low: int, high: int) -> None:
    call = call_of(document([choice("asked", 2)], {"one": ["asked"]}, planted=3))
    assert Thresholds.of(call).band(KEY, count) == Figure(Shown.BAND, low, high)


def test_crossed_with_the_host_country_k_is_ten() -> None:
    thresholds = Thresholds.of(linked_call())
    country, incident, month = ("country", "country", "US"), ("incident", "option", "I1"), ("month", "month", "2025-01")
    assert thresholds.top((country, incident)) == thresholds.top((country,)) == thresholds.top((incident,)) == thresholds.top(TOTAL) == 14
    assert thresholds.top((incident, month)) == thresholds.top((month,)) == 9
    assert thresholds.band((country, incident), 31) == Figure(Shown.BAND, 25, 34)


def test_margin_never_has_a_smaller_k() -> None:
    thresholds = Thresholds.of(linked_call())
    keys = [(("incident", "option", "I1"), ("month", "month", "2025-01")), (("behind", "option", "B1"), ("country", "region", "021"))]
    for key in keys:
        assert all(thresholds.k_of((part,)) >= thresholds.k_of(key) for part in key)


def test_only_written_figures_are_listed() -> None:
    reporters = [Reporter(f"r{index}", {"asked": frozenset({"A1"})}) for index in range(30)] + [Reporter("x", {"asked": frozenset({"A2"})})]
    counts = ReportCounts(40, 0, 0, 0, 5, 4, 31)
    statement = banded(CALL, reporters, [finest_plan(CALL, CALL.tables[0])], counts)
    assert statement.listed("asked") == {("option", "A1")}
    assert statement.figure((("asked", "option", "A2"),)) == Figure(Shown.BAND, 0, 9)
    assert statement.counts["consent"] == statement.counts["not-credible"] == Figure(Shown.BAND, 0, 9)
    assert statement.counts["counted"] == Figure(Shown.BAND, 30, 34)


def test_hidden_names_nobody_new() -> None:
    """Somebody's rare answer is never written down beside "not shown": that would say that somebody gave it."""
    call = call_of(document([choice("asked", 12), choice("bsked", 2)], {"both": ["asked", "bsked"]}, planted=1))
    reporters = [Reporter(f"r{index}", {"asked": frozenset({"A1"}), "bsked": frozenset({"B1"})}) for index in range(8)]
    reporters += [Reporter("rare", {"asked": frozenset({"A7"}), "bsked": frozenset({"B2"})})]
    statement = banded(call, reporters, [finest_plan(call, call.tables[0])], ReportCounts(20, 0, 0, 0, 11, 0, 9))
    listed = {code for _, code in protect(call, reporters, statement).listed("asked")}
    assert "A7" not in listed or listed >= set(call.question("asked").codes)


def test_counts_must_add_up() -> None:
    assert ReportCounts(10, 1, 1, 1, 1, 1, 5).live == 8
    for wrong in ((10, 1, 1, 1, 1, 1, 6), (4, -1, 0, 0, 0, 0, 5)):
        with pytest.raises(ValueError, match="add up"):
            ReportCounts(*wrong)


def test_hidden_says_nothing() -> None:
    assert HIDDEN.interval == (0, None)
    assert Figure(Shown.REPEATED, 10, 14, 1).interval == (0, None)
    assert Figure(Shown.BAND, 10, 14).interval == (10, 14)
