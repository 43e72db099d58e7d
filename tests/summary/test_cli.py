"""saksei-coordinator, run as people run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from summary.archive import read_release, write_release
from summary.tables import Reporter
from tests.summary.invented import SIGNING, build, call_bytes, call_of, choice, document

CALL = call_of(document([choice("asked", 3)], {"one": ["asked"]}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("given")
    reporters = [Reporter(f"r{index}", {"asked": frozenset({"A1" if index < 31 else "A2"})}) for index in range(47)]
    write_release(build(CALL, reporters), place / "release.zip", SIGNING.sign)
    first = read_release(place / "release.zip", call_bytes(CALL))
    for name in ("second.zip", "another-second.zip"):
        write_release(
            build(CALL, reporters, previous=first, audience="panel" if name == "second.zip" else "press"), place / name, SIGNING.sign
        )
    second = read_release(place / "second.zip", call_bytes(CALL))
    write_release(build(CALL, reporters, previous=second, earlier=[first]), place / "third.zip", SIGNING.sign)
    (place / "call.json").write_bytes(call_bytes(CALL))
    (place / "broken.zip").write_bytes((place / "release.zip").read_bytes()[:-3])
    (place / "not-a-call.json").write_bytes(b"{}")
    return place


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from summary.cli import main; main()", *words]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin", "COLUMNS": "200", "PYTHONWARNINGS": "error"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


def test_verify_says_genuine(folder: Path) -> None:
    done = run(folder, "verify", "release.zip", "--call", "call.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Genuine" in done.stdout
    facts = json.loads(run(folder, "verify", "release.zip", "--call", "call.json", "--json").stdout)
    assert (facts["verified"], facts["release"], facts["audience"], facts["previous"]) == (True, 1, "panel", None)


def test_whole_chain_is_checked(folder: Path) -> None:
    earlier = ("--previous", "release.zip", "--previous", "second.zip")
    done = run(folder, "verify", "third.zip", "--call", "call.json", *earlier, "--json")
    assert (done.returncode, json.loads(done.stdout)["chain_checked"]) == (0, True)
    alone = run(folder, "verify", "third.zip", "--call", "call.json", "--json")
    assert (alone.returncode, json.loads(alone.stdout)["chain_checked"]) == (0, False)
    assert "was not checked" in alone.stderr


@pytest.mark.parametrize(
    "earlier",
    [("second.zip",), ("release.zip",), ("release.zip", "another-second.zip"), ("release.zip", "second.zip", "another-second.zip")],
    ids=["first-missing", "second-missing", "other-second", "two-seconds"],
)
def test_gaps_and_doubles_are_refused(folder: Path, earlier: tuple[str, ...]) -> None:
    options = [option for name in earlier for option in ("--previous", name)]
    done = run(folder, "verify", "third.zip", "--call", "call.json", *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: release: ")


def test_unusable_file_is_one_line(folder: Path) -> None:
    done = run(folder, "export", "release.zip", "--format", "csv", "--audience", "panel", "--out", "x" * 300)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: usage: ")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(("verify", "broken.zip", "--call", "call.json"), "error: release: ", id="broken"),
        pytest.param(("verify", "release.zip", "--call", "not-a-call.json"), "error: version: ", id="no-call"),
        pytest.param(("show", "broken.zip"), "error: release: ", id="show-broken"),
        pytest.param(
            ("export", "release.zip", "--format", "csv", "--audience", "press", "--out", "x.csv"), "error: release: ", id="other-audience"
        ),
    ],
)
def test_refusals_have_their_word(folder: Path, words: tuple[str, ...], expected: str) -> None:
    done = run(folder, *words)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith(expected)
    assert not (folder / "x.csv").exists()


def test_show_prints_the_tables(folder: Path) -> None:
    done = run(folder, "show", "release.zip", "--language", "en", "--call", "call.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "People who reported: 45–49" in done.stdout
    assert "Option A1" in done.stdout
    assert json.loads(run(folder, "show", "release.zip", "--json").stdout)["call"] == "invented"


def test_show_speaks_the_first_language(folder: Path) -> None:
    done = run(folder, "show", "release.zip")
    assert "ចំនួនអ្នករាយការណ៍: ៤៥–៤៩" in done.stdout
    assert "signature was not checked" in done.stderr


@pytest.mark.parametrize(
    ("form", "name"), [("csv", "documents/summary.en.csv"), ("html", "documents/summary.en.html"), ("json", "tables.json")]
)
def test_export_writes_what_the_release_holds(folder: Path, tmp_path: Path, form: str, name: str) -> None:
    import zipfile  # noqa: PLC0415 kept beside its one use

    out = tmp_path / f"out.{form}"
    words = ("--language", "en", "--audience", "panel", "--out", str(out), "--call", "call.json")
    done = run(folder, "export", "release.zip", "--format", form, *words)
    assert (done.returncode, done.stderr) == (0, "")
    with zipfile.ZipFile(folder / "release.zip") as file:
        assert out.read_bytes() == file.read(name)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("verify", "release.zip"), id="no-call"),
        pytest.param(("verify", "nothing.zip", "--call", "call.json"), id="no-file"),
        pytest.param(("show", "release.zip", "--language", "fr"), id="other-language"),
        pytest.param(("export", "release.zip", "--format", "pdf", "--audience", "panel", "--out", "x"), id="other-format"),
        pytest.param(("export", "release.zip", "--format", "csv", "--audience", "panel", "--out", "call.json"), id="there-already"),
        pytest.param(("export", "release.zip", "--format", "csv", "--audience", "panel", "--out", "no/x.csv"), id="no-folder"),
        pytest.param((), id="nothing"),
    ],
)
def test_wrong_use_is_two(folder: Path, words: tuple[str, ...]) -> None:
    assert run(folder, *words).returncode == 2


def test_version_is_printed(folder: Path) -> None:
    assert run(folder, "--version").stdout.startswith("saksei-coordinator ")


def test_coordinator_needs_no_solver() -> None:
    script = (
        "import summary.cli, sys; print([name for name in sys.modules if name.split('.')[0] in {'highspy', 'numpy', 'crypto.opening'}])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip() == "[]"
