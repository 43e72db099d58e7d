"""What a browser wrote about a session into its profile folder, byte by byte, in every spelling the session's words can have there."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MOZLZ4 = b"mozLz40\0"


def unpacked_lz4(block: bytes) -> bytes:
    """An LZ4 block, as Firefox writes its sessions. Stops where the block is not whole."""
    out, at = bytearray(), 0
    while at < len(block):
        token, at = block[at], at + 1
        length, at = _length(block, at, token >> 4)
        out += block[at : at + length]
        at += length
        if at + 2 > len(block):
            break
        offset, at = int.from_bytes(block[at : at + 2], "little"), at + 2
        length, at = _length(block, at, token & 15)
        for _ in range(length + 4):
            out.append(out[-offset])
    return bytes(out)


def _length(block: bytes, at: int, length: int) -> tuple[int, int]:
    if length == 15:
        while block[at] == 255:
            length, at = length + 255, at + 1
        length, at = length + block[at], at + 1
    return length, at


def _readings(content: bytes) -> Iterator[bytes]:
    """The bytes as they are, and what is simply packed in them."""
    yield content
    if content.startswith(MOZLZ4):
        yield unpacked_lz4(content[len(MOZLZ4) + 4 :])
    start = content.find(b"\x1f\x8b\x08")
    while start >= 0:
        unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
        with suppress(zlib.error):
            yield unpacking.decompress(content[start:], 1 << 24)
        start = content.find(b"\x1f\x8b\x08", start + 1)


def _spellings(word: str) -> set[bytes]:
    """Both encodings that browsers keep texts in, as JSON escapes them, and as addresses do."""
    escaped = word.encode("unicode_escape")
    quoted = "".join(f"%{byte:02X}" for byte in word.encode())
    return {word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be"), escaped, quoted.encode(), quoted.lower().encode()}


def found(folder: Path, words: Iterable[str]) -> list[str]:
    """Which of the words stand in which file of the folder."""
    spellings = {word: _spellings(word) for word in words}
    hits = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        for reading in _readings(path.read_bytes()):
            hits += [f"{word} in {path.relative_to(folder)}" for word, every in spellings.items() if any(one in reading for one in every)]
    return list(dict.fromkeys(hits))


def packed(word: str) -> list[bytes]:
    """Files that hold the word in each way that is looked through, for the twin."""
    utf8 = word.encode()
    block = bytes([0xF0, len(utf8) - 15]) + utf8
    lz4 = MOZLZ4 + len(utf8).to_bytes(4, "little") + block
    return [utf8, word.encode("utf-16-le"), b"xx" + gzip.compress(utf8 * 9), lz4, word.encode("unicode_escape")]
