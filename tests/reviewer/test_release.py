"""`release`: what may leave the workspace, and the ledger of what left."""

from __future__ import annotations

import json
import os
import shutil
import time
import zipfile
from typing import TYPE_CHECKING

import pytest

from crypto.receipts import Receipt
from reviewer import release
from reviewer.errors import ReleaseRefusedError
from reviewer.workspace import Workspace
from summary.archive import read_release
from tests.reviewer.world import PASSPHRASE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.reviewer.conftest import Ran
    from tests.reviewer.world import Server

    Command = Callable[..., Ran]

DAY = 24 * 3600


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


def fill(server: Server, count: int, **more: object) -> list[int]:
    answers = {"incident": ["TD1"], "country": "TH", "when": "2025-08"}
    return [server.submit(Receipt.generate(), **{"answers": answers, **more}) for _ in range(count)]  # type: ignore[arg-type]  # of submit


def mark(workspace: Path, numbers: list[int], verdict: str = "yes") -> None:
    """What `mark --credible` does, for many reports at once."""
    with Workspace.open(workspace, PASSPHRASE) as opened, opened.transaction():
        for number in numbers:
            opened.run("UPDATE reports SET credible = ? WHERE position = ?", (verdict, number))


@pytest.fixture
def ready(server: Server, take_in: Command, workspace: Path) -> Path:
    """A closed log with twelve credible reports for the ministry."""
    numbers = fill(server, 12)
    server.close()
    take_in()
    mark(workspace, numbers)
    return workspace


def test_release_is_signed_and_in_bands(server: Server, ready: Path, run: Command, tmp_path: Path) -> None:
    out = tmp_path / "summary.zip"
    ran = run("release", "-w", ready, "--audience", "ministry", "--out", out, "--json")
    assert (ran.code, ran.document["release"], ran.document["counted"], ran.document["reporters"]) == (0, 1, 12, 12)
    found = read_release(out, server.call_bytes)
    assert (found.number, found.audience, found.sha256) == (1, "ministry", ran.document["sha256"])
    with zipfile.ZipFile(out) as archive:
        assert b'"12"' not in archive.read("tables.json")


def test_counts_have_reasons(server: Server, take_in: Command, run: Command, workspace: Path, tmp_path: Path) -> None:
    counted, unmarked = fill(server, 12), fill(server, 1)
    unwilling, elsewhere = fill(server, 1, level="C0"), fill(server, 1, audiences=("roundtable",))
    (lost,) = fill(server, 1)
    gone, going = Receipt.generate(), Receipt.generate()
    server.submit(gone)
    server.submit(going)
    server.withdraw(gone)
    server.withdraw(going, batched=False)
    server.lose(lost)
    server.close()
    late = fill(server, 1)
    take_in()
    mark(workspace, counted + unwilling + elsewhere + late)
    ran = run("release", "-w", workspace, "--audience", "ministry", "--out", tmp_path / "out.zip", "--json")
    assert ran.code == 0
    expected = {"counted": 12, "not_credible": len(unmarked), "consent": 2, "late": 1, "withdrawn": 1, "unavailable": 2}
    assert {name: ran.document[name] for name in expected} == expected
    read_release(tmp_path / "out.zip", server.call_bytes)


def test_open_log_is_refused(server: Server, take_in: Command, run: Command, workspace: Path, tmp_path: Path) -> None:
    numbers = fill(server, 1)
    take_in()
    mark(workspace, numbers)
    ran = run("release", "-w", workspace, "--audience", "ministry", "--out", tmp_path / "out.zip")
    assert (ran.code, ran.word) == (1, "release")
    assert not (tmp_path / "out.zip").exists()


@pytest.mark.parametrize(("age", "fine"), [(0, True), (7 * DAY, True), (7 * DAY + 1, False), (-DAY, False)])
def test_log_age_is_bounded(ready: Path, age: int, fine: bool) -> None:
    with Workspace.open(ready, PASSPHRASE) as opened:
        now = int(opened.require_fact("exported")) + age
        if fine:
            release.require_fresh_log(opened, now)
        else:
            with pytest.raises(ReleaseRefusedError):
                release.require_fresh_log(opened, now)


def test_stale_bundle_is_refused(server: Server, run: Command, built: Path, workspace: Path, tmp_path: Path) -> None:
    """Importing an old file today does not make its log young."""
    fill(server, 1)
    server.close()
    bundle = server.export(tmp_path / "bundle.zip")
    old = time.time() - 8 * DAY
    os.utime(bundle, (old, old))
    run("import", bundle, "--key", built / "private" / "call.key", "--workspace", workspace)
    assert run("release", "-w", workspace, "--audience", "ministry", "--out", tmp_path / "out.zip").word == "release"


def test_unknown_audience_is_usage(ready: Path, run: Command, tmp_path: Path) -> None:
    ran = run("release", "-w", ready, "--audience", "newspaper", "--out", tmp_path / "out.zip")
    assert (ran.code, ran.word) == (2, "usage")


