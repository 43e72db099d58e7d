"""Making a release: who is counted, whether one may leave now, and the ledger of those that left (disclosure.md).

Rules, in order; each refuses with `release` unless said otherwise:

1. The audience is one of the call's (usage).
2. The newest imported log has its close, and its bundle left the server at most 7 days ago.
3. One ledger for all audiences: number n follows the release n - 1. The workspace keeps those it made; ones made elsewhere are given with
   `--previous`. One that contradicts the ledger is refused.
4. What is published passes the audit of the summary package (`disclosure`).

A release is kept in the workspace before its file appears, so that no number is ever given twice; `release --again` writes it once more.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from crypto.minisign import SecretKey
from reviewer import durable, reporters, review
from reviewer.errors import ReleaseRefusedError, UsageError
from summary.archive import parse_release, verify_release, write_release
from summary.release import ReportCounts, build_release

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reviewer.reporters import Selection
    from reviewer.workspace import Workspace
    from summary.archive import ReadRelease
    from summary.release import Release

    Ledger: TypeAlias = tuple[tuple[ReadRelease, bytes], ...]

MAX_LOG_AGE: Final = 7 * 24 * 3600
"""Seconds since a bundle left the server after which its log is too old: withdrawals since would be missed."""

CLOCK_SLACK: Final = 3600
"""Seconds that the clock of this computer may be behind that of the one the bundle came from."""


@dataclass(frozen=True, slots=True)
class Made:
    """A release that left: `sha256` (hex) of the file, `reporters` and `counts` exactly, for the reviewers alone.

    `unsettled` are (reporter, question id) counted as unanswered because the threads of a cluster differ.
    """

    number: int
    audience: str
    sha256: str
    reporters: int
    counts: ReportCounts
    unsettled: tuple[tuple[int, str], ...]


def make_release(workspace: Workspace, audience: str, out: Path, *, given: Sequence[bytes] = (), now: int | None = None) -> Made:
    """Build, audit, sign and write the next release; `given` are the bytes of earlier releases made elsewhere.

    Raises UsageError, ReleaseRefusedError, ReleaseError (an earlier release is not one), DisclosureError (the audit).
    """
    durable.require_absent(out)
    call_bytes = workspace.require_fact("call")
    call = review.read_call(workspace)
    if audience not in {known.id for known in call.audiences}:
        raise UsageError(f"The call has no such audience; it has {', '.join(known.id for known in call.audiences)}.")
    now = int(time.time()) if now is None else now
    require_fresh_log(workspace, now)
    ledger = _ledger(workspace, call_bytes, given)
    earlier = [release for release, _ in ledger]
    selection = reporters.select(call, review.entries(workspace), audience)
    counts = report_counts(workspace, selection)
    release = build_release(
        call,
        hashlib.sha256(call_bytes).hexdigest(),
        selection.reporters,
        audience=audience,
        counts=counts,
        checkpoint=workspace.require_fact("checkpoint"),
        previous=earlier[-1] if earlier else None,
        earlier=earlier[:-1],
        created=datetime.fromtimestamp(now, tz=UTC).date(),
        software=f"saksei {version('saksei')}",
    )
    sha256 = _keep_and_write(workspace, release, _working(release, selection), ledger, out)
    return Made(release.number, audience, sha256.hex(), len(selection.reporters), counts, selection.unsettled)


def write_again(workspace: Workspace, number: int, out: Path) -> str:
    """Write a release that the workspace keeps once more, byte for byte; return its SHA-256 in hex."""
    found = workspace.row("SELECT body, sha256 FROM releases WHERE number = ?", (number,))
    if found is None:
        raise UsageError("The workspace keeps no release with that number.")
    durable.require_absent(out)
    durable.replace_file(out, found[0])
    return bytes(found[1]).hex()


def require_fresh_log(workspace: Workspace, now: int) -> None:
    """Raise ReleaseRefusedError unless the newest imported log is closed and young enough (disclosure.md, "Earlier releases")."""
    if workspace.fact("closed") != b"1":
        raise ReleaseRefusedError("The log has no close yet: import a bundle that was exported after the deadline.")
    age = now - int(workspace.require_fact("exported"))
    if age > MAX_LOG_AGE:
        raise ReleaseRefusedError("The log is more than 7 days old: import a fresh bundle, somebody may have withdrawn since.")
    if age < -CLOCK_SLACK:
        raise ReleaseRefusedError("The clock of this computer is behind the last import: set it, then try again.")


def report_counts(workspace: Workspace, selection: Selection) -> ReportCounts:
    """Return the exact counts behind a release. Withdrawals that wait for a batch are not in the public log yet: they are unavailable."""
    left = selection.left_out
    public = min(int(workspace.require_fact("withdrawals")), left.get("withdrawn", 0))
    unavailable = sum(left.get(reason, 0) for reason in ("destroyed", "missing", "not-opened")) + left.get("withdrawn", 0) - public
    return ReportCounts(
        logged=selection.counted + sum(left.values()),
        withdrawn=public,
        late=left.get("late", 0),
        unavailable=unavailable,
        consent=left.get("consent", 0),
        not_credible=left.get("not-reviewed", 0) + left.get("not-credible", 0),
        counted=selection.counted,
        log_closed=workspace.fact("closed") == b"1",
    )


def _ledger(workspace: Workspace, call_bytes: bytes, given: Sequence[bytes]) -> Ledger:
    """Return every earlier release with its bytes, in order: those the workspace keeps and those given.

    Raises ReleaseError for a file that is no release of this call; ReleaseRefusedError for a gap, or two with one number.
    """
    kept = [bytes(body) for (body,) in workspace.rows("SELECT body FROM releases ORDER BY number")]
    found: dict[int, tuple[ReadRelease, bytes]] = {}
    for content in [*kept, *given]:
        release = verify_release(parse_release(content), call_bytes)
        if found.setdefault(release.number, (release, content))[0].sha256 != release.sha256:
            raise ReleaseRefusedError("There are two releases with one number; only one of them can be the one that left.")
    if sorted(found) != list(range(1, len(found) + 1)):
        raise ReleaseRefusedError("An earlier release is missing: give it with --previous, which may stand several times.")
    return tuple(found[number] for number in sorted(found))


def _keep_and_write(workspace: Workspace, release: Release, working: dict[str, Any], ledger: Ledger, out: Path) -> bytes:
    """Sign the release, keep it in the ledger with those before it, then let its file appear. Returns the SHA-256 of the file."""
    signing = SecretKey.parse(workspace.require_fact("signing-key").decode(), None)
    with durable.aside_of(out) as aside:
        write_release(release, aside, signing.sign)
        content = aside.read_bytes()
        with workspace.transaction():
            for earlier, body in ledger:
                _keep(workspace, earlier.number, earlier.audience, body, {})
            _keep(workspace, release.number, release.audience, content, working)
    return hashlib.sha256(content).digest()


def _keep(workspace: Workspace, number: int, audience: str, content: bytes, working: dict[str, Any]) -> None:
    """Put a release into the ledger, unless it stands there."""
    workspace.run(
        "INSERT INTO releases (number, sha256, audience, body, working) VALUES (?, ?, ?, ?, ?) ON CONFLICT (number) DO NOTHING",
        (number, hashlib.sha256(content).digest(), audience, content, json.dumps(working, sort_keys=True).encode()),
    )


def _working(release: Release, selection: Selection) -> dict[str, Any]:
    """What stays with the reviewers: exact counts, reasons, and the proof of the audit."""
    return {
        "reporters": len(selection.reporters),
        "counted": selection.counted,
        "left_out": selection.left_out,
        "unsettled": [list(one) for one in selection.unsettled],
        "proof": json.loads(release.proof),
    }
