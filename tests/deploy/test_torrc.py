"""tor itself accepts the onion service on a copy, and notices every mistyped option."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.deploy.placed import DEPLOY, changed, ran, tool

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

TORRC = (DEPLOY / "tor" / "torrc").read_text()
OPTIONS = sorted(set(re.findall(r"^([A-Z]\w+) ", TORRC, re.MULTILINE)))


def checked(place: Path, text: str) -> subprocess.CompletedProcess[str]:
    """tor's verdict; without a DataDirectory of its own it would look at the system's."""
    path, defaults = place / "torrc", place / "defaults"
    path.write_text(changed(text, {"/var/lib/tor/saksei": str(place / "saksei")}))
    defaults.write_text("")
    (place / "data").mkdir(mode=0o700, exist_ok=True)
    return ran(tool("tor"), "--verify-config", "--defaults-torrc", defaults, "-f", path, "--DataDirectory", place / "data")


def test_tor_accepts(tmp_path: Path) -> None:
    done = checked(tmp_path, TORRC)
    assert done.returncode == 0, done.stdout
    assert [line for line in done.stdout.splitlines() if "[warn]" in line and "as root" not in line] == []
    assert "Configuration was valid" in done.stdout


@pytest.mark.parametrize("option", OPTIONS)
def test_mistyped_is_noticed(tmp_path: Path, option: str) -> None:
    done = checked(tmp_path, TORRC.replace(f"{option} ", f"{option}x ", 1))
    assert done.returncode != 0
    assert f"{option}x" in done.stdout


def test_onion_leads_to_nginx() -> None:
    """The port that tor hands on to is the one where nginx listens for it."""
    port = re.findall(r"^HiddenServicePort 80 (\S+)$", TORRC, re.MULTILINE)
    assert len(port) == 1
    assert f"listen {port[0]};" in (DEPLOY / "nginx" / "nginx.conf").read_text()
