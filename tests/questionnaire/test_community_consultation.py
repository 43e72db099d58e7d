"""The consultation: priorities ranked, in own words, and where people live; nothing more about them."""

from typing import Any

import pytest

from questionnaire.answers import check_answers, read_fields
from questionnaire.ladders import counted_codes
from questionnaire.models import Call


@pytest.fixture
def consultation(shipped_calls: dict[str, Call]) -> Call:
    return shipped_calls["community-consultation"]


def test_what_is_asked(consultation: Call) -> None:
    assert {question.id: question.type for question in consultation.questions} == {
        "voice": "text",
        "priorities": "ranking",
        "why": "text",
        "change": "text",
        "residence": "choice",
        "province": "place",
        "country": "country",
        "contact": "contact",
    }


@pytest.mark.parametrize(
    ("answers", "shown"),
    [
        pytest.param({}, set(), id="nothing-answered"),
        pytest.param({"residence": "inside-cambodia"}, {"province"}, id="inside"),
        pytest.param({"residence": "abroad"}, {"country"}, id="abroad"),
    ],
)
def test_where_is_asked_once(consultation: Call, answers: dict[str, Any], shown: set[str]) -> None:
    asked = {question.id for question in consultation.questions if question.show_if is not None and question.show_if.holds(answers)}
    assert asked == shown


def test_abroad_is_not_cambodia(consultation: Call) -> None:
    assert len(consultation.question("country").options) == 248
    assert "KH" not in consultation.question("country").codes


def test_ranks_in_khmer_digits(consultation: Call) -> None:
    fields = {"consent": ["C1"], "q-priorities-land": ["២"], "q-priorities-scam-centres": ["១"], "q-priorities-living": ["៣"]}
    consent, answers = read_fields(consultation, fields, {})
    check_answers(consultation, consent, answers, files=0)
    assert answers == {"priorities": ["scam-centres", "land", "living"]}
    assert counted_codes(consultation.question("priorities"), answers["priorities"]) == {"scam-centres"}


def test_priorities_are_told_by_where_people_live(consultation: Call) -> None:
    crossed = {table.dimensions for table in consultation.tables if len(table.dimensions) > 1}
    assert crossed == {("residence", "priorities"), ("province", "priorities"), ("country", "priorities")}


def test_crossing_countries_needs_ten(consultation: Call) -> None:
    needed = {table.id: consultation.table_k(table) for table in consultation.tables}
    assert needed["priorities-by-country"] == 10
    assert needed["priorities-by-residence"] == 5
