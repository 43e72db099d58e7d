"""How fast reports are sealed and opened, beside the bare ciphers on the same bytes: `python bench/open.py`.

The floor of opening is `hpke.Suite.decrypt` of one stanza and one-shot ChaCha20-Poly1305 over the payload's bytes; of sealing, the same two
backwards. Every figure is the median of five rounds, and every ratio is to the floor of the same run.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto.container import pack
from crypto.opening import Identity, open_report
from crypto.receipts import Receipt
from crypto.report import AttachedFile, Consent, Report
from crypto.sealing import seal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CALL, CALL_SHA256, MAX_K = "bench", hashlib.sha256(b"bench").hexdigest(), 24
ROUNDS = 5
SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
INFO = b"age-encryption.org/mlkem768x25519"
Sealed = tuple[bytes, bytes]  # handle, envelope
SHARED: list[Sealed] = []


def container(attached: int) -> tuple[bytes, bytes]:
    """The handle and the container of a report of three lines with one attachment of `attached` bytes (none for 0)."""
    receipt, attachment = Receipt.generate(), os.urandom(attached)
    listed = AttachedFile("film.bin", "application/octet-stream", attached, hashlib.sha256(attachment).hexdigest())
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
        files=(listed,) if attached else (),
    )
    return report.handle, pack(report.to_bytes(), [attachment] if attached else [], max_k=MAX_K)


def open_all(seed: bytes, reports: Sequence[Sealed]) -> int:
    """Open every report wholly; the number opened."""
    identity = Identity.from_seed(seed)
    for handle, envelope in reports:
        open_report(envelope, identity, recipients=1, max_k=MAX_K, call=CALL, call_sha256=CALL_SHA256, handle=handle)
    return len(reports)


def open_shared(seed: bytes, first: int, end: int) -> int:
    """Open some of the reports that the parent process made."""
    return open_all(seed, SHARED[first:end])


def bare_open(private: hpke.MLKEM768X25519PrivateKey, stanza: bytes, cipher: ChaCha20Poly1305, payload: bytes, count: int) -> None:
    """Decrypt one stanza and one payload in one piece, `count` times."""
    for _ in range(count):
        SUITE.decrypt(stanza, private, INFO)
        cipher.decrypt(bytes(12), payload, None)


def seconds(work: Callable[[], object]) -> float:
    """Median seconds of ROUNDS runs of `work`."""
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def say(name: str, ours: float, base: float, count: int, size: int) -> None:
    """Print one measure: reports a second, megabytes a second, and the ratio to its floor."""
    print(f"{name:<28} {count / ours:9.0f}/s {count * size / ours / 1e6:9.0f} MB/s   {base / ours:.2f} of the bare cipher")


def measure(name: str, attached: int, count: int) -> None:
    """Seal and open `count` reports of one size, in one process and in two."""
    identity = Identity.generate()
    seed, recipient = bytes(identity.seed), identity.recipient
    private = hpke.MLKEM768X25519PrivateKey(MLKEM768PrivateKey.generate(), X25519PrivateKey.generate())
    packed = [container(attached) for _ in range(min(count, 50))]
    packed = [packed[number % len(packed)] for number in range(count)]
    size = len(packed[0][1])
    cipher = ChaCha20Poly1305(os.urandom(32))
    plain, payload = packed[0][1], cipher.encrypt(bytes(12), packed[0][1], None)
    stanza = SUITE.encrypt(os.urandom(16), private.public_key(), INFO)

    def bare_seal() -> None:
        for _ in range(count):
            SUITE.encrypt(bytes(16), recipient.key, INFO)
            cipher.encrypt(bytes(12), plain, None)

    base = seconds(lambda: bare_open(private, stanza, cipher, payload, count))
    say(f"seal {name}", seconds(lambda: [seal(inside, [recipient]) for _, inside in packed]), seconds(bare_seal), count, size)
    sealed = [(handle, seal(inside, [recipient])) for handle, inside in packed]
    one = seconds(lambda: open_all(seed, sealed))
    say(f"open {name}", one, base, count, size)
    if size <= 65536:
        SHARED[:] = sealed
        with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:  # forked: the reports are there, nothing is copied over
            halves = [(seed, 0, count // 2), (seed, count // 2, count)]
            list(pool.map(open_shared, *zip(*halves, strict=True)))
            two = seconds(lambda: list(pool.map(open_shared, *zip(*halves, strict=True))))
        print(f"open {name}, 2 processes   {count / two:9.0f}/s   {one / two:.2f} × one process")


def main() -> None:
    """Measure the smallest class and the largest."""
    measure("64 KiB", 0, 1000)
    measure("16 MiB", 15_000_000, 4)


if __name__ == "__main__":
    main()
