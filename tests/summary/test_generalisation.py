"""The ladder is climbed only where that gives more to print."""

from __future__ import annotations

from typing import Any

import pytest

from summary.generalisation import cost, generalised, information
from summary.tables import Reporter, ladder_plans
from tests.summary.invented import call_of, choice, document, linked_call, said

COUNTRY: dict[str, Any] = {
    "id": "country",
    "type": "country",
    "label": said("Country"),
    "options": [{"code": code, "label": said(code)} for code in ("US", "CA", "FR", "DE", "TH", "MY")],
    "discloses": "quasi",
    "generalize": ["country", "region", "world"],
}
CALL = call_of(document([COUNTRY, choice("asked", 2)], {"where": ["country"]}))


def living(**countries: int) -> list[Reporter]:
    places = [code for code, number in countries.items() for _ in range(number)]
    return [Reporter(f"r{index}", {"country": frozenset({code})}) for index, code in enumerate(places)]


@pytest.mark.parametrize(
    ("countries", "level"),
    [
        pytest.param({"US": 30, "FR": 30, "TH": 20}, "country", id="all-large"),
        pytest.param({"US": 8, "CA": 8, "FR": 8, "DE": 8, "TH": 8, "MY": 8}, "region", id="small-alone-large-together"),
        pytest.param({"US": 3, "FR": 2}, "country", id="nothing-to-gain"),
        pytest.param({"US": 60}, "country", id="one-holds-all"),
    ],
)
def test_level_that_says_most_is_taken(countries: dict[str, int], level: str) -> None:
    assert [where.level for plan in generalised(CALL, living(**countries)) for where in plan.axes] == [level]


def test_whole_world_says_nothing() -> None:
    world = ladder_plans(CALL, CALL.tables[0])[-1]
    assert information(CALL, world, living(US=40, FR=40)) == 0


def test_cost_is_said_in_categories() -> None:
    fine, region, _ = ladder_plans(CALL, CALL.tables[0])
    assert (cost(CALL, fine.axes[0]).categories, cost(CALL, region.axes[0]).finest) == (6, "country")
    assert (cost(CALL, region.axes[0]).categories, cost(CALL, region.axes[0]).finest_categories) == (3, 6)


def test_dates_have_open_categories() -> None:
    call = linked_call()
    month = next(where for plan in ladder_plans(call, call.tables[2]) for where in plan.axes if where.question == "month")
    assert cost(call, month).categories is None
