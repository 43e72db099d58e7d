"""saksei-coordinator: check a release, look at it, and take documents out of it. Needs no key, and no network but for `watch`
(interfaces.md).

Exit codes: 0 done, 1 refused (`error: <word>: <sentence>` on stderr), 2 wrong use.
"""

from __future__ import annotations

import errno
import json
import os
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from questionnaire.errors import QuestionnaireError
from summary import ledger
from summary.archive import UnverifiedRelease, open_release, verify_release, write_aside
from summary.documents.view import TableView, axis_label, label, shown
from summary.errors import ReleaseError, SummaryError
from summary.watch_command import watch_log
from summary.words import word

if TYPE_CHECKING:
    from collections.abc import Callable

    from summary.archive import ReadRelease

Answer = TypeVar("Answer")

app = typer.Typer(
    name="saksei-coordinator",
    help="Check an anonymized release, look at it, and take documents out of it. No key is needed and nothing is sent anywhere.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


class Format(StrEnum):
    """What `export` can write."""

    CSV = "csv"
    HTML = "html"
    JSON = "json"


ReleaseFile = Annotated[Path, typer.Argument(metavar="RELEASE", help="The release file you were given.", exists=True, dir_okay=False)]
CallFile = Annotated[
    Path, typer.Option("--call", help="The call.json of the call, from its page or its publisher.", exists=True, dir_okay=False)
]
MaybeCallFile = Annotated[
    Path | None,
    typer.Option("--call", help="The call.json of the call; with it the signature is checked first.", exists=True, dir_okay=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for another program.")]
Language = Annotated[str | None, typer.Option("--language", help="km or en; the first language of the call unless you say.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"saksei-coordinator {metadata.version('saksei')}")
        raise typer.Exit


@app.callback()
def coordinator(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")] = False,
) -> None:
    """Check an anonymized release, look at it, and take documents out of it."""


@app.command()
def verify(
    release: ReleaseFile,
    call: CallFile,
    previous: Annotated[
        list[Path] | None,
        typer.Option("--previous", metavar="FILE", help="Every earlier release of the call, each once.", exists=True, dir_okay=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that a release is whole and that the reviewers of this call signed it.

    With all earlier releases given, it is also checked that none is missing and that no number was given twice.
    """
    read = _answered(lambda: _verified(release, call))
    if previous:
        _answered(lambda: ledger.chain(read, [_verified(path, call) for path in previous]))
    elif read.number > 1:
        typer.echo(f"note: whether releases 1 to {read.number - 1} came before it was not checked; give each with --previous", err=True)
    facts = {
        "verified": True,
        "chain_checked": read.number == 1 or bool(previous),
        "release": read.number,
        "previous": read.previous,
        "audience": read.audience,
        "call": read.provenance.call,
        "call_sha256": read.call_sha256,
        "sha256": read.sha256,
        "created": read.provenance.created,
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    console = Console()
    console.print("[bold]Genuine.[/bold] The reviewers of this call signed this release, and nothing in it was changed.")
    for name, value in (
        ("Call", facts["call"]),
        ("Release", facts["release"]),
        ("Audience", facts["audience"]),
        ("Made on", facts["created"]),
        ("Release before", facts["previous"] or "none"),
        ("Call hash", facts["call_sha256"]),
        ("SHA-256", facts["sha256"]),
    ):
        console.print(Text(f"  {name:<15} {value}"), soft_wrap=True)
    console.print("Compare the call hash with one you got another way: on paper, from a friend, from a second site.")


@app.command()
def show(release: ReleaseFile, call: MaybeCallFile = None, language: Language = None, as_json: AsJson = False) -> None:
    """Print the tables of a release on the screen."""
    read = _opened(release, call)
    if as_json:
        typer.echo(read.files["tables.json"].decode())
        return
    lang, console = _language(read, language), Console()
    title = f"{label(read.provenance.title, lang)} · {word(lang, 'release', n=read.provenance.release)}"
    console.print(Text(title, style="bold"))
    console.print(Text(f"{word(lang, 'people')}: {shown(read.tables.total, lang).text}"))
    for table in read.tables.tables:
        view = TableView(table, lang)
        for block in view.blocks():
            heading = f"{view.title} · {block.heading}" if block.heading else view.title
            grid = Table(title=Text(heading), title_justify="left")
            grid.add_column(Text(axis_label(table.axes[0], lang) if len(table.axes) == 1 else ""))
            for column in block.columns or (word(lang, "figure"),):
                grid.add_column(Text(column))
            for line in block.lines:
                grid.add_row(Text(line.label), *(Text(cell.text) for cell in line.cells))
            console.print(grid)


@app.command()
def export(  # noqa: PLR0913 the options of a command
    release: ReleaseFile,
    form: Annotated[Format, typer.Option("--format", help="csv for a spreadsheet, html for a page to read or print, json for a program.")],
    audience: Annotated[str, typer.Option("--audience", help="Who it is for; must be the audience the release was made for.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write. It must not exist yet.", dir_okay=False)],
    language: Language = None,
    call: MaybeCallFile = None,
    as_json: AsJson = False,
) -> None:
    """Take one document out of a release."""
    read = _opened(release, call)
    if audience != read.provenance.audience:
        _refuse(ReleaseError("The release was made for another audience; only the reviewers can make one for this audience."))
    lang = _language(read, language)
    name = "tables.json" if form is Format.JSON else f"documents/summary.{lang}.{form.value}"
    if out.exists():
        raise typer.BadParameter("there is a file of this name already; give another", param_hint="--out")
    if not out.parent.is_dir():
        raise typer.BadParameter("there is no such folder", param_hint="--out")
    write_aside(out, read.files[name])
    typer.echo(json.dumps({"written": str(out), "sha256_release": read.sha256, "language": lang}) if as_json else f"Written: {out}")


app.command("watch")(watch_log)


def _verified(path: Path, call: Path) -> ReadRelease:
    return verify_release(open_release(path), call.read_bytes())


def _opened(path: Path, call: Path | None) -> UnverifiedRelease:
    """The release, verified when a call was given; says so when not."""
    release = _answered(lambda: open_release(path))
    if call is not None:
        content = call.read_bytes()
        _answered(lambda: verify_release(release, content))
    else:
        typer.echo("note: the signature was not checked; give --call call.json to check it", err=True)
    return release


def _language(release: UnverifiedRelease, language: str | None) -> str:
    lang = language or release.languages[0]
    if lang not in release.languages:
        raise typer.BadParameter(f"the release is in {', '.join(release.languages)}", param_hint="--language")
    return lang


def _answered(work: Callable[[], Answer]) -> Answer:
    """The result of some work, its refusals printed as this command prints them."""
    try:
        return work()
    except (SummaryError, QuestionnaireError) as error:
        _refuse(error)


def _refuse(error: SummaryError | QuestionnaireError) -> NoReturn:
    typer.echo(f"error: {error.word}: {error}", err=True)
    raise typer.Exit(1)


def main() -> None:
    """Entry point of the console script. A file that cannot be used is told in one line; its path is not repeated."""
    try:
        app()
    except OSError as error:
        word, code = ("full", 1) if error.errno in {errno.ENOSPC, errno.EDQUOT} else ("usage", 2)
        typer.echo(f"error: {word}: A file or folder cannot be used: {os.strerror(error.errno or errno.EIO)}.", err=True)
        raise SystemExit(code) from None
