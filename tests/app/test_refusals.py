"""Refusals: the right word and status, nothing echoed, and a log that tells nothing of the request."""

import json
import logging
from pathlib import Path

import httpx
import pytest

from app import errors
from app.errors import AppError, BusyError, OperatorError
from app.logs import JsonFormatter
from app.main import create_app
from app.refusals import LastResortMiddleware, place_of, status_of
from app.schedule import Schedule
from app.settings import Settings
from form.page import LANGUAGES
from tests.app.made import Intake, MadeCall

CANARY = "kanari-7391"
WORDS = {
    "not-open",
    "closed",
    "duplicate",
    "withdrawn",
    "wrong-call",
    "no-match",
    "too-large",
    "busy",
    "work",
    "full",
    "version",
    "signature",
    "unreachable",
}


def ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Our own log lines: the client of these tests logs what it asks for."""
    return [record.getMessage() for record in caplog.records if not record.name.startswith("http")]


def leaves(kind: type[AppError]) -> list[type[AppError]]:
    return [leaf for child in kind.__subclasses__() for leaf in leaves(child)] or [kind]


def test_every_leaf_has_its_word() -> None:
    assert {leaf.word for leaf in leaves(AppError)} == WORDS


def test_tree_is_drawn_as_it_is() -> None:
    drawn = {line.split()[-2 if line.split()[-1].isdigit() else -1]: line for line in str(errors.__doc__).splitlines() if "── " in line}
    named = {leaf.__name__: leaf for leaf in leaves(AppError) if leaf.__module__ == errors.__name__}
    for name, leaf in named.items():
        line = next(line for line in str(errors.__doc__).splitlines() if f" {name} " in line)
        assert leaf.word in line.split()
        assert issubclass(leaf, OperatorError) or str(leaf.status) in line.split()
    assert drawn


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/calls/{CANARY}/call.json", ""),
        ("GET", f"/{CANARY}/calls/asked", ""),
        ("GET", f"/calls/asked/log/checkpoint.{CANARY}", ""),
        ("GET", f"/static/{CANARY}", ""),
        ("GET", f"/{CANARY}", ""),
        ("PUT", f"/calls/asked/{CANARY}", CANARY),
        ("POST", "/calls/asked/reports", CANARY),
        ("POST", "/calls/asked/withdrawals", CANARY),
        ("POST", "/en/calls/asked/receipt", f"receipt={CANARY}"),
        ("POST", "/en/calls/asked/reports", CANARY),
    ],
)
async def test_nothing_is_echoed(
    intake: Intake, asked: MadeCall, method: str, path: str, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    await intake.add(asked)
    with caplog.at_level(logging.DEBUG, logger="saksei"):
        answer = await intake.client.request(method, path, content=body.encode(), headers={"user-agent": CANARY})
    assert 400 <= answer.status_code < 500
    assert CANARY not in answer.text
    assert CANARY not in str(answer.headers)
    assert CANARY not in "".join(ours(caplog))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "code"), [("/calls/none/call.json", "wrong-call"), ("/calls/asked/form.html", "not-found"), ("/calls/asked/none", "not-found")]
)
async def test_machines_get_problems(intake: Intake, asked: MadeCall, path: str, code: str) -> None:
    await intake.add(asked)
    answer = await intake.client.get(path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"type": "about:blank", "title": "Not Found", "status": 404, "code": code}


@pytest.mark.anyio
@pytest.mark.parametrize("lang", LANGUAGES)
async def test_people_get_pages(intake: Intake, lang: str) -> None:
    answer = await intake.client.get(f"/{lang}/calls/none")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert f'lang="{lang}"' in answer.text


@pytest.mark.anyio
async def test_our_own_failure_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_scope: object, _receive: object, _send: object) -> None:
        raise ValueError(CANARY)

    transport = httpx.ASGITransport(LastResortMiddleware(broken))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        machine, page = await client.get("/calls/x"), await client.get("/km/calls/x")
    assert (machine.status_code, machine.json()["code"]) == (500, "broken")
    assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert CANARY not in machine.text + page.text
    assert [line.partition(":")[2].split(":")[0] for line in ours(caplog)] == [" ValueError at refusals.py"] * 2


def test_place_is_in_our_own_code() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        Schedule(0, 1, 1).last(1)
    assert place_of(caught.value).startswith("schedule.py:")


def test_log_lines_hold_no_values() -> None:
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "it failed", (), (ValueError, error, error.__traceback__))
    assert json.loads(JsonFormatter().format(record)) == {
        "level": "error",
        "source": "x",
        "message": "it failed",
        "error": "ValueError",
        "place": "elsewhere",
    }


def test_own_trouble_is_busy_outside() -> None:
    assert {status_of(kind("")) for kind in leaves(OperatorError)} == {BusyError.status}


@pytest.mark.anyio
async def test_missing_key_promises_nothing(intake: Intake, asked: MadeCall) -> None:
    """Without its log key a call takes no report: nothing may be stored that is not promised."""
    await intake.add(asked)
    (intake.service.settings.log_key_dir / "asked.key").unlink()
    fresh = create_app(intake.service.settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(fresh), base_url="http://localhost") as client:
        answer = await client.post("/calls/asked/reports", content=asked.body())
        ready = await client.get("/readyz")
    await fresh.state.service.database.close()
    assert (answer.status_code, answer.json()["code"], ready.status_code) == (503, "busy", 503)


@pytest.mark.anyio
async def test_absent_database_is_503(tmp_path: Path) -> None:
    app = create_app(Settings(database_url=f"postgresql+asyncpg://nobody@/nothing?host={tmp_path}"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        answers = [await client.get(path) for path in ("/healthz", "/readyz", "/calls/asked/call.json", "/en/calls/asked")]
    await app.state.service.database.close()
    assert [answer.status_code for answer in answers] == [200, 503, 503, 503]


@pytest.mark.anyio
async def test_unmigrated_is_not_ready(tmp_path: Path) -> None:
    app = create_app(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/x.db"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        assert (await client.get("/readyz")).status_code == 503
    await app.state.service.database.close()
