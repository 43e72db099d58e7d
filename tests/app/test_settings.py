"""Settings by environment: the names of interfaces.md, and what is refused."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings

NAMES = {
    "SAKSEI_DATABASE_URL": "postgresql+asyncpg://somebody@db/intake",
    "SAKSEI_HOST": "0.0.0.0",  # noqa: S104 -- a value, nobody listens
    "SAKSEI_PORT": "8080",
    "SAKSEI_PUBLIC_URL": "https://example.org",
    "SAKSEI_ONION_URL": "http://abc.onion",
    "SAKSEI_MAX_CONCURRENT_UPLOADS": "7",
    "SAKSEI_METRICS_PORT": "9464",
    "SAKSEI_LOG_KEY_DIR": "/keys",
    "SAKSEI_LOG_STATE_DIR": "/state",
    "SAKSEI_UNSCRIPTED": "refuse",
}


def test_names_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NAMES.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    read = {f"SAKSEI_{name.upper()}": str(getattr(settings, name)) for name in Settings.model_fields if name != "development"}
    assert read == NAMES


def test_default_is_sqlite_in_var() -> None:
    settings = Settings()
    assert settings.sqlite_path == Path("var/intake.db")
    assert settings.spool_dir == Path("var")
    assert (settings.port, settings.unscripted, settings.development) == (8000, "seal", False)


@pytest.mark.parametrize(
    "overrides",
    [
        {"database_url": "sqlite:///x.db"},
        {"database_url": "postgresql://host/name"},
        {"database_url": "sqlite+aiosqlite://"},
        {"database_url": "sqlite+aiosqlite:///:memory:"},
        {"public_url": "example.org"},
        {"public_url": "https://example.org/path"},
        {"onion_url": "ftp://x"},
        {"unscripted": "maybe"},
        {"max_concurrent_uploads": 0},
        {"max_concurrent_uploads": 1025},
        {"port": 70000},
        {"metrics_port": 0},
    ],
)
def test_nonsense_is_refused(overrides: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**overrides)  # type: ignore[arg-type]


def test_password_is_not_shown() -> None:
    settings = Settings(database_url="postgresql+asyncpg://somebody:opensesame@db/intake")
    assert "opensesame" not in repr(settings)


@pytest.mark.parametrize(("url", "https"), [("https://example.org", True), ("http://example.org", False), (None, False)])
def test_https_is_what_is_public(url: str | None, https: bool) -> None:
    assert Settings(public_url=url).https is https
