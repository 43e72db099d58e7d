"""The English of every call that ships can be read after six years of school: short sentences, short words."""

import itertools
import re
from collections.abc import Iterator, Sequence

import pytest

from questionnaire.models import Call, Text

CALLS = ("transnational-repression", "benchmark-monitor", "community-consultation", "briefing-registration")

LONGEST = 25
AVERAGE = 13
SCHOOL_YEARS = 6

SENTENCE_END = re.compile(r"(?<=[.?!])(?<!\bU\.S\.)(?<!\b[ap]\.m\.)\s+|\n+")


def call_texts(call: Call) -> Iterator[Text]:
    """Every text of a call but the names of countries and provinces."""
    yield from (call.title, call.introduction, *call.promise.values())
    yield from (audience.name for audience in call.audiences)
    for question in call.questions:
        yield from (text for text in (question.section, question.label, question.help) if text is not None)
        if question.type not in {"country", "place"}:
            yield from (option.label for option in question.options)
            yield from (group.label for group in question.groups)
    yield from (table.title for table in call.tables)


def sentences(text: str) -> list[str]:
    return [sentence for sentence in SENTENCE_END.split(text) if sentence]


def length(sentence: str) -> int:
    return len(sentence.split())


def syllables(word: str) -> int:
    """About how many: groups of vowels, without a silent e at the end."""
    letters = re.sub("[^a-z]", "", word.lower())
    found = len(re.findall("[aeiouy]+", letters))
    silent = letters.endswith("e") and not letters.endswith("le") and found > 1
    return max(found - silent, 1)


def school_years(whole: Sequence[str]) -> float:
    """Flesch and Kincaid's grade: the years of school that a text asks for."""
    words = list(itertools.chain.from_iterable(sentence.split() for sentence in whole))
    return 0.39 * len(words) / len(whole) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


@pytest.fixture(params=CALLS)
def spoken(request: pytest.FixtureRequest, shipped_calls: dict[str, Call]) -> list[str]:
    """Every sentence of a call; headings and labels stand for one."""
    call = shipped_calls[str(request.param)]
    return [sentence for text in call_texts(call) for sentence in sentences(text["en"])]


def test_all_calls_are_measured(shipped_calls: dict[str, Call]) -> None:
    assert set(shipped_calls) == set(CALLS)


def test_no_sentence_is_long(spoken: list[str]) -> None:
    assert [sentence for sentence in spoken if length(sentence) > LONGEST] == []


def test_sentences_are_short_on_average(spoken: list[str]) -> None:
    whole = [sentence for sentence in spoken if sentence[-1] in ".?!"]
    assert len(whole) > 50
    assert sum(map(length, whole)) / len(whole) <= AVERAGE
    assert sum(map(length, spoken)) / len(spoken) <= AVERAGE


def test_six_years_of_school_are_enough(spoken: list[str]) -> None:
    assert school_years([sentence for sentence in spoken if sentence[-1] in ".?!"]) <= SCHOOL_YEARS


LEGALESE = (
    "Notwithstanding the confidentiality provisions aforementioned, disclosure of personally identifiable information to governmental "
    "authorities may be necessitated by applicable legislation, and participants consequently acknowledge the impossibility of anonymity."
)


def test_legalese_would_be_noticed() -> None:
    assert length(LEGALESE) > LONGEST
    assert school_years([LEGALESE]) > 2 * SCHOOL_YEARS


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two? Three", 3),
        ("U.S. State Department", 1),
        ("At 8:00 p.m. we begin. Come!", 2),
        ("One: two", 1),
        ("First\n\nSecond", 2),
    ],
)
def test_sentences_are_told_apart(text: str, parts: int) -> None:
    assert len(sentences(text)) == parts


@pytest.mark.parametrize(("word", "count"), [("the", 1), ("people", 2), ("receipt", 2), ("authority", 4), ("8:00", 1), ("made", 1)])
def test_syllables_are_counted(word: str, count: int) -> None:
    assert syllables(word) == count


@pytest.mark.parametrize("name", CALLS)
def test_whole_texts_end_as_sentences(shipped_calls: dict[str, Call], name: str) -> None:
    call = shipped_calls[name]
    helps = [question.help for question in call.questions if question.help is not None]
    for text in (call.introduction, *call.promise.values(), *helps):
        for paragraph in text["en"].split("\n\n"):
            assert paragraph[-1] in ".?"
