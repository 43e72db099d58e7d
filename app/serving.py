"""Uvicorn, set so that it tells and keeps nothing: no access log, no Server header, no word of a request in any log (threats.md)."""

import logging
import sys

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.headers import ALWAYS
from app.main import create_app
from app.refusals import place_of
from app.settings import Settings

GRACEFUL_SECONDS = 30


class SilentFormatter(logging.Formatter):
    """Level and message. No time, and of an error its kind and place, never its text or the values around it."""

    def __init__(self) -> None:
        """Lines look like `ERROR the message`."""
        super().__init__("%(levelname)s %(message)s")

    def formatException(self, ei: object) -> str:  # noqa: N802 -- the name is the standard library's
        """Name the kind of error and the line of ours that met it."""
        error = ei[1] if isinstance(ei, tuple) else None
        return f"{type(error).__name__} at {place_of(error)}" if isinstance(error, BaseException) else ""

    def formatStack(self, stack_info: str) -> str:  # noqa: ARG002, N802 -- the name is the standard library's
        """Leave it out."""
        return ""


class DressedProtocol(HttpToolsProtocol):
    """Answers what is no HTTP with our headers too: such bytes never reach the application."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- we say nothing about what came
        """Refuse and hang up."""
        lines = [b"HTTP/1.1 400 Bad Request", *(name + b": " + value for name, value in ALWAYS)]
        self.transport.write(b"\r\n".join([*lines, b"content-length: 0", b"connection: close", b"", b""]))
        self.transport.close()


def build_server(settings: Settings) -> uvicorn.Server:
    """A uvicorn server for the application of these settings; nothing listens yet."""
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        http=DressedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    return uvicorn.Server(config)


def serve_forever(settings: Settings) -> None:
    """Serve until a signal says stop."""
    log_silently()
    build_server(settings).run()


def log_silently() -> None:
    """Send every log line to stderr through SilentFormatter."""
    sink = logging.StreamHandler(sys.stderr)
    sink.setFormatter(SilentFormatter())
    root = logging.getLogger()
    root.handlers[:] = [sink]
    root.setLevel(logging.INFO)
    for name in ("asyncio", "sqlalchemy", "alembic", "aiosqlite"):
        logging.getLogger(name).setLevel(logging.WARNING)
