"""crypto/keyfile.py: a seed under a passphrase."""

from __future__ import annotations

import base64
import json
import resource
import sys
from typing import Any

import pytest
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from crypto.canonical import dumps, loads
from crypto.errors import CryptoError, CustodyError, JsonDuplicateError, KeyMismatchError, KeyOpenError, KeyParamsError
from crypto.keyfile import KdfCost, key_call, key_recipient, open_key, seal_key
from crypto.opening import Identity

CHEAP = KdfCost(65536, 1, 1)
SEED = b"\x07" * 32
IDENTITY = Identity.from_seed(SEED)
FILE = seal_key(SEED, "ពាក្យសម្ងាត់", call="demo", cost=CHEAP)


def document() -> dict[str, Any]:
    read = loads(FILE)
    assert isinstance(read, dict)
    return read


def changed(key: str, value: object) -> bytes:
    whole = document()
    if key.startswith("kdf."):
        whole["kdf"][key[4:]] = value
    else:
        whole[key] = value
    return dumps(whole)


def test_opens_what_it_sealed() -> None:
    with open_key(FILE, "ពាក្យសម្ងាត់") as identity:
        assert identity.seed == SEED
        assert identity.recipient == IDENTITY.recipient
    assert key_call(FILE) == "demo"
    assert key_recipient(FILE) == IDENTITY.recipient


def test_file_is_as_specified() -> None:
    file = json.loads(FILE)
    kdf = file["kdf"]
    assert (file["format"], kdf["name"], kdf["version"], kdf["m_kib"]) == ("saksei/v1 key", "argon2id", 19, 65536)
    associated = f"saksei/v1 key\ndemo\n{IDENTITY.recipient}\nargon2id 19 65536 1 1 {kdf['salt']}\n".encode()
    salt, nonce, sealed = (base64.b64decode(text, validate=True) for text in (kdf["salt"], file["nonce"], file["sealed"]))
    key = hash_secret_raw("ពាក្យសម្ងាត់".encode(), salt, 1, 65536, 1, 32, Type.ID, 19)
    assert ChaCha20Poly1305(key).decrypt(nonce, sealed, associated) == SEED
    assert dumps(file) == FILE


def test_default_cost_is_one_gibibyte() -> None:
    assert KdfCost() == KdfCost(m_kib=1048576, t=4, p=4)


def test_passphrase_is_normalized() -> None:
    file = seal_key(SEED, "caf\u00e9", call="demo", cost=CHEAP)
    assert open_key(file, "cafe\u0301").seed == SEED


@pytest.mark.parametrize("passphrase", ["", "ពាក្យសម្ងាត់ ", "wrong", "\ud800"])
def test_another_passphrase_does_not_open(passphrase: str) -> None:
    with pytest.raises(KeyOpenError):
        open_key(FILE, passphrase)


def test_salt_and_nonce_are_fresh() -> None:
    again = json.loads(seal_key(SEED, "x", call="demo", cost=CHEAP))
    assert again["kdf"]["salt"] != document()["kdf"]["salt"]
    assert again["nonce"] != document()["nonce"]


def other_recipient() -> str:
    return str(Identity.from_seed(b"\x08" * 32).recipient)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("call", "another"),
        ("public", other_recipient()),
        ("nonce", base64.b64encode(bytes(12)).decode()),
        ("sealed", base64.b64encode(bytes(48)).decode()),
        ("kdf.salt", base64.b64encode(bytes(16)).decode()),
        ("kdf.t", 2),
        ("kdf.p", 2),
        ("kdf.m_kib", 65544),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 12 else "",
)
def test_no_field_can_be_changed(key: str, value: object) -> None:
    with pytest.raises(KeyOpenError):
        open_key(changed(key, value), "ពាក្យសម្ងាត់")


