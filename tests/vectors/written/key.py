"""Vectors of the key file (F11.1 to F11.8)."""

from __future__ import annotations

import base64
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from tests.vectors.collection import Collection
from tests.vectors.world import CALL, IDENTITIES, SEED, SEEDS, spelled

PASSPHRASE = "correct horse"
SALT, NONCE = bytes(range(16)), bytes(range(12))
PUBLIC = str(IDENTITIES[0].recipient)


def b64(content: bytes) -> str:
    """Return base64 with padding."""
    return base64.b64encode(content).decode()


def sealed(*, seed: bytes = SEED, call: str = CALL, public: str = PUBLIC, passphrase: str = PASSPHRASE) -> str:
    """Return the `sealed` of a key file of little cost, written here by hand."""
    associated = f"saksei/v1 key\n{call}\n{public}\nargon2id 19 65536 1 1 {b64(SALT)}\n".encode()
    key = hash_secret_raw(passphrase.encode(), SALT, 1, 65536, 1, 32, Type.ID, 19)
    return b64(ChaCha20Poly1305(key).encrypt(NONCE, seed, associated))


def document(kdf: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return the key file of Appendix A as a value, changed; `None` takes a key away."""
    cost = {"m_kib": 65536, "name": "argon2id", "p": 1, "salt": b64(SALT), "t": 1, "version": 19} | (kdf or {})
    content: dict[str, Any] = {
        "call": CALL,
        "format": "saksei/v1 key",
        "kdf": {key: value for key, value in cost.items() if value is not None},
        "nonce": b64(NONCE),
        "public": PUBLIC,
        "sealed": SEALED,
    }
    return {key: value for key, value in (content | changes).items() if value is not None}


SEALED = sealed()

COST: dict[str, dict[str, Any]] = {
    "memory-low": {"m_kib": 65535},
    "memory-high": {"m_kib": 4194305},
    "memory-far-beyond": {"m_kib": 2**53 - 1},
    "memory-negative": {"m_kib": -65536},
    "memory-text": {"m_kib": "65536"},
    "memory-true": {"m_kib": True},
    "passes-0": {"t": 0},
    "passes-17": {"t": 17},
    "lanes-0": {"p": 0},
    "lanes-17": {"p": 17},
    "lanes-true": {"p": True},
    "name-argon2i": {"name": "argon2i"},
    "version-16": {"version": 16},
    "version-text": {"version": "19"},
    "salt-short": {"salt": b64(bytes(15))},
    "salt-long": {"salt": b64(bytes(17))},
    "salt-not-canonical": {"salt": b64(SALT)[:-3] + "x=="},
    "salt-not-padded": {"salt": b64(SALT)[:-2]},
    "salt-hex": {"salt": SALT.hex()},
    "salt-number": {"salt": 1},
    "salt-absent": {"salt": None},
    "key-unknown": {"x": 1},
}
FIELDS: dict[str, dict[str, Any]] = {
    "format-absent": {"format": None},
    "format-version-2": {"format": "saksei/v2 key"},
    "call-absent": {"call": None},
    "call-upper-case": {"call": "Lantern"},
    "call-line-end": {"call": "a\n"},
    "call-number": {"call": 1},
    "public-absent": {"public": None},
    "public-upper-case": {"public": PUBLIC.upper()},
    "public-checksum": {"public": PUBLIC[:-1] + ("q" if PUBLIC[-1] != "q" else "p")},
    "public-number": {"public": 1},
    "nonce-short": {"nonce": b64(bytes(11))},
    "nonce-with-line-end": {"nonce": b64(NONCE) + "\n"},
    "nonce-url-alphabet": {"nonce": "-" + b64(NONCE)[1:]},
    "sealed-short": {"sealed": b64(bytes(47))},
    "sealed-long": {"sealed": b64(bytes(49))},
    "sealed-empty": {"sealed": ""},
    "sealed-not-ascii": {"sealed": "é" * 64},
    "key-unknown": {"holder": "x"},
}


def collection() -> Collection:
    """Return the vectors of `key.json`."""
    made = Collection("key", "Key files. `read` needs no passphrase and spends nothing; `open` costs 64 MiB each time it comes so far.")
    whole = spelled(document())
    made.base("key", whole)
    _accepted(made, whole)
    _malformed(made, whole)
    _opened(made)
    return made


def _accepted(made: Collection, whole: bytes) -> None:
    output = {"call": CALL, "public": PUBLIC}
    for name, content in {
        "appendix-a": whole,
        "line-end": whole + b"\n",
        "line-end-of-windows": whole + b"\r\n",
        "white-space-around": b" \t\n\v\f\r" + whole + b" \t\n\v\f\r",
        "greatest-cost": spelled(document({"m_kib": 4194304, "t": 16, "p": 16})),
    }.items():
        made.passes(f"read-{name}", "read", "F11.8", {"file": content}, output)
    given = {"file": whole, "passphrase": PASSPHRASE}
    made.passes("open-appendix-a", "open", "F11.5", given, {"seed": SEED})
    composed = spelled(document(sealed=sealed(passphrase="h\u00e9 \u00bd")))
    for name, passphrase in {"nfc": "h\u00e9 \u00bd", "nfd": "he\u0301 \u00bd"}.items():
        made.passes(f"open-passphrase-{name}", "open", "F11.3", {"file": composed, "passphrase": passphrase}, {"seed": SEED})
    empty = spelled(document(sealed=sealed(passphrase="")))
    made.passes("open-passphrase-empty", "open", "F11.3", {"file": empty, "passphrase": ""}, {"seed": SEED})


def _malformed(made: Collection, whole: bytes) -> None:
    refused = {f"cost-{name}": spelled(document(change)) for name, change in COST.items()}
    refused |= {name: spelled(document(**change)) for name, change in FIELDS.items()}
    refused |= {
        "nothing": b"",
        "white-space-alone": b" \n",
        "a-list": b"[]",
        "kdf-a-list": spelled(document() | {"kdf": []}),
        "not-canonical": whole.replace(b'"call":', b'"call": '),
        "keys-out-of-order": b'{"format":"saksei/v1 key",' + whole[1:].replace(b'"format":"saksei/v1 key",', b""),
        "byte-order-mark": b"\xef\xbb\xbf" + whole,
        "no-break-space-around": "\u00a0".encode() + whole,
        "nul-after": whole + b"\0",
        "cut": whole[:-1],
        "fraction": whole.replace(b'"t":1', b'"t":1.0'),
    }
    for name, content in refused.items():
        made.refuses(f"read-{name}", "read", "F11.1", "key-params", {"file": content})
    twice = whole.replace(b'"nonce":', b'"nonce":"","nonce":')
    made.refuses("read-key-twice", "read", "F0.3", "json-duplicate", {"file": twice})
    inside = whole.replace(b'"t":1', b'"t":1,"t":1')
    made.refuses("read-key-twice-inside", "read", "F0.3", "json-duplicate", {"file": inside})
    given = {"file": spelled(document({"m_kib": 4194305})), "passphrase": PASSPHRASE}
    made.refuses("open-cost-before-it-is-spent", "open", "F11.2", "key-params", given)


def _opened(made: Collection) -> None:
    other = str(IDENTITIES[1].recipient)
    for name, content, passphrase in (
        ("wrong-passphrase", document(), "correct horsE"),
        ("passphrase-with-space", document(), PASSPHRASE + " "),
        ("compatible-character", document(sealed=sealed(passphrase="\u00bd")), "1\u20442"),
        ("call-changed", document(call="lantern-2030"), PASSPHRASE),
        ("public-changed", document(public=other), PASSPHRASE),
        ("cost-changed", document({"t": 2}), PASSPHRASE),
        ("salt-changed", document({"salt": b64(bytes(16))}), PASSPHRASE),
        ("nonce-changed", document(nonce=b64(bytes(12))), PASSPHRASE),
        ("sealed-changed", document(sealed=b64(base64.b64decode(SEALED)[:-1] + b"\0")), PASSPHRASE),
    ):
        made.refuses(f"open-{name}", "open", "F11.5", "key-open", {"file": spelled(content), "passphrase": passphrase})
    for name, content in (
        ("seed-of-another", document(sealed=sealed(seed=SEEDS[1]))),
        ("public-of-another-and-sealed-so", document(public=other, sealed=sealed(public=other))),
    ):
        made.refuses(f"open-{name}", "open", "F11.6", "key-mismatch", {"file": spelled(content), "passphrase": PASSPHRASE})
