"""The files of deploy/ as they would stand on a host, on a copy: paths, ports and a generated certificate put in, nothing else changed."""

from __future__ import annotations

import getpass
import os
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.stage import free_port
from tests.prepare import located

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
HOST = "report.example.org"
ONION = "a" * 56 + ".onion"
QUIET = {**os.environ, "LC_ALL": "C"}


def tool(name: str) -> str:
    """Path of a tool that tests/prepare.py installs. A missing one fails the test."""
    path = located(name)
    assert path is not None, f"{name} is missing: tests/prepare.py installs it"
    return path


def ran(*command: str | Path, env: Mapping[str, str] = QUIET) -> subprocess.CompletedProcess[str]:
    """Run a checker and keep what it says."""
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, env=dict(env), timeout=60)


def changed(text: str, changes: Mapping[str, str]) -> str:
    """`text` with every key replaced; a key that does not stand in it fails the test: it would change nothing."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def write_certificate(place: Path, host: str = HOST) -> tuple[Path, Path]:
    """A self-signed certificate for `host` and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
    made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=9))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    chain, private = place / "fullchain.pem", place / "privkey.pem"
    chain.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*form))
    return chain, private


@dataclass
class PlacedNginx:
    """The nginx configuration on a copy in `place` (an empty folder), in front of the intake on port `intake`."""

    place: Path
    intake: int
    http: int = field(default_factory=free_port)
    tls: int = field(default_factory=free_port)
    onion: int = field(default_factory=free_port)
    changes: Mapping[str, str] = field(default_factory=dict)
    """Made to every file in which the text stands: how a twin breaks a guard."""

    def __post_init__(self) -> None:
        """Write the copy."""
        self.place.mkdir(exist_ok=True)
        chain, private = write_certificate(self.place)
        text = changed((DEPLOY / "nginx" / "nginx.conf").read_text(), {"listen [::]:": "#"})
        text = changed(
            text,
            {
                "user www-data;": f"user {getpass.getuser()};" if os.geteuid() == 0 else "",
                "/run/nginx": f"{self.place}/nginx",
                "listen 80": f"listen 127.0.0.1:{self.http}",
                "listen 443": f"listen 127.0.0.1:{self.tls}",
                "listen 127.0.0.1:8081": f"listen 127.0.0.1:{self.onion}",
                f"/etc/letsencrypt/live/{HOST}/fullchain.pem": str(chain),
                f"/etc/letsencrypt/live/{HOST}/privkey.pem": str(private),
                "/etc/nginx/": f"{self.place}/",
            },
        )
        server = changed((DEPLOY / "nginx" / "saksei-server.conf").read_text(), {"127.0.0.1:8000": f"127.0.0.1:{self.intake}"})
        server = changed(server, {"/etc/nginx/": f"{self.place}/"})
        files = {"nginx.conf": text, "saksei-server.conf": server, "saksei-headers.conf": self._headers()}
        for old in self.changes:
            assert any(old in content for content in files.values()), old
        for name, content in files.items():
            self.conf.with_name(name).write_text(self._broken(content))

    @property
    def conf(self) -> Path:
        """The main file."""
        return self.place / "nginx.conf"

    @property
    def command(self) -> tuple[str, ...]:
        """What runs it in the foreground."""
        return (tool("nginx"), "-p", str(self.place), "-c", str(self.conf), "-g", "daemon off;")

    def _headers(self) -> str:
        return (DEPLOY / "nginx" / "saksei-headers.conf").read_text()

    def _broken(self, text: str) -> str:
        for old, new in self.changes.items():
            text = text.replace(old, new)
        return text
