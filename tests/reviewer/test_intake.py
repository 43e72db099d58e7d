"""`import`: from a bundle into the encrypted workspace."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from crypto import minisign
from crypto.entries import report_entry
from crypto.opening import Identity
from crypto.receipts import Receipt
from questionnaire.models import load_call
from reviewer import intake, review
from reviewer.workspace import Workspace
from tests.reviewer.world import PASSPHRASE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.reviewer.conftest import Ran
    from tests.reviewer.world import Server

STORY = {"story": "They came to my mother's house.", "incident": ["TD1", "TD4"]}


def stands(workspace: Path) -> dict[int, str]:
    with Workspace.open(workspace, PASSPHRASE) as opened:
        return {entry.number: entry.refusal or entry.outcome for entry in review.entries(opened)}


def flags(workspace: Path, number: int) -> list[tuple[str, str, str]]:
    with Workspace.open(workspace, PASSPHRASE) as opened:
        return [(flag["word"], flag["question"], flag["code"]) for flag in review.entry(opened, number).flags]


def test_report_is_kept_as_sealed(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    number = server.submit(Receipt.generate(), answers=STORY, files=[("a.png", b"picture" * 3000)])
    ran = take_in()
    assert (ran.code, ran.document["opened"], ran.document["outcomes"]) == (0, 1, {"time-unproven": 1})
    with Workspace.open(tmp_path / "workspace", PASSPHRASE) as opened:
        kept = review.entry(opened, number).report
        assert kept is not None
        assert kept.answers == STORY
        assert opened.rows("SELECT number, body FROM files") == [(1, b"picture" * 3000)]


def test_nothing_readable_on_disk(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    server.submit(Receipt.generate(), answers={"story": "CANARY-WORDS"}, files=[("CANARY-NAME", b"CANARY-FILE" * 100)])
    take_in()
    for path in (tmp_path / "workspace").iterdir():
        assert b"CANARY" not in path.read_bytes()
        assert b"SQLite" not in path.read_bytes()


def test_canary_search_finds_plaintext(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    """The twin of the test above: what is not encrypted is found."""
    server.submit(Receipt.generate(), answers={"story": "CANARY-WORDS"})
    take_in()
    with Workspace.open(tmp_path / "workspace", PASSPHRASE) as opened:
        (body,) = opened.row("SELECT body FROM reports")
        (tmp_path / "workspace" / "leak").write_bytes(body)
    assert any(b"CANARY" in path.read_bytes() for path in (tmp_path / "workspace").iterdir())


def test_workspace_is_private(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    server.submit(Receipt.generate())
    take_in()
    folder = tmp_path / "workspace"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_again_changes_nothing(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    server.submit(Receipt.generate(), answers=STORY, files=[("a", b"1")])
    take_in()
    before = stands(tmp_path / "workspace")
    ran = take_in()
    assert (ran.code, ran.document["opened"], ran.document["withdrawn"]) == (0, 0, 0)
    assert stands(tmp_path / "workspace") == before


def test_newer_bundle_adds_reports(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    first = server.submit(Receipt.generate())
    take_in()
    second = server.submit(Receipt.generate())
    assert take_in().document["opened"] == 1
    assert stands(tmp_path / "workspace") == {first: "time-unproven", second: "time-unproven"}


@pytest.mark.parametrize("batched", [True, False], ids=["in-log", "pending"])
def test_withdrawal_destroys_all(
    server: Server, take_in: Callable[..., Ran], run: Callable[..., Ran], tmp_path: Path, batched: bool
) -> None:
    receipt, workspace = Receipt.generate(), tmp_path / "workspace"
    number = server.submit(receipt, answers=STORY, files=[("a", b"1")])
    take_in()
    (tmp_path / "note").write_text("spoke on the phone")
    assert run("mark", number, "-w", workspace, "--credible", "yes", "--code", "country=TH", "--note-file", tmp_path / "note").code == 0
    server.withdraw(receipt, batched=batched)
    assert take_in().document["withdrawn"] == 1
    with Workspace.open(workspace, PASSPHRASE) as opened:
        assert [opened.row(f"SELECT count(*) FROM {table}") for table in ("files", "codes", "notes", "clusters")] == [(0,)] * 4  # noqa: S608
        assert opened.row("SELECT outcome, body, thread, credible, flags FROM reports") == ("withdrawn", None, None, None, "[]")


def test_older_bundle_brings_nothing_back(
    server: Server, take_in: Callable[..., Ran], run: Callable[..., Ran], built: Path, tmp_path: Path
) -> None:
    receipt = Receipt.generate()
    number = server.submit(receipt, answers=STORY)
    other = server.submit(Receipt.generate())
    take_in()
    old = shutil.copy(tmp_path / "bundle.zip", tmp_path / "old.zip")
    server.withdraw(receipt)
    take_in()
    received = (tmp_path / "received").read_bytes()
    ran = run("import", old, "--key", built / "private" / "call.key", "--workspace", tmp_path / "workspace", "--json")
    assert (ran.code, ran.document["older"], ran.document["opened"]) == (0, True, 0)
    assert stands(tmp_path / "workspace") == {number: "withdrawn", other: "time-unproven"}
    assert (tmp_path / "received").read_bytes() == received


def test_same_log_without_pending_withdrawal(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    receipt = Receipt.generate()
    number = server.submit(receipt)
    envelope = dict(server.envelopes)
    server.withdraw(receipt, batched=False)
    take_in()
    server.pending.clear()
    server.envelopes.update(envelope)
    take_in()
    assert stands(tmp_path / "workspace") == {number: "withdrawn"}


def test_lost_envelope_stays_opened(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    number = server.submit(Receipt.generate(), answers=STORY)
    take_in()
    server.lose(number)
    take_in()
    assert stands(tmp_path / "workspace") == {number: "time-unproven"}


def test_missing_envelope_is_recorded(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    number = server.submit(Receipt.generate())
    server.lose(number)
    assert take_in().document["outcomes"] == {"missing": 1}
    assert stands(tmp_path / "workspace") == {number: "missing"}


def test_late_report_is_opened_and_late(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    server.close()
    number = server.submit(Receipt.generate())
    assert take_in().document["opened"] == 1
    assert stands(tmp_path / "workspace") == {number: "late"}


def test_unopenable_report_keeps_its_word(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    stranger = server.submit(Receipt.generate(), recipients=[Identity.generate().recipient])
    elsewhere = server.submit(Receipt.generate(), call_sha256="ab" * 32)
    good = server.submit(Receipt.generate())
    ran = take_in()
    assert (ran.code, ran.document["refused"]) == (0, {str(stranger): "no-match", str(elsewhere): "wrong-call"})
    assert stands(tmp_path / "workspace") == {stranger: "no-match", elsewhere: "wrong-call", good: "time-unproven"}


def test_wrong_handle_in_log_is_recorded(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    number = server.submit(Receipt.generate())
    digest = next(iter(server.envelopes))
    server.entries[number] = report_entry(digest, bytes(32))
    take_in()
    assert stands(tmp_path / "workspace") == {number: "handle-mismatch"}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ({"audiences": ["nobody-we-know"]}, ("consent", "audience", "bad-option")),
        ({"answers": {"country": "Atlantis"}}, ("answers", "country", "bad-option")),
        ({"answers": {"no-such-question": "x"}}, ("answers", "", "bad-option")),
        ({"answers": {"story": "x" * 2001}}, ("answers", "story", "too-long")),
        ({"answers": {"when": "2025-08-13"}}, ("answers", "when", "not-a-date")),
        ({"contact": True}, ("answers", "reach", "contact-needed")),
        ({"answers": {"evidence": [1]}}, ("answers", "evidence", "bad-option")),
    ],
    ids=["audience", "country", "question", "length", "precision", "contact", "files"],
)
def test_misfit_is_flagged_not_dropped(
    server: Server, take_in: Callable[..., Ran], tmp_path: Path, made: dict[str, object], expected: tuple[str, str, str]
) -> None:
    number = server.submit(Receipt.generate(), **made)  # type: ignore[arg-type]  # the parametrized keywords
    assert take_in().document["flagged"] == 1
    assert flags(tmp_path / "workspace", number) == [expected]


def test_received_is_countersigned(server: Server, take_in: Callable[..., Ran], built: Path, tmp_path: Path) -> None:
    server.submit(Receipt.generate())
    take_in()
    call = load_call((built / "server" / "call.json").read_bytes())
    received = (tmp_path / "received").read_bytes()
    assert received == server.checkpoint()
    minisign.verify(received, (tmp_path / "received.minisig").read_bytes(), call.signing_key)


def test_received_goes_where_told(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    server.submit(Receipt.generate())
    take_in("--received", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["received", "received.minisig"]
    assert not (tmp_path / "received").exists()


def test_received_of_another_call_stays(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "received").write_text("elsewhere.example.org/other\n1\n")
    server.submit(Receipt.generate())
    ran = take_in()
    assert (ran.code, ran.word) == (2, "usage")
    assert (tmp_path / "received").read_text() == "elsewhere.example.org/other\n1\n"
    assert not (tmp_path / "workspace").exists()


def test_flipped_byte_makes_no_workspace(server: Server, run: Callable[..., Ran], built: Path, tmp_path: Path) -> None:
    server.submit(Receipt.generate())
    bundle = server.export(tmp_path / "bundle.zip")
    content = bytearray(bundle.read_bytes())
    content[-3000] ^= 1
    bundle.write_bytes(content)
    before = sorted(os.listdir(tmp_path))  # noqa: PTH208 - names only
    ran = run("import", bundle, "--key", built / "private" / "call.key", "--workspace", tmp_path / "workspace")
    assert ran.code == 1
    assert sorted(os.listdir(tmp_path)) == before  # noqa: PTH208 - names only


def test_forked_log_is_refused(server: Server, take_in: Callable[..., Ran], tmp_path: Path) -> None:
    first = server.submit(Receipt.generate())
    server.submit(Receipt.generate())
    take_in()
    del server.entries[-1]
    server.envelopes = {key: value for key, value in server.envelopes.items() if value == server.envelope(first)}
    server.submit(Receipt.generate())
    server.submit(Receipt.generate())
    ran = take_in()
    assert (ran.code, ran.word) == (1, "log-inconsistent")
    assert len(stands(tmp_path / "workspace")) == 2


def test_other_keys_bundle_is_refused(server: Server, take_in: Callable[..., Ran], built: Path, tmp_path: Path) -> None:
    """Somebody else's call, whole and signed, but not by our signing key."""
    server.submit(Receipt.generate())
    foreign = minisign.SecretKey.generate()
    (built / "private" / "signing.key").write_text(foreign.to_text(PASSPHRASE, opslimit=32768, memlimit=1 << 20))
    ran = take_in()
    assert (ran.code, ran.word) == (1, "signature")
    assert not (tmp_path / "workspace").exists()


