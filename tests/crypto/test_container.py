"""crypto/container.py: the one tar file that a report can be, and every other refused."""

from __future__ import annotations

import io
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.container import MAX_REPORT, content_size, pack, padded_size, unpack
from crypto.errors import ContainerError, CryptoError, PaddingError, TooLargeError

if TYPE_CHECKING:
    from pathlib import Path

files_of_a_report = st.lists(st.binary(max_size=2000), max_size=5)
PACKED = pack(b"{}", [b"one", b"", b"x" * 512], max_k=24)
HEADERS = (0, 1024, 2048, 2560)  # of report.json, 001, 002 (which is empty), 003


def with_byte(at: int, value: int) -> bytes:
    return PACKED[:at] + bytes([value]) + PACKED[at + 1 :]


@given(st.binary(max_size=2000), files_of_a_report)
def test_unpacks_what_was_packed(report: bytes, files: list[bytes]) -> None:
    packed = pack(report, files, max_k=24)
    assert len(packed) == padded_size(content_size(len(report), [len(file) for file in files]), 24)
    opened = unpack(packed, max_k=24)
    assert opened.report == report
    assert [bytes(file) for file in opened.files] == files


@given(st.binary(max_size=2000), files_of_a_report)
def test_is_the_tar_file_of_tarfile(report: bytes, files: list[bytes]) -> None:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for number, content in enumerate((report, *files)):
            member = tarfile.TarInfo(f"files/{number:03d}" if number else "report.json")
            member.mode, member.size = 0o600, len(content)
            archive.addfile(member, io.BytesIO(content))
        size = archive.offset + 1024
    content = written.getvalue()[:size]
    assert pack(report, files, max_k=24) == content.ljust(1 << 16, b"\0")


def test_tar_unpacks_it(tmp_path: Path) -> None:
    (tmp_path / "container").write_bytes(PACKED)
    subprocess.run(["tar", "-xf", "container"], cwd=tmp_path, check=True)
    assert (tmp_path / "report.json").read_bytes() == b"{}"
    assert [(tmp_path / "files" / name).read_bytes() for name in ("001", "002", "003")] == [b"one", b"", b"x" * 512]


@pytest.mark.parametrize(
    ("content", "size"),
    [(1, 1 << 16), (1 << 16, 1 << 16), ((1 << 16) + 1, 1 << 17), ((1 << 23) + 1, 1 << 24), (1 << 24, 1 << 24)],
)
def test_padded_to_the_least_size(content: int, size: int) -> None:
    assert padded_size(content, 24) == size


def test_nine_sizes_at_the_default() -> None:
    assert len({padded_size(content, 24) for content in range(1024, 1 << 24, 4096)}) == 9


@pytest.mark.parametrize(("content", "max_k"), [((1 << 24) + 1, 24), ((1 << 16) + 1, 16)])
def test_too_large_is_refused(content: int, max_k: int) -> None:
    with pytest.raises(TooLargeError):
        padded_size(content, max_k)


@pytest.mark.parametrize(
    ("report", "files", "max_k"),
    [(MAX_REPORT + 1, [], 24), (2, [0] * 100, 24), (2, [1 << 16], 16), (2, [(1 << 24) - 2559], 24)],
)
def test_pack_refuses_what_does_not_fit(report: int, files: list[int], max_k: int) -> None:
    with pytest.raises(TooLargeError):
        pack(bytes(report), [bytes(size) for size in files], max_k=max_k)


def test_largest_content_fits() -> None:
    largest = (1 << 20) - 512 - 512 - 512 - 1024  # two headers, a block of report, the end
    packed = pack(b"{}", [b"\xff" * largest], max_k=20)
    assert len(packed) == 1 << 20
    assert unpack(packed, max_k=20).files[0] == b"\xff" * largest


def test_largest_report_fits() -> None:
    report = b"\xff" * MAX_REPORT
    assert unpack(pack(report, [], max_k=21), max_k=21).report == report


@pytest.mark.parametrize("size", [140_000, 200_000])
def test_long_padding_is_zero_to_the_end(size: int) -> None:
    """More of it than one block of what is written at once."""
    packed = pack(b"{}", [b"\xff" * size], max_k=18)
    assert (len(packed), packed.rstrip(b"\0")) == (1 << 18, packed[: 1536 + size])


@pytest.mark.parametrize("missing", [512, 1024])
def test_tar_without_its_end_is_refused(missing: int) -> None:
    """Its content fits into the size, but not with the 1,024 zeros that end a tar."""
    content = (1 << 16) - 512 - 1024 + missing
    whole = pack(b"\xff" * content, [], max_k=17)[: 1 << 16]
    assert whole[512 : 512 + content] == b"\xff" * content
    with pytest.raises(PaddingError):
        unpack(whole, max_k=17)


