"""An authority is asked once, at the address that call.json names, and nothing it answers can hold us up or fill us up."""

from __future__ import annotations

import pytest

from app.authorities import ask_authority
from app.errors import UnreachableError
from crypto.errors import TooLargeError
from crypto.timestamps import TOKEN_LIMIT
from tests.app.authority_server import always, dripping, serving


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def test_asks_as_the_standard_says() -> None:
    with serving(always(b"answer")) as served:
        assert ask_authority(served.url, b"query") == b"answer"
    assert served.asked == [("/tsr", "application/timestamp-query", b"query")]


def test_longest_answer_is_taken() -> None:
    with serving(always(bytes(TOKEN_LIMIT))) as served:
        assert ask_authority(served.url, b"query") == bytes(TOKEN_LIMIT)


def test_longer_answer_is_refused() -> None:
    with serving(always(bytes(TOKEN_LIMIT + 1))) as served, pytest.raises(TooLargeError):
        ask_authority(served.url, b"query")


@pytest.mark.parametrize("status", [201, 204, 301, 302, 303, 307, 308, 400, 404, 500, 503])
def test_only_an_answer_is_an_answer(status: int) -> None:
    """Above all no redirect: the other server is never asked."""
    with serving(always(b"answer")) as other, serving(always(b"", status=status, location=other.url)) as served:
        with pytest.raises(UnreachableError):
            ask_authority(served.url, b"query")
        assert (len(served.asked), other.asked) == (1, [])


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://127.0.0.1:1/", "http://[", "https://"])
def test_nothing_else_is_opened(url: str) -> None:
    with pytest.raises(UnreachableError):
        ask_authority(url, b"query")


def test_plain_http_is_no_tls() -> None:
    with serving(always(b"answer")) as served, pytest.raises(UnreachableError):
        ask_authority(served.url.replace("http:", "https:"), b"query")


def test_dripping_authority_is_left() -> None:
    """A byte now and then keeps every time limit of a socket from running out; ours is for the whole exchange."""
    with serving(dripping(600)) as served, pytest.raises(UnreachableError):
        ask_authority(served.url, b"query", seconds=0.5)


def test_patience_would_get_it_all() -> None:
    """The twin: the same answer is taken where there is time."""
    with serving(dripping(5)) as served:
        assert ask_authority(served.url, b"query", seconds=60) == b"xxxxx"
