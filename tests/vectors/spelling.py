"""How vectors spell byte strings in JSON, so that any language can read them and people can see what was changed.

A byte string is an object with one key, or with two where an earlier one is edited:

    {"$text": "…"}                                       its UTF-8
    {"$hex": "…"}                                        lower-case hex
    {"$base64": "…"}                                     standard base64 with padding
    {"$parts": [part, …]}                                one after another; a number n stands for n zero bytes, all else is a byte string
    {"$repeat": [bytes, n]}                              a byte string n times
    {"$base": "name", "$slice": [from, to]}              a part of one of the file's `bases`
    {"$base": "name", "$edits": [[at, drop, bytes], …]}  a base in which, at offset `at`, `drop` bytes became `bytes`; offsets are those
                                                         of the unchanged base and ascend

`bases` are read in their order, and each may be built from those before it. Every other JSON value stands for itself.
"""

from __future__ import annotations

import base64
import re
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Bases = dict[str, bytes]
_ZEROS = re.compile(rb"\0{32,}")
_SHORT = 64  # bytes that are spelled in hex; more than that in base64
_BLOCK = 1 << 10
_WINDOW = 24  # bytes that must be alike before an edit ends


def read(spelled: Any, bases: Mapping[str, bytes]) -> Any:
    """Return `spelled` with every byte string in it as bytes."""
    if isinstance(spelled, list):
        return [read(each, bases) for each in spelled]
    if not isinstance(spelled, dict):
        return spelled
    if any(key.startswith("$") for key in spelled):
        return _bytes(spelled, bases)
    return {key: read(value, bases) for key, value in spelled.items()}


def _bytes(spelled: Mapping[str, Any], bases: Mapping[str, bytes]) -> bytes:
    kind, *others = spelled
    content = spelled[kind]
    if kind == "$base":
        (other,) = others
        base = bases[content]
        if other == "$slice":
            start, end = spelled[other]
            return base[start:end]
        return _edited(base, [(at, drop, _bytes(new, bases)) for at, drop, new in spelled["$edits"]])
    if others:
        raise ValueError("This is no spelling of a byte string.")
    if kind == "$parts":
        return b"".join(bytes(part) if isinstance(part, int) else _bytes(part, bases) for part in content)
    if kind == "$repeat":
        return _bytes(content[0], bases) * int(content[1])
    return _SIMPLE[kind](content)


_SIMPLE: dict[str, Callable[[str], bytes]] = {
    "$text": lambda content: content.encode("utf-8"),
    "$hex": bytes.fromhex,
    "$base64": lambda content: base64.b64decode(content, validate=True),
}


def _edited(base: bytes, edits: Sequence[tuple[int, int, bytes]]) -> bytes:
    pieces, done = [], 0
    for at, drop, content in edits:
        if at < done:
            raise ValueError("Edits ascend and do not overlap.")
        pieces += [base[done:at], content]
        done = at + drop
    return b"".join([*pieces, base[done:]])


def text(content: bytes | str) -> dict[str, str]:
    """Spell UTF-8 as text."""
    return {"$text": content if isinstance(content, str) else content.decode("utf-8")}


def part(name: str, start: int, end: int) -> dict[str, Any]:
    """Spell a part of a base."""
    return {"$base": name, "$slice": [start, end]}


def spell(value: Any, bases: Mapping[str, bytes]) -> Any:
    """Return `value` with every `bytes` in it spelled the shortest way; what is spelled already stays."""
    if isinstance(value, bytes):
        return _spelled(value, bases)
    if isinstance(value, list | tuple):
        return [spell(each, bases) for each in value]
    if isinstance(value, dict):
        return {key: spell(each, bases) for key, each in value.items()}
    return value


def _spelled(content: bytes, bases: Mapping[str, bytes]) -> dict[str, Any]:
    plain = _plain(content)
    cost = _cost(plain)
    if cost <= 2 * _SHORT:
        return plain
    for name, base in bases.items():
        edits = _edits(base, content)
        spelled = {"$base": name, "$edits": [[at, drop, _plain(new)] for at, drop, new in edits]}
        if len(edits) < 50 and (shorter := _cost(spelled)) < cost // 2:
            plain, cost = spelled, shorter
    return plain


def _cost(spelled: Any) -> int:
    """Return about how many characters this takes."""
    if isinstance(spelled, dict):
        return 8 + sum(map(_cost, spelled.values()))
    return 2 + sum(map(_cost, spelled)) if isinstance(spelled, list) else len(str(spelled))


def _plain(content: bytes) -> dict[str, Any]:
    parts: list[Any] = []
    done = 0
    for zeros in _ZEROS.finditer(content):
        if zeros.start() > done:
            parts.append(_dense(content[done : zeros.start()]))
        parts.append(zeros.end() - zeros.start())
        done = zeros.end()
    if not parts or (content == bytes(len(content)) and len(content) <= _SHORT):
        return _dense(content)
    return {"$parts": [*parts, _dense(content[done:])] if done < len(content) else parts}


def _dense(content: bytes) -> dict[str, Any]:
    if len(content) > 2 and re.fullmatch(rb"[\n -~]+", content):
        return text(content)
    if len(content) <= _SHORT:
        return {"$hex": content.hex()}
    return {"$base64": base64.b64encode(content).decode()}


def _edits(base: bytes, content: bytes) -> list[tuple[int, int, bytes]]:
    """Return few edits that make `content` of `base`."""
    if len(base) == len(content):
        return [(start, end - start, content[start:end]) for start, end in _runs(base, content)]
    places = _places(base)
    edits: list[tuple[int, int, bytes]] = []
    done = at = 0
    while True:
        same = _same(base[done:], content[at:])
        done, at = done + same, at + same
        if done == len(base) and at == len(content):
            return edits
        again, onward = _meeting(places, done, content, at, len(base))
        edits.append((done, again - done, content[at:onward]))
        done, at = again, onward


@lru_cache(maxsize=8)
def _places(base: bytes) -> dict[bytes, list[int]]:
    """Return where every window of a base begins."""
    places: dict[bytes, list[int]] = {}
    for at in range(len(base) - _WINDOW + 1):
        places.setdefault(base[at : at + _WINDOW], []).append(at)
    return places


def _meeting(places: Mapping[bytes, list[int]], done: int, content: bytes, at: int, end: int) -> tuple[int, int]:
    """Return where base, from `done`, and content, from `at`, go on alike: both at their ends when they never do."""
    for onward in range(at, len(content) - _WINDOW + 1):
        found = places.get(content[onward : onward + _WINDOW], [])
        if (number := bisect_left(found, done)) < len(found):
            return found[number], onward
    return end, len(content)


def _same(one: bytes, other: bytes) -> int:
    """Return how many bytes both begin with."""
    least = min(len(one), len(other))
    at = 0
    while at < least and one[at : at + _BLOCK] == other[at : at + _BLOCK]:
        at += _BLOCK
    at = min(at, least)
    while at < least and one[at] == other[at]:
        at += 1
    return at


def _runs(one: bytes, other: bytes) -> list[tuple[int, int]]:
    """Return where two strings of one length differ, differences closer than 9 bytes taken together."""
    runs: list[tuple[int, int]] = []
    for start in range(0, len(one), _BLOCK):
        if one[start : start + _BLOCK] == other[start : start + _BLOCK]:
            continue
        for at in range(start, min(start + _BLOCK, len(one))):
            if one[at] != other[at]:
                if runs and at - runs[-1][1] < 9:
                    runs[-1] = runs[-1][0], at + 1
                else:
                    runs.append((at, at + 1))
    return runs
