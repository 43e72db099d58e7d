import pathlib
from typing import Any

import pytest

from questionnaire.definition import Definition
from questionnaire.loader import call_document, load_definition
from questionnaire.models import Call, validate_call

HERE = pathlib.Path(__file__).parent
KEYS: dict[str, Any] = {
    "host": "reports.example:8443",
    "recipients": ["age1pq1" + "q" * 1952],
    "log_vkey": "reports.example/river+0123abcd+" + "A" * 44,
    "signing_key": "RW" + "A" * 54,
}


@pytest.fixture
def keys() -> dict[str, Any]:
    return dict(KEYS)


@pytest.fixture
def river_text() -> str:
    return (HERE / "calls" / "river-listening.yaml").read_text(encoding="utf-8")


@pytest.fixture
def river_definition() -> Definition:
    return load_definition(HERE / "calls" / "river-listening.yaml")


@pytest.fixture
def river_document(river_definition: Definition) -> dict[str, Any]:
    return call_document(river_definition, **KEYS)


@pytest.fixture(scope="session")
def river() -> Call:
    """The invented call: every type of question."""
    return validate_call(call_document(load_definition(HERE / "calls" / "river-listening.yaml"), **KEYS))


@pytest.fixture(scope="session")
def shipped_calls() -> dict[str, Call]:
    """Every call that ships, built, by its id."""
    paths = sorted((HERE.parents[1] / "questionnaire" / "calls").glob("*.yaml"))
    return {path.stem: validate_call(call_document(load_definition(path), **KEYS)) for path in paths}


@pytest.fixture(scope="session")
def shipped(shipped_calls: dict[str, Call]) -> Call:
    """The main call."""
    return shipped_calls["transnational-repression"]
