import babel
import pytest

from questionnaire.countries import comparable, country_codes, country_options, listed_options, territory_name
from questionnaire.models import Call


def test_every_country_of_iso_3166() -> None:
    assert len(country_codes()) == 249
    assert {"KH", "TH", "US", "FR", "NO"} <= set(country_codes())


def test_every_country_has_both_names() -> None:
    assert all(set(option.label) == {"km", "en"} for option in country_options(["km", "en"]))


def test_names_hold_no_zero_width_space() -> None:
    names = [territory_name(code, "km") for code in (*country_codes(), "002", "021", "030", "035")]
    assert all(name and "\u200b" not in name for name in names)


def test_cldr_still_writes_zero_width_spaces() -> None:
    # The twin of the test above: without this there would be nothing to take out.
    assert any("\u200b" in str(name) for name in babel.Locale("km").territories.values())


@pytest.mark.parametrize(("code", "language"), [("XX", "en"), ("TH", "xx"), ("TH", "not a language"), ("TH", "")])
def test_unknown_name_is_empty(code: str, language: str) -> None:
    assert territory_name(code, language) == ""


def test_option_without_name_has_no_label() -> None:
    assert country_options(["en", "xx"])[0].label == {"en": "Andorra"}


@pytest.mark.parametrize(
    ("one", "other"), [("អាមេរិក\u200bខាងជើង", "អាមេរិក ខាងជើង"), ("Côte d’Ivoire", "COTE D’IVOIRE"), ("Åland", "aland")]
)
def test_same_name_compares_equal(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


def test_other_names_compare_unequal() -> None:
    assert comparable("ថៃ") != comparable("ឡាវ")


def test_countries_are_listed_by_name(shipped: Call) -> None:
    names = [option.label["en"] for option in listed_options(shipped, shipped.question("country"), "en")]
    assert names[:4] == ["Afghanistan", "Åland Islands", "Albania", "Algeria"]
    assert len(names) == 249


def test_khmer_countries_are_listed_by_consonant(shipped: Call) -> None:
    names = [option.label["km"] for option in listed_options(shipped, shipped.question("country"), "km")]
    assert names[0].startswith("ក")
    assert names == sorted(names, key=comparable)


def test_other_options_keep_their_order(shipped: Call) -> None:
    question = shipped.question("incident")
    assert listed_options(shipped, question, "km") == question.options
