"""What every command does: run something on the service of the settings, and say what came of it to a person or a machine."""

import asyncio
import errno
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import typer
from rich.console import Console

from app.calls import StoredCall
from app.errors import BusyError
from app.schema import require_head
from app.service import Service, build_service
from app.settings import Settings

T = TypeVar("T")
PUBLISHER_TRIES = 15


def with_service(work: Callable[[Service], Awaitable[T]]) -> T:
    """Run `work` on the service of the settings, and close its database whatever happens."""

    async def run() -> T:
        service = build_service(Settings())
        try:
            return await work(service)
        finally:
            await service.database.close()

    return asyncio.run(run())


def with_call(call_id: str, work: Callable[[Service, StoredCall], Awaitable[T]]) -> T:
    """The same for one call, on a database at this software's version. Raises SchemaError, UnknownCallError."""

    async def run(service: Service) -> T:
        await service.database.read(require_head)
        return await work(service, await service.book.find(call_id))

    return with_service(run)


def say(sentence: str, document: Mapping[str, object], *, as_json: bool) -> None:
    """Tell what was done: a sentence to a person, or one JSON document to a machine."""
    if as_json:
        typer.echo(json.dumps(document))
    else:
        Console().print(sentence, highlight=False, markup=False, soft_wrap=True)


async def publish_all(service: Service, *, trust_database: bool = False) -> None:
    """Publish what is due, waiting for another process that does so already. Raises BusyError when that takes too long."""
    for _ in range(PUBLISHER_TRIES):
        if await service.publisher.publish(trust_database=trust_database):
            return
        await asyncio.sleep(1)
    raise BusyError("Another process is publishing at this moment; it publishes everything that is due.")


def require_absent(path: Path) -> None:
    """Raise FileExistsError for an output that is there already, a dangling link included."""
    if path.is_symlink() or path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
