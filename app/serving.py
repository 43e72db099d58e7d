"""Uvicorn, set so that it tells and keeps nothing: no access log, no Server header, no word of a request in any log (threats.md)."""

import logging
import resource
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from app.hardening import harden
from app.logs import log_silently
from app.main import create_app
from app.protocol import BoundedProtocol, Lobby
from app.service import SPARE_FILES
from app.settings import Settings

if TYPE_CHECKING:
    import asyncio

GRACEFUL_SECONDS = 30
CONNECTIONS = 8192
"""At most; fewer where the system allows fewer open files, of which a connection may need a second one for its body."""

_log = logging.getLogger("saksei")


def build_server(settings: Settings) -> uvicorn.Server:
    """A uvicorn server for the application of these settings; nothing listens yet."""
    protocol = partial(BoundedProtocol, lobby=Lobby(most_connections()))
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        http=cast("type[asyncio.Protocol]", protocol),  # uvicorn calls it, and asks for nothing else of a class
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
    harden()
    _log.info("serving on %s, port %d", settings.host, settings.port)
    build_server(settings).run()


def most_connections() -> int:
    """How many connections there may be at once."""
    files: Any = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return CONNECTIONS if files == resource.RLIM_INFINITY else max(min(CONNECTIONS, (files - SPARE_FILES) // 2), 1)
