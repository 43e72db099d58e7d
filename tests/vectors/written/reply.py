"""Vectors of reply rounds (F8.3 to F8.6)."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from tests.vectors.collection import Collection
from tests.vectors.world import CALL, HANDLE, OTHER_SIGNING, RECEIPT, REPLY_KEY, SIGNING, handle

RECORD = 4096
OK = "204c8e9e380e235257b148cffad3afd5ecd83c0252facfd66b915af7f6875ab0"


def record(plain: bytes, *, of: bytes = HANDLE, call: str = CALL, nonce: bytes = bytes(12)) -> bytes:
    """Return a record under the reply key, written here by hand."""
    associated = f"saksei/v1 reply\n{call}\n{of.hex()}\n".encode()
    return of + nonce + ChaCha20Poly1305(REPLY_KEY).encrypt(nonce, plain, associated)


def plain(content: bytes, length: int | None = None) -> bytes:
    """Return what is sealed."""
    return ((len(content) if length is None else length).to_bytes(2, "big") + content).ljust(4036, b"\0")


def bare(handles: list[bytes]) -> bytes:
    """Return records that answer nobody; zeros stand for what is random elsewhere, so that the file stays small."""
    return b"".join(each.ljust(RECORD, b"\0") for each in handles)


def collection() -> Collection:
    """Return the vectors of `reply.json`."""
    made = Collection("reply", "Rounds of replies. Where nobody is answered the records hold zeros here; real ones hold random bytes.")
    if hashlib.sha256(record(plain(b"ok"))).hexdigest() != OK:
        raise ValueError("This is not the record of Appendix A.")
    made.base("record", record(plain(b"ok")))
    _records(made)
    _rounds(made)
    _prefixes(made)
    _fetched(made)
    return made


def _records(made: Collection) -> None:
    def given(content: bytes, **terms: Any) -> dict[str, Any]:
        return {"record": content, "call": CALL, "reply_key": REPLY_KEY} | terms

    addition = RECEIPT.handle(CALL, 1)
    for name, content, reply in (
        ("appendix-a", record(plain(b"ok")), "ok"),
        ("empty", record(plain(b"")), ""),
        ("longest", record(plain(b"x" * 4034)), "x" * 4034),
        ("khmer", record(plain("សួស្តី\u200b\n".encode())), "សួស្តី\u200b\n"),
        ("zeros-inside", record(plain(b"a\0b")), "a\0b"),
        ("zero-at-end", record(plain(b"a\0")), "a\0"),
        ("byte-order-mark", record(plain(b"\xef\xbb\xbfa")), "\ufeffa"),
        ("of-an-addition", record(plain(b"ok"), of=addition), "ok"),
        ("another-nonce", record(plain(b"ok"), nonce=bytes(range(12))), "ok"),
    ):
        made.passes(f"open-{name}", "open", "F8.3", given(content), {"reply": reply})
    good = record(plain(b"ok"))
    for name, content in {
        "random": HANDLE + hashlib.shake_256(b"random").digest(RECORD - 32),
        "of-another-handle": addition + good[32:],
        "of-another-call": record(plain(b"ok"), call="lantern-2030"),
        "nonce-changed": good[:32] + b"\1" + good[33:],
        "text-changed": good[:50] + bytes([good[50] ^ 1]) + good[51:],
        "tag-changed": good[:-1] + bytes([good[-1] ^ 1]),
    }.items():
        made.passes(f"none-{name}", "open", "F8.6", given(content), {"reply": None})
    made.passes("none-for-another-key", "open", "F8.6", given(good, reply_key=bytes(32)), {"reply": None})
    for name, word, content in (
        ("record-short", "size", good[:-1]),
        ("record-long", "size", good + b"\0"),
        ("record-empty", "size", b""),
        ("length-too-short", "padding", record(plain(b"ok", 1))),
        ("length-beyond", "padding", record(plain(b"ok", 4035))),
        ("length-far-beyond", "padding", record(plain(b"ok", 65535))),
        ("end-not-zero", "padding", record(plain(b"ok")[:-1] + b"\1")),
        ("not-utf-8", "payload", record(plain(b"\xff"))),
        ("cut-character", "payload", record(plain("ក".encode()[:2]))),
        ("encoded-surrogate", "payload", record(plain(b"\xed\xa0\x80"))),
        ("overlong", "payload", record(plain(b"\xc0\x80"))),
        ("padding-before-utf-8", "padding", record(plain(b"\xff")[:-1] + b"\1")),
    ):
        made.refuses(f"open-{name}", "open", "F8.3", word, given(content))


def _rounds(made: Collection) -> None:
    live = sorted(handle(number) for number in range(1, 4))
    whole = bare(live)

    def given(content: bytes, **terms: Any) -> dict[str, Any]:
        return {"round": content, "live": live} | terms

    made.passes("round", "round", "F8.3", given(whole), {"handles": live})
    made.passes("round-of-nobody", "round", "F8.3", given(b"", live=[]), {"handles": []})
    for name, word, content in (
        ("cut", "size", whole[:-1]),
        ("byte-too-many", "size", whole + b"\0"),
        ("out-of-order", "handle-mismatch", bare(live[::-1])),
        ("record-twice", "handle-mismatch", bare([live[0], live[0], *live[1:]])),
        ("record-absent", "handle-mismatch", bare(live[1:])),
        ("record-of-nobody", "handle-mismatch", bare(sorted([*live, handle(9)]))),
        ("record-exchanged", "handle-mismatch", bare(sorted([*live[1:], handle(9)]))),
        ("nothing", "handle-mismatch", b""),
    ):
        made.refuses(f"round-{name}", "round", "F8.3", word, given(content))
    terms = {"round": whole, "signing_key": SIGNING.public_key}
    made.passes("signed", "signed", "F8.4", terms | {"signature": SIGNING.sign(whole).encode()}, {"handles": live})
    for name, signature in {
        "by-another-key": OTHER_SIGNING.sign(whole),
        "of-another-round": SIGNING.sign(bare(live[:2])),
        "not-at-all": "",
    }.items():
        made.refuses(f"signed-{name}", "signed", "F8.4", "signature", terms | {"signature": signature.encode()})
    made.refuses("signed-and-cut", "signed", "F8.4", "size", terms | {"round": whole[:-1], "signature": SIGNING.sign(whole[:-1]).encode()})


def _prefixes(made: Collection) -> None:
    for live, digits in ((0, 0), (1, 0), (512, 0), (8191, 0), (8192, 1), (131_071, 1), (131_072, 2), (2_097_152, 3), (2**40, 7)):
        output = {"prefix": HANDLE.hex()[:digits] or "all"}
        made.passes(f"prefix-of-{live}", "prefix", "F8.5", {"handle": HANDLE, "live": live}, output)


def _fetched(made: Collection) -> None:
    few = sorted(handle(number) for number in range(1, 4))
    many = sorted(handle(number) for number in range(1, 4500))
    under = [each for each in many if each.hex().startswith("8")][:257]
    made.base("many", bare(under))
    edge = [b"\x80" + bytes(31), *under[1:], b"\x8f" + b"\xff" * 31]

    def given(handles: list[bytes], asked: str, live: int) -> dict[str, Any]:
        return {"answer": bare(handles), "asked": asked, "live": live}

    for name, handles, asked, live in (
        ("all-of-three", few, "all", 3),
        ("none-of-none", [], "all", 0),
        ("more-than-live", few, "all", 2),
        ("least-of-many", under[:256], "8", 8192),
        ("edges-of-the-prefix", edge, "8", 8192),
    ):
        made.passes(f"fetched-{name}", "fetched", "F8.5", given(handles, asked, live), {"count": len(handles)})
    for name, word, handles, asked, live in (
        ("one-of-many", "size", few[:1], "all", 8000),
        ("two-of-three", "size", few[:2], "all", 3),
        ("none-of-one", "size", [], "all", 1),
        ("one-too-few", "size", under[:255], "8", 8192),
        ("out-of-order", "handle-mismatch", few[::-1], "all", 3),
        ("record-twice", "handle-mismatch", [few[0], few[0], few[1]], "all", 3),
        ("of-another-prefix", "handle-mismatch", [*under, b"\x90" + bytes(31)], "8", 8192),
        ("before-the-prefix", "handle-mismatch", [b"\x7f" + b"\xff" * 31, *under], "8", 8192),
    ):
        made.refuses(f"fetched-{name}", "fetched", "F8.5", word, given(handles, asked, live))
    cut = given(few, "all", 3)
    made.refuses("fetched-cut", "fetched", "F8.5", "size", cut | {"answer": cut["answer"][:-1]})
    made.refuses("fetched-byte-too-many", "fetched", "F8.5", "size", cut | {"answer": cut["answer"] + b"\0"})
