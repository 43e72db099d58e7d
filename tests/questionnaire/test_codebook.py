"""The codebook is complete: the lists of questionnaire.md stand here a second time, so that none can be lost."""

import copy
from typing import Any

import babel
import pycountry
import pytest

from questionnaire.codebook import codebook, parse_codebook
from questionnaire.countries import country_codes
from questionnaire.documents import Document, read_document
from questionnaire.errors import DefinitionError

LISTS = {
    "incident": "DA1 DA2 DA3 DA4 DA5 CO1 CO2 CO3 CO4 MC1 MC2 MC3 MC4 TD1 TD2 TD3 TD4 TD5 TD6 TD7",
    "perpetrator": "national-government police-military local-authority embassy ruling-party diaspora-proxy host-official private-criminal "
    "anonymous-online unknown",
    "basis": "self-identified documented circumstantial believed",
    "target": "party-member rights-defender journalist activist religious-figure former-official critics-relative online-commenter "
    "nobody-in-particular other",
    "relation": "citizen-abroad dual-national former-citizen refugee migrant-worker student descent associate inside-cambodia",
    "family-harm": "none contacted summoned threatened property-job-lost detained hurt killed unknown",
    "reported-to": "local-police national-agency embassy un ngo nobody",
    "not-reported-reason": "fear-for-family distrust immigration-status language did-not-know-how",
    "residence": "inside-cambodia abroad",
    "benchmark-area": "media detainees labour rule-of-law other",
    "benchmark": "IM1 IM2 IM3 RD1 RD2 RD3 RD4 LR1 LR2 LR3 LR4 RL1 RL2 RL3 RL4 OP1",
    "progress": "kept some-progress paper-only no-change worse unsure",
    "knowledge": "own-life witnessed told papers news",
    "people-affected": "one up-to-10 up-to-100 over-100 unknown",
    "involvement": "worker union-member media-worker detainee-family land-community lawyer civil-society official business "
    "nobody-in-particular other",
    "priority": "human-rights democracy rule-of-law sovereignty independent-media detainees transnational-repression labour-rights land "
    "scam-centres corruption living other",
    "language": "km en fr",
}

SECTIONS = {
    **dict.fromkeys(["DA1", "DA2", "DA3", "DA4", "DA5"], ("S1",)),
    **dict.fromkeys(["CO1", "CO2"], ("S1", "S5")),
    "CO3": ("S3",),
    "CO4": ("S5",),
    **dict.fromkeys(["MC1", "MC2", "MC3", "MC4"], ("S4",)),
    **dict.fromkeys(["TD1", "TD2", "TD3", "TD5", "TD6", "TD7"], ("S2",)),
    "TD4": ("S2", "FAM"),
}

METHODS = {"DA": "direct-attack", "CO": "co-opting", "MC": "mobility-control", "TD": "distance"}


@pytest.mark.parametrize(("name", "codes"), LISTS.items(), ids=LISTS.keys())
def test_list_is_complete(name: str, codes: str) -> None:
    assert codebook().lists[name].codes == tuple(codes.split())


def test_sections_of_incidents() -> None:
    assert {entry.code: entry.sections for entry in codebook().lists["incident"].options} == SECTIONS


def test_methods_of_incidents() -> None:
    assert all(entry.method == METHODS[entry.code[:2]] for entry in codebook().lists["incident"].options)


def test_provinces_are_those_of_iso_3166_2() -> None:
    iso = {subdivision.code for subdivision in pycountry.subdivisions if subdivision.country_code == "KH"}
    assert set(codebook().lists["province"].codes) == iso
    assert len(codebook().lists["province"].codes) == 25


def test_benchmarks_stand_under_their_area() -> None:
    areas = {"IM": "media", "RD": "detainees", "LR": "labour", "RL": "rule-of-law", "OP": "other"}
    assert all(entry.group == areas[entry.code[:2]] for entry in codebook().lists["benchmark"].options)
    asked = [(area.code, area.label) for area in codebook().lists["benchmark-area"].options]
    assert asked == [(group.code, group.label) for group in codebook().lists["benchmark"].groups]


