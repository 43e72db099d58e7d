"""Every text stands in every language, and every text that is asked for stands in the catalogues."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import get_args

import pytest

from form.catalogue import LANGUAGES, LOCALE, Catalogue, read_texts
from form.errors import UnknownTextError
from form.page import STANDINGS
from questionnaire.errors import ProblemCode
from questionnaire.rules import PROMISE_POINTS

FORM = Path(__file__).resolve().parents[2] / "form"

# Words of format.md section 12 that a submitter can meet, and those that the browser adds (form/browser/errors.ts).
REFUSALS = [
    "too-large",
    "size",
    "prefix",
    "closed",
    "not-open",
    "duplicate",
    "withdrawn",
    "work",
    "busy",
    "full",
    "receipt",
    "no-match",
    "wrong-call",
    "consent",
    "answers",
    "unscripted",
    "other",
    "not-found",
    "request",
    "broken",
    "network",
    "answer",
    "sealing",
    "file-unreadable",
    "report",
    "signature",
    "promise-broken",
    "log-call",
    "log-entry",
    "log-inconsistent",
    "log-duplicate",
    "log-withdraw",
    "key-params",
    "key-mismatch",
    "offline",
]


def missing(texts: dict[str, str], others: dict[str, str]) -> list[str]:
    """Keys of `others` without a text in `texts`, or whose places differ."""
    places = string.Formatter().parse
    return [
        key
        for key, other in others.items()
        if not texts.get(key, "").strip()
        or {name for _, name, *_ in places(texts[key])} - {None} != {name for _, name, *_ in places(other)} - {None}
    ]


def test_khmer_comes_first() -> None:
    assert LANGUAGES == ("km", "en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_translation_is_missing(lang: str) -> None:
    for other in LANGUAGES:
        lacking = missing(dict(read_texts(lang)), dict(read_texts(other)))
        # A language may leave a place out of a moment: Khmer says no weekday, English no part of the day.
        assert [key for key in lacking if key != "moment"] == []


def test_a_missing_one_is_seen() -> None:
    whole = dict(read_texts("en"))
    for spoiled in ({**whole, "leave.button": " "}, {**whole, "files.limit": "no place"}, {k: v for k, v in whole.items() if k != "skip"}):
        assert len(missing(spoiled, whole)) == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_entry_has_a_text(lang: str) -> None:
    source = (LOCALE / f"{lang}.po").read_text()
    assert source.count("\nmsgid ") - 1 == len(read_texts(lang))


def test_khmer_is_written_in_khmer() -> None:
    plain = {key for key, text in read_texts("km").items() if not re.search(r"[\u1780-\u17ff]", text)}
    assert plain == {"leave.address"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_has_a_sentence(lang: str) -> None:
    say = Catalogue(lang)
    for code in (*get_args(ProblemCode), "too-large", "too-many-files", "receipt"):
        assert say(f"problem.{code}")
    for word in REFUSALS:
        assert say(f"refusal.{word}")
    for point in PROMISE_POINTS:
        assert say(f"promise.{point}")
    for standing in (*STANDINGS, "unknown"):
        assert say(f"standing.{standing}")


def test_every_word_of_the_browser_is_here() -> None:
    source = (FORM / "browser" / "errors.ts").read_text()
    said = source.partition("type ReadingWord")[0]  # what follows, no page says
    words = set(re.findall(r'^  \| "([a-z-]+)"', said, re.MULTILINE))
    assert len(words) > 10
    assert words <= set(REFUSALS)


def test_every_key_asked_for_exists() -> None:
    asked: set[str] = set()
    for path in (*FORM.glob("templates/*.html"), *FORM.glob("*.py")):
        asked |= set(re.findall(r'say\("([a-z.-]+)"', path.read_text()))
    for path in FORM.glob("browser/*.ts"):
        asked |= set(re.findall(r'sentence\("([a-z.-]+)"', path.read_text()))
    assert len(asked) > 80
    assert sorted(key for key in asked if key not in read_texts("en") and not key.endswith(".")) == []


def test_no_key_is_left_over() -> None:
    sources = "\n".join(path.read_text() for pattern in ("templates/*.html", "*.py", "browser/*.ts") for path in FORM.glob(pattern))
    families = (
        "month.",
        "weekday.",
        "part.",
        "place.",
        "promise.",
        "consent.",
        "problem.",
        "refusal.",
        "standing.",
        "held.",
        "kept.",
        "step.",
        "date.",
        "ranking.",
    )
    assert [key for key in read_texts("en") if f'"{key}"' not in sources and not key.startswith(families)] == []


def test_unknown_keys_are_a_mistake() -> None:
    with pytest.raises(UnknownTextError):
        Catalogue("en")("no.such.key")


def test_other_tags_find_their_language() -> None:
    assert Catalogue("km-KH").texts is read_texts("km")
    assert Catalogue("fr").texts is read_texts("en")
    assert (Catalogue("km").number("2025"), Catalogue("en").number(2025)) == ("២០២៥", "2025")
