"""`verify` and `open`: looking without a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crypto.envelope import sealed_sizes
from crypto.opening import Identity
from crypto.receipts import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.reviewer.conftest import Ran
    from tests.reviewer.world import Server

HEADER_CODE = 2000


def test_verify_counts_outcomes(server: Server, run: Callable[..., Ran], tmp_path: Path) -> None:
    gone = Receipt.generate()
    server.submit(gone)
    server.submit(Receipt.generate())
    server.lose(server.submit(Receipt.generate()))
    server.withdraw(gone)
    server.close()
    server.submit(Receipt.generate())
    ran = run("verify", server.export(tmp_path / "bundle.zip"), "--json")
    assert ran.code == 0
    assert ran.document["outcomes"] == {"withdrawn": 1, "time-unproven": 1, "missing": 1, "late": 1}
    assert (ran.document["closed"], ran.document["call_sha256"]) == (True, server.call_sha256)


def test_verify_asks_to_compare_the_hash(server: Server, run: Callable[..., Ran], tmp_path: Path) -> None:
    bundle = server.export(tmp_path / "bundle.zip")
    assert server.call_sha256 in run("verify", bundle).out
    assert run("verify", bundle, "--call-hash", server.call_sha256.upper()).code == 0


def test_verify_refuses_another_call(server: Server, run: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run("verify", server.export(tmp_path / "bundle.zip"), "--call-hash", "ab" * 32)
    assert (ran.code, ran.word) == (1, "wrong-call")


def test_verify_holds_kept_checkpoints(server: Server, run: Callable[..., Ran], tmp_path: Path) -> None:
    first = server.submit(Receipt.generate())
    kept = tmp_path / "kept"
    kept.write_bytes(server.checkpoint())
    assert run("verify", server.export(tmp_path / "a.zip"), "--checkpoint", kept).code == 0
    del server.entries[first]
    server.envelopes.clear()
    server.submit(Receipt.generate())
    ran = run("verify", server.export(tmp_path / "b.zip"), "--checkpoint", kept)
    assert (ran.code, ran.word) == (1, "log-inconsistent")


def test_verify_holds_kept_promises(server: Server, run: Callable[..., Ran], tmp_path: Path) -> None:
    number = server.submit(Receipt.generate())
    server.close()
    kept = tmp_path / "promise"
    kept.write_bytes(server.promise(server.entries[number], 4102444800))
    assert run("verify", server.export(tmp_path / "a.zip"), "--promise", kept).code == 0
    server.lose(number)
    del server.entries[number]
    ran = run("verify", server.export(tmp_path / "b.zip"), "--promise", kept)
    assert (ran.code, ran.word) == (1, "promise-broken")


@pytest.mark.parametrize("content", [b"", b"PK", b"not a bundle" * 1000], ids=["empty", "short", "text"])
def test_verify_refuses_other_files(run: Callable[..., Ran], tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    ran = run("verify", path)
    assert (ran.code, ran.word) == (1, "manifest")


def envelope_file(server: Server, tmp_path: Path, **report: object) -> Path:
    path = tmp_path / "report.age"
    path.write_bytes(server.envelope(server.submit(Receipt.generate(), **report)))  # type: ignore[arg-type]  # keywords of submit
    return path


def test_open_writes_report_and_files(server: Server, run: Callable[..., Ran], built: Path, tmp_path: Path) -> None:
    files = [("../../etc/passwd", b"one"), ("/abs", b"two" * 500)]
    path = envelope_file(server, tmp_path, answers={"story": "words", "evidence": [1, 2]}, files=files)
    ran = run("open", path, "--key", built / "private" / "call.key", "--out", tmp_path / "out", "--json")
    assert (ran.code, ran.document) == (0, {"call": "invented", "files": 2, "call_checked": False})
    found = {str(file.relative_to(tmp_path / "out")): file.read_bytes() for file in (tmp_path / "out").rglob("*") if file.is_file()}
    assert set(found) == {"report.json", "files/001", "files/002"}
    assert (found["files/001"], found["files/002"]) == (b"one", b"two" * 500)
    assert b'"words"' in found["report.json"]


def test_open_takes_what_a_browser_posts(server: Server, run: Callable[..., Ran], built: Path, tmp_path: Path) -> None:
    receipt = Receipt.generate()
    number = server.submit(receipt)
    posted = tmp_path / "posted"
    posted.write_bytes(receipt.handle("invented", 0) + server.envelope(number))
    assert run("open", posted, "--key", built / "private" / "call.key", "--out", tmp_path / "out").code == 0
    posted.write_bytes(bytes(32) + server.envelope(number))
    ran = run("open", posted, "--key", built / "private" / "call.key", "--out", tmp_path / "again")
    assert (ran.code, ran.word) == (1, "handle-mismatch")
    assert not (tmp_path / "again").exists()


def test_open_checks_the_call(server: Server, run: Callable[..., Ran], built: Path, tmp_path: Path) -> None:
    path = envelope_file(server, tmp_path, call_sha256="ab" * 32)
    key, call = built / "private" / "call.key", built / "server" / "call.json"
    assert run("open", path, "--key", key, "--out", tmp_path / "a").code == 0
    ran = run("open", path, "--key", key, "--out", tmp_path / "b", "--call", call)
    assert (ran.code, ran.word) == (1, "wrong-call")


@pytest.mark.parametrize(("at", "word"), [(0, "prefix"), (HEADER_CODE, "mac"), (-1, "payload")], ids=["prefix", "header", "payload"])
def test_open_refuses_changed_bytes(server: Server, run: Callable[..., Ran], built: Path, tmp_path: Path, at: int, word: str) -> None:
    path = envelope_file(server, tmp_path)
    content = bytearray(path.read_bytes())
    if at == HEADER_CODE:
        at = content.index(b"--- ") + 6
        content[at] = ord("B") if content[at] == ord("A") else ord("A")
    else:
        content[at] ^= 1
    path.write_bytes(content)
    ran = run("open", path, "--key", built / "private" / "call.key", "--out", tmp_path / "out")
    assert (ran.code, ran.word) == (1, word)
    assert not (tmp_path / "out").exists()


def test_open_refuses_another_key(server: Server, run: Callable[..., Ran], built: Path, tmp_path: Path) -> None:
    path = envelope_file(server, tmp_path, recipients=[Identity.generate().recipient])
    ran = run("open", path, "--key", built / "private" / "call.key", "--out", tmp_path / "out")
    assert (ran.code, ran.word) == (1, "no-match")


def test_open_refuses_existing_folder(server: Server, run: Callable[..., Ran], built: Path, tmp_path: Path) -> None:
    path = envelope_file(server, tmp_path)
    (tmp_path / "out").mkdir()
    ran = run("open", path, "--key", built / "private" / "call.key", "--out", tmp_path / "out")
    assert (ran.code, ran.word) == (2, "usage")
    assert list((tmp_path / "out").iterdir()) == []


def test_no_two_recipient_counts_share_a_size() -> None:
    """`open` reads the number of recipients off the size."""
    sizes = [sealed_sizes(recipients, 26) for recipients in range(1, 6)]
    assert sum(map(len, sizes)) == len(frozenset().union(*sizes))
