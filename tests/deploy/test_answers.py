"""What nginx answers and hands on: the intake's headers on every refusal, the browser's on no request, nothing for a stranger."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from app.headers import ALWAYS, ON_HTTPS
from form.page import message_page
from tests.deploy.placed import DEPLOY, HOST, ROOT, PlacedNginx
from tests.deploy.proxied import Front, connected, rest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from tests.app.made import MadeCall
    from tests.deploy.proxied import Watched

NOBODY = {
    "proxy_pass http://127.0.0.1:": "proxy_pass http://127.0.0.2:",
    "location / {": "location = /readyz { proxy_pass http://127.0.0.1:%d; }\n    location / {",
}


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, intake: Watched) -> Iterator[Front]:
    with Front(tmp_path_factory.mktemp("sound"), intake).serving() as running:
        yield running


@pytest.fixture(scope="module")
def deserted(tmp_path_factory: pytest.TempPathFactory, intake: Watched) -> Iterator[Front]:
    """nginx with nobody behind it, but for the question whether it is ready."""
    changes = {old: new % intake.stage.port if "%" in new else new for old, new in NOBODY.items()}
    with Front(tmp_path_factory.mktemp("deserted"), intake, changes).serving() as running:
        yield running


def wrong_headers(answer: httpx.Response, *, tls: bool) -> list[str]:
    """Headers of app/headers.py that are not on the answer exactly once with their value, or are there and must not be."""
    expected = {name.decode(): [value.decode()] for name, value in (*ALWAYS, *(ON_HTTPS if tls else ()))}
    expected |= {"server": []} | ({} if tls else {name.decode(): [] for name, _ in ON_HTTPS})
    return [name for name, values in expected.items() if answer.headers.get_list(name) != values]


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "onion"])
def test_every_answer_is_dressed(front: Front, deserted: Front, *, tls: bool) -> None:
    answers = {
        200: front.ask("GET", "/", tls=tls),
        404: front.ask("GET", "/nowhere", tls=tls),
        413: front.ask("POST", "/", tls=tls, content=bytes(100_000)),
        400: front.ask("GET", "/" + "x" * 40_000, tls=tls),
        503: deserted.ask("GET", "/", tls=tls),
    }
    assert [answer.status_code for answer in answers.values()] == list(answers)
    assert {status: wrong for status, answer in answers.items() if (wrong := wrong_headers(answer, tls=tls))} == {}


def test_undressed_is_noticed(tmp_path: Path, intake: Watched) -> None:
    """The twin: without the two guards the same look finds what is missing, and what is too much."""
    changes = {"more_clear_headers Server;": "", 'more_set_headers "Content-Security-Policy': '#"'}
    with Front(tmp_path, intake, changes).serving() as front:
        answer = front.ask("POST", "/", content=bytes(100_000))
    assert wrong_headers(answer, tls=True) == ["content-security-policy", "server"]


def test_nonsense_is_dressed(front: Front) -> None:
    with connected(front.nginx.onion) as client:
        client.sendall(b"WITNESS \x01 nonsense\r\n\r\n")
        answer = rest(client)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert [name for name, value in ALWAYS if name + b": " + value not in answer.lower().replace(b"'SELF'", b"")] == []
    assert b"\r\nserver:" not in answer.lower()
    assert b"WITNESS" not in answer


@pytest.mark.parametrize(("status", "word"), [(503, "busy"), (413, "too-large")])
def test_refusals_suit_their_reader(front: Front, deserted: Front, status: int, word: str) -> None:
    """Machines read the stable word; people read the form's own sentence, in both languages."""
    asked = deserted if status == 503 else front
    large = bytes(100_000)
    machine = asked.ask("POST", "/calls/asked/withdrawals", content=large if status == 413 else b"")
    person = asked.ask("POST", "/en/calls/asked/receipt", content=large if status == 413 else b"")
    assert (machine.status_code, machine.headers["content-type"]) == (status, "application/problem+json")
    assert json.loads(machine.text) == {"type": "about:blank", "title": json.loads(machine.text)["title"], "status": status, "code": word}
    assert (person.status_code, person.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert (person.headers.get("retry-after") is not None) == (status == 503)
    for lang in ("km", "en"):
        sentence = re.findall(r'<p class="lead">(.*?)</p>', message_page(lang, word))
        assert len(sentence) == 1
        assert sentence[0] in person.text


def test_sealed_and_plain_may_be_large(front: Front, call: MadeCall) -> None:
    """The two places that take reports take more than the small limit of all others; the intake says what it makes of it."""
    sealed = front.ask("POST", f"/calls/{call.id}/reports", content=bytes(100_000))
    assert (sealed.status_code, sealed.json()["code"]) == (400, "size")
    plain = front.ask("POST", f"/en/calls/{call.id}/reports", content=bytes(100_000))
    assert plain.status_code == 400
    assert 'id="main"' in plain.text


def test_stranger_gets_nothing(front: Front) -> None:
    """Another name gets no certificate; another Host no answer."""
    context = ssl.create_default_context()
    with connected(front.nginx.tls) as client, pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        context.wrap_socket(client, server_hostname="elsewhere.example")
    with connected(front.nginx.http) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n")
        assert rest(client) == b""


def test_plain_http_leads_to_tls(front: Front) -> None:
    with connected(front.nginx.http) as client:
        client.sendall(f"GET /km/calls/asked HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        answer = rest(client).decode()
    assert answer.startswith("HTTP/1.1 308 ")
    assert f"\r\nLocation: https://{HOST}/km/calls/asked\r\n" in answer


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_tls_is_forward_secret(front: Front, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=str(front.nginx.place / "fullchain.pem"))
    context.minimum_version = context.maximum_version = version
    with connected(front.nginx.tls) as client, context.wrap_socket(client, server_hostname=HOST) as secured:
        name = (secured.cipher() or ("",))[0]
    assert name.startswith(("ECDHE-", "TLS_"))
    assert "GCM" in name or "POLY1305" in name


def test_old_tls_is_refused(front: Front) -> None:
    context = ssl.create_default_context(cafile=str(front.nginx.place / "fullchain.pem"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with connected(front.nginx.tls) as client, pytest.raises((ssl.SSLError, ConnectionResetError)):
        context.wrap_socket(client, server_hostname=HOST)


def heard_by_upstream(listener: socket.socket, heard: list[bytes]) -> None:
    """Answer two requests, and keep the head of each."""
    for _ in range(2):
        connection, _address = listener.accept()
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(1 << 16)
            heard.append(request)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def test_browser_is_left_outside(tmp_path: Path, intake: Watched) -> None:
    """Nothing that tells of a person passes: the intake gets what it reads and nothing else."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        front = Front(tmp_path, intake)
        front.nginx = PlacedNginx(tmp_path / "upstream", intake=listener.getsockname()[1])
        heard: list[bytes] = []
        upstream = threading.Thread(target=heard_by_upstream, args=(listener, heard))
        upstream.start()
        told = dict.fromkeys(("user-agent", "referer", "cookie", "x-forwarded-for", "forwarded", "via"), "x=203.0.113.7")
        read = {"content-type": "text/x", "saksei-work": "w", "accept-language": "km"}
        with front.serving():
            front.ask("POST", "/calls/asked/reports", content=b"body", headers={**told, **read})
        upstream.join()
    lines = heard[1].partition(b"\r\n\r\n")[0].decode().lower().split("\r\n")[1:]
    assert sorted(lines) == [
        "accept-language: km",
        "content-length: 4",
        "content-type: text/x",
        f"host: {HOST}",
        "saksei-work: w",
    ]


@pytest.mark.parametrize(
    ("method", "accept", "packed"),
    [
        ("GET", "gzip, deflate, br, zstd", True),
        ("GET", "br,GZIP", True),
        ("GET", "gzip;q=0", False),
        ("GET", "x-gzip-like", False),
        ("GET", "identity", False),
        ("POST", "gzip, deflate, br", False),
    ],
)
def test_pages_come_compressed(front: Front, method: str, accept: str, *, packed: bool) -> None:
    """The intake's gzip for GET comes through; what answers a POST is never compressed."""
    answer = front.ask(method, "/" if method == "GET" else "/en/calls/asked/receipt", headers={"accept-encoding": accept})
    assert (answer.headers.get("content-encoding") == "gzip") is packed
    assert "<html" in answer.text


def test_what_intake_reads_passes() -> None:
    """Every request header that app/ asks for is one that nginx hands on, or makes itself."""
    source = "".join(path.read_text() for path in (ROOT / "app").glob("*.py"))
    asked = set(re.findall(r'request\.headers(?:\.get\(|\[)"([a-z-]+)"', source))
    passed = {name.lower() for name in re.findall(r"proxy_set_header (\S+) ", (DEPLOY / "nginx" / "saksei-server.conf").read_text())}
    assert {"content-type", "accept-language"} <= asked
    assert asked <= passed | {"content-length"}
