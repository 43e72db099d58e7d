"""`received`: what a watcher learns from the reviewers' countersignature, and what a server cannot do about it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crypto.errors import CryptoError
from crypto.minisign import SecretKey
from crypto.notes import SignerKey
from summary.site import Site, UnreachableError
from summary.watch import watch
from tests.summary.invented import SIGNING
from tests.summary.log_server import LogServer, report, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from summary.watch import Watched


@pytest.fixture(autouse=True)
def _straight(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of whoever runs the tests."""
    for name in ("all_proxy", "http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[LogServer]:
    with serving(LogServer().append(1, 2, 3)) as running:
        yield running


@pytest.fixture
def keep(tmp_path: Path) -> Path:
    return tmp_path / "keep"


def look(server: LogServer, keep: Path) -> Watched:
    return watch(Site.parse(server.url), keep)


def refused(server: LogServer, keep: Path) -> str:
    """The word that a look is refused with."""
    with pytest.raises(CryptoError) as error:
        look(server, keep)
    return error.value.word


def test_nothing_received_is_no_lie(server: LogServer, keep: Path) -> None:
    assert look(server, keep).received is None
    assert not (keep / "received").exists()


def test_received_is_kept_with_its_signature(server: LogServer, keep: Path) -> None:
    server.countersign()
    assert look(server, keep).received == 4
    assert (keep / "received").read_bytes() == server.pages["log/received"]
    assert (keep / "received.minisig").read_bytes() == server.pages["log/received.minisig"]


def test_received_of_a_shorter_log_is_welcome(server: LogServer, keep: Path) -> None:
    server.countersign().append(4)
    seen = look(server, keep)
    assert (seen.received, seen.size, seen.kept) == (4, 5, 2)


def test_newer_received_replaces_the_older(server: LogServer, keep: Path) -> None:
    look(server.countersign(), keep)
    assert look(server.append(4).countersign(), keep).received == 5
    assert (keep / "received").read_bytes() == server.pages["log/received"]


@pytest.mark.parametrize("page", ["log/received", "log/received.minisig"])
def test_half_of_it_is_refused(server: LogServer, keep: Path, page: str) -> None:
    del server.countersign().pages[page]
    assert refused(server, keep) == "signature"


def test_stranger_cannot_countersign(server: LogServer, keep: Path) -> None:
    server.countersign(SecretKey.generate())
    assert refused(server, keep) == "signature"
    assert not (keep / "received").exists()


def test_signed_note_of_another_log_is_refused(server: LogServer, keep: Path) -> None:
    note = server.checkpoint(SignerKey.generate("other.example/invented"), "other.example/invented")
    server.pages |= {"log/received": note, "log/received.minisig": SIGNING.sign(note).encode()}
    assert refused(server, keep) == "signature"


def test_report_dropped_after_receipt_is_caught(server: LogServer, keep: Path) -> None:
    """The first look of a watcher already finds the lie, for the reviewers looked before."""
    server.countersign().append(4).entries[2] = report(9)
    assert refused(server, keep) == "log-inconsistent"
    assert (keep / "entries.contradicting").exists()


def test_without_countersignature_it_is_not(server: LogServer, keep: Path) -> None:
    server.append(4).entries[2] = report(9)
    assert look(server, keep).received is None


def test_log_shorter_than_received_is_caught(server: LogServer, keep: Path) -> None:
    server.countersign()
    server.entries.pop()
    assert refused(server, keep) == "log-inconsistent"


def test_received_taken_back_is_caught(server: LogServer, keep: Path) -> None:
    look(server.countersign(), keep)
    server.pages.clear()
    assert refused(server, keep) == "log-inconsistent"


def test_older_received_is_caught(server: LogServer, keep: Path) -> None:
    older = dict(server.countersign().pages)
    look(server.append(4).countersign(), keep)
    server.pages = older
    assert refused(server, keep) == "log-inconsistent"


def test_trouble_is_not_taken_for_none(server: LogServer, keep: Path) -> None:
    server.status["/calls/invented/log/received"] = 503
    with pytest.raises(UnreachableError):
        look(server, keep)


@pytest.mark.parametrize("countersigned", [True, False])
def test_command_says_what_reviewers_hold(server: LogServer, keep: Path, countersigned: bool) -> None:
    if countersigned:
        server.countersign().append(4)
    command = [str(Path(sys.executable).with_name("saksei-coordinator")), "watch", server.url, "--keep", str(keep)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert ("at the reviewers  the first 4 of 5" if countersigned else "countersigned nothing yet") in said
    told = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout
    assert json.loads(told)["received"] == (4 if countersigned else None)