@pytest.mark.parametrize("options", [[], ["--audience", "ministry", "--again", "1"]], ids=["neither", "both"])
def test_audience_or_again(ready: Path, run: Command, tmp_path: Path, options: list[str]) -> None:
    assert run("release", "-w", ready, *options, "--out", tmp_path / "out.zip").word == "usage"


def test_existing_file_stays(ready: Path, run: Command, tmp_path: Path) -> None:
    out = tmp_path / "out.zip"
    out.write_text("mine")
    assert run("release", "-w", ready, "--audience", "ministry", "--out", out).word == "usage"
    assert out.read_text() == "mine"


def test_second_release_follows_first(server: Server, ready: Path, run: Command, tmp_path: Path) -> None:
    first, second = tmp_path / "1.zip", tmp_path / "2.zip"
    assert run("release", "-w", ready, "--audience", "ministry", "--out", first).code == 0
    assert run("release", "-w", ready, "--audience", "ministry", "--out", second, "--previous", first).code == 0
    found = [read_release(path, server.call_bytes) for path in (first, second)]
    assert [one.number for one in found] == [1, 2]
    assert found[1].previous == found[0].sha256


def test_workspace_knows_its_own_releases(server: Server, ready: Path, run: Command, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        out = tmp_path / f"{number}.zip"
        assert run("release", "-w", ready, "--audience", "ministry", "--out", out).code == 0
        assert read_release(out, server.call_bytes).number == number


def test_release_made_elsewhere_is_needed(ready: Path, run: Command, tmp_path: Path) -> None:
    other = shutil.copytree(ready, tmp_path / "other")
    paths = [tmp_path / f"{number}.zip" for number in range(1, 4)]
    run("release", "-w", other, "--audience", "ministry", "--out", paths[0])
    run("release", "-w", other, "--audience", "ministry", "--out", paths[1])
    ran = run("release", "-w", ready, "--audience", "ministry", "--out", paths[2], "--previous", paths[1])
    assert (ran.code, ran.word) == (1, "release")
    assert not paths[2].exists()
    given = ["--previous", paths[0], "--previous", paths[1]]
    assert run("release", "-w", ready, "--audience", "ministry", "--out", paths[2], *given, "--json").document["release"] == 3
    assert run("release", "-w", ready, "--again", 1, "--out", tmp_path / "copy.zip").code == 0
    assert (tmp_path / "copy.zip").read_bytes() == paths[0].read_bytes()


def test_two_releases_of_one_number(ready: Path, run: Command, tmp_path: Path) -> None:
    other = shutil.copytree(ready, tmp_path / "other")
    mark(other, [1], "no")
    run("release", "-w", other, "--audience", "roundtable", "--out", tmp_path / "theirs.zip")
    run("release", "-w", ready, "--audience", "ministry", "--out", tmp_path / "ours.zip")
    ran = run("release", "-w", ready, "--audience", "ministry", "--out", tmp_path / "2.zip", "--previous", tmp_path / "theirs.zip")
    assert (ran.code, ran.word) == (1, "release")


def test_previous_must_be_a_release(ready: Path, run: Command, tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"PK nothing")
    ran = run("release", "-w", ready, "--audience", "ministry", "--out", tmp_path / "out.zip", "--previous", tmp_path / "no.zip")
    assert (ran.code, ran.word) == (1, "release")


def test_again_writes_the_same_bytes(ready: Path, run: Command, tmp_path: Path) -> None:
    run("release", "-w", ready, "--audience", "ministry", "--out", tmp_path / "1.zip")
    assert run("release", "-w", ready, "--again", 1, "--out", tmp_path / "copy.zip").code == 0
    assert (tmp_path / "copy.zip").read_bytes() == (tmp_path / "1.zip").read_bytes()
    assert run("release", "-w", ready, "--again", 2, "--out", tmp_path / "more.zip").word == "usage"


def test_exact_counts_stay_in_workspace(ready: Path, run: Command, tmp_path: Path) -> None:
    out = tmp_path / "out.zip"
    run("release", "-w", ready, "--audience", "ministry", "--out", out)
    with Workspace.open(ready, PASSPHRASE) as opened:
        working = json.loads(opened.row("SELECT working FROM releases WHERE number = 1")[0])
    assert (working["counted"], working["reporters"]) == (12, 12)
    assert working["proof"]["witnesses"]
    assert b"witnesses" not in out.read_bytes()


def test_withdrawn_since_is_not_counted(server: Server, take_in: Command, run: Command, workspace: Path, tmp_path: Path) -> None:
    receipt = Receipt.generate()
    numbers = [*fill(server, 3), server.submit(receipt)]
    server.close()
    take_in()
    mark(workspace, numbers)
    server.withdraw(receipt)
    take_in()
    ran = run("release", "-w", workspace, "--audience", "ministry", "--out", tmp_path / "out.zip", "--json")
    assert (ran.document["counted"], ran.document["withdrawn"]) == (3, 1)


def test_only_bands_can_be_asked_for(ready: Path, run: Command, tmp_path: Path) -> None:
    assert run("release", "-w", ready, "--audience", "ministry", "--out", tmp_path / "out.zip", "--mode", "exact").code == 2
