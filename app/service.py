"""What the routes share, built once by create_app and handed over by FastAPI (no globals)."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.admission import Admission
from app.calls import CallBook
from app.database import open_database
from app.logkeys import LogKeys
from app.logstate import LogState
from app.publishing import Publisher
from app.settings import Settings
from app.transactions import Database

PLAIN_BYTES = 40 << 20
"""Plain forms that are gathered in memory at once, by what they said they will send: two of the largest, or hundreds of short ones."""


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a running intake service. `health` tells what the publisher's last pass met with."""

    settings: Settings
    database: Database
    book: CallBook
    keys: LogKeys
    publisher: Publisher
    uploads: Admission
    plain: Admission
    health: "Health"


@dataclass(slots=True)
class Health:
    """The word of the last thing that kept the publisher from its work; empty when nothing does."""

    publishing: str = ""


def build_service(settings: Settings) -> Service:
    """Put the parts together; nothing is opened or read yet."""
    database = open_database(settings)
    book = CallBook(database)
    keys = LogKeys(settings.log_key_dir)
    return Service(
        settings,
        database,
        book,
        keys,
        Publisher(database, book, keys, LogState(settings.log_state_dir)),
        Admission(settings.max_concurrent_uploads, waiting=4 * settings.max_concurrent_uploads),
        Admission(PLAIN_BYTES, waiting=settings.max_concurrent_uploads),
        Health(),
    )


async def of_request(request: Request) -> Service:
    """The service that the application of this request was made with. (A coroutine: FastAPI sends plain functions to a thread.)"""
    service: Service = request.app.state.service
    return service


Served = Annotated[Service, Depends(of_request)]
"""The type of a route's parameter that wants the service."""
