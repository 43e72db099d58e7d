"""The registration for a briefing: direct identifiers only, never in a table, destroyed soon after the event."""

import datetime
import zoneinfo
from typing import Any

import pytest

from questionnaire.answers import check_answers, read_fields
from questionnaire.errors import CallError, ConsentError
from questionnaire.models import Call, validate_call

EVENT = datetime.datetime(2027, 2, 20, 20, 0, tzinfo=zoneinfo.ZoneInfo("America/New_York"))
DAY = 86400


@pytest.fixture
def registration(shipped_calls: dict[str, Call]) -> Call:
    return shipped_calls["briefing-registration"]


def test_what_is_asked(registration: Call) -> None:
    types = [(question.id, question.type) for question in registration.questions]
    assert types == [("contact", "contact"), ("name", "text"), ("language", "choices"), ("question", "text")]


def test_everything_is_a_direct_identifier(registration: Call) -> None:
    assert {question.discloses for question in registration.questions} == {"direct"}


def test_nothing_is_tabulated(registration: Call) -> None:
    assert registration.tables == ()


@pytest.mark.parametrize("name", ["contact", "name", "language", "question"])
def test_nothing_ever_can_be(registration: Call, name: str) -> None:
    document: dict[str, Any] = registration.model_dump(mode="json", by_alias=True, exclude_none=True)
    table = {"id": "a", "title": {"km": "ក", "en": "a"}, "dimensions": [name]}
    assert validate_call(document) == registration
    with pytest.raises(CallError):
        validate_call({**document, "tables": [table]})


def test_registration_ends_before_the_event(registration: Call) -> None:
    assert registration.deadline + DAY <= EVENT.timestamp()


def test_destroyed_within_a_week_of_the_event(registration: Call) -> None:
    destroyed = registration.deadline + registration.retention_days * DAY
    assert EVENT.timestamp() + DAY < destroyed <= EVENT.timestamp() + 7 * DAY
    assert (destroyed - int(EVENT.timestamp())) // DAY == 5
    assert "about 5 days after the event" in registration.promise["kept"]["en"]


def test_event_is_told_in_both_places(registration: Call) -> None:
    assert "20 February 2027 at 8:00 p.m., New York time" in registration.introduction["en"]
    assert "ថ្ងៃទី ២០ ខែកុម្ភៈ ឆ្នាំ ២០២៧ វេលាម៉ោង ៨:០០ នាទីយប់ ម៉ោងនៅទីក្រុងញូវយ៉ក" in registration.introduction["km"]
    there = EVENT.astimezone(zoneinfo.ZoneInfo("Asia/Phnom_Penh"))
    assert (there.month, there.day, there.hour) == (2, 21, 8)
    assert "21 February at 8:00 in the morning" in registration.introduction["en"]
    assert "ថ្ងៃទី ២១ ខែកុម្ភៈ វេលាម៉ោង ៨:០០ នាទីព្រឹក" in registration.introduction["km"]


def test_all_registrations_have_one_size(registration: Call) -> None:
    assert registration.max_k == 16


def test_sign_up_with_a_nickname(registration: Call) -> None:
    fields = {"consent": ["C0"], "contact": ["yes"], "q-contact": ["river@example.org"], "q-name": ["ទន្លេ"], "q-language": ["en", "km"]}
    consent, answers = read_fields(registration, fields, {})
    check_answers(registration, consent, answers, files=0)
    assert consent == {"level": "C0", "audiences": [], "contact": True}
    assert answers == {"contact": "river@example.org", "name": "ទន្លេ", "language": ["km", "en"]}


def test_question_for_the_panel(registration: Call) -> None:
    fields = {"consent": ["C2"], "audience": ["panel"], "q-question": ["តើមានអ្វីថ្មី?"]}
    consent, answers = read_fields(registration, fields, {})
    assert (consent["audiences"], answers) == (["panel"], {"question": "តើមានអ្វីថ្មី?"})


def test_link_needs_an_address(registration: Call) -> None:
    with pytest.raises(ConsentError) as caught:
        read_fields(registration, {"consent": ["C0"], "contact": ["yes"]}, {})
    assert [(problem.question, problem.code) for problem in caught.value.problems] == [("contact", "contact-needed")]
