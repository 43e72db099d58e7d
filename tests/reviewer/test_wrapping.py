"""The header that keeps a workspace's key."""

from __future__ import annotations

import base64
import json
import unicodedata
from typing import Any

import pytest

from crypto import canonical
from reviewer.errors import WorkspaceOpenError, WorkspaceParamsError
from reviewer.wrapping import header_call, unwrap_key, wrap_key
from tests.reviewer.conftest import SMALL

KEY = bytes(range(32))


@pytest.fixture(scope="module")
def header() -> bytes:
    return wrap_key(KEY, "passphrase", call="invented", cost=SMALL)


def changed(header: bytes, **parts: Any) -> bytes:
    content = json.loads(header)
    for path, value in parts.items():
        target = content
        *parents, name = path.split("__")
        for parent in parents:
            target = target[parent]
        if value is None:
            del target[name]
        else:
            target[name] = value
    return canonical.dumps(content)


def test_passphrase_brings_the_key_back(header: bytes) -> None:
    assert unwrap_key(header, "passphrase") == KEY
    assert header_call(header) == "invented"


def test_key_is_not_in_header(header: bytes) -> None:
    assert KEY not in header
    assert base64.b64encode(KEY)[:20] not in header


def test_two_headers_share_nothing(header: bytes) -> None:
    again = json.loads(wrap_key(KEY, "passphrase", call="invented", cost=SMALL))
    first = json.loads(header)
    assert again["kdf"]["salt"] != first["kdf"]["salt"]
    assert again["sealed"] != first["sealed"]


def test_wrong_passphrase_is_refused(header: bytes) -> None:
    with pytest.raises(WorkspaceOpenError):
        unwrap_key(header, "Passphrase")


def test_passphrase_is_taken_in_nfc() -> None:
    composed, decomposed = "clé ផ្សំ", unicodedata.normalize("NFD", "clé ផ្សំ")
    assert composed != decomposed
    assert unwrap_key(wrap_key(KEY, composed, call="invented", cost=SMALL), decomposed) == KEY


@pytest.mark.parametrize("part", [{"call": "other"}, {"kdf__t": 2}, {"nonce": base64.b64encode(bytes(12)).decode()}], ids=str)
def test_changed_header_does_not_open(header: bytes, part: dict[str, Any]) -> None:
    with pytest.raises(WorkspaceOpenError):
        unwrap_key(changed(header, **part), "passphrase")


@pytest.mark.parametrize(
    "part",
    [
        {"format": "saksei/v1 key"},
        {"call": 7},
        {"sealed": None},
        {"more": 1},
        {"kdf": []},
        {"kdf__name": "argon2i"},
        {"kdf__version": 16},
        {"kdf__more": 1},
        {"kdf__m_kib": 65535},
        {"kdf__m_kib": 4194305},
        {"kdf__m_kib": "65536"},
        {"kdf__t": 0},
        {"kdf__t": 17},
        {"kdf__p": 17},
        {"kdf__p": True},
        {"kdf__salt": "AAAA"},
        {"nonce": "not base64"},
        {"nonce": 12},
        {"sealed": "ផ្"},
    ],
    ids=str,
)
def test_malformed_header_is_refused(header: bytes, part: dict[str, Any]) -> None:
    with pytest.raises(WorkspaceParamsError):
        unwrap_key(changed(header, **part), "passphrase")


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b'{"format": 1}'])
def test_other_bytes_are_no_header(content: bytes) -> None:
    with pytest.raises(WorkspaceParamsError):
        unwrap_key(content, "passphrase")


def test_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32"):
        wrap_key(bytes(16), "passphrase", call="invented", cost=SMALL)
