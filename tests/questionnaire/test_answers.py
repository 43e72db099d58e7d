from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from questionnaire.answers import check_answers, read_fields
from questionnaire.errors import AnswersError, ConsentError, Problem, SubmissionError
from questionnaire.fields import field_names
from questionnaire.models import Call

Fields = dict[str, list[str]]
PLAIN: Fields = {"consent": ["C1"], "audience": ["town"]}
CONSENT = {"level": "C1", "audiences": ["town"], "contact": False}


def read(call: Call, fields: Fields, files: dict[str, list[int]] | None = None) -> dict[str, Any]:
    return read_fields(call, {**PLAIN, **fields}, files or {})[1]


def problems(call: Call, fields: Fields, files: dict[str, list[int]] | None = None) -> list[tuple[str, str]]:
    with pytest.raises(SubmissionError) as caught:
        read_fields(call, {**PLAIN, **fields}, files or {})
    return [(problem.question, problem.code) for problem in caught.value.problems]


# -- everything is optional but the consent ---------------------------------------------------------------------------------------------


def test_consent_alone_is_a_report(river: Call) -> None:
    assert read_fields(river, {"consent": ["C0"]}, {}) == ({"level": "C0", "audiences": [], "contact": False}, {})


def test_without_consent_is_refused(river: Call) -> None:
    with pytest.raises(ConsentError) as caught:
        read_fields(river, {"q-words": ["hello"]}, {})
    assert caught.value.problems == (Problem("consent", "required"),)
    assert caught.value.word == "consent"


@pytest.mark.parametrize("given", [["C4"], ["c1"], ["C1", "C2"], ["C1C2"]])
def test_other_consent_is_refused(river: Call, given: list[str]) -> None:
    assert problems(river, {"consent": given}) == [("consent", "bad-option")]


def test_audiences_stand_in_call_order(river: Call) -> None:
    consent, _ = read_fields(river, {"consent": ["C2"], "audience": ["town", "river-people", "town"]}, {})
    assert consent["audiences"] == ["river-people", "town"]


def test_unknown_audience_is_refused(river: Call) -> None:
    assert problems(river, {"audience": ["town", "police"]}) == [("audience", "bad-option")]


def test_contact_needs_a_contact(river: Call) -> None:
    with pytest.raises(ConsentError) as caught:
        read_fields(river, {**PLAIN, "contact": ["yes"]}, {})
    assert caught.value.problems == (Problem("contact", "contact-needed"),)


def test_contact_with_a_contact(river: Call) -> None:
    consent, answers = read_fields(river, {**PLAIN, "contact": ["yes"], "q-contact": ["me@example.org"]}, {})
    assert consent["contact"] is True
    assert answers["contact"] == "me@example.org"


def test_contact_grants_nothing_else(river: Call) -> None:
    consent, _ = read_fields(river, {**PLAIN, "q-contact": ["me@example.org"]}, {})
    assert consent["contact"] is False


def test_contact_too_long_is_said_once(river: Call) -> None:
    assert problems(river, {"contact": ["yes"], "q-contact": ["x" * 2001]}) == [("contact", "too-long")]


def test_all_problems_are_listed_in_order(river: Call) -> None:
    fields = {"consent": [""], "q-boats": ["many"], "q-words": ["x" * 41]}
    assert problems(river, fields) == [("words", "too-long"), ("boats", "not-a-number"), ("consent", "required")]


def test_answers_alone_are_an_answers_error(river: Call) -> None:
    with pytest.raises(AnswersError) as caught:
        read_fields(river, {**PLAIN, "q-boats": ["many"]}, {})
    assert caught.value.word == "answers"


def test_error_repeats_no_answer(river: Call) -> None:
    with pytest.raises(AnswersError) as caught:
        read_fields(river, {**PLAIN, "q-boats": ["kanaryvogel"]}, {})
    assert "kanaryvogel" not in str(caught.value) + repr(caught.value.problems)


def test_unknown_fields_are_ignored(river: Call) -> None:
    assert read(river, {"q-nothing": ["x"], "receipt": ["1"], "seq": ["2"], "": ["y"]}) == {}


# -- text -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["  spaces kept ", "e\u0301 and \u00e9", "កណ្តាល\u200bទី១", "a\tb\nc", "\u202e\ufeff!", "😶"])
def test_text_stays_as_typed(river: Call, text: str) -> None:
    assert read(river, {"q-words": [text]}) == {"words": text}


