"""What the bundle reader takes from call.json, and the signed list that vouches for it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import callfile, canonical
from crypto.errors import CryptoError
from crypto.minisign import SecretKey
from crypto.notes import SignerKey

KEY, SIGNING = SignerKey.generate("intake.example/demo"), SecretKey.generate()
AUTHORITY = {"name": "tsa", "url": "https://tsa.example", "certificate": "PEM"}
DEFINITION: dict[str, Any] = {
    "v": 1,
    "call": "demo",
    "host": "intake.example",
    "deadline": 1_755_000_000,
    "grace_seconds": 600,
    "log_vkey": str(KEY.vkey),
    "signing_key": SIGNING.public_key,
    "timestamp_authorities": [AUTHORITY],
    "something": "that is not read here",
}
CALL_JSON = canonical.dumps(DEFINITION)
LINE = f"{hashlib.sha256(CALL_JSON).hexdigest()}  call.json\n"
FORM_HASH = hashlib.sha256(b"form").digest()
FORM_LINE = f"{FORM_HASH.hex()}  form.html\n"


def test_call_file_is_read() -> None:
    read = callfile.parse_call_file(CALL_JSON)
    assert read.document == DEFINITION
    assert (read.call, read.host, read.origin) == ("demo", "intake.example", "intake.example/demo")
    assert (read.log_vkey, read.signing_key) == (KEY.vkey, SIGNING.public_key)
    assert (read.close, read.authorities) == (1_755_000_600, {"tsa": "PEM"})


def test_call_may_close_at_its_deadline_and_trust_several() -> None:
    several = [AUTHORITY, {**AUTHORITY, "name": "a" * 40, "certificate": "other"}]
    read = callfile.parse_call_file(canonical.dumps({**DEFINITION, "deadline": 0, "grace_seconds": 0, "timestamp_authorities": several}))
    assert (read.close, read.authorities) == (0, {"tsa": "PEM", "a" * 40: "other"})


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "version 2": ("version", {"v": 2}),
    "version true": ("version", {"v": True}),
    "version text": ("version", {"v": "1"}),
    "call number": ("manifest", {"call": 1}),
    "call not an id": ("manifest", {"call": "A call"}),
    "host with a path": ("manifest", {"host": "intake.example/x"}),
    "host with a space": ("manifest", {"host": "intake example"}),
    "host empty": ("manifest", {"host": ""}),
    "host in capitals": ("manifest", {"host": "Intake.example", "log_vkey": str(SignerKey("Intake.example/demo", KEY.seed).vkey)}),
    "log key of another log": ("manifest", {"log_vkey": str(SignerKey("intake.example/other", KEY.seed).vkey)}),
    "deadline text": ("manifest", {"deadline": "2025"}),
    "deadline true": ("manifest", {"deadline": True}),
    "grace negative": ("manifest", {"grace_seconds": -1}),
    "log key": ("manifest", {"log_vkey": "x"}),
    "log key of another id": ("manifest", {"log_vkey": str(KEY.vkey).replace("intake", "other")}),
    "signing key": ("manifest", {"signing_key": "x"}),
    "authorities text": ("manifest", {"timestamp_authorities": "tsa"}),
    "authority text": ("manifest", {"timestamp_authorities": ["tsa"]}),
    "authority without certificate": ("manifest", {"timestamp_authorities": [{"name": "tsa", "url": ""}]}),
    "authority name": ("manifest", {"timestamp_authorities": [{**AUTHORITY, "name": "../tsa"}]}),
    "authority twice": ("manifest", {"timestamp_authorities": [AUTHORITY, AUTHORITY]}),
}


@pytest.mark.parametrize(("expected", "changes"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_call_file_is_refused(expected: str, changes: dict[str, Any]) -> None:
    with pytest.raises(CryptoError) as caught:
        callfile.parse_call_file(canonical.dumps({**DEFINITION, **changes}))
    assert caught.value.word == expected


@pytest.mark.parametrize("key", sorted(DEFINITION.keys() - {"something"}))
def test_absent_key_is_refused(key: str) -> None:
    with pytest.raises(CryptoError) as caught:
        callfile.parse_call_file(canonical.dumps({name: value for name, value in DEFINITION.items() if name != key}))
    assert caught.value.word == ("version" if key == "v" else "manifest")


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"", "manifest"), (b"[]", "manifest"), (b" " + CALL_JSON, "manifest"), (b'{"v":1,"v":1}', "json-duplicate")],
    ids=["empty", "array", "not canonical", "key twice"],
)
def test_what_is_no_object_is_refused(data: bytes, expected: str) -> None:
    with pytest.raises(CryptoError) as caught:
        callfile.parse_call_file(data)
    assert caught.value.word == expected


@given(data=st.binary(max_size=120))
def test_any_bytes_are_refused_with_a_word(data: bytes) -> None:
    with pytest.raises(CryptoError):
        callfile.parse_call_file(data)


def signed(sums: str, key: SecretKey = SIGNING) -> bytes | None:
    return callfile.check_signed(CALL_JSON, sums.encode(), key.sign(sums.encode()).encode(), SIGNING.public_key)


def test_signed_list_vouches_for_the_call() -> None:
    assert signed(LINE) is None
    assert signed(LINE + FORM_LINE) == FORM_HASH


@pytest.mark.parametrize(
    "sums",
    [
        "",
        FORM_LINE,
        FORM_LINE + LINE,
        LINE + LINE,
        LINE + FORM_LINE + FORM_LINE,
        LINE + FORM_LINE.replace("form", "more"),
        LINE[:-1],
        LINE.replace("  ", " *"),
        LINE.upper(),
        FORM_LINE.replace("form.html", "call.json"),
    ],
    ids=range(10),
)
def test_list_of_other_files_is_refused(sums: str) -> None:
    with pytest.raises(CryptoError) as caught:
        signed(sums)
    assert caught.value.word == "manifest"


def test_list_of_another_key_is_refused() -> None:
    with pytest.raises(CryptoError) as caught:
        signed(LINE, SecretKey.generate())
    assert caught.value.word == "signature"
