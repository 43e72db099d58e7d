"""Who is asked for: requests for a host that is not ours are refused like anything else, and told nothing (threats.md)."""

from collections.abc import Collection
from http import HTTPStatus
from typing import TYPE_CHECKING

from app.refusals import refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

WORD = "request"


class HostsMiddleware:
    """Passes requests on whose one Host header names a host of ours, whatever its port; None for any host."""

    def __init__(self, app: "ASGIApp", *, hosts: Collection[str] | None) -> None:
        """Wrap `app`; `hosts` are lower-case names without a port."""
        self._app = app
        self._hosts = None if hosts is None else frozenset(hosts)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass the request on, or refuse it before anything of it is read."""
        if scope["type"] != "http" or self._hosts is None or _host(scope) in self._hosts:
            await self._app(scope, receive, send)
        else:
            await refuse(scope, HTTPStatus.BAD_REQUEST, WORD)(scope, receive, send)


def _host(scope: "Scope") -> str | None:
    named: list[bytes] = [value for name, value in scope["headers"] if name == b"host"]
    if len(named) != 1:
        return None
    whole = named[0].decode("latin-1").lower()
    host, colon, port = whole.rpartition(":")
    return host if colon and port.isdigit() else whole
