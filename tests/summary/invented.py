"""Invented calls and reporters for the tests of this room."""

from __future__ import annotations

import datetime
import hashlib
import json
import random
from functools import cache
from typing import TYPE_CHECKING, Any

import rfc8785

from crypto.minisign import SecretKey
from crypto.notes import Checkpoint, SignerKey
from questionnaire import rules
from questionnaire.models import Call, load_call
from summary.archive import read_release, write_release
from summary.release import build_release
from summary.statement import ReportCounts
from summary.tables import Reporter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from summary.archive import ReadRelease
    from summary.release import Release

WORDS = {"km": "ពាក្យ", "en": "Word"}
SIGNER = SignerKey.generate("reports.example/invented")
SIGNING = SecretKey.generate()


def said(text: str, khmer: str = "") -> dict[str, str]:
    return {"km": khmer or f"ខ្មែរ {text}", "en": text}


def choice(name: str, options: int, *, several: bool = False, discloses: str = "sensitive") -> dict[str, Any]:
    codes = [f"{name.upper()[0]}{number}" for number in range(1, options + 1)]
    question: dict[str, Any] = {
        "id": name,
        "type": "choices" if several else "choice",
        "label": said(f"Question {name}"),
        "options": [{"code": code, "label": said(f"Option {code}")} for code in codes],
        "discloses": discloses,
    }
    return question


def document(
    questions: list[dict[str, Any]], tables: dict[str, list[str]], *, k: int = 5, planted: int | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "v": 1,
        "call": "invented",
        "host": "reports.example",
        "opens": 1_750_000_000,
        "deadline": 1_755_144_000,
        "deadline_local": {"time": "2025-08-13T23:59", "zone": "America/New_York"},
        "grace_seconds": 600,
        "retention_days": 90,
        "recipients": ["age1pq1" + "q" * 1952],
        "log_vkey": str(SIGNER.vkey),
        "signing_key": SIGNING.public_key,
        "k": k,
        "planted": k if planted is None else planted,
        "languages": ["km", "en"],
        "title": said("An invented call", "ការអំពាវនាវសាកល្បង"),
        "introduction": WORDS,
        "promise": dict.fromkeys(rules.PROMISE_POINTS, WORDS),
        "audiences": [{"id": "panel", "name": said("The panel", "គណៈកម្មការ")}, {"id": "press", "name": said("The press", "សារព័ត៌មាន")}],
        "questions": questions,
        "tables": [{"id": name, "title": said(f"Table {name}"), "dimensions": axes} for name, axes in tables.items()],
        **more,
    }


def call_of(contents: dict[str, Any]) -> Call:
    return load_call(json.dumps(contents).encode())


@cache
def linked_call() -> Call:
    """Four linked tables over incidents (several answers), people behind them, country and month."""
    country = {
        "id": "country",
        "type": "country",
        "label": said("Country"),
        "options": [
            {"code": code, "label": said(code)} for code in ("US", "FR", "TH", "AU", "CA", "JP", "KR", "DE", "MY", "NZ", "BE", "CH")
        ],
        "discloses": "quasi",
        "generalize": ["country", "region", "world"],
    }
    month = {
        "id": "month",
        "type": "date",
        "label": said("Month"),
        "precision": "month",
        "discloses": "quasi",
        "generalize": ["month", "year"],
    }
    return call_of(
        document(
            [country, month, choice("incident", 17, several=True), choice("behind", 6)],
            {"what": ["incident"], "where": ["country", "incident"], "when": ["month", "incident"], "who": ["behind", "country"]},
        )
    )


def linked_reporters(number: int, seed: int = 1) -> list[Reporter]:
    """Reporters of `linked_call`, most of them in two countries and with a few common incidents."""
    lot = random.Random(seed)  # noqa: S311
    countries = ["US"] * 40 + ["FR"] * 25 + ["TH"] * 15 + ["AU"] * 8 + ["CA", "JP", "KR", "DE", "MY", "NZ"]
    reporters = []
    for index in range(number):
        values = {
            "country": frozenset({lot.choice(countries)}),
            "month": frozenset({f"2025-{lot.choice([1, 2, 3, 3, 3, 4, 5, 6, 6, 7]):02}"}),
            "incident": frozenset(f"I{min(17, 1 + int(lot.expovariate(0.35)))}" for _ in range(lot.randint(1, 4))),
            "behind": frozenset({f"B{lot.choice([1, 1, 1, 2, 2, 3, 4, 5, 6])}"}),
        }
        left_out = {name for name in values if lot.random() < 0.1}
        reporters.append(Reporter(f"r{index}", {name: codes for name, codes in values.items() if name not in left_out}))
    return reporters


def random_case(seed: int, *, most: int = 60, small: bool = False) -> tuple[Call, list[Reporter]]:
    """A random catalogue with random reporters: skewed, so that there are full rows, lone people and single categories."""
    lot = random.Random(seed)  # noqa: S311
    number = 2 if small else lot.randint(1, 3)
    questions = []
    for index in range(number):
        several = index == 0 and lot.random() < 0.5
        question = choice(f"{'abc'[index]}sked", lot.randint(1, 2) if small else lot.randint(1, 4), several=several)
        if not several and not small and lot.random() < 0.3:
            question |= {"type": "country", "discloses": "quasi", "generalize": ["country", "region"]}
            question["options"] = [{"code": code, "label": said(code)} for code in ("US", "FR", "TH", "CA", "JP")[: lot.randint(2, 5)]]
        questions.append(question)
    names = [question["id"] for question in questions]
    tables = {f"t{place}": sorted(lot.sample(names, lot.randint(1, len(names)))) for place in range(lot.randint(1, 3))}
    call = call_of(document(questions, tables, planted=lot.randint(1, 5)))
    weights = {name: [lot.choice([1, 1, 3, 12]) for _ in call.question(name).codes] for name in names}
    silent = {name: lot.choice([0, 0.1, 0.5]) for name in names}
    reporters = [
        Reporter(f"r{index}", {name: _answer(lot, call, name, weights[name]) for name in names if lot.random() >= silent[name]})
        for index in range(lot.randint(0, most))
    ]
    return call, reporters


def _answer(lot: random.Random, call: Call, name: str, weights: list[int]) -> frozenset[str]:
    question = call.question(name)
    taken = lot.choices(question.codes, weights, k=lot.randint(1, 3) if question.type == "choices" else 1)
    return frozenset(taken)


def call_bytes(call: Call) -> bytes:
    return rfc8785.dumps(json.loads(call.model_dump_json(exclude_none=True)))


def build(
    call: Call,
    reporters: list[Reporter],
    *,
    audience: str = "panel",
    previous: ReadRelease | None = None,
    earlier: Sequence[ReadRelease] = (),
    left_out: int = 40,
) -> Release:
    counts = ReportCounts(len(reporters) + left_out + 2, 1, 1, 0, left_out, 0, len(reporters))
    return build_release(
        call,
        hashlib.sha256(call_bytes(call)).hexdigest(),
        reporters,
        audience=audience,
        counts=counts,
        checkpoint=SIGNER.sign(Checkpoint(call.origin, counts.logged + 4, bytes(32)).text()),
        previous=previous,
        earlier=earlier,
        created=datetime.date(2025, 9, 1),
        software="saksei 0.1.0",
    )


def release_of(call: Call, reporters: list[Reporter], path: Path, **more: Any) -> ReadRelease:
    write_release(build(call, reporters, **more), path, SIGNING.sign)
    return read_release(path, call_bytes(call))
