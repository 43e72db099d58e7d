"""`saksei-intake timestamps …`: having the authorities of a call stamp its checkpoints (format.md F7.11)."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.authorities import ask_authority
from app.calls import StoredCall
from app.commands.options import CallId, Json
from app.commands.session import require_absent, say, with_call, with_service
from app.errors import AppError, LogKeyError
from app.files import written_aside
from app.publishing import checkpoint, log_size
from app.schema import require_head
from app.service import Service
from app.timestamps import Wanted, keep_token, load_token, wanted_tokens
from crypto.errors import CryptoError
from crypto.timestamps import TOKEN_LIMIT, token_query
from questionnaire.models import TimestampAuthority

timestamps = typer.Typer(help="Have an outside clock stamp the log.", no_args_is_help=True)

AT_ONCE = 8
"""Checkpoints for which an authority is asked in one run, the newest first; what was missed comes with the next runs."""

_Failure = tuple[str, str, AppError | CryptoError]


@timestamps.command("fetch")
def fetch(
    call_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="The call; every call unless given.")] = None,
    as_json: Json = False,
) -> None:
    """Ask the authorities that call.json names for the tokens that are missing, over the network.

    A token is kept only when the certificate in call.json vouches for it. An authority sees a hash and this machine's address.
    """

    async def work(service: Service) -> tuple[list[dict[str, object]], list[_Failure]]:
        await service.database.read(require_head)
        chosen = await service.book.all() if call_id is None else (await service.book.find(call_id),)
        kept: list[dict[str, object]] = []
        failures: list[_Failure] = []
        for stored in chosen:
            for authority in stored.call.timestamp_authorities:
                await _fetch_from(service, stored, authority, kept, failures)
        return kept, failures

    with Console(stderr=True).status("Asking the timestamp authorities …"):
        kept, failures = with_service(work)
    failed = [{"call": call, "authority": name, "word": error.word} for call, name, error in failures]
    lines = [f"Stamped: {one['call']}, {one['size']} entries, {one['authority']}" for one in kept]
    lines += [f"Not stamped: {one['call']}, {one['authority']}: {one['word']}" for one in failed]
    say("\n".join(lines) or "No token is missing.", {"kept": kept, "failed": failed}, as_json=as_json)
    if failures:
        raise failures[0][2]


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
    document = {"call": call_id, "size": wanted.size, "authority": wanted.authority.name, "loaded": new}
    sentence = f"{'Loaded' if new else 'Here already'}: {call_id}, {wanted.size} entries, {wanted.authority.name}"
    say(sentence, document, as_json=as_json)


async def _fetch_from(
    service: Service, stored: StoredCall, authority: TimestampAuthority, kept: list[dict[str, object]], failures: list[_Failure]
) -> None:
    """Ask one authority for what it has not stamped; after the first failure it is left alone until the next run."""
    call_id = stored.call.call
    if (await service.database.read(partial(log_size, call_id=call_id))).destroyed:
        return
    missing = await service.database.read(partial(wanted_tokens, stored=stored))
    for wanted in [one for one in missing if one.authority == authority][:AT_ONCE]:
        try:
            token = await asyncio.to_thread(ask_authority, authority.url, token_query(wanted.note))
            await service.database.write(partial(keep_token, stored=stored, wanted=wanted, token=token))
        except (AppError, CryptoError) as error:
            failures.append((call_id, authority.name, error))
            return
        kept.append({"call": call_id, "size": wanted.size, "authority": authority.name})
