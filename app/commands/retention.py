"""`saksei-intake destroy`: when the time of a call is up."""

import sys
from functools import partial
from typing import Annotated

import typer
from rich.console import Console

from app.calls import StoredCall
from app.commands.options import CallId, Json
from app.commands.session import say, with_call
from app.retention import Destroyed, destroy_call, require_time_is_up
from app.service import Service

LEFT = (
    "Not destroyed by this: backups, copies of the bundle, the reviewers' workspace and keys; on PostgreSQL its write-ahead log."
    " docs/operators/retention.md says what to do about each."
)


def destroy(
    call_id: CallId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Destroy everything sealed of a call whose retention time is over, and end its log. This cannot be undone.

    Reports, replies and what waits are deleted; the call's own files and the log stay, so that it stays provable what there was.
    """

    async def look(service: Service, stored: StoredCall) -> None:
        await service.database.read(partial(require_time_is_up, stored=stored))

    with_call(call_id, look)
    if not yes:
        _ask(call_id)

    async def work(service: Service, stored: StoredCall) -> Destroyed:
        return await destroy_call(service.database, service.publisher, stored)

    with Console(stderr=True).status("Destroying …"):
        done = with_call(call_id, work)
    sentence = f"Destroyed: {call_id}, {done.envelopes} sealed reports, {done.replies} records of replies.\n{LEFT}"
    say(sentence, {"call": call_id, "envelopes": done.envelopes, "replies": done.replies}, as_json=as_json)


def _ask(call_id: str) -> None:
    """Have a person type the id of the call. Where nobody can be asked, or something else is typed, nothing happens: exit code 2."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("There is no terminal to ask; give --yes.")
    typer.echo("Every sealed report and reply of this call will be destroyed on this server. Nobody can bring them back.", err=True)
    if typer.prompt("Type the id of the call to go on", err=True) != call_id:
        raise typer.BadParameter("That is not the id of the call; nothing was destroyed.")
