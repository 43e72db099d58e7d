"""The one ZIP file that a list of members has: ZIP64, stored, no freedom left (format.md section 10).

Which fields are ZIP64: all that can be, always, whatever the sizes. So one rule holds for 4 KB and for 40 GB:

- Local header: version needed 45, flags 0, method 0, time 00:00, date 1980-01-01, CRC-32, both sizes 0xFFFFFFFF, the name, and one extra
  field 0x0001 of 16 bytes: size, size. No data descriptors: the CRC stands in the header.
- Central header: version made by 45 on FAT (0), needed 45, the same values, disk 0, both attributes 0, offset 0xFFFFFFFF, no comment, and
  one extra field 0x0001 of 24 bytes: size, size, offset of the local header.
- ZIP64 end record (56 bytes, made by and needed 45, disks 0) and its locator (1 disk).
- End record: disks 0, both counts 0xFFFF, directory size and offset 0xFFFFFFFF, no comment.

`Reader` walks forward and rebuilds: each local header from the name, size and CRC it claims, the CRC from the data, and then everything
after the last member from what was read. Nothing is ever found by searching, so there is nothing to disagree about.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from crypto.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK = 1 << 20
_NAME_MAX = 128
_SIZE_MAX = 2**63 - 1
_VERSION = 45
_DATE = 0x0021  # 1980-01-01
_FULL_16 = 0xFFFF
_FULL_32 = 0xFFFFFFFF
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_LOCAL_EXTRA = struct.Struct("<HHQQ")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_CENTRAL_EXTRA = struct.Struct("<HHQQQ")
_END_64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR = struct.Struct("<4sIQI")
_END = struct.Struct("<4sHHHHIIH")


@dataclass(frozen=True, slots=True)
class Stored:
    """One member of the file.

    Attributes:
        name: ASCII.
        size: Bytes of its data.
        crc: CRC-32 of its data.
        offset: Where its local header begins.
    """

    name: str
    size: int
    crc: int
    offset: int

    @property
    def start(self) -> int:
        """Where its data begins."""
        return self.offset + _LOCAL.size + len(self.name) + _LOCAL_EXTRA.size


def local_header(member: Stored) -> bytes:
    """Return all that stands before the data of a member."""
    name = member.name.encode("ascii")
    fixed = (b"PK\3\4", _VERSION, 0, 0, 0, _DATE, member.crc, _FULL_32, _FULL_32, len(name), _LOCAL_EXTRA.size)
    return _LOCAL.pack(*fixed) + name + _LOCAL_EXTRA.pack(1, 16, member.size, member.size)


def central_header(member: Stored) -> bytes:
    """Return the member's part of the central directory."""
    name = member.name.encode("ascii")
    fixed = (b"PK\1\2", _VERSION, _VERSION, 0, 0, 0, _DATE, member.crc, _FULL_32, _FULL_32, len(name), _CENTRAL_EXTRA.size)
    rest = (0, 0, 0, 0, _FULL_32)
    return _CENTRAL.pack(*fixed, *rest) + name + _CENTRAL_EXTRA.pack(1, 24, member.size, member.size, member.offset)


def end_records(count: int, size: int, offset: int) -> bytes:
    """Return what follows a central directory of `count` members and `size` bytes that begins at `offset`."""
    return (
        _END_64.pack(b"PK\6\6", _END_64.size - 12, _VERSION, _VERSION, 0, 0, count, count, size, offset)
        + _LOCATOR.pack(b"PK\6\7", 0, offset + size, 1)
        + _END.pack(b"PK\5\6", 0, 0, _FULL_16, _FULL_16, _FULL_32, _FULL_32, 0)
    )


