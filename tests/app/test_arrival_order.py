"""format.md 6: after a batch nothing in the raw files of the database tells in which order the reports came.

The search knows every trick that we know: where a digest, a handle, their hex or an envelope stand in each file, in which order they stand
within a page, and which are neighbours. Its twin searches a table that was filled on arrival, and finds the order.
"""

import asyncio
import hashlib
import itertools
import random
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from app.dialect import now_ms
from app.preparation import Prepared, lay_ready, reports_due
from app.publishing import cut_batch, forget_published, log_size, look
from app.submissions import SealedReport, accept
from app.transactions import Database
from tests.app.made import Intake, MadeCall

pytestmark = pytest.mark.anyio

REPORTS = 200
CHANCE = 5.0
"""Standard deviations from a shuffled order, best of some hundred looks: below it lies chance."""

Look = Callable[[Sequence[tuple[int, int]]], float]
"""Something that depends on the order of arrival, seen in (place, number of arrival) by ascending place."""

ON_ARRIVAL = "CREATE TABLE on_arrival (digest {bytes} PRIMARY KEY, handle {bytes}, bytes {bytes}) {without_rowid}"


def numbered(number: int, size: int) -> SealedReport:
    """The report that arrives as `number`; the same in every run, so that a run that passes once passes always."""
    envelope = random.Random(number).randbytes(size)  # noqa: S311 -- the same in every run
    handle = hashlib.sha256(b"handle" + envelope).digest()
    return SealedReport(handle, hashlib.sha256(envelope).digest(), size, lambda: (envelope,))


