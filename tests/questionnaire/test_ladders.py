import contextlib
import datetime
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questionnaire.ladders import categories, counted_codes, generalize, levels, value_label
from questionnaire.models import Call
from questionnaire.rules import LADDERS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("day", ("month", "year", "all")),
        ("home", ("country", "world")),
        ("bank", ("province", "zone")),
        ("kinds", ("option",)),
        ("needs", ("option",)),
        ("month", ("month",)),
    ],
)
def test_levels_of_a_question(river: Call, name: str, expected: tuple[str, ...]) -> None:
    assert levels(river.question(name)) == expected


@pytest.mark.parametrize(
    ("name", "code", "level", "expected"),
    [
        ("day", "2025-08-13", "day", "2025-08-13"),
        ("day", "2025-08-13", "month", "2025-08"),
        ("day", "2025-06-30", "half-year", "2025-H1"),
        ("day", "2025-07-01", "half-year", "2025-H2"),
        ("day", "2025-H1", "half-year", "2025-H1"),
        ("day", "2025-H1", "month", "2025-H1"),
        ("day", "2025-H2", "year", "2025"),
        ("day", "2025-08-13", "all", "all"),
        ("day", "2025", "day", "2025"),
        ("day", "2025", "half-year", "2025"),
        ("day", "2025-08", "day", "2025-08"),
        ("home", "TH", "country", "TH"),
        ("home", "TH", "region", "035"),
        ("home", "035", "region", "035"),
        ("home", "FR", "region", "150"),
        ("home", "035", "world", "001"),
        ("bank", "KH-12", "zone", "phnom-penh"),
        ("bank", "plain", "zone", "plain"),
        ("bank", "KH-1", "cambodia", "KH"),
        ("kinds", "TD1", "option", "TD1"),
        ("kinds", "TD1", "group", "distance"),
        ("kinds", "TD1", "all", "all"),
    ],
)
def test_climbing(river: Call, name: str, code: str, level: str, expected: str) -> None:
    assert generalize(river.question(name), code, level) == expected


