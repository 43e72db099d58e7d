"""Slow senders behind nginx: on time when they began in time, no hindrance to others, cut off where they send nothing."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.deploy.proxied import Front, connected, head, rest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.app.made import MadeCall, PublicCall
    from tests.deploy.proxied import Watched

SOON = 25
BODIES, HEADS = 60, 200


def test_slow_upload_across_the_minute(tmp_path: Path, intake: Watched, make_call: PublicCall) -> None:
    """Begun before the deadline it is on time (format.md 9). The twin's nginx gathers it first: begun too late, says the intake."""
    gathering = {"proxy_request_buffering off": "proxy_request_buffering on"}
    with ExitStack() as stack:
        sound = stack.enter_context(Front(tmp_path / "sound", intake).serving())
        twin = stack.enter_context(Front(tmp_path / "twin", intake, gathering).serving())
        call = make_call(call="minute", deadline=int(time.time()) + SOON)
        intake.add(call)
        path, bodies = f"/calls/{call.id}/reports", (call.body(), call.body())
        clients = [stack.enter_context(connected(front.nginx.onion)) for front in (sound, twin)]
        for client, body in zip(clients, bodies, strict=True):
            client.sendall(head(path, len(body)) + body[:1000])
        assert time.time() < call.stored.call.deadline, "the machine was too slow for this test to mean anything"
        time.sleep(max(0.0, call.stored.call.deadline + 1.0 - time.time()))
        answers = []
        for client, body in zip(clients, bodies, strict=True):
            client.sendall(body[1000:])
            answers.append(rest(client))
    assert answers[0].startswith(b"HTTP/1.1 201 ")
    assert answers[1].startswith(b"HTTP/1.1 403 ")
    assert b'"closed"' in answers[1]


def test_slow_ones_hinder_nobody(tmp_path: Path, intake: Watched, call: MadeCall) -> None:
    """While many trickle heads and bodies, an honest report passes; and what trickled is taken when it is whole."""
    body = call.body()
    whole = head(f"/calls/{call.id}/reports", len(body)) + body
    with Front(tmp_path, intake).serving() as front, ExitStack() as stack:
        slow = [stack.enter_context(connected(front.nginx.onion)) for _ in range(BODIES + HEADS)]
        for number, client in enumerate(slow):
            client.sendall(whole[: 1000 if number < BODIES else 30])
        assert front.ask("POST", f"/calls/{call.id}/reports", content=call.body()).status_code == 201
        slow[0].sendall(whole[1000:])
        assert rest(slow[0]).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("begun", [b"POST /calls/asked/reports HTTP/1.1\r\nHost: 127", b""], ids=["head", "nothing"])
def test_silent_ones_are_cut_off(tmp_path: Path, intake: Watched, begun: bytes) -> None:
    """With the limits shortened to a second, the only change, a connection that says nothing more ends by itself."""
    shortened = {"client_header_timeout 15s": "client_header_timeout 1s"}
    with Front(tmp_path, intake, shortened).serving() as front, connected(front.nginx.onion) as client:
        client.sendall(begun)
        said = rest(client)
    assert said == b"" or said.startswith(b"HTTP/1.1 408 ")


def test_stopped_body_is_cut_off(tmp_path: Path, intake: Watched, call: MadeCall) -> None:
    shortened = {"client_body_timeout 30s": "client_body_timeout 1s"}
    with Front(tmp_path, intake, shortened).serving() as front, connected(front.nginx.onion) as client:
        client.sendall(head(f"/calls/{call.id}/reports", len(call.body())) + b"x" * 10)
        said = rest(client)
    assert b" 201 " not in said[:20]
