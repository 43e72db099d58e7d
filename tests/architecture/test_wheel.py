"""The built wheel, each extra alone in a clean environment: its command runs, and the server's side cannot reach a key."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = str(Path(sys.executable).parent / "uv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [UV, "build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


def test_wheel_carries_what_it_serves(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "form/static/manifest.json" in names
    assert "app/migrations/env.py" in names
    assert "questionnaire/calls/transnational-repression.yaml" in names
    assert not [name for name in names if name.endswith((".ts", "signing.key", "call.key"))]
    assert not [name for name in names if name.startswith(("tests/", "bench/", "var/"))]


@pytest.fixture(scope="module")
def environments(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for extra in ("intake", "reviewer", "coordinator"):
        place = tmp_path_factory.mktemp(extra) / "venv"
        subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, str(place)], check=True, capture_output=True)
        requirement = f"saksei[{extra}] @ {wheel.as_uri()}"
        pins = ["--constraint", str(ROOT / "locks" / "run.txt")]
        install = [UV, "pip", "install", "--quiet", "--python", str(place / "bin" / "python"), *pins, requirement]
        subprocess.run(install, check=True, capture_output=True)
        made[extra] = place / "bin"
    return made


@pytest.mark.parametrize("extra", ["intake", "reviewer", "coordinator"])
def test_extra_runs_its_command_alone(extra: str, environments: dict[str, Path]) -> None:
    command = [str(environments[extra] / f"saksei-{extra}")]
    for option, said in (("--help", "Usage"), ("--version", "0.1.0")):
        done = subprocess.run([*command, option], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


def test_server_never_loads_what_opens(environments: dict[str, Path]) -> None:
    probe = (
        "import app.main, sys; rooms = ('crypto.opening', 'crypto.keyfile', 'crypto.shares', 'reviewer', 'summary');"
        "print([name for name in sys.modules if name.startswith(rooms)])"
    )
    done = subprocess.run([str(environments["intake"] / "python"), "-c", probe], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
