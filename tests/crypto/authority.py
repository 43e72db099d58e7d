"""A timestamp authority in a folder, of the openssl command line: a root, and a signer below it (RFC 3161)."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATION = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = Test root
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[tsa]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[bare]
keyUsage = critical,digitalSignature
[authority]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256,sha384,sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "tsa.cnf"]


@dataclass
class Authority:
    """A timestamp authority in a folder."""

    folder: Path

    @classmethod
    def found(cls, folder: Path, *, days: int = 3650) -> Authority:
        folder.mkdir()
        (folder / "tsa.cnf").write_text(CONFIGURATION)
        (folder / "serial").write_text("01\n")
        authority = cls(folder)
        lasts, ends = ["-days", str(days)], ["-extfile", "tsa.cnf", "-extensions", "tsa"]
        authority.openssl("req", "-x509", *NEW_KEY, "-keyout", "root.key", "-out", "root.pem", *lasts, "-extensions", "root")
        authority.openssl("req", *NEW_KEY, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test authority")
        issue = ["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", *lasts, *ends]
        authority.openssl("x509", "-req", "-in", "tsa.csr", *issue, "-out", "tsa.pem")
        return authority

    def openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def token(self, message: bytes, *, hashed: str = "-sha256") -> bytes:
        (self.folder / "message").write_bytes(message)
        self.openssl("ts", "-query", "-data", "message", hashed, "-cert", "-out", "query.tsq")
        self.openssl("ts", "-reply", "-queryfile", "query.tsq", "-config", "tsa.cnf", "-section", "authority", "-out", "reply.tsr")
        return (self.folder / "reply.tsr").read_bytes()

    def answer(self, query: bytes) -> bytes:
        """What the authority answers to a request: a token, or its refusal."""
        (self.folder / "asked.tsq").write_bytes(query)
        self.openssl("ts", "-reply", "-queryfile", "asked.tsq", "-config", "tsa.cnf", "-section", "authority", "-out", "answer.tsr")
        return (self.folder / "answer.tsr").read_bytes()

    @property
    def certificate(self) -> str:
        return (self.folder / "root.pem").read_text()
