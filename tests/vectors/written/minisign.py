"""Vectors of minisign signatures and keys (F1.9, F1.10)."""

from __future__ import annotations

import base64
import hashlib
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.vectors import edwards
from tests.vectors.collection import Collection
from tests.vectors.spelling import text
from tests.vectors.world import CALL_HASH, OTHER_SIGNING, SIGNING

MESSAGE = f"{CALL_HASH.hex()}  call.json\n".encode()
SIGNED = SIGNING.sign(MESSAGE)
PASSPHRASE = "correct horse \u00e9"


def signed(
    message: bytes = MESSAGE,
    *,
    algorithm: bytes = b"ED",
    number: bytes = SIGNING.number,
    comment: str = "saksei/v1",
    first: str = "untrusted comment: saksei/v1",
    prehashed: bool = True,
) -> str:
    """Return a signature file by the signing key, written here by hand."""
    key = Ed25519PrivateKey.from_private_bytes(SIGNING.seed)
    signature = key.sign(hashlib.blake2b(message).digest() if prehashed else message)
    both = key.sign(signature + comment.encode())
    packed = base64.b64encode(algorithm + number + signature).decode()
    return f"{first}\n{packed}\ntrusted comment: {comment}\n{base64.b64encode(both).decode()}\n"


def collection() -> Collection:
    """Return the vectors of `minisign.json`."""
    made = Collection("minisign", "Signatures of the call's signing key. Keys, comments and passphrases are text.")
    if signed() != SIGNED:
        raise ValueError("This is not how a signature is written.")
    _verified(made)
    _refused(made)
    _keys(made)
    _secret_keys(made)
    return made


def _verified(made: Collection) -> None:
    for name, message, comment in (
        ("sums", MESSAGE, "saksei/v1"),
        ("nothing", b"", "saksei/v1"),
        ("comment-empty", MESSAGE, ""),
        ("comment-khmer", MESSAGE, "សាក្សី"),
        ("comment-with-tab", MESSAGE, "a\tb"),
    ):
        signature = text(signed(message, comment=comment))
        given = {"message": message, "signature": signature, "public_key": SIGNING.public_key}
        made.passes(f"verify-{name}", "verify", "F1.10", given, {"trusted_comment": comment})
        key = {"number": SIGNING.number, "seed": SIGNING.seed, "message": message, "trusted_comment": comment}
        made.passes(f"sign-{name}", "sign", "F1.10", key, {"signature": signature})


def _refused(made: Collection) -> None:
    one, packed, comment, both, _ = SIGNED.split("\n")
    raw = base64.b64decode(packed)
    scalar = int.from_bytes(raw[42:], "little") + edwards.ORDER
    moved = edwards.signature(SIGNING.seed, hashlib.blake2b(MESSAGE).digest(), moved=True)
    high = base64.b64encode(raw[:42] + scalar.to_bytes(32, "little")).decode()
    spare = packed[:-2] + chr(ord(packed[-2]) + 1) + "="
    other = base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()
    for name, wrong in {
        "by-another-key-of-the-same-number": OTHER_SIGNING.sign(MESSAGE),
        "of-another-message": signed(b"x"),
        "number-of-another": signed(number=bytes(8)),
        "not-prehashed": signed(algorithm=b"Ed", prehashed=False),
        "not-prehashed-but-says-so": signed(algorithm=b"Ed"),
        "prehashed-in-name-alone": signed(prehashed=False),
        "first-line-other": signed(first="untrusted comment: signature from minisign secret key"),
        "first-line-with-space": signed(first="untrusted comment: saksei/v1 "),
        "first-line-version-2": signed(first="untrusted comment: saksei/v2"),
        "trusted-comment-changed": SIGNED.replace("trusted comment: saksei/v1\n", "trusted comment: saksei/v2\n").replace(
            "untrusted comment: saksei/v2", one
        ),
        "trusted-comment-without-prefix": SIGNED.replace(f"\n{comment}\n", "\nsaksei/v1\n"),
        "trusted-comment-with-control-character": signed(comment="a\x1bb"),
        "signature-changed": SIGNED.replace(packed, other),
        "signature-not-canonical": SIGNED.replace(packed, spare),
        "signature-scalar-too-high": SIGNED.replace(packed, high),
        "signature-moved-by-the-point-of-order-two": SIGNED.replace(packed, base64.b64encode(raw[:10] + moved).decode()).replace(
            both, base64.b64encode(edwards.signature(SIGNING.seed, moved + b"saksei/v1", moved=False)).decode()
        ),
        "signature-short": SIGNED.replace(packed, base64.b64encode(raw[:-1]).decode()),
        "signature-not-base64": SIGNED.replace(packed, "*" + packed[1:]),
        "second-signature-changed": SIGNED.replace(both, base64.b64encode(bytes(64)).decode()),
        "second-signature-short": SIGNED.replace(both, base64.b64encode(bytes(63)).decode()),
        "second-signature-is-the-first": SIGNED.replace(both, base64.b64encode(raw[10:]).decode()),
        "no-line-end": SIGNED[:-1],
        "line-too-many": SIGNED + "\n",
        "line-too-few": "\n".join((one, packed, comment, "")),
        "line-ends-of-windows": SIGNED.replace("\n", "\r\n"),
        "no-signature": "",
    }.items():
        given = {"message": MESSAGE, "signature": text(wrong), "public_key": SIGNING.public_key}
        made.refuses(f"verify-{name}", "verify", "F1.10", "signature", given)
    given = {
        "message": MESSAGE,
        "signature": SIGNED.encode().replace(b"trusted comment: s", b"trusted comment: \xff"),
        "public_key": SIGNING.public_key,
    }
    made.refuses("verify-not-utf-8", "verify", "F1.10", "signature", given)


