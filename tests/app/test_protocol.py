"""Connections before there is a request: bounded waits, bounded heads, and who must go when too many wait."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.errors import BusyError
from app.headers import ALWAYS, HeadersMiddleware, OurHeaders
from app.protocol import HEAD_BYTES, BoundedProtocol, Lobby, Waits
from app.settings import Settings

pytestmark = pytest.mark.anyio

CANARY = b"KANARI7391"
LONG = Waits(head=3600, rest=3600, stalled=3600)
WHOLE = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
PATIENCE = 120
PUBLIC = Settings(public_url="https://form.example", onion_url="http://abcdef.onion")


async def echo_nothing(scope: Any, receive: Any, send: Any) -> None:
    """Reads bodies but for /unread, and answers as many bytes as the last part of the path says."""
    more = scope["path"] != "/unread"
    while more:
        message = await receive()
        more = message.get("more_body", False)
    size = int(scope["path"].rpartition("/")[2]) if scope["path"][1:].isdigit() else 2
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
    await send({"type": "http.response.body", "body": bytes(size)})


@asynccontextmanager
async def listening(make: Callable[..., Any]) -> AsyncIterator[int]:
    dressed = HeadersMiddleware(echo_nothing, settings=PUBLIC)
    config = uvicorn.Config(dressed, log_config=None, access_log=False, lifespan="off", timeout_keep_alive=3600)
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"today")]
    server = await asyncio.get_running_loop().create_server(
        lambda: make(config=config, server_state=state, app_state={}), "127.0.0.1", 0, start_serving=True
    )
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.gather(*state.tasks, return_exceptions=True)


def bounded(most: int = 100, waits: Waits = LONG, settings: Settings = PUBLIC) -> Callable[..., Any]:
    return partial(BoundedProtocol, lobby=Lobby(most, OurHeaders(settings), waits))


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def rest(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE):
        try:
            return await reader.read()
        except (ConnectionResetError, BrokenPipeError):
            return b""


async def said(make: Callable[..., Any], *sent: bytes) -> bytes:
    """All that comes back, until the other side ends the connection."""
    async with listening(make) as port, connected(port) as (reader, writer):
        for piece in sent:
            writer.write(piece)
            await asyncio.sleep(0.05)
        return await rest(reader)


async def test_requests_are_answered() -> None:
    """One after another, pipelined and in pieces, on one connection."""
    async with listening(bounded()) as port, connected(port) as (reader, writer):
        for piece in (WHOLE, WHOLE + WHOLE, WHOLE[:10], WHOLE[10:], b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc"):
            writer.write(piece)
            await asyncio.sleep(0.05)
        async with asyncio.timeout(PATIENCE):
            answers = [await reader.readuntil(b"\r\n\r\n\0\0") for _ in range(5)]
    assert [answer.startswith(b"HTTP/1.1 200 OK\r\n") for answer in answers] == [True] * 5


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ((b"",), b""),
        ((b"GET / HT",), b"408"),
        ((WHOLE[:-4] + CANARY,), b"408"),
        ((b"GET /" + CANARY,), b"408"),
    ],
    ids=["nothing", "line", "header", "path"],
)
async def test_head_has_its_time(sent: tuple[bytes, ...], status: bytes) -> None:
    answer = await said(bounded(waits=Waits(head=1)), *sent)
    assert answer.split(b" ")[1:2] == ([status] if status else [])
    assert CANARY not in answer
    assert not status or [name for name, value in ALWAYS if name + b": " + value not in answer] == []


async def test_trickled_head_has_no_more_time() -> None:
    """A byte now and then does not help, and neither does a request that was whole before."""
    async with listening(bounded(waits=Waits(head=2))) as port, connected(port) as (reader, writer):
        writer.write(WHOLE + b"G")
        async with asyncio.timeout(PATIENCE):
            assert await reader.readuntil(b"\r\n\r\n\0\0")
        ended = asyncio.create_task(rest(reader))
        while not ended.done():
            writer.write(b"E")
            await asyncio.sleep(0.05)
    assert b" 200 " not in await ended


async def test_without_the_guard_it_has() -> None:
    """The twin: uvicorn's own protocol waits for a head for as long as somebody likes."""
    async with listening(HttpToolsProtocol) as port, connected(port) as (reader, writer):
        writer.write(WHOLE[:10])
        answer = asyncio.create_task(reader.read(1))
        await asyncio.sleep(2)
        assert not answer.done()
        writer.write(WHOLE[10:])
        assert await answer == b"H"


@pytest.mark.parametrize(
    "sent",
    [
        (b"GET /" + bytes(HEAD_BYTES).replace(b"\0", b"a") + b" HTTP/1.1\r\n\r\n",),
        (b"GET / HTTP/1.1\r\nx: ", *[b"a" * 4096] * 4),
        (b"GET / HTTP/1.1\r\n", b"".join(b"x%d: %d\r\n" % (n, n) for n in range(3000)) + b"\r\n"),
        (b"GET / HTTP/1.1\r\nx: " + b"a" * HEAD_BYTES + b"\r\n\r\n",),
    ],
    ids=["path", "trickled", "many", "one"],
)
async def test_head_has_its_size(sent: tuple[bytes, ...]) -> None:
    answer = await said(bounded(), *sent)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"aaaa" not in answer


