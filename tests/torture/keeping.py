"""The end of every script here: the call is over, its bundle is exported, and each promise that anybody was given is held against it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crypto.bundle import open_bundle
from crypto.errors import CryptoError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.torture.crowd import Crowd, Errand
    from tests.torture.scene import Scene


@dataclass(frozen=True)
class Verdict:
    """How many promises were given and kept, and what else went wrong."""

    given: int
    kept: int
    faults: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What a script ends with."""
        return f"{self.given} promises given, {self.kept} kept"

    def told(self, title: str) -> bool:
        """Print it; True when every promise was kept and nothing else went wrong, and there was something to keep."""
        sound = self.given > 0 and self.given == self.kept and not self.faults
        print(f"{title}: {self.sentence}", *(f"  FAULT: {fault}" for fault in self.faults[:10]), sep="\n", flush=True)
        return sound


def settle(scene: Scene, crowd: Crowd, more: Sequence[str] = ()) -> Verdict:
    """Close the call when its time is over, export, `check`, and `saksei-reviewer verify` with every promise that was given, and `more`.

    The servers must be stopped. After the close a promise that is not in the log is broken, whatever its publish_by (format.md 10).
    """
    faults = list(crowd.faults)
    move_on(scene)
    call = scene.call.id
    wrapper, later = scene.later
    scene.intake("call", "close", call, wrapper=wrapper, env=later)
    checked = scene.intake("check", check=False, wrapper=wrapper, env=later)
    if checked.returncode:
        faults.append("check: " + " ".join((checked.stdout + checked.stderr).split()))
    bundle = scene.place / "call.bundle"
    scene.intake("export", call, "--out", bundle)
    options = [option for path in write_promises(scene.place, crowd.kept) for option in ("--promise", path)]
    verified = scene.reviewer("verify", bundle, *options, *more, "--json")
    if verified.returncode:
        faults.append("verify: " + verified.stderr.strip())
    kept, halves = count_kept(bundle, crowd.kept)
    return Verdict(len(crowd.kept), kept, (*faults, *halves))


def move_on(scene: Scene) -> None:
    """Have a PostgreSQL server see the call as over; SQLite sees what its process sees."""
    if scene.postgres is not None:
        scene.postgres.stop()
        wrapper, env = scene.later
        scene.postgres.start(*wrapper, env=env)


def write_promises(place: Path, kept: Sequence[Errand]) -> list[str]:
    """Put each promise into a file; return their paths relative to `place`, short enough for thousands on one command line."""
    folder = place / "p"
    folder.mkdir(exist_ok=True)
    for number, one in enumerate(kept):
        (folder / str(number)).write_bytes(one.promise)
    return [f"p/{number}" for number in range(len(kept))]


def count_kept(bundle: Path, kept: Sequence[Errand]) -> tuple[int, tuple[str, ...]]:
    """How many leaves are in the log with their envelopes beside them, counted without the tool; and reports that are only half there."""
    try:
        with bundle.open("rb") as file:
            opened = open_bundle(file)
            leaves = set(opened.log.leaf_hashes)
            outcome_of = {report.digest: report.outcome for report in opened.outcomes}
    except CryptoError as error:
        return 0, (f"the bundle is refused: {error.word}",)
    missing = [digest for digest, outcome in outcome_of.items() if outcome == "missing"]
    faults = (f"{len(missing)} reports stand in the log without their envelopes",) if missing else ()
    return sum(_is_kept(one, leaves, outcome_of) for one in kept), faults


def _is_kept(one: Errand, leaves: set[bytes], outcome_of: Mapping[bytes, str]) -> bool:
    if one.leaf not in leaves:
        return False
    if one.path.endswith("/withdrawals"):
        return True
    wanted = {"time-unproven", "on-time-proven"} | ({"withdrawn"} if one.after is not None else set())
    return outcome_of.get(one.digest) in wanted


def exit_code(verdicts: Sequence[tuple[str, Verdict]]) -> int:
    """Print every verdict; 0 when all are sound."""
    told = [verdict.told(title) for title, verdict in verdicts]
    return 0 if all(told) else 1


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(text, file=sys.stderr, flush=True)