def test_languages_are_those_cldr_names() -> None:
    for entry in codebook().lists["language"].options:
        assert entry.label["en"] == babel.Locale("en").languages[entry.code]
        assert entry.label["km"] == "ភាសា" + babel.Locale("km").languages[entry.code].replace("\u200b", "")


def test_every_country_has_one_region() -> None:
    countries = [country for region in codebook().regions.values() for country in region]
    assert sorted(countries) == list(country_codes())


def every_label() -> list[dict[str, str]]:
    book = codebook()
    options = [option.label for code_list in book.lists.values() for option in code_list.options]
    groups = [group.label for code_list in book.lists.values() for group in code_list.groups]
    reports = book.country_reports
    headings = [reports.title, reports.section, reports.heading, *(section.heading for section in reports.sections)]
    return [*options, *groups, *headings, *(method.label for method in book.methods.list), *book.phrases.values()]


def test_every_label_is_in_both_languages() -> None:
    assert all(set(label) == {"km", "en"} and all(text.strip() for text in label.values()) for label in every_label())


def test_khmer_labels_are_khmer() -> None:
    assert all(any("\u1780" <= letter <= "\u17ff" for letter in label["km"]) for label in every_label())


def test_labels_of_one_list_differ() -> None:
    for code_list in codebook().lists.values():
        for language in ("km", "en"):
            labels = [option.label[language] for option in code_list.options]
            assert len(set(labels)) == len(labels)


def test_headings_have_their_editions() -> None:
    reports = codebook().country_reports
    assert reports.edition == "2024"
    assert {section.code for section in reports.sections} == {"S1", "S2", "S3", "S4", "S5", "FAM"}


def test_digits_follow_the_language() -> None:
    assert codebook().in_digits("2025", "km") == "២០២៥"
    assert codebook().in_digits("2025", "en") == "2025"


def test_phrase_falls_back() -> None:
    assert codebook().phrase("all", "fr", "km") == "ទាំងអស់"


SMALL = """
edition: "1"
country_reports:
  {title: {en: t}, edition: "2024", section: {en: s}, heading: {en: h}, sections: [{code: S1, edition: "2023", heading: {en: h}}]}
methods: {edition: "2021", list: [{code: m, label: {en: m}}]}
lists:
  l:
    groups: [{code: g, label: {en: g}}]
    options: [{code: a, group: g, method: m, sections: [S1], label: {en: a}}]
regions: {"002": [AO]}
phrases: {all: {en: all}}
digits: {}
"""


def test_small_codebook_is_accepted() -> None:
    assert parse_codebook(read_document(SMALL, "codebook.yaml")).lists["l"].entry("a").sections == ("S1",)


def test_entry_of_nothing() -> None:
    with pytest.raises(KeyError):
        codebook().lists["incident"].entry("XX")


def twice(code_list: dict[str, Any]) -> None:
    code_list["options"].append(code_list["options"][0])


def scattered(code_list: dict[str, Any]) -> None:
    first = code_list["options"][0]
    code_list["groups"].append({"code": "h", "label": {"en": "h"}})
    code_list["options"] += [{**first, "code": "b", "group": "h"}, {**first, "code": "c"}]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(twice, id="code-twice"),
        pytest.param(scattered, id="group-scattered"),
        pytest.param(lambda code_list: code_list["options"][0].update(group="other"), id="unknown-group"),
        pytest.param(lambda code_list: code_list["options"][0].pop("group"), id="no-group"),
        pytest.param(lambda code_list: code_list["options"][0].update(method="other"), id="unknown-method"),
        pytest.param(lambda code_list: code_list["options"][0].update(sections=["S9"]), id="unknown-section"),
        pytest.param(lambda code_list: code_list["options"][0].update(colour="red"), id="unknown-key"),
        pytest.param(lambda code_list: code_list.pop("options"), id="no-options"),
    ],
)
def test_spoilt_codebook_is_refused(spoil: Any) -> None:
    document = read_document(SMALL, "codebook.yaml")
    value = copy.deepcopy(document.value)
    spoil(value["lists"]["l"])
    with pytest.raises(DefinitionError) as caught:
        parse_codebook(Document(document.file, value, document.lines))
    assert caught.value.mistakes[0].file == "codebook.yaml"
