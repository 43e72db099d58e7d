"""The headers of threats.md, exactly, on every answer, errors included."""

from typing import Any

import httpx
import pytest

from app.check import answered_headers
from app.headers import HeadersMiddleware
from app.main import create_app
from app.settings import Settings
from tests.app.made import Intake, MadeCall

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src blob:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types saksei"
)
ALWAYS = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
ON_HTTPS = {"cross-origin-opener-policy": "same-origin", "strict-transport-security": "max-age=63072000; includeSubDomains"}


def missing(headers: httpx.Headers, wanted: dict[str, str]) -> list[str]:
    return [name for name, value in wanted.items() if headers.get_list(name) != [value]]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/km/calls/asked", 200),
        ("GET", "/calls/asked/call.json", 200),
        ("GET", "/calls/asked/log/entries", 200),
        ("GET", "/healthz", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/calls/unknown/call.json", 404),
        ("GET", "/static/none.js", 404),
        ("DELETE", "/", 405),
        ("POST", "/calls/asked/reports", 400),
        ("GET", "/calls/asked/log/checkpoint.x", 422),
        ("POST", "/en/calls/asked/reports", 400),
    ],
)
async def test_on_every_answer(intake: Intake, asked: MadeCall, method: str, path: str, status: int) -> None:
    await intake.add(asked)
    answer = await intake.client.request(method, path)
    assert answer.status_code == status
    assert missing(answer.headers, ALWAYS) == []
    assert "server" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert missing(answer.headers, ON_HTTPS) == list(ON_HTTPS)


async def headers_of(settings: Settings, host: str, path: str = "/healthz") -> httpx.Headers:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(settings)), base_url=f"http://{host}") as client:
        return (await client.get(path)).headers


@pytest.fixture
def public() -> dict[str, Any]:
    return {"public_url": "https://form.example", "onion_url": "http://abcdef.onion"}


@pytest.mark.anyio
async def test_https_adds_its_own(public: dict[str, Any]) -> None:
    assert missing(await headers_of(Settings(**public), "form.example"), ALWAYS | ON_HTTPS) == []


@pytest.mark.anyio
async def test_onion_has_no_tls_headers(public: dict[str, Any]) -> None:
    headers = await headers_of(Settings(**public), "abcdef.onion")
    assert missing(headers, ALWAYS) == []
    assert missing(headers, ON_HTTPS) == list(ON_HTTPS)


@pytest.mark.anyio
async def test_leaving_orders_to_forget(public: dict[str, Any]) -> None:
    """Where browsers heed it, on https, and nowhere else: any other answer comes while somebody writes."""
    order = {"clear-site-data": '"cache", "cookies", "storage"'}
    assert missing(await headers_of(Settings(**public), "form.example", "/leave"), ALWAYS | ON_HTTPS | order) == []
    for host, path in (("form.example", "/healthz"), ("abcdef.onion", "/leave")):
        assert missing(await headers_of(Settings(**public), host, path), order) == list(order)


PAGE = "text/html; charset=utf-8"
HOSTS = ["evil.example", "form.example.evil.example", "xform.example", "form.example:80x", "form.example@evil.example", "", None]


async def asked_as(settings: Settings, host: str | None, path: str) -> tuple[int, httpx.Headers, str]:
    """What is answered to a GET with this Host header, or with two of them."""
    hosts = ["form.example", "form.example"] if host is None else [host]
    transport = httpx.ASGITransport(create_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://nowhere.example") as client:
        request = httpx.Request("GET", f"http://nowhere.example{path}", headers=[("host", name) for name in hosts])
        answer = await client.send(request)
    return answer.status_code, answer.headers, answer.text


@pytest.mark.anyio
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    ("path", "kind"), [("/calls/x/call.json", "application/problem+json"), ("/km/calls/x", "text/html; charset=utf-8")]
)
async def test_other_hosts_are_refused(public: dict[str, Any], host: str | None, path: str, kind: str) -> None:
    """Like anything else: a problem for machines, a page for people, every header, and no word of what was asked for."""
    status, headers, text = await asked_as(Settings(**public), host, path)
    assert (status, headers["content-type"]) == (400, kind)
    assert missing(headers, ALWAYS) == []
    assert "evil" not in text
    assert "form.example" not in text


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["form.example", "FORM.EXAMPLE", "form.example:8443", "abcdef.onion", "localhost:8000", "127.0.0.1"])
async def test_our_own_hosts_are_answered(public: dict[str, Any], host: str) -> None:
    """The twin: the same question by a name of ours is answered."""
    status, _, text = await asked_as(Settings(**public), host, "/healthz")
    assert (status, text) == (200, "ok\n")


@pytest.mark.anyio
async def test_other_methods_are_named(intake: Intake, asked: MadeCall) -> None:
    """405 as any other refusal, with the methods there are (RFC 9110)."""
    await intake.add(asked)
    for path, kind, methods in (("/calls/asked/reports", "application/problem+json", "POST"), ("/en/calls/asked", PAGE, "GET, HEAD")):
        answer = await intake.client.request("DELETE", path)
        assert (answer.status_code, answer.headers["content-type"]) == (405, kind)
        assert answer.headers["allow"] == methods
        assert missing(answer.headers, ALWAYS) == []


@pytest.mark.anyio
async def test_missing_middleware_is_noticed(public: dict[str, Any]) -> None:
    """The twin: the same look at an application without the middleware finds every header missing."""
    app = create_app(Settings(**public))
    ours: Any = HeadersMiddleware
    app.user_middleware = [layer for layer in app.user_middleware if layer.cls is not ours]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://form.example") as client:
        assert missing((await client.get("/healthz")).headers, ALWAYS | ON_HTTPS) == list(ALWAYS | ON_HTTPS)


@pytest.mark.anyio
async def test_answers_of_the_app_cannot_differ() -> None:
    """Whatever the application says under these names is replaced, not joined."""

    async def careless(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"Cache-Control", b"public"), (b"Server", b"x"), (b"x-other", b"stays")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    transport = httpx.ASGITransport(HeadersMiddleware(careless, settings=Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get("/")
    assert missing(answer.headers, ALWAYS) == []
    assert "server" not in answer.headers
    assert answer.headers["x-other"] == "stays"


@pytest.mark.anyio
async def test_check_sees_the_same_headers(public: dict[str, Any]) -> None:
    found = {name.decode(): value.decode() for name, value in await answered_headers(Settings(**public), "/nowhere")}
    assert found.items() >= (ALWAYS | ON_HTTPS).items()
