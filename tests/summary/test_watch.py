"""`saksei-coordinator watch`: what a watcher keeps, and every lie of a server that it finds out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crypto.errors import CryptoError
from crypto.merkle import leaf_hash, root
from crypto.notes import SignerKey
from summary.site import Site
from summary.watch import watch
from tests.summary.invented import SIGNER, call_bytes, call_of, choice, document
from tests.summary.log_server import CALL_BYTES, LogServer, report, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from summary.watch import Watched

PROXIES = ("all_proxy", "http_proxy", "https_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _straight(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of whoever runs the tests."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[LogServer]:
    with serving(LogServer().append(1, 2, 3)) as running:
        yield running


@pytest.fixture
def keep(tmp_path: Path) -> Path:
    return tmp_path / "keep"


def look(server: LogServer, keep: Path, *given: bytes, call: bytes | None = None) -> Watched:
    return watch(Site.parse(server.url), keep, call_bytes=call, given=given)


def refused(server: LogServer, keep: Path, *given: bytes, call: bytes | None = None) -> str:
    """The word that a look is refused with."""
    with pytest.raises(CryptoError) as error:
        look(server, keep, *given, call=call)
    return error.value.word


def names(keep: Path) -> list[str]:
    return sorted(path.name for path in keep.iterdir())


def test_first_look_keeps_what_it_saw(server: LogServer, keep: Path) -> None:
    seen = look(server, keep)
    assert (seen.size, seen.before, seen.kept) == (4, None, 1)
    assert seen.root == root([leaf_hash(entry) for entry in server.entries]).hex()
    assert names(keep) == ["call.json", "checkpoint.4", "entries"]
    assert (keep / "checkpoint.4").read_bytes() == server.checkpoint()
    assert (keep / "call.json").read_bytes() == CALL_BYTES


def test_growing_log_is_consistent(server: LogServer, keep: Path) -> None:
    look(server, keep)
    for number in range(4, 12):
        server.append(number)
        seen = look(server, keep)
        assert (seen.size, seen.before, seen.kept) == (number + 1, number, number - 2)


def test_same_log_is_kept_once(server: LogServer, keep: Path) -> None:
    look(server, keep)
    assert (look(server, keep).before, look(server, keep).kept) == (4, 1)


FORKS = {
    "report-left-out": [1, 3, 4, 5],
    "report-exchanged": [1, 2, 9, 4, 5],
    "order-changed": [2, 1, 3, 4, 5],
    "other-report-of-same-size": [1, 2, 9],
    "shorter": [1, 9],
}


@pytest.mark.parametrize("numbers", FORKS.values(), ids=FORKS)
def test_forked_log_is_caught(server: LogServer, keep: Path, numbers: list[int]) -> None:
    """The server tells another story than at the first look, and signs it."""
    look(server, keep)
    server.entries = server.entries[:1]
    server.append(*numbers)
    assert refused(server, keep) == "log-inconsistent"
    kept = [path.read_bytes() for path in keep.iterdir() if path.name.startswith("checkpoint.")]
    assert server.checkpoint() in kept
    assert len(kept) == 2


def test_fork_is_proven_to_anybody(server: LogServer, keep: Path) -> None:
    """What the folder keeps of a fork is enough: two signed checkpoints, and the entries of the one that has not the other's root."""
    look(server, keep)
    server.entries = server.entries[:1]
    server.append(1, 3, 4, 5)
    refused(server, keep)
    assert names(keep) == ["call.json", "checkpoint.4", "checkpoint.5", "entries", "entries.contradicting"]
    with serving(LogServer(entries=server.entries)) as other:
        assert (keep / "entries.contradicting").read_bytes() == other.page("log/entries")


def test_fork_stays_caught(server: LogServer, keep: Path) -> None:
    """A server that shows the old story again does not get away with it."""
    look(server, keep)
    honest = list(server.entries)
    server.entries = server.entries[:1]
    server.append(1, 2, 9)
    assert refused(server, keep) == "log-inconsistent"
    server.entries = honest
    assert refused(server, keep) == "log-inconsistent"


def test_honest_server_is_not_blamed(server: LogServer, keep: Path) -> None:
    """The twin of the forks: the same steps with the same log."""
    look(server, keep)
    server.entries = server.entries[:1]
    assert look(server.append(1, 2, 3, 4), keep).size == 5
    assert not (keep / "entries.contradicting").exists()


def test_two_watchers_compare(server: LogServer, keep: Path, tmp_path: Path) -> None:
    """Each is shown a log that is consistent for itself; together they find out."""
    look(server, keep)
    server.entries[3] = report(9)
    look(server, tmp_path / "other")
    other = (tmp_path / "other" / "checkpoint.4").read_bytes()
    server.entries[3] = report(3)
    server.append(4)
    assert look(server, keep).size == 5
    assert refused(server, keep, other) == "log-inconsistent"
    assert len([name for name in names(keep) if name.startswith("checkpoint.4.")]) == 1


def test_older_checkpoint_is_welcome(server: LogServer, keep: Path) -> None:
    older = server.checkpoint()
    server.append(4, 5)
    assert look(server, keep, older).kept == 2


