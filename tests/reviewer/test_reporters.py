"""Who is counted for an audience, and under which codes."""

from __future__ import annotations

from typing import Any

import pytest

from crypto.report import Consent, Report
from questionnaire.loader import call_document, parse_definition
from questionnaire.models import Call, validate_call
from reviewer.consent import Allowed, thread_consents
from reviewer.reporters import REASONS, select
from reviewer.review import Entry
from tests.reviewer.world import CALL_ID, HOST, call_yaml


@pytest.fixture(scope="module")
def call(built_call: Call) -> Call:
    return built_call


def entry(number: int, thread: int = 0, **more: Any) -> Entry:
    """A counted report of a thread; `more` changes parts of the entry, or of the report in it."""
    consent = Consent(more.pop("level", "C1"), tuple(more.pop("audiences", ("ministry",))), contact=False)
    report = Report(
        call=CALL_ID,
        call_sha256="ab" * 32,
        seq=more.pop("seq", 0),
        handle=number.to_bytes(32, "big"),
        thread=(thread or number).to_bytes(16, "big"),
        reply_key=bytes(32),
        form="web",
        lang="km",
        consent=consent,
        answers=more.pop("answers", {}),
    )
    parts: dict[str, Any] = {
        "number": number,
        "digest": number.to_bytes(32, "big"),
        "handle": report.handle,
        "outcome": "time-unproven",
        "refusal": None,
        "report": report,
        "flags": (),
        "credible": "yes",
        "codes": {},
        "notes": 0,
        "cluster": None,
        "reporter": thread or number,
    }
    return Entry(**(parts | more))


def values(call: Call, *entries: Entry) -> dict[str, dict[str, frozenset[str]]]:
    return {reporter.id: dict(reporter.values) for reporter in select(call, entries, "ministry").reporters}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"outcome": "withdrawn", "report": None, "credible": None}, "withdrawn"),
        ({"outcome": "destroyed"}, "destroyed"),
        ({"outcome": "missing", "report": None}, "missing"),
        ({"outcome": "late"}, "late"),
        ({"report": None, "refusal": "mac", "credible": None}, "not-opened"),
        ({"credible": None}, "not-reviewed"),
        ({"credible": "no"}, "not-credible"),
        ({"credible": "unsure"}, "not-credible"),
        ({"level": "C0"}, "consent"),
        ({"audiences": ()}, "consent"),
        ({"audiences": ("roundtable",)}, "consent"),
        ({"level": "C3", "audiences": ("roundtable",)}, "consent"),
        ({"flags": ({"word": "consent", "question": "audience", "code": "bad-option"},)}, "consent"),
    ],
)
def test_reasons_for_not_counting(call: Call, given: dict[str, Any], reason: str) -> None:
    selection = select(call, [entry(1, **given)], "ministry")
    assert (selection.counted, selection.left_out, selection.reporters) == (0, {reason: 1}, ())
    assert reason in REASONS


@pytest.mark.parametrize("level", ["C1", "C2", "C3"])
@pytest.mark.parametrize("outcome", ["time-unproven", "on-time-proven"])
def test_consented_and_credible_counts(call: Call, level: str, outcome: str) -> None:
    selection = select(call, [entry(1, level=level, outcome=outcome)], "ministry")
    assert (selection.counted, selection.left_out, len(selection.reporters)) == (1, {}, 1)


def test_thread_is_one_reporter(call: Call) -> None:
    selection = select(call, [entry(1, thread=1), entry(2, thread=1, seq=1), entry(3)], "ministry")
    assert (selection.counted, [reporter.id for reporter in selection.reporters]) == (3, ["1", "3"])


@pytest.mark.parametrize(
    "lowering",
    [
        {"level": "C0"},
        {"audiences": ()},
        {"level": "C0", "outcome": "late"},
        {"level": "C0", "credible": None},
        {"level": "C0", "credible": "no"},
        {"flags": ({"word": "consent", "question": "consent", "code": "bad-option"},)},
    ],
    ids=["level", "audience", "late", "unmarked", "not-credible", "broken"],
)
def test_any_addition_lowers_consent(call: Call, lowering: dict[str, Any]) -> None:
    selection = select(call, [entry(1, thread=1, level="C3"), entry(2, thread=1, seq=1, **lowering)], "ministry")
    assert selection.reporters == ()