def raw_files(intake: Intake, oid: int | None, server_folder: Path | None) -> dict[str, bytes]:
    path = intake.service.settings.sqlite_path
    if path is not None:
        return {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    assert server_folder is not None
    return {file.name: file.read_bytes() for file in (server_folder / "base" / str(oid)).iterdir() if file.is_file()}


def order_read(files: Mapping[str, bytes], reports: Sequence[SealedReport]) -> float:
    """How clearly the order of `reports` can be read from the files: the best of every way to look, in standard deviations from chance."""
    best = 0.0
    for needles in (
        [report.digest for report in reports],
        [report.handle for report in reports],
        [report.digest.hex().encode() for report in reports],
        [b"".join(report.parts())[:24] for report in reports],
        [b"".join(report.parts())[-24:] for report in reports],
    ):
        for content in files.values():
            places = [list(occurrences(content, needle)) for needle in needles]
            for choose in (min, max):
                found = sorted((choose(at), number) for number, at in enumerate(places) if at)
                if len(found) >= REPORTS // 4:
                    best = max(best, *(beyond_chance(look, found) for look in LOOKS))
    return best


def beyond_chance(look: Look, found: Sequence[tuple[int, int]]) -> float:
    """How many standard deviations what we see lies from what the same places show when the order is shuffled."""
    seen = look(found)
    numbers = [number for _, number in found]
    luck = random.Random(1)  # noqa: S311 -- the same in every run
    orders = [luck.sample(numbers, len(numbers)) for _ in range(30)]
    shuffled = [look([(place, number) for (place, _), number in zip(found, order, strict=True)]) for order in orders]
    spread = statistics.pstdev(shuffled)
    return abs(seen - statistics.fmean(shuffled)) / spread if spread else 0.0


def occurrences(content: bytes, needle: bytes) -> Iterable[int]:
    at = content.find(needle)
    while at >= 0:
        yield at
        at = content.find(needle, at + 1)


def global_order(found: Sequence[tuple[int, int]]) -> float:
    """The product of place and arrival, summed: what a rank correlation measures."""
    return float(sum(at * number for at, (_, number) in enumerate(found)))


def smoothness(found: Sequence[tuple[int, int]]) -> float:
    """How far apart neighbours in place arrived: small wherever there is a piece of the order, however the pieces are arranged."""
    return float(sum(abs(one - other) for (_, one), (_, other) in itertools.pairwise(found)))


def order_in_pages(size: int, found: Sequence[tuple[int, int]]) -> float:
    """How many pairs within one page stand in the order of arrival."""
    pages: dict[int, list[int]] = {}
    for place, number in found:
        pages.setdefault(place // size, []).append(number)
    return float(sum(one < other for page in pages.values() for one, other in itertools.combinations(page, 2)))


LOOKS: tuple[Look, ...] = (global_order, smoothness, partial(order_in_pages, 4096), partial(order_in_pages, 8192))


async def files_of(intake: Intake, server_folder: Path) -> dict[str, bytes]:
    sqlite = intake.service.settings.sqlite_path is not None
    if sqlite:
        return raw_files(intake, None, None)

    def flush(connection: Connection) -> int:
        connection.execute(text("CHECKPOINT"))
        return int(connection.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar_one())

    return raw_files(intake, await intake.service.database.write(flush), server_folder)


def insert_on_arrival(connection: Connection, report: SealedReport) -> None:
    row = {"digest": report.digest, "handle": report.handle, "bytes": b"".join(report.parts())}
    connection.execute(text("INSERT INTO on_arrival VALUES (:digest, :handle, :bytes)"), row)


async def fill_on_arrival(database: Database, reports: Sequence[SealedReport], *, sqlite: bool) -> None:
    kind = {"bytes": "BLOB", "without_rowid": "WITHOUT ROWID"} if sqlite else {"bytes": "bytea", "without_rowid": ""}
    await database.write(lambda connection: connection.execute(text("DROP TABLE IF EXISTS on_arrival")) and None)
    await database.write(lambda connection: connection.execute(text(ON_ARRIVAL.format(**kind))) and None)
    for report in reports:
        await database.write(partial(insert_on_arrival, report=report))


def due(connection: Connection) -> bool:
    """Whether all that waits belongs into one batch by now: where a slow machine spreads it over two, their order is no secret."""
    latest = connection.execute(text("SELECT max(batch) FROM pending_reports")).scalar_one()
    return now_ms(connection) >= int(latest) * 1000


def waiting(connection: Connection, call_id: str) -> int:
    return log_size(connection, call_id).waiting


@pytest.fixture
def server_folder(request: pytest.FixtureRequest, database_url: str) -> Path:
    """The data folder of the PostgreSQL server; somewhere harmless on SQLite."""
    if database_url.startswith("sqlite"):
        return Path("/nowhere")
    return Path(str(request.getfixturevalue("postgresql_server")).partition("host=")[2])


@pytest.mark.parametrize("size", [150, 5000], ids=["in the row", "beside the row"])
async def test_no_order_after_a_batch(intake: Intake, hasty: MadeCall, server_folder: Path, size: int) -> None:
    await intake.add(hasty)
    reports = [numbered(number, size) for number in range(REPORTS)]
    for report in reports:
        await intake.service.database.write(partial(accept, stored=hasty.stored, report=report, began=time.monotonic()))
    assert order_read(await files_of(intake, server_folder), reports) > 2 * CHANCE, "the search must find the order while they wait"
    while not await intake.service.database.read(due):
        await asyncio.sleep(0.1)
    while await intake.service.database.read(partial(waiting, call_id=hasty.id)):
        assert await intake.service.publisher.publish()
    files = await files_of(intake, server_folder)
    assert sum(content.count(report.digest) for content in files.values() for report in reports) >= REPORTS
    assert order_read(files, reports) < CHANCE


async def test_no_order_after_steps(intake: Intake, hasty: MadeCall, server_folder: Path) -> None:
    """A large batch is laid ready step by step, while others send."""
    await intake.add(hasty)
    database, call = intake.service.database, hasty.id
    reports = [numbered(number, 5000) for number in range(REPORTS)]
    for report in reports:
        await database.write(partial(accept, stored=hasty.stored, report=report, began=time.monotonic()))
    while not await database.read(due):
        await asyncio.sleep(0.1)
    boundary = (await database.read(partial(look, stored=hasty.stored))).due
    assert boundary is not None
    ready = [digest for _, digest in await database.read(partial(reports_due, call_id=call, cut=0, boundary=boundary))]
    assert len(ready) == REPORTS
    steps = [ready[start : start + 10] for start in range(0, REPORTS, 10)]
    for number, step in enumerate(steps):
        await database.write(partial(lay_ready, call_id=call, digests=step))
        await database.write(partial(accept, stored=hasty.stored, report=numbered(REPORTS + number, 5000), began=time.monotonic()))
    assert await database.write(partial(cut_batch, stored=hasty.stored, prepared=Prepared(boundary, steps)))
    while await database.read(partial(waiting, call_id=call)):
        assert await intake.service.publisher.publish()
        await asyncio.sleep(0.1)
    assert order_read(await files_of(intake, server_folder), reports) < CHANCE


async def test_order_is_found_where_it_is(intake: Intake, server_folder: Path) -> None:
    """The twin: keyed by digest like ours, without row numbers, but filled as they came."""
    reports = [numbered(number, 5000) for number in range(REPORTS)]
    await fill_on_arrival(intake.service.database, reports, sqlite=intake.service.settings.sqlite_path is not None)
    await intake.service.database.scrub()
    assert order_read(await files_of(intake, server_folder), reports) > 2 * CHANCE


async def test_order_is_found_without_scrub(intake: Intake, hasty: MadeCall, server_folder: Path) -> None:
    """Another twin: published as it should be, but what waited is left as the database leaves it."""
    await intake.add(hasty)
    reports = [numbered(number, 150) for number in range(REPORTS)]
    for report in reports:
        await intake.service.database.write(partial(accept, stored=hasty.stored, report=report, began=time.monotonic()))
    await intake.cut(hasty)
    await intake.service.database.write(partial(forget_published, call_id=hasty.id))
    assert order_read(await files_of(intake, server_folder), reports) > 2 * CHANCE
