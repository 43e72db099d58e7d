"""The release as one self-contained HTML page (look.md).

The page holds its style and its charts, fetches nothing, runs nothing, and says so in its own Content-Security-Policy. Charts are bars
drawn as ranges: what is certain dark, what is possible light, what is not shown hatched and in words. Every chart has the same figures
beside it in words.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import babel
import babel.dates
import jinja2
from markupsafe import Markup

from summary.documents.view import TableView, axis_label, label, shown
from summary.words import digits, level_name, tongue, word

if TYPE_CHECKING:
    from summary.documents.view import Block, Shown
    from summary.published import AxisEntry, ProvenanceDocument, TablesDocument

WIDTH = 1000
"""Width of a bar's drawing; it is stretched to the place there is."""


def html_document(tables: TablesDocument, provenance: ProvenanceDocument, lang: str) -> bytes:
    """The page of a release in one language."""
    style = _text("style.css")
    policy = f"default-src 'none'; style-src 'sha256-{_digest(style)}'; base-uri 'none'; form-action 'none'"
    views = [TableView(table, lang) for table in tables.tables]
    page = _template().render(
        lang=lang,
        policy=policy,
        style=Markup(style),  # noqa: S704 our own file, hashed in the policy
        say=lambda name, **values: word(lang, name, **values),
        number=lambda value: digits(lang, value),
        title=label(provenance.title, lang),
        audience=label(provenance.audience_name, lang),
        provenance=provenance,
        created=long_date(date.fromisoformat(provenance.created), lang),
        opens=long_date(datetime.fromtimestamp(provenance.opens, tz=UTC).date(), lang),
        deadline=_deadline(provenance, lang),
        total=shown(tables.total, lang),
        counts=[(word(lang, name), shown(entry, lang).text) for name, entry in sorted(provenance.counts.items()) if name != "reporters"],
        tables=[_table(view, lang) for view in views],
        several=any(axis.multiple for table in tables.tables for axis in table.axes),
        crossed=any(entry.high + 1 == provenance.crossed_k + provenance.planted for table in tables.tables for entry in table.lowest),
    )
    return page.encode()


def long_date(day: date, lang: str) -> str:
    """A date as people write it in the language."""
    locale = babel.Locale.parse(tongue(lang), sep="-")
    if tongue(lang) == "km":
        month = babel.dates.format_date(day, "MMMM", locale=locale).replace("\u200b", "")
        return f"ថ្ងៃទី {digits(lang, day.day)} ខែ{month} ឆ្នាំ {digits(lang, day.year)}"
    return babel.dates.format_date(day, "long", locale=locale)


def _deadline(provenance: ProvenanceDocument, lang: str) -> str:
    """The deadline as the coordinator wrote it, with the clock of its zone."""
    local = datetime.strptime(provenance.deadline_local["time"], "%Y-%m-%dT%H:%M")  # noqa: DTZ007 wall time, its zone is printed beside it
    zone = provenance.deadline_local["zone"]
    return f"{long_date(local.date(), lang)}, {digits(lang, f'{local:%H:%M}')} ({zone})"


def _table(view: TableView, lang: str) -> dict[str, object]:
    axes = view.table.axes
    return {
        "id": view.table.id,
        "title": view.title,
        "empty": view.empty,
        "notes": [note for axis in axes for note in _axis_notes(axis, lang)],
        "lowest": view.unlisted(tuple("" for _ in axes)).text,
        "single": len(axes) == 1,
        "blocks": [{"block": block, "bars": _bars(block, view.most), "alternative": _alternative(block)} for block in view.blocks()],
        "axes": [axis_label(axis, lang) for axis in axes],
    }


def _axis_notes(axis: AxisEntry, lang: str) -> list[str]:
    """The question of an axis, and what generalising it cost."""
    note = axis_label(axis, lang) + (f" ({word(lang, 'several')})" if axis.multiple else "")
    if axis.level == axis.finest:
        return [note]
    said = word(lang, "level", level=level_name(lang, axis.level), finest=level_name(lang, axis.finest))
    if axis.categories is not None and axis.finest_categories is not None:
        said = f"{said} {word(lang, 'level-counts', n=axis.categories, finest=axis.finest_categories)}"
    return [note, said]


def _bars(block: Block, most: int) -> list[list[Markup]]:
    return [[_bar(figure, most) for figure in line.cells] for line in block.lines]


def _bar(figure: Shown, most: int) -> Markup:
    """One bar as SVG: dark up to the least, light up to the most; hatched when the figure is not shown, none where it is off the scale."""
    if figure.low is None or figure.high is None:
        return Markup('<svg aria-hidden="true"><rect class="hidden" width="100%" height="100%" fill="url(#hatch)"/></svg>')
    if figure.high > most:
        return Markup("")
    low, high = (round(end * WIDTH / most) for end in (figure.low, figure.high))
    kind = "said" if figure.state == "repeated" else "least"
    inside = f'<rect class="most" x="{low}" y="0" width="{high - low}" height="12"/>'
    inside += f'<rect class="{kind}" x="0" y="0" width="{low}" height="12"/>' if low else ""
    return Markup(f'<svg viewBox="0 0 {WIDTH} 12" preserveAspectRatio="none" aria-hidden="true">{inside}</svg>')  # noqa: S704 numbers only


def _alternative(block: Block) -> str:
    """The chart in one sentence."""
    return "; ".join(f"{line.label}: {line.cells[0].text}" for line in block.lines)


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _text(name: str) -> str:
    return (resources.files("summary.documents") / "templates" / name).read_text(encoding="utf-8")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_text("release.html.j2"))
