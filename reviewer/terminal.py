"""Where a command speaks: text, tables and progress for a person, or one JSON document for a machine.

Everything shown goes through `visible`. Documents for machines are pure ASCII JSON.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from reviewer.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_PIPED_WIDTH = 200


class Screen:
    """What one command shows. `machine` true: one JSON document at the end and nothing else on stdout.

    Warnings and progress go to stderr in either case.
    """

    def __init__(self, *, machine: bool, out: TextIO | None = None, err: TextIO | None = None) -> None:
        """Speak to `out` and `err`, by default the standard streams of this moment."""
        self.machine = machine
        self._out = sys.stdout if out is None else out
        self._err = sys.stderr if err is None else err

    def say(self, line: str = "", *, lines: bool = False) -> None:
        """Show a line (or, with `lines`, several) to a person; nothing when a machine listens."""
        if not self.machine:
            self._out.write(visible(line, lines=lines) + "\n")

    def table(self, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show a table to a person; cells are made visible; nothing when a machine listens."""
        if self.machine:
            return
        shown = Table(box=SIMPLE_HEAD, pad_edge=False)
        for name in heading:
            shown.add_column(Text(visible(name)), overflow="fold")
        for row in rows:
            shown.add_row(*(Text(visible(cell)) for cell in row))
        _console(self._out).print(shown)

    def document(self, content: dict[str, Any]) -> None:
        """Give a machine its one document, pure ASCII; nothing to a person."""
        if self.machine:
            self._out.write(json.dumps(content, ensure_ascii=True, indent=2, sort_keys=True) + "\n")

    def warn(self, sentence: str) -> None:
        """Warn on stderr, in one line."""
        self._err.write(f"warning: {visible(sentence)}\n")

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show that something slow without a measure (a key derivation) goes on."""
        if not self._err.isatty():
            yield
            return
        with _console(self._err).status(Text(visible(what))):
            yield

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show a bar on stderr while `total` steps (or bytes) are done; call what is given with the number done since."""
        if not self._err.isatty():
            yield lambda _steps: None
            return
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=_console(self._err), transient=True) as bar:
            task = bar.add_task(visible(what), total=total)
            yield lambda steps: bar.advance(task, steps)


def _console(stream: TextIO) -> Console:
    """A console as wide as the terminal; wide enough for every column where there is none."""
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=None if stream.isatty() else _PIPED_WIDTH)
