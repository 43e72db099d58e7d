"""Reading the workspace: every report of the log, what was sealed in it, what reviewers added to it, and whose it is.

A report is named by its *number*, its position in the log. The log is sorted inside each batch, so a number tells nothing finer than the
batch of when somebody wrote.
A *reporter* is a thread, or a cluster of threads that a reviewer took together; it is named by the lowest number among its reports.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crypto.report import parse_report
from questionnaire.models import load_call
from reviewer import durable
from reviewer.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from crypto.report import Report
    from questionnaire.models import Call
    from reviewer.workspace import Workspace

_DIGEST_PREFIX = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One report of the log.

    `outcome` is a word of format.md section 10; `refusal` the word that an envelope was refused with; `report` what was sealed, None unless
    it was opened and not withdrawn. `flags` are {`word`, `question`, `code`}. `codes` maps question ids to the values reviewers set (None:
    counts as unanswered). `reporter` is None when there is no report, `cluster` None when the thread stands alone.
    """

    number: int
    digest: bytes
    handle: bytes
    outcome: str
    refusal: str | None
    report: Report | None
    flags: tuple[dict[str, str], ...]
    credible: str | None
    codes: dict[str, Any]
    notes: int
    cluster: int | None
    reporter: int | None

    @property
    def broken_consent(self) -> bool:
        """Whether the consent does not fit the call, so that nothing may be done with the report."""
        return any(flag["word"] == "consent" for flag in self.flags)


@dataclass(frozen=True, slots=True)
class Note:
    """A reviewer's note; `written` in unix seconds."""

    written: int
    text: str


def read_call(workspace: Workspace) -> Call:
    """Return the call of the workspace."""

    return load_call(workspace.require_fact("call"))


def entries(workspace: Workspace) -> list[Entry]:
    """Return every report of the log, by number."""

    codes: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for position, question, value in workspace.rows("SELECT position, question, value FROM codes ORDER BY position, question"):
        codes[position][question] = json.loads(value)
    rows = workspace.rows(
        "SELECT r.position, r.digest, r.handle, r.outcome, r.refusal, r.body, r.flags, r.credible, r.thread, c.cluster,"
        " (SELECT count(*) FROM notes AS n WHERE n.position = r.position)"
        " FROM reports AS r LEFT JOIN clusters AS c ON c.thread = r.thread ORDER BY r.position"
    )
    reporters: dict[object, int] = {}
    found = []
    for number, digest, handle, outcome, refusal, body, flags, credible, thread, cluster, notes in rows:
        whose = cluster if cluster is not None else thread
        if whose is not None:
            reporters.setdefault(whose, number)
        found.append(
            Entry(
                number=number,
                digest=digest,
                handle=handle,
                outcome=outcome,
                refusal=refusal,
                report=None if body is None else parse_report(body),
                flags=tuple(json.loads(flags)),
                credible=credible,
                codes=codes.get(number, {}),
                notes=notes,
                cluster=cluster,
                reporter=None if whose is None else reporters[whose],
            )
        )
    return found


def find_number(workspace: Workspace, reference: str) -> int:
    """Return the number that `reference` means: the number itself, or at least 8 hex digits of the SHA-256 of the sealed report.

    Raises UsageError when it means none, or more than one.
    """
    if reference.isascii() and reference.isdecimal() and len(reference) < 8:
        found = workspace.rows("SELECT position FROM reports WHERE position = ?", (int(reference),))
    elif _DIGEST_PREFIX.fullmatch(reference):
        found = workspace.rows("SELECT position FROM reports WHERE lower(hex(digest)) GLOB ? || '*'", (reference,))
    else:
        found = []
    if len(found) != 1:
        raise UsageError("No one report has that number; `list` shows them.")
    return int(found[0][0])


def find_opened(workspace: Workspace, reference: str) -> int:
    """Return the number that `reference` means, when there is a report to look at or to mark.

    Raises UsageError as `find_number` does, and when the report was withdrawn, is missing, or could not be opened.
    """
    number = find_number(workspace, reference)
    (opened,) = workspace.row("SELECT body IS NOT NULL FROM reports WHERE position = ?", (number,))
    if not opened:
        raise UsageError("That report is not open here: it was withdrawn, is missing, or could not be opened.")
    return number


def entry(workspace: Workspace, number: int) -> Entry:
    """Return one report by its number."""
    return next(found for found in entries(workspace) if found.number == number)


def notes_of(workspace: Workspace, number: int) -> list[Note]:
    """Return the notes of a report, oldest first."""
    return [Note(*row) for row in workspace.rows("SELECT written, text FROM notes WHERE position = ? ORDER BY id", (number,))]


def extract_files(workspace: Workspace, number: int, folder: Path) -> int:
    """Write the attached files of a report into the private folder `folder` as `001`, `002`, …; return how many.

    Names inside a report are never used: a name can be a path, and an ending can make a program start.
    """

    rows = workspace.rows("SELECT number FROM files WHERE position = ? ORDER BY number", (number,))
    for (member,) in rows:
        (content,) = workspace.row("SELECT body FROM files WHERE position = ? AND number = ?", (number, member))
        durable.write_private(folder / f"{member:03d}", content)
    return len(rows)