def test_no_addition_raises_consent(call: Call) -> None:
    selection = select(call, [entry(1, thread=1, level="C0", audiences=()), entry(2, thread=1, seq=1, level="C3")], "ministry")
    assert selection.reporters == ()


def test_withdrawn_report_lowers_nothing(call: Call) -> None:
    gone = entry(2, outcome="withdrawn", report=None, credible=None, reporter=None)
    assert select(call, [entry(1), gone], "ministry").counted == 1


def test_consent_is_least_of_thread() -> None:
    found = thread_consents(
        [entry(1, thread=1, level="C3", audiences=("ministry", "roundtable")), entry(2, thread=1, level="C2", audiences=("roundtable",))]
    )
    assert found == {(1).to_bytes(16, "big"): Allowed("C2", frozenset({"roundtable"}))}


def test_cluster_is_one_reporter(call: Call) -> None:
    members = [entry(1, cluster=1, reporter=1), entry(2, cluster=1, reporter=1)]
    selection = select(call, members, "ministry")
    assert (selection.counted, len(selection.reporters)) == (2, 1)


def test_cluster_leaves_out_unwilling_thread(call: Call) -> None:
    willing = entry(1, cluster=1, reporter=1, answers={"incident": ["TD1"]})
    unwilling = entry(2, cluster=1, reporter=1, level="C0", answers={"incident": ["TD4"]})
    assert values(call, willing, unwilling) == {"1": {"incident": frozenset({"TD1"})}}


def test_only_counted_questions_leave(call: Call) -> None:
    answers = {"story": "words", "incident": ["TD1"], "when": "2025-08", "country": "TH", "reach": "me@example.org", "evidence": [1]}
    assert values(call, entry(1, answers=answers)) == {
        "1": {"incident": frozenset({"TD1"}), "when": frozenset({"2025-08"}), "country": frozenset({"TH"})}
    }


def test_codes_stand_in_place_of_answers(call: Call) -> None:
    answers = {"incident": ["TD1"], "country": "TH", "when": "2025"}
    coded = entry(1, answers=answers, codes={"incident": ["DA5", "TD4"], "when": None})
    assert values(call, coded) == {"1": {"incident": frozenset({"DA5", "TD4"}), "country": frozenset({"TH"})}}


def test_misfit_answer_counts_as_none(call: Call) -> None:
    flag = {"word": "answers", "question": "country", "code": "bad-option"}
    assert values(call, entry(1, answers={"country": "Atlantis"}, flags=(flag,))) == {"1": {}}
    assert values(call, entry(1, answers={"country": "Atlantis"}, flags=(flag,), codes={"country": "TH"})) == {
        "1": {"country": frozenset({"TH"})}
    }


def test_additions_add_up_and_correct(call: Call) -> None:
    later = entry(1, thread=2, seq=1, answers={"incident": ["TD4"], "country": "FR"})
    first = entry(2, thread=2, seq=0, answers={"incident": ["TD1"], "country": "TH"})
    assert values(call, later, first) == {"2": {"incident": frozenset({"TD1", "TD4"}), "country": frozenset({"FR"})}}


def test_code_in_thread_beats_later_answers(call: Call) -> None:
    first = entry(1, thread=1, seq=0, answers={"country": "TH"}, codes={"country": "FR"})
    later = entry(2, thread=1, seq=1, answers={"country": "US"})
    assert values(call, first, later) == {"1": {"country": frozenset({"FR"})}}


def test_cluster_disagreement_is_unsettled(call: Call) -> None:
    one = entry(1, cluster=1, reporter=1, answers={"country": "TH", "incident": ["TD1"]})
    two = entry(2, cluster=1, reporter=1, answers={"country": "FR", "incident": ["TD4"]})
    selection = select(call, [one, two], "ministry")
    assert selection.unsettled == ((1, "country"),)
    assert dict(selection.reporters[0].values) == {"incident": frozenset({"TD1", "TD4"})}


def test_repr_shows_no_answer(call: Call) -> None:
    marked = entry(1, answers={"story": "CANARY", "incident": ["TD1"]})
    assert "CANARY" not in repr(marked) + repr(select(call, [marked], "ministry"))


@pytest.fixture(scope="module")
def built_call() -> Call:
    definition = parse_definition(call_yaml(), "call.yaml")
    document = call_document(
        definition,
        host=HOST,
        recipients=["age1pq1" + "q" * 1952],
        log_vkey="name+00000000+" + "A" * 44,
        signing_key="RW" + "A" * 54,
    )
    return validate_call(document)
