"""What was signed last: outside of the database, never going back (format.md section 7)."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.errors import BusyError
from app.logstate import LogState, SignedLog, empty_log
from crypto.errors import LogInconsistentError
from crypto.merkle import leaf_hash, root


def entries(count: int) -> list[bytes]:
    return [f"entry {number}\n".encode() for number in range(count)]


def signed(count: int) -> SignedLog:
    return empty_log().extended(entries(count))


def test_nothing_is_known_at_first(tmp_path: Path) -> None:
    assert LogState(tmp_path / "state").read("asked") is None


def test_state_comes_back(tmp_path: Path) -> None:
    state = LogState(tmp_path / "state")
    state.write("asked", signed(5))
    assert LogState(tmp_path / "state").read("asked") == signed(5)
    assert state.read("other") is None


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    LogState(tmp_path / "state").write("asked", signed(5))
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "state").rglob("*")} == {0}
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


def test_state_never_goes_back(tmp_path: Path) -> None:
    state = LogState(tmp_path)
    state.write("asked", signed(5))
    state.write("asked", signed(5))
    with pytest.raises(LogInconsistentError):
        state.write("asked", signed(4))
    assert state.read("asked") == signed(5)


@pytest.mark.parametrize("content", [b"", b"5\n", b"5\nzz\n00\n", b"\xff\xfe\n", b"5\n00\n00\n00\n"])
def test_damaged_state_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "asked.state").write_bytes(content)
    with pytest.raises(LogInconsistentError):
        LogState(tmp_path).read("asked")


def test_extension_has_the_right_root() -> None:
    every = entries(13)
    grown = signed(5).extended(every[5:])
    assert (grown.size, grown.root) == (13, root([leaf_hash(entry) for entry in every]))


@pytest.mark.parametrize("forged", [SignedLog(6, signed(5).root, signed(5).frontier), SignedLog(5, bytes(32), signed(5).frontier)])
def test_state_against_itself_is_refused(forged: SignedLog) -> None:
    with pytest.raises(LogInconsistentError):
        forged.extended([])


@contextmanager
def held_elsewhere(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process holds the lock on this file, until its stdin ends."""
    hold = "import fcntl, sys; file = open(sys.argv[1], 'w'); fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", hold, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.communicate()


@pytest.mark.anyio
async def test_one_signs_at_a_time(tmp_path: Path) -> None:
    state = LogState(tmp_path)
    async with state.alone("asked"), state.alone("other"):
        assert sorted(path.name for path in tmp_path.iterdir()) == ["asked.lock", "other.lock"]


@pytest.mark.anyio
async def test_others_go_on_meanwhile(tmp_path: Path) -> None:
    """While another process holds it, this one waits for it and does everything else; then it is let in."""
    inside = asyncio.Event()

    async def sign() -> None:
        async with LogState(tmp_path).alone("asked"):
            inside.set()

    with held_elsewhere(tmp_path / "asked.lock") as holder:
        signing = asyncio.create_task(sign())
        for _ in range(200):  # that these turns are given at all is what is tested
            await asyncio.sleep(0.001)
        assert not inside.is_set()
        await asyncio.to_thread(holder.communicate)
        await signing
    assert inside.is_set()


@pytest.mark.anyio
async def test_patience_ends(tmp_path: Path) -> None:
    """A process that was stopped while it signed does not hold this one for ever: it says so, and tries again at its next pass."""
    with held_elsewhere(tmp_path / "asked.lock"), pytest.raises(BusyError):
        async with LogState(tmp_path).alone("asked", patience=0.1):
            raise AssertionError("two were alone")
    async with LogState(tmp_path).alone("asked", patience=0.1):
        pass  # the twin: nobody holds it
