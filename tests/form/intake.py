"""An intake server for the pages, in memory: the real routes, the real formats, and the refusals that a test asks for.

It serves with the headers of threats.md, keeps every request that came, and answers a sealed report with a promise of the real log key.
"""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from crypto.entries import call_entry, frame, report_entry, withdraw_entry
from crypto.merkle import leaf_hash, root
from crypto.notes import Checkpoint, Promise, SignerKey
from crypto.opening import Identity
from crypto.receipts import Receipt
from form.page import asset, asset_names, form_page, receipt_page
from questionnaire.models import Call, load_call
from tests.form.invented import call_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src blob:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types saksei"
)
ORIGIN = "intake.example/invented"
HANDLE = 32


@dataclass
class Intake:
    """What one invented server knows; `refusals` are words given instead of the next promises, the rest spoils what is signed."""

    identity: Identity
    signer: SignerKey
    data: bytes
    call: Call
    address: str = ""
    csp: str = CSP
    refusals: list[str] = field(default_factory=list)
    signs_with: SignerKey | None = None
    promised_leaf: bytes | None = None
    signed_entries: list[bytes] | None = None
    unscripted: bool = True
    posts: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    entries: list[bytes] = field(default_factory=list)
    receipt: Receipt = field(default_factory=Receipt.generate)

    @property
    def call_sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def promise(self, entry: bytes) -> bytes:
        self.entries.append(entry)
        return (self.signs_with or self.signer).sign(Promise(ORIGIN, self.promised_leaf or leaf_hash(entry), 1755160000).text())

    def checkpoint(self) -> bytes:
        leaves = [leaf_hash(entry) for entry in self.signed_entries or self.entries]
        return self.signer.sign(Checkpoint(ORIGIN, len(leaves), root(leaves)).text())


def new_intake(**changes: object) -> Intake:
    """A fresh key, a fresh call."""
    identity, signer = Identity.generate(), SignerKey.generate(ORIGIN)
    data = call_bytes([str(identity.recipient)], str(signer.vkey), **changes)
    intake = Intake(identity, signer, data, load_call(data))
    intake.entries.append(call_entry("invented", hashlib.sha256(data).digest()))
    return intake


@contextmanager
def serving(intake: Intake) -> Iterator[Intake]:
    """The intake at an address on 127.0.0.1 as long as the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(intake))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    intake.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield intake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(intake: Intake) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            intake.asked.append(self.path)
            status, media_type, body = _page(intake, self.path)
            self._answer(status, media_type, body)

        def do_POST(self) -> None:
            intake.asked.append(f"POST {self.path}")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            intake.posts.append(body)
            word = intake.refusals.pop(0) if intake.refusals else ""
            if word == "network":
                self.connection.close()
            elif word:
                self._answer(503 if word == "busy" else 409, "application/problem+json", json.dumps({"code": word}).encode())
            elif self.path.endswith("/withdrawals"):
                self._answer(201, "text/plain", intake.promise(withdraw_entry(hashlib.sha256(body).digest(), body)))
            else:
                entry = report_entry(hashlib.sha256(body[HANDLE:]).digest(), body[:HANDLE])
                self._answer(201, "text/plain", intake.promise(entry))

        def _answer(self, status: int, media_type: str, body: bytes) -> None:
            self.send_response(status)
            for name, value in (
                ("Content-Type", media_type),
                ("Content-Length", str(len(body))),
                ("Content-Security-Policy", intake.csp),
                ("Referrer-Policy", "no-referrer"),
                ("Cache-Control", "no-store"),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _page(intake: Intake, path: str) -> tuple[int, str, bytes]:
    _, first, *rest = path.split("/")
    if first == "static" and rest[0] in asset_names():
        found = asset(rest[0])
        return 200, found.media_type, found.content
    if path.endswith("/log/entries"):
        return 200, "application/octet-stream", frame(intake.entries)
    if path.endswith("/log/checkpoint"):
        return 200, "text/plain", intake.checkpoint()
    if first not in intake.call.languages:
        return 404, "text/plain", b""
    if rest[-1:] == ["receipt"]:
        page = receipt_page(intake.call, first, outcome=None, call_sha256=intake.call_sha256)
    else:
        page = form_page(intake.call, intake.call_sha256, first, receipt=intake.receipt.code, unscripted=intake.unscripted)
    return 200, "text/html; charset=utf-8", page.encode()