def test_log_that_went_back_is_caught(server: LogServer, keep: Path) -> None:
    """Restored from a backup: every entry is an old one, but what was published is gone."""
    server.append(4, 5)
    look(server, keep)
    del server.entries[4:]
    assert refused(server, keep) == "log-inconsistent"


def test_stranger_checkpoint_is_refused(server: LogServer, keep: Path) -> None:
    stranger = SignerKey.generate(SIGNER.name)
    assert refused(server, keep, server.checkpoint(stranger)) == "signature"
    assert refused(server, keep, server.checkpoint(origin="reports.example/another")) == "signature"
    server.pages["log/checkpoint"] = server.checkpoint(stranger)
    assert refused(server, keep) == "signature"
    assert names(keep) == ["call.json"]


def test_damaged_keep_is_noticed(server: LogServer, keep: Path) -> None:
    look(server, keep)
    path = keep / "checkpoint.4"
    path.write_bytes(path.read_bytes().replace(b"\n4\n", b"\n5\n"))
    assert refused(server, keep) == "signature"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        pytest.param(lambda entries: entries[:-1], "log-inconsistent", id="too-few"),
        pytest.param(lambda entries: [*entries, report(7)], "log-unsigned-tail", id="too-many"),
        pytest.param(lambda entries: [*entries[:-1], report(7)], "log-inconsistent", id="others"),
        pytest.param(lambda entries: entries[:0], "log-inconsistent", id="none"),
    ],
)
def test_entries_are_those_signed(server: LogServer, keep: Path, change: object, word: str) -> None:
    assert callable(change)
    server.pages["log/checkpoint"] = server.checkpoint()
    server.entries = change(server.entries)
    assert refused(server, keep) == word
    assert "entries" not in names(keep)


@pytest.mark.parametrize("cut", [1, 100, 148])
def test_cut_entry_is_refused(server: LogServer, keep: Path, cut: int) -> None:
    content = server.page("log/entries")
    assert content is not None
    server.pages["log/entries"] = content[:-cut]
    assert refused(server, keep) == "log-entry"


def test_log_must_begin_with_call(server: LogServer, keep: Path) -> None:
    del server.entries[0]
    assert refused(server, keep) == "log-call"


def test_batch_between_requests_is_no_lie(server: LogServer, keep: Path) -> None:
    """The newest checkpoint was asked for before a batch, the entries after it."""

    class Growing(LogServer):
        def page(self, path: str) -> bytes | None:
            content = super().page(path)
            if path.endswith("log/checkpoint") and len(self.entries) < 6:
                self.append(len(self.entries))
            return content

    with serving(Growing(entries=server.entries[:4])) as growing:
        seen = look(growing, keep)
    assert (seen.size, seen.kept) == (6, 3)


def test_call_json_must_stay(server: LogServer, keep: Path) -> None:
    look(server, keep)
    server.pages["call.json"] = CALL_BYTES.replace(b"Word", b"Work")
    assert refused(server, keep) == "wrong-call"


def test_call_json_can_be_pinned(server: LogServer, keep: Path) -> None:
    other = call_bytes(call_of(document([choice("asked", 4)], {"one": ["asked"]})))
    assert refused(server, keep, call=other) == "wrong-call"
    assert names(keep) == []
    assert look(server, keep, call=CALL_BYTES).size == 4
    assert refused(server, keep, call=other) == "wrong-call"


def test_nothing_half_written_stays(server: LogServer, keep: Path) -> None:
    look(server, keep)
    server.append(4)
    server.pages["log/entries"] = b"\0"
    refused(server, keep)
    assert names(keep) == ["call.json", "checkpoint.4", "checkpoint.5", "entries"]
    del server.pages["log/entries"]
    assert look(server, keep).size == 5


def run(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from summary.cli import main; main()", "watch", *map(str, words)]
    own = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin", "COLUMNS": "200", "PYTHONWARNINGS": "error"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=own | environment)


def test_command_says_what_it_found(server: LogServer, keep: Path) -> None:
    first = run(server.url, "--keep", keep)
    assert (first.returncode, first.stderr) == (0, "")
    assert "Consistent. The log of reports.example/invented has 4 entries, the first look." in first.stdout
    assert "Compare the call hash" in first.stdout
    server.append(4, 5)
    facts = json.loads(run(server.url, "--keep", keep, "--json").stdout)
    assert (facts["consistent"], facts["size"], facts["before"], facts["kept"]) == (True, 6, 4, 2)


def test_command_refuses_a_fork(server: LogServer, keep: Path) -> None:
    look(server, keep)
    server.entries[2] = report(9)
    done = run(server.url, "--keep", keep)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: log-inconsistent: The server signed two different logs")


def test_command_cannot_look(server: LogServer, keep: Path) -> None:
    server.status["/calls/invented/log/checkpoint"] = 503
    done = run(server.url, "--keep", keep)
    assert (done.returncode, done.stderr.startswith("error: unreachable: ")) == (2, True)


@pytest.mark.parametrize("url", ["https://reports.example", "ftp://reports.example/calls/x", "http://hidden.onion/calls/x"])
def test_command_wants_an_address(keep: Path, url: str) -> None:
    done = run(url, "--keep", keep)
    assert (done.returncode, done.stdout) == (2, "")
    assert not keep.exists()
