"""Reading a server's public pages: straight, through a proxy, and never more than was asked for."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from summary.site import AddressError, Site, UnreachableError
from tests.summary.log_server import CALL_BYTES, LogServer, Proxy, proxying, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROXIES = ("all_proxy", "http_proxy", "https_proxy", "no_proxy")
LIMIT = 1 << 20


@pytest.fixture(autouse=True)
def _straight(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[LogServer]:
    with serving(LogServer()) as running:
        yield running


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with proxying(Proxy()) as running:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{running.port}")
        yield running


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://testify.example/calls/a-1", ("https", "testify.example", 443, "a-1")),
        ("https://testify.example/km/calls/a-1/", ("https", "testify.example", 443, "a-1")),
        ("http://127.0.0.1:8000/calls/a", ("http", "127.0.0.1", 8000, "a")),
    ],
)
def test_address_of_a_call(url: str, found: tuple[str, str, int, str]) -> None:
    site = Site.parse(url)
    assert (site.scheme, site.host, site.port, site.call) == found


@pytest.mark.parametrize(
    "url",
    [
        *("testify.example/calls/a", "ftp://testify.example/calls/a", "https://testify.example/", "https://testify.example/calls/A"),
        *("https://me:secret@testify.example/calls/a", "https://testify.example/calls/a?x=1", "https://testify.example/calls/../a"),
        *("https:///calls/a", "https://testify.example:x/calls/a", "https://[::1/calls/a", "file:///calls/a"),
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(AddressError):
        Site.parse(url)


def test_page_is_read(server: LogServer) -> None:
    assert Site.parse(server.url).read("call.json", limit=LIMIT) == CALL_BYTES


@pytest.mark.parametrize("limit", [0, 1, len(CALL_BYTES) - 1])
def test_longer_page_is_refused(server: LogServer, limit: int) -> None:
    with pytest.raises(UnreachableError):
        Site.parse(server.url).read("call.json", limit=limit)
    assert Site.parse(server.url).read("call.json", limit=len(CALL_BYTES)) == CALL_BYTES


@pytest.mark.parametrize("status", [204, 301, 302, 307, 404, 500, 503])
def test_other_answers_are_refused(server: LogServer, status: int) -> None:
    """No redirect is followed, wherever it leads."""
    server.status["/calls/invented/call.json"] = status
    server.headers["Location"] = f"{server.url}/log/entries"
    with pytest.raises(UnreachableError, match=str(status)):
        Site.parse(server.url).read("call.json", limit=LIMIT)
    assert server.answers == 1


def test_answer_cut_short_is_noticed(server: LogServer) -> None:
    server.headers["Content-Length"] = str(len(CALL_BYTES) + 1)
    with pytest.raises(UnreachableError):
        Site.parse(server.url).read("call.json", limit=LIMIT)


def test_no_server_is_unreachable(server: LogServer) -> None:
    with serving(LogServer()) as gone:
        pass
    with pytest.raises(UnreachableError):
        Site.parse(gone.url).read("call.json", limit=LIMIT)


def test_no_http_is_unreachable() -> None:
    """Something else listens there."""
    with proxying(Proxy(nonsense=b"220 mail\r\n")) as other, pytest.raises(UnreachableError):
        Site.parse(f"http://127.0.0.1:{other.port}/calls/invented").read("call.json", limit=LIMIT)


def test_tor_resolves_the_name(server: LogServer, proxy: Proxy) -> None:
    site = Site.parse(f"http://invented.onion:{server.port}/calls/invented")
    assert site.read("call.json", limit=LIMIT) == CALL_BYTES
    assert proxy.wanted == [("invented.onion", server.port)]


def test_onion_is_never_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: without the proxy, or with one that is excepted, nothing is asked."""
    with pytest.raises(AddressError, match="Tor"):
        Site.parse("http://invented.onion/calls/invented")
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(AddressError, match="Tor"):
        Site.parse("http://invented.onion/calls/invented")


def test_refusing_proxy_is_unreachable(server: LogServer, proxy: Proxy) -> None:
    proxy.refuses = True
    with pytest.raises(UnreachableError):
        Site.parse(server.url).read("call.json", limit=LIMIT)
    assert server.answers == 0


@pytest.mark.parametrize("nonsense", [b"\x05", b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["cut", "http"])
def test_proxy_that_is_none_is_unreachable(server: LogServer, proxy: Proxy, nonsense: bytes) -> None:
    proxy.nonsense = nonsense
    with pytest.raises(UnreachableError):
        Site.parse(server.url).read("call.json", limit=LIMIT)


def test_unknown_proxy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks4://127.0.0.1:9050")
    with pytest.raises(AddressError):
        Site.parse("https://testify.example/calls/a")


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context with a certificate of 127.0.0.1, and the file of whoever trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file, both = folder / "trusted.pem", folder / "both.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    both.write_bytes(secret + file.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, file


@pytest.mark.parametrize("through_proxy", [False, True], ids=["straight", "proxy"])
def test_certificate_is_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxy: Proxy, through_proxy: bool) -> None:
    if not through_proxy:
        monkeypatch.delenv("ALL_PROXY")
    context, trusted = certificate(tmp_path)
    with serving(LogServer(), tls=context) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(UnreachableError, match="certificate"):
            Site.parse(url).read("call.json", limit=LIMIT)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert Site.parse(url).read("call.json", limit=LIMIT) == CALL_BYTES
    assert bool(proxy.wanted) == through_proxy
