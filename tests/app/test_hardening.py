"""What the serving process takes from itself; each looked at in a process of its own, with and without."""

import json
import resource
import subprocess
import sys

import pytest

LOOK = """
import json, resource
from app.hardening import harden, is_dumpable
{first}
locked = [line for line in open("/proc/self/status") if line.startswith("VmLck")]
print(json.dumps({{
    "core": resource.getrlimit(resource.RLIMIT_CORE), "dumpable": is_dumpable(), "locked": int(locked[0].split()[1]),
    "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
}}))
"""
linux = sys.platform == "linux"


def look(first: str, *before: str) -> tuple[dict[str, object], str]:
    command = [*before, sys.executable, "-c", LOOK.format(first=first)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return json.loads(done.stdout), done.stderr


@pytest.fixture(scope="module")
def soft() -> dict[str, object]:
    return look("resource.setrlimit(resource.RLIMIT_NOFILE, (512, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))")[0]


def test_process_keeps_to_itself(soft: dict[str, object]) -> None:
    """No core dump, nobody may look in, more files; the twin is the same process without it."""
    first = "resource.setrlimit(resource.RLIMIT_NOFILE, (512, resource.getrlimit(resource.RLIMIT_NOFILE)[1])); harden()"
    hard, _ = look(first)
    if linux:
        assert (hard["core"], hard["dumpable"]) == ([0, 0], False)
        assert soft["dumpable"] is True
    assert soft["files"] == 512
    assert isinstance(hard["files"], int)
    assert hard["files"] > 512 or resource.getrlimit(resource.RLIMIT_NOFILE)[1] == 512


def test_memory_is_locked_or_it_says_so(soft: dict[str, object]) -> None:
    hard, said = look("harden()")
    assert soft["locked"] == 0
    assert (hard["locked"] != 0) is ("memory is not locked" not in said)


def test_without_leave_it_says_so() -> None:
    """Where locking is not allowed the service goes on, and its operator reads what to do."""
    hard, said = look("import os; resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536)); os.geteuid() or os.setuid(65534); harden()")
    assert hard["locked"] == 0
    assert "memory is not locked: allow it (LimitMEMLOCK=infinity)" in said
