"""`saksei-intake timestamps …`: having the authorities of a call stamp its checkpoints (format.md F7.11)."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.authorities import Fetched, fetch_tokens
from app.calls import StoredCall
from app.commands.options import CallId, Json
from app.commands.session import require_absent, say, with_call, with_service
from app.errors import LogKeyError
from app.files import written_aside
from app.publishing import checkpoint
from app.schema import require_head
from app.service import Service
from app.timestamps import Wanted, load_token
from crypto.timestamps import TOKEN_LIMIT, token_query

timestamps = typer.Typer(help="Have an outside clock stamp the log.", no_args_is_help=True)


@timestamps.command("fetch")
def fetch(
    call_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="The call; every call unless given.")] = None,
    as_json: Json = False,
) -> None:
    """Ask the authorities that call.json names for the tokens that are missing, over the network.

    A token is kept only when the certificate in call.json vouches for it. An authority sees a hash and this machine's address.
    """

    async def work(service: Service) -> dict[str, Fetched]:
        await service.database.read(require_head)
        chosen = await service.book.all() if call_id is None else (await service.book.find(call_id),)
        return {stored.call.call: await fetch_tokens(service.database, stored) for stored in chosen}

    with Console(stderr=True).status("Asking the timestamp authorities …"):
        fetched = with_service(work)
    kept = [{"call": call, **_described(wanted)} for call, one in fetched.items() for wanted in one.kept]
    failed = [{"call": call, **_described(wanted), "word": error.word} for call, one in fetched.items() for wanted, error in one.failed]
    lines = [f"Stamped: {one['call']}, {one['size']} entries, {one['authority']}" for one in kept]
    lines += [f"Not stamped: {one['call']}, {one['size']} entries, {one['authority']}: {one['word']}" for one in failed]
    say("\n".join(lines) or "No token is missing.", {"kept": kept, "failed": failed}, as_json=as_json)
    for one in fetched.values():
        for _, error in one.failed:
            raise error


@timestamps.command("query")
def query(
    call_id: CallId,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The request to write, such as query.tsq; it must not exist yet.")],
    size: Annotated[int | None, typer.Option(min=1, help="The checkpoint of this size; the newest unless given.")] = None,
    as_json: Json = False,
) -> None:
    """Write a request over a checkpoint, for an authority to answer on another machine. Its answer comes back with `timestamps load`."""
    require_absent(out)

    async def work(service: Service, stored: StoredCall) -> bytes:
        note = await service.database.read(partial(checkpoint, call_id=stored.call.call, size=size))
        if note is None:
            raise LogKeyError("The log of this call has no such checkpoint.")
        return note

    written = token_query(with_call(call_id, work))
    with written_aside(out) as file:
        file.write(written)
    say("Written. Send it to the authority as application/timestamp-query.", {"call": call_id, "bytes": len(written)}, as_json=as_json)


@timestamps.command("load")
def load(
    call_id: CallId,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What an authority answered, a .tsr file.")],
    as_json: Json = False,
) -> None:
    """Take a token that came by hand. Which checkpoint and which authority it is of, it says itself."""
    with file.open("rb") as opened:
        token = opened.read(TOKEN_LIMIT + 1)

    async def work(service: Service, stored: StoredCall) -> tuple[Wanted, bool]:
        return await service.database.write(partial(load_token, stored=stored, token=token))

    wanted, new = with_call(call_id, work)
    document = {"call": call_id, **_described(wanted), "loaded": new}
    sentence = f"{'Loaded' if new else 'Here already'}: {call_id}, {wanted.size} entries, {wanted.authority.name}"
    say(sentence, document, as_json=as_json)


def _described(wanted: Wanted) -> dict[str, object]:
    return {"size": wanted.size, "authority": wanted.authority.name}
