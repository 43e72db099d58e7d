"""Find or install what the tests drive but PyPI and npm do not bring: a browser and a few small tools.

`make test` runs this first. As root on Debian it installs the packages; elsewhere it uses what the system has, asks Playwright for
Chromium, and says plainly which tests cannot run for want of what.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# tool looked for on PATH (or a file, by its whole path) -> Debian package, what the tests do with it
TOOLS = {
    "chromium": ("chromium", "drive the form in a real browser"),
    "firefox-esr": ("firefox-esr", "run the vectors in the browser that Tor Browser is made of"),
    "minisign": ("minisign", "check our signatures with the stock tool"),
    "strace": ("strace", "watch every byte the server writes"),
    "nginx": ("nginx-light", "put a proxy before the server"),
    "/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so": (
        "libnginx-mod-http-headers-more-filter",
        "put a proxy before the server",
    ),
    "systemd-analyze": ("systemd", "check the units"),
    "tor": ("tor", "check the onion service"),
    "faketime": ("faketime", "move the clock across a deadline"),
    "cc": ("gcc", "build a disk that forgets"),
    "/usr/include/stdio.h": ("libc6-dev", "build a disk that forgets"),
    "ip": ("iproute2", "cut hosts off from each other"),
}
SERVERS_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
"""Where servers are: not everybody's PATH says so."""

POLICY = Path("/usr/sbin/policy-rc.d")
"""What Debian asks before it starts a service that was just installed."""


def located(name: str) -> str | None:
    """The path of a tool or file of TOOLS; None when it is not there."""
    if name.startswith("/"):
        return name if Path(name).exists() else None
    return shutil.which(name, path=SERVERS_PATH)


def missing() -> list[str]:
    """Names of the tools that are not there."""
    return [name for name in TOOLS if located(name) is None]


@contextmanager
def services_stay_off() -> Iterator[None]:
    """Keep Debian from starting a server because its package is installed: the tests start their own, on 127.0.0.1."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def install_debian(names: list[str]) -> None:
    """Install the Debian packages of `names`; a failure is left for the report at the end."""
    packages = [TOOLS[name][0] for name in names]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    print("Installing for the tests:", ", ".join(packages), flush=True)
    with services_stay_off():
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *packages]):
            subprocess.run(command, check=False, env=environment, **quiet)  # type: ignore[call-overload]


def playwright_chromium() -> Path | None:
    """Path of Playwright's own Chromium, downloaded if it can be."""
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  (only needed where no system browser is)

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def main() -> int:
    """Install what can be installed, then say what could not."""
    names = missing()
    if names and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        install_debian(names)
        names = missing()
    if "chromium" in names and playwright_chromium():
        names.remove("chromium")
    for name in names:
        print(f"COULD NOT FIND {name}: the tests that {TOOLS[name][1]} will fail, not be skipped.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
