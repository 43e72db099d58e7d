"""Small changes to bytes, each named by numbers alone, so that Hypothesis can shrink them and a seed can repeat them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from random import Random

TOKENS = (
    *(b"\n", b"\r\n", b"\r", b" ", b"\t", b"\0", b"=", b"==", b"A", b"0", b"-", b"+", b"_", b".", b"/", b'"', b"\\", b"{}", b"[]", b","),
    *(b"-0", b"1.0", b"1e1", b"00", b"9007199254740992", b"null", b"true", b'"":0,', b"\\u0000", b"\\u0061", b"\\ud800", b"\\/"),
    *(b"\xef\xbb\xbf", b"\xc2\xa0", b"\xe2\x80\x8b", b"\xe1\x9f\xa0", b"\xed\xa0\x80", b"\xc0\x80", b"\xff", b"\xcc\x81", b"\xc5\xbf"),
    *(b"saksei/v1\n", b"saksei/v1\nclose\n", b"\xe2\x80\x94 ", b"-> ", b"---", b"ustar\0" + b"00", bytes(512), b"\0\x10"),
)
"""What likes to pass where it should not."""


class Edit(NamedTuple):
    """One change: which kind, where, over how many bytes, and with which token or byte. Numbers of any size are taken as they fit."""

    kind: int
    at: int
    length: int
    token: int


def edited(content: bytes, edit: Edit) -> bytes:
    """Return `content` with one change."""
    at = _place(edit.at, len(content))
    length = 1 + edit.length % 64
    before, here, after = content[:at], content[at : at + length], content[at + length :]
    token = TOKENS[edit.token % len(TOKENS)]
    flipped = bytes(byte ^ 1 << edit.token % 8 for byte in here[:1])
    changed = (
        (before, token, here, after),
        (before, token, after),
        (before, after),
        (before, here, here, after),
        (before, here.swapcase(), after),
        (before, here[::-1], after),
        (before, bytes([edit.token & 0xFF]), here[1:], after),
        (before, flipped, here[1:], after),
        (_moved(content, at, length, edit.token),),
    )
    return b"".join(changed[edit.kind % len(changed)])


def _place(at: int, size: int) -> int:
    """Return an offset; one in eight is the very beginning or the very end, where readers are the most forgiving."""
    return (0, size)[at % 2] if at % 16 < 2 else at % (size + 1)


def _moved(content: bytes, at: int, length: int, to: int) -> bytes:
    """Take some bytes out and put them elsewhere; the lines they stand in when there are any."""
    lines = content.split(b"\n")
    if len(lines) > 2 and length % 2:
        lines.insert(to % len(lines), lines.pop(at % len(lines)))
        return b"\n".join(lines)
    here, rest = content[at : at + length], content[:at] + content[at + length :]
    to %= len(rest) + 1
    return rest[:to] + here + rest[to:]


def drawn(random: Random) -> Edit:
    """Return a change at random."""
    return Edit(random.randrange(9), random.randrange(1 << 17), random.randrange(64), random.randrange(1 << 16))


def mutated(content: bytes, random: Random) -> bytes:
    """Return `content` after one to four changes."""
    for _ in range(random.choice((1, 1, 1, 2, 2, 4))):
        content = edited(content, drawn(random))
    return content