def test_header_in_the_last_block_is_looked_at() -> None:
    """Members are walked before sizes are judged (F2.5, F0.9): what stands there is no header."""
    whole = pack(b"\xff" * ((1 << 16) - 1024), [], max_k=17)[: (1 << 16) - 512] + b"x" * 512
    with pytest.raises(ContainerError):
        unpack(whole, max_k=17)


def test_ninety_nine_files_fit() -> None:
    opened = unpack(pack(b"{}", [b"%d" % number for number in range(99)], max_k=17), max_k=17)
    assert bytes(opened.files[98]) == b"98"


def test_pack_takes_views_of_a_buffer() -> None:
    buffer = memoryview(bytearray(b"one"))
    assert pack(b"{}", [buffer, buffer[:0], b"x" * 512], max_k=24) == PACKED


def test_files_are_views_that_cannot_write() -> None:
    buffer = bytearray(PACKED)
    opened = unpack(buffer, max_k=24)
    assert opened.files[0].obj is buffer
    assert opened.files[0].readonly


@pytest.mark.parametrize("header", HEADERS)
def test_every_byte_of_a_header_counts(header: int) -> None:
    for at in range(header, header + 512):
        with pytest.raises((ContainerError, PaddingError)):
            unpack(with_byte(at, PACKED[at] ^ 1), max_k=24)


def test_every_byte_of_padding_counts() -> None:
    padding = [*range(514, 1024), *range(1539, 2048), *range(3584, len(PACKED), 997), len(PACKED) - 1]
    for at in padding:
        with pytest.raises((PaddingError, ContainerError)) as refused:
            unpack(with_byte(at, 1), max_k=24)
        # Where the next header would stand, a byte that is not zero begins a header.
        assert refused.type is (ContainerError if 3584 <= at < 4096 else PaddingError)


def test_hundredth_file_is_refused() -> None:
    packed = bytearray(pack(b"", [b""] * 99, max_k=17))
    member = tarfile.TarInfo("files/100")
    member.mode = 0o600
    packed[512 * 100 : 512 * 101] = member.tobuf(tarfile.USTAR_FORMAT)
    with pytest.raises(ContainerError):
        unpack(packed, max_k=17)


FIRST = PACKED[:512]


@pytest.mark.parametrize(
    ("container", "error"),
    [
        (b"", ContainerError),
        (bytes(1 << 16), ContainerError),
        (PACKED[1024:].ljust(1 << 16, b"\0"), ContainerError),
        (PACKED[:1024] + PACKED[2048:].ljust((1 << 16) - 1024, b"\0"), ContainerError),
        (PACKED[:1024] + PACKED[:1024].ljust((1 << 16) - 1024, b"\0"), ContainerError),
        (PACKED[:600], ContainerError),
        (PACKED[:-1], PaddingError),
        (PACKED[:-512], PaddingError),
        (PACKED + bytes(1 << 16), PaddingError),
        (PACKED[:3584], PaddingError),
        (PACKED[:4608], PaddingError),
        (pack(b"{}", [bytes(1 << 16)], max_k=17), PaddingError),
    ],
)
def test_refuses_other_shapes(container: bytes, error: type[CryptoError]) -> None:
    with pytest.raises(error):
        unpack(container, max_k=16)


@pytest.mark.parametrize("digits", [b"00000000008", b"00000000009", b"0000000000 ", b"-0000000001", b"77777777777", b"0000000000\0"])
def test_sizes_are_octal_and_inside(digits: bytes) -> None:
    header = bytearray(FIRST)
    header[124:135] = digits
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(ContainerError):
        unpack(bytes(header) + PACKED[512:], max_k=24)


def test_pax_and_links_are_refused() -> None:
    for kind in (tarfile.SYMTYPE, tarfile.XHDTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE):
        member = tarfile.TarInfo("report.json")
        member.mode, member.type = 0o600, kind
        with pytest.raises(ContainerError):
            unpack(member.tobuf(tarfile.USTAR_FORMAT).ljust(1 << 16, b"\0"), max_k=16)


@given(st.binary(max_size=3000))
def test_any_bytes_unpack_or_are_refused(data: bytes) -> None:
    with pytest.raises((ContainerError, PaddingError)):
        unpack(data, max_k=24)


@given(st.integers(0, len(PACKED) - 1), st.integers(0, 255))
def test_what_unpacks_is_what_packs(at: int, value: int) -> None:
    changed = with_byte(at, value)
    try:
        opened = unpack(changed, max_k=24)
    except (ContainerError, PaddingError):
        return
    assert pack(opened.report, [bytes(file) for file in opened.files], max_k=24) == changed


def test_repr_does_not_tell() -> None:
    assert "{}" not in repr(unpack(PACKED, max_k=24)).replace("Container()", "")
