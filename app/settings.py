"""Settings by environment, prefix `SAKSEI_` (interfaces.md)."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")
WebAddress = Annotated[str, Field(pattern=r"^https?://[^/\s]+/?$")]


class Settings(BaseSettings):
    """Everything an operator can choose; immutable once read.

    `database_url` is SQLite by file or PostgreSQL. `public_url` and `onion_url` are origins; where the first is set, requests for other
    hosts are refused. `max_concurrent_uploads` is how many complete bodies are worked on at once. `metrics_port` is a port of 127.0.0.1 for
    what an operator may see; without one nothing is shown. `log_key_dir` holds one C2SP signer key a call and
    `log_state_dir` what was signed last: both belong outside the database and its backups. `unscripted` says whether the form may be sent
    without JavaScript. `development` serves the OpenAPI document.
    """

    model_config = SettingsConfigDict(env_prefix="SAKSEI_", frozen=True)

    database_url: str = Field(default="sqlite+aiosqlite:///var/intake.db", repr=False)
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    public_url: WebAddress | None = None
    onion_url: WebAddress | None = None
    max_concurrent_uploads: Annotated[int, Field(ge=1, le=1024)] = 128
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    log_key_dir: Path = Path("var/keys")
    log_state_dir: Path = Path("var/log")
    unscripted: Literal["seal", "refuse"] = "seal"
    development: bool = False

    @model_validator(mode="after")
    def _known_driver(self) -> Self:
        try:
            url = make_url(self.database_url)
        except ArgumentError:
            raise ValueError("SAKSEI_DATABASE_URL is not an address of a database") from None
        if url.drivername not in DRIVERS:
            raise ValueError(f"SAKSEI_DATABASE_URL must begin with {' or '.join(DRIVERS)}")
        if url.drivername == DRIVERS[0] and url.database in (None, "", ":memory:"):
            raise ValueError("SAKSEI_DATABASE_URL must name a file: reports kept in memory are lost")
        return self

    @cached_property
    def sqlite_path(self) -> Path | None:
        """The file of the SQLite database; None on PostgreSQL."""
        url = make_url(self.database_url)
        return Path(str(url.database)) if url.drivername == DRIVERS[0] else None

    @cached_property
    def spool_dir(self) -> Path:
        """Where uploads wait in unnamed files: beside the SQLite file, else beside the log state (format.md section 6)."""
        path = self.sqlite_path
        return path.parent if path is not None else self.log_state_dir

    @property
    def public_host(self) -> str | None:
        """Host of `public_url` without its port."""
        return urlsplit(self.public_url).hostname if self.public_url else None

    @property
    def onion_host(self) -> str | None:
        """Host of `onion_url` without its port."""
        return urlsplit(self.onion_url).hostname if self.onion_url else None

    @property
    def https(self) -> bool:
        """True when the public address is https."""
        return bool(self.public_url and self.public_url.startswith("https://"))
