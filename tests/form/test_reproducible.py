"""Who builds the browser's files and the offline form again, in another place and at another time, gets the same bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crypto.notes import SignerKey
from crypto.opening import Identity
from tests.form.invented import call_bytes
from tests.form.node import ROOT, run_node

if TYPE_CHECKING:
    from pathlib import Path

WRITE_FORM = "import sys; from form.offline import offline_form; sys.stdout.buffer.write(offline_form(sys.stdin.buffer.read()))"


def build(place: Path, call: bytes, *, change: tuple[str, str, str] | None = None) -> dict[str, bytes]:
    """Everything that a build of a copy of the sources at `place` gives, by name; form.html among it."""
    place.mkdir(parents=True)
    shutil.copytree(ROOT / "form", place / "form", ignore=shutil.ignore_patterns("static", ".static-*", "__pycache__"))
    for name in ("node_modules", "package.json"):
        (place / name).symlink_to(ROOT / name)
    if change is not None:
        source, old, new = change
        (place / source).write_text((place / source).read_text().replace(old, new))
    built = run_node(place / "form" / "build.mjs")
    assert built.returncode == 0, built.stderr
    environment = {**os.environ, "PYTHONPATH": str(place), "TZ": f"UTC{len(place.parts) % 12}", "PYTHONDONTWRITEBYTECODE": "1"}
    written = subprocess.run([sys.executable, "-c", WRITE_FORM], cwd=place, env=environment, input=call, capture_output=True, check=True)
    files = {path.name: path.read_bytes() for path in (place / "form" / "static").iterdir()}
    return {**files, "form.html": written.stdout}


@pytest.fixture(scope="module")
def call() -> bytes:
    return call_bytes([str(Identity.generate().recipient)], str(SignerKey.generate("intake.example/invented").vkey))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, call: bytes) -> dict[str, bytes]:
    return build(tmp_path_factory.mktemp("first") / "here", call)


def test_two_builds_give_the_same_bytes(first: dict[str, bytes], call: bytes, tmp_path: Path) -> None:
    second = build(tmp_path / "somewhere" / "else with spaces", call)
    assert {"manifest.json", "form.html"} < first.keys()
    assert [name for name in first.keys() | second.keys() if first.get(name) != second.get(name)] == []


def test_no_build_says_where_it_was_made(first: dict[str, bytes]) -> None:
    places = [str(ROOT).encode(), b"/tmp/", b"node_modules", b"first0/here"]
    assert [(name, place) for name, content in first.items() for place in places if place in content] == []


def test_twin_one_changed_letter_is_seen(first: dict[str, bytes], call: bytes, tmp_path: Path) -> None:
    """The copy is what is built, not the repository: a change in it shows in the script and in the form."""
    changed = build(tmp_path / "changed", call, change=("form/browser/receipt.ts", "saksei/v1 receipt", "saksei/v1 receipu"))
    differing = {name.split(".")[0] for name in first.keys() ^ changed.keys()}
    assert differing == {"form", "offline"}
    assert changed["form.html"] != first["form.html"]
