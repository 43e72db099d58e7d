"""What the routes share, built once by create_app and handed over by FastAPI (no globals)."""

import resource
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from app.admission import Admission
from app.calls import CallBook
from app.condition import Condition, WatchedDatabase
from app.database import open_database
from app.logkeys import LogKeys
from app.logstate import LogState
from app.metrics import Figures
from app.publishing import Publisher
from app.receiving import Receiving
from app.room import Room
from app.settings import Settings
from app.transactions import Database

PLAIN_BYTES = 40 << 20
"""Plain forms with files that are gathered in memory at once, by what they said they will send: two of the largest."""

REFUSED_FORMS = 64
"""Forms for whose files there is no memory, read at once to give back what was typed: at most 1 MiB each."""

PLACES_PER_UPLOAD = 32
"""Bodies that may be on their way for each that may be worked on: those that come slowly wait in a file and hold nothing else."""
SPARE_FILES = 256
"""Open files that are not bodies: the database, the listener, the log state."""


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a running intake service. `health` tells what the publisher's last pass met with.

    A body is taken in at a place of `receiving`, where `room` has any for what it may become; once complete it is worked on in a slot of
    `uploads`. `plain` are bytes of memory for plain forms with files, `refused` are those that are read for their words only. `figures` are
    what an operator may see.
    """

    settings: Settings
    database: Database
    book: CallBook
    keys: LogKeys
    publisher: Publisher
    receiving: Receiving
    room: Room
    uploads: Admission
    plain: Admission
    refused: Admission
    figures: Figures
    health: "Health"

    @property
    def load(self) -> float:
        """How near this process is to its limits, 0 to 1: of places for bodies on their way, and of room to wait for a slot."""
        return max(self.receiving.load, self.uploads.load)


@dataclass(slots=True)
class Health:
    """The word of the last thing that kept the publisher from its work; empty when nothing does."""

    publishing: str = ""


def build_service(settings: Settings, *, condition: Condition | None = None) -> Service:
    """Put the parts together; nothing is opened or read yet. `condition` takes note of the troubles of the database, where it is given."""
    database = open_database(settings)
    if condition is not None:
        database = WatchedDatabase(database, condition)
    book = CallBook(database)
    keys = LogKeys(settings.log_key_dir)
    plain = Admission(PLAIN_BYTES, waiting=settings.max_concurrent_uploads)
    return Service(
        settings,
        database,
        book,
        keys,
        Publisher(database, book, keys, LogState(settings.log_state_dir)),
        Receiving(places_for(settings.max_concurrent_uploads), crowded=lambda: plain.waiting > 0),
        Room(settings.sqlite_path, condition),
        Admission(settings.max_concurrent_uploads, waiting=4 * settings.max_concurrent_uploads),
        plain,
        Admission(REFUSED_FORMS, waiting=0),
        Figures(book.longest_batch),
        Health(),
    )


def places_for(uploads: int) -> int:
    """How many bodies may be on their way: each takes a connection and, when it comes slowly, an unnamed file."""
    files: Any = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    most = PLACES_PER_UPLOAD * uploads
    return most if files == resource.RLIM_INFINITY else max(min(most, (files - SPARE_FILES) // 2), 1)


async def of_request(request: Request) -> Service:
    """The service that the application of this request was made with. (A coroutine: FastAPI sends plain functions to a thread.)"""
    service: Service = request.app.state.service
    return service


Served = Annotated[Service, Depends(of_request)]
"""The type of a route's parameter that wants the service."""
