"""Vectors of the envelope (F3), and of what is inside one.

Sealing draws randomness that nothing lets us choose: the wrapped file keys come from fixtures/stanzas.json. Everything else of an envelope
follows from the file key and a nonce, so it is written here anew each time. All envelopes share both: nobody may do that but a test.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto import envelope
from tests.vectors.collection import Collection
from tests.vectors.spelling import part, text
from tests.vectors.world import CALL, CALL_HASH, HANDLE, IDENTITIES, SEEDS, STRANGER, fixture, report_document, spelled
from tests.vectors.written import container

FIXTURE = fixture("stanzas.json")
FILE_KEY, OTHER_FILE_KEY = bytes.fromhex(FIXTURE["file_key"]), bytes.fromhex(FIXTURE["other_file_key"])
NONCE = bytes(range(0x50, 0x60))
PLAIN = container.padded(container.member("report.json", container.REPORT), container.member("files/001", container.FILE))
LARGE_PLAIN = container.padded(container.member("report.json", bytes(container.P)), size=2 * container.P)
TERMS: dict[str, Any] = {"recipients": [0], "max_k": 24, "call": CALL, "call_sha256": CALL_HASH.hex(), "handle": HANDLE}
STANZA, BODY = 1557, 1513  # bytes of a stanza, and of its first line
CHUNK = 65536 + 16


def stanza(wrapped: str) -> bytes:
    """Return a stanza of base64 of enc || body."""
    content = base64.b64decode(wrapped)
    enc, body = (base64.b64encode(each).rstrip(b"=") for each in (content[:1120], content[1120:]))
    return b"-> mlkem768x25519 " + enc + b"\n" + body + b"\n"


STANZAS = [stanza(wrapped) for wrapped in FIXTURE["stanzas"]]


@dataclass
class Sealed:
    """An envelope that a vector may spoil before or after its header is authenticated."""

    stanzas: list[bytes] = field(default_factory=lambda: STANZAS[:1])
    plain: bytes = PLAIN
    file_key: bytes = FILE_KEY
    version: bytes = b"age-encryption.org/v1\n"

    def header(self) -> bytes:
        """Return the header, authenticated as it is."""
        authenticated = b"".join((self.version, *self.stanzas, b"---"))
        code = envelope.header_code(self.file_key, authenticated).finalize()
        return authenticated + b" " + base64.b64encode(code).rstrip(b"=") + b"\n"

    def payload(self, *, last: tuple[int, ...] | None = None) -> bytes:
        """Return nonce and chunks; the nonces of the chunks in `last` say that they are the last."""
        cipher = ChaCha20Poly1305(envelope.payload_key(self.file_key, NONCE))
        chunks = [self.plain[start : start + 65536] for start in range(0, len(self.plain), 65536)]
        marked = (len(chunks) - 1,) if last is None else last
        sealed = [
            cipher.encrypt(number.to_bytes(11, "big") + bytes([number in marked]), chunk, None) for number, chunk in enumerate(chunks)
        ]
        return NONCE + b"".join(sealed)

    def whole(self) -> bytes:
        """Return the envelope."""
        return self.header() + self.payload()


def opening(content: Any, identity: bytes = SEEDS[0], **terms: Any) -> dict[str, Any]:
    """Return the input of `open`."""
    return {"envelope": content, "identity": identity} | TERMS | terms


def collection() -> Collection:
    """Return the vectors of `envelope.json`."""
    made = Collection(
        "envelope", "Sealed reports. A recipient of the call is named by its place in shared.recipients, the reader by its seed."
    )
    made.shared["recipients"] = [str(identity.recipient) for identity in IDENTITIES]
    one = Sealed().whole()
    made.base("one", one)
    payload = part("one", len(one) - CHUNK - 16, len(one))
    for name, count in (("two", 2), ("five", 5)):
        sealed = Sealed(STANZAS[:count])
        made.base(name, sealed.whole(), {"$parts": [text(sealed.header()), payload]})
    _sizes(made)
    _accepted(made)
    _outside(made)
    _headers(made)
    _stanzas(made)
    _keys(made)
    _payloads(made)
    _contents(made)
    _order(made)
    return made


def _sizes(made: Collection) -> None:
    sizes = ((1, 16, 67_195), (5, 16, 73_423), (1, 24, 16_782_955), (5, 26, 67_133_119), (3, 20, 1_053_589))
    for recipients, k, size in sizes:
        made.passes(f"size-{recipients}-{k}", "size", "F3.2", {"recipients": recipients, "padded": 1 << k}, {"size": size})


def _accepted(made: Collection) -> None:
    output = {"report": container.REPORT, "files": [container.FILE]}
    for name, count in (("one", 1), ("two", 2), ("five", 5)):
        content = made.bases[name]
        made.passes(f"check-{name}", "check", "F3.1", {"envelope": content, "recipients": count, "max_k": 24}, {})
        for number in range(count):
            given = opening(content, SEEDS[number], recipients=list(range(count)))
            made.passes(f"open-{name}-by-{number + 1}", "open", "F3.6", given, output)
    order = Sealed(STANZAS[2::-1]).whole()
    made.passes("recipients-in-the-order-of-the-call", "open", "F3.1", opening(order, SEEDS[2], recipients=[2, 1, 0]), output)
    made.passes("least-max-k", "open", "F3.2", opening(made.bases["one"], max_k=16), output)


def _outside(made: Collection) -> None:
    """Refusals that need no key: each as `check` and as `open`."""
    one, two = made.bases["one"], made.bases["two"]
    cases: dict[str, tuple[bytes, int, int, str]] = {
        "nothing": (b"", 1, 24, "size"),
        "one-byte-more": (one + b"\0", 1, 24, "size"),
        "one-byte-less": (one[:-1], 1, 24, "size"),
        "cut-after-header": (one[: len(one) - CHUNK], 1, 24, "size"),
        "for-one-in-a-call-of-two": (one, 2, 24, "size"),
        "for-two-in-a-call-of-one": (two, 1, 24, "size"),
        "grease-beside": (Sealed([*STANZAS[:1], b"-> grease\n\n"]).whole(), 1, 24, "size"),
        "armor": (b"-----BEGIN AGE ENCRYPTED FILE-----\n" + base64.encodebytes(one[:300]), 1, 24, "size"),
        "line-ends-of-windows": (one.replace(b"\n", b"\r\n", 4), 1, 24, "size"),
        "container-of-15": (Sealed(plain=PLAIN[: 1 << 15]).whole(), 1, 24, "size"),
        "version-2": (one.replace(b"/v1", b"/v2", 1), 1, 24, "prefix"),
        "x25519-first": (one.replace(b"mlkem768x25519 ", b"X25519 ABCDEFGH", 1), 1, 24, "prefix"),
        "type-upper-case": (one.replace(b"mlkem", b"MLKEM", 1), 1, 24, "prefix"),
        "type-longer": (one.replace(b"x25519 ", b"x25519x", 1), 1, 24, "prefix"),
        "zeros": (bytes(len(one)), 1, 24, "prefix"),
    }
    for name, (content, recipients, max_k, word) in cases.items():
        rule = "F3.2" if word == "size" else "F3.3"
        made.refuses(f"check-{name}", "check", rule, word, {"envelope": content, "recipients": recipients, "max_k": max_k})
        given = opening(content, recipients=list(range(recipients)), max_k=max_k)
        made.refuses(f"open-{name}", "open", rule, word, given)
    large = Sealed(plain=LARGE_PLAIN)
    made.base("large", large.whole(), {"$parts": [text(large.header()), large.payload()]})
    made.passes("check-large", "check", "F3.2", {"envelope": made.bases["large"], "recipients": 1, "max_k": 17}, {})
    given = {"envelope": made.bases["large"], "recipients": 1, "max_k": 16}
    made.refuses("check-larger-than-the-call-takes", "check", "F3.2", "size", given)


def _headers(made: Collection) -> None:
    """Headers that age does not have, or that no envelope has, all of the right length; most are authenticated as they are."""
    first, second = STANZAS[:2]
    grease = b"-> grease " + b"x" * (BODY - 11) + b"\n" + second[BODY:]
    spare = first[BODY - 2 : BODY - 1]  # the last character of enc: 4 of its bits are spare
    body_spare = first[-2:-1]  # and 2 of the last of the body

    cases: dict[str, list[bytes]] = {
        "grease-in-place-of-a-recipient": [first, grease],
        "x25519-in-place-of-a-recipient": [first, b"-> X25519 " + b"x" * (BODY - 11) + b"\n" + second[BODY:]],
        "two-arguments": [first, second[:900] + b" " + second[901:]],
        "no-argument": [first, b"-> mlkem768x25519\n" + _lines(STANZA - 18)],
        "argument-short": [first, second[:18] + second[22:BODY] + second[BODY:-1] + b"AAAA\n"],
        "argument-not-canonical": [first[: BODY - 2] + _next(spare) + first[BODY - 1 :], second],
        "argument-padded": [first, second[: BODY - 3] + b"==" + second[BODY - 1 :]],
        "argument-not-base64": [first, second[:500] + b"-" + second[501:]],
        "body-not-canonical": [first[:-2] + _next(body_spare) + b"\n", second],
        "body-padded": [first, second[:-2] + b"=\n"],
        "body-not-base64": [first, second[:-2] + b"*\n"],
        "body-broken-in-two": [first, second[: BODY + 20] + b"\n" + second[BODY + 21 :]],
        "body-empty": [first, second[: BODY - 1] + b"A" * 43 + b"\n\n"],
        "space-twice": [first, b"->  " + second[3:18] + second[19:]],
        "space-at-end": [first, second[: BODY - 2] + b" \n" + second[BODY:]],
        "tab": [first, second[:17] + b"\t" + second[18:]],
        "no-arrow": [first, b"=> " + second[3:]],
        "control-character": [first, second[:600] + b"\x7f" + second[601:]],
        "one-stanza-too-few": [first[:BODY] + _lines(STANZA + STANZA - BODY)],
        "one-stanza-too-many": [first, b"-> grease\n\n", b"-> grease " + b"x" * (STANZA - 23) + b"\n\n"],
    }
    for name, stanzas in cases.items():
        content = Sealed(stanzas).whole()
        if len(content) != len(made.bases["two"]):
            raise ValueError(f"The header {name} has another length.")
        _refused_header(made, name, content)
    whole = made.bases["two"]
    mac = whole.index(b"\n---") + 1
    for name, wrong in {
        "mac-not-canonical": whole[: mac + 46] + _next(whole[mac + 46 : mac + 47]) + whole[mac + 47 :],
        "mac-padded": whole[: mac + 46] + b"=" + whole[mac + 47 :],
        "mac-without-space": whole[: mac + 3] + b"A" + whole[mac + 4 :],
        "mac-line-not-ended": whole[: mac + 47] + b" " + whole[mac + 48 :],
        "no-mac-line": whole[:mac] + b"-> " + whole[mac + 3 :],
        "without-end": whole[:100] + b"A" * (len(whole) - 100),
    }.items():
        _refused_header(made, name, wrong)


def _lines(size: int) -> bytes:
    """Return the lines of a body that take `size` bytes and end with a short one."""
    full, rest = divmod(size, 65)
    return (b"A" * 64 + b"\n") * full + b"A" * (rest - 1) + b"\n"


def _next(character: bytes) -> bytes:
    """Return the next character of the base64 alphabet: the same bytes when only spare bits differ."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = alphabet.index(character) + 1
    return alphabet[at : at + 1]


