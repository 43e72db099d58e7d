"""What an operator sees: a batch late, in tens, and nothing of one person."""

import asyncio
import re

import httpx
import pytest

from app.calls import COMMON_BATCH_SECONDS
from app.metrics import ROUNDED_TO, Figures, metrics_text
from app.observing import AT_ONCE, answered, observable
from bench.stage import free_port
from crypto.receipts import Receipt
from tests.app.made import Intake, MadeCall

STEP = 3600
CANARY = "KANARI7391"
LINE = re.compile(r'saksei_(build\{version="[0-9a-z.+-]+"\} 1|publishing [01]|answers_total\{word="[a-z-]+"\} \d*0)')


class Clock:
    """Unix seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0 * STEP

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def figures(clock: Clock) -> Figures:
    return Figures(lambda: STEP, clock=clock)


def observed(figures: Figures, clock: Clock, *, until: float, every: float = 60) -> list[tuple[float, dict[str, int]]]:
    """All that somebody sees who looks every minute: the instants at which something changed."""
    changes: list[tuple[float, dict[str, int]]] = []
    while clock.now < until:
        shown = figures.shown()
        if not changes or changes[-1][1] != shown:
            changes.append((clock.now, shown))
        clock.now += every
    return changes


@pytest.mark.parametrize("second", [1, 1800, STEP - 1])
def test_shown_a_whole_batch_late(figures: Figures, clock: Clock, second: int) -> None:
    """Whenever in a batch they came, ten reports are seen at one and the same instant: the boundary after the next."""
    start = clock.now
    figures.shown()
    clock.now = start + second
    for _ in range(ROUNDED_TO):
        figures.count("accepted")
    clock.now = start + second + 1
    changes = observed(figures, clock, until=start + 4 * STEP, every=1)
    assert changes[1:] == [(start + 2 * STEP, {"accepted": ROUNDED_TO})]


def test_shown_at_once_it_would_be_seen(figures: Figures, clock: Clock) -> None:
    """The twin: what is counted inside does change at once, so that the test above would notice figures that are not held back."""
    before = figures._counted.copy()
    figures.count("accepted")
    assert figures._counted != before


@pytest.mark.parametrize("count", [1, 9])
def test_fewer_than_ten_are_not_seen(figures: Figures, clock: Clock, count: int) -> None:
    start = clock.now
    for _ in range(count):
        figures.count("accepted")
    assert {tuple(shown.values()) for _, shown in observed(figures, clock, until=start + 5 * STEP)[1:]} <= {(0,)}


def test_counts_go_on(figures: Figures, clock: Clock) -> None:
    for _ in range(5):
        for _ in range(7):
            figures.count("busy")
        clock.now += STEP
    clock.now += STEP
    assert figures.shown() == {"busy": 30}


def test_silent_batches_are_passed(figures: Figures, clock: Clock) -> None:
    for _ in range(20):
        figures.count("busy")
    clock.now += 10 * STEP
    assert figures.shown() == {"busy": 20}


def test_longer_batch_holds_back(clock: Clock) -> None:
    """When a call with longer batches comes, nothing is shown before its boundary."""
    steps = [STEP]
    figures = Figures(lambda: steps[0], clock=clock)
    for _ in range(20):
        figures.count("busy")
    steps[0] = 7 * STEP
    clock.now = 101.0 * STEP
    assert figures.shown() == {}


@pytest.mark.parametrize("word", ["", "Busy", "a b", 'x"} 1', "x" * 41, "2026"])
def test_only_words_are_counted(figures: Figures, word: str) -> None:
    with pytest.raises(ValueError, match="words"):
        figures.count(word)


def test_text_is_prometheus() -> None:
    text = metrics_text({"accepted": 40, "busy": 0}, publishing=False, version="1.2.3")
    assert text.endswith("\n")
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        'saksei_build{version="1.2.3"} 1',
        "saksei_publishing 0",
        'saksei_answers_total{word="accepted"} 40',
        'saksei_answers_total{word="busy"} 0',
    ]
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert names == {"saksei_build", "saksei_publishing", "saksei_answers_total"}


@pytest.mark.anyio
async def test_answers_are_counted(intake: Intake, hasty: MadeCall) -> None:
    """A call with a boundary each second shows what was answered; nothing else about it, and nothing that was sent."""
    await intake.add(hasty)
    receipt = Receipt.generate()
    for _ in range(ROUNDED_TO):
        assert (await intake.post(hasty, hasty.body())).status_code == 201
        assert (await intake.post(hasty, CANARY.encode())).json()["code"] == "size"
    await intake.post_form(hasty, [("receipt", receipt.code), ("q-what", CANARY)])
    await asyncio.sleep(2.1)
    head, _, text = answered(b"GET /metrics HTTP/1.1\r\n\r\n", intake.service).decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK")
    assert "cache-control: no-store" in head
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert {'saksei_answers_total{word="accepted"} 10', 'saksei_answers_total{word="size"} 10'} <= set(lines)
    assert not any(word in text for word in (CANARY, receipt.code, hasty.id))


@pytest.mark.anyio
async def test_batches_of_the_calls_decide(intake: Intake, asked: MadeCall, hasty: MadeCall) -> None:
    assert intake.service.book.longest_batch() == COMMON_BATCH_SECONDS
    await intake.add(hasty, asked)
    for call in (hasty, asked):
        await intake.service.book.find(call.id)
    assert intake.service.book.longest_batch() == asked.stored.call.batch_seconds


@pytest.mark.anyio
@pytest.mark.parametrize("request_line", ["GET / HTTP/1.1", "POST /metrics HTTP/1.1", "GET /metricsx HTTP/1.1", CANARY])
async def test_nothing_else_is_answered(intake: Intake, request_line: str) -> None:
    answer = answered(f"{request_line}\r\n\r\n".encode(), intake.service)
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert CANARY.encode() not in answer


@pytest.mark.anyio
async def test_metrics_are_not_on_the_public_port(intake: Intake) -> None:
    assert (await intake.client.get("/metrics")).status_code == 404


@pytest.mark.anyio
async def test_port_of_its_own(intake: Intake, unused_port: int) -> None:
    """Real requests; more at once than there is room for get no answer, and cost nothing."""
    async with observable(intake.service, unused_port):
        async with httpx.AsyncClient() as client:
            assert "saksei_publishing 1" in (await client.get(f"http://127.0.0.1:{unused_port}/metrics")).text
        silent = [await asyncio.open_connection("127.0.0.1", unused_port) for _ in range(AT_ONCE)]
        reader, refused = await asyncio.open_connection("127.0.0.1", unused_port)
        assert await reader.read() == b""
        ended = await asyncio.gather(*(reader.read() for reader, _ in silent))
        assert set(ended) == {b""}
        for writer in (refused, *(writer for _, writer in silent)):
            writer.close()
            await writer.wait_closed()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", unused_port)


@pytest.fixture
def unused_port() -> int:
    return free_port()
