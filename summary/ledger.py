"""Releases in a row (disclosure.md, "Earlier releases"): one ledger for all audiences, without gaps.

Whoever compares two releases sees who came and who left, so a figure may only move where that proves no small number: it stays in its
band, or it jumps so far that at least k + planted reporters must have come or gone. Where neither holds, the earlier figure stands again,
marked so; and where the earlier release was made for somebody else, who consented to another audience, it is not shown at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from summary.errors import ReleaseError
from summary.statement import HIDDEN, Figure, Shown, Statement
from summary.tables import TOTAL, Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from summary.archive import ReadRelease


def chain(previous: ReadRelease | None, earlier: Sequence[ReadRelease]) -> tuple[ReadRelease, ...]:
    """Every earlier release, the first one first.

    Raises ReleaseError when a number is missing or stands twice, when one does not name the one before it, or when they are of two calls.
    """
    releases = sorted([*earlier, *([previous] if previous is not None else [])], key=lambda one: one.number)
    expected, before = 1, None
    for release in releases:
        if release.number != expected:
            raise ReleaseError(f"Release {expected} is missing: give the files of all earlier releases, each once.")
        if release.previous != (before.sha256 if before is not None else None):
            raise ReleaseError(f"Release {release.number} does not follow the release {release.number - 1} that was given.")
        if before is not None and release.call_sha256 != before.call_sha256:
            raise ReleaseError("The releases are of different calls.")
        expected, before = expected + 1, release
    if previous is not None and releases[-1] is not previous:
        raise ReleaseError("The previous release is not the newest one that was given.")
    return tuple(releases)


def moved(statement: Statement, earlier: Sequence[Statement]) -> Statement:
    """The statement with every figure held back whose move from an earlier one would prove a small number of arrivals or departures."""
    written = {key for one in (statement, *earlier) for key in one.figures}
    top = statement.thresholds.top(TOTAL)
    moving = [
        name
        for name, now in statement.counts.items()
        if any(name in one.counts and 1 <= _apart(now, one.counts[name]) <= top for one in earlier)
    ]
    statement = statement.with_counts(dict.fromkeys(moving, HIDDEN))
    return hold_back(statement, [key for key in written if any(_proves(statement, one, key) for one in earlier)], earlier)


def hold_back(statement: Statement, keys: Iterable[Key], earlier: Sequence[Statement]) -> Statement:
    """The statement with some figures repeated from the newest release that showed them to the same audience, or else not shown."""
    changed: dict[Key, Figure] = {}
    for key in keys:
        shown = [
            Figure(Shown.REPEATED, figure.low, figure.high, one.number)
            for one in earlier
            if one.audience == statement.audience and _tells(one, key) and (figure := one.figure(key)).shown is Shown.BAND
        ]
        changed[key] = shown[-1] if shown else HIDDEN
    return statement.with_figures({key: figure for key, figure in changed.items() if _tells(statement, key)})


def _tells(statement: Statement, key: Key) -> bool:
    questions = {(question, level) for question, level, _ in key}
    return any(questions <= {(where.question, where.level) for where in plan.axes} for plan in statement.plans)


def _proves(new: Statement, old: Statement, key: Key) -> bool:
    if not _tells(new, key) or not _tells(old, key):
        return False
    return 1 <= _apart(new.figure(key), old.figure(key)) <= new.thresholds.top(key)


def _apart(now: Figure, then: Figure) -> int:
    """How many arrivals or departures two bands prove; 0 or less when none."""
    if now.shown is not Shown.BAND or then.shown is not Shown.BAND or now.high is None or then.high is None:
        return 0
    return max(now.low - then.high, then.low - now.high)
