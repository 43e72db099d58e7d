"""What `make run` and `make desk` do: a demo call on this machine, with the very commands that docs/operators describe.

Everything lives in `var/`: the server's side in `var/intake.db`, `var/keys`, `var/log`; the reviewers' side in `var/demo/private`
and `var/workspace`. On a real deployment the two never share a machine.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
CALL = "transnational-repression"
PASSPHRASE = VAR / "demo-passphrase"
ENVIRONMENT = {
    **os.environ,
    "SAKSEI_DATABASE_URL": f"sqlite+aiosqlite:///{VAR / 'intake.db'}",
    "SAKSEI_LOG_KEY_DIR": str(VAR / "keys"),
    "SAKSEI_LOG_STATE_DIR": str(VAR / "log"),
    "SAKSEI_HOST": "127.0.0.1",
    "SAKSEI_PORT": "8000",
    "SAKSEI_PUBLIC_URL": "http://127.0.0.1:8000",
}
WELCOME = f"""
Saksei is ready.  Open  http://127.0.0.1:8000  in a browser and write a report (in Khmer or English).

  In another terminal, `make desk` carries what came in to the reviewers' side, verifies it and lists it.
  A report appears in the public log within about a minute: this demo call publishes every minute; a real one every six hours.
  The reviewers' demo passphrase is in {PASSPHRASE.relative_to(ROOT)}; on a real call it is on paper, and the key is on no server.
  Stop with Ctrl+C. `rm -r var` forgets the demo call and everything sent to it.
"""


def saksei(*arguments: str) -> None:
    """Run one of the three commands; stop with its exit code where it refuses."""
    command = [str(Path(sys.executable).parent / arguments[0]), *arguments[1:]]
    done = subprocess.run(command, env=ENVIRONMENT, cwd=ROOT, check=False)  # noqa: S603  (our own commands)
    if done.returncode:
        sys.exit(done.returncode)


def make_call() -> None:
    """Build the demo call once, and hand its server part to the intake."""
    VAR.mkdir(mode=0o700, exist_ok=True)
    if not PASSPHRASE.exists():
        PASSPHRASE.touch(mode=0o600)
        PASSPHRASE.write_text(secrets.token_urlsafe(16) + "\n")
    if not (VAR / "demo").exists():
        saksei(
            *("saksei-reviewer", "call", "build", f"questionnaire/calls/{CALL}.yaml", "--demo", "--host", "127.0.0.1:8000"),
            *("--out", str(VAR / "demo"), "--kdf-memory-mib", "64", "--passphrase-file", str(PASSPHRASE)),
        )
    saksei("saksei-intake", "migrate")
    saksei("saksei-intake", "call", "add", str(VAR / "demo" / "server"))


def run() -> None:
    """Serve the demo call until stopped."""
    make_call()
    print(WELCOME, flush=True)
    try:
        saksei("saksei-intake", "serve")
    except KeyboardInterrupt:
        print("\nStopped.")


def desk() -> None:
    """Carry the bundle over, verify it, import it, list it."""
    if not (VAR / "demo").exists():
        sys.exit("There is no demo call yet: start `make run` first, and write a report.")
    bundle, private = VAR / "demo.bundle", VAR / "demo" / "private"
    bundle.unlink(missing_ok=True)
    workspace = ("--workspace", str(VAR / "workspace"), "--passphrase-file", str(PASSPHRASE))
    saksei("saksei-intake", "export", CALL, "--out", str(bundle))
    saksei("saksei-reviewer", "verify", str(bundle))
    saksei("saksei-reviewer", "import", str(bundle), "--key", str(private / "call.key"), *workspace)
    saksei("saksei-reviewer", "list", *workspace)
    print(
        f"\nTo read one:  .venv/bin/saksei-reviewer show REPORT --workspace var/workspace --passphrase-file {PASSPHRASE.relative_to(ROOT)}"
    )


if __name__ == "__main__":
    {"run": run, "desk": desk}[sys.argv[1]]()
