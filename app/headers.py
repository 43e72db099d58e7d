"""The headers of every answer, errors included (threats.md)."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from app.settings import Settings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self'; "
    "worker-src blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types saksei"
)

ALWAYS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
)
ON_HTTPS = (
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
)
"""Chromium complains about COOP on plain http, and an onion address has no TLS to insist on."""

ON_LEAVING = ((b"clear-site-data", b'"cache", "cookies", "storage"'),)
"""The order to forget this site, on https, where browsers heed it; elsewhere Chromium complains about it too."""
LEAVE_PATH = "/leave"
"""What a page asks for as it is left."""

_OURS = frozenset(name for name, _ in (*ALWAYS, *ON_HTTPS)) | {b"server"}


class OurHeaders:
    """Which headers every answer of a server has, by the settings and by the host that was asked for."""

    def __init__(self, settings: "Settings") -> None:
        """Whether the public address is https is a setting: what a request says of itself proves nothing."""
        self._https = settings.https
        self._onion = urlsplit(settings.onion_url).netloc.encode() if settings.onion_url else None

    def for_request(self, headers: "Collection[tuple[bytes, bytes]]", path: str = "") -> list[tuple[bytes, bytes]]:
        """Those of the answer to a request with these headers, or with as many of them as came."""
        if not self._https or (self._onion is not None and (b"host", self._onion) in headers):
            return [*ALWAYS]
        return [*ALWAYS, *ON_HTTPS, *(ON_LEAVING if path == LEAVE_PATH else ())]


class HeadersMiddleware:
    """Puts our headers on every answer that passes, instead of any of the same name; pure ASGI, so nothing is buffered."""

    def __init__(self, app: "ASGIApp", *, settings: "Settings") -> None:
        """Wrap `app`."""
        self._app = app
        self._ours = OurHeaders(settings)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass the request on and dress its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ours = self._ours.for_request(scope["headers"], scope["path"])

        async def dressed(message: "Message") -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*(pair for pair in message.get("headers", ()) if pair[0].lower() not in _OURS), *ours]
            await send(message)

        await self._app(scope, receive, dressed)
