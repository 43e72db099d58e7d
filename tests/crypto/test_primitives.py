"""The primitives that the formats stand on, under the vectors of PyPI `cryptography_vectors`: HPKE (F3.4) and Argon2id (F11.3).

What applies: of HPKE's post-quantum vectors the one of our suite, of Argon2id's those without a secret and without associated data, which
a key file has none of.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

import cryptography_vectors
import pytest
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from crypto.envelope import ENC_SIZE, SUITE
from crypto.opening import Identity

KEM, KDF, AEAD = 0x647A, 0x0001, 0x0003
"""The suite of F3.4."""


@cache
def hpke() -> list[dict[str, Any]]:
    with cryptography_vectors.open_vector_file("HPKE/hpke-pq-test-vectors.json", "r") as file:
        read: list[dict[str, Any]] = json.load(file)
    return [each for each in read if (each["mode"], each["kem_id"], each["kdf_id"], each["aead_id"]) == (0, KEM, KDF, AEAD)]


def argon2id() -> list[dict[str, str]]:
    with cryptography_vectors.open_vector_file("KDF/argon2id.txt", "r") as file:
        blocks = file.read().split("COUNT = ")[1:]
    read = [dict(line.split(" =", 1) for line in block.splitlines() if " =" in line and not line.startswith("#")) for block in blocks]
    return [{name: value.strip() for name, value in each.items()} for each in read if "secret" not in each]


def private_key(seed: bytes) -> MLKEM768X25519PrivateKey:
    """Expand a seed as F1.3 says, for an info that no identity of ours uses."""
    expanded = hashlib.shake_256(seed).digest(96)
    return MLKEM768X25519PrivateKey(MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:]))


def sealed(vector: dict[str, Any], plain: bytes) -> bytes:
    """Return the first message under the vector's key schedule; its own messages have associated data, which a stanza has none of."""
    return ChaCha20Poly1305(bytes.fromhex(vector["key"])).encrypt(bytes.fromhex(vector["base_nonce"]), plain, None)


def test_there_is_a_vector_of_our_suite() -> None:
    assert len(hpke()) == 1
    assert len(argon2id()) == 5


@pytest.mark.parametrize("vector", hpke(), ids=["mlkem768x25519"])
def test_hpke_vector(vector: dict[str, Any]) -> None:
    seed, enc, info = (bytes.fromhex(vector[name]) for name in ("skRm", "enc", "info"))
    assert len(enc) == ENC_SIZE
    assert Identity(seed).recipient.public == bytes.fromhex(vector["pkRm"])
    first = vector["encryptions"][0]
    plain = bytes.fromhex(first["pt"])
    # The key schedule of the vector is the one of its first message ...
    cipher = ChaCha20Poly1305(bytes.fromhex(vector["key"]))
    assert cipher.encrypt(bytes.fromhex(first["nonce"]), plain, bytes.fromhex(first["aad"])) == bytes.fromhex(first["ct"])
    # ... and the one that our suite comes to from the seed, enc and info.
    assert SUITE.decrypt(enc + sealed(vector, plain), private_key(seed), info) == plain


@pytest.mark.parametrize("vector", argon2id(), ids=range(5))
def test_argon2id_vector(vector: dict[str, str]) -> None:
    passphrase, salt = bytes.fromhex(vector["pass"]), bytes.fromhex(vector["salt"])
    passes, memory, lanes, length = (int(vector[name]) for name in ("iter", "memcost", "lanes", "length"))
    assert hash_secret_raw(passphrase, salt, passes, memory, lanes, length, Type.ID, 0x13).hex() == vector["output"]
