"""The largest report is packed, sealed and opened in two and a half times its size (format.md F2.9)."""

from pathlib import Path

import pytest

from tests.crypto.large_report import SIZE
from tests.most_memory import most_memory

MOST = 5 * SIZE // 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the largest report, packed and sealed."""
    made = tmp_path_factory.mktemp("large")
    made.joinpath("taken").write_text(" ".join(str(most_memory("tests.crypto.large_report", step, made)) for step in ("pack", "seal")))
    return made


def test_writing_takes_two_and_a_half(folder: Path) -> None:
    packing, sealing = map(int, folder.joinpath("taken").read_text().split())
    assert SIZE < packing <= MOST
    assert SIZE < sealing <= MOST


@pytest.mark.parametrize("step", ["open", "age"])
def test_reading_takes_two_and_a_half(folder: Path, step: str) -> None:
    assert SIZE < most_memory("tests.crypto.large_report", step, folder) <= MOST


def test_a_copy_is_noticed(folder: Path) -> None:
    assert most_memory("tests.crypto.large_report", "copy", folder) > MOST
