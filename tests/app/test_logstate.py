"""What was signed last: outside of the database, never going back (format.md section 7)."""

from pathlib import Path

import pytest

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


def test_one_signs_at_a_time(tmp_path: Path) -> None:
    state = LogState(tmp_path)
    with state.alone("asked"), state.alone("other"):
        assert sorted(path.name for path in tmp_path.iterdir()) == ["asked.lock", "other.lock"]
