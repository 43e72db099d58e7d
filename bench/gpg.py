"""The tool that people would use otherwise, on the same bytes: gpg with an elliptic-curve key, all files in one process."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "bench@example.org"
# Nothing is compressed, since nothing is in a sealed report; and gpg is spared its web of trust.
QUIET = ("gpg", "--batch", "--quiet", "--yes", "--trust-model", "always", "--compress-algo", "none")


def gpg_seconds(contents: Sequence[bytes]) -> float | None:
    """Seconds in which `gpg --multifile --decrypt` opens files of these contents, one process for all; None where there is no gpg."""
    if shutil.which("gpg") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        home, place = Path(folder, "home"), Path(folder, "files")
        home.mkdir(mode=0o700)
        place.mkdir()
        env = {**os.environ, "GNUPGHOME": str(home)}
        subprocess.run([*QUIET, "--passphrase", "", "--quick-generate-key", NAME, "future-default"], env=env, check=True)
        try:
            for number, content in enumerate(contents):
                (place / f"{number:05d}").write_bytes(content)
            plain = sorted(str(path) for path in place.iterdir())
            subprocess.run([*QUIET, "--recipient", NAME, "--multifile", "--encrypt", *plain], env=env, check=True)
            for path in plain:
                Path(path).unlink()  # gpg writes them anew
            started = time.perf_counter()
            subprocess.run([*QUIET, "--multifile", "--decrypt", *(f"{path}.gpg" for path in plain)], env=env, check=True)
            taken = time.perf_counter() - started
            if any(Path(path).read_bytes() != content for path, content in zip(plain, contents, strict=True)):
                raise RuntimeError("gpg opened something else than what was sealed")
            return taken
        finally:
            subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=env, check=True)