def _refused_header(made: Collection, name: str, content: bytes) -> None:
    made.refuses(f"check-header-{name}", "check", "F3.6", "header", {"envelope": content, "recipients": 2, "max_k": 24})
    made.refuses(f"open-header-{name}", "open", "F3.6", "header", opening(content, recipients=[0, 1]))


def _stanzas(made: Collection) -> None:
    """Headers that only who has a key can tell from an honest one."""
    swapped = Sealed(STANZAS[1::-1]).whole()
    both = {"recipients": [0, 1]}
    made.passes("check-stanzas-swapped", "check", "F3.6", {"envelope": swapped, "recipients": 2, "max_k": 24}, {})
    made.refuses("stanzas-swapped-first", "open", "F3.6", "header", opening(swapped, SEEDS[0], **both))
    made.refuses("stanzas-swapped-second", "open", "F3.6", "header", opening(swapped, SEEDS[1], **both))
    doubled = Sealed([STANZAS[0], STANZAS[0]]).whole()
    made.refuses("own-stanza-at-another-place-too", "open", "F3.6", "no-match", opening(doubled, SEEDS[1], **both))
    content = bytearray(base64.b64decode(FIXTURE["stanzas"][0]))
    content[1088:1120] = bytes(32)
    low = stanza(base64.b64encode(content).decode())
    made.refuses("share-of-low-order", "open", "F3.6", "header", opening(Sealed([low]).whole()))
    content[1088:1120] = b"\1" + bytes(31)
    low = stanza(base64.b64encode(content).decode())
    made.refuses("share-of-order-one", "open", "F3.6", "header", opening(Sealed([low]).whole()))


