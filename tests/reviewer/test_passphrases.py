"""Where passphrases come from."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import unicodedata
from typing import TYPE_CHECKING

import pytest

from reviewer.errors import UsageError
from reviewer.passphrases import ask_passphrase
from reviewer.terminal import Screen

if TYPE_CHECKING:
    from pathlib import Path

LONG = "six unrelated words are more than enough"


@pytest.fixture
def screen() -> Screen:
    return Screen(machine=False, out=io.StringIO(), err=io.StringIO())


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"], ids=["none", "unix", "windows"])
def test_line_end_does_not_belong(tmp_path: Path, screen: Screen, end: bytes) -> None:
    path = tmp_path / "passphrase"
    path.write_bytes(b"  spaces count " + end)
    assert ask_passphrase("it", path, screen) == "  spaces count "


def test_passphrase_comes_in_nfc(tmp_path: Path, screen: Screen) -> None:
    path = tmp_path / "passphrase"
    path.write_text(unicodedata.normalize("NFD", "clé é"))
    assert ask_passphrase("it", path, screen) == "clé é"


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"a\nb\n", b"a\rb", b"\xff\xfe", b"x" * 5000], ids=["empty", "blank", "two", "cr", "bytes", "long"]
)
def test_bad_file_is_usage(tmp_path: Path, screen: Screen, content: bytes) -> None:
    path = tmp_path / "passphrase"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        ask_passphrase("it", path, screen)


def test_absent_file_is_usage(tmp_path: Path, screen: Screen) -> None:
    with pytest.raises(UsageError):
        ask_passphrase("it", tmp_path / "absent", screen)


@pytest.mark.parametrize(("text", "new", "warned"), [("tiny", True, True), ("tiny", False, False), (LONG, True, False)])
def test_short_new_one_is_warned_about(tmp_path: Path, text: str, new: bool, warned: bool) -> None:
    path = tmp_path / "passphrase"
    path.write_text(text)
    err = io.StringIO()
    ask_passphrase("it", path, Screen(machine=True, out=io.StringIO(), err=err), new=new)
    assert ("warning" in err.getvalue()) is warned
    assert text not in err.getvalue()


ASK = """
import sys
from reviewer.passphrases import ask_passphrase
from reviewer.terminal import Screen
from reviewer.errors import UsageError
try:
    print("GOT", ask_passphrase("the key", None, Screen(machine=False), new=sys.argv[1] == "new"))
except UsageError as refused:
    print("REFUSED", refused)
"""


def typed(lines: str, kind: str) -> str:
    """Run the prompt in a process with a terminal of its own, type `lines`, return everything that appeared on it."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", ASK, kind])  # noqa: S606 - the interpreter itself
    shown = b""
    for line in lines.split("|"):
        while not shown.endswith(b": "):
            shown += os.read(terminal, 1024)
        os.write(terminal, line.encode() + b"\n")
        shown += b"\n"
    while True:
        try:
            more = os.read(terminal, 1024)
        except OSError:
            break
        if not more:
            break
        shown += more
    os.close(terminal)
    os.waitpid(child, 0)
    return shown.decode()


def test_prompt_does_not_echo() -> None:
    shown = typed("hidden words", "old")
    assert shown.count("hidden words") == 1
    assert "GOT hidden words" in shown


def test_new_one_is_asked_for_twice() -> None:
    assert f"GOT {LONG}" in typed(f"{LONG}|{LONG}", "new")
    assert "REFUSED The two passphrases are not the same." in typed(f"{LONG}|{LONG}x", "new")


def test_without_terminal_is_usage() -> None:
    ran = subprocess.run([sys.executable, "-c", ASK, "old"], input="secret\n", capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("REFUSED There is no terminal")
