"""HEAD: what GET would answer, without its content (RFC 9110, 9.3.2). Whoever looks whether a page or a log file is there asks so."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Passes HEAD on as GET, and keeps the content of the answer back; its headers, length included, are those of GET."""

    def __init__(self, app: "ASGIApp") -> None:
        """Wrap `app`, which knows GET only."""
        self._app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_content(message: "Message") -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, without_content)
