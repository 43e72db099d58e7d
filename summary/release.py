"""Making a release: tables at their levels, bands, what is held back, the audit, and the documents (disclosure.md)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import rfc8785

from crypto.notes import VerifierKey, parse_checkpoint
from summary import audit, bands, generalisation, ledger, published
from summary.documents import render
from summary.errors import DisclosureError, ReleaseError
from summary.space import space
from summary.statement import ReportCounts, Statement

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence

    from questionnaire.models import Call
    from summary.archive import ReadRelease
    from summary.published import JsonObject
    from summary.tables import Reporter

__all__ = ["Release", "ReportCounts", "audited", "build_release"]

MENDING = 20
"""How often the audit may send a statement back before it is refused for good."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release that passed its audit, not yet signed.

    `files` are the members of the archive but for SHA256SUMS and its signature, by name. `proof` (JSON) holds the witnesses: alternative
    datasets made of profiles as reporters gave them. It belongs into the encrypted workspace and to nobody else.
    """

    number: int
    audience: str
    statement: Statement
    files: Mapping[str, bytes]
    proof: bytes


def build_release(  # noqa: PLR0913 everything a release says comes in by name
    call: Call,
    call_sha256: str,
    reporters: Sequence[Reporter],
    *,
    audience: str,
    counts: ReportCounts,
    checkpoint: bytes,
    previous: ReadRelease | None,
    created: datetime.date,
    software: str,
    earlier: Sequence[ReadRelease] = (),
) -> Release:
    """Build the release of a call for one audience from the reporters who may be counted for it.

    `call_sha256` is hex, `checkpoint` the newest signed checkpoint of the log, `previous` the release before and `earlier` all before
    that one; from the third release on they are needed too, for whoever compares releases has every one of them.

    Raises DisclosureError when no statement about these reporters passes the audit or the log has no close yet; ReleaseError for a gap
    in the releases; KeyError for an audience the call does not name; crypto.errors.SignatureError for a checkpoint that is not of this log.
    """
    call.audience(audience)
    if len(reporters) > counts.counted:
        raise ValueError("there are more reporters than counted reports")
    if not counts.log_closed:
        raise DisclosureError("The log has no close yet; a release waits for it.")
    note = parse_checkpoint(checkpoint, VerifierKey.parse(call.log_vkey), call.origin)
    if counts.logged >= note.size:
        raise ValueError("the checkpoint does not cover the reports that were counted")
    releases = ledger.chain(previous, earlier)
    if any(one.call_sha256 != call_sha256 for one in releases):
        raise ReleaseError("The previous release is of another call.")
    statements = [one.statement for one in releases]
    plans = generalisation.generalised(call, reporters)
    first = bands.banded(call, reporters, plans, counts).numbered(len(releases) + 1, audience)
    statement, findings = audited(call, reporters, first, statements)
    tables = published.tables_document(call, statement)
    provenance = published.provenance_document(
        call,
        statement,
        call_sha256=call_sha256,
        previous=releases[-1].sha256 if releases else None,
        checkpoint=checkpoint.decode(),
        log={"size": note.size, "reports": counts.logged, "withdrawn": counts.withdrawn, "late": counts.late},
        created=created,
        software=software,
    )
    accounts: JsonObject = {"v": 1, "accounts": []}
    files = {
        name: rfc8785.dumps(content)
        for name, content in (("tables.json", tables), ("accounts.json", accounts), ("provenance.json", provenance))
    }
    files.update(render(tables, provenance))
    return Release(statement.number, audience, statement, files, _proof(findings, call, statement, files))


def audited(
    call: Call, reporters: Sequence[Reporter], statement: Statement, earlier: Sequence[Statement]
) -> tuple[Statement, audit.Findings]:
    """The statement protected and passed by the audit, with its findings.

    What the audit finds is held back and audited again until it finds nothing; the last word is the audit's, which raises DisclosureError.
    """
    statement = bands.protect(call, reporters, ledger.moved(statement, earlier))
    for _ in range(MENDING):
        findings = audit.examine(call, reporters, statement, earlier)
        if not findings.failing:
            return statement, findings
        changed = bands.held_back_for(statement, findings.failing, earlier)
        if changed == statement:
            break
        statement = bands.protect(call, reporters, changed)
    return statement, audit.audit(call, reporters, statement, earlier)


def _proof(findings: audit.Findings, call: Call, statement: Statement, files: Mapping[str, bytes]) -> bytes:
    where = space(call, statement.plans)
    return rfc8785.dumps(
        {
            "v": 1,
            "tables_sha256": hashlib.sha256(files["tables.json"]).hexdigest(),
            "proves": [
                {"figure": [list(part) for part in key], "zero": least, "top": most}
                for key, (least, most) in sorted(findings.proves.items())
            ],
            "witnesses": [
                [{"profile": audit.describe_profile(where, profile), "reporters": reporters} for profile, reporters in dataset.items()]
                for dataset in findings.witnesses
            ],
        }
    )
