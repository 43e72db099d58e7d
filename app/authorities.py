"""Asking a timestamp authority over HTTP (RFC 3161, 3.4): the only place of this package that speaks to a machine it does not know.

It is used by `saksei-intake timestamps fetch` alone, a process of its own: the service that takes reports has no way out.
"""

import asyncio
import threading
import urllib.request
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from queue import Empty, SimpleQueue

from app.calls import StoredCall
from app.errors import AppError, UnreachableError
from app.publishing import log_size
from app.timestamps import Wanted, keep_token, wanted_tokens
from app.transactions import Database
from crypto.errors import CryptoError, TooLargeError
from crypto.timestamps import TOKEN_LIMIT, token_query

ANSWER_SECONDS = 30.0
AT_ONCE = 8
"""Checkpoints for which an authority is asked in one run, the newest first; what was missed comes with the next runs."""


@dataclass(slots=True)
class Fetched:
    """What came of asking: the tokens that were kept, and for what and why others were not."""

    kept: list[Wanted] = field(default_factory=list)
    failed: list[tuple[Wanted, AppError | CryptoError]] = field(default_factory=list)


async def fetch_tokens(database: Database, stored: StoredCall) -> Fetched:
    """Ask every authority of the call for the tokens that are missing, and keep those that verify.

    After its first failure an authority is left alone until the next run. A log that has ended asks for nothing.
    """
    fetched = Fetched()
    if (await database.read(partial(log_size, call_id=stored.call.call))).destroyed:
        return fetched
    missing = await database.read(partial(wanted_tokens, stored=stored))
    for authority in stored.call.timestamp_authorities:
        for wanted in [one for one in missing if one.authority == authority][:AT_ONCE]:
            try:
                token = await asyncio.to_thread(ask_authority, authority.url, token_query(wanted.note))
                await database.write(partial(keep_token, stored=stored, wanted=wanted, token=token))
            except (AppError, CryptoError) as error:
                fetched.failed.append((wanted, error))
                break
            fetched.kept.append(wanted)
    return fetched


def ask_authority(url: str, query: bytes, *, seconds: float = ANSWER_SECONDS) -> bytes:
    """Send a request to an authority and return its answer, of which nothing is believed yet.

    The whole exchange may take this many seconds, however slowly the other side speaks. Redirects are refused: call.json names the address.
    Raises UnreachableError, or TooLargeError for an answer that is longer than any token.
    """
    answers: SimpleQueue[bytes | Exception] = SimpleQueue()
    # A time limit of the socket begins anew with every byte; a thread that is left behind ends with the process.
    threading.Thread(target=_exchange, args=(url, query, seconds, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise UnreachableError("The timestamp authority did not answer in time.") from None
    if isinstance(answer, Exception):
        raise UnreachableError("The timestamp authority could not be asked, or did not answer with a token.") from None
    if len(answer) > TOKEN_LIMIT:
        raise TooLargeError("The timestamp authority answered with more than a token.")
    return answer


def _exchange(url: str, query: bytes, seconds: float, answers: "SimpleQueue[bytes | Exception]") -> None:
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply", "User-Agent": "saksei"}
    try:
        request = urllib.request.Request(url, query, headers)  # noqa: S310 -- _opener knows http and https, and nothing else
        with _opener().open(request, timeout=seconds) as response:
            if response.status != HTTPStatus.OK:
                raise HTTPException
            answers.put(response.read(TOKEN_LIMIT + 1))
    except (OSError, HTTPException, ValueError) as error:
        answers.put(error)


def _opener() -> urllib.request.OpenerDirector:
    """Without what urllib would add: files and FTP, and going where a server's redirect leads. A proxy of the environment is used."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
    ):
        opener.add_handler(handler)
    return opener
