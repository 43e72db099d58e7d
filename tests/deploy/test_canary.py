"""Words of a plain form pass nginx and the intake and are written nowhere; the search that says so can see."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from crypto.receipts import Receipt
from tests.app.made import browser_form
from tests.deploy.proxied import Front, connected, head, rest
from tests.end_to_end.canary import found_in_files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.app.made import MadeCall
    from tests.deploy.proxied import Watched

WORDS = (b"WITNESSPLAIN", b"WITNESSFILM", b"WITNESSMISTAKE", b"WITNESSAGENT")
FILM = b"WITNESSFILM" * 15_000
LONG = "WITNESSMISTAKE" + "&" * 900_000  # escaped, the page that gives it back has 4.5 MB: more than nginx and the sockets hold
PAUSE = 2.0


def plain_form(text: str) -> tuple[str, bytes]:
    fields = [("receipt", Receipt.generate().code), ("consent", "C1"), ("q-what", text)]
    return browser_form(fields, [("q-proof", "film.bin", FILM, "application/octet-stream")])


def send_both_ways(front: Front, call: MadeCall) -> None:
    """A report over TLS and one over Tor's side, each with a file larger than nginx's buffers."""
    agent = {"user-agent": "WITNESSAGENT", "referer": "https://WITNESSAGENT/", "cookie": "a=WITNESSAGENT"}
    for tls in (True, False):
        kind, body = plain_form("WITNESSPLAIN")
        done = front.ask("POST", f"/en/calls/{call.id}/reports", tls=tls, content=body, headers={"content-type": kind, **agent})
        assert done.status_code == 201, done.text


def read_refusal_slowly(front: Front, call: MadeCall) -> bytes:
    """Send a form that is refused and given back, and let the answer pile up before reading it."""
    kind, body = plain_form(LONG)
    with connected(front.nginx.onion, receive=4096) as client:
        client.sendall(head(f"/en/calls/{call.id}/reports", len(body), kind) + body)
        time.sleep(PAUSE)
        return rest(client)


def test_words_reach_no_disk(tmp_path: Path, intake: Watched, call: MadeCall) -> None:
    folders = [tmp_path / "nginx", *(intake.place / name for name in ("data", "tmp", "keys", "log"))]
    with Front(tmp_path, intake).serving(traced=True) as front:
        send_both_ways(front, call)
        answer = read_refusal_slowly(front, call)
        assert found_in_files(folders, WORDS) == []
    assert answer.count(b"WITNESSMISTAKE") == 1
    assert len(answer) > 4_500_000
    assert found_in_files(folders, WORDS) == []
    assert [log for log in (front.log, intake.place / "server.log") if any(word in log.read_bytes() for word in WORDS)] == []
    assert front.written_elsewhere(WORDS) == []
    assert [word for word in WORDS if front.written([word]) == 0] == [b"WITNESSAGENT"]


def test_buffered_request_is_found(tmp_path: Path, intake: Watched, call: MadeCall) -> None:
    """The twin: nginx as it comes writes bodies to a file, and the search sees it."""
    changes = {"proxy_request_buffering off": "proxy_request_buffering on"}
    with Front(tmp_path, intake, changes).serving(traced=True) as front:
        send_both_ways(front, call)
    assert any(b"nginx-body" in line for line in front.written_elsewhere([b"WITNESSFILM"]))


def test_buffered_answer_is_found(tmp_path: Path, intake: Watched, call: MadeCall) -> None:
    """The twin: nginx as it comes puts an answer aside for a slow reader, and the search sees it."""
    changes = {"proxy_max_temp_file_size 0": "proxy_max_temp_file_size 64m"}
    with Front(tmp_path, intake, changes).serving(traced=True) as front:
        read_refusal_slowly(front, call)
    assert any(b"nginx-proxy" in line for line in front.written_elsewhere([b"&amp;"]))


def said_by_nginx(place: Path, intake: Watched, changes: dict[str, str]) -> str:
    """What nginx says while requests go wrong: too long, too large, and with nobody behind them."""
    nobody = {"257m;\n    proxy_pass http://127.0.0.1:": "257m;\n    proxy_pass http://127.0.0.2:"}
    with Front(place, intake, {**nobody, **changes}).serving() as front:
        assert front.ask("GET", "/" + "x" * 40_000, tls=False).status_code == 400
        assert front.ask("POST", "/", tls=False, content=bytes(100_000)).status_code == 413
        assert front.ask("POST", "/en/calls/asked/reports", tls=False).status_code == 503
    return front.log.read_text()


def test_address_is_in_no_log(tmp_path: Path, intake: Watched) -> None:
    assert said_by_nginx(tmp_path / "sound", intake, {}) == ""
    assert "client: 127.0.0.1" in said_by_nginx(tmp_path / "twin", intake, {"error_log stderr emerg": "error_log stderr info"})
