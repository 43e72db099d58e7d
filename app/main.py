"""The intake service as an ASGI application. Importing this module does nothing; `create_app` builds, the lifespan begins and ends."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from fastapi import FastAPI
from starlette.middleware import Middleware

from app import machine_routes, people_routes
from app.arrival import ArrivalMiddleware
from app.condition import Condition
from app.headers import HeadersMiddleware
from app.heads import HeadMiddleware
from app.hosts import HostsMiddleware
from app.observing import observable
from app.refusals import LastResortMiddleware, add_refusals, place_of
from app.service import Service, build_service
from app.settings import Settings

SWITCH_SECONDS = 0.0002
"""How often threads take turns: ends the convoy between the event loop and the writer thread (performance.md)."""

LONGEST_SLEEP = 30.0
SHORTEST_SLEEP = 0.2
LOCAL_HOSTS = ("127.0.0.1", "localhost")

_log = logging.getLogger("saksei")


def create_app(settings: Settings) -> FastAPI:
    """Build the application. The database is opened, and publishing begins, when its lifespan does."""
    service = build_service(settings, condition=Condition())
    app = FastAPI(
        title="Saksei intake",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        middleware=_middleware(settings),
        redirect_slashes=False,
        openapi_url="/openapi.json" if settings.development else None,
    )
    app.state.service = service
    add_refusals(app)
    app.include_router(machine_routes.router)
    app.include_router(people_routes.router)
    return app


def trusted_hosts(settings: Settings) -> list[str] | None:
    """The hosts that are answered, once a public address is set: that, the onion's, and this machine's own. None is any host."""
    named = [host for host in (settings.public_host, settings.onion_host) if host]
    return [*named, *LOCAL_HOSTS] if settings.public_url else None


async def publish_until(stop: asyncio.Event, service: Service, *, longest_sleep: float = LONGEST_SLEEP) -> None:
    """Publish whatever is due, and sleep until the next boundary, until told to stop; a pass that began is finished (format.md 7)."""
    while not stop.is_set():
        sleep = longest_sleep
        try:
            await service.publisher.publish()
            sleep = await service.publisher.seconds_to_wait()
            service.health.publishing = ""
        except Exception as error:  # whatever it is, the next pass tries again, and /readyz says so
            service.health.publishing = str(getattr(error, "word", "broken"))
            _log.error("publishing: %s at %s", type(error).__name__, place_of(error))  # a traceback would show values
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), min(max(sleep, SHORTEST_SLEEP), longest_sleep))


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    service.settings.spool_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    stop = asyncio.Event()
    publishing = asyncio.create_task(publish_until(stop, service))
    try:
        async with AsyncExitStack() as observed:
            if service.settings.metrics_port is not None:
                await observed.enter_async_context(observable(service, service.settings.metrics_port))
            yield
    finally:
        stop.set()
        await publishing
        await service.database.close()
        sys.setswitchinterval(before)


def _middleware(settings: Settings) -> list[Middleware]:
    """Outermost first: the instant of arrival, headers on every answer, HEAD as GET, who is asked for, the last resort around our code."""
    return [
        Middleware(ArrivalMiddleware),
        Middleware(HeadersMiddleware, settings=settings),
        Middleware(HeadMiddleware),
        Middleware(HostsMiddleware, hosts=trusted_hosts(settings)),
        Middleware(LastResortMiddleware),
    ]
