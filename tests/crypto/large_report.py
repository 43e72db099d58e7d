"""One step in the life of the largest report there can be, in a process of its own: `python -m tests.crypto.large_report STEP FOLDER`.

Prints the bytes by which the step raised the most memory that the process ever had. A step reads what the one before it left in FOLDER.
"""

import hashlib
import os
import sys
from pathlib import Path

from crypto.container import pack
from crypto.opening import Identity, open_age, open_report
from crypto.report import AttachedFile, Consent, Report
from crypto.sealing import seal
from tests.most_memory import taken

MAX_K = 26
SIZE = 1 << MAX_K
"""Bytes of the container: 64 MiB."""
_CALL, _CALL_SHA256 = "large", "00" * 32


def step_pack(folder: Path) -> None:
    """Pack an attachment that fills the container to the last block but few."""
    attachment = os.urandom(SIZE - 8192)
    listed = AttachedFile("film.bin", "video/mp4", len(attachment), hashlib.sha256(attachment).hexdigest())
    report = Report(
        call=_CALL,
        call_sha256=_CALL_SHA256,
        seq=0,
        handle=bytes(32),
        thread=bytes(16),
        reply_key=bytes(32),
        form="web",
        lang="km",
        consent=Consent("C1", (), contact=False),
        answers={},
        files=(listed,),
    )
    (folder / "container").write_bytes(pack(report.to_bytes(), [attachment], max_k=MAX_K))


def step_seal(folder: Path) -> None:
    """Seal the container."""
    (folder / "envelope").write_bytes(seal((folder / "container").read_bytes(), [_identity().recipient]))


def step_open(folder: Path) -> None:
    """Open the envelope, with everything that is checked."""
    opened = open_report(
        (folder / "envelope").read_bytes(),
        _identity(),
        recipients=1,
        max_k=MAX_K,
        call=_CALL,
        call_sha256=_CALL_SHA256,
        handle=bytes(32),
        place=0,
    )
    assert len(opened.files[0]) == SIZE - 8192


def step_age(folder: Path) -> None:
    """Open the envelope as a plain age file."""
    assert len(open_age((folder / "envelope").read_bytes(), [_identity()])) == SIZE


def step_copy(folder: Path) -> None:
    """Open the envelope as `step_age` does, and keep the plaintext twice: what a careless copy would do."""
    envelope = (folder / "envelope").read_bytes()
    plaintext = open_age(envelope, [_identity()])
    assert len(envelope) > len(bytearray(plaintext)) == SIZE


STEPS = {"pack": step_pack, "seal": step_seal, "open": step_open, "age": step_age, "copy": step_copy}


def _identity() -> Identity:
    return Identity.from_seed(bytes(32))


def main() -> None:
    """Do one step."""
    step, folder = sys.argv[1:]
    _identity().wipe()  # what is loaded with the first key counts as before
    before = taken()
    STEPS[step](Path(folder))
    print(taken() - before)


if __name__ == "__main__":
    main()
