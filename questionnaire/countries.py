"""Countries: codes of ISO 3166-1 (pycountry), names and regions of CLDR (babel).

CLDR writes U+200B into many Khmer names as an optional break. It is taken out of every name here, so that the same name is the same string.
"""

import functools
import unicodedata
from collections.abc import Sequence

import babel
import pycountry

from questionnaire.models import Call, Option, Question


@functools.cache
def country_codes() -> tuple[str, ...]:
    """The 249 alpha-2 codes of ISO 3166-1, in alphabetical order."""
    return tuple(sorted(country.alpha_2 for country in pycountry.countries))


def territory_name(code: str, language: str) -> str:
    """The CLDR name of a country (`TH`) or a UN M49 region (`035`) in a language; empty when CLDR does not have it."""
    try:
        name = babel.Locale.parse(language, sep="-").territories.get(code, "")
    except (babel.UnknownLocaleError, ValueError):
        return ""
    return str(name).replace("\u200b", "")


def country_options(languages: Sequence[str]) -> tuple[Option, ...]:
    """Every country as an option, labelled in the languages; a label that CLDR lacks is left out."""
    return tuple(
        Option(code=code, label={language: name for language in languages if (name := territory_name(code, language))})
        for code in country_codes()
    )


def listed_options(call: Call, question: Question, lang: str) -> tuple[Option, ...]:
    """The options in the order a page lists them: countries by their names in the language, anything else as it stands.

    Khmer is sorted by code point, which is the order of its consonants and vowels in the dictionary but for subscripts.
    """
    if question.type != "country":
        return question.options
    return tuple(sorted(question.options, key=lambda option: comparable(call.text(option.label, lang))))


def comparable(text: str) -> str:
    """The text as two names are compared: NFKD without accents, U+200B and white space, in lower case."""
    letters = (letter for letter in unicodedata.normalize("NFKD", text) if not 0x0300 <= ord(letter) <= 0x036F)
    return "".join("".join(letters).replace("\u200b", "").split()).casefold()
