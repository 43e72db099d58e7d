"""The server's commands as an operator runs them: exit codes, words, and nothing half-written (interfaces.md)."""

import errno
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import cli
from app.schema import head
from crypto.bundle import open_bundle
from crypto.entries import call_entry
from crypto.merkle import Frontier, leaf_hash
from crypto.notes import Checkpoint
from crypto.replies import build_round
from tests.app.made import MadeCall, PublicCall


@dataclass(frozen=True)
class Done:
    """What a command left behind: its exit code and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command of `saksei-intake` in an empty folder. (tests/app/test_serving.py runs it as a process of its own.)"""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*arguments: str | Path) -> Done:
        code = cli.run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return command


@pytest.fixture
def ready(run: Run, database_url: str, postgresql_emptied: None) -> Run:
    """The same, on a migrated database."""
    assert run("migrate").code == 0
    return run


def refused(done: Done, word: str) -> None:
    assert done.code == 1
    assert done.err.startswith(f"error: {word}: ")
    assert done.err.count("\n") == 1
    assert done.out == ""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Relative to the working folder, as the default is."""
    return "sqlite+aiosqlite:///var/intake.db" if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url"))


def test_from_call_to_bundle(ready: Run, asked: MadeCall, tmp_path: Path) -> None:
    added = ready("call", "add", asked.folder)
    assert (added.code, added.err) == (0, "")
    assert ready("call", "add", asked.folder).out.startswith("Here already")
    (listed,) = json.loads(ready("call", "list", "--json").out)
    assert (listed["call"], listed["state"], listed["entries"], listed["waiting"]) == ("asked", "open", 1, 0)
    assert "asked" in ready("call", "list").out
    assert ready("publish").code == 0
    exported = ready("export", "asked", "--out", tmp_path / "out.bundle", "--json")
    assert json.loads(exported.out)["envelopes"] == 0
    with (tmp_path / "out.bundle").open("rb") as file:
        assert open_bundle(file, expect=None).call_bytes == asked.stored.document
    checked = ready("check", "--json")
    assert [finding for finding in json.loads(checked.out) if not finding["holds"]] == []
    assert (checked.code, ready("check").code) == (0, 0)


def test_files_are_the_owners_alone(ready: Run, asked: MadeCall, tmp_path: Path) -> None:
    assert ready("call", "add", asked.folder).code == 0
    made = [path for name in ("var", "keys", "state") for path in (tmp_path / name).rglob("*")]
    assert made
    assert {path.stat().st_mode & 0o077 for path in made} == {0}


def test_unmigrated_is_refused(run: Run, asked: MadeCall, tmp_path: Path, postgresql_emptied: None) -> None:
    for arguments in (("serve",), ("call", "list"), ("call", "add", asked.folder), ("export", "asked", "--out", tmp_path / "x")):
        refused(run(*arguments), "version")
    assert not (tmp_path / "x").exists()
    assert run("check").code == 1


def test_migrate_twice_is_harmless(ready: Run) -> None:
    assert ready("migrate").code == 0


def test_refused_export_leaves_nothing(ready: Run, asked: MadeCall, tmp_path: Path) -> None:
    refused(ready("export", "asked", "--out", tmp_path / "out" / "x.bundle"), "wrong-call")
    (tmp_path / "out").mkdir()
    refused(ready("export", "asked", "--out", tmp_path / "out" / "x.bundle"), "wrong-call")
    assert list((tmp_path / "out").iterdir()) == []


def test_broken_package_is_refused(ready: Run, make_call: PublicCall, tmp_path: Path) -> None:
    call = make_call(call="broken")
    (call.folder / "call.json").write_bytes(call.stored.document + b" ")
    refused(ready("call", "add", call.folder), "manifest")
    refused(ready("call", "add", tmp_path / "nothing"), "wrong-call")
    assert json.loads(ready("call", "list", "--json").out) == []
    assert not (tmp_path / "keys").exists()


def test_other_call_of_same_id_is_refused(ready: Run, asked: MadeCall, make_call: PublicCall) -> None:
    assert ready("call", "add", asked.folder).code == 0
    refused(ready("call", "add", make_call().folder), "signature")


def test_close_only_when_it_is_over(ready: Run, make_call: PublicCall) -> None:
    open_call, over = make_call(), make_call(call="over", deadline=int(time.time()) - 5, grace_seconds=1)
    assert ready("call", "add", open_call.folder).code == 0
    assert ready("call", "add", over.folder).code == 0
    refused(ready("call", "close", "asked"), "not-open")
    refused(ready("call", "close", "unknown"), "wrong-call")
    assert ready("call", "close", "over").code == 0
    assert [call["state"] for call in json.loads(ready("call", "list", "--json").out)] == ["open", "closed"]


def handed_back(call: MadeCall, path: Path, content: bytes) -> Path:
    """A file with the reviewers' signature beside it."""
    path.write_bytes(content)
    path.with_name(path.name + ".minisig").write_text(call.signing.sign(content))
    return path


