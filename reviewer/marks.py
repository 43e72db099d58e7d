"""What reviewers add to a report: codes in place of an answer, whether it is credible, notes, and which threads are one reporter.

Marks never touch what was sealed: an answer stays as it was written, and a code stands beside it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from questionnaire.answers import check_answers
from questionnaire.errors import SubmissionError
from reviewer.errors import MarkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from questionnaire.models import Call, Question
    from reviewer.workspace import Workspace

VERDICTS: Final = ("yes", "no", "unsure")
CODED_TYPES: Final = frozenset({"choice", "choices", "ranking", "country", "place", "date", "number"})
MAX_NOTE_BYTES: Final = 65536


@dataclass(frozen=True, slots=True)
class Marking:
    """What to mark one report with, all or nothing. `codes` are (question id, text as `set_codes` takes it); the default marks nothing."""

    credible: str | None = None
    codes: tuple[tuple[str, str], ...] = ()
    uncoded: tuple[str, ...] = ()
    note: str | None = None
    alone: bool = False


def apply(workspace: Workspace, call: Call, positions: Sequence[int], marking: Marking, *, same_as: int | None = None) -> None:
    """Mark opened reports in one transaction; `same_as` is a report whose reporter they are counted with.

    Raises MarkError; then nothing is kept.
    """
    with workspace.transaction():
        for position in positions:
            _apply(workspace, call, position, marking)
            if same_as is not None:
                join(workspace, position, same_as)


def _apply(workspace: Workspace, call: Call, position: int, marking: Marking) -> None:
    if marking.credible is not None:
        set_credible(workspace, position, marking.credible)
    for question_id, text in marking.codes:
        set_codes(workspace, call, position, question_id, text)
    for question_id in marking.uncoded:
        clear_codes(workspace, call, position, question_id)
    if marking.note is not None:
        add_note(workspace, position, marking.note)
    if marking.alone:
        leave(workspace, position)


def set_credible(workspace: Workspace, position: int, verdict: str) -> None:
    """Say whether a report is credible: `yes`, `no` or `unsure`. Only `yes` is ever counted. Run inside a transaction."""
    if verdict not in VERDICTS:
        raise MarkError("Credible is yes, no or unsure.")
    workspace.run("UPDATE reports SET credible = ? WHERE position = ?", (verdict, position))


def set_codes(workspace: Workspace, call: Call, position: int, question_id: str, text: str) -> None:
    """Set the codes of one question from `text` (`TD1,TD4`, `2025-08`, `KH-12`); an empty text says that the question counts as unanswered.

    Raises MarkError when the call has no such question, when it takes no codes, or when a code is not one of its options.
    """
    value = parse_codes(call, question_id, text)
    workspace.run(
        "INSERT INTO codes (position, question, value) VALUES (?, ?, ?)"
        " ON CONFLICT (position, question) DO UPDATE SET value = excluded.value",
        (position, question_id, json.dumps(value)),
    )


def clear_codes(workspace: Workspace, call: Call, position: int, question_id: str) -> None:
    """Take a reviewer's codes away: the reporter's own answer counts again."""
    _question(call, question_id)
    workspace.run("DELETE FROM codes WHERE position = ? AND question = ?", (position, question_id))


def add_note(workspace: Workspace, position: int, text: str) -> None:
    """Keep a note with a report. Raises MarkError when it is empty or longer than 64 KiB."""
    if not text.strip() or len(text.encode()) > MAX_NOTE_BYTES:
        raise MarkError("A note has between one character and 64 KiB.")
    workspace.run("INSERT INTO notes (position, written, text) VALUES (?, ?, ?)", (position, int(time.time()), text))


def join(workspace: Workspace, position: int, other: int) -> None:
    """Take the threads of two reports, and all that was taken together with either, for one reporter."""
    threads = [_thread(workspace, position), _thread(workspace, other)]
    clusters = [_cluster(workspace, thread) for thread in threads]
    target = next((cluster for cluster in clusters if cluster is not None), None)
    if target is None:
        target = workspace.row("SELECT coalesce(max(cluster), 0) + 1 FROM clusters")[0]
    for cluster in clusters:
        workspace.run("UPDATE clusters SET cluster = ? WHERE cluster = ?", (target, cluster))
    for thread in threads:
        workspace.run(
            "INSERT INTO clusters (thread, cluster) VALUES (?, ?) ON CONFLICT (thread) DO UPDATE SET cluster = excluded.cluster",
            (thread, target),
        )


def leave(workspace: Workspace, position: int) -> None:
    """Take the thread of a report out of its cluster: it is a reporter of its own again."""
    workspace.run("DELETE FROM clusters WHERE thread = ?", (_thread(workspace, position),))


def parse_codes(call: Call, question_id: str, text: str) -> Any:
    """Return the value that `text` says for a question, or None for unanswered. Raises MarkError."""
    question = _question(call, question_id)
    if question.type not in CODED_TYPES:
        raise MarkError("That question takes no codes; write a note instead.")
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        return None
    value = _value(question, parts)
    _require_fits(call, question, value)
    return value


def _value(question: Question, parts: list[str]) -> Any:
    if question.type == "choices":
        unknown = [part for part in parts if part not in question.codes]
        return [code for code in question.codes if code in parts] + unknown
    if question.type == "ranking":
        return parts
    if len(parts) > 1:
        raise MarkError("That question takes one code.")
    if question.type == "number":
        try:
            return int(parts[0])
        except ValueError:
            raise MarkError("That question takes a whole number.") from None
    return parts[0]


def _require_fits(call: Call, question: Question, value: object) -> None:
    """Hold one value against its question alone, whatever else the report says."""

    try:
        check_answers(call, {"level": "C0", "audiences": [], "contact": False}, {question.id: value})
    except SubmissionError as wrong:
        if any(problem.question == question.id for problem in wrong.problems):
            raise MarkError("That is not one of the codes of the question.") from None


def _question(call: Call, question_id: str) -> Question:
    try:
        return call.question(question_id)
    except KeyError:
        raise MarkError("The call has no such question; `show` lists their names.") from None


def _thread(workspace: Workspace, position: int) -> bytes:
    return bytes(workspace.row("SELECT thread FROM reports WHERE position = ?", (position,))[0])


def _cluster(workspace: Workspace, thread: bytes) -> int | None:
    found = workspace.row("SELECT cluster FROM clusters WHERE thread = ?", (thread,))
    return None if found is None else int(found[0])
