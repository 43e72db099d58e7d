"""systemd itself accepts the units on a copy, notices every mistyped key, and finds little exposed."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.settings import Settings
from tests.deploy.placed import DEPLOY, QUIET, ran, tool

if TYPE_CHECKING:
    import subprocess

SERVICES = ("saksei-intake.service", "saksei-backup.service", "saksei-timestamps.service")
UNITS = (*SERVICES, "saksei-backup.timer", "saksei-timestamps.timer")
DROPINS = ("nginx.service", "tor@default.service")
KEY = re.compile(r"^([A-Z][A-Za-z]+)=", re.MULTILINE)


def copied(place: Path) -> Path:
    """Our units with commands that exist, and Debian's nginx and tor units beside our additions to them."""
    units = place / "units"
    shutil.copytree(DEPLOY / "systemd", units)
    for path in units.glob("*.service"):
        path.write_text(re.sub(r"/opt/saksei/bin/\S+", sys.executable, path.read_text()))
    for name in DROPINS:
        shutil.copy(Path("/lib/systemd/system") / name, units / name)
    return units


def verified(units: Path, unit: str) -> subprocess.CompletedProcess[str]:
    """What systemd says. It says `0` to a mistyped key: only an empty stderr is a yes."""
    env = {**QUIET, "SYSTEMD_UNIT_PATH": f"{units}:"}
    return ran(tool("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", units / unit, env=env)


@pytest.mark.parametrize("unit", [*UNITS, *DROPINS])
def test_systemd_accepts(tmp_path: Path, unit: str) -> None:
    done = verified(copied(tmp_path), unit)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", [*UNITS, *(f"{name}.d/saksei.conf" for name in DROPINS)])
def test_mistyped_is_noticed(tmp_path: Path, unit: str) -> None:
    """Every key at once, each by its own name in what systemd says."""
    units = copied(tmp_path)
    text = (units / unit).read_text()
    keys = set(KEY.findall(text))
    assert len(keys) >= 3
    (units / unit).write_text(KEY.sub(r"\1x=", text) + ("\n[Service]\nExecStart=/bin/true\n" if unit.endswith(".service") else ""))
    said = verified(units, unit.removesuffix(".d/saksei.conf")).stderr
    assert {key for key in keys if f"'{key}x'" not in said} == set()


@pytest.mark.parametrize(("right", "wrong"), [("ProtectSystem=strict", "ProtectSystem=strickt"), ("ProcSubset=pid", "ProcSubset=pids")])
def test_mistyped_value_is_noticed(tmp_path: Path, right: str, wrong: str) -> None:
    units = copied(tmp_path)
    path = units / "saksei-intake.service"
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong))
    assert verified(units, path.name).stderr != ""


def exposure(units: Path, unit: str) -> subprocess.CompletedProcess[str]:
    """systemd's own score of what a service could do; 1.5 of 10 is the most we allow."""
    return ran(tool("systemd-analyze"), "security", "--offline=true", "--threshold=15", units / unit)


@pytest.mark.parametrize("unit", SERVICES)
def test_little_is_exposed(tmp_path: Path, unit: str) -> None:
    assert exposure(copied(tmp_path), unit).returncode == 0


@pytest.mark.parametrize("guard", ["CapabilityBoundingSet=\n", "SystemCallFilter=@system-service\nSystemCallFilter=~@privileged\n"])
def test_lost_guard_is_noticed(tmp_path: Path, guard: str) -> None:
    units = copied(tmp_path)
    path = units / "saksei-intake.service"
    assert guard in path.read_text()
    path.write_text(path.read_text().replace(guard, ""))
    assert exposure(units, path.name).returncode != 0


@pytest.mark.parametrize("unit", ["saksei-intake.service", *(f"{name}.d/saksei.conf" for name in DROPINS)])
def test_memory_stays_memory(unit: str) -> None:
    """What holds plaintext for a moment is never dumped and never swapped."""
    lines = (DEPLOY / "systemd" / unit).read_text().splitlines()
    assert {"LimitCORE=0", "MemorySwapMax=0"} <= set(lines)


@pytest.mark.parametrize("unit", ["saksei-backup.service", "saksei-timestamps.service"])
def test_helpers_never_see_keys(unit: str) -> None:
    text = (DEPLOY / "systemd" / unit).read_text()
    assert re.search(r"^InaccessiblePaths=.*-/var/lib/saksei/keys( |$)", text, re.MULTILINE)


def test_only_timestamps_go_out() -> None:
    """What takes reports talks to this machine alone; the one unit with a way out takes nothing from anybody, and asks and ends."""
    kept_in = {name for name in SERVICES if "IPAddressDeny=any\n" in (DEPLOY / "systemd" / name).read_text()}
    assert kept_in == {"saksei-intake.service", "saksei-backup.service"}
    lines = (DEPLOY / "systemd" / "saksei-timestamps.service").read_text().splitlines()
    assert {"Type=oneshot", "ExecStart=/opt/saksei/bin/saksei-intake timestamps fetch", "IPAddressDeny=link-local multicast"} <= set(lines)


def test_settings_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """intake.env names settings that exist, and folders that the unit makes."""
    pairs = dict(line.split("=", 1) for line in (DEPLOY / "systemd" / "intake.env").read_text().splitlines() if line and line[0] != "#")
    for name, value in pairs.items():
        assert name.removeprefix("SAKSEI_").lower() in Settings.model_fields
        monkeypatch.setenv(name, value)
    settings = Settings()
    made = re.findall(r"^StateDirectory=(.*)$", (DEPLOY / "systemd" / "saksei-intake.service").read_text(), re.MULTILINE)[0].split()
    assert {str(path) for path in (settings.spool_dir, settings.log_key_dir, settings.log_state_dir)} <= {
        f"/var/lib/{name}" for name in made
    }


def test_account_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    done = ran("systemd-sysusers", f"--root={tmp_path}", DEPLOY / "systemd" / "sysusers.conf")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^saksei:.*:/nonexistent:/usr/sbin/nologin$", (tmp_path / "etc" / "passwd").read_text(), re.MULTILINE)


def test_mistyped_account_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    wrong = tmp_path / "wrong.conf"
    wrong.write_text((DEPLOY / "systemd" / "sysusers.conf").read_text().replace("\nu ", "\nuu "))
    assert ran("systemd-sysusers", f"--root={tmp_path}", wrong).returncode != 0