def _keys(made: Collection) -> None:
    one, five = made.bases["one"], made.bases["five"]
    made.refuses("opened-by-a-stranger", "open", "F3.6", "no-match", opening(one, STRANGER))
    made.refuses("opened-by-a-stranger-of-five", "open", "F3.6", "no-match", opening(five, STRANGER, recipients=[0, 1, 2, 3, 4]))
    strange = Sealed([stanza(FIXTURE["stranger"])]).whole()
    made.refuses("sealed-to-a-stranger", "open", "F3.6", "no-match", opening(strange))
    for name, at in {"ciphertext": 7, "share": 1100, "file-key": 1125, "tag": 1151}.items():
        content = bytearray(base64.b64decode(FIXTURE["stanzas"][0]))
        content[at] ^= 1
        changed = Sealed([stanza(base64.b64encode(content).decode())]).whole()
        made.refuses(f"stanza-changed-{name}", "open", "F3.6", "no-match", opening(changed))
    other = Sealed([stanza(FIXTURE["other"])]).whole()
    made.refuses("stanza-of-another-file", "open", "F3.6", "mac", opening(other))
    header = len(one) - CHUNK - 16
    changed = one[: header - 10] + _next(one[header - 10 : header - 9]) + one[header - 9 :]
    made.refuses("mac-changed", "open", "F3.6", "mac", opening(changed))
    whole = made.bases["two"]
    at = 22 + STANZA + 700
    second = whole[:at] + _next(whole[at : at + 1]) + whole[at + 1 :]
    made.refuses("stanza-of-another-changed", "open", "F3.6", "mac", opening(second, recipients=[0, 1]))
    mixed = Sealed([STANZAS[0], STANZAS[1]], file_key=OTHER_FILE_KEY).header() + Sealed().payload()
    made.refuses("mac-under-another-file-key", "open", "F3.6", "mac", opening(mixed, recipients=[0, 1]))