def test_missing_signing_key_is_usage(server: Server, take_in: Callable[..., Ran], built: Path, tmp_path: Path) -> None:
    server.submit(Receipt.generate())
    moved = (built / "private" / "signing.key").rename(tmp_path / "elsewhere.key")
    assert take_in().word == "usage"
    assert take_in("--signing-key", moved).code == 0


def test_later_imports_need_no_signing_key(server: Server, take_in: Callable[..., Ran], built: Path) -> None:
    server.submit(Receipt.generate())
    take_in()
    (built / "private" / "signing.key").unlink()
    assert take_in().code == 0


def test_wrong_passphrase_is_key_open(server: Server, take_in: Callable[..., Ran], passphrase_file: Path, tmp_path: Path) -> None:
    server.submit(Receipt.generate())
    passphrase_file.write_text("another passphrase altogether")
    ran = take_in()
    assert (ran.code, ran.word) == (1, "key-open")
    assert not (tmp_path / "workspace").exists()


def test_workspace_has_own_passphrase(server: Server, take_in: Callable[..., Ran], run: Callable[..., Ran], tmp_path: Path) -> None:
    server.submit(Receipt.generate())
    own = tmp_path / "own"
    own.write_text("the reviewers' own everyday words")
    assert take_in("--workspace-passphrase-file", own).code == 0
    assert run("list", "-w", tmp_path / "workspace").word == "key-open"
    assert run("list", "-w", tmp_path / "workspace", "--passphrase-file", own).code == 0


def test_failure_midway_keeps_nothing(server: Server, take_in: Callable[..., Ran], built: Path, tmp_path: Path) -> None:
    """A key that is not of this call, with everything else in order."""
    server.submit(Receipt.generate())
    other = tmp_path / "other"
    shutil.copytree(built, other)
    key = (other / "private" / "call.key").read_text()
    (built / "private" / "call.key").write_text(key.replace("argon2id", "argon2xx"))
    ran = take_in()
    assert (ran.code, ran.word) == (1, "key-params")
    assert not (tmp_path / "workspace").exists()


def test_export_time_is_never_later_than_now(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(b"")
    os.utime(bundle, (4102444800, 4102444800))
    assert intake.exported_at(bundle) < 4102444800
    os.utime(bundle, (1700000000, 1700000000))
    assert intake.exported_at(bundle) == 1700000000
