"""Who may import whom (house.md), as rules a machine checks, and proof that the machine notices when they are broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("app", "form", "crypto", "questionnaire", "reviewer", "summary")
COMMAND_LINE = {"typer", "rich", "click"}

# Outside packages each room may import; the standard library is always allowed.
ALLOWED = {
    "crypto": {"cryptography", "argon2", "rfc8785", "rfc3161_client", "shamir_mnemonic"},
    "questionnaire": {"pydantic", "pydantic_core", "yaml", "babel", "pycountry"},
    "form": {"jinja2", "markupsafe", "babel"},
    "app": {
        *COMMAND_LINE,
        *("fastapi", "starlette", "uvicorn", "pydantic", "pydantic_settings", "python_multipart", "multipart"),
        *("sqlalchemy", "alembic", "aiosqlite", "asyncpg"),
    },
    "reviewer": {*COMMAND_LINE, "sqlcipher3", "argon2", "cryptography"},
    "summary": {*COMMAND_LINE, "highspy", "babel", "jinja2", "markupsafe", "rfc8785", "numpy", "pydantic"},
}
# Our own modules a room may use only in part.
ALLOWED_OURS = {
    "summary": {"questionnaire", "crypto.minisign", "crypto.notes", "crypto.merkle", "crypto.errors"},
    "reviewer": {"crypto", "questionnaire", "summary", "form.offline"},
    "app": {"questionnaire", "form", "crypto"},
    "form": {"questionnaire"},
    "crypto": set(),
    "questionnaire": set(),
}


def imports_of(room: str, graph: grimp.ImportGraph) -> set[str]:
    modules = {room} | graph.find_descendants(room)
    found = {target for module in modules for target in graph.find_modules_directly_imported_by(module)}
    return {target for target in found if target != room and not target.startswith(room + ".")}


def strangers(room: str, graph: grimp.ImportGraph) -> set[str]:
    """What `room` imports and neither the standard library nor the two lists above allow."""
    outside, ours = set(), set()
    for target in imports_of(room, graph):
        top = target.split(".")[0]
        if top in ROOMS:
            if not any(target == allowed or target.startswith(allowed + ".") for allowed in ALLOWED_OURS[room]):
                ours.add(target)
        elif top not in sys.stdlib_module_names and top not in ALLOWED[room]:
            outside.add(target)
    return outside | ours


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*ROOMS, include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_only_what_is_listed(room: str, graph: grimp.ImportGraph) -> None:
    assert strangers(room, graph) == set()


def test_stranger_is_noticed(graph: grimp.ImportGraph) -> None:
    graph.add_module("requests", is_squashed=True)
    graph.add_import(importer="crypto.receipts", imported="requests")
    graph.add_import(importer="summary.cli", imported="crypto.sealing")
    assert strangers("crypto", graph) == {"requests"}
    assert strangers("summary", graph) == {"crypto.sealing"}


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(tree), "PATH": ""})


def copy_of_rooms(to: Path) -> Path:
    for room in ROOMS:
        shutil.copytree(ROOT / room, to / room, ignore=shutil.ignore_patterns("__pycache__", "static", "browser"))
    shutil.copy(ROOT / "pyproject.toml", to)
    return to


@pytest.mark.parametrize(
    ("file", "line"),
    [
        pytest.param("app/calls.py", "import crypto.opening", id="server-opens"),
        pytest.param("form/page.py", "import crypto.keyfile", id="form-reads-key-file"),
        pytest.param("app/calls.py", "import cryptography", id="server-has-own-cipher"),
        pytest.param("summary/cli.py", "import crypto.opening", id="summary-opens"),
        pytest.param("crypto/receipts.py", "import questionnaire", id="formats-lean-on-questionnaire"),
        pytest.param("reviewer/cli.py", "import app.models", id="desk-leans-on-server"),
    ],
)
def test_broken_contract_is_noticed(file: str, line: str, tmp_path: Path) -> None:
    tree = copy_of_rooms(tmp_path)
    assert lint_imports(tree).returncode == 0
    (tree / file).write_text(f"{line}\n" + (tree / file).read_text())
    broken = lint_imports(tree)
    assert broken.returncode == 1
    assert "BROKEN" in broken.stdout
