"""The calls that ship: what questionnaire.md asks of all of them, and of the main one.

Their words are held by test_plain_english and test_khmer_writing.
"""

import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from questionnaire.answers import check_answers, read_fields
from questionnaire.loader import load_definition
from questionnaire.models import Call, load_call
from questionnaire.rules import COUNTED_TYPES, PROMISE_POINTS
from questionnaire.times import deadline_instant

CALLS = sorted((pathlib.Path(__file__).parents[2] / "questionnaire" / "calls").glob("*.yaml"))

KHMER = re.compile("[\u1780-\u17ff]")
LATIN_ALLOWED = {"INTERPOL", "JavaScript", "MB"}


def texts(value: Any) -> Iterator[dict[str, str]]:
    """Every {language: text} in a document."""
    if isinstance(value, dict):
        if "km" in value:
            yield value
        else:
            for inner in value.values():
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


@pytest.fixture(params=CALLS, ids=[path.stem for path in CALLS])
def path(request: pytest.FixtureRequest) -> pathlib.Path:
    return pathlib.Path(str(request.param))


def test_the_four_calls_ship() -> None:
    names = {"transnational-repression", "benchmark-monitor", "community-consultation", "briefing-registration"}
    assert {path.stem for path in CALLS} == names


def test_call_is_named_as_its_file(path: pathlib.Path) -> None:
    assert load_definition(path).id == path.stem


def test_call_speaks_khmer_first(path: pathlib.Path) -> None:
    assert load_definition(path).languages == ("km", "en")


def test_khmer_is_khmer(path: pathlib.Path) -> None:
    for text in texts(yaml.safe_load(path.read_text(encoding="utf-8"))):
        assert KHMER.search(text["km"])
        assert set(re.findall("[A-Za-z]+", text["km"])) <= LATIN_ALLOWED
        assert not KHMER.search(text["en"])


def test_khmer_numbers_are_khmer(path: pathlib.Path) -> None:
    assert not [text for text in texts(yaml.safe_load(path.read_text(encoding="utf-8"))) if re.search("[0-9]", text["km"])]


def test_readers_are_addressed_warmly(path: pathlib.Path) -> None:
    assert path.read_text(encoding="utf-8").count("បងប្អូន") > 20


