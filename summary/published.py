"""tables.json, provenance.json and accounts.json of a release: what stands in them, and back from them to numbers.

All three are RFC 8785. A figure of a table has a code or null for each axis, null meaning the margin over it, and is a `band`
(`low`..`high`), `not-shown`, or `repeated` from release `since`. What is not listed is in the lowest band, 0..`high` of the entry of
`lowest` with the same axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from questionnaire import ladders
from summary import generalisation
from summary.errors import ReleaseError
from summary.statement import HIDDEN, Figure, Shown, Statement, Thresholds
from summary.tables import TOTAL, UNANSWERED, Axis, Key, Plan
from summary.words import word

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator, Mapping, Sequence

    from questionnaire.models import Call, Question

JsonObject = dict[str, Any]
Text = dict[str, str]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]


class Entry(BaseModel):
    """Base of every entry: frozen, strict, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FigureEntry(Entry):
    """One figure. `low` and `high` are null when it is not shown; `since` is a release's number when it is repeated."""

    shown: Literal["band", "not-shown", "repeated"]
    low: Count | None
    high: Count | None
    since: Count | None


class PlacedFigure(FigureEntry):
    """A figure of a table: `at` has a code for each axis, or null for the margin over it."""

    at: tuple[str | None, ...]


class CodeEntry(Entry):
    """A category that some figure names, with its words."""

    code: str
    label: Text


class AxisEntry(Entry):
    """One axis of a table and what generalising cost: from `finest_categories` categories to `categories` (null where they are open)."""

    question: str
    label: Text
    level: str
    finest: str
    categories: Count | None
    finest_categories: Count | None
    multiple: bool
    codes: tuple[CodeEntry, ...]


class LowestEntry(Entry):
    """The lowest band, 0..`high`, of the figures that have a code on exactly these axes."""

    axes: tuple[bool, ...]
    high: Count


class TableEntry(Entry):
    """One table of the catalogue."""

    id: str
    title: Text
    axes: tuple[AxisEntry, ...]
    lowest: tuple[LowestEntry, ...]
    figures: tuple[PlacedFigure, ...]


class TablesDocument(Entry):
    """tables.json."""

    v: Literal[1]
    call: str
    mode: Literal["bands"]
    languages: tuple[str, ...]
    total: FigureEntry
    tables: tuple[TableEntry, ...]


class LogEntry(Entry):
    """What the public log says to anybody: its size, and of its reports how many are withdrawn or late."""

    size: Count
    reports: Count
    withdrawn: Count
    late: Count


class ProvenanceDocument(Entry):
    """provenance.json. `counts` are in the release's own mode; `previous` is the SHA-256 of the release before, or null."""

    v: Literal[1]
    call: str
    call_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    title: Text
    audience: str
    audience_name: Text
    release: Annotated[int, Field(ge=1)]
    previous: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None
    created: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    opens: Count
    deadline_local: dict[Literal["time", "zone"], str]
    software: str
    checkpoint: str
    log: LogEntry
    mode: Literal["bands"]
    k: Count
    crossed_k: Count
    planted: Count
    counts: dict[Literal["reporters", "counted", "unavailable", "consent", "not-credible"], FigureEntry]


class AccountsDocument(Entry):
    """accounts.json: accounts that two reviewers signed; none can be made yet."""

    v: Literal[1]
    accounts: Annotated[tuple[JsonObject, ...], Field(max_length=0)]


def tables_document(call: Call, statement: Statement) -> JsonObject:
    """tables.json of a statement."""
    tables = [_table(call, statement, plan) for plan in statement.plans]
    return TablesDocument(
        v=1, call=call.call, mode="bands", languages=call.languages, total=_entry(statement.figure(TOTAL)), tables=tuple(tables)
    ).model_dump(mode="json")


def provenance_document(  # noqa: PLR0913 everything it says comes in by name
    call: Call,
    statement: Statement,
    *,
    call_sha256: str,
    previous: str | None,
    checkpoint: str,
    log: Mapping[str, int],
    created: datetime.date,
    software: str,
) -> JsonObject:
    """provenance.json of a statement."""
    counts = {"reporters": statement.figure(TOTAL), **statement.counts}
    return ProvenanceDocument.model_validate(
        {
            "v": 1,
            "call": call.call,
            "call_sha256": call_sha256,
            "title": call.title,
            "audience": statement.audience,
            "audience_name": call.audience(statement.audience).name,
            "release": statement.number,
            "previous": previous,
            "created": created.isoformat(),
            "opens": call.opens,
            "deadline_local": {"time": call.deadline_local.time, "zone": call.deadline_local.zone},
            "software": software,
            "checkpoint": checkpoint,
            "log": dict(log),
            "mode": "bands",
            "k": call.k,
            "crossed_k": statement.thresholds.host_k,
            "planted": call.planted,
            "counts": {name: _entry(figure) for name, figure in counts.items()},
        }
    ).model_dump(mode="json")


