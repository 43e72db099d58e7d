"""When a request began: the instant its headers were complete (format.md section 9)."""

from time import monotonic
from typing import TYPE_CHECKING

from fastapi import Request

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_KEY = "saksei_began"


class ArrivalMiddleware:
    """Notes the instant at which the server hands a request over, which is when its headers are complete."""

    def __init__(self, app: "ASGIApp") -> None:
        """Wrap `app`; it must be the outermost."""
        self._app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass the request on, with its instant."""
        if scope["type"] == "http":
            scope[_KEY] = monotonic()
        await self._app(scope, receive, send)


def began(request: Request) -> float:
    """The reading of time.monotonic() when the headers of this request were complete."""
    instant: float = request.scope[_KEY]
    return instant