PIECES = {
    b"200": (WHOLE,),
    b"400": (b"\x01 / HTTP/1.1\r\n\r\n",),
    b"408": (WHOLE[:-2] + b"x: y",),
    b"431": (b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * HEAD_BYTES + b"\r\n\r\n",),
}
OF_ONE_ANSWER = {b"connection", b"content-length", b"retry-after"}


def headers_of(answer: bytes) -> set[bytes]:
    """Each line of the head but for what says something of this one answer, and for its status."""
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return {line for line in lines if line.partition(b":")[0] not in OF_ONE_ANSWER}


async def first_said(make: Callable[..., Any], status: bytes, host: bytes) -> bytes:
    """The answer of this status to a request for this host; 503 is said to whoever has to go for another."""
    async with listening(make) as port, connected(port) as (reader, writer):
        for piece in PIECES.get(status, (b"GET / HTTP/1.1\r\nhost: x\r\nx",)):
            writer.write(piece.replace(b"host: x\r\n", b"host: " + host + b"\r\n"))
        async with asyncio.timeout(PATIENCE):
            if status != b"503":
                return await reader.readuntil(b"\r\n\r\n")
            answer = asyncio.create_task(rest(reader))
            while not answer.done():
                async with connected(port):
                    await asyncio.wait({answer}, timeout=0.2)
            return answer.result()


@pytest.mark.parametrize("host", [b"form.example", b"abcdef.onion"])
@pytest.mark.parametrize("status", [b"400", b"408", b"431", b"503"])
async def test_headers_as_on_any_answer(status: bytes, host: bytes) -> None:
    """What never reaches the application has every header of what it answers, and on a busy server when to come again."""
    usual = await first_said(bounded(), b"200", host)
    make = bounded(most=1 if status == b"503" else 100, waits=Waits(head=1) if status == b"408" else LONG)
    early = await first_said(make, status, host)
    assert (usual.split(b" ")[1], early.split(b" ")[1]) == (b"200", status)
    expected = headers_of(usual)
    if status == b"400":  # its host was never read
        expected = headers_of(await first_said(bounded(), b"200", b"form.example"))
    assert headers_of(early) == expected
    assert (b"\r\nretry-after: %d\r\n" % BusyError.retry_after in early) == (status == b"503")
    assert any(line.startswith(b"strict-transport-security") for line in expected) == (host == b"form.example" or status == b"400")


async def test_other_headers_are_noticed() -> None:
    """The twin: a server whose raw answers know nothing of https is told apart."""
    usual = await first_said(bounded(), b"200", b"form.example")
    early = await first_said(bounded(waits=Waits(head=1), settings=Settings()), b"408", b"form.example")
    assert {line.partition(b":")[0] for line in headers_of(usual) - headers_of(early)} == {
        b"strict-transport-security",
        b"cross-origin-opener-policy",
    }


async def test_large_bodies_are_no_heads() -> None:
    body = b"POST / HTTP/1.1\r\ncontent-length: 1000000\r\nconnection: close\r\n\r\n" + bytes(1_000_000)
    assert (await said(bounded(), body)).startswith(b"HTTP/1.1 200 OK")


async def test_what_is_no_http_is_refused() -> None:
    answer = await said(bounded(), CANARY + b" \x01\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert CANARY not in answer


async def test_longest_waiting_goes_first() -> None:
    """With all connections taken a new one is let in, in place of the one that has said nothing for longest; requests stay."""
    async with listening(bounded(most=3)) as port, connected(port) as (asking, sending):
        sending.write(b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n")
        await asyncio.sleep(0.1)
        async with connected(port) as (oldest, begun), connected(port) as (older, _):
            begun.write(b"GET")
            await asyncio.sleep(0.1)
            async with connected(port) as (newest, writer):
                assert (await rest(oldest)).startswith(b"HTTP/1.1 503 ")
                writer.write(WHOLE)
                assert await newest.read(12) == b"HTTP/1.1 200"
                async with connected(port):
                    assert await rest(older) == b""
        sending.write(b"abc")
        assert await asking.read(12) == b"HTTP/1.1 200"


async def test_rest_of_a_body_has_its_time() -> None:
    """A body that was answered before it was read is let go as it comes, but not for ever; then the next request may come."""
    head = b"POST /unread HTTP/1.1\r\ncontent-length: 10\r\n\r\n"
    async with listening(bounded()) as port, connected(port) as (reader, writer):
        writer.write(head)
        assert await reader.read(12) == b"HTTP/1.1 200"
        writer.write(b"0123456789" + WHOLE.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
        assert (await rest(reader)).count(b"HTTP/1.1 200") == 1
    async with listening(bounded(waits=Waits(rest=0.3))) as port, connected(port) as (reader, writer):
        writer.write(head)
        answer = asyncio.create_task(rest(reader))
        while not answer.done():
            writer.write(b"")
            await asyncio.sleep(0.05)
        assert (await answer).startswith(b"HTTP/1.1 200")


async def test_unread_answer_is_given_up() -> None:
    """Who does not read what was asked for holds a connection for a bounded time."""
    async with listening(bounded(waits=Waits(stalled=0.3))) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /50000000 HTTP/1.1\r\nconnection: close\r\n\r\n")
        await asyncio.sleep(1)
        assert len(await rest(reader)) < 50_000_000
        writer.close()
