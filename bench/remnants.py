"""What stays in memory after a key was used and wiped: `python bench/remnants.py` (Linux).

A process of its own unlocks a key file and opens a report; then it wipes both; then it lets go of everything. Each time its whole memory is
searched, from outside, for every secret that went through it. What is found at the end are copies that Python, or a library below it, made
and freed without overwriting them: whoever seizes a laptop while the tool runs finds those. Another run may differ by a copy or two.
"""

from __future__ import annotations

import base64
import gc
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from argon2.low_level import Type, hash_secret_raw

from crypto import envelope, keyfile
from crypto.container import pack
from crypto.opening import Identity, open_report
from crypto.report import AttachedFile, Consent, Report
from crypto.sealing import seal

if TYPE_CHECKING:
    from collections.abc import Mapping

CALL, CALL_SHA256, MAX_K = "bench", "00" * 32, 20
COST = keyfile.KdfCost(m_kib=65536, t=1, p=1)
STEPS = ("held", "wiped", "let go")
"""When memory is searched: with passphrase, key and report there; after key and report were wiped; after nothing of them is used."""
_PIECE = 64
_MAP = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r")


@dataclass(frozen=True)
class Secrets:
    """What is looked for, by name, and what the process is given to open in `folder`."""

    looked_for: Mapping[str, bytes]

    @classmethod
    def write(cls, folder: Path) -> Secrets:
        """Invent a key, a passphrase and a report, and write what a reviewer would have of them."""
        identity, passphrase = Identity.generate(), os.urandom(12).hex()
        story, attachment = os.urandom(_PIECE).hex(), os.urandom(300_000)
        listed = AttachedFile("film", "video/mp4", len(attachment), hashlib.sha256(attachment).hexdigest())
        consent = Consent("C1", (), contact=False)
        ids = bytes(32), bytes(16), bytes(32)
        report = Report(CALL, CALL_SHA256, 0, *ids, "web", "en", consent, {"story": story}, (listed,))
        sealed = seal(pack(report.to_bytes(), [attachment], max_k=MAX_K), [identity.recipient])
        (folder / "report.age").write_bytes(sealed)
        key_file = keyfile.seal_key(identity.seed, passphrase, call=CALL, cost=COST)
        (folder / "call.key").write_bytes(key_file)
        (folder / "passphrase").write_text(passphrase)
        header = envelope.parse_header(sealed)
        nonce = sealed[header.size : header.size + envelope.NONCE_SIZE]
        file_key = identity.unwrap(header.stanzas) or b""
        expanded = hashlib.shake_256(identity.seed).digest(96)
        return cls(
            {
                "passphrase": passphrase.encode(),
                "key made of the passphrase": _derived(passphrase, key_file),
                "seed of the call's key": bytes(identity.seed),
                "its ML-KEM half, d": expanded[:32],
                "its ML-KEM half, z": expanded[32:64],
                "its X25519 half": expanded[64:],
                "file key of the report": file_key,
                "payload key of the report": bytes(envelope.payload_key(file_key, nonce)),
                "words of the report": story.encode(),
                "attachment, its beginning": attachment[:_PIECE],
                "attachment, its end": attachment[-_PIECE:],
            }
        )


def _derived(passphrase: str, key_file: bytes) -> bytes:
    """Return what Argon2id makes of the passphrase: the key that the seed lies under (format.md F11.3)."""
    salt = base64.b64decode(json.loads(key_file)["kdf"]["salt"])
    return hash_secret_raw(passphrase.encode(), salt, COST.t, COST.m_kib, COST.p, 32, Type.ID)


def use(folder: Path) -> None:
    """Open the report in `folder` and stop at each of STEPS until told to go on: the process that is searched."""
    passphrase = (folder / "passphrase").read_text()
    identity = keyfile.open_key((folder / "call.key").read_bytes(), passphrase)
    checked = {"recipients": 1, "max_k": MAX_K, "call": CALL, "call_sha256": CALL_SHA256, "handle": bytes(32)}
    opened = open_report((folder / "report.age").read_bytes(), identity, **checked)  # type: ignore[arg-type]
    _wait("held")
    opened.wipe()
    identity.wipe()
    _wait("wiped")
    del passphrase, opened, identity
    gc.collect()
    _wait("let go")


def _wait(step: str) -> None:
    print(step, flush=True)
    sys.stdin.readline()


def search(process: int, looked_for: Mapping[str, bytes]) -> dict[str, int]:
    """Return how often each secret stands in the memory of a process that may be read from here."""
    found = dict.fromkeys(looked_for, 0)
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for area in _MAP.finditer(Path(f"/proc/{process}/maps").read_text("utf-8")):
            start, end = int(area[1], 16), int(area[2], 16)
            try:
                memory.seek(start)
                content = memory.read(end - start)
            except (OSError, OverflowError):
                continue  # the kernel's own pages at the end of the address space are not read
            for name, secret in looked_for.items():
                found[name] += content.count(secret)
    return found


def remnants() -> dict[str, dict[str, int]]:
    """Return, for each of STEPS, how often each secret was found."""
    with tempfile.TemporaryDirectory() as folder:
        secrets = Secrets.write(Path(folder))
        command = [sys.executable, "-m", "bench.remnants", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            return {step: _at(step, process, secrets.looked_for) for step in STEPS}


def _at(step: str, process: subprocess.Popen[bytes], looked_for: Mapping[str, bytes]) -> dict[str, int]:
    """Wait until the process has come to a step, search it, and let it go on."""
    if process.stdin is None or process.stdout is None or process.stdout.readline() != f"{step}\n".encode():
        raise RuntimeError("the process that was to be searched has ended")
    found = search(process.pid, looked_for)
    process.stdin.write(b"\n")
    process.stdin.flush()
    return found


def main() -> None:
    """Search once and print a line a secret."""
    if len(sys.argv) > 1:
        use(Path(sys.argv[1]))
        return
    counts = remnants()
    print(f"{'copies in memory':<28}" + "".join(f"{step:>8}" for step in STEPS))
    for name in counts["held"]:
        print(f"{name:<28}" + "".join(f"{counts[step][name]:>8}" for step in STEPS))


if __name__ == "__main__":
    main()
