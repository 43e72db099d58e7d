"""`saksei-intake received load` and `replies load`: what the reviewers hand back."""

from functools import partial

import typer
from rich.console import Console

from app.calls import StoredCall
from app.commands.options import CallId, Json, Signed
from app.commands.session import say, with_call
from app.files import read_signed
from app.received import load_received
from app.replies import load_round
from app.service import Service

received = typer.Typer(help="Take what reviewers countersigned.", no_args_is_help=True)
replies = typer.Typer(help="Take rounds of replies.", no_args_is_help=True)


@received.command("load")
def received_load(call_id: CallId, file: Signed, as_json: Json = False) -> None:
    """Take `received`: the checkpoint that `saksei-reviewer import` countersigned. Submitters see by it that their report arrived."""
    note, signature = read_signed(file)

    async def work(service: Service, stored: StoredCall) -> bool:
        return await service.database.write(partial(load_received, stored=stored, note=note, signature=signature))

    loaded = with_call(call_id, work)
    say(f"{'Loaded' if loaded else 'Here already'}: {call_id}", {"call": call_id, "loaded": loaded}, as_json=as_json)


@replies.command("load")
def replies_load(call_id: CallId, file: Signed, as_json: Json = False) -> None:
    """Take a round of replies that `saksei-reviewer replies` wrote; it replaces the one before."""
    content, signature = read_signed(file)

    async def work(service: Service, stored: StoredCall) -> int:
        job = partial(load_round, stored=stored, content=content, signature=signature)
        return await service.database.write(job, weight=len(content))

    with Console(stderr=True).status("Loading the round …"):
        count = with_call(call_id, work)
    say(f"Loaded: {call_id}, {count} records", {"call": call_id, "records": count}, as_json=as_json)
