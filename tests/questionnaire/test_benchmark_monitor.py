"""The call that watches public commitments: what is asked, when, and what is counted."""

from typing import Any

import pytest

from questionnaire.answers import check_answers, read_fields
from questionnaire.ladders import generalize, value_label
from questionnaire.models import Call

AREAS = {
    "media-progress": "media",
    "detainees-progress": "detainees",
    "labour-progress": "labour",
    "law-progress": "rule-of-law",
    "other-progress": "other",
}


@pytest.fixture
def monitor(shipped_calls: dict[str, Call]) -> Call:
    return shipped_calls["benchmark-monitor"]


def test_what_is_asked(monitor: Call) -> None:
    assert {question.id: question.type for question in monitor.questions} == {
        "observation": "text",
        "area": "choices",
        **dict.fromkeys(AREAS, "choice"),
        "benchmark": "choices",
        "commitment-words": "text",
        "when": "date",
        "province": "place",
        "people-affected": "choice",
        "knowledge": "choices",
        "evidence": "files",
        "sources-words": "text",
        "residence": "choice",
        "involvement": "choice",
        "leave-out": "text",
        "contact": "contact",
    }


def test_every_area_is_asked_about(monitor: Call) -> None:
    assert tuple(AREAS.values()) == monitor.question("area").codes


@pytest.mark.parametrize(("name", "area"), AREAS.items(), ids=AREAS.values())
def test_progress_is_asked_for_what_was_ticked(monitor: Call, name: str, area: str) -> None:
    answers: dict[str, Any] = {"area": [area], "benchmark": list(monitor.question("benchmark").codes)}
    assert [question.id for question in monitor.questions if question.show_if is not None and question.show_if.holds(answers)] == [name]


def test_nothing_ticked_asks_for_no_progress(monitor: Call) -> None:
    assert not [question for question in monitor.questions if question.show_if is not None and question.show_if.holds({})]


def test_progress_and_lack_of_it_can_be_told(monitor: Call) -> None:
    fields = {"consent": ["C2"], "audience": ["european-union"], "q-area": ["labour", "media"], "q-labour-progress": ["worse"]}
    consent, answers = read_fields(monitor, {**fields, "q-media-progress": ["kept"]}, {"q-evidence": [1]})
    check_answers(monitor, consent, answers, files=1)
    assert answers == {"area": ["media", "labour"], "media-progress": "kept", "labour-progress": "worse", "evidence": [1]}


def test_benchmarks_climb_to_their_area(monitor: Call) -> None:
    benchmark = monitor.question("benchmark")
    assert generalize(benchmark, "RD2", "group") == "detainees"
    assert value_label(monitor, benchmark, "detainees", "group", "km") == "ការដោះលែងអ្នកជាប់ឃុំ"


def test_each_area_has_its_table(monitor: Call) -> None:
    assert [table.dimensions for table in monitor.tables if table.dimensions[0] in AREAS] == [(name,) for name in AREAS]
    assert ("area",) in {table.dimensions for table in monitor.tables}


def test_nobody_is_asked_to_take_a_risk(monitor: Call) -> None:
    assert "Your safety matters more than evidence." in monitor.introduction["en"]
    assert "សុវត្ថិភាពរបស់បងប្អូនសំខាន់ជាងភស្តុតាង។" in monitor.introduction["km"]
