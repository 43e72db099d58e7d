"""A table of a release as rows and columns of readable figures, the same for every document."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from summary.words import digits, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from summary.published import AxisEntry, FigureEntry, TableEntry


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as it is read: its words, and the ends of its band (None when it is not shown)."""

    text: str
    low: int | None
    high: int | None
    state: str

    @property
    def lowest(self) -> bool:
        """Whether it is in the lowest band."""
        return self.state == "band" and self.low == 0


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table or bar of a chart."""

    label: str
    cells: tuple[Shown, ...]
    margin: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """What is drawn together: a table with one axis (no columns) or two. `heading` is the category of a third axis it stands under."""

    heading: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]


def shown(entry: FigureEntry, lang: str) -> Shown:
    """The words for a figure, in the digits of the language."""
    if entry.shown == "not-shown" or entry.low is None or entry.high is None:
        return Shown(word(lang, "hidden"), None, None, entry.shown)
    text = word(lang, "fewer", n=entry.high + 1) if entry.low == 0 else word(lang, "range", low=entry.low, high=entry.high)
    if entry.shown == "repeated" and entry.since is not None:
        text = word(lang, "repeated", figure=text, n=entry.since)
    return Shown(text, entry.low, entry.high, entry.shown)


def lowest(high: int, lang: str) -> Shown:
    """The words for a figure in the lowest band that ends at `high`."""
    return Shown(word(lang, "fewer", n=high + 1), 0, high, "band")


class TableView:
    """The figures of one table by their codes; None stands for the margin over an axis."""

    def __init__(self, table: TableEntry, lang: str) -> None:
        """Index the figures of a table."""
        self.table, self.lang = table, lang
        self.title = label(table.title, lang)
        self._figures = {figure.at: figure for figure in table.figures}
        self._lowest = {entry.axes: entry.high for entry in table.lowest}

    def figure(self, at: tuple[str | None, ...]) -> Shown:
        """The figure of some codes."""
        entry = self._figures.get(at)
        return shown(entry, self.lang) if entry is not None else self.unlisted(at)

    def unlisted(self, at: tuple[str | None, ...]) -> Shown:
        """What a figure with codes on these axes is when it is not listed."""
        return lowest(self._lowest[tuple(code is not None for code in at)], self.lang)

    @property
    def empty(self) -> bool:
        """Whether nothing but the total is above the lowest band."""
        return not any(any(at) for at in self._figures)

    @property
    def most(self) -> int:
        """The end of the scale of the table's charts: the most that a figure other than the total may be."""
        highs = [figure.high for figure in self.table.figures if figure.high is not None and any(figure.at)]
        return max([*highs, *(entry.high for entry in self.table.lowest)])

    def codes(self, axis: int) -> list[tuple[str | None, str]]:
        """The codes of an axis with their words, the margin last."""
        named = [(code.code, label(code.label, self.lang)) for code in self.table.axes[axis].codes]
        return [*named, (None, word(self.lang, "all"))]

    def rows(self) -> Iterator[tuple[tuple[tuple[str | None, str], ...], Shown]]:
        """Every figure of the table that stands in a document, margins and total included."""
        for chosen in product(*(self.codes(axis) for axis in range(len(self.table.axes)))):
            yield chosen, self.figure(tuple(code for code, _ in chosen))

    def blocks(self) -> Iterator[Block]:
        """The table cut into blocks of at most two axes. The axis with most categories goes down the page."""
        order = sorted(range(len(self.table.axes)), key=lambda axis: -len(self.table.axes[axis].codes))
        down, across = order[0], order[1] if len(order) > 1 else None
        under = next((axis for axis in range(len(self.table.axes)) if axis not in {down, across}), None)
        for heading, name in self.codes(under) if under is not None else [(None, "")]:
            yield self._block(down, across, heading, name)

    def _block(self, down: int, across: int | None, heading: str | None, name: str) -> Block:
        columns: list[tuple[str | None, str]] = self.codes(across) if across is not None else [(None, "")]

        def at(row: str | None, column: str | None) -> tuple[str | None, ...]:
            return tuple(row if axis == down else column if axis == across else heading for axis in range(len(self.table.axes)))

        lines = [
            Line(text, tuple(self.figure(at(row, column)) for column, _ in columns), margin=row is None) for row, text in self.codes(down)
        ]
        lines.insert(-1, Line(word(self.lang, "others"), tuple(self.unlisted(at("", column)) for column, _ in columns)))
        return Block(name, tuple(text for _, text in columns) if across is not None else (), tuple(lines))


def axis_label(axis: AxisEntry, lang: str) -> str:
    """The question an axis stands for."""
    return label(axis.label, lang)


def label(text: dict[str, str], lang: str) -> str:
    """A text in a language, else in the first it has."""
    return text.get(lang) or next(iter(text.values()))


def number(lang: str, value: int) -> str:
    """A number in the digits of the language."""
    return digits(lang, value)
