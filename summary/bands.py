"""The default mode: every figure in a band, and nothing said where a band would say too much (disclosure.md, "Tables").

`banded` only puts counts into bands. `protect` then hides what must be hidden: the figures of rows whose reporters all stand in one
category of a sensitive question, what an earlier release forbids (summary.ledger), and what summary.suppression finds to give a sensitive
figure away. The audit (summary.audit) is separate and checks the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from questionnaire import ladders
from summary import ledger
from summary.statement import COUNTS_OUT, HIDDEN, ReportCounts, Shown, Statement, Thresholds
from summary.suppression import suppressed
from summary.tables import TOTAL, UNANSWERED, Key, Plan, Reporter, rows_of, shapes, tabulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from questionnaire.models import Call


def banded(call: Call, reporters: Sequence[Reporter], plans: Sequence[Plan], counts: ReportCounts) -> Statement:
    """The bands of every figure of the tables, with nothing hidden."""
    thresholds = Thresholds.of(call)
    exact = tabulate(call, reporters, plans)
    figures = {key: band for key, count in exact.items() if (band := thresholds.band(key, count)).low > 0}
    variable = counts.variable()
    left_out = {name: thresholds.band(TOTAL, variable[name]) for name in (*COUNTS_OUT, "counted")}
    return Statement(tuple(plans), thresholds, figures, left_out, counts.live)


def protect(call: Call, reporters: Sequence[Reporter], statement: Statement) -> Statement:
    """The statement with everything hidden that would give a sensitive figure away.

    Hiding only grows: a figure that is hidden or repeated already stays so.
    """
    exact = tabulate(call, reporters, statement.plans)
    statement = hide(statement, one_category(call, statement, exact))
    if exact[TOTAL] <= statement.thresholds.top(TOTAL):
        statement = statement.with_counts(dict.fromkeys(statement.counts, HIDDEN))
    protected = suppressed(call, reporters, statement)
    if protected.figures == statement.figures or not any(figure.shown is Shown.BAND for figure in statement.counts.values()):
        return protected
    # Counts of what was left out bound the total from above. Where that costs figures of the tables, the counts are worth less.
    without = suppressed(call, reporters, statement.with_counts(dict.fromkeys(statement.counts, HIDDEN)))
    return without if _hidden(without) < _hidden(protected) else protected


def _hidden(statement: Statement) -> int:
    return sum(figure.shown is Shown.HIDDEN for figure in statement.figures.values())


def hide(statement: Statement, keys: Iterable[Key]) -> Statement:
    """The statement with some figures hidden."""
    return statement.with_figures({key: HIDDEN for key in keys if statement.figure(key).shown is Shown.BAND})


def held_back_for(statement: Statement, failing: Sequence[Key], earlier: Sequence[Statement]) -> Statement:
    """The statement with more held back because the audit could not pass some figures.

    A failing figure that is written down is held back itself. For any other, whatever is shown of the margins it is part of and of its
    neighbours in them is hidden; when nothing is left of those, what it is a margin of; then the counts of provenance.json; then
    everything.
    """
    themselves = [key for key in failing if statement.figures.get(key, HIDDEN).shown is Shown.BAND]
    changed = ledger.hold_back(statement, themselves, earlier) if earlier else hide(statement, themselves)
    for key in (key for key in failing if key not in themselves):
        shown = [one for one, figure in changed.figures.items() if figure.shown is Shown.BAND]
        near = [one for one in shown if set(one) < set(key) or (len(one) == len(key) and len(set(one) & set(key)) == len(key) - 1 > 0)]
        if near or (near := [one for one in shown if set(key) < set(one)]):
            changed = hide(changed, near)
        elif any(figure.shown is Shown.BAND for figure in changed.counts.values()):
            changed = changed.with_counts(dict.fromkeys(changed.counts, HIDDEN))
        else:
            changed = hide(changed, shown)
    return changed


def one_category(call: Call, statement: Statement, exact: Mapping[Key, int]) -> Iterator[Key]:
    """The figures to hide where a shown row has all its reporters in one category of a sensitive question.

    All categories of the question are hidden in that row, so that nothing tells which one it was.
    """
    sensitive = {question.id for question in call.questions if question.discloses == "sensitive"}
    published = shapes(statement.plans)
    for key, count in exact.items():
        for (question, level, code), row in rows_of(key):
            if question in sensitive and code != UNANSWERED and exact[row] == count > statement.thresholds.top(row):
                yield from (other for other in _row(call, statement, row, (question, level)) if _shape(other) in published)


def _row(call: Call, statement: Statement, row: Key, where: tuple[str, str]) -> Iterator[Key]:
    """The row's figures along a question, chosen without looking at who answered what: every category, of a date those written down."""
    question = call.question(where[0])
    written = {code for level, code in statement.listed(question.id) if level == where[1]}
    for code in sorted({*ladders.categories(question, where[1]), *written, UNANSWERED}):
        yield tuple(sorted((*row, (*where, code))))


def _shape(key: Key) -> frozenset[tuple[str, str]]:
    return frozenset((question, level) for question, level, _ in key)
