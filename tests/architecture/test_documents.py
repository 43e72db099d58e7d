"""What the documents name exists: tests, files, commands, and no address or path of somebody's machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
NAMED_TEST = re.compile(r"\btest_[a-z0-9_]+\b(?!\.py)")


def missing_tests(text: str) -> set[str]:
    """Names of test functions in `text` that no test file defines."""
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_[a-z0-9_]+)", path.read_text(), re.MULTILINE)
    }
    return {name for name in NAMED_TEST.findall(text) if name not in defined}


def missing_files(document: Path, text: str) -> set[str]:
    """Paths in `text`, linked or quoted as code, that are not in the tree."""
    linked = {target for target in re.findall(r"\]\(([\w./-]+)\)", text) if not (document.parent / target).exists()}
    quoted = re.findall(r"`((?:app|form|crypto|questionnaire|reviewer|summary|tests|docs|deploy|bench|locks)/[\w./-]+)`", text)
    return linked | {path for path in quoted if not (ROOT / path).exists()}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_named_exists(document: Path) -> None:
    text = document.read_text()
    assert missing_tests(text) == set()
    assert missing_files(document, text) == set()


def test_missing_names_are_noticed() -> None:
    assert missing_tests("`test_nobody_wrote_this_one`") == {"test_nobody_wrote_this_one"}
    assert missing_files(ROOT / "README.md", "[a](docs/none.md) `crypto/none.py`") == {"docs/none.md", "crypto/none.py"}


def test_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"run", "test", "desk"} <= targets & set(re.findall(r"`?make ([a-z]+)", readme))
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_nothing_names_an_address_or_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    locks = [ROOT / name for name in tracked if name.startswith("locks/") or name == "package-lock.json"]
    assert [path.name for path in locks if re.search(r"https?://|--index-url|\"resolved\"", path.read_text())] == []
