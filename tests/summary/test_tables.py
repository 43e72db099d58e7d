"""Keys, counts and plans of the catalogue."""

from __future__ import annotations

import pytest

from summary.tables import TOTAL, UNANSWERED, Axis, Plan, Reporter, finest_plan, keys_of, ladder_plans, placed, rows_of, shapes, tabulate
from tests.summary.invented import call_of, choice, document, linked_call

ASKED = Axis("asked", "option", multiple=False)
TICKED = Axis("bsked", "option", multiple=True)
CALL = call_of(document([choice("asked", 2), choice("bsked", 3, several=True)], {"both": ["asked", "bsked"]}))
PLAN = finest_plan(CALL, CALL.tables[0])


def reporter(**values: str) -> Reporter:
    return Reporter("r", {name: frozenset(codes.split()) for name, codes in values.items()})


def test_plan_is_the_catalogues() -> None:
    assert Plan("both", (ASKED, TICKED)) == PLAN


def test_patterns_are_cells_and_margins() -> None:
    assert list(PLAN.patterns()) == [(), (ASKED,), (TICKED,), (ASKED, TICKED)]


def test_unanswered_is_a_category() -> None:
    assert placed(CALL, reporter(), ASKED) == placed(CALL, Reporter("r", {"asked": frozenset()}), ASKED) == {UNANSWERED}


def test_two_answers_to_one_question_are_refused() -> None:
    with pytest.raises(ValueError, match="several"):
        placed(CALL, reporter(asked="A1 A2"), ASKED)


def test_several_answers_share_one_margin() -> None:
    counts = tabulate(CALL, [reporter(asked="A1", bsked="B1 B2"), reporter(asked="A1", bsked="B2"), reporter(asked="A1")], [PLAN])
    margin, cell = ("asked", "option", "A1"), ("bsked", "option", "B2")
    assert counts[TOTAL] == counts[(margin,)] == 3
    assert counts[(margin, cell)] == 2
    assert counts[(margin, ("bsked", "option", UNANSWERED))] == 1


def test_nobody_is_counted_as_nobody() -> None:
    assert tabulate(CALL, [], [PLAN]) == {TOTAL: 0}


def test_shared_margins_are_one_key() -> None:
    call = linked_call()
    counts = tabulate(call, [reporter(country="US", behind="B1")], [finest_plan(call, table) for table in call.tables])
    assert counts[(("country", "country", "US"),)] == 1


def test_every_level_is_tried_finest_first() -> None:
    call = linked_call()
    levels = [[where.level for where in plan.axes] for plan in ladder_plans(call, call.tables[1])]
    assert levels == [["country", "option"], ["region", "option"], ["world", "option"]]


def test_keys_are_sorted_and_hold_the_total() -> None:
    keys = list(keys_of(PLAN, {ASKED: ["A1"], TICKED: ["B1", "B3"]}))
    assert keys[0] == TOTAL
    assert all(list(key) == sorted(key) for key in keys)
    assert len(keys) == 1 + 1 + 2 + 2


def test_rows_leave_out_one_part_each() -> None:
    key = (("asked", "option", "A1"), ("bsked", "option", "B1"))
    assert dict(rows_of(key)) == {key[0]: key[1:], key[1]: key[:1]}
    assert len(shapes([PLAN])) == 4
