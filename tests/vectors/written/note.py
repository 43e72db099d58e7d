"""Vectors of signed notes, checkpoints and promises (F5.5, F7.7 to F7.9)."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.vectors import edwards
from tests.vectors.collection import Collection
from tests.vectors.spelling import text
from tests.vectors.world import LOG_KEY, ORIGIN, OTHER_LOG_KEY, reported

if TYPE_CHECKING:
    from crypto.notes import SignerKey

VKEY, LINE = str(LOG_KEY.vkey), LOG_KEY.line()
LEAF = hashlib.sha256(b"\0" + reported(1)).digest()
ROOT = base64.b64encode(hashlib.sha256(b"root").digest()).decode()
ENCODED = base64.b64encode(LEAF).decode()
CHECKPOINT = f"{ORIGIN}\n4\n{ROOT}\n"
PROMISE = f"{ORIGIN}/promise\n{ENCODED}\n1755148200\n"


def signature(content: bytes, key: SignerKey = LOG_KEY) -> bytes:
    """Return key id and signature of a text, written here by hand: any bytes can be signed."""
    return key.vkey.key_id + Ed25519PrivateKey.from_private_bytes(key.seed).sign(content)


def line(signed: bytes | str, name: str = ORIGIN) -> bytes:
    """Return a signature line."""
    encoded = signed if isinstance(signed, str) else base64.b64encode(signed).decode()
    return f"\u2014 {name} {encoded}\n".encode()


def note(content: str | bytes, *lines: bytes, key: SignerKey = LOG_KEY) -> bytes:
    """Return a note of a text: signed by the log key, or with these lines."""
    raw = content.encode() if isinstance(content, str) else content
    return raw + b"\n" + b"".join(lines or [line(signature(raw, key), key.name)])


def collection() -> Collection:
    """Return the vectors of `note.json`."""
    made = Collection("note", "Signed notes by Ed25519 keys, and what our log says in them. Keys and origins are text.")
    _keys(made)
    _opened(made)
    _lines(made)
    _checkpoints(made)
    _promises(made)
    return made


def _keys(made: Collection) -> None:
    vkey = LOG_KEY.vkey
    output = {"name": ORIGIN, "key_id": vkey.key_id, "public": vkey.public}
    made.passes("vkey", "vkey", "F7.8", {"line": VKEY}, output)
    name, _, key = VKEY.split("+", 2)
    raw = base64.b64decode(key)
    short, two = base64.b64encode(raw[:-1]).decode(), base64.b64encode(b"\2" + raw[1:]).decode()
    for case, wrong in {
        "empty": "",
        "without-key": f"{name}+{vkey.key_id.hex()}",
        "name-empty": VKEY.removeprefix(name),
        "name-with-space": VKEY.replace("/", " "),
        "name-with-no-break-space": VKEY.replace("/", "\u00a0"),
        "name-with-half-a-surrogate-pair": VKEY.replace("/", "\ud800"),
        "id-upper-case": VKEY.replace(vkey.key_id.hex(), vkey.key_id.hex().upper()),
        "id-short": VKEY.replace(vkey.key_id.hex(), vkey.key_id.hex()[:-1]),
        "key-short": VKEY.replace(key, short),
        "key-of-another-algorithm": VKEY.replace(key, two),
        "key-cut": VKEY[:-1],
        "key-not-base64": VKEY[:-1] + "*",
        "line-end": VKEY + "\n",
        "private": LINE,
    }.items():
        if wrong == VKEY:
            raise ValueError(f"Nothing is wrong with {case}.")
        made.refuses(f"vkey-{case}", "vkey", "F7.8", "key-params", {"line": wrong})
    made.refuses("vkey-key-of-another", "vkey", "F7.8", "key-mismatch", {"line": VKEY[:-1] + "t"})
    made.refuses("vkey-id-of-another", "vkey", "F7.8", "key-mismatch", {"line": VKEY.replace(vkey.key_id.hex(), "00000000")})
    made.refuses("vkey-of-another-name", "vkey", "F7.8", "key-mismatch", {"line": VKEY.replace("lantern", "Lantern")})
    made.passes("signer", "signer", "F7.8", {"line": LINE}, {"vkey": VKEY})
    made.refuses("signer-public", "signer", "F7.8", "key-params", {"line": VKEY})
    made.refuses("signer-lower-case", "signer", "F7.8", "key-params", {"line": LINE.replace("PRIVATE", "private")})
    made.refuses("signer-id-of-another", "signer", "F7.8", "key-mismatch", {"line": LINE.replace(vkey.key_id.hex(), "00000000")})
    for case, content in {"checkpoint": CHECKPOINT, "promise": PROMISE, "empty-line": "a\n\nb\n"}.items():
        made.passes(f"sign-{case}", "sign", "F7.9", {"signer": LINE, "text": text(content)}, {"note": text(note(content))})


def _given(content: bytes, vkey: str = VKEY) -> dict[str, Any]:
    try:
        return {"note": text(content), "vkey": vkey}
    except UnicodeDecodeError:
        return {"note": content, "vkey": vkey}


def _opened(made: Collection) -> None:
    foreign = line(signature(CHECKPOINT.encode(), OTHER_LOG_KEY), "witness.example/w1")
    same_name = line(signature(CHECKPOINT.encode(), OTHER_LOG_KEY))
    own = line(signature(CHECKPOINT.encode()))
    for name, content, said in (
        ("checkpoint", note(CHECKPOINT), CHECKPOINT),
        ("empty-line-in-text", note("a\n\nb\n"), "a\n\nb\n"),
        ("empty-line-at-end-of-text", note("a\n\n"), "a\n\n"),
        ("text-of-one-line-end", note("\n"), "\n"),
        ("khmer", note("សាក្សី\n"), "សាក្សី\n"),
        ("dash-line-in-text", note("\u2014 a b\n"), "\u2014 a b\n"),
        ("witness-after", note(CHECKPOINT, own, foreign), CHECKPOINT),
        ("witness-before", note(CHECKPOINT, foreign, own), CHECKPOINT),
        ("witness-wrong", note(CHECKPOINT, line(bytes(68), "witness.example/w1"), own), CHECKPOINT),
        ("witness-of-another-algorithm", note(CHECKPOINT, line(bytes(5), "witness.example/w1"), own), CHECKPOINT),
        ("same-name-other-id", note(CHECKPOINT, same_name, own), CHECKPOINT),
        ("own-signature-twice", note(CHECKPOINT, own, own), CHECKPOINT),
        ("sixteen-lines", note(CHECKPOINT, *[foreign] * 15, own), CHECKPOINT),
    ):
        made.passes(f"open-{name}", "open", "F7.9", _given(content), {"text": text(said)})
    made.passes(
        "open-with-another-key", "open", "F7.9", _given(note("a\n", key=OTHER_LOG_KEY), str(OTHER_LOG_KEY.vkey)), {"text": text("a\n")}
    )


def _lines(made: Collection) -> None:
    raw = CHECKPOINT.encode()
    own, signed = line(signature(raw)), signature(raw)
    if edwards.signature(LOG_KEY.seed, raw, moved=False) != signed[4:]:
        raise ValueError("This is not how Ed25519 signs.")
    encoded = base64.b64encode(signed).decode()
    scalar = int.from_bytes(signed[36:], "little") + edwards.ORDER
    high = signed[:36] + scalar.to_bytes(32, "little")
    spare = encoded[:-2] + chr(ord(encoded[-2]) + 1) + "="
    foreign = line(signature(raw, OTHER_LOG_KEY), "witness.example/w1")
    for name, content in {
        "by-another-key": note(CHECKPOINT, key=OTHER_LOG_KEY),
        "by-nobody": note(CHECKPOINT, foreign),
        "text-changed": note(CHECKPOINT, own).replace(b"\n4\n", b"\n5\n"),
        "signature-changed": note(CHECKPOINT, line(signed[:-1] + bytes([signed[-1] ^ 1]))),
        "signature-empty": note(CHECKPOINT, line(signed[:4])),
        "signature-short": note(CHECKPOINT, line(signed[:-1])),
        "signature-long": note(CHECKPOINT, line(signed + b"\0")),
        "signature-scalar-too-high": note(CHECKPOINT, line(high)),
        "signature-moved-by-the-point-of-order-two": note(CHECKPOINT, line(signed[:4] + edwards.signature(LOG_KEY.seed, raw, moved=True))),
        "signature-zero": note(CHECKPOINT, line(signed[:4] + bytes(64))),
        "one-of-two-wrong": note(CHECKPOINT, own, line(signed[:4] + bytes(64))),
        "one-of-two-wrong-first": note(CHECKPOINT, line(signed[:4] + bytes(64)), own),
        "base64-not-canonical": note(CHECKPOINT, line(spare)),
        "base64-not-padded": note(CHECKPOINT, line(encoded.rstrip("="))),
        "base64-url-alphabet": note(CHECKPOINT, line("-" + encoded[1:])),
        "witness-base64-not-canonical": note(CHECKPOINT, line("AAAAAAB=", "witness.example/w1"), own),
        "witness-without-signature": note(CHECKPOINT, line("AAAAAA==", "witness.example/w1"), own),
        "witness-without-name": note(CHECKPOINT, line(bytes(68), ""), own),
        "witness-with-plus": note(CHECKPOINT, line(bytes(68), "a+b"), own),
        "no-signature": raw + b"\n",
        "no-empty-line": raw + own,
        "no-line-end": note(CHECKPOINT)[:-1],
        "empty-line-after": note(CHECKPOINT) + b"\n",
        "text-after": note(CHECKPOINT) + b"x\n",
        "hyphen-for-dash": note(CHECKPOINT).replace("\u2014".encode(), b"-"),
        "en-dash": note(CHECKPOINT).replace("\u2014".encode(), "\u2013".encode()),
        "two-spaces": note(CHECKPOINT).replace("\u2014 ".encode(), "\u2014  ".encode()),
        "space-at-end": note(CHECKPOINT)[:-1] + b" \n",
        "line-ends-of-windows": note(CHECKPOINT).replace(b"\n", b"\r\n"),
        "carriage-return-signed": note(CHECKPOINT.replace("\n", "\r\n")),
        "tab-signed": note("a\tb\n"),
        "nul-signed": note("a\0b\n"),
        "escape-signed": note("a\x1bb\n"),
        "not-utf-8-signed": note(b"a\xff\n"),
        "byte-order-mark": b"\xef\xbb\xbf" + note(CHECKPOINT),
        "nothing": b"",
        "line-ends-alone": b"\n\n",
    }.items():
        made.refuses(f"open-{name}", "open", "F7.9", "signature", _given(content))


def _checkpoints(made: Collection) -> None:
    def given(content: str, origin: str = ORIGIN, key: SignerKey = LOG_KEY) -> dict[str, Any]:
        return {"note": text(note(content, key=key)), "vkey": VKEY, "origin": origin}

    for size in (0, 1, 4, 2**53 - 1):
        output = {"size": size, "root": base64.b64decode(ROOT)}
        made.passes(f"checkpoint-of-{size}", "checkpoint", "F7.7", given(f"{ORIGIN}\n{size}\n{ROOT}\n"), output)
    for name, content in {
        "of-another-log": CHECKPOINT.replace("lantern", "Lantern"),
        "of-a-longer-origin": CHECKPOINT.replace("2031", "20311", 1),
        "that-is-a-promise": PROMISE,
        "with-extension": CHECKPOINT + "extension\n",
        "with-empty-line": CHECKPOINT + "\n",
        "without-root": f"{ORIGIN}\n4\n",
        "root-short": f"{ORIGIN}\n4\n{base64.b64encode(bytes(31)).decode()}\n",
        "root-long": f"{ORIGIN}\n4\n{base64.b64encode(bytes(33)).decode()}\n",
        "root-hex": f"{ORIGIN}\n4\n{'00' * 32}\n",
        "root-not-canonical": f"{ORIGIN}\n4\n{'A' * 42}B=\n",
        "root-empty": f"{ORIGIN}\n4\n\n",
        "size-leading-zero": f"{ORIGIN}\n04\n{ROOT}\n",
        "size-sign": f"{ORIGIN}\n+4\n{ROOT}\n",
        "size-negative": f"{ORIGIN}\n-4\n{ROOT}\n",
        "size-space": f"{ORIGIN}\n 4\n{ROOT}\n",
        "size-empty": f"{ORIGIN}\n\n{ROOT}\n",
        "size-hex": f"{ORIGIN}\n0x4\n{ROOT}\n",
        "size-khmer": f"{ORIGIN}\n៤\n{ROOT}\n",
        "size-underscore": f"{ORIGIN}\n1_0\n{ROOT}\n",
        "size-beyond": f"{ORIGIN}\n{2**53}\n{ROOT}\n",
        "size-far-beyond": f"{ORIGIN}\n{'9' * 400}\n{ROOT}\n",
    }.items():
        made.refuses(f"checkpoint-{name}", "checkpoint", "F7.7", "signature", given(content))
    made.refuses("checkpoint-by-another-key", "checkpoint", "F7.7", "signature", given(CHECKPOINT, key=OTHER_LOG_KEY))


def _promises(made: Collection) -> None:
    def given(content: str, **terms: Any) -> dict[str, Any]:
        return {"note": text(note(content)), "vkey": VKEY, "origin": ORIGIN} | terms

    output = {"leaf": LEAF, "publish_by": 1755148200}
    made.passes("promise", "promise", "F5.5", given(PROMISE), output)
    made.passes("promise-for-what-was-sent", "promise-of", "F5.8", given(PROMISE, leaf=LEAF), {"publish_by": 1755148200})
    for name, content in {
        "of-another-log": PROMISE.replace("lantern", "Lantern"),
        "that-is-a-checkpoint": CHECKPOINT,
        "of-the-log-itself": PROMISE.replace("/promise", ""),
        "fourth-line": PROMISE + "x\n",
        "without-time": f"{ORIGIN}/promise\n{ENCODED}\n",
        "leaf-short": PROMISE.replace(ENCODED, base64.b64encode(LEAF[:-1]).decode()),
        "leaf-not-canonical": PROMISE.replace(ENCODED, "A" * 42 + "B="),
        "time-leading-zero": PROMISE.replace("1755148200", "01755148200"),
        "time-negative": PROMISE.replace("1755148200", "-1"),
        "time-fraction": PROMISE.replace("1755148200", "1755148200.0"),
        "time-beyond": PROMISE.replace("1755148200", str(2**53)),
    }.items():
        made.refuses(f"promise-{name}", "promise", "F5.5", "signature", given(content))
        made.refuses(f"promise-of-{name}", "promise-of", "F5.8", "signature", given(content, leaf=LEAF))
    made.refuses("promise-for-another-leaf", "promise-of", "F5.8", "promise-broken", given(PROMISE, leaf=bytes(32)))
    forged = given(PROMISE.replace(ENCODED, base64.b64encode(bytes(32)).decode()), leaf=LEAF)
    forged["note"] = text(note(PROMISE).replace(ENCODED.encode(), base64.b64encode(bytes(32))))
    made.refuses("promise-forged-for-another-leaf", "promise-of", "F0.9", "signature", forged)
