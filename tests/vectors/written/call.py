"""Vectors of call.json as far as everybody must read it, and of SHA256SUMS (F1.7 to F1.9, F10.5)."""

from __future__ import annotations

import hashlib
from typing import Any

from crypto.notes import SignerKey
from tests.vectors import intake
from tests.vectors.collection import Collection
from tests.vectors.spelling import text
from tests.vectors.world import CALL, LOG_KEY, ORIGIN, OTHER_SIGNING, SIGNING, spelled

DOCUMENT: dict[str, Any] = {
    "v": 1,
    "call": CALL,
    "host": "intake.example",
    "deadline": 1_755_144_000,
    "grace_seconds": 600,
    "log_vkey": str(LOG_KEY.vkey),
    "signing_key": SIGNING.public_key,
    "timestamp_authorities": [],
}
"""The keys that F10.5 needs; a whole call.json has more of them."""
AUTHORITY = {"name": "night-watch", "url": "https://tsa.example/", "certificate": "AAAA"}


def changed(**changes: Any) -> bytes:
    """Return call.json with some keys changed; `None` takes one away."""
    return spelled({key: value for key, value in (DOCUMENT | changes).items() if value is not None})


def renamed(host: str = "intake.example", call: str = CALL) -> dict[str, Any]:
    """Return the changes for another origin, its log key among them."""
    return {"host": host, "call": call, "log_vkey": str(SignerKey(f"{host}/{call}", LOG_KEY.seed).vkey)}


REFUSED: dict[str, dict[str, Any]] = {
    **{f"{key}-absent": {key: None} for key in DOCUMENT if key != "v"},
    "call-upper-case": renamed(call="Lantern"),
    "call-empty": renamed(call=""),
    "call-too-long": renamed(call="a" * 41),
    "call-dot": renamed(call="a.b"),
    "call-number": {"call": 1},
    "host-empty": renamed(host=""),
    "host-upper-case": renamed(host="Intake.example"),
    "host-slash": renamed(host="intake/example"),
    "host-dash-first": renamed(host="-intake"),
    "host-dot-last": renamed(host="intake."),
    "host-port-zero": renamed(host="intake:0"),
    "host-port-letters": renamed(host="intake:http"),
    "host-khmer": renamed(host="សាក្សី"),
    "host-user": renamed(host="me@intake"),
    "deadline-text": {"deadline": "1755144000"},
    "deadline-true": {"deadline": True},
    "deadline-negative": {"deadline": -1},
    "grace-text": {"grace_seconds": "600"},
    "log-key-of-another-origin": {"log_vkey": str(SignerKey("intake.example/other", LOG_KEY.seed).vkey)},
    "log-key-malformed": {"log_vkey": str(LOG_KEY.vkey)[:-1]},
    "log-key-id-of-another": {"log_vkey": str(LOG_KEY.vkey)[:-1] + "t"},
    "log-key-private": {"log_vkey": LOG_KEY.line()},
    "signing-key-malformed": {"signing_key": SIGNING.public_key[:-1]},
    "signing-key-number": {"signing_key": 1},
    "authorities-object": {"timestamp_authorities": {}},
    "authority-text": {"timestamp_authorities": ["night-watch"]},
    "authority-twice": {"timestamp_authorities": [AUTHORITY, AUTHORITY]},
    "authority-upper-case": {"timestamp_authorities": [AUTHORITY | {"name": "Night"}]},
    "authority-path": {"timestamp_authorities": [AUTHORITY | {"name": "../x"}]},
    "authority-without-certificate": {"timestamp_authorities": [{"name": "night-watch", "url": "https://tsa.example/"}]},
}


def collection() -> Collection:
    """Return the vectors of `call.json`."""
    made = Collection("call", "call.json as it is read before anything is trusted, and the list that signs it. More may be demanded of it.")
    _read(made)
    _signed(made)
    return made


