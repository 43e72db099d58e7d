"""How fast reports are sealed and opened, beside the bare ciphers on the same bytes: `python bench/open.py`.

The floor of opening is `hpke.Suite.decrypt` of a stanza and ChaCha20-Poly1305 over the payload in one piece; of sealing, the same two
backwards. Three things are opened: the age file alone, which is what the floor does and no more; the whole report, which is also unpacked,
read and held against its call; and, of a report with attachments, the whole beside a floor that takes their SHA-256 too, as every reader of
a report must, and that SHA-256 alone. Every result is dropped at once, ours and the floor's: memory that a process has never had before
costs more than the cipher does. Where gpg is installed, it opens the same containers too.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import median
from time import process_time
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from bench.gpg import gpg_seconds
from bench.rounds import load, medians, taken
from crypto.container import pack
from crypto.opening import Identity, open_age, open_report
from crypto.receipts import Receipt
from crypto.report import AttachedFile, Consent, Report
from crypto.sealing import seal

if TYPE_CHECKING:
    from collections.abc import Iterable

CALL, CALL_SHA256, MAX_K = "bench", hashlib.sha256(b"bench").hexdigest(), 24
SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
INFO = b"age-encryption.org/mlkem768x25519"
PROCESSES = 2


@dataclass(frozen=True)
class Sample:
    """One report in every form that is measured: `payload` is the container under the bare cipher, `stanza` a sealed file key."""

    handle: bytes
    attachment: bytes
    container: bytes
    envelope: bytes
    stanza: bytes
    payload: bytes


class Bench:
    """Reports of one size with the keys that open them."""

    def __init__(self, attached: int, count: int) -> None:
        """Make `count` reports, each with one attachment of `attached` bytes (none for 0)."""
        self.identity = Identity.generate()
        self.cipher = ChaCha20Poly1305(os.urandom(32))
        self.private = hpke.MLKEM768X25519PrivateKey(MLKEM768PrivateKey.generate(), X25519PrivateKey.generate())
        self.samples = [self._sample(attached) for _ in range(count)]

    def _sample(self, attached: int) -> Sample:
        attachment = os.urandom(attached)
        handle, container = packed(attachment)
        stanza = SUITE.encrypt(os.urandom(16), self.private.public_key(), INFO)
        payload = self.cipher.encrypt(bytes(12), container, None)
        return Sample(handle, attachment, container, seal(container, [self.identity.recipient]), stanza, payload)

    def bare_seal(self) -> None:
        """Encrypt file keys and containers with the two ciphers alone."""
        recipient = self.identity.recipient.key
        for sample in self.samples:
            SUITE.encrypt(bytes(16), recipient, INFO)
            self.cipher.encrypt(bytes(12), sample.container, None)

    def seal(self) -> None:
        """Seal every container."""
        for sample in self.samples:
            seal(sample.container, [self.identity.recipient])

    def bare_open(self, first: int = 0, end: int | None = None) -> None:
        """Decrypt file keys and containers with the two ciphers alone."""
        for sample in self.samples[first:end]:
            SUITE.decrypt(sample.stanza, self.private, INFO)
            self.cipher.decrypt(bytes(12), sample.payload, None)

    def bare_open_and_hash(self) -> None:
        """Do the same, and hash the attachments."""
        for sample in self.samples:
            SUITE.decrypt(sample.stanza, self.private, INFO)
            self.cipher.decrypt(bytes(12), sample.payload, None)
            hashlib.sha256(sample.attachment).digest()

    def hash(self) -> None:
        """Hash the attachments, and nothing else."""
        for sample in self.samples:
            hashlib.sha256(sample.attachment).digest()

    def open_age(self) -> None:
        """Open every envelope as a plain age file."""
        for sample in self.samples:
            open_age(sample.envelope, [self.identity])

    def open_report(self, first: int = 0, end: int | None = None) -> None:
        """Open every envelope as the report of its call, with all that is checked."""
        checked = {"recipients": 1, "max_k": MAX_K, "call": CALL, "call_sha256": CALL_SHA256, "place": 0}
        for sample in self.samples[first:end]:
            open_report(sample.envelope, self.identity, handle=sample.handle, **checked)  # type: ignore[arg-type]


FORKED: list[Bench] = []
"""What the processes of `measure_processes` open: forked, they have it without copying it over."""


def packed(attachment: bytes) -> tuple[bytes, bytes]:
    """The handle and the container of a report of a page with one attachment, or none."""
    receipt = Receipt.generate()
    listed = AttachedFile("film.bin", "application/octet-stream", len(attachment), hashlib.sha256(attachment).hexdigest())
    report = Report(
        call=CALL,
        call_sha256=CALL_SHA256,
        seq=0,
        handle=receipt.handle(CALL, 0),
        thread=receipt.thread(CALL),
        reply_key=receipt.reply_key(CALL),
        form="web",
        lang="en",
        consent=Consent("C1", (), contact=False),
        answers={"story": "Nobody in particular, nowhere at all. " * 40},
        files=(listed,) if attachment else (),
    )
    return report.handle, pack(report.to_bytes(), [attachment] if attachment else [], max_k=MAX_K)


def forked_open(first: int, end: int) -> None:
    """Open some reports in a process of its own."""
    FORKED[0].open_report(first, end)


def forked_bare_open(first: int, end: int) -> None:
    """Decrypt some payloads in a process of its own."""
    FORKED[0].bare_open(first, end)


def say(what: str, bench: Bench, ours: float, floors: Iterable[tuple[float, str]]) -> None:
    """Print reports a second, megabytes a second, and the ratio to each floor of the same run."""
    count, size = len(bench.samples), len(bench.samples[0].container)
    ratios = ", ".join(f"{base / ours:.2f} of {name}" for base, name in floors)
    print(f"{what:<26} {count / ours:7.0f}/s {count * size / ours / 1e6:7.0f} MB/s   {ratios}", flush=True)


def measure(name: str, bench: Bench, rounds: int) -> None:
    """Seal and open reports of one size in one process, in seconds of a core: nothing here waits for anything but a core."""
    base, ours = medians(bench.bare_seal, bench.seal, rounds=rounds, clock=process_time)
    say(f"seal {name}", bench, ours, [(base, "the bare ciphers")])
    works = (bench.bare_open, bench.bare_open_and_hash, bench.hash, bench.open_age, bench.open_report)
    times = taken(*works, rounds=rounds, clock=process_time)
    base, hashed, alone, age, whole = map(median, times)
    say(f"open {name}, age file", bench, age, [(base, "the bare ciphers")])
    floors = [(base, "the bare ciphers")]
    if bench.samples[0].attachment:
        say(f"SHA-256 alone, {name}", bench, alone, [(base, "the bare ciphers")])
        floors.append((hashed, "the bare ciphers and SHA-256"))
    say(f"open {name}, whole report", bench, whole, floors)
    (base, *_, age, whole), tenth = [each[rounds // 10] for each in times], "in the fastest tenth of the rounds, which little disturbed"
    print(f"{'':<26} {tenth}: age file {base / age:.2f}, whole report {base / whole:.2f} of the bare ciphers", flush=True)


def measure_processes(name: str, bench: Bench) -> None:
    """Open reports in two processes, and let the bare ciphers show what two processes can gain on this machine."""
    FORKED[:] = [bench]
    count = len(bench.samples)
    firsts = range(0, count, count // PROCESSES)
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("fork")) as pool:
        ends = [*firsts[1:], count]
        one, two, base_one, base_two = medians(
            bench.open_report,
            lambda: list(pool.map(forked_open, firsts, ends)),
            bench.bare_open,
            lambda: list(pool.map(forked_bare_open, firsts, ends)),
        )
    gained = f"{one / two:.2f} × one process (the bare ciphers: {base_one / base_two:.2f} ×)"
    print(f"{f'open {name}, 2 processes':<26} {count / two:7.0f}/s                {gained}", flush=True)
    peer = gpg_seconds([sample.container for sample in bench.samples])
    if peer is None:
        print("gpg is not installed here: not compared with it (Debian: apt-get install gnupg)")
    else:
        print(
            f"gpg --multifile {name}     {count / peer:7.0f}/s   opened here {peer / one:.1f} × as fast, by 2 processes {peer / two:.1f} ×"
        )


def main() -> None:
    """Measure the smallest class and the largest, in many short rounds."""
    print(f"sealing and opening, medians {load()}; in one process by the time of a core, in two by the clock")
    measure("64 KiB", Bench(0, 10), rounds=501)
    measure_processes("64 KiB", Bench(0, 1000))
    measure("16 MiB", Bench(15_000_000, 2), rounds=15)


if __name__ == "__main__":
    main()
