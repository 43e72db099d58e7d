"""Khmer is written as Khmer is written, and is the same text with and without U+200B.

What looks right on a screen can be typed in several ways, and then is neither found nor sorted nor spoken by a screen reader. Each rule
here has a sample that breaks it.
"""

import json
import pathlib
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from questionnaire.codebook import codebook
from questionnaire.countries import comparable
from questionnaire.loader import call_document, load_definition, parse_definition

CALLS = sorted((pathlib.Path(__file__).parents[2] / "questionnaire" / "calls").glob("*.yaml"))

ZWSP = "\u200b"
BREAK = re.compile("(?<=[\u1780-\u17d1\u17d7\u17dd])(?=[\u1780-\u17b3])")
"""Between two syllables written together. Real text has U+200B between words at most, so this is worse than any real text."""

TRAPS = {
    "space-before-mark": (re.compile(r"\s[។៕៖ៗ?!»]|«\s"), "យើងរក្សាវា ។"),
    "no-space-after-full-stop": (re.compile(r"[។៖?](?=[^\s»])"), "យើងរក្សាវា។បន្ទាប់មក"),
    "two-spaces": (re.compile(r"  | $|^ "), "យើងរក្សា  វា"),
    "latin-mark": (re.compile("[;\"\u2018-\u201f'…]|(?<!^.)[.]|:(?![០-៩])"), "យើងរក្សាវា."),
    "latin-digit": (re.compile("[0-9]"), "ក្នុង 72 ម៉ោង"),
    "break-out-of-place": (re.compile("[^\u1780-\u17dd]\u200b|^\u200b|\u200b(?![\u1780-\u17b3])|\u17d2\u200b"), "យើ\u200b\u200bង"),
    "break-inside-a-syllable": (re.compile("\u200b[\u17b4-\u17d3]|\u17d2\u200b"), "ម\u200b៉ោង"),
    "invisible-mark": (
        re.compile("[\u00a0\u00ad\u034f\u17b4\u17b5\u200c-\u200f\u202a-\u202f\u2060-\u206f\ufe00-\ufe0f\ufeff]"),
        "យើង\u200cរក្សា",
    ),
    # U+17A8 is another way to write ឧក.
    "deprecated-letter": (re.compile("[\u17a3\u17a4\u17a8\u17d3\u17d8]"), "\u17a3ង្គការ"),
    "vowel-in-two-pieces": (re.compile("[\u17b6-\u17c5]{2}"), "ប\u17c1\u17b6ះពុម្ព"),
    "sign-before-vowel": (re.compile("[\u17c6-\u17c8][\u17b6-\u17c5]"), "ច\u17c6\u17b6"),
    "shifter-after-vowel": (re.compile("[\u17b6-\u17c8][\u17c9\u17ca]"), "ម\u17c4\u17c9ង"),
    "subscript-after-vowel": (re.compile("[\u17b6-\u17d1]\u17d2"), "មា\u17d2រ"),
    "subscript-of-nothing": (re.compile("\u17d2(?![\u1780-\u17b3])"), "ស\u17d2 "),
    "subscript-ro-not-last": (re.compile("\u17d2\u179a\u17d2"), "ស\u17d2\u179a\u17d2\u178fី"),
    "subscript-da": (re.compile("\u17d2\u178a"), "សេចក\u17d2\u178aី"),
    "same-sign-twice": (re.compile("([\u17b4-\u17d3\u17dd])\\1"), "ច\u17c6\u17c6"),
    "other-spelling": (re.compile("ឱ្យ|អោយ|សំលេង|ពត៌មាន|អ៊ិនធឺ|ណែត|បង្កាន់ដៃរ៍"), "សូមអោយ"),
    "other-address": (re.compile("លោកអ្នក|អ្នកទាំង|លោកស្រី|បងប្អូនៗ|បង ប្អូន|ប្អូនៗ"), "សូមលោកអ្នកសរសេរ"),
}

PERSONS = (
    "អ្នក(?=ពិនិត្យ|ដទៃ|ដែល|ថែទាំ|ឆ្លើយ|ជាប់ឃុំ|រាយការណ៍|ជំនាញ|សារព័ត៌មាន|ធ្វើការ|នៅពីក្រោយ|ចូលរួម|បកប្រែ|ការទូត|ការពារ|ដឹកនាំ|រិះគន់|"
    "បញ្ចេញ|មាន|សុំ|រួមការងារ|ទទួល|ធ្លាប់|ជួយ|រកស៊ី|គ្រប់គ្រង|សរសេរ|សួរ)"
)
"""Somebody who does or is something. A bare អ្នក would be a cold "you", where readers are addressed as បងប្អូន."""


