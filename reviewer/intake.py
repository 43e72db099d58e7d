"""Bringing a bundle into the workspace: what was sealed is opened, checked against the call and kept; what was withdrawn is destroyed.

Rules, in the order they are applied to a bundle that crypto.bundle verified:

1. The workspace holds one call: a bundle of another call hash is refused (`wrong-call`), so is a log that is not the known one, longer or
   shorter (`log-inconsistent`).
2. A newer or equal log says how every report stands. A withdrawal is for ever: no older bundle and no lost tail brings a report back.
   What is already opened stays opened when the server lost the envelope since.
3. Every live envelope that is not opened yet is opened, late ones included. One that cannot be is kept with the word that refused it,
   and tried again with the next bundle.
4. Consent and answers that do not fit the call are flagged, never dropped.
5. All of it is kept in one transaction. Doing it again changes nothing.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crypto.errors import CryptoError
from crypto.opening import open_report
from questionnaire.answers import check_answers
from questionnaire.errors import SubmissionError
from questionnaire.models import load_call
from reviewer import durable
from reviewer.errors import OtherCallError, OtherLogError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crypto.bundle import ReportOutcome, VerifiedBundle
    from crypto.minisign import SecretKey
    from crypto.opening import Identity, OpenedReport
    from questionnaire.models import Call
    from reviewer.workspace import Workspace

DEAD = frozenset({"withdrawn", "destroyed", "missing"})
"""Outcomes whose envelope is not in the bundle."""

CONSENT = frozenset({"consent", "audience"})
"""What a problem with the consent itself is named after (questionnaire.errors.Problem); a report with one is never counted."""


@dataclass
class Imported:
    """What one import did. `opened`, `flagged` and `withdrawn` count reports of this import; `refused` maps positions to words.

    `outcomes` counts how every report of the log stands now; `older` tells that the workspace already knew a longer log.
    """

    opened: int = 0
    flagged: int = 0
    withdrawn: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    older: bool = False
    destroyed: bool = False


def set_up(workspace: Workspace, bundle: VerifiedBundle, signing: SecretKey) -> None:
    """Give a new workspace its call and the key that signs for it."""
    with workspace.transaction():
        workspace.set_fact("call", bundle.call_bytes)
        workspace.set_fact("signing-key", signing.to_text(None).encode())


def live_count(bundle: VerifiedBundle) -> int:
    """Return how many envelopes the bundle carries, to measure progress by."""
    return sum(found.outcome not in DEAD for found in bundle.outcomes)


def take_in(
    workspace: Workspace, bundle: VerifiedBundle, identity: Identity, *, exported: int, step: Callable[[int], None] = lambda _steps: None
) -> Imported:
    """Bring `bundle` in by the rules above; `exported` (unix seconds) is when it left the server, as far as can be told.

    Calls `step(1)` after each live envelope. Raises OtherCallError, OtherLogError.
    """

    if workspace.require_fact("call") != bundle.call_bytes:
        raise OtherCallError("The bundle belongs to another call than the workspace.")
    result = Imported(older=_is_older(workspace, bundle), destroyed=bundle.log.destroyed)
    opener = _Opener(load_call(bundle.call_bytes), bundle, identity)
    with workspace.transaction():
        for found in bundle.outcomes:
            if not result.older:
                _keep_outcome(workspace, found, result)
            if found.outcome not in DEAD:
                _keep_report(workspace, found, opener, result)
                step(1)
        if not result.older:
            _keep_log(workspace, bundle, exported)
        _forget_lone_clusters(workspace)
    result.outcomes = dict(Counter(outcome for (outcome,) in workspace.rows("SELECT outcome FROM reports")))
    return result


def exported_at(bundle: Path) -> int:
    """Return when a bundle left the server, in unix seconds, as far as this machine can tell: never later than now.

    A bundle carries no time of its own. Copying a file keeps or renews its time and never makes it older than it is, so the age of a log
    reckoned from here is never too long; how the file came here is the reviewers' own affair.
    """
    return min(int(bundle.stat().st_mtime), int(time.time()))


def require_own_received(folder: Path, checkpoint: bytes) -> None:
    """Raise UsageError when the `received` of another log stands in `folder`, before anything is done."""
    target = folder / "received"
    if target.exists() and target.read_bytes().split(b"\n", 1)[0] != checkpoint.split(b"\n", 1)[0]:
        raise UsageError("A `received` of another call stands beside the workspace; name another folder with --received.")


def write_received(folder: Path, checkpoint: bytes, signing: SecretKey) -> None:
    """Write `received` and `received.minisig` into `folder`: the newest imported checkpoint, countersigned (format.md section 7)."""
    require_own_received(folder, checkpoint)
    durable.replace_file(folder / "received.minisig", signing.sign(checkpoint).encode())
    durable.replace_file(folder / "received", checkpoint)


def _is_older(workspace: Workspace, bundle: VerifiedBundle) -> bool:
    """Whether the workspace knows a longer log; raise OtherLogError when neither log is the beginning of the other."""
    known = workspace.fact("leaves") or b""
    given = b"".join(bundle.log.leaf_hashes)
    shared = min(len(known), len(given))
    if known[:shared] != given[:shared]:
        raise OtherLogError("The log of the bundle contradicts the one that the workspace knows; the server told two stories.")
    return len(given) < len(known)


def _keep_outcome(workspace: Workspace, found: ReportOutcome, result: Imported) -> None:
    known = workspace.row("SELECT outcome, body IS NOT NULL FROM reports WHERE position = ?", (found.index,))
    if known is None:
        workspace.run(
            "INSERT INTO reports (position, digest, handle, outcome) VALUES (?, ?, ?, ?)",
            (found.index, found.digest, found.handle, found.outcome),
        )
        return
    outcome, opened = known
    if outcome == "withdrawn" or (found.outcome == "missing" and opened):
        return
    if found.outcome == "withdrawn":
        destroy_report(workspace, found.index)
        result.withdrawn += 1
        return
    workspace.run("UPDATE reports SET outcome = ? WHERE position = ?", (found.outcome, found.index))


def destroy_report(workspace: Workspace, position: int) -> None:
    """Destroy all that is kept of a withdrawn report, a reviewer's codes, notes, reply and verdict included; its place in the log stays."""
    for table in ("files", "codes", "notes", "replies"):
        workspace.run(f"DELETE FROM {table} WHERE position = ?", (position,))  # noqa: S608 - the names above
    workspace.run(
        "UPDATE reports SET outcome = 'withdrawn', refusal = NULL, body = NULL, thread = NULL, flags = '[]', credible = NULL"
        " WHERE position = ?",
        (position,),
    )


