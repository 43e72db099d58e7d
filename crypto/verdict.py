"""What a verified log, its checkpoints and tokens prove about each report, and whether promises were kept (format.md section 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crypto.errors import LogInconsistentError, LogUnsignedTailError, PromiseBrokenError, SignatureError
from crypto.merkle import Frontier
from crypto.notes import parse_checkpoint, parse_promise

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from crypto.callfile import CallFile
    from crypto.entries import Log, LoggedReport

Outcome = Literal["withdrawn", "destroyed", "missing", "late", "on-time-proven", "time-unproven"]
# A batch may end an hour after the close before it counts as late published (sections 7 and 10).
PUBLISH_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class ReportOutcome:
    """What became of one report of the log.

    Attributes:
        digest: SHA-256 of its envelope (32 bytes).
        handle: Its handle (32 bytes).
        index: Its place in the log.
        outcome: The first of the six that holds. The last three are live: the envelope is in the bundle.
    """

    digest: bytes
    handle: bytes
    index: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Token:
    """A timestamp over a checkpoint.

    Attributes:
        size: Size of the checkpoint.
        authority: Name of the authority in call.json.
        time: Unix seconds that it proves; None when it does not verify and so proves nothing.
    """

    size: int
    authority: str
    time: float | None


def check_checkpoints(call: CallFile, log: Log, own: Mapping[int, bytes], given: Iterable[bytes]) -> None:
    """Require that every checkpoint is the root of its prefix of the log, and that the largest of `own` covers all of it.

    Args:
        call: Whose log it is.
        log: The log.
        own: Notes of the bundle by the size that their names say.
        given: Notes that submitters and watchers kept; longer than the log is inconsistent too, for it shows that something was cut off.

    Raises:
        SignatureError, LogInconsistentError, LogUnsignedTailError: as said.
    """
    checkpoints = [parse_checkpoint(note, call.log_vkey, call.origin) for note in own.values()]
    if [checkpoint.size for checkpoint in checkpoints] != list(own):
        raise LogInconsistentError("A checkpoint does not have the size that its name says.")
    checkpoints += [parse_checkpoint(note, call.log_vkey, call.origin) for note in given]
    roots = _roots(log, {checkpoint.size for checkpoint in checkpoints})
    if any(roots.get(checkpoint.size) != checkpoint.root for checkpoint in checkpoints):
        raise LogInconsistentError("A checkpoint is not one of this log: entries were changed or taken away.")
    if log.size not in own:
        raise LogUnsignedTailError("No checkpoint covers the last entries of the log.")


def _roots(log: Log, sizes: Collection[int]) -> dict[int, bytes]:
    """Return the roots of the prefixes of the given sizes; none for sizes that the log does not have."""
    frontier = Frontier()
    roots = {0: frontier.root()}
    for leaf in log.leaf_hashes:
        frontier.append(leaf)
        if frontier.size in sizes:
            roots[frontier.size] = frontier.root()
    return roots


def read_tokens(call: CallFile, tokens: Mapping[tuple[int, str], bytes], own: Mapping[int, bytes]) -> tuple[Token, ...]:
    """Return what each token proves; all have a checkpoint in `own` and an authority of the call."""
    if not tokens:
        return ()
    # Only a call that names authorities needs what this module imports.
    from crypto.timestamps import token_time  # noqa: PLC0415

    read: list[Token] = []
    for (size, authority), token in tokens.items():
        try:
            time: float | None = token_time(token, own[size], call.authorities[authority])
        except SignatureError:
            time = None
        read.append(Token(size, authority, time))
    return tuple(read)


def check_promises(call: CallFile, log: Log, pending: Collection[bytes], tokens: Sequence[Token], promises: Iterable[bytes]) -> None:
    """Require that every promise was kept or is not due.

    Args:
        call: Whose log it is.
        log: The log.
        pending: Leaf hashes of withdrawals that wait for a batch.
        tokens: What the tokens of the bundle prove.
        promises: Notes as submitters kept them.

    Raises:
        SignatureError: a promise is not one of this log.
        PromiseBrokenError: a leaf is absent although the log has its close, or a token is later than publish_by.
    """
    leaves = set(log.leaf_hashes)
    newest = max((token.time for token in tokens if token.time is not None), default=0.0)
    for note in promises:
        promise = parse_promise(note, call.log_vkey, call.origin)
        if promise.leaf_hash in leaves:
            continue
        closed = log.close is not None and promise.leaf_hash not in pending
        if closed or newest > promise.publish_by:
            raise PromiseBrokenError("The server promised an entry that this log does not have.")


def outcomes(
    call: CallFile, log: Log, pending: Collection[bytes], tokens: Iterable[Token], envelopes: Collection[bytes]
) -> tuple[ReportOutcome, ...]:
    """Return what became of every report of the log, in the log's order.

    Args:
        call: Whose log it is.
        log: The log.
        pending: Handles that a withdrawal outside the log names.
        tokens: What the tokens of the bundle prove.
        envelopes: Digests of the envelopes that are there.
    """
    limit = call.close + PUBLISH_SECONDS
    proven = max((token.size for token in tokens if token.time is not None and token.time <= limit), default=0)

    def outcome(report: LoggedReport) -> Outcome:
        if report.withdrawn or report.handle in pending:
            return "withdrawn"
        if log.destroyed:
            return "destroyed"
        if report.digest not in envelopes:
            return "missing"
        if report.late:
            return "late"
        return "on-time-proven" if report.index < proven else "time-unproven"

    return tuple(ReportOutcome(report.digest, report.handle, report.index, outcome(report)) for report in log.reports)