class Writer:
    """Writes members in the order given to an empty, seekable file. Holds their headers in memory, never their data."""

    def __init__(self, out: BinaryIO) -> None:
        """Begin at the place where `out` stands, which is 0."""
        self._out = out
        self._members: list[Stored] = []
        self._offset = 0

    def add(self, name: str, size: int, chunks: Iterable[bytes]) -> None:
        """Write one member whose data is `chunks` joined.

        Raises:
            ManifestError: the chunks do not have `size` bytes together.
        """
        blank = Stored(name, size, 0, self._offset)
        self._out.write(local_header(blank))
        crc = written = 0
        for chunk in chunks:
            crc = zlib.crc32(chunk, crc)
            written += len(chunk)
            self._out.write(chunk)
        if written != size:
            raise ManifestError("A member of the bundle does not have the size that was announced.")
        # The CRC is known only now, and it belongs in front of the data.
        member = Stored(name, size, crc, self._offset)
        self._offset = member.start + size
        self._out.seek(member.offset)
        self._out.write(local_header(member))
        self._out.seek(self._offset)
        self._members.append(member)

    def finish(self) -> None:
        """Write the central directory and the end records."""
        size = 0
        for member in self._members:
            header = central_header(member)
            size += len(header)
            self._out.write(header)
        self._out.write(end_records(len(self._members), size, self._offset))


class Reader:
    """Reads such a file from its first byte to its last, and refuses every other with `manifest`.

    `next` gives a header, `chunks` the data that belongs to it; both alternate until `next` gives None, which holds the rest of the file
    against what it must be. Names are ASCII of at most 128 bytes and are never used as paths here.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Begin at the first byte of `file`."""
        self._file = file
        self._members: list[Stored] = []
        self._offset = 0
        self._buffer = memoryview(bytearray(CHUNK))
        file.seek(0)

    def next(self) -> Stored | None:
        """Return the next member, None after the last.

        Raises:
            ManifestError: this is not how the file must go on.
        """
        fixed = self._file.read(_LOCAL.size)
        if fixed[:4] != b"PK\3\4":
            self._finish(fixed)
            return None
        if len(fixed) < _LOCAL.size:
            raise ManifestError("The bundle ends too early.")
        crc, name_size = struct.unpack_from("<I", fixed, 14)[0], struct.unpack_from("<H", fixed, 26)[0]
        if name_size > _NAME_MAX:
            raise ManifestError("A name in the bundle is too long.")
        rest = self._file.read(name_size + _LOCAL_EXTRA.size)
        name, extra = rest[:name_size], rest[name_size:]
        size = _LOCAL_EXTRA.unpack(extra)[2] if len(extra) == _LOCAL_EXTRA.size else _SIZE_MAX + 1
        if size > _SIZE_MAX or not name.isascii():
            raise ManifestError("A header of the bundle is not the one that belongs there.")
        member = Stored(name.decode("ascii"), size, crc, self._offset)
        if local_header(member) != fixed + rest:
            raise ManifestError("A header of the bundle is not the one that belongs there.")
        self._members.append(member)
        self._offset = member.start + size
        return member

    def chunks(self, member: Stored) -> Iterator[memoryview]:
        """Yield the data of the member that `next` just gave, at most 1 MiB at a time; each piece is valid until the next one.

        Raises:
            ManifestError: the file ends inside, or the CRC is not that of the data.
        """
        left, crc = member.size, 0
        while left:
            view = self._buffer[: min(left, CHUNK)]
            got = self._file.readinto(view)  # type: ignore[attr-defined]  # every binary file has it, typing.BinaryIO does not say so
            if not got:
                raise ManifestError("The bundle ends too early.")
            crc = zlib.crc32(view[:got], crc)
            left -= got
            yield view[:got]
        if crc != member.crc:
            raise ManifestError("The checksum of a member is not that of its data.")

    def _finish(self, begun: bytes) -> None:
        """Compare all that follows the last member, of which `begun` was read, with what must follow."""
        size = 0
        for member in self._members:
            header = central_header(member)
            size += len(header)
            if begun + self._file.read(len(header) - len(begun)) != header:
                raise ManifestError("The directory of the bundle is not the one that belongs there.")
            begun = b""
        ending = end_records(len(self._members), size, self._offset)
        if begun + self._file.read(len(ending) + 1 - len(begun)) != ending:
            raise ManifestError("The bundle does not end where it must.")