def test_announced_key_must_be_the_one_inside() -> None:
    file = document() | {"public": other_recipient()}
    kdf = file["kdf"]
    associated = f"saksei/v1 key\ndemo\n{file['public']}\nargon2id 19 65536 1 1 {kdf['salt']}\n".encode()
    key = hash_secret_raw(b"x", base64.b64decode(kdf["salt"]), 1, 65536, 1, 32, Type.ID, 19)
    file["sealed"] = base64.b64encode(ChaCha20Poly1305(key).encrypt(base64.b64decode(file["nonce"]), SEED, associated)).decode()
    with pytest.raises(KeyMismatchError):
        open_key(dumps(file), "x")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "saksei/v2 key"),
        ("format", 1),
        ("call", "No Call"),
        ("call", ""),
        ("call", 1),
        ("public", "age1pq1"),
        ("public", None),
        ("nonce", "AAAA"),
        ("nonce", 5),
        ("nonce", "A" * 15 + "é"),
        ("nonce", "A" * 17),
        ("sealed", base64.b64encode(bytes(47)).decode()),
        ("sealed", "A" * 63 + "\n"),
        ("extra", 1),
        ("kdf", None),
        ("kdf.name", "scrypt"),
        ("kdf.version", 16),
        ("kdf.m_kib", 65535),
        ("kdf.m_kib", 4194305),
        ("kdf.m_kib", "65536"),
        ("kdf.t", 0),
        ("kdf.t", 17),
        ("kdf.t", True),
        ("kdf.p", 0),
        ("kdf.p", 17),
        ("kdf.salt", base64.b64encode(bytes(15)).decode()),
        ("kdf.salt", "A" * 21 + "B=="),
        ("kdf.extra", 1),
    ],
)
def test_ill_formed_files_are_refused(key: str, value: object) -> None:
    for act in (lambda data: open_key(data, "ពាក្យសម្ងាត់"), key_call, key_recipient):
        with pytest.raises(KeyParamsError):
            act(changed(key, value))


@pytest.mark.parametrize("key", ["format", "call", "public", "kdf", "nonce", "sealed"])
def test_every_key_is_required(key: str) -> None:
    lacking = document()
    del lacking[key]
    with pytest.raises(KeyParamsError):
        key_call(dumps(lacking))


def test_duplicate_keys_have_their_word() -> None:
    with pytest.raises(JsonDuplicateError):
        key_call(FILE.replace(b'"call":"demo"', b'"call":"demo","call":"demo"'))


def test_white_space_around_is_let_pass() -> None:
    assert key_call(b"\n" + FILE + b"\r\n") == "demo"
    with pytest.raises(KeyParamsError):
        key_call(FILE.replace(b",", b", "))


def test_long_files_are_refused_unread() -> None:
    assert key_call(FILE.ljust(65_536)) == "demo"
    for size in (65_537, 70_000):
        with pytest.raises(KeyParamsError):
            key_call(FILE.ljust(size))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises((CustodyError, JsonDuplicateError)):
        key_call(data)


@pytest.mark.parametrize(("m_kib", "t", "p"), [(65536, 1, 1), (4194304, 16, 16)])
def test_costs_at_the_bounds_are_taken(m_kib: int, t: int, p: int) -> None:
    file = changed("kdf.m_kib", m_kib)
    for name, value in (("t", t), ("p", p)):
        file = file.replace(b'"%s":1' % name.encode(), b'"%s":%d' % (name.encode(), value))
    assert KdfCost(m_kib, t, p) == KdfCost(m_kib=m_kib, t=t, p=p)
    assert key_call(file) == "demo"


@pytest.mark.parametrize(
    ("m_kib", "t", "p"), [(65535, 1, 1), (4194305, 1, 1), (65536, 0, 1), (65536, 17, 1), (65536, 1, 0), (65536, 1, 17)]
)
def test_costs_outside_the_bounds_are_refused(m_kib: int, t: int, p: int) -> None:
    with pytest.raises(KeyParamsError):
        KdfCost(m_kib, t, p)


def test_too_little_memory_has_its_word() -> None:
    # Linux refuses the allocation; where the limit is not kept (macOS), the 4 GiB are spent and the seal does not fit.
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, hard))
    try:
        with pytest.raises(KeyParamsError if sys.platform == "linux" else KeyOpenError):
            open_key(changed("kdf.m_kib", 4194304), "ពាក្យសម្ងាត់")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize(("seed", "call", "error"), [(b"short", "demo", KeyParamsError), (SEED, "No Call", KeyParamsError)])
def test_only_keys_of_calls_are_sealed(seed: bytes, call: str, error: type[CryptoError]) -> None:
    with pytest.raises(error):
        seal_key(seed, "x", call=call, cost=CHEAP)