def _keep_report(workspace: Workspace, found: ReportOutcome, opener: _Opener, result: Imported) -> None:

    known = workspace.row("SELECT outcome, body IS NOT NULL FROM reports WHERE position = ?", (found.index,))
    if known is None or known[0] == "withdrawn" or known[1]:
        return
    try:
        opened = opener.open(found)
    except CryptoError as refused:
        workspace.run("UPDATE reports SET refusal = ? WHERE position = ?", (refused.word, found.index))
        result.refused[found.index] = refused.word
        return
    flags = opener.flags(opened)
    workspace.run(
        "UPDATE reports SET refusal = NULL, body = ?, thread = ?, flags = ? WHERE position = ?",
        (opened.report_bytes, opened.report.thread, json.dumps(flags), found.index),
    )
    for number, content in enumerate(opened.files, start=1):
        _keep_file(workspace, found.index, number, content)
    opened.wipe()
    result.opened += 1
    result.flagged += bool(flags)


def _keep_file(workspace: Workspace, position: int, number: int, content: memoryview) -> None:
    """Keep a file of a report piece by piece: given whole, the database would hold it three times more."""
    room = workspace.row(
        "INSERT INTO files (position, number, body) VALUES (?, ?, zeroblob(?)) RETURNING rowid", (position, number, len(content))
    )
    workspace.fill("files", "body", room[0], content)


def _keep_log(workspace: Workspace, bundle: VerifiedBundle, exported: int) -> None:
    same = workspace.fact("checkpoint") == bundle.checkpoint
    before = int(workspace.fact("exported") or b"0") if same else 0
    workspace.set_fact("leaves", b"".join(bundle.log.leaf_hashes))
    workspace.set_fact("checkpoint", bundle.checkpoint)
    workspace.set_fact("closed", b"0" if bundle.log.close is None else b"1")
    workspace.set_fact("withdrawals", str(len(bundle.log.withdrawn)).encode())
    workspace.set_fact("exported", str(max(before, exported)).encode())


def _forget_lone_clusters(workspace: Workspace) -> None:
    """Take threads of which nothing is left out of their clusters."""
    workspace.run("DELETE FROM clusters WHERE thread NOT IN (SELECT thread FROM reports WHERE thread IS NOT NULL)")


class _Opener:
    """Opens the envelopes of one bundle and holds what they say against its call."""

    def __init__(self, call: Call, bundle: VerifiedBundle, identity: Identity) -> None:
        self._call = call
        self._bundle = bundle
        self._identity = identity

    def open(self, found: ReportOutcome) -> OpenedReport:
        """Return the opened report. Raises CryptoError with the word of whatever is wrong with it."""

        return open_report(
            self._bundle.read_envelope(found.digest),
            self._identity,
            recipients=len(self._call.recipients),
            max_k=self._call.max_k,
            call=self._call.call,
            call_sha256=self._bundle.call_sha256,
            handle=found.handle,
            place=self._call.recipients.index(str(self._identity.recipient)),
        )

    def flags(self, opened: OpenedReport) -> list[dict[str, str]]:
        """Return what does not fit the call: `word` (`consent` or `answers`), `question` and `code` of each problem."""

        consent = opened.report.consent
        given = {"level": consent.level, "audiences": list(consent.audiences), "contact": consent.contact}
        try:
            check_answers(self._call, given, opened.report.answers, files=len(opened.files))
        except SubmissionError as wrong:
            return [
                {"word": "consent" if problem.question in CONSENT else "answers", "question": problem.question, "code": problem.code}
                for problem in wrong.problems
            ]
        return []