def test_editors_find_the_schema(path: pathlib.Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../call.schema.json\n")


@pytest.fixture
def call(path: pathlib.Path, shipped_calls: dict[str, Call]) -> Call:
    return shipped_calls[path.stem]


def test_call_is_open_now_and_not_for_ever(call: Call) -> None:
    assert call.opens < call.deadline < call.opens + 2 * 366 * 86400
    assert not call.demo


def test_every_point_is_answered(call: Call) -> None:
    for lang in call.languages:
        answered = call.promises(lang)
        assert tuple(point for point, _ in answered) == PROMISE_POINTS
        assert len({text for _, text in answered}) == len(PROMISE_POINTS)


def in_khmer_digits(number: int) -> str:
    return str(number).translate({48 + digit: 0x17E0 + digit for digit in range(10)})


def test_promise_says_the_retention(call: Call) -> None:
    assert f"until {call.retention_days} days after the deadline" in call.promise["kept"]["en"]
    assert f"{in_khmer_digits(call.retention_days)} ថ្ងៃក្រោយថ្ងៃផុតកំណត់" in call.promise["kept"]["km"]


def test_promise_says_what_others_rely_on(call: Call) -> None:
    for point, number in (("withdrawal", 7), ("seizure", 72)):
        assert f" {number} " in call.promise[point]["en"]
        assert f" {in_khmer_digits(number)} " in call.promise[point]["km"]


def test_lowest_band_is_fewer_than_ten(call: Call) -> None:
    assert call.k + call.planted == 10


def test_consent_alone_is_a_report(call: Call) -> None:
    consent, answers = read_fields(call, {"consent": ["C0"]}, {})
    check_answers(call, consent, answers, files=0)
    assert answers == {}


def test_somebody_may_be_given_a_summary(call: Call) -> None:
    assert call.audiences


def test_contact_can_be_left(call: Call) -> None:
    assert call.contact_question() is not None


def test_page_begins_with_a_heading(call: Call) -> None:
    assert call.questions[0].section is not None


def test_text_comes_before_codes(call: Call) -> None:
    # Whoever has one sentence to say finds the place for it first; a registration has none to ask for.
    assert call.questions[0].type == ("contact" if not call.tables else "text")


def test_longest_answers_fit_the_container(call: Call) -> None:
    if not any(question.type == "files" for question in call.questions):
        # JSON writes a control character in six bytes; 4 KiB are for tar, names and the codes (format.md section 2).
        longest = 6 * sum(question.max_bytes or 0 for question in call.questions)
        assert longest + 4096 <= 2**call.max_k


# -- transnational-repression -----------------------------------------------------------------------------------------------------------


def test_what_the_main_call_asks(shipped: Call) -> None:
    types = {question.id: question.type for question in shipped.questions}
    assert types == {
        "story": "text",
        "incident": "choices",
        "when": "date",
        "ongoing": "choice",
        "country": "country",
        "relation": "choice",
        "target": "choices",
        "has-family": "choice",
        "family-harm": "choices",
        "province": "place",
        "family-words": "text",
        "perpetrator": "choices",
        "basis": "choice",
        "perpetrator-words": "text",
        "evidence": "files",
        "reported-to": "choices",
        "report-outcome": "choice",
        "not-reported-reason": "choices",
        "protection": "choices",
        "protection-words": "text",
        "contact": "contact",
    }


def test_deadline_is_as_written(shipped: Call) -> None:
    assert (shipped.deadline_local.time, shipped.deadline_local.zone) == ("2027-08-13T23:59", "America/New_York")
    assert shipped.deadline == deadline_instant("2027-08-13T23:59", "America/New_York") == 1818216000


def test_tables_have_one_or_two_dimensions(shipped: Call) -> None:
    assert {len(table.dimensions) for table in shipped.tables} == {1, 2}


def test_tables_count_nothing_direct(shipped: Call) -> None:
    for table in shipped.tables:
        for dimension in table.dimensions:
            question = shipped.question(dimension)
            assert question.discloses in {"quasi", "sensitive"}
            assert question.type in COUNTED_TYPES


def test_whole_ladder_of_country_and_month(shipped: Call) -> None:
    assert shipped.question("country").generalize == ("country", "region", "world")
    assert shipped.question("when").generalize == ("month", "half-year", "year")


def test_sections_head_the_page(shipped: Call) -> None:
    assert shipped.questions[0].section is not None
    assert len([question for question in shipped.questions if question.section is not None]) == 8


@pytest.mark.parametrize(
    ("answers", "shown"),
    [
        pytest.param({}, {"basis"}, id="nothing-answered"),
        pytest.param({"has-family": "yes"}, {"basis", "family-harm", "family-words"}, id="family"),
        pytest.param({"perpetrator": ["embassy", "unknown"]}, set(), id="unknown-perpetrator"),
        pytest.param({"reported-to": ["un"]}, {"basis", "report-outcome"}, id="reported"),
        pytest.param({"reported-to": ["nobody"]}, {"basis", "not-reported-reason"}, id="not-reported"),
    ],
)
def test_questions_that_depend(shipped: Call, answers: dict[str, Any], shown: set[str]) -> None:
    asked = {question.id for question in shipped.questions if question.show_if is not None and question.show_if.holds(answers)}
    assert asked == shown


def test_call_json_stays_small(shipped: Call) -> None:
    document = shipped.model_dump(mode="json", by_alias=True, exclude_none=True)
    data = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    assert load_call(data) == shipped
    assert len(data) < 100_000


def test_report_of_one_ticked_box(shipped: Call) -> None:
    consent, answers = read_fields(shipped, {"consent": ["C1"], "q-incident": ["TD4"]}, {})
    check_answers(shipped, consent, answers, files=0)
    assert answers == {"incident": ["TD4"]}
