"""`open` and `import` hold no more than two and a half times the report they open (format.md F2.9)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from crypto.receipts import Receipt
from questionnaire.loader import parse_definition
from reviewer.custody import build_call
from tests.most_memory import most_memory
from tests.reviewer.conftest import SMALL
from tests.reviewer.world import HOST, PASSPHRASE, Server, call_yaml

if TYPE_CHECKING:
    from pathlib import Path

MAX_K = 26
SIZE = 1 << MAX_K
MOST = 5 * SIZE // 2


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built call, a bundle with one report of 64 MiB, and that report as a browser posts it."""
    folder = tmp_path_factory.mktemp("large")
    definition = parse_definition(call_yaml().replace("max_k: 17", f"max_k: {MAX_K}"), "call.yaml")
    build_call(definition, host=HOST, out=folder / "call", passphrase=PASSPHRASE, cost=SMALL)
    (folder / "passphrase").write_text(PASSPHRASE + "\n")
    server, receipt = Server(folder / "call" / "server"), Receipt.generate()
    number = server.submit(receipt, answers={"story": "a", "evidence": [1]}, files=[("film", os.urandom(SIZE - 8192))])
    server.export(folder / "bundle")
    handle = receipt.handle(server.call.call, 0)
    (folder / "posted").write_bytes(handle + server.envelope(number))
    return folder


def measured(place: Path, *arguments: str | Path) -> int:
    keys = ("--key", place / "call" / "private" / "call.key", "--passphrase-file", place / "passphrase")
    return most_memory("tests.reviewer.large_report", *arguments, *keys)


def test_open_takes_two_and_a_half(place: Path, tmp_path: Path) -> None:
    assert SIZE < measured(place, "open", place / "posted", "--out", tmp_path / "opened") <= MOST
    assert (tmp_path / "opened" / "files" / "001").stat().st_size == SIZE - 8192


def test_import_takes_two_and_a_half(place: Path, tmp_path: Path) -> None:
    assert SIZE < measured(place, "import", place / "bundle", "--workspace", tmp_path / "work", "--received", tmp_path) <= MOST