def read_statement(call: Call, tables: TablesDocument, provenance: ProvenanceDocument) -> Statement:
    """The numbers of a release, checked against its call.

    Raises ReleaseError when the tables are not those of the call, a figure is written twice with two values, or a band is none of the
    call's.
    """
    thresholds = Thresholds.of(call)
    if (provenance.k, provenance.crossed_k, provenance.planted) != (thresholds.k, thresholds.host_k, thresholds.planted):
        raise ReleaseError("The release was made with other thresholds than the call's.")
    if [table.id for table in tables.tables] != [table.id for table in call.tables]:
        raise ReleaseError("The release does not hold the tables of the call.")
    figures: dict[Key, Figure] = {}
    plans = []
    for table, entry in zip(call.tables, tables.tables, strict=True):
        plan = _plan(call, table.dimensions, entry)
        plans.append(plan)
        for placed in entry.figures:
            key = _key(plan, placed)
            if figures.setdefault(key, _figure(thresholds, key, placed)) != _figure(thresholds, key, placed):
                raise ReleaseError("One figure stands in two tables with two values.")
    if figures.get(TOTAL, thresholds.lowest(TOTAL)) != _figure(thresholds, TOTAL, tables.total):
        raise ReleaseError("One figure stands in two tables with two values.")
    counts = {str(name): _figure(thresholds, TOTAL, figure) for name, figure in provenance.counts.items() if name != "reporters"}
    live = provenance.log.reports - provenance.log.withdrawn - provenance.log.late
    if live < 0:
        raise ReleaseError("The numbers of the log do not add up.")
    return Statement(tuple(plans), thresholds, figures, counts, live, provenance.release, provenance.audience)


def _plan(call: Call, dimensions: Sequence[str], entry: TableEntry) -> Plan:
    if tuple(one.question for one in entry.axes) != tuple(dimensions):
        raise ReleaseError("The release does not hold the tables of the call.")
    axes = []
    for one in entry.axes:
        question = call.question(one.question)
        if one.level not in ladders.levels(question):
            raise ReleaseError("A table stands at a level that the call does not allow.")
        axes.append(Axis(one.question, one.level, question.type == "choices"))
    return Plan(entry.id, tuple(axes))


def _key(plan: Plan, placed: PlacedFigure) -> Key:
    if len(placed.at) != len(plan.axes):
        raise ReleaseError("A figure does not fit its table.")
    return tuple(sorted((where.question, where.level, code) for where, code in zip(plan.axes, placed.at, strict=True) if code is not None))


def _figure(thresholds: Thresholds, key: Key, entry: FigureEntry) -> Figure:
    shown = Shown(entry.shown)
    whole = (entry.low is None, entry.high is None, entry.since is None)
    if whole != {Shown.HIDDEN: (True, True, True), Shown.BAND: (False, False, True), Shown.REPEATED: (False, False, False)}[shown]:
        raise ReleaseError("A figure is not written as it must be.")
    if shown is Shown.HIDDEN:
        return HIDDEN
    band = thresholds.band(key, entry.low or 0)
    if (band.low, band.high) != (entry.low, entry.high):
        raise ReleaseError("A figure is not in a band of the call.")
    return Figure(shown, band.low, band.high, entry.since)


def _entry(figure: Figure) -> FigureEntry:
    if figure.shown is Shown.HIDDEN:
        return FigureEntry(shown="not-shown", low=None, high=None, since=None)
    return FigureEntry(shown="band" if figure.shown is Shown.BAND else "repeated", low=figure.low, high=figure.high, since=figure.since)


def _table(call: Call, statement: Statement, plan: Plan) -> TableEntry:
    table = next(one for one in call.tables if one.id == plan.table)
    axes = tuple(_axis(call, statement, plan, index) for index in range(len(plan.axes)))
    lowest, figures = [], []
    for pattern in plan.patterns():
        shape = {(where.question, where.level) for where in pattern}
        marks = tuple(where in pattern for where in plan.axes)
        example = tuple(sorted((question, level, "") for question, level in shape))
        lowest.append(LowestEntry(axes=marks, high=statement.thresholds.top(example)))
        found = [key for key in statement.figures if {part[:2] for part in key} == shape]
        figures += [_placed(plan, key, statement.figure(key)) for key in found]
    order = [{code.code: rank for rank, code in enumerate(one.codes)} for one in axes]
    figures.sort(key=lambda one: [-1 if code is None else order[index][code] for index, code in enumerate(one.at)])
    return TableEntry(id=table.id, title=_text(call, table.title), axes=axes, lowest=tuple(lowest), figures=tuple(figures))


def _placed(plan: Plan, key: Key, figure: Figure) -> PlacedFigure:
    codes = {question: code for question, _, code in key}
    entry = _entry(figure)
    return PlacedFigure(
        shown=entry.shown, low=entry.low, high=entry.high, since=entry.since, at=tuple(codes.get(one.question) for one in plan.axes)
    )


def _axis(call: Call, statement: Statement, plan: Plan, index: int) -> AxisEntry:
    where = plan.axes[index]
    question = call.question(where.question)
    cost = generalisation.cost(call, where)
    shapes = [{(one.question, one.level) for one in pattern} for pattern in plan.patterns()]
    named = {
        code
        for key in statement.figures
        if {part[:2] for part in key} in shapes
        for one, level, code in key
        if (one, level) == (where.question, where.level)
    }
    codes = tuple(CodeEntry(code=code, label=dict(_labels(call, question, code, where.level))) for code in _ordered(question, where, named))
    return AxisEntry(
        question=where.question,
        label=_text(call, question.label),
        level=where.level,
        finest=cost.finest,
        categories=cost.categories,
        finest_categories=cost.finest_categories,
        multiple=where.multiple,
        codes=codes,
    )


def _ordered(question: Question, where: Axis, named: set[str]) -> list[str]:
    """The order of the questionnaire, dates by themselves, those who did not answer last."""
    known = {code: rank for rank, code in enumerate(ladders.categories(question, where.level))}
    return sorted(named, key=lambda code: (code == UNANSWERED, known.get(code, len(known)), code))


def _labels(call: Call, question: Question, code: str, level: str) -> Iterator[tuple[str, str]]:
    for lang in call.languages:
        yield lang, word(lang, "unanswered") if code == UNANSWERED else ladders.value_label(call, question, code, level, lang)


def _text(call: Call, text: Mapping[str, str]) -> Text:
    return {lang: call.text(dict(text), lang) for lang in call.languages}
