"""The one ZIP file of its members: stock readers take it, and ours takes nothing else."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import zip64
from crypto.errors import ManifestError
from crypto.zip64 import Reader, Stored, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEMBERS = [("manifest", b"a note"), ("log/entries", b""), ("envelopes/x", bytes(range(256)) * 3)]
CRC_OF_ZEROS = 0xB1C2A1A3  # of 4 GiB and 5 bytes
names = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=128)


def write(out: BinaryIO, members: list[tuple[str, bytes]]) -> None:
    writer = Writer(out)
    for name, content in members:
        writer.add(name, len(content), (content[:5], content[5:]))
    writer.finish()


def written(members: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    write(out, members)
    return out.getvalue()


def read(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    reader = Reader(file)
    while (member := reader.next()) is not None:
        yield member.name, b"".join(map(bytes, reader.chunks(member)))


@given(members=st.lists(st.tuples(names, st.binary(max_size=40)), max_size=5))
def test_members_are_read_back(members: list[tuple[str, bytes]]) -> None:
    assert list(read(io.BytesIO(written(members)))) == members


def test_longest_name_and_several_chunks_are_read_back() -> None:
    content = bytes(range(256)) * 12_289  # 3 MiB and 256 bytes
    members = [("n" * 128, content), ("after", b"")]
    data = written(members)
    assert list(read(io.BytesIO(data))) == members
    reader = Reader(io.BytesIO(data))
    member = reader.next()
    assert member is not None
    assert [len(chunk) for chunk in reader.chunks(member)] == [1 << 20, 1 << 20, 1 << 20, 256]


def test_largest_size_is_read() -> None:
    """Sizes stand in eight bytes, signed ones in many languages."""
    largest = Stored("n", 2**63 - 1, 0, 0)
    assert Reader(io.BytesIO(zip64.local_header(largest))).next() == largest
    with pytest.raises(ManifestError):
        Reader(io.BytesIO(zip64.local_header(Stored("n", 2**63, 0, 0)))).next()


def test_stock_reader_takes_it() -> None:
    with zipfile.ZipFile(io.BytesIO(written(MEMBERS))) as archive:
        assert archive.testzip() is None
        assert [(info.filename, archive.read(info)) for info in archive.infolist()] == MEMBERS
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {(info.compress_type, info.flag_bits, info.comment, info.external_attr) for info in archive.infolist()} == {(0, 0, b"", 0)}
        assert archive.comment == b""


def test_every_field_is_the_documented_one() -> None:
    crc = zlib.crc32(b"x")
    local = b"PK\3\4" + struct.pack("<5H3I2H", 45, 0, 0, 0, 0x21, crc, 0xFFFFFFFF, 0xFFFFFFFF, 1, 20)
    local += b"n" + struct.pack("<2H2Q", 1, 16, 1, 1)
    central = b"PK\1\2" + struct.pack("<6H3I5H2I", 45, 45, 0, 0, 0, 0x21, crc, 0xFFFFFFFF, 0xFFFFFFFF, 1, 28, 0, 0, 0, 0, 0xFFFFFFFF)
    central += b"n" + struct.pack("<2H3Q", 1, 24, 1, 1, 0)
    end = b"PK\6\6" + struct.pack("<Q2H2I4Q", 44, 45, 45, 0, 0, 1, 1, len(central), len(local) + 1)
    end += b"PK\6\7" + struct.pack("<IQI", 0, len(local) + 1 + len(central), 1)
    end += b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert written([("n", b"x")]) == local + b"x" + central + end


def test_every_flipped_bit_is_refused() -> None:
    data = bytearray(written([("a", b"one"), ("b", b"")]))
    for at in range(len(data) * 8):
        data[at // 8] ^= 1 << at % 8
        flipped = None
        with contextlib.suppress(ManifestError):
            flipped = list(read(io.BytesIO(data)))
        data[at // 8] ^= 1 << at % 8
        assert flipped is None


def test_every_cut_and_every_tail_is_refused() -> None:
    data = written(MEMBERS)
    for other in [*(data[:length] for length in range(len(data))), data + b"\0", data + data, b"\0" + data]:
        with pytest.raises(ManifestError):
            list(read(io.BytesIO(other)))


def test_name_and_crc_changed_together() -> None:
    # Consistent in both headers, so that only rebuilding from the data finds it.
    data = written([("a", b"one")]).replace(struct.pack("<I", zlib.crc32(b"one")), struct.pack("<I", zlib.crc32(b"two")))
    with pytest.raises(ManifestError):
        list(read(io.BytesIO(data)))


def test_hostile_headers_are_refused() -> None:
    header = zip64.local_header(Stored("n" * 128, 1, 0, 0))
    too_long = zip64.local_header(Stored("n" * 129, 1, 0, 0))
    not_ascii = header.replace(b"n" * 128, b"\xff" * 128)
    endless = header[:-16] + b"\xff" * 16
    uneven = header[:-8] + bytes(8)
    for data in (too_long, not_ascii, endless, uneven, header[:40], header[:-1]):
        with pytest.raises(ManifestError):
            Reader(io.BytesIO(data)).next()


def test_announced_size_must_come() -> None:
    for chunks in ((b"on",), (b"one", b"!"), ()):
        with pytest.raises(ManifestError):
            Writer(io.BytesIO()).add("a", 3, chunks)


def test_member_beyond_four_gigabytes(tmp_path: Path) -> None:
    # The data are a hole in a sparse file: only the offsets are tried here, not the disk.
    size = (4 << 30) + 5
    first, second = Stored("first", size, CRC_OF_ZEROS, 0), Stored("second", 3, zlib.crc32(b"two"), 30 + 5 + 20 + size)
    central = zip64.central_header(first) + zip64.central_header(second)
    with (tmp_path / "large").open("w+b") as file:
        file.write(zip64.local_header(first))
        file.seek(first.start + size)
        file.write(zip64.local_header(second) + b"two" + central + zip64.end_records(2, len(central), second.start + 3))
        reader = Reader(file)
        member = reader.next()
        assert member == first
        assert sum(map(len, reader.chunks(first))) == size
        assert reader.next() == second
        assert [bytes(chunk) for chunk in reader.chunks(second)] == [b"two"]
        assert reader.next() is None
        with zipfile.ZipFile(file) as archive:
            assert archive.read("second") == b"two"
