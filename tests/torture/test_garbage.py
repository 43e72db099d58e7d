"""Short form of the malformed requests and of schemathesis; and the search for what an answer must not hold sees it when it does."""

from __future__ import annotations

import io
import random
from http.client import HTTPResponse

import pytest

from tests.torture.garbage import pelt, request, wrong

SENT = b"POST /calls/KANARI/reports HTTP/1.1\r\n\r\n"
PROBLEM = b'{"type":"about:blank","title":"Not Found","status":404,"code":"wrong-call"}'


class Said:
    """A socket that only ever says one thing."""

    def __init__(self, said: bytes) -> None:
        self._said = said

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._said)


def answer(status: int, kind: str, content: bytes) -> HTTPResponse:
    head = f"HTTP/1.1 {status} Whatever\r\ncontent-type: {kind}\r\ncontent-length: {len(content)}\r\n\r\n".encode()
    made = HTTPResponse(Said(head + content))  # type: ignore[arg-type]
    made.begin()
    made.kept = made.read()  # type: ignore[attr-defined]
    return made


def test_malformed_requests() -> None:
    assert pelt(2000, 3).told("2000 malformed requests")


@pytest.mark.parametrize(
    ("status", "kind", "content", "fault"),
    [
        (404, "application/problem+json", PROBLEM, ""),
        (503, "application/problem+json", PROBLEM, ""),
        (500, "application/problem+json", PROBLEM, "answered 500"),
        (404, "application/json", PROBLEM, "404 is not problem+json"),
        (422, "application/problem+json", b'{"detail":"x"}', "422 is not problem+json"),
        (404, "application/problem+json", PROBLEM.replace(b"wrong-call", b"KANARI"), "404 holds what was sent"),
    ],
    ids=["refusal", "busy", "broken", "json", "framework", "echo"],
)
def test_what_is_wrong_is_seen(status: int, kind: str, content: bytes, fault: str) -> None:
    assert wrong(answer(status, kind, content), SENT) == fault


def test_requests_are_of_every_kind() -> None:
    rng = random.Random(1)  # noqa: S311
    sent = [request(rng) for _ in range(2000)]
    assert len(set(sent)) > 1900
    assert sum(one.startswith(b"POST /calls/asked/") for one in sent) > 200
    assert sum(b"KANARI" in one for one in sent) > 800