def both(value: Any) -> Iterator[dict[str, str]]:
    """Every {language: text} in a document."""
    if isinstance(value, dict):
        if "km" in value:
            yield value
        else:
            for inner in value.values():
                yield from both(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from both(inner)


def shipped_texts() -> list[tuple[str, str]]:
    """(where it stands, text) for every Khmer text of the calls and of the codebook, one a paragraph."""
    book = codebook().model_dump(mode="json", exclude={"regions", "phrases", "digits"})
    documents = [(path.stem, yaml.safe_load(path.read_text(encoding="utf-8"))) for path in CALLS] + [("codebook", book)]
    found = ((name, text["km"]) for name, document in documents for text in both(document))
    return [(name, paragraph) for name, text in found for paragraph in text.split("\n\n")]


def with_breaks(text: str) -> str:
    """The text with U+200B wherever it may stand."""
    return BREAK.sub(ZWSP, text)


def test_there_is_enough_to_look_at() -> None:
    names = [name for name, _ in shipped_texts()]
    assert {path.stem for path in CALLS} | {"codebook"} == set(names)
    assert len(names) > 400


@pytest.mark.parametrize(("trap", "broken"), TRAPS.values(), ids=TRAPS.keys())
def test_trap_is_not_stepped_into(trap: re.Pattern[str], broken: str) -> None:
    assert [(name, text) for name, text in shipped_texts() if trap.search(text)] == []
    assert trap.search(broken)


def test_texts_are_composed() -> None:
    assert all(unicodedata.is_normalized("NFC", text) for _, text in shipped_texts())


def test_readers_are_never_a_cold_you() -> None:
    cold = re.compile(PERSONS.replace("(?=", "(?!", 1))
    assert [(name, text) for name, text in shipped_texts() if cold.search(text)] == []
    assert cold.search("របាយការណ៍របស់អ្នក")


def test_whole_texts_end_as_sentences() -> None:
    for path in CALLS:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        helps = [question["help"] for question in document["questions"] if "help" in question]
        for text in (document["introduction"], *document["promise"].values(), *helps):
            assert all(paragraph[-1] in "។?" for paragraph in text["km"].split("\n\n")), text["km"]


def test_labels_ask_in_both_languages() -> None:
    for path in CALLS:
        for question in yaml.safe_load(path.read_text(encoding="utf-8"))["questions"]:
            label = question["label"]
            assert ("?" in label["km"]) == ("?" in label["en"]), label
            assert not label["km"].endswith("។")


def numbers(text: str) -> list[int]:
    return sorted(int(found) for found in re.findall(r"\d+", text))


def test_both_languages_say_the_same_numbers() -> None:
    for path in CALLS:
        for text in both(yaml.safe_load(path.read_text(encoding="utf-8"))):
            assert numbers(text["km"]) == numbers(text["en"]), text["en"]
            assert text["km"].count("\n\n") == text["en"].count("\n\n")


# -- with and without U+200B ------------------------------------------------------------------------------------------------------------


def test_nothing_shipped_needs_a_break() -> None:
    assert not [text for _, text in shipped_texts() if ZWSP in text]


def test_breaks_stand_between_syllables_only() -> None:
    rules = [TRAPS[name][0] for name in ("break-out-of-place", "break-inside-a-syllable")]
    for _, text in shipped_texts():
        assert not [rule for rule in rules if rule.search(with_breaks(text))]


def test_same_text_with_and_without_breaks() -> None:
    changed = [(text, with_breaks(text)) for _, text in shipped_texts() if with_breaks(text) != text]
    assert len(changed) > 400
    assert all(comparable(broken) == comparable(text) for text, broken in changed)


def test_words_are_found_with_and_without_breaks() -> None:
    for _, text in shipped_texts():
        for word in text.split():
            assert comparable(word) in comparable(with_breaks(text))
            assert comparable(with_breaks(word)) in comparable(text)


def test_without_stripping_they_would_not_be() -> None:
    # The twin of the tests above.
    assert "របាយការណ៍" not in with_breaks("របាយការណ៍របស់បងប្អូន")


def test_different_words_stay_different() -> None:
    labels = [entry.label["km"] for entry in codebook().lists["benchmark"].options]
    assert len({comparable(with_breaks(label)) for label in labels}) == len(labels)


@pytest.mark.parametrize("path", CALLS, ids=[path.stem for path in CALLS])
def test_call_written_with_breaks_is_the_same(path: pathlib.Path, keys: dict[str, Any]) -> None:
    broken = parse_definition(with_breaks(path.read_text(encoding="utf-8")), path.name)
    written = json.dumps(call_document(broken, **keys), ensure_ascii=False)
    assert written.count(ZWSP) > 1000
    assert json.loads(written.replace(ZWSP, "")) == call_document(load_definition(path), **keys)
