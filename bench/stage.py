"""A whole Saksei in one temporary folder, started through its own three commands: for benchmarks and end-to-end tests.

Servers bind 127.0.0.1 and are ended by their own process id.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COMMANDS = Path(sys.executable).parent
PASSPHRASE = "plainly invented words for a test"  # noqa: S105  (guards nothing real)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_port(port: int, path: str, process: subprocess.Popen[bytes], seconds: float = 300) -> None:
    """Return when GET `path` answers 200; raise when the process ends or the time is up."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with exit code {process.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise TimeoutError("the server did not come up")


@contextmanager
def running(command: Sequence[str], *, port: int, ready: str, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a session of its own until the block ends; it is stopped with SIGTERM, and with SIGKILL after 20 seconds."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=env, stdout=output, stderr=output, start_new_session=True)
    try:
        await_port(port, ready, process)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@dataclass
class Stage:
    """One call on one server, and its reviewers' side beside it.

    `place` is an empty folder; `database_url` is a SAKSEI_DATABASE_URL (SQLite inside `place` when empty).
    """

    place: Path
    database_url: str = ""
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        """Write the passphrase file, and choose the database."""
        self.database_url = self.database_url or f"sqlite+aiosqlite:///{self.place / 'data' / 'intake.db'}"
        (self.place / "data").mkdir(mode=0o700, exist_ok=True)
        self.passphrase_file.write_text(PASSPHRASE + "\n")
        self.passphrase_file.chmod(0o600)

    @property
    def passphrase_file(self) -> Path:
        """Where the test's passphrase stands."""
        return self.place / "passphrase"

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> Path:
        """The reviewers' key file."""
        return self.place / "call" / "private" / "call.key"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the intake, and a temporary folder of its own so that a test can search it."""
        (self.place / "tmp").mkdir(exist_ok=True)
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("SAKSEI_")},
            "SAKSEI_DATABASE_URL": self.database_url,
            "SAKSEI_HOST": "127.0.0.1",
            "SAKSEI_PORT": str(self.port),
            "SAKSEI_PUBLIC_URL": self.url,
            "SAKSEI_LOG_KEY_DIR": str(self.place / "keys"),
            "SAKSEI_LOG_STATE_DIR": str(self.place / "log"),
            "TMPDIR": str(self.place / "tmp"),
        }

    def run(self, *arguments: str | Path, refused: bool = False) -> subprocess.CompletedProcess[str]:
        """Run `saksei-…`; a non-zero exit raises unless `refused` is expected (then it must be exactly 1)."""
        command = [str(COMMANDS / str(arguments[0])), *map(str, arguments[1:])]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, cwd=self.place)
        if done.returncode != int(refused):
            raise RuntimeError(f"{' '.join(command)}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def build_call(self, definition: Path, *options: str) -> None:
        """`call build` with a small key derivation, `migrate`, `call add`."""
        small = ("--kdf-memory-mib", "64", "--passphrase-file", self.passphrase_file)
        host = f"127.0.0.1:{self.port}"
        self.run("saksei-reviewer", "call", "build", definition, "--host", host, "--out", self.place / "call", *small, *options)
        self.run("saksei-intake", "migrate")
        self.run("saksei-intake", "call", "add", self.place / "call" / "server")

    @contextmanager
    def serving(self, *wrapper: str) -> Iterator[subprocess.Popen[bytes]]:
        """`saksei-intake serve` until the block ends; `wrapper` goes before the command (strace, faketime)."""
        command = [*wrapper, str(COMMANDS / "saksei-intake"), "serve"]
        with running(command, port=self.port, ready="/readyz", env=self.environment, log=self.place / "server.log") as process:
            yield process
