"""The tables as CSV: UTF-8 with a byte order mark (spreadsheets need it for Khmer), one line a figure.

A text that a spreadsheet would take for a formula gets an apostrophe before it. Bands are written in words and as two numbers.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Protocol

from summary.documents.view import TableView, axis_label, label, shown
from summary.words import word

if TYPE_CHECKING:
    from summary.documents.view import Shown
    from summary.published import ProvenanceDocument, TablesDocument

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_AXES = 3


class _Writer(Protocol):
    def writerow(self, row: list[str], /) -> object: ...


def csv_document(tables: TablesDocument, provenance: ProvenanceDocument, lang: str) -> bytes:
    """The CSV of a release in one language."""
    out = io.StringIO()
    writer = csv.writer(out)
    pairs = [f"{word(lang, name)} {place}" for place in range(1, _AXES + 1) for name in ("question", "category")]
    writer.writerow(
        [
            word(lang, "table"),
            word(lang, "title"),
            *pairs,
            word(lang, "figure"),
            word(lang, "shown"),
            word(lang, "least"),
            word(lang, "most"),
        ]
    )
    nothing = [""] * (2 * _AXES)
    _row(writer, ["", label(provenance.title, lang), *nothing], shown(tables.total, lang), lang)
    for table in tables.tables:
        view = TableView(table, lang)
        for chosen, figure in view.rows():
            if all(code is None for code, _ in chosen):
                continue
            cells = [text for axis, (_, name) in zip(table.axes, chosen, strict=True) for text in (axis_label(axis, lang), name)]
            _row(writer, [table.id, view.title, *cells, *nothing[len(cells) :]], figure, lang)
        for entry in table.lowest:
            if any(entry.axes):
                names = [word(lang, "others") if part else word(lang, "all") for part in entry.axes]
                cells = [text for axis, name in zip(table.axes, names, strict=True) for text in (axis_label(axis, lang), name)]
                at = tuple("" if part else None for part in entry.axes)
                _row(writer, [table.id, view.title, *cells, *nothing[len(cells) :]], view.unlisted(at), lang)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _row(writer: _Writer, cells: list[str], figure: Shown, lang: str) -> None:
    ends = ["" if end is None else str(end) for end in (figure.low, figure.high)]
    writer.writerow([_safe(text) for text in (*cells, figure.text, word(lang, f"state-{figure.state}"), *ends)])


def _safe(text: str) -> str:
    """The text, never a formula."""
    return f"'{text}" if text.lstrip(" \u200b\ufeff").startswith(_FORMULA) or text.startswith(_FORMULA) else text
