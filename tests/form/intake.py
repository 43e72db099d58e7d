"""An intake server for the pages, in memory: the real routes, the real formats, and the refusals that a test asks for.

It serves with the headers of threats.md, keeps every request that came, and answers a sealed report with a promise of the real log key.
"""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default as default_policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from crypto.entries import call_entry, frame, report_entry, withdraw_entry
from crypto.merkle import leaf_hash, root
from crypto.minisign import SecretKey
from crypto.notes import Checkpoint, Promise, SignerKey
from crypto.opening import Identity
from crypto.receipts import Receipt
from crypto.replies import Reply, build_round
from form.page import asset, asset_names, done_page, form_page, receipt_page
from questionnaire.errors import Problem
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
    """What one invented server knows; `refusals` are words given instead of the next promises, the rest spoils what is signed.

    `pages` are answered at their paths before anything else is; `stale` are files of the log that are answered once, as they were before;
    `clears` says whether leaving is answered with the order to forget the site.
    """

    identity: Identity
    signer: SignerKey
    signing: SecretKey
    data: bytes
    call: Call
    address: str = ""
    csp: str = CSP
    refusals: list[str] = field(default_factory=list)
    signs_with: SignerKey | None = None
    promised_leaf: bytes | None = None
    signed_entries: list[bytes] | None = None
    unscripted: bool = True
    work_bits: int = 0
    received: int = 0
    received_by: SecretKey | None = None
    replies: dict[bytes, Reply] | None = None
    round_of: int | None = None
    posts: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    entries: list[bytes] = field(default_factory=list)
    stale: dict[str, bytes] = field(default_factory=dict)
    receipt: Receipt = field(default_factory=Receipt.generate)
    pages: dict[str, str] = field(default_factory=dict)
    clears: bool = True

    @property
    def call_sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def promise(self, entry: bytes) -> bytes:
        if entry not in self.entries:
            self.entries.append(entry)
        return (self.signs_with or self.signer).sign(Promise(ORIGIN, self.promised_leaf or leaf_hash(entry), 1755160000).text())

    def checkpoint(self, size: int | None = None) -> bytes:
        leaves = [leaf_hash(entry) for entry in self.signed_entries or self.entries][:size]
        return self.signer.sign(Checkpoint(ORIGIN, len(leaves), root(leaves)).text())

    def records(self) -> bytes:
        """The round of replies: a record for every report, or for the first `round_of`."""
        handles = [bytes.fromhex(entry.decode().split("\n")[3]) for entry in self.entries if b"\nreport\n" in entry]
        return build_round("invented", handles[: self.round_of], self.replies or {})

    def refuses_work(self, header: str | None) -> bool:
        """Whether work is asked for, and this header does not show it."""
        if header is None:
            return self.work_bits > 0
        batch, handle, nonce = header.split(" ")
        digest = hashlib.sha256(f"saksei/v1 work\ninvented\n{batch}\n{handle}\n{nonce}".encode()).digest()
        return batch != "80000" or int.from_bytes(digest) >> (256 - self.work_bits) != 0


def new_intake(**changes: object) -> Intake:
    """A fresh key, a fresh call."""
    identity, signer, signing = Identity.generate(), SignerKey.generate(ORIGIN), SecretKey.generate()
    data = call_bytes([str(identity.recipient)], str(signer.vkey), **{"signing_key": signing.public_key, **changes})
    intake = Intake(identity, signer, signing, data, load_call(data))
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
            answered = _taken(intake, self.path, dict(self.headers), body)
            if answered is None:
                self.connection.close()
            else:
                self._answer(*answered)

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
            if self.path == "/leave" and intake.clears:
                self.send_header("Clear-Site-Data", '"cache", "cookies", "storage"')
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _problem(status: int, code: str, **more: int) -> tuple[int, str, bytes]:
    return status, "application/problem+json", json.dumps({"code": code, **more}).encode()


def _taken(intake: Intake, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes] | None:
    """The answer to what was posted: status, type and content; None where the connection breaks."""
    word = intake.refusals.pop(0) if intake.refusals else ""
    if word == "network":
        return None
    if intake.refuses_work(headers.get("Saksei-Work")) and not _is_plain(path):
        return _problem(503, "work", bits=intake.work_bits, batch=80000)
    if word:
        return _problem(503 if word == "busy" else 409, word)
    if path.endswith("/withdrawals"):
        return 201, "text/plain", intake.promise(withdraw_entry(hashlib.sha256(body).digest(), body))
    if _is_plain(path):
        status, page = _plain_answer(intake, path.split("/")[1], headers["Content-Type"], body)
        return status, "text/html; charset=utf-8", page.encode()
    return 201, "text/plain", intake.promise(report_entry(hashlib.sha256(body[HANDLE:]).digest(), body[:HANDLE]))


def _is_plain(path: str) -> bool:
    return not path.startswith("/calls/")


def _plain_answer(intake: Intake, lang: str, content_type: str, body: bytes) -> tuple[int, str]:
    """What the real server answers to a multipart form: a sealed file is taken, a receipt alone is given the form for an addition."""
    posted = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=default_policy)
    fields = {str(part.get_param("name", header="Content-Disposition")): part.get_payload(decode=True) for part in posted.iter_parts()}
    if isinstance(sealed := fields.get("sealed"), bytes):
        entry = report_entry(hashlib.sha256(sealed[HANDLE:]).digest(), sealed[:HANDLE])
        return 201, done_page(intake.call, lang, receipt="", promise=intake.promise(entry).decode())
    typed = {name: [value.decode()] for name, value in fields.items() if isinstance(value, bytes)}
    receipt = Receipt.parse(typed["receipt"][0])
    problems = () if "consent" in typed else (Problem("consent", "required"),)
    if not problems:
        return 201, done_page(intake.call, lang, receipt=receipt.code, promise="promise\n")
    return 422, form_page(intake.call, intake.call_sha256, lang, receipt=receipt.code, fields=typed, problems=problems)


def _log(intake: Intake, name: str) -> bytes:
    """A file of the public log; empty where there is none yet."""
    if name in intake.stale:
        return intake.stale.pop(name)
    received = intake.checkpoint(intake.received) if intake.received else b""
    files = {"entries": frame(intake.entries), "checkpoint": intake.checkpoint(), "received": received}
    if name == "received.minisig":
        return (intake.received_by or intake.signing).sign(received).encode() if received else b""
    return files[name]


def _page(intake: Intake, path: str) -> tuple[int, str, bytes]:
    if path in intake.pages:
        return 200, "text/html; charset=utf-8", intake.pages[path].encode()
    _, first, *rest = path.split("/")
    if first == "static" and rest[0] in asset_names():
        found = asset(rest[0])
        return 200, found.media_type, found.content
    if "/log/" in path:
        found_file = _log(intake, rest[-1])
        return (200 if found_file else 404), "application/octet-stream", found_file
    if path.endswith("/replies/all") and intake.replies is not None:
        return 200, "application/octet-stream", intake.records()
    if first not in intake.call.languages:
        return 404, "text/plain", b""
    if rest[-1:] == ["receipt"]:
        page = receipt_page(intake.call, first, outcome=None, call_sha256=intake.call_sha256)
    else:
        page = form_page(intake.call, intake.call_sha256, first, receipt=intake.receipt.code, unscripted=intake.unscripted)
    return 200, "text/html; charset=utf-8", page.encode()
