"""Climbing the ladders of quasi-identifiers as far as that gives more publishable information (disclosure.md, "Tables").

Information is what the figures above the lowest band say beyond the margins they are part of, in bits for each reporter: a figure with
the share p of all reporters, whose smallest margin has the share q, gives p·log2(q/p). A small figure that vanishes in the lowest band
gives nothing, and neither does one that holds its whole margin ("the whole world"), so the best level lies where cells are just large
enough. Counts enter by the lower edge of their band: the choice is made from what would be printed and not from exact counts. That a
level was chosen still says a little; the document names this limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from questionnaire import ladders
from summary.statement import Thresholds
from summary.tables import TOTAL, Plan, ladder_plans, rows_of, tabulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from questionnaire.models import Call, Table
    from summary.tables import Axis, Reporter


def generalised(call: Call, reporters: Sequence[Reporter]) -> tuple[Plan, ...]:
    """The tables of the call, each at the levels that say most; the finest of equals."""
    return tuple(_best(call, table, reporters) for table in call.tables)


def information(call: Call, plan: Plan, reporters: Sequence[Reporter]) -> float:
    """What the figures of a table say, in bits for each reporter."""
    thresholds, counts = Thresholds.of(call), tabulate(call, reporters, [plan])
    shown = {key: thresholds.band(key, count).low for key, count in counts.items()}
    bits = 0.0
    for key in sorted(key for key in counts if key and shown[key]):
        margin = min(shown[row] for _, row in rows_of(key))
        if margin > shown[key]:
            bits += shown[key] / shown[TOTAL] * math.log2(margin / shown[key])
    return bits


def _best(call: Call, table: Table, reporters: Sequence[Reporter]) -> Plan:
    best, most = None, -1.0
    for plan in ladder_plans(call, table):
        bits = information(call, plan, reporters)
        if best is None or bits > most + 1e-9:
            best, most = plan, bits
    if best is None:
        raise AssertionError("every table has a finest plan")
    return best


@dataclass(frozen=True, slots=True)
class Cost:
    """What generalising an axis cost: the finest level there is, and how many categories it and the level taken have (None where open)."""

    finest: str
    categories: int | None
    finest_categories: int | None


def cost(call: Call, where: Axis) -> Cost:
    """What generalising cost, in categories, which the call fixes: a figure computed from the answers would be one more thing published."""
    question = call.question(where.question)
    finest = ladders.levels(question)[0]
    return Cost(finest, len(ladders.categories(question, where.level)) or None, len(ladders.categories(question, finest)) or None)
