"""From a coordinator's call.yaml to the content of call.json (questionnaire.md "Authoring", format.md section 1).

`load_definition` reads and checks the file in three steps: YAML, shape, rules. Each step names every mistake it finds, with file, line and
path, and says what to write instead. `call_document` adds what `call build` makes: keys, host and instants.
"""

import datetime
import pathlib
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from questionnaire.codebook import codebook
from questionnaire.complaints import complaint
from questionnaire.definition import Definition
from questionnaire.documents import Document, parse_path, read_document
from questionnaire.errors import DefinitionError, Mistake
from questionnaire.models import load_call, validate_call
from questionnaire.resolution import Resolved, resolve
from questionnaire.rules import broken_rules
from questionnaire.times import deadline_instant

__all__ = ["DemoTimes", "call_document", "deadline_instant", "json_schema", "load_call", "load_definition", "parse_definition"]


@dataclass(frozen=True, slots=True)
class DemoTimes:
    """Times that stand in for those of the definition, for a demonstration: unix seconds, batches as short as wished."""

    opens: int
    deadline: int
    batch_seconds: int = 60
    batch_min: int = 1
    grace_seconds: int | None = None


def load_definition(path: str | pathlib.Path) -> Definition:
    """Read and check a call.yaml. Raises DefinitionError with every mistake of the first step that finds one, and OSError."""
    path = pathlib.Path(path)
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DefinitionError((Mistake(path.name, line, "", "save this file as UTF-8 text"),)) from None
    return parse_definition(text, path.name)


def parse_definition(text: str, file: str) -> Definition:
    """Check the text of a call.yaml; `file` is the name that errors show. Raises DefinitionError."""
    document = read_document(text, file)
    try:
        definition = Definition.of_plain(document.value)
    except ValidationError as error:
        raise _ordered(_misshapen(document, error)) from None
    resolved, broken = resolve(definition)
    mistakes = [document.mistake(parse_path(one.path), one.sentence) for one in broken or broken_rules(resolved)]
    if mistakes:
        raise _ordered(mistakes)
    return definition


def call_document(  # noqa: PLR0913 - one keyword for each thing that `call build` makes
    definition: Definition,
    *,
    host: str,
    recipients: Sequence[str],
    log_vkey: str,
    signing_key: str,
    demo: DemoTimes | None = None,
) -> dict[str, Any]:
    """The content of call.json: JSON-ready, all keys of format.md section 1. The caller writes its RFC 8785 bytes once.

    `recipients` are native hybrid recipients (`age1pq1…`), `log_vkey` a C2SP verifier key, `signing_key` a minisign public key in base64.
    `demo` replaces the times and marks the call as a demonstration. Raises CallError when the outcome is not a valid call.
    """
    resolved, _ = resolve(definition)
    zone = definition.zone_of(definition.deadline)
    document: dict[str, Any] = {
        "v": 1,
        "call": definition.id,
        "host": host,
        "opens": resolved.opens,
        "deadline": resolved.deadline,
        "deadline_local": {"time": definition.deadline.time, "zone": zone},
        "retention_days": definition.retention,
        "recipients": list(recipients),
        "log_vkey": log_vkey,
        "signing_key": signing_key,
        **definition.model_dump(mode="json", exclude={"id", "zone", "opens", "deadline", "retention", "questions"}),
        "questions": _questions(resolved),
    }
    if demo is not None:
        document.update(_demo_terms(demo, zone, definition.grace_seconds))
    validate_call(document)
    return document


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a definition, for editors to complete against; it knows the names of the codebook's lists."""
    schema = Definition.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Saksei call definition"
    names = ["country", *codebook().lists]
    schema["$defs"]["PickedOptions"]["properties"]["list"]["enum"] = names
    schema["$defs"]["QuestionDefinition"]["properties"]["options"]["anyOf"][0]["enum"] = names
    return schema


def _misshapen(document: Document, error: ValidationError) -> list[Mistake]:
    # A default that depends on a field with a mistake is reported by pydantic too; nobody wrote it, so nobody can mend it.
    found = (entry for entry in error.errors(include_url=False, include_input=False) if entry["type"] != "default_factory_not_called")
    return [document.mistake(entry["loc"], complaint(entry)) for entry in found]


def _ordered(mistakes: Sequence[Mistake]) -> DefinitionError:
    return DefinitionError(tuple(sorted(mistakes, key=lambda mistake: mistake.line)))


def _questions(resolved: Resolved) -> list[dict[str, Any]]:
    dumped = (question.model_dump(mode="json", exclude_none=True) for question in resolved.questions)
    return [{key: value for key, value in question.items() if value != []} for question in dumped]


def _demo_terms(demo: DemoTimes, zone: str, grace_seconds: int) -> dict[str, Any]:
    last_second = datetime.datetime.fromtimestamp(demo.deadline - 1, zoneinfo.ZoneInfo(zone))
    return {
        "opens": demo.opens,
        "deadline": demo.deadline,
        "deadline_local": {"time": last_second.strftime("%Y-%m-%dT%H:%M"), "zone": zone},
        "grace_seconds": grace_seconds if demo.grace_seconds is None else demo.grace_seconds,
        "batch_seconds": demo.batch_seconds,
        "batch_min": demo.batch_min,
        "demo": True,
    }