def test_received_is_loaded(ready: Run, asked: MadeCall, tmp_path: Path) -> None:
    assert ready("call", "add", asked.folder).code == 0
    frontier = Frontier()
    frontier.append(leaf_hash(call_entry(asked.id, asked.stored.sha256)))
    note = asked.log_key.sign(Checkpoint(asked.stored.call.origin, 1, frontier.root()).text())
    file = handed_back(asked, tmp_path / "received", note)
    assert ready("received", "load", "asked", file).out == "Loaded: asked\n"
    assert ready("received", "load", "asked", file).out == "Here already: asked\n"
    refused(ready("received", "load", "unknown", file), "wrong-call")
    file.write_bytes(note + b"\n")
    refused(ready("received", "load", "asked", file), "signature")
    (tmp_path / "received.minisig").unlink()
    refused(ready("received", "load", "asked", file), "signature")


def test_replies_are_loaded(ready: Run, asked: MadeCall, tmp_path: Path) -> None:
    assert ready("call", "add", asked.folder).code == 0
    file = handed_back(asked, tmp_path / "replies.bin", b"")
    assert "Loaded: asked, 0 records" in ready("replies", "load", "asked", file).out
    stranger = handed_back(asked, tmp_path / "replies.bin", build_round(asked.id, [bytes(32)], {}))
    refused_word(ready("replies", "load", "asked", stranger), "handle-mismatch")
    refused_word(ready("replies", "load", "asked", handed_back(asked, tmp_path / "cut", bytes(4095))), "size")


def refused_word(done: Done, word: str) -> None:
    """Refused after a progress line was shown."""
    assert done.code == 1
    assert f"error: {word}: " in done.err
    assert done.out == ""


def test_lost_state_needs_the_operator(ready: Run, make_call: PublicCall, tmp_path: Path) -> None:
    over = make_call(call="over", deadline=int(time.time()) + 8, grace_seconds=0)
    assert ready("call", "add", over.folder).code == 0
    (tmp_path / "state" / "over.state").unlink()
    while int(time.time()) < over.stored.call.close:
        time.sleep(0.2)
    refused(ready("publish"), "log-inconsistent")
    assert ready("publish", "--trust-database").code == 0
    assert ready("check").code == 0


def test_absent_database_is_busy(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAKSEI_DATABASE_URL", f"postgresql+asyncpg://nobody@/nothing?host={tmp_path}")
    refused(run("migrate"), "busy")


@pytest.mark.parametrize(("name", "value"), [("SAKSEI_PORT", "many"), ("SAKSEI_DATABASE_URL", "nowhere"), ("SAKSEI_DATABASE_URL", "x://y")])
def test_bad_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    done = run("migrate")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: usage: A setting is not valid: {name}")
    assert value not in done.err


def test_absent_folder_is_usage(ready: Run, make_call: PublicCall) -> None:
    ready("call", "add", str(make_call().folder))
    done = ready("export", "asked", "--out", "/nowhere/at/all")
    assert (done.code, done.out) == (2, "")
    assert "error: usage: " in done.err


def test_export_replaces_nothing(ready: Run, asked: MadeCall, tmp_path: Path) -> None:
    ready("call", "add", asked.folder)
    (tmp_path / "there").write_bytes(b"of last week")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("there", "link"):
        done = ready("export", "asked", "--out", tmp_path / name)
        assert (done.code, done.out, done.err.startswith("error: usage: ")) == (2, "", True)
    assert (tmp_path / "there").read_bytes() == b"of last week"


def test_every_command_answers_machines(ready: Run, make_call: PublicCall, tmp_path: Path) -> None:
    over = make_call(call="over", deadline=int(time.time()) - 5, grace_seconds=1)
    answers = [
        json.loads(ready(*command, "--json").out)
        for command in (("migrate",), ("call", "add", over.folder), ("call", "add", over.folder), ("call", "close", "over"), ("publish",))
    ]
    assert answers == [
        {"version": head()},
        {"call": "over", "outcome": "added"},
        {"call": "over", "outcome": "present"},
        {"call": "over", "closed": True},
        {"published": True},
    ]
    file = handed_back(over, tmp_path / "replies.bin", b"")
    assert json.loads(ready("replies", "load", "over", file, "--json").out) == {"call": "over", "records": 0}


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(errno.EIO, 1, "disk"), (errno.ENOSPC, 1, "full"), (errno.EACCES, 2, "usage"), (errno.EADDRINUSE, 1, "busy")],
)
def test_trouble_has_its_word(capsys: pytest.CaptureFixture[str], number: int, code: int, word: str) -> None:
    assert cli._refuse_trouble(OSError(number, "CANARY", "CANARY")) == code
    said = capsys.readouterr().err
    assert said.startswith(f"error: {word}: ")
    assert "CANARY" not in said


@pytest.mark.parametrize("arguments", [("nonsense",), ("export", "asked"), ("call",), ("received", "load", "asked", "/none"), ()])
def test_usage_is_two(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).code == 2


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("export", "--help"), ("call", "add", "--help")])
def test_help_needs_no_database(run: Run, arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*arguments)
    assert done.code == 0
    assert done.out
    assert not (tmp_path / "var").exists()