def _payloads(made: Collection) -> None:
    one, large = made.bases["one"], made.bases["large"]
    begin = len(one) - CHUNK - 16
    for name, at in {"nonce": begin, "first-byte": begin + 16, "last-byte": len(one) - 17, "tag": len(one) - 1}.items():
        changed = one[:at] + bytes([one[at] ^ 1]) + one[at + 1 :]
        made.refuses(f"payload-changed-{name}", "open", "F3.5", "payload", opening(changed))
    head, first = part("large", 0, begin + 16), part("large", begin + 16, begin + 16 + CHUNK)
    last = part("large", begin + 16 + CHUNK, begin + 16 + 2 * CHUNK)
    made.refuses("chunks-swapped", "open", "F3.5", "payload", opening({"$parts": [head, last, first]}))
    made.refuses("first-chunk-twice", "open", "F3.5", "payload", opening({"$parts": [head, first, first]}))
    made.refuses("last-chunk-twice", "open", "F3.5", "payload", opening({"$parts": [head, last, last]}))
    made.refuses("cut-to-the-smaller-size", "open", "F3.5", "payload", opening({"$parts": [head, first]}))
    made.refuses("cut-to-the-last-chunk", "open", "F3.5", "payload", opening({"$parts": [head, last]}))
    changed = large[: begin + 20] + bytes([large[begin + 20] ^ 1]) + large[begin + 21 :]
    made.refuses("first-chunk-changed", "open", "F3.5", "payload", opening(changed))
    changed = large[:-40] + bytes([large[-40] ^ 1]) + large[-39:]
    made.refuses("last-chunk-changed", "open", "F3.5", "payload", opening(changed))
    unmarked = Sealed().header() + Sealed().payload(last=())
    made.refuses("last-chunk-not-marked", "open", "F3.5", "payload", opening(unmarked))


