"""Releases made to leak: the audit refuses a truthful one that says too much, the coordinator's check one that was changed on the way."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from reviewer import reporters, review
from reviewer.release import report_counts
from reviewer.workspace import Workspace
from summary import audit, bands, generalisation
from summary.errors import DisclosureError
from summary.statement import Figure, Shown, Statement
from summary.tables import TOTAL, tabulate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from questionnaire.models import Call
    from summary.tables import Reporter


def counted(folder: Path, passphrase: str, audience: str) -> tuple[Call, Sequence[Reporter], Statement]:
    """The workspace's call, the reporters who may be counted, and what the release says about them."""
    with Workspace.open(folder, passphrase) as workspace:
        call = review.read_call(workspace)
        selection = reporters.select(call, review.entries(workspace), audience)
        counts = report_counts(workspace, selection)
    plans = generalisation.generalised(call, selection.reporters)
    banded = bands.banded(call, selection.reporters, plans, counts).numbered(1, audience)
    return call, selection.reporters, bands.protect(call, selection.reporters, banded)


def refuse_exact_small_count(folder: Path, passphrase: str, audience: str) -> None:
    """One cell of the lowest band, published as what it truly is, and the audit refuses the whole release."""
    call, people, statement = counted(folder, passphrase, audience)
    assert not audit.audit(call, people, statement).failing
    exact = tabulate(call, people, statement.plans)
    small = next(key for key, count in exact.items() if key != TOTAL and 0 < count < 5 and statement.figure(key).low == 0)
    leaking = statement.with_figures({small: Figure(Shown.BAND, exact[small], exact[small])})
    with pytest.raises(DisclosureError) as refused:
        audit.audit(call, people, leaking)
    assert refused.value.word == "disclosure"


def changed_on_the_way(release: Path, out: Path) -> Path:
    """The same release with one word of its English table replaced, and everything else as it was signed."""
    with zipfile.ZipFile(release) as whole, zipfile.ZipFile(out, "w") as changed:
        for member in whole.infolist():
            content = whole.read(member)
            if member.filename == "documents/summary.en.csv":
                assert b"fewer than 10" in content
                content = content.replace(b"fewer than 10", b"exactly one!!", 1)
            changed.writestr(member, content)
    return out
