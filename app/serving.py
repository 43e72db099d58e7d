"""Uvicorn, set so that it tells and keeps nothing: no access log, no Server header, no word of a request in any log (threats.md)."""

import gc
import logging
import resource
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from app.hardening import harden
from app.headers import OurHeaders
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

COLLECT_AFTER = 20_000
"""Objects made before Python looks for circles among them. It is told to look past those that stay, and finds few among the others: at its
usual 700 it took a twelfth of the time of a request."""

_log = logging.getLogger("saksei")


def build_server(settings: Settings) -> uvicorn.Server:
    """A uvicorn server for the application of these settings; nothing listens yet."""
    protocol = partial(BoundedProtocol, lobby=Lobby(most_connections(), OurHeaders(settings)))
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
    server = build_server(settings)
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 50)
    _log.info("serving on %s, port %d", settings.host, settings.port)
    server.run()


def most_connections() -> int:
    """How many connections there may be at once."""
    files: Any = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return CONNECTIONS if files == resource.RLIM_INFINITY else max(min(CONNECTIONS, (files - SPARE_FILES) // 2), 1)