def test_posted_line_breaks_lose_their_cr(river: Call) -> None:
    assert read(river, {"q-words": ["a\r\nb\rc"]}) == {"words": "a\nb\rc"}


@pytest.mark.parametrize("text", ["", " ", "\r\n\t", "\u200b", "\u200b \ufeff"])
def test_blank_text_is_unanswered(river: Call, text: str) -> None:
    assert read(river, {"q-words": [text]}) == {}


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "\udfff"])
def test_text_that_is_no_text_is_refused(river: Call, text: str) -> None:
    assert problems(river, {"q-words": [text]}) == [("words", "bad-text")]


def test_limit_counts_bytes(river: Call) -> None:
    assert read(river, {"q-words": ["ក" * 13 + "a"]})
    assert problems(river, {"q-words": ["ក" * 13 + "ab"]}) == [("words", "too-long")]


# -- codes ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "code"), [("seen", "no"), ("home", "TH"), ("bank", "KH-12")])
def test_one_code(river: Call, name: str, code: str) -> None:
    assert read(river, {f"q-{name}": [code]}) == {name: code}


OTHER_CODES = [("seen", ["maybe"]), ("seen", ["yes", "no"]), ("home", ["DE"]), ("bank", ["KH-26"]), ("bank", ["kh-1"])]


@pytest.mark.parametrize(("name", "given"), OTHER_CODES)
def test_other_codes_are_refused(river: Call, name: str, given: list[str]) -> None:
    assert problems(river, {f"q-{name}": given}) == [(name, "bad-option")]


def test_unchosen_select_is_unanswered(river: Call) -> None:
    assert read(river, {"q-home": [""]}) == {}


def test_choices_stand_in_codebook_order(river: Call) -> None:
    assert read(river, {"q-kinds": ["TD5", "DA1", "TD5"]}) == {"kinds": ["DA1", "TD5"]}


def test_unknown_choice_is_refused(river: Call) -> None:
    assert problems(river, {"q-kinds": ["DA1", "DA2"]}) == [("kinds", "bad-option")]


def test_hidden_question_is_kept(river: Call) -> None:
    assert read(river, {"q-seen": ["no"], "q-kinds": ["DA1"]}) == {"seen": "no", "kinds": ["DA1"]}


# -- ranking ----------------------------------------------------------------------------------------------------------------------------


def test_ranking_has_most_important_first(river: Call) -> None:
    fields = {"q-needs-health": ["2"], "q-needs-papers": ["1"], "q-needs-relocation": ["៥"], "q-needs-legal-help": [" "]}
    assert read(river, fields) == {"needs": ["papers", "health", "relocation"]}


@pytest.mark.parametrize(
    ("ranks", "code"),
    [
        (["1", "1"], "rank-repeated"),
        (["1", "១"], "rank-repeated"),
        (["0", "1"], "not-a-number"),
        (["9", "1"], "not-a-number"),
        (["-1", "1"], "not-a-number"),
        (["first", "1"], "not-a-number"),
        (["1.5", "1"], "not-a-number"),
        (["1" * 5000, "1"], "not-a-number"),
    ],
)
def test_other_rankings_are_refused(river: Call, ranks: list[str], code: str) -> None:
    assert problems(river, {"q-needs-health": ranks[:1], "q-needs-papers": ranks[1:]}) == [("needs", code)]


# -- date -------------------------------------------------------------------------------------------------------------------------------


def date(year: str, month: str = "", day: str = "", name: str = "day") -> Fields:
    return {f"q-{name}-year": [year], f"q-{name}-month": [month], f"q-{name}-day": [day]}


