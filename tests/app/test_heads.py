"""HEAD is GET without its content, wherever there is a GET, and nothing where there is none."""

import re
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from app import machine_routes, people_routes
from app.heads import HeadMiddleware
from app.main import create_app
from form.assets import asset_names
from tests.app.made import Intake, MadeCall, PublicCall

pytestmark = pytest.mark.anyio
NAMED = {"{lang}": "en", "{size}": "1", "{authority}": "none", "{prefix}": "all"}
WHOLE = {"accept-encoding": "identity"}
"""Compressed, the length of the form changes with its receipt."""


def paths(call: MadeCall) -> list[str]:
    """A path of every route that there is a GET of."""
    routes = [route for part in (machine_routes, people_routes) for route in part.router.routes if isinstance(route, APIRoute)]
    named = {**NAMED, "{call_id}": call.id, "{name}": asset_names()[0]}
    paths = [route.path for route in routes if "GET" in (route.methods or ())]
    return [re.sub(r"\{[a-z_]+\}", lambda found: named[found[0]], path) for path in paths]


async def test_same_headers_and_no_content(intake: Intake, make_call: PublicCall) -> None:
    """Every route, what is there and what is not; the form's length is that of one with another receipt."""
    call = make_call(form=b"<html>")
    await intake.add(call)
    seen = []
    for path in [*paths(call), "/nowhere", "/calls/unknown/call.json", "/static/none.js"]:
        get, head = await intake.client.get(path, headers=WHOLE), await intake.client.head(path, headers=WHOLE)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert dict(head.headers) == dict(get.headers)
        seen.append(get.status_code)
    assert seen.count(200) >= 12


async def test_no_head_where_no_get(intake: Intake, asked: MadeCall) -> None:
    """What is sent only is refused to HEAD as it is to GET, and nothing is taken."""
    await intake.add(asked)
    for path in (f"/calls/{asked.id}/reports", f"/calls/{asked.id}/withdrawals", f"/en/calls/{asked.id}/reports"):
        answer = await intake.client.head(path)
        assert (answer.status_code, answer.headers["allow"], answer.content) == (405, "POST", b"")


async def test_without_the_guard_it_is_refused(intake: Intake, asked: MadeCall) -> None:
    """The twin: the same application without the middleware knows no HEAD."""
    await intake.add(asked)
    app = create_app(intake.service.settings)
    theirs: Any = HeadMiddleware
    app.user_middleware = [layer for layer in app.user_middleware if layer.cls is not theirs]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        assert (await client.head("/")).status_code == 405
    await app.state.service.database.close()
