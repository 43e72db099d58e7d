"""`saksei-intake call …`: adding, listing and closing calls."""

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.calls import StoredCall, add_call, mend_call, read_package
from app.commands.options import CallId, Json
from app.commands.session import publish_all, say, with_call, with_service
from app.dialect import now_ms
from app.errors import NotOpenError
from app.inspection import shown_waiting
from app.publishing import log_size
from app.schema import require_head
from app.service import Service

calls = typer.Typer(help="Add, list and close calls.", no_args_is_help=True)
_ADDED = {
    "added": "Added",
    "mended": "Here already, with a new form.html (start the server anew to hand it out)",
    "present": "Here already",
}


@calls.command("add")
def add(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder `server` that `saksei-reviewer call build` wrote.")],
    as_json: Json = False,
) -> None:
    """Add a call: its files, its log key, and the first entry of its log.

    For a call that is here already, this takes a mended form.html (`saksei-reviewer call reissue`).
    """
    package = read_package(folder)

    async def work(service: Service) -> str:
        await service.database.read(require_head)
        service.keys.keep(package.stored.call, package.log_key)
        added = await service.database.write(partial(add_call, stored=package.stored))
        mended = not added and await service.database.write(partial(mend_call, stored=package.stored))
        await service.publisher.publish()
        return "added" if added else "mended" if mended else "present"

    outcome, call_id = with_service(work), package.stored.call.call
    say(f"{_ADDED[outcome]}: {call_id}", {"call": call_id, "outcome": outcome}, as_json=as_json)


@calls.command("list")
def list_calls(as_json: Json = False) -> None:
    """List the calls with their times and the state of their logs.

    What waits for its batch is counted a whole batch late and rounded down to tens: the count must not tell when somebody wrote.
    """

    async def work(service: Service) -> list[dict[str, object]]:
        await service.database.read(require_head)
        return [await _described(service, stored) for stored in await service.book.all()]

    rows = with_service(work)
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("call", "state", "opens", "deadline", "close", "log entries", "waiting, a batch ago")
    for row in rows:
        times = [_moment(row[key]) for key in ("opens", "deadline", "close")]
        table.add_row(str(row["call"]), str(row["state"]), *times, str(row["entries"]), str(row["waiting"]))
    Console().print(table)


@calls.command("close")
def close(call_id: CallId, as_json: Json = False) -> None:
    """Cut the close of a call whose time is over: nothing is taken after it. Refused before deadline + grace."""

    async def work(service: Service, stored: StoredCall) -> None:
        if await service.database.read(now_ms) < stored.call.close * 1000:
            raise NotOpenError("The deadline and its grace are not over yet.")
        await publish_all(service)

    with_call(call_id, work)
    say(f"Closed: {call_id}", {"call": call_id, "closed": True}, as_json=as_json)


async def _described(service: Service, stored: StoredCall) -> dict[str, object]:
    call = stored.call
    log = await service.database.read(partial(log_size, call_id=call.call))
    now = await service.database.read(now_ms)
    waiting = await service.database.read(partial(shown_waiting, stored=stored))
    over = "destroyed" if log.destroyed else "closed" if log.closed else None
    state = over or ("not open yet" if now < call.opens * 1000 else "open" if now < call.deadline * 1000 else "over")
    times = {"opens": call.opens, "deadline": call.deadline, "close": call.close, "retention_ends": stored.ends}
    return {"call": call.call, "state": state, "entries": log.entries, "waiting": waiting, **times}


def _moment(seconds: object) -> str:
    return datetime.fromtimestamp(int(str(seconds)), UTC).strftime("%Y-%m-%d %H:%M UTC")
