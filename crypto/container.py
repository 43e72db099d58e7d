"""The plaintext of a sealed report: a tar file of which every byte is fixed by its content (format.md section 2).

`report.json` comes first, then `files/001` … `files/099`; the whole is padded with zeros to the least 2^k that fits, so that number and
sizes of attachments vanish into few sizes. A reader rebuilds every header and compares; no name inside is ever used as a path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from crypto.errors import ContainerError, PaddingError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MIN_K: Final = 16
MAX_REPORT: Final = 1 << 20
"""The most bytes that report.json may have."""
MAX_FILES: Final = 99

_BLOCK: Final = 512
_END: Final = 2 * _BLOCK  # a tar file ends with at least two blocks of zeros
_ZEROS: Final = bytes(1 << 16)
_EMPTY: Final = bytes(_BLOCK)
_SIZE_DIGITS: Final = slice(124, 135)
_OCTAL: Final = b"01234567"

# The bytes of a header that are the same in all: between name (100 bytes) and size (11), size and checksum (6), and after the checksum.
# NUL is written \x00, because a digit after \0 would be read as octal.
_OWNER: Final = b"0000600\x000000000\x000000000\x00"  # mode, uid, gid
_TIME: Final = b"\x0000000000000\x00"  # the end of the size; modified
_KIND: Final = (b"\x00 0" + bytes(100) + b"ustar\x0000").ljust(
    _BLOCK - 154, b"\x00"
)  # the end of the checksum; a plain file, no link, ustar
_FIXED_SUM: Final = sum(_OWNER) + sum(_TIME) + sum(_KIND) - sum(b"\x00 ") + sum(b" " * 8)  # the checksum counts its own place as spaces


@dataclass(frozen=True, slots=True)
class Container:
    """What a container holds: the bytes of report.json, and read-only views of the files in their order, numbered from 1."""

    report: bytes = field(repr=False)
    files: tuple[memoryview, ...] = field(repr=False)


def content_size(report: int, files: Sequence[int]) -> int:
    """Return the bytes that a report of `report` bytes and files of these sizes take before padding."""
    return sum(_BLOCK + _padded(size) for size in (report, *files)) + _END


def padded_size(content: int, max_k: int) -> int:
    """Return P = 2^k, k the least in 16..max_k with room for `content` bytes. Raises TooLargeError."""
    k = max(MIN_K, (content - 1).bit_length())
    if k > max_k:
        raise TooLargeError("The report and its files are larger than this call takes.")
    return 1 << k


def pack(report: bytes, files: Sequence[bytes | bytearray | memoryview], *, max_k: int) -> bytes:
    """Return the container of `report` and `files`, of the size that `padded_size` gives. Raises TooLargeError.

    Nothing is copied twice: the pieces are joined once.
    """
    if len(report) > MAX_REPORT or len(files) > MAX_FILES:
        raise TooLargeError("A report has at most 1 MiB of answers and 99 files.")
    members = (report, *files)
    content = content_size(len(report), [len(file) for file in files])
    size = padded_size(content, max_k)
    pieces: list[bytes | bytearray | memoryview] = []
    for number, member in enumerate(members):
        pieces += (_header(number, len(member)), member, *_zeros(_padded(len(member)) - len(member)))
    pieces += _zeros(size - content + _END)
    return b"".join(pieces)


def unpack(container: bytes | bytearray, *, max_k: int) -> Container:
    """Return the content of a container after comparing every byte that is not content.

    The views of the files point into `container`. Raises ContainerError for a header that is not the one of its place, PaddingError when
    the size is not the least that fits or padding is not zero (format.md section 2).
    """
    view = memoryview(container).toreadonly()
    members: list[memoryview] = []
    at = 0
    while at + _BLOCK <= len(view) and (header := container[at : at + _BLOCK]) != _EMPTY:
        start = at + _BLOCK
        end = start + _size(header, len(members))
        at = _padded(end)
        if at > len(view):
            raise ContainerError("A file in the container is longer than the container.")
        _require_zeros(container, end, at)
        members.append(view[start:end])
    if not members:
        raise ContainerError("The container holds no report.")
    _require_least_size(len(view), at + _END, max_k)
    _require_zeros(container, at, len(view))
    return Container(bytes(members[0]), tuple(members[1:]))


def _require_least_size(size: int, content: int, max_k: int) -> None:
    try:
        least = padded_size(content, max_k)
    except TooLargeError:
        least = 0  # a container that this call could not have taken
    if size != least:
        raise PaddingError("The container has not the least size that fits its content.")


def _require_zeros(container: bytes | bytearray, start: int, end: int) -> None:
    # All are zero when the first is and each is like the one after it: one comparison of the container with itself, and nothing copied.
    if start < end and (container[start] != 0 or not container.startswith(memoryview(container)[start : end - 1], start + 1)):
        raise PaddingError("The padding of the container is not zero.")


def _size(header: bytes | bytearray, number: int) -> int:
    """Return the size in a header that is, byte for byte, the one of member `number`."""
    digits = header[_SIZE_DIGITS]
    if number <= MAX_FILES and not digits.translate(None, _OCTAL):
        size = int(digits, 8)
        if header == _header(number, size):
            return size
    raise ContainerError("A header in the container is not the one that belongs there.")


def _header(number: int, size: int) -> bytes:
    """Return the ustar header of member `number` (0 is report.json) with `size` bytes; nothing in it says more than that."""
    name = b"files/%03d" % number if number else b"report.json"
    digits = b"%011o" % size
    code = b"%06o" % (_FIXED_SUM + sum(name) + sum(digits))
    return b"".join((name.ljust(100, b"\0"), _OWNER, digits, _TIME, code, _KIND))


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _zeros(size: int) -> Iterator[bytes]:
    """Give `size` zero bytes as few shared blocks."""
    for start in range(0, size, len(_ZEROS)):
        yield _ZEROS if size - start >= len(_ZEROS) else bytes(size - start)