@pytest.mark.parametrize(
    ("name", "code", "level"),
    [
        ("day", "2025", "week"),
        ("home", "TH", "zone"),
        ("boats", "7", "option"),
        ("words", "x", "all"),
        ("home", "XX", "region"),
        ("kinds", "DA2", "option"),
        ("kinds", "DA2", "group"),
        ("needs", "papers", "group"),
        ("day", "yesterday", "month"),
        ("day", "", "year"),
        ("day", "2025-08-13-01", "year"),
        ("day", "2025-13", "half-year"),
        ("day", "2025-H3", "year"),
        ("day", "2025-H1-01", "year"),
    ],
)
def test_other_levels_and_codes_are_refused(river: Call, name: str, code: str, level: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        generalize(river.question(name), code, level)


def codes_of(call: Call, name: str) -> list[str]:
    if call.question(name).type == "date":
        first = datetime.date(2024, 1, 1)
        days = [(first + datetime.timedelta(days=number)).isoformat() for number in range(0, 800, 13)]
        return [*days, *(day[:7] for day in days), *(day[:4] for day in days)]
    return list(call.question(name).codes)


@pytest.mark.parametrize("name", ["when", "country", "province", "incident"])
def test_two_steps_are_one_step(shipped: Call, name: str) -> None:
    question = shipped.question(name)
    ladder = LADDERS[question.type]
    for code in codes_of(shipped, name):
        for finer, coarser in itertools.combinations(ladder, 2):
            assert generalize(question, generalize(question, code, finer), coarser) == generalize(question, code, coarser)


@pytest.mark.parametrize("name", ["country", "province", "incident"])
def test_every_code_falls_into_a_category(shipped: Call, name: str) -> None:
    question = shipped.question(name)
    for level in LADDERS[question.type]:
        fallen = {generalize(question, code, level) for code in question.codes}
        assert fallen == set(categories(question, level))


def test_dates_have_no_fixed_categories(river: Call) -> None:
    assert categories(river.question("day"), "month") == ()
    assert categories(river.question("day"), "all") == ("all",)


@pytest.mark.parametrize("name", ["when", "country", "province", "incident", "relation"])
@pytest.mark.parametrize("lang", ["km", "en"])
def test_every_category_has_words(shipped: Call, name: str, lang: str) -> None:
    question = shipped.question(name)
    for level in LADDERS[question.type]:
        if level == "group" and not question.groups:
            continue
        for code in codes_of(shipped, name):
            assert value_label(shipped, question, generalize(question, code, level), level, lang).strip()


@pytest.mark.parametrize(
    ("name", "code", "level", "km", "en"),
    [
        ("when", "2025-08-03", "day", "ថ្ងៃទី ៣ ខែសីហា ឆ្នាំ ២០២៥", "3 August 2025"),
        ("when", "2025-08", "month", "ខែសីហា ឆ្នាំ ២០២៥", "August 2025"),
        ("when", "2025-08", "day", "ខែសីហា ឆ្នាំ ២០២៥ (មិនបានបញ្ជាក់ថ្ងៃ)", "August 2025, day not given"),
        ("when", "2025-H2", "half-year", "ឆមាសទី ២ ឆ្នាំ ២០២៥", "July to December 2025"),
        ("when", "2025", "month", "ឆ្នាំ ២០២៥ (មិនបានបញ្ជាក់ខែ)", "2025, month not given"),
        ("when", "2025", "year", "ឆ្នាំ ២០២៥", "2025"),
        ("country", "TH", "country", "ថៃ", "Thailand"),
        ("country", "035", "region", "អាស៊ីអាគ្នេយ៍", "Southeast Asia"),
        ("country", "001", "world", "ពិភពលោក", "World"),
        ("province", "KH-12", "province", "ភ្នំពេញ", "Phnom Penh"),
        ("province", "coastal", "zone", "តំបន់ឆ្នេរ", "Coast"),
        ("province", "KH", "cambodia", "កម្ពុជា", "Cambodia"),
        ("relation", "student", "option", "និស្សិត", "Student"),
        ("relation", "all", "all", "ទាំងអស់", "All together"),
    ],
)
def test_words_of_categories(shipped: Call, name: str, code: str, level: str, km: str, en: str) -> None:
    question = shipped.question(name)
    assert value_label(shipped, question, code, level, "km") == km
    assert value_label(shipped, question, code, level, "en") == en


MONTHS = ["មករា", "កុម្ភៈ", "មីនា", "មេសា", "ឧសភា", "មិថុនា", "កក្កដា", "សីហា", "កញ្ញា", "តុលា", "វិច្ឆិកា", "ធ្នូ"]


@pytest.mark.parametrize(("number", "month"), list(enumerate(MONTHS, start=1)), ids=range(1, 13))
def test_khmer_months(shipped: Call, number: int, month: str) -> None:
    assert value_label(shipped, shipped.question("when"), f"2025-{number:02}", "month", "km") == f"ខែ{month} ឆ្នាំ ២០២៥"


def test_unknown_code_has_no_words(shipped: Call) -> None:
    with pytest.raises(ValueError, match="not a code"):
        value_label(shipped, shipped.question("relation"), "king", "option", "km")


@pytest.mark.parametrize(
    ("name", "value", "codes"),
    [
        ("kinds", ["DA1", "TD1"], {"DA1", "TD1"}),
        ("needs", ["papers", "health"], {"papers"}),
        ("home", "KH", {"KH"}),
        ("day", "2025-08", {"2025-08"}),
    ],
)
def test_codes_an_answer_counts_under(river: Call, name: str, value: object, codes: set[str]) -> None:
    assert counted_codes(river.question(name), value) == codes


@given(
    code=st.text(max_size=12) | st.from_regex(r"[0-9H]{1,4}-[0-9H]{1,2}(-[0-9]{1,2})?", fullmatch=True),
    level=st.sampled_from(LADDERS["date"]),
)
def test_any_text_is_a_date_or_refused(river: Call, code: str, level: str) -> None:
    question = river.question("day")
    with contextlib.suppress(ValueError):
        assert value_label(river, question, generalize(question, code, level), level, "km").strip()
