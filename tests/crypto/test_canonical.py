"""crypto/canonical.py: one value, one spelling."""

from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from crypto.canonical import INTEGER_LIMIT, JsonValue, dumps, loads
from crypto.errors import CryptoError, JsonDuplicateError, KeyParamsError, ReportError

texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"))
scalars = st.none() | st.booleans() | st.integers(-INTEGER_LIMIT, INTEGER_LIMIT) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12)


@given(values)
def test_reads_what_it_writes(value: JsonValue) -> None:
    assert loads(dumps(value)) == value


@given(st.dictionaries(texts, scalars), st.randoms())
def test_refuses_every_other_spelling(value: dict[str, JsonValue], random: object) -> None:
    canonical = rfc8785.dumps(value)
    for other in (
        json.dumps(value).encode(),
        json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(),
        json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(),
    ):
        if other != canonical:
            with pytest.raises(ReportError):
                loads(other)


@given(st.binary())
def test_any_bytes_load_or_are_refused(data: bytes) -> None:
    try:
        value = loads(data)
    except CryptoError:
        return
    assert dumps(value) == data


def test_key_order_is_utf16() -> None:
    # U+1F600 is D83D DE00 in UTF-16 and sorts before U+FF5E, though its code point is greater.
    right = '{"a":1,"\U0001f600":2,"\uff5e":3}'.encode()
    assert loads(right) == {"a": 1, "\U0001f600": 2, "\uff5e": 3}
    with pytest.raises(ReportError):
        loads('{"a":1,"\uff5e":3,"\U0001f600":2}'.encode())


REFUSED = {
    "empty": b"",
    "space": b'{"a": 1}',
    "final line end": b"{}\n",
    "byte order mark": b"\xef\xbb\xbf{}",
    "not UTF-8": b'"\xff"',
    "UTF-16": '"a"'.encode("utf-16-le"),
    "unordered keys": b'{"b":1,"a":2}',
    "needless escape": rb'"\u0061"',
    "escaped solidus": rb'"\/"',
    "upper-case escape": rb'"\u001F"',
    "U+0000": rb'"\u0000"',
    "U+0000 in a key": rb'{"a":[{"\u0000":1}]}',
    "U+0000 deep": rb'{"a":[1,{"b":["\u0000"]}]}',
    "raw control": b'"\x01"',
    "lone surrogate": rb'"\ud800"',
    "lone surrogate in keys": rb'{"\ud800":1,"\ue000":2}',
    "escaped pair": rb'"\ud83d\ude00"',
    "encoded surrogate": b'"\xed\xa0\x80"',
    "fraction": b"1.5",
    "exponent": b"1e3",
    "whole fraction": b"1.0",
    "negative zero": b"-0",
    "negative zero after a text": rb'["\\\"",-0]',
    "space after a text": rb'["\\\"" ]',
    "U+0000 after a backslash": rb'"\\\u0000"',
    "leading zero": b"01",
    "not a number": b"NaN",
    "infinity": b"-Infinity",
    "too large": b"9007199254740992",
    "too small": b"-9007199254740992",
    "many digits": b"1" * 5000,
    "nested too deep": b"[" * 100_000 + b"]" * 100_000,
    "65 levels": b"[" * 65 + b"]" * 65,
    "65 levels of both": b"[" + b'{"a":[' * 32 + b"]}" * 32 + b"]",
    "two values": b"1 2",
    "trailing comma": b"[1,]",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_refuses(data: bytes) -> None:
    with pytest.raises(ReportError):
        loads(data)
    with pytest.raises(KeyParamsError):
        loads(data, error=KeyParamsError)


@pytest.mark.parametrize("data", [b'{"a":1,"a":1}', b'{"a":1,"b":2,"a":3}', b'[{"x":{"":1,"":2}}]', rb'{"a":1,"\u0061":2}'])
def test_duplicate_keys_have_their_word(data: bytes) -> None:
    with pytest.raises(JsonDuplicateError):
        loads(data, error=KeyParamsError)


def nested(times: int) -> JsonValue:
    value: JsonValue = [[]]
    for _ in range(times):
        value = {"a": [value]}
    return value


def beside(levels: int) -> JsonValue:
    """So many arrays in one another, and one more bracket than levels."""
    value: JsonValue = []
    for _ in range(levels - 2):
        value = [value]
    return [value, []]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"9007199254740991", INTEGER_LIMIT),
        (b"-9007199254740991", -INTEGER_LIMIT),
        (rb'"\\u0000"', "\\u0000"),
        (b'{"a":[' * 31 + b"[[]]" + b"]}" * 31, nested(31)),
        (b"[" * 64 + b"]" * 63 + b",[]]", beside(64)),
        (b"[" + b",".join([b"[[]]"] * 40) + b"]", [[[]]] * 40),
        (rb'["\\u0000",{"a":null}]', ["\\u0000", {"a": None}]),
        (rb'"\b\f\n\r\t\u001f\"\\/"', '\b\f\n\r\t\x1f"\\/'),
        ('"\x7f\u2028\u200bសាក្សី"'.encode(), "\x7f\u2028\u200bសាក្សី"),
    ],
)
def test_reads(data: bytes, value: JsonValue) -> None:
    assert loads(data) == value


def test_every_character_has_one_spelling() -> None:
    short = {0x08: rb"\b", 0x09: rb"\t", 0x0A: rb"\n", 0x0C: rb"\f", 0x0D: rb"\r", 0x22: rb"\"", 0x5C: rb"\\"}
    for code in range(1, 0x120):
        right = short.get(code, b"\\u%04x" % code if code < 0x20 else chr(code).encode())
        spellings = {chr(code).encode(), b"\\" + chr(code).encode(), b"\\u%04x" % code, b"\\u%04X" % code, *short.values()}
        assert loads(b'"%s"' % right) == chr(code)
        for other in spellings - {right, *(spelled for each, spelled in short.items() if each != code)}:
            with pytest.raises(ReportError):
                loads(b'"%s"' % other)


@given(st.lists(st.sampled_from(["\\", '"', "\\u0000", "u0000", "\n", "\x1f", "/", " ", "-0", "{", "\x7f", "ក"])).map("".join))
def test_text_of_all_that_is_escaped_is_read(text: str) -> None:
    written = dumps({text: [text, -1, 10, True]})
    assert loads(written) == {text: [text, -1, 10, True]}
    for space in (b" ", b"\n", b"\t", b"\r"):
        with pytest.raises(ReportError):
            loads(written.replace(b",-1,", b"," + space + b"-1,"))


@pytest.mark.parametrize("value", [2**53, "\ud800", {"\ud800": 1}])
def test_writes_nothing_unreadable(value: JsonValue) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the library's own classes are ValueErrors)
        dumps(value)
