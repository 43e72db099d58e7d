"""The operators' pages name what deploy/ holds, and only settings and limits that are there."""

from __future__ import annotations

import re

from app.settings import Settings
from tests.deploy.placed import DEPLOY, ROOT

PAGES = "\n".join(path.read_text() for path in sorted((ROOT / "docs" / "operators").glob("*.md")))
SHIPPED = sorted(path.relative_to(ROOT).as_posix() for path in DEPLOY.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"})


def unnamed(pages: str) -> list[str]:
    """Files of deploy/ that no page tells an operator what to do with."""
    return [path for path in SHIPPED if path not in pages]


def test_every_file_is_explained() -> None:
    assert len(SHIPPED) >= 11
    assert unnamed(PAGES) == []


def test_unexplained_is_noticed() -> None:
    assert unnamed(PAGES.replace("deploy/tor/torrc", "")) == ["deploy/tor/torrc"]


def test_every_setting_is_explained() -> None:
    named = {name.lower() for name in re.findall(r"SAKSEI_([A-Z_]+)", PAGES)}
    assert set(Settings.model_fields) - named - {"development"} == set()


def test_limits_are_those_shipped() -> None:
    server = (DEPLOY / "nginx" / "saksei-server.conf").read_text()
    assert re.findall(r"client_max_body_size (\d+)([km]);", server) == [("64", "k"), ("65", "m"), ("257", "m")]
    assert "64 KiB; 65 MiB for sealed reports, 257 MiB for plain forms" in PAGES
