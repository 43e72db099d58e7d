"""`saksei-intake check`: everything that must hold for a server that keeps its word, tried out one by one (interfaces.md)."""

import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from sqlalchemy import Connection, text

from app.calls import StoredCall
from app.dialect import is_sqlite, now_ms
from app.errors import AppError, SchemaError
from app.headers import ALWAYS, ON_HTTPS
from app.inspection import inspect_log
from app.logstate import LogState
from app.main import create_app
from app.schema import differences, missing_triggers, refuses_late_rows, require_head
from app.service import Service
from app.settings import Settings
from app.timestamps import judge_tokens
from crypto.errors import CryptoError

CLOCK_TOLERANCE_MS = 5000
_SETTINGS = text("SELECT name, setting FROM pg_settings")
DURABLE = {"fsync": ("on",), "full_page_writes": ("on",)}
"""What PostgreSQL must be set to for a promise to outlive a power cut: a client cannot ask for these, as it can for synchronous_commit."""
FORGETFUL = {
    "archive_mode": ("off",),
    "wal_keep_size": ("0",),
    "track_commit_timestamp": ("off",),
    "log_statement": ("none", "ddl"),
    "log_min_duration_statement": ("-1",),
}
"""What it must be set to so that it does not write down when somebody wrote and keep that."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one check: its name, whether it holds, and one sentence. `advice` findings hold, and say what is to be known."""

    name: str
    holds: bool
    sentence: str


async def check_service(service: Service) -> list[Finding]:
    """Run every check; none stops the others."""
    findings = [_check_files(service.settings), _check_addresses(service.settings)]
    schema = await _tried("migrations", "the tables and triggers are those of this software", partial(_check_schema, service))
    findings.append(schema)
    if not schema.holds:
        return findings
    findings.append(await _tried("late rows", "the database refuses them by itself", partial(_check_late_rows, service)))
    findings.append(await _tried("clock", "the database's clock and this machine's agree", partial(_check_clock, service)))
    findings.append(await _tried("headers", "they are on every answer", partial(_check_headers, service.settings)))
    findings.append(await service.database.read(check_journal))
    for stored in await service.book.all():
        name = f"log of {stored.call.call}"
        findings.append(await _tried(name, "consistent, signed, and every promise kept so far", partial(_check_log, service, stored)))
        if stored.call.timestamp_authorities:
            found = await service.database.read(partial(judge_tokens, stored=stored))
            findings.append(Finding(f"timestamps of {stored.call.call}", found.holds, found.sentence))
    return findings


async def _tried(name: str, sentence: str, check: Callable[[], Awaitable[None]]) -> Finding:
    try:
        await check()
    except (AppError, CryptoError) as error:
        return Finding(name, False, f"{error.word}: {error}")
    return Finding(name, True, sentence)


def _check_files(settings: Settings) -> Finding:
    folders = [folder for folder in (settings.log_key_dir, settings.log_state_dir, settings.spool_dir) if folder.exists()]
    private = [*settings.log_key_dir.glob("*.key"), *settings.log_state_dir.glob("*.state")]
    if settings.sqlite_path is not None:
        private += settings.sqlite_path.parent.glob(f"{settings.sqlite_path.name}*")
    if any(file.stat().st_mode & 0o077 for file in private):
        return Finding("files", False, "other users of this machine can read the database, a log key or a log state: make them mode 0600.")
    if not all(os.access(folder, os.W_OK) for folder in folders):
        return Finding("files", False, "the service's user cannot write where it must.")
    return Finding("files", True, "keys, state and data are the service's own")


def _check_addresses(settings: Settings) -> Finding:
    if settings.public_url is None:
        return Finding("addresses", True, "SAKSEI_PUBLIC_URL is not set: every host name is answered, as is right for a demonstration only")
    if not settings.https and urlsplit(settings.public_url).hostname not in ("127.0.0.1", "localhost"):
        return Finding("addresses", False, "SAKSEI_PUBLIC_URL is not https.")
    return Finding("addresses", True, "only the public names are answered")


async def _check_schema(service: Service) -> None:
    await service.database.read(require_head)
    if await service.database.read(differences):
        raise SchemaError("The tables are not those of this software.")
    if await service.database.read(missing_triggers):
        raise SchemaError("A trigger that refuses late or changed rows does not stand.")


async def _check_late_rows(service: Service) -> None:
    if not await service.database.write(refuses_late_rows):
        raise SchemaError("The database took a report for a call that is over.")


async def _check_clock(service: Service) -> None:
    before = time.time() * 1000
    database = await service.database.read(now_ms)
    after = time.time() * 1000
    if not before - CLOCK_TOLERANCE_MS <= database <= after + CLOCK_TOLERANCE_MS:
        raise SchemaError("The clocks of the database and of this machine differ by more than five seconds.")


async def _check_headers(settings: Settings) -> None:
    for path in ("/healthz", "/nowhere", "/calls/nowhere/nothing"):
        headers = await answered_headers(settings, path)
        wanted = [*ALWAYS, *(ON_HTTPS if settings.https else ())]
        if any(pair not in headers for pair in wanted) or any(name == b"server" for name, _ in headers):
            raise SchemaError("A header of SECURITY.md is missing from an answer.")


async def answered_headers(settings: Settings, path: str) -> list[tuple[bytes, bytes]]:
    """The headers this software answers a GET of `path` with, asked in this process."""
    host = (settings.public_host or "localhost").encode()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", host)],
        "server": ("localhost", settings.port),
        "client": None,
        "root_path": "",
    }
    found: list[tuple[bytes, bytes]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            found.extend(message["headers"])  # type: ignore[arg-type]

    await create_app(settings)(scope, receive, send)  # type: ignore[arg-type]
    return found


def check_journal(connection: Connection) -> Finding:
    """Whether the database's own journal keeps what was committed, and how long what was deleted can stay there (format.md section 6)."""
    if is_sqlite(connection):
        secure = int(connection.exec_driver_sql("PRAGMA secure_delete").scalar_one())
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        flush = int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())
        holds = (secure, mode, flush) == (1, "wal", 2)
        return Finding("journal", holds, "deleted rows are overwritten, and the journal is cut after each batch")
    return judge_settings({row.name: row.setting for row in connection.execute(_SETTINGS)})


def judge_settings(found: Mapping[str, str]) -> Finding:
    """Whether a PostgreSQL server with these settings keeps what it committed, and does not keep when."""
    for wanted, harm in ((DURABLE, "may lose what it committed when the power fails"), (FORGETFUL, "keeps the times of commits")):
        wrong = [name for name, settings in wanted.items() if found[name] not in settings]
        if wrong:
            return Finding("journal", False, f"PostgreSQL {harm}: set {', '.join(f'{name} = {wanted[name][0]}' for name in wrong)}.")
    return Finding(
        "journal", True, f"PostgreSQL's WAL holds the times of commits until it is recycled (max_wal_size {found['max_wal_size']} MB)"
    )


async def _check_log(service: Service, stored: StoredCall) -> None:
    service.keys.signer(stored.call)
    state = LogState(service.settings.log_state_dir)
    await service.database.read(partial(inspect_log, stored=stored, state=state))
