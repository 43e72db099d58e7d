"""A call that nobody has coded for goes all the way through this package: adding one edits data, never code (questionnaire.md)."""

import json
import pathlib
from typing import Any

from questionnaire.answers import check_answers, read_fields
from questionnaire.fields import field_names
from questionnaire.ladders import counted_codes, generalize, levels, value_label
from questionnaire.loader import call_document, load_definition, parse_definition
from questionnaire.models import load_call

ROOT = pathlib.Path(__file__).parents[2]
RIVER = pathlib.Path(__file__).parent / "calls" / "river-listening.yaml"

FIELDS = {
    "consent": ["C2"],
    "audience": ["town"],
    "contact": ["yes"],
    "q-words": ["ទន្លេខ្មៅ"],
    "q-seen": ["yes"],
    "q-kinds": ["TD5", "DA1"],
    "q-needs-health": ["១"],
    "q-day-year": ["២០២៥"],
    "q-day-month": ["4"],
    "q-home": ["FR"],
    "q-bank": ["KH-23"],
    "q-boats": ["៣"],
    "q-contact": ["@river"],
}

ANSWERS = {
    "words": "ទន្លេខ្មៅ",
    "seen": "yes",
    "kinds": ["DA1", "TD5"],
    "needs": ["health"],
    "day": "2025-04",
    "home": "FR",
    "bank": "KH-23",
    "boats": 3,
    "pictures": [1],
    "contact": "@river",
}


def test_from_yaml_to_answers_to_words(keys: dict[str, Any]) -> None:
    call = load_call(json.dumps(call_document(load_definition(RIVER), **keys)).encode())
    assert set(FIELDS) - {"consent", "audience", "contact"} <= {name for question in call.questions for name in field_names(question)}
    consent, answers = read_fields(call, FIELDS, {"q-pictures": [1]})
    assert answers == ANSWERS
    check_answers(call, consent, answers, files=1)
    assert told(call, answers) == {
        "kinds": {"ការធ្វើឃាត ឬការប៉ុនប៉ងធ្វើឃាត", "ការបង្ខូចកេរ្តិ៍ឈ្មោះ ព័ត៌មានមិនពិត ឬការបង្ហោះព័ត៌មានផ្ទាល់ខ្លួនជាសាធារណៈ"},
        "home": {"បារាំង"},
    }


def told(call: Any, answers: dict[str, Any]) -> dict[str, set[str]]:
    words = {}
    for name in {dimension for table in call.tables for dimension in table.dimensions}:
        question = call.question(name)
        level = levels(question)[0]
        codes = counted_codes(question, answers[name])
        words[name] = {value_label(call, question, generalize(question, code, level), level, "km") for code in codes}
    return words


def test_no_code_knows_a_call_or_a_question() -> None:
    names = ("transnational-repression", "river-listening", "has-family", "family-harm", "perpetrator-words")
    for path in (ROOT / "questionnaire").glob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert not [name for name in names if name in code]


FRENCH = """
id: marche
languages: [fr]
title: {fr: Le marché}
introduction: {fr: Parlez-nous du marché.}
promise:
  {readers: {fr: a}, held: {fr: a}, kept: {fr: a}, withdrawal: {fr: a}, seizure: {fr: a}, named: {fr: a}, counts: {fr: a},
   emergency: {fr: a}, receipt: {fr: a}, plain: {fr: a}}
opens: {time: 2026-01-01T00:00, zone: Europe/Paris}
deadline: {time: 2026-02-01T00:00, zone: Europe/Paris}
retention: 10
k: 5
audiences: []
tables: [{id: pays, title: {fr: Pays}, dimensions: [pays]}]
questions:
  - {id: pays, type: country, label: {fr: Pays}, discloses: quasi, generalize: [country, region]}
  - {id: jour, type: date, precision: day, label: {fr: Jour}, discloses: sensitive}
"""


def test_a_language_nobody_has_coded_for(keys: dict[str, Any]) -> None:
    call = load_call(json.dumps(call_document(parse_definition(FRENCH, "marche.yaml"), **keys)).encode())
    assert value_label(call, call.question("pays"), "TH", "country", "fr") == "Thaïlande"
    assert value_label(call, call.question("pays"), "035", "region", "fr") == "Asie du Sud-Est"
    assert value_label(call, call.question("jour"), "2025-08-03", "day", "fr") == "3 août 2025"