def _contents(made: Collection) -> None:
    """What verified whole and is no report all the same; `report`, `container` and `canonical` have the rest."""

    def refused(name: str, word: str, plain: bytes, **terms: Any) -> None:
        made.refuses(f"inside-{name}", "open", "F2.8", word, opening(Sealed(plain=plain).whole(), **terms))

    def reporting(document: bytes, file: bytes = container.FILE) -> bytes:
        return container.padded(container.member("report.json", document), container.member("files/001", file))

    refused("padding-not-zero", "padding", PLAIN[:-1] + b"\1")
    refused("not-a-tar", "container", bytes(1 << 16))
    refused("report-of-version-2", "version", reporting(spelled(report_document(v=2))))
    refused("report-not-canonical", "report", reporting(container.REPORT + b"\n"))
    refused("report-key-twice", "json-duplicate", reporting(container.REPORT.replace(b'"seq":0', b'"seq":0,"seq":0')))
    refused("file-changed", "container", reporting(container.REPORT, b"hallo\n"))
    refused("call-of-another", "wrong-call", reporting(spelled(report_document(call="lantern-2030"))))
    one = made.bases["one"]
    made.refuses("of-another-call", "open", "F2.8", "wrong-call", opening(one, call="lantern-2030"))
    made.refuses("of-another-text-of-the-call", "open", "F2.8", "wrong-call", opening(one, call_sha256="00" * 32))
    made.refuses("of-another-handle", "open", "F2.8", "handle-mismatch", opening(one, handle=bytes(32)))


def _order(made: Collection) -> None:
    """Two things are wrong; the word is that of the first check (F0.9)."""
    one = made.bases["one"]
    last = one[:-1] + bytes([one[-1] ^ 1])
    made.refuses("prefix-before-header", "open", "F0.9", "prefix", opening(b"x" + one[1:30] + b"\n" + one[31:]))
    made.refuses("header-before-match", "open", "F0.9", "header", opening(one[:100] + b"-" + one[101:], STRANGER))
    made.refuses("match-before-mac", "open", "F0.9", "no-match", opening(last, STRANGER))
    header = len(one) - CHUNK - 16
    both = last[: header - 10] + _next(last[header - 10 : header - 9]) + last[header - 9 :]
    made.refuses("mac-before-payload", "open", "F0.9", "mac", opening(both))
    made.refuses("payload-before-content", "open", "F0.9", "payload", opening(last, call="lantern-2030"))
    swapped = Sealed(STANZAS[1::-1]).whole()
    spoiled = swapped[: 22 + 2 * STANZA + 10] + _next(swapped[22 + 2 * STANZA + 10 :][:1]) + swapped[22 + 2 * STANZA + 11 :]
    made.refuses("place-before-mac", "open", "F0.9", "header", opening(spoiled, recipients=[0, 1]))
