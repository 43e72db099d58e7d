"""The command line itself: help, exit codes, and what an error may say."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, ClassVar

import pytest
import typer

from crypto.errors import MacError
from crypto.receipts import Receipt
from reviewer import cli
from reviewer.errors import ReviewerError, UsageError
from tests.reviewer.world import call_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.reviewer.conftest import Ran
    from tests.reviewer.world import Server

    Command = Callable[..., Ran]

WORDS = """
too-large size prefix closed not-open duplicate withdrawn work busy full receipt no-match header mac payload padding container report
json-duplicate version wrong-call handle-mismatch consent answers log-call log-entry log-duplicate log-withdraw log-inconsistent
log-unsigned-tail promise-broken manifest envelope envelope-missing envelope-unlogged signature key-params key-open key-mismatch share
release disclosure
"""


def leaves(root: type[ReviewerError]) -> Iterator[type[ReviewerError]]:
    below = root.__subclasses__()
    if not below:
        yield root
    for one in below:
        yield from leaves(one)


def test_errors_have_words_of_the_format() -> None:
    assert {leaf.word for leaf in leaves(ReviewerError)} <= {*WORDS.split(), "usage"}


def test_version_is_that_of_the_package(run: Command) -> None:
    ran = run("--version", passphrase=False)
    assert (ran.code, ran.out) == (0, f"saksei-reviewer {version('saksei')}\n")


def test_help_names_every_command(run: Command) -> None:
    out = run("--help", passphrase=False).out
    assert [name for name in cli.COMMANDS if name not in out] == []


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_summary_is_beginning_of_help(name: str) -> None:
    """The list of commands is written apart from the commands, so that it loads none of them."""
    command = cli.COMMANDS[name]
    found = getattr(import_module(command.module), command.function)
    text = found.info.help if isinstance(found, typer.Typer) else found.__doc__
    assert " ".join(str(text).split()).startswith(command.summary)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(run: Command, name: str) -> None:
    ran = run(name, "--help", passphrase=False)
    assert ran.code == 0
    assert "Usage: saksei-reviewer" in ran.out


@pytest.mark.parametrize("arguments", [["nonsense"], ["show"], ["list", "--workspace"], ["release", "--nonsense"]])
def test_usage_mistakes_are_two(run: Command, arguments: list[str]) -> None:
    assert run(*arguments, passphrase=False).code == 2


def test_no_option_takes_a_passphrase() -> None:
    """Nothing secret on the command line, where every process of the machine can read it."""
    for command in cli.COMMANDS.values():
        module = import_module(command.module)
        source = getattr(module, "__file__", "") or ""
        with open(source, encoding="utf-8") as file:  # noqa: PTH123 - a module's own file
            assert '"--passphrase"' not in file.read()


class SecretiveError(Exception):
    """An error of somebody else, with an answer in its message."""


class WordedError(ReviewerError):
    """One of ours."""

    word: ClassVar[str] = "mac"


@pytest.mark.parametrize(
    ("refused", "code", "line"),
    [
        (MacError("The header was changed."), 1, "error: mac: The header was changed."),
        (UsageError("No."), 2, "error: usage: No."),
        (WordedError("a\x1b[2Jb"), 1, "error: mac: a⟨U+001B⟩[2Jb"),
        (OSError(errno.ENOSPC, "CANARY", "CANARY"), 1, "error: full: The disk is full; nothing of this was kept."),
        (PermissionError(errno.EACCES, "CANARY", "CANARY"), 2, "error: usage: A file or folder cannot be used: Permission denied."),
        (OSError(errno.EIO, "CANARY", "CANARY"), 1, "error: disk: The disk or stick fails: Input/output error."),
        (SecretiveError("CANARY"), 1, "error: internal: The tool has a fault (SecretiveError); please report this line."),
    ],
    ids=["ours", "usage", "hostile", "disk", "permission", "broken disk", "fault"],
)
def test_errors_become_one_line(refused: Exception, code: int, line: str) -> None:
    assert cli._refusal(refused) == (code, line)


def test_fault_names_its_place(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "not a number")
    monkeypatch.setitem(cli.COMMANDS, "list", cli.Command("tests.reviewer.faulty", "fail", ""))
    with pytest.raises(SystemExit) as left:
        cli.main(["list"])
    err = capsys.readouterr().err
    assert left.value.code == 1
    assert err.startswith("error: internal: The tool has a fault (ValueError in faulty.py, line ")
    assert "CANARY" not in err


def test_damaged_workspace_has_a_word(server: Server, take_in: Command, run: Command, tmp_path: Path) -> None:
    server.submit(Receipt.generate())
    take_in()
    database = tmp_path / "workspace" / "workspace.db"
    content = bytearray(database.read_bytes())
    content[len(content) // 2] ^= 1
    content[100] ^= 1
    database.write_bytes(content)
    ran = run("list", "-w", tmp_path / "workspace")
    assert (ran.code, ran.word) == (1, "key-mismatch")


DAWDLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs the tests in the background has it ignored
from reviewer import cli
cli.COMMANDS["list"] = cli.Command("tests.reviewer.faulty", "dawdle", "")
cli.main(["list"])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_closed_window_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}  # noqa: PTH109 - the repository
    command = [sys.executable, "-c", DAWDLE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=tmp_path, env=environment) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"begun\n"
        running.send_signal(number)
        assert running.wait() != 0
    assert list(tmp_path.iterdir()) == []


def test_no_core_file_is_written() -> None:
    code = "import resource\nfrom reviewer import cli\ntry:\n    cli.main(['--version'])\nexcept SystemExit:\n    pass\n"
    ran = subprocess.run(
        [sys.executable, "-c", code + "print(resource.getrlimit(resource.RLIMIT_CORE))"], capture_output=True, text=True, check=True
    )
    assert ran.stdout.endswith("(0, 0)\n")


OFFLINE = """
import sys
def forbid(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        sys.stderr.write("SOCKET " + event + "\\n")
        raise RuntimeError("a socket was wanted")
sys.addaudithook(forbid)
from reviewer import cli
if sys.argv[1] == "--broken":
    cli.COMMANDS["list"] = cli.Command("tests.reviewer.faulty", "phone_home", "")
    del sys.argv[1]
cli.main()
"""


def offline(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a process that may not make a socket."""
    command = [sys.executable, "-c", OFFLINE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": os.getcwd()})  # noqa: PTH109


def test_commands_make_no_socket(server: Server, built: Path, passphrase_file: Path, tmp_path: Path) -> None:
    numbers = [server.submit(Receipt.generate(), answers={"incident": ["TD1"], "country": "TH", "when": "2025-08"})]
    server.close()
    bundle, workspace = server.export(tmp_path / "bundle.zip"), tmp_path / "workspace"
    definition = tmp_path / "call.yaml"
    envelope = tmp_path / "one.age"
    envelope.write_bytes(server.envelope(numbers[0]))
    definition.write_text(call_yaml())
    reply = tmp_path / "reply.txt"
    reply.write_text("We read it.")
    secret, key = ("--passphrase-file", passphrase_file), built / "private" / "call.key"
    small, shares = ("--kdf-memory-mib", 64), [tmp_path / "shared" / "private" / f"share-{number}-of-2.txt" for number in (1, 2)]
    for command in (
        ("call", "build", definition, "--host", "a.example.org", "--out", tmp_path / "new", *small, *secret),
        ("call", "build", definition, "--host", "a.example.org", "--out", tmp_path / "shared", "--shares", "2-of-2", *small, *secret),
        ("rehearse", *shares),
        ("combine", *shares, "--out", tmp_path / "combined.key", *small, *secret),
        ("verify", bundle),
        ("open", envelope, "--key", key, "--out", tmp_path / "opened", *secret),
        ("import", bundle, "--key", key, "--workspace", workspace, *secret),
        ("list", "-w", workspace, *secret),
        ("mark", numbers[0], "-w", workspace, "--credible", "yes", *secret),
        ("show", numbers[0], "-w", workspace, *secret),
        ("reply", numbers[0], "-w", workspace, "--text-file", reply, *secret),
        ("replies", "-w", workspace, "--out", tmp_path / "replies.bin", *secret),
        ("release", "-w", workspace, "--audience", "ministry", "--out", tmp_path / "out.zip", *secret),
        ("destroy", "-w", workspace, "--yes"),
    ):
        ran = offline(*command)
        assert (ran.returncode, ran.stderr.count("SOCKET")) == (0, 0), ran.stderr


def test_socket_is_noticed() -> None:
    """The twin of the test above: a command that makes a socket is caught."""
    ran = offline("--broken", "list")
    assert ran.returncode == 1
    assert "SOCKET socket.__new__" in ran.stderr


def test_list_loads_no_solver(tmp_path: Path) -> None:
    """Slow modules are loaded only by the command that needs them."""
    code = (
        "import sys\nfrom reviewer import cli\ntry:\n    cli.main(['list', '-w', sys.argv[1], '--passphrase-file', sys.argv[1]])\n"
        "except SystemExit:\n    pass\nprint(sorted({'highspy', 'numpy', 'sqlalchemy', 'fastapi', 'app', 'summary'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
