"""A port of its own on this machine's loopback for `/metrics`: no proxy leads there, and it answers nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from app.headers import ALWAYS
from app.metrics import CONTENT_TYPE, metrics_text
from app.service import Service

LOOPBACK = "127.0.0.1"
HEAD_LIMIT = 8192
HEAD_SECONDS = 5.0
AT_ONCE = 8
_REQUEST = b"GET /metrics HTTP/1."


@asynccontextmanager
async def observable(service: Service, port: int) -> AsyncIterator[None]:
    """Answer `GET /metrics` on this port until the block ends. Raises OSError when it is taken."""
    inside = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal inside
        inside += 1
        try:
            if inside <= AT_ONCE:
                async with asyncio.timeout(HEAD_SECONDS):
                    writer.write(answered(await reader.readuntil(b"\r\n\r\n"), service))
                    await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asks like that gets no answer
        finally:
            inside -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(answer, LOOPBACK, port, limit=HEAD_LIMIT)
    try:
        yield
    finally:
        server.close()


def answered(head: bytes, service: Service) -> bytes:
    """The whole answer to a request with this head."""
    if head.startswith(_REQUEST):
        text = metrics_text(service.figures.shown(), publishing=not service.health.publishing, version=version("saksei"))
        return _response(b"200 OK", text.encode())
    return _response(b"404 Not Found", b"")


def _response(status: bytes, content: bytes) -> bytes:
    headers = [*ALWAYS, (b"content-type", CONTENT_TYPE.encode()), (b"content-length", b"%d" % len(content)), (b"connection", b"close")]
    return b"\r\n".join([b"HTTP/1.1 " + status, *(name + b": " + value for name, value in headers), b"", content])