def _read(made: Collection) -> None:
    output = {"call": CALL, "origin": ORIGIN, "close": 1_755_144_600, "authorities": []}
    made.passes("least", "read", "F10.5", {"json": changed()}, output)
    made.passes(
        "with-authority", "read", "F1.8", {"json": changed(timestamp_authorities=[AUTHORITY])}, output | {"authorities": ["night-watch"]}
    )
    made.passes("no-grace", "read", "F1.8", {"json": changed(grace_seconds=0)}, output | {"close": 1_755_144_000})
    for host in ("a", "127.0.0.1:8000", "localhost:65535", "xn--abc.example", "a" * 56 + ".onion"):
        given, origin = {"json": changed(**renamed(host))}, {"origin": f"{host}/{CALL}"}
        made.passes(f"host-{host[:20]}", "read", "F1.2", given, output | origin)
    whole = output | {"close": intake.DEADLINE + intake.GRACE, "authorities": [intake.AUTHORITY]}
    made.passes("whole", "read", "F1.8", {"json": text(intake.call_json())}, whole)
    for name, changes in REFUSED.items():
        made.refuses(name, "read", "F10.5", "manifest", {"json": changed(**changes)})
    for name, version in {"2": 2, "0": 0, "text": "1", "true": True, "absent": None}.items():
        made.refuses(f"version-{name}", "read", "F1.8", "version", {"json": changed(v=version)})
    made.refuses("version-before-keys", "read", "F1.8", "version", {"json": spelled({"v": 2})})
    good = changed()
    for name, content in {
        "nothing": b"",
        "a-list": b"[]",
        "line-end": good + b"\n",
        "keys-out-of-order": good[:-1] + b',"a":1}',
        "space": good.replace(b'"v":1', b'"v": 1'),
        "fraction": good.replace(b"600", b"600.0"),
        "byte-order-mark": b"\xef\xbb\xbf" + good,
        "nul-in-a-text": good.replace(b"intake.example", b"intake\\u0000", 1),
    }.items():
        made.refuses(f"not-canonical-{name}", "read", "F1.7", "manifest", {"json": content})
    made.refuses("key-twice", "read", "F1.7", "json-duplicate", {"json": good.replace(b'"v":1', b'"v":1,"v":1')})


def _signed(made: Collection) -> None:
    good = changed()
    form = hashlib.sha256(intake.FORM).digest()
    call_line = f"{hashlib.sha256(good).hexdigest()}  call.json\n"
    form_line = f"{form.hex()}  form.html\n"

    def given(sums: str, signature: str | None = None, **terms: Any) -> dict[str, Any]:
        signed = SIGNING.sign(sums.encode()) if signature is None else signature
        return {"call_json": good, "sums": text(sums), "signature": text(signed), "signing_key": SIGNING.public_key} | terms

    made.passes("sums", "signed", "F1.9", given(call_line), {"form": None})
    made.passes("sums-with-form", "signed", "F1.9", given(call_line + form_line), {"form": form})
    for name, sums in {
        "nothing": "",
        "form-alone": form_line,
        "form-first": form_line + call_line,
        "call-twice": call_line + call_line,
        "third-file": call_line + form_line + form_line.replace("form.html", "README"),
        "other-name": call_line.replace("call.json", "Call.json"),
        "path": call_line.replace("call.json", "./call.json"),
        "one-space": call_line.replace("  ", " "),
        "star": call_line.replace("  ", " *"),
        "upper-case": call_line.upper().replace("CALL.JSON", "call.json"),
        "no-line-end": call_line[:-1],
        "line-ends-of-windows": call_line.replace("\n", "\r\n"),
        "of-another-call": call_line.replace(call_line[:64], "0" * 64),
    }.items():
        made.refuses(f"sums-{name}", "signed", "F1.9", "manifest", given(sums))
    made.refuses("sums-by-another-key", "signed", "F1.9", "signature", given(call_line, OTHER_SIGNING.sign(call_line.encode())))
    made.refuses("sums-changed", "signed", "F1.9", "signature", given(call_line + form_line, SIGNING.sign(call_line.encode())))
    made.refuses("signature-before-list", "signed", "F0.9", "signature", given("", OTHER_SIGNING.sign(b"")))
