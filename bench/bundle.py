"""How fast a bundle is verified, beside reading and hashing its bytes: `python bench/bundle.py [--reports 20000]`.

The floor reads the same file from its first byte to its last and takes its SHA-256, which no verification can do without. The envelopes
are random bytes of the smallest class: a verification hashes them and never opens one. 20,000 reports take 1.5 GB in a temporary folder,
which is removed; the file is in the page cache when it is read, so that neither figure is that of a disk.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from bench.rounds import load, medians, most_memory
from crypto import canonical, entries, merkle
from crypto.bundle import Member, checkpoint_name, envelope_name, open_bundle, write_bundle
from crypto.envelope import sealed_size
from crypto.minisign import SecretKey
from crypto.notes import Checkpoint, SignerKey
from crypto.opening import Identity
from questionnaire.loader import call_document, load_definition

ROOT = Path(__file__).resolve().parent.parent
CALL = "transnational-repression"
HOST = "bench.example"
SIZE = sealed_size(1, 1 << 16)
REPORTS = 2000
CHUNK = 1 << 20


def envelope(number: int) -> bytes:
    """Always the same random bytes for one number, so that they can be made again in place of being kept."""
    return random.Random(number).randbytes(SIZE)  # noqa: S311  (guards nothing)


def chunks(number: int) -> tuple[bytes]:
    """The same as the one piece that a member is written from."""
    return (envelope(number),)


def write(path: Path, count: int) -> None:
    """Write the bundle of a closed call with `count` reports, all of them live."""
    log_key, signing = SignerKey.generate(f"{HOST}/{CALL}"), SecretKey.generate()
    document = call_document(
        load_definition(ROOT / "questionnaire" / "calls" / f"{CALL}.yaml"),
        host=HOST,
        recipients=[str(Identity.generate().recipient)],
        log_vkey=str(log_key.vkey),
        signing_key=signing.public_key,
    )
    call_json = canonical.dumps(document)
    call_hash = hashlib.sha256(call_json)
    sums = f"{call_hash.hexdigest()}  call.json\n".encode()
    digests = [hashlib.sha256(envelope(number)).digest() for number in range(count)]
    reports = (entries.report_entry(digest, hashlib.sha256(digest).digest()) for digest in digests)
    log = [entries.call_entry(CALL, call_hash.digest()), *reports, entries.close_entry()]
    checkpoint = Checkpoint(f"{HOST}/{CALL}", len(log), merkle.root([merkle.leaf_hash(entry) for entry in log]))
    small = {
        "call.json": call_json,
        "SHA256SUMS": sums,
        "SHA256SUMS.minisig": signing.sign(sums).encode(),
        "log/entries": entries.frame(log),
        checkpoint_name(len(log)): log_key.sign(checkpoint.text()),
        "log/pending": b"",
    }
    members = [Member.of(name, content) for name, content in small.items()]
    members += [Member(envelope_name(digest), SIZE, digest, partial(chunks, number)) for number, digest in enumerate(digests)]
    with path.open("xb") as out:
        write_bundle(out, members, log_key, f"{HOST}/{CALL}")


def floor(path: Path) -> bytes:
    """Read the file and hash it."""
    digest, buffer = hashlib.sha256(), memoryview(bytearray(CHUNK))
    with path.open("rb", buffering=0) as file:
        while got := file.readinto(buffer):
            digest.update(buffer[:got])
    return digest.digest()


def verify(path: Path) -> int:
    """Verify the bundle; the number of its reports."""
    with path.open("rb") as file:
        return len(open_bundle(file).outcomes)


def grown(path: Path) -> int:
    """KiB by which verifying raises the most memory that this process ever took."""
    before = most_memory()
    verify(path)
    return most_memory() - before


def main() -> None:
    """Measure a bundle, and the memory that a tenth of it and the whole take."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--reports", type=int, default=REPORTS, help="live reports in the bundle (%(default)s)")
    count = parser.parse_args().reports
    with tempfile.TemporaryDirectory() as folder:
        whole, tenth = Path(folder, "whole"), Path(folder, "tenth")
        write(whole, count)
        write(tenth, max(1, count // 10))
        megabytes = whole.stat().st_size / 1e6
        base, ours = medians(lambda: floor(whole), lambda: verify(whole))
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
            small, large = pool.map(grown, (tenth, whole))
    print(f"verify {count} reports, {megabytes:.0f} MB: {megabytes / ours:.0f} MB/s, {base / ours:.2f} of reading and hashing {load()}")
    print(f"verify {count} reports takes {large / 1024:.1f} MB of memory, {count // 10} take {small / 1024:.1f} MB")


if __name__ == "__main__":
    main()
