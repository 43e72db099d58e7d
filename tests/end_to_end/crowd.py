"""Synthetic submitters who use the API: reports sealed in Python, exactly as a browser would seal them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from crypto.container import pack
from crypto.receipts import Receipt
from crypto.recipients import Recipient
from crypto.report import Consent, Report
from crypto.sealing import seal
from questionnaire.models import Call, load_call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crypto.report import Value


def post(url: str, body: bytes) -> httpx.Response:
    """POST sealed bytes; a refusal is an answer too."""
    return httpx.post(url, content=body, headers={"Content-Type": "application/octet-stream"}, timeout=60)


@dataclass(frozen=True)
class Published:
    """A call as anybody can download it."""

    call: Call
    sha256: str

    @classmethod
    def read(cls, path: Path) -> Published:
        """Read call.json."""
        document = path.read_bytes()
        return cls(load_call(document), hashlib.sha256(document).hexdigest())

    def sealed(self, answers: Mapping[str, Value], consent: Consent, receipt: Receipt | None = None, n: int = 0) -> bytes:
        """handle || envelope of a report with these answers."""
        receipt = receipt or Receipt.generate()
        report = Report(
            call=self.call.call,
            call_sha256=self.sha256,
            seq=n,
            handle=receipt.handle(self.call.call, n),
            thread=receipt.thread(self.call.call),
            reply_key=receipt.reply_key(self.call.call),
            form="web",
            lang="en",
            consent=consent,
            answers=dict(answers),
            files=(),
        )
        container = pack(report.to_bytes(), [], max_k=self.call.max_k)
        return report.handle + seal(container, [Recipient.parse(text) for text in self.call.recipients])
