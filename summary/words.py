"""The words of a release's documents, in Khmer and English (words.toml), and numbers in Khmer digits (khmer.md, look.md).

A language that has no words here is served in English, its labels still in its own tongue.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

_KHMER_DIGITS = str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")


@cache
def catalogue() -> dict[str, dict[str, dict[str, str]]]:
    """The whole catalogue: language, `words` or `levels`, name."""
    return tomllib.loads((resources.files("summary") / "words.toml").read_text(encoding="utf-8"))


def tongue(lang: str) -> str:
    """The language whose words are used for a language tag."""
    primary = lang.split("-", maxsplit=1)[0]
    return primary if primary in catalogue() else "en"


def word(lang: str, name: str, **values: object) -> str:
    """The words for `name`, with numbers among the values in the digits of the language."""
    shown = {key: digits(lang, value) if isinstance(value, int) else str(value) for key, value in values.items()}
    return catalogue()[tongue(lang)]["words"][name].format(**shown)


def level_name(lang: str, level: str) -> str:
    """The word for a level of a ladder."""
    return catalogue()[tongue(lang)]["levels"].get(level, level)


def digits(lang: str, number: int | str) -> str:
    """A number in the digits of the language."""
    return str(number).translate(_KHMER_DIGITS) if tongue(lang) == "km" else str(number)
