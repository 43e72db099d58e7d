"""Connections before there is a request: how long a head may take and how long it may be, and who must go when too many wait.

What is no HTTP, or never becomes any, does not reach the application; it is answered here, with our headers and nothing of what came.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.errors import BusyError
from app.headers import OurHeaders

HEAD_BYTES = 16 << 10
"""Of a request's line and headers together."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long each thing may take, in seconds.

    `head`: from the connection, or the answer before, until a head is complete. `rest`: until what is left of a body has come after its
    answer was given. `stalled`: an answer that nobody reads.
    """

    head: float = 20.0
    rest: float = 60.0
    stalled: float = 60.0


@dataclass(slots=True)
class Lobby:
    """The connections of a server that have not asked anything yet, the one that has waited longest first; `most` connections in all.

    `ours` are the headers that every answer has.
    """

    most: int
    ours: OurHeaders
    waits: Waits = field(default_factory=Waits)
    waiting: dict["BoundedProtocol", None] = field(default_factory=dict)


class TooLongHeadError(Exception):
    """A head of more than HEAD_BYTES."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP, with bounded waits, bounded heads and a bounded number of connections."""

    def __init__(self, *arguments: Any, lobby: Lobby, **named: Any) -> None:
        """As uvicorn makes it; `lobby` is shared by all connections of a server."""
        super().__init__(*arguments, **named)
        self._lobby = lobby
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._came = 0
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn narrows it
        """Wait for a head; where there are too many connections, the one that has waited longest for its own must go."""
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > self._lobby.most:
            next(iter(self._lobby.waiting)).hang_up(HTTPStatus.SERVICE_UNAVAILABLE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._settle()
        self._read_again()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; hang up on a head that goes on and on."""
        self._came += len(data)
        super().data_received(data)
        if self in self._lobby.waiting and self._came > HEAD_BYTES:
            self.hang_up(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_url(self, url: bytes) -> None:
        """A part of the request's address."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header."""
        self._count(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A request begins."""
        self._settle()
        self._head_bytes = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is complete; where it was answered before, the next head may come."""
        super().on_message_complete()
        if self.cycle.response_complete:
            self.cycle.more_body = False
            self._expect_head()

    def on_response_complete(self) -> None:
        """The next head may come, once what is left of the body has."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._give_up_later()
        elif self.cycle.response_complete and self.cycle.more_body:
            self._settle()
            self._timer = self.loop.call_later(self._lobby.waits.rest, self._close)
        elif self.cycle.response_complete:
            self._expect_head()

    def pause_writing(self) -> None:
        """Nobody reads the answer."""
        super().pause_writing()
        self._give_up_later()

    def resume_writing(self) -> None:
        """Somebody reads on."""
        super().resume_writing()
        self._read_again()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing more is asked."""
        self._close()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- we say nothing about what came
        """Refuse what the parser refuses."""
        too_long = self._head_bytes > HEAD_BYTES
        self.hang_up(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if too_long else HTTPStatus.BAD_REQUEST)

    def hang_up(self, status: HTTPStatus) -> None:
        """Answer with nothing but a status and our headers, and close; say nothing at all to who said nothing."""
        self._settle()
        if self.transport.is_closing():
            return
        if self._came:
            self.transport.write(self._raw_answer(status))
        self._close()

    def _raw_answer(self, status: HTTPStatus) -> bytes:
        """An answer with no content, and every header that any other answer has; of the request's own those count that came."""
        headers = [*self.server_state.default_headers, *self._lobby.ours.for_request(self.headers or ())]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append((b"retry-after", b"%d" % BusyError.retry_after))
        headers += [(b"content-length", b"0"), (b"connection", b"close")]
        lines = [b"HTTP/1.1 %d %s" % (status, status.phrase.encode()), *(name + b": " + value for name, value in headers)]
        return b"\r\n".join([*lines, b"", b""])

    def _count(self, *parts: bytes) -> None:
        self._head_bytes += sum(map(len, parts))
        if self._head_bytes > HEAD_BYTES:
            raise TooLongHeadError

    def _expect_head(self) -> None:
        self._settle()
        self._came = self._head_bytes = 0
        self._lobby.waiting[self] = None
        self._timer = self.loop.call_later(self._lobby.waits.head, partial(self.hang_up, HTTPStatus.REQUEST_TIMEOUT))

    def _settle(self) -> None:
        """No head, and nothing that is left of a body, is waited for any more."""
        self._lobby.waiting.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close(self) -> None:
        self.transport.close()
        self._give_up_later()

    def _give_up_later(self) -> None:
        if self._stalled is None:
            self._stalled = self.loop.call_later(self._lobby.waits.stalled, self.transport.abort)

    def _read_again(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
