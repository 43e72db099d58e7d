"""Whether every promise that a run was given is kept: held against the exported bundle, not against what the server says."""

from __future__ import annotations

import time
import urllib.request
from typing import TYPE_CHECKING

from crypto.bundle import open_bundle
from crypto.notes import VerifierKey, parse_checkpoint, parse_promise
from questionnaire.models import load_call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.stage import Stage

PUBLISHED_SECONDS = 900.0
LIVE = ("late", "on-time-proven", "time-unproven")
"""Outcomes of reports whose envelope is in the bundle."""


def await_published(stage: Stage, call: str, entries: int, seconds: float = PUBLISHED_SECONDS) -> None:
    """Return when the newest checkpoint covers so many entries. Raises TimeoutError."""
    document = load_call((stage.place / "call" / "server" / "call.json").read_bytes())
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with urllib.request.urlopen(f"{stage.url}/calls/{call}/log/checkpoint", timeout=60) as answer:  # noqa: S310 -- our own server, http
            if parse_checkpoint(answer.read(), VerifierKey.parse(document.log_vkey), document.origin).size >= entries:
                return
        time.sleep(0.5)
    raise TimeoutError("what was promised was not published in time")


def count_kept(stage: Stage, call: str, promises: Sequence[bytes]) -> int:
    """Export and verify the bundle with all promises, and count those whose report is in it, envelope and all.

    Raises CryptoError with the first word that is wrong: each promise is held against the log key of call.json, and each envelope's bytes
    against the log.
    """
    bundle = stage.place / "exported.bundle"
    stage.run("saksei-intake", "export", call, "--out", bundle)
    with bundle.open("rb") as file:
        opened = open_bundle(file, promises=promises)
        leaves = opened.log.leaf_hashes
        live = {leaves[report.index] for report in opened.outcomes if report.outcome in LIVE}
        vkey = VerifierKey.parse(load_call(opened.call_bytes).log_vkey)
        kept = sum(parse_promise(note, vkey, opened.origin).leaf_hash in live for note in promises)
    bundle.unlink()
    return kept