def _keys(made: Collection) -> None:
    raw = base64.b64decode(SIGNING.public_key)
    output = {"number": raw[2:10], "public": raw[10:]}
    made.passes("public-key", "public-key", "F1.8", {"line": SIGNING.public_key}, output)
    for name, wrong in {
        "empty": "",
        "short": base64.b64encode(raw[:-1]).decode(),
        "long": base64.b64encode(raw + b"\0").decode(),
        "of-another-algorithm": base64.b64encode(b"ED" + raw[2:]).decode(),
        "line-end": SIGNING.public_key + "\n",
        "space": " " + SIGNING.public_key,
        "not-base64": "*" + SIGNING.public_key[1:],
        "with-comment": f"untrusted comment: minisign public key\n{SIGNING.public_key}\n",
    }.items():
        made.refuses(f"public-key-{name}", "public-key", "F1.8", "key-params", {"line": wrong})


def secret_key(*, algorithm: bytes = b"Ed", kdf: bytes = b"\0\0", checksum: bytes = b"B2", public: bytes | None = None) -> bytes:
    """Return a secret key that is not encrypted, packed."""
    own = base64.b64decode(SIGNING.public_key)[10:] if public is None else public
    inner = SIGNING.number + SIGNING.seed + own + bytes(32)
    return struct.pack("<2s2s2s32sQQ104s", algorithm, kdf, checksum, bytes(32), 0, 0, inner)


def encrypted(*, opslimit: int = 32768, memlimit: int = 16 << 20, seed: bytes = SIGNING.seed, spoiled: bool = False) -> bytes:
    """Return a secret key under the passphrase at little cost, packed; libsodium's limits give N = 2^10, r = 8, p = 1."""
    inner = SIGNING.number + seed + base64.b64decode(SIGNING.public_key)[10:]
    inner += hashlib.blake2b(b"Ed" + inner, digest_size=32).digest()
    stream = hashlib.scrypt(PASSPHRASE.encode(), salt=bytes(range(32)), n=1 << 10, r=8, p=1, dklen=104)
    hidden = bytes(a ^ b for a, b in zip(inner, stream, strict=True))
    hidden = hidden[:-1] + bytes([hidden[-1] ^ spoiled])
    return struct.pack("<2s2s2s32sQQ104s", b"Ed", b"Sc", b"B2", bytes(range(32)), opslimit, memlimit, hidden)


def _secret_keys(made: Collection) -> None:
    def file(packed: bytes, comment: str = "untrusted comment: minisign encrypted secret key") -> str:
        return f"{comment}\n{base64.b64encode(packed).decode()}\n"

    plain, hidden = secret_key(), encrypted()
    for name, content, passphrase in (
        ("plain", file(plain), None),
        ("plain-with-needless-passphrase", file(plain), "x"),
        ("another-comment", file(plain, "untrusted comment: of a friend"), None),
        ("encrypted", file(hidden), PASSPHRASE),
        ("encrypted-passphrase-nfd", file(hidden), "correct horse e\u0301"),
    ):
        made.passes(
            f"secret-{name}", "secret-key", "F1.10", {"text": content, "passphrase": passphrase}, {"public_key": SIGNING.public_key}
        )
    for name, wrong in {
        "empty": "",
        "without-comment": base64.b64encode(plain).decode() + "\n",
        "comment-other": file(plain, "comment: x"),
        "short": file(plain[:-1]),
        "no-line-end": file(plain)[:-1],
        "line-too-many": file(plain) + "\n",
        "of-another-algorithm": file(secret_key(algorithm=b"ED")),
        "of-another-kdf": file(secret_key(kdf=b"Ar")),
        "of-another-checksum": file(secret_key(checksum=b"B3")),
        "costs-too-much-memory": file(encrypted(opslimit=1 << 25, memlimit=1 << 31)),
        "costs-too-much-time": file(encrypted(opslimit=1 << 26)),
        "costs-beyond-everything": file(encrypted(opslimit=2**64 - 1, memlimit=2**64 - 1)),
    }.items():
        made.refuses(f"secret-{name}", "secret-key", "F1.10", "key-params", {"text": wrong, "passphrase": PASSPHRASE})
    for name, content, passphrase in (
        ("wrong-passphrase", file(hidden), "correct horse"),
        ("no-passphrase", file(hidden), None),
        ("checksum-wrong", file(encrypted(spoiled=True)), PASSPHRASE),
    ):
        made.refuses(f"secret-{name}", "secret-key", "F1.10", "key-open", {"text": content, "passphrase": passphrase})
    for name, packed in {"public-half-of-another": secret_key(public=bytes(32)), "encrypted-of-another": encrypted(seed=bytes(32))}.items():
        made.refuses(f"secret-{name}", "secret-key", "F1.10", "key-mismatch", {"text": file(packed), "passphrase": PASSPHRASE})