@pytest.mark.parametrize(
    ("parts", "value"),
    [
        (("2025",), "2025"),
        (("2025", "8"), "2025-08"),
        (("2025", "08", "3"), "2025-08-03"),
        (("២០២៥", "៨", "១៣"), "2025-08-13"),
        ((" 20\u200b25 ", "8"), "2025-08"),
        (("2024", "2", "29"), "2024-02-29"),
    ],
)
def test_dates_as_far_as_known(river: Call, parts: tuple[str, ...], value: str) -> None:
    assert read(river, date(*parts)) == {"day": value}


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        (("25",), "year-four-digits"),
        (("20255",), "year-four-digits"),
        (("last year",), "year-four-digits"),
        (("", "8"), "year-four-digits"),
        (("", "", "13"), "year-four-digits"),
        (("٢٠٢٥",), "year-four-digits"),
        (("0000",), "not-a-date"),
        (("2025", "13"), "not-a-date"),
        (("2025", "0"), "not-a-date"),
        (("2025", "", "13"), "not-a-date"),
        (("2025", "August"), "not-a-date"),
        (("2025", "2", "29"), "not-a-date"),
        (("2025", "8", "0x1"), "not-a-date"),
    ],
)
def test_other_dates_are_refused(river: Call, parts: tuple[str, ...], code: str) -> None:
    assert problems(river, date(*parts)) == [("day", code)]


def test_day_that_was_not_asked_is_ignored(river: Call) -> None:
    assert read(river, date("2025", "8", "13", name="month")) == {"month": "2025-08"}


# -- number, files ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "value"), [("7", 7), ("០៧", 7), (" 12\u200b ", 12), ("-3", -3), ("9007199254740991", 2**53 - 1)])
def test_numbers_in_either_digits(river: Call, text: str, value: int) -> None:
    assert read(river, {"q-boats": [text]}) == {"boats": value}


@pytest.mark.parametrize("text", ["seven", "1.5", "1,000", "1e3", "+1", "\u0667", "9007199254740992", "9" * 5000, "--1", "1 2"])
def test_other_numbers_are_refused(river: Call, text: str) -> None:
    assert problems(river, {"q-boats": [text]}) == [("boats", "not-a-number")]


def test_files_are_member_numbers(river: Call) -> None:
    assert read(river, {}, {"q-pictures": [3, 1], "q-sounds": [2], "q-nothing": [4]}) == {"pictures": [1, 3], "sounds": [2]}


def test_no_files_are_unanswered(river: Call) -> None:
    assert read(river, {"q-pictures": ["name.jpg"]}, {"q-pictures": []}) == {}


@pytest.mark.parametrize("members", [[0], [100], [-1]])
def test_other_member_numbers_are_refused(river: Call, members: list[int]) -> None:
    assert problems(river, {}, {"q-pictures": members}) == [("pictures", "bad-option")]


# -- hostile input ----------------------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=())) | st.sampled_from(["C1", "yes", "DA1", "TH", "KH-1", "១", "2025", "\0", "\ud800"])


@st.composite
def hostile_fields(draw: st.DrawFn) -> Fields:
    return draw(
        st.dictionaries(st.sampled_from(["consent", "audience", "contact", *NAMES]) | texts, st.lists(texts, max_size=3), max_size=12)
    )


NAMES = [
    *("q-words", "q-seen", "q-kinds", "q-home", "q-bank", "q-boats", "q-pictures", "q-contact", "q-needs-health", "q-needs-papers"),
    *("q-day-year", "q-day-month", "q-day-day", "q-month-year", "q-month-month"),
]


def test_hostile_names_are_those_of_the_form(river: Call) -> None:
    every = {name for question in river.questions for name in field_names(question)}
    assert set(NAMES) <= every


@settings(max_examples=300)
@given(fields=hostile_fields(), files=st.dictionaries(st.sampled_from(["q-pictures", "q-sounds"]), st.lists(st.integers(-2, 120))))
def test_any_fields_are_read_or_refused(river: Call, fields: Fields, files: dict[str, list[int]]) -> None:
    try:
        consent, answers = read_fields(river, fields, files)
    except SubmissionError as error:
        assert error.problems  # noqa: PT017 - either outcome is right
    else:
        members = [member for name in ("pictures", "sounds") for member in answers.get(name, [])]  # type: ignore[union-attr]
        if len(set(members)) == len(members):
            check_answers(river, consent, answers)
        repr(answers).encode("utf-8")
        for value in answers.values():
            str(value).encode("utf-8")


@given(number=st.integers(-(2**53) + 1, 2**53 - 1))
def test_khmer_digits_are_digits(river: Call, number: int) -> None:
    khmer = str(number).translate({ord(str(digit)): chr(0x17E0 + digit) for digit in range(10)})
    assert read(river, {"q-boats": [khmer]}) == {"boats": number}
