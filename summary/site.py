"""The public pages of one call on its server, read over http or https, through Tor when the environment says so.

Nothing is believed that comes from here. There are no redirects, no cookies and no names in the request; one page of a bounded size at a
time. `ALL_PROXY` (or `HTTPS_PROXY`, `HTTP_PROXY`) may name a proxy: `socks5h://127.0.0.1:9050` is Tor's. Names are always resolved by the
proxy, and an onion address is never looked up without one.
"""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import ClassVar, Final
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from summary.errors import SummaryError

_TIMEOUT: Final = 60.0  # seconds for each read; a circuit of Tor takes its time
_PATH: Final = re.compile(r"(?:/[a-z]{2,3})?/calls/([a-z0-9-]{1,40})/?")
_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_SOCKS: Final = frozenset({"socks5", "socks5h"})
_ADDRESS_SIZES: Final = {1: 4, 4: 16}  # SOCKS5 address types IPv4, IPv6; 3 is a name behind its length


class UnreachableError(SummaryError):
    """The server could not be asked, or did not answer as one that has this call; nothing is known of its log."""

    word: ClassVar[str] = "unreachable"


class AddressError(ValueError):
    """The address is not that of a call, or the proxy is none that can be used."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the pages of `call` are: below /calls/<call> of `host`:`port`. `proxy` is (scheme, host, port) or None."""

    scheme: str
    host: str
    port: int
    call: str
    proxy: tuple[str, str, int] | None

    @classmethod
    def parse(cls, url: str) -> Site:
        """Read the address of a call: that of its form, with a language in it or without. Proxies are those of the environment.

        Raises AddressError.
        """
        parts, port = _split(url)
        path = _PATH.fullmatch(parts.path)
        if parts.scheme not in ("http", "https") or not parts.hostname or path is None or parts.query or parts.fragment or "@" in url:
            raise AddressError("Give the address of the call's page, such as https://testify.example/calls/lantern-2031.")
        proxy = _proxy(parts.scheme, parts.hostname)
        if parts.hostname.endswith(".onion") and proxy is None:
            raise AddressError("An onion address is reached through Tor only: set ALL_PROXY=socks5h://127.0.0.1:9050 and start Tor.")
        return cls(parts.scheme, parts.hostname, port, path[1], proxy)

    def read(self, name: str, *, limit: int) -> bytes:
        """Return the page /calls/<call>/<name>, of at most `limit` bytes.

        Raises UnreachableError when there is no answer, another one than 200, or a longer one.
        """
        status, content = self._ask(name, limit)
        if status != 200:
            raise UnreachableError(f"The server has no such page, or does not give it now: it answers {status}.")
        return content

    def find(self, name: str, *, limit: int) -> bytes | None:
        """Return what `read` returns, None when the server says that it has no such page. Raises UnreachableError as `read` does."""
        status, content = self._ask(name, limit)
        if status not in (200, 404):
            raise UnreachableError(f"The server does not give this page now: it answers {status}.")
        return content if status == 200 else None

    def _ask(self, name: str, limit: int) -> tuple[int, bytes]:
        """Return the status of an answer and, when it is 200, its content."""
        try:
            with closing(self._connection()) as connection:
                connection.request("GET", f"/calls/{self.call}/{name}")
                answer = connection.getresponse()
                content = answer.read(limit + 1)
        except ssl.SSLCertVerificationError:
            raise UnreachableError("The server does not show a certificate of its name; it may be somebody else's.") from None
        except (OSError, HTTPException):
            raise UnreachableError("The server does not answer, or not as a server should.") from None
        if answer.status != 200:
            return answer.status, b""
        if len(content) > limit:
            raise UnreachableError("The server answers with more than such a page can have.")
        announced = answer.headers.get("Content-Length")
        if announced is not None and announced != str(len(content)):  # http.client lets an answer that was cut short pass for a whole one
            raise UnreachableError("The answer of the server was cut short on its way.")
        return answer.status, content

    def _connection(self) -> HTTPConnection:
        """Return a connection that opens itself with the first request."""
        if self.proxy is not None and self.proxy[0] in _SOCKS:
            through = _Through(self, self.proxy[1:])
            return through if self.scheme == "http" else _SecureThrough(self, through)
        host, port = (self.host, self.port) if self.proxy is None else self.proxy[1:]
        if self.scheme == "https":
            connection: HTTPConnection = HTTPSConnection(host, port, timeout=_TIMEOUT, context=ssl.create_default_context())
        else:
            connection = HTTPConnection(host, port, timeout=_TIMEOUT)
        if self.proxy is not None:
            connection.set_tunnel(self.host, self.port)
        return connection


class _Through(HTTPConnection):
    """A connection through a SOCKS5 proxy."""

    def __init__(self, site: Site, proxy: tuple[str, int]) -> None:
        super().__init__(site.host, site.port, timeout=_TIMEOUT)
        self._proxy = proxy

    def connect(self) -> None:
        """Let the proxy connect."""
        self.sock = socks_connect(self._proxy, self.host, self.port)


class _SecureThrough(HTTPSConnection):
    """The same with TLS inside."""

    def __init__(self, site: Site, through: _Through) -> None:
        self._secure = ssl.create_default_context()
        super().__init__(site.host, site.port, timeout=_TIMEOUT, context=self._secure)
        self._through = through

    def connect(self) -> None:
        """Let the proxy connect, then agree on TLS with the server itself."""
        self._through.connect()
        self.sock = self._secure.wrap_socket(self._through.sock, server_hostname=self.host)


def socks_connect(proxy: tuple[str, int], host: str, port: int) -> socket.socket:
    """Return a connection to a name that the SOCKS5 proxy resolves (RFC 1928, without a password). Raises OSError."""
    connection = socket.create_connection(proxy, timeout=_TIMEOUT)
    try:
        connection.sendall(b"\x05\x01\x00")
        if _exactly(connection, 2) != b"\x05\x00":
            raise OSError("the proxy wants something else")
        name = host.encode("idna")
        connection.sendall(b"\x05\x01\x00\x03" + bytes([len(name)]) + name + port.to_bytes(2, "big"))
        answer = _exactly(connection, 4)
        if answer[:2] != b"\x05\x00":
            raise OSError("the proxy cannot connect")
        size = _ADDRESS_SIZES.get(answer[3])
        _exactly(connection, (_exactly(connection, 1)[0] if size is None else size) + 2)
    except (OSError, UnicodeError):
        connection.close()
        raise OSError("no connection through the proxy") from None
    return connection


def _exactly(connection: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        piece = connection.recv(size - len(content))
        if not piece:
            raise OSError("the proxy hung up")
        content += piece
    return content


def _split(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        return parts, parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise AddressError("This is not an address.") from None


def _proxy(scheme: str, host: str) -> tuple[str, str, int] | None:
    """Return the proxy that the environment names for this scheme, None when it names none or excepts the host."""
    found = getproxies()
    named = found.get(scheme) or found.get("all")
    if not named or proxy_bypass(host):
        return None
    parts, port = _split(named if "://" in named else f"http://{named}")
    if parts.scheme not in {"http", *_SOCKS} or not parts.hostname:
        raise AddressError("The proxy that the environment names is none of http://, socks5:// and socks5h://.")
    return parts.scheme, parts.hostname, port
