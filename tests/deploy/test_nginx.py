"""nginx itself accepts the configuration on a copy, and notices every mistyped directive."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.deploy.placed import DEPLOY, PlacedNginx, ran, tool

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

DIRECTIVE = re.compile(r"^ *(?:~\S+ )?([a-z_]{4,}) (?=.*[;{]$)", re.MULTILINE)


def checked(placed: PlacedNginx) -> subprocess.CompletedProcess[str]:
    return ran(tool("nginx"), "-t", "-p", placed.place, "-c", placed.conf)


def directives() -> list[str]:
    """Every directive that stands in our files, once."""
    texts = [(DEPLOY / "nginx" / name).read_text() for name in ("nginx.conf", "saksei-server.conf", "saksei-headers.conf")]
    found = {name for text in texts for name in DIRECTIVE.findall(text)} - {"default"}
    assert len(found) > 40
    return sorted(found)


def test_nginx_accepts(tmp_path: Path) -> None:
    done = checked(PlacedNginx(tmp_path, intake=1))
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if not line.endswith(("syntax is ok", "test is successful"))] == []


def test_mistyped_is_noticed(tmp_path: Path) -> None:
    for number, name in enumerate(directives()):
        wrong = PlacedNginx(tmp_path / str(number), intake=1, changes={f"{name} ": f"{name[:-1]}{name[-1] * 2} "})
        done = checked(wrong)
        assert (done.returncode, "unknown directive" in done.stderr) == (1, True), name


def test_mistyped_value_is_noticed(tmp_path: Path) -> None:
    for number, (right, wrong) in enumerate(
        {"proxy_request_buffering off": "proxy_request_buffering of", "access_log off": "access_log", "emerg;": "emerge;"}.items()
    ):
        assert checked(PlacedNginx(tmp_path / str(number), intake=1, changes={right: wrong})).returncode == 1, wrong
