"""Gzip for what GET answers to people, and for nothing that answers a POST."""

import gzip
import re
from typing import Any

import httpx
import pytest
from fastapi import Request

from app.compression import accepts_gzip, page_for
from crypto.receipts import Receipt
from form.page import asset, asset_names
from tests.app.made import Intake, MadeCall

pytestmark = pytest.mark.anyio

PAGES = ("/", "/en/calls/asked", "/km/calls/asked", "/en/calls/asked/receipt")
IDENTITY = {"accept-encoding": "identity"}
GZIP = {"accept-encoding": "gzip, deflate, br"}
DIGIT = re.compile(r"\d")


async def raw(intake: Intake, path: str, headers: dict[str, str], **more: Any) -> tuple[httpx.Response, bytes]:
    """An answer, and its body as it was on the wire."""
    async with intake.client.stream(more.pop("method", "GET"), path, headers=headers, **more) as answer:
        return answer, b"".join([piece async for piece in answer.aiter_raw()])


@pytest.mark.parametrize("path", PAGES)
async def test_pages_are_compressed(intake: Intake, asked: MadeCall, path: str) -> None:
    await intake.add(asked)
    plain, page = await raw(intake, path, IDENTITY)
    packed, wire = await raw(intake, path, GZIP)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert {plain.headers["vary"], packed.headers["vary"]} == {"Accept-Encoding"}
    assert {plain.headers["cache-control"], packed.headers["cache-control"]} == {"no-store"}
    assert DIGIT.sub("0", gzip.decompress(wire).decode()) == DIGIT.sub("0", page.decode())  # each form has a receipt of its own
    assert int(packed.headers["content-length"]) == len(wire) < len(page)
    assert packed.headers["content-type"] == plain.headers["content-type"]


async def test_files_are_compressed_once(intake: Intake) -> None:
    found = [asset(name) for name in asset_names()]
    assert {one.gzipped is None for one in found} == {True, False}
    for one in found:
        plain, content = await raw(intake, f"/static/{one.name}", IDENTITY)
        packed, wire = await raw(intake, f"/static/{one.name}", GZIP)
        assert content == one.content
        assert wire == (one.content if one.gzipped is None else one.gzipped)
        assert ("content-encoding" in packed.headers) is (one.gzipped is not None)
        assert packed.headers.get("vary") == plain.headers.get("vary") == (None if one.gzipped is None else "Accept-Encoding")


async def test_no_post_is_compressed(intake: Intake, asked: MadeCall) -> None:
    """A page that answers a POST has typed text in it, beside a receipt that stays the same."""
    await intake.add(asked)
    wrong = {"content": b"receipt=123", "headers": {**GZIP, "content-type": "application/x-www-form-urlencoded"}}
    receipt = Receipt.generate().code
    fields = {"receipt": (None, receipt), "q-what": (None, "words"), "q-when-year": (None, "x")}
    for path, sent in (("/en/calls/asked/receipt", wrong), ("/en/calls/asked/reports", {"files": fields, "headers": GZIP})):
        answer, body = await raw(intake, path, method="POST", **sent)
        assert answer.status_code in (400, 422)
        assert "content-encoding" not in answer.headers
        assert b"<html" in body


async def test_post_cannot_be_compressed() -> None:
    """The twin: a route for POST that wanted it is stopped."""
    with pytest.raises(ValueError, match="never"):
        page_for(asking("gzip", method="POST"), "page")


def asking(accept: str | None, *, method: str = "GET") -> Request:
    headers = [] if accept is None else [(b"accept-encoding", accept.encode("latin-1"))]
    return Request({"type": "http", "method": method, "headers": headers})


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        (None, False),
        ("", False),
        ("identity", False),
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip;q=0.5", True),
        ("br;q=1.0, gzip ; q=0.001", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*", True),
        ("*;q=0", False),
        ("x-gzip", True),
        ("gzipped", False),
        ("gzip;q=much", False),
        ("gzip;q=", False),
        ("gzip;q=²", False),
        (",;=,;q", False),
        ("br," * 10**5 + "gzip", False),
    ],
)
def test_who_takes_gzip(accept: str | None, taken: bool) -> None:
    assert accepts_gzip(asking(accept)) is taken
