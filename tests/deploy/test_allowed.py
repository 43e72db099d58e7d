"""What the running intake asks of the kernel is what its unit allows: the unit cannot be started here, but it can be compared."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import httpx
import pytest

from bench.stage import COMMANDS, Stage, running
from tests.deploy.placed import DEPLOY, ran, tool
from tests.deploy.test_canary import plain_form
from tests.end_to_end.crowd import post

if TYPE_CHECKING:
    from tests.app.made import MadeCall

UNIT = (DEPLOY / "systemd" / "saksei-intake.service").read_text()
CALLED = re.compile(r"^\d+ +([a-z0-9_]+)\(", re.MULTILINE)
AS_ROOT = {"fchown", "chown"}
"""SQLite gives its journal to the owner of the database, but only where it runs as root: the unit does not."""


def members(name: str) -> set[str]:
    """The system calls of a set of systemd's, with the sets in it."""
    lines = [line.strip() for line in ran(tool("systemd-analyze"), "syscall-filter", name).stdout.splitlines()[1:]]
    named = {line for line in lines if line and not line.startswith("#")}
    assert named, name
    return {call for line in named for call in (members(line) if line.startswith("@") else {line})}


def allowed(unit: str) -> set[str]:
    """The system calls that are left when the lines SystemCallFilter= have been followed in their order."""
    calls: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(\S+)$", unit, re.MULTILINE):
        calls = calls - members(line[1:]) if line.startswith("~") else calls | members(line)
    return calls | members("@default")


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory, call: MadeCall) -> str:
    """Every system call of an intake that starts, takes a sealed and a plain report, and stops."""
    stage = Stage(tmp_path_factory.mktemp("traced"))
    stage.run("saksei-intake", "migrate")
    stage.run("saksei-intake", "call", "add", call.folder)
    path = stage.place / "trace"
    command = [shutil.which("strace") or "strace", "-f", "-s", "0", "-o", str(path), str(COMMANDS / "saksei-intake"), "serve"]
    with running(command, port=stage.port, ready="/readyz", env=stage.environment, log=stage.place / "server.log"):
        assert post(f"{stage.url}/calls/{call.id}/reports", call.body()).status_code == 201
        kind, body = plain_form("words")
        answer = httpx.post(f"{stage.url}/en/calls/{call.id}/reports", content=body, headers={"content-type": kind}, timeout=60)
        assert answer.status_code == 201
    return path.read_text(errors="replace")


def test_calls_are_allowed(trace: str) -> None:
    called = set(CALLED.findall(trace)) - (AS_ROOT if os.geteuid() == 0 else set())
    assert len(called) > 30
    assert called - allowed(UNIT) == set()


def test_forbidden_call_is_noticed(trace: str) -> None:
    """The twin: a unit that takes away what the intake needs is found out."""
    assert set(CALLED.findall(trace)) - allowed(UNIT + "\nSystemCallFilter=~@network-io\n") >= {"bind", "listen"}


def test_no_memory_is_written_and_run(trace: str) -> None:
    """MemoryDenyWriteExecute: no page that can be written is ever made executable."""
    assert "MemoryDenyWriteExecute=yes" in UNIT
    assert re.findall(r"(?:mmap|mprotect|pkey_mprotect)\(.*PROT_WRITE\|PROT_EXEC.*|mprotect\(.*PROT_EXEC.*", trace) == []


def test_only_named_families(trace: str) -> None:
    families = set(re.findall(r"^RestrictAddressFamilies=(.*)$", UNIT, re.MULTILINE)[0].split())
    asked = set(re.findall(r"socket(?:pair)?\((AF_\w+|PF_\w+)", trace))
    assert asked
    assert asked <= families
