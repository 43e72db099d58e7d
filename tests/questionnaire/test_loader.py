"""A coordinator's mistakes: each is refused with file, line, path and what to write instead; without it the same file is accepted."""

import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from questionnaire.complaints import complaint
from questionnaire.definition import Definition
from questionnaire.errors import CallError, DefinitionError, Mistake
from questionnaire.loader import DemoTimes, call_document, json_schema, load_definition, parse_definition
from questionnaire.models import validate_call


def mistakes_in(text: str) -> tuple[Mistake, ...]:
    with pytest.raises(DefinitionError) as caught:
        parse_definition(text, "river.yaml")
    return caught.value.mistakes


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_unspoilt_file_is_accepted(river_text: str) -> None:
    assert parse_definition(river_text, "river.yaml").id == "river-listening"


# (what stands there, what is written instead, the path that is named, a part of the sentence)
SPOILT = {
    "unknown-key": ("retention: 30", "retention: 30\nretentoin: 30", "retentoin", "`retention`"),
    "unknown-key-without-likeness": ("retention: 30", "retention: 30\nqqq: 30", "qqq", "known here are"),
    "missing-key": ("retention: 30\n", "", "retention", "add this"),
    "number-as-text": ("k: 6", "k: six", "k", "whole number"),
    "boolean-as-yes": ("k: 6", "k: 6\ndemo: yes", "demo", "true or false"),
    "text-as-number": ("en: Boats", "en: 7", "questions[8].label.en", "quotes"),
    "text-as-list": ("en: Boats", "en: [Boats]", "questions[8].label.en", "write text"),
    "label-as-text": ("label: {en: Boats, km: ទូក}", "label: Boats", "questions[8].label", "name: value"),
    "list-as-mapping": ("languages: [en, km]", "languages: {en: km}", "languages", "lines that begin with -"),
    "unknown-type": ("type: number", "type: slider", "questions[8].type", "write one of"),
    "unknown-discloses": ("discloses: direct", "discloses: secret", "questions[11].discloses", "write one of"),
    "id-with-capitals": ("id: boats", "id: Boats", "questions[8].id", "small letters"),
    "k-too-small": ("k: 6", "k: 4", "k", "5 or more"),
    "planted-none": ("k: 6", "k: 6\nplanted: 0", "planted", "1 or more"),
    "max-k-too-large": ("k: 6", "k: 6\nmax_k: 27", "max_k", "26 or less"),
    "max-k-too-small": ("k: 6", "k: 6\nmax_k: 15", "max_k", "16 or more"),
    "batch-too-short": ("k: 6", "k: 6\nbatch_seconds: 3599", "batch_seconds", "3600 or more"),
    "batch-too-small": ("k: 6", "k: 6\nbatch_min: 7", "batch_min", "8 or more"),
    "time-with-seconds": ("2026-03-31T23:59", "2026-03-31T23:59:00", "deadline.time", "2027-08-13T23:59"),
    "time-in-a-gap": (
        "deadline: 2026-03-31T23:59",
        "deadline: {time: 2026-03-08T02:30, zone: America/New_York}",
        "deadline",
        "another minute",
    ),
    "unknown-zone": ("zone: Asia/Phnom_Penh", "zone: Asia/Phnompenh", "opens", "IANA"),
    "no-zone": ("zone: Asia/Phnom_Penh\n", "", "opens", "IANA"),
    "opens-after-deadline": ("opens: 2026-02-01", "opens: 2026-04-01", "opens", "before the deadline"),
    "language-missing": ("title: {en: Listening to the river, km: ស្តាប់ទន្លេ}", "title: {en: Listening}", "title.km", "in km"),
    "language-empty": ("en: Boats", 'en: " "', "questions[8].label.en", "in en"),
    "language-unasked": ("en: Boats,", "en: Boats, fr: Bateaux,", "questions[8].label.fr", "add fr to languages"),
    "language-twice": ("languages: [en, km]", "languages: [en, km, en]", "languages", "2 times"),
    "no-language": ("languages: [en, km]", "languages: []", "languages", "at least 1"),
    "language-not-in-codebook": ("languages: [en, km]", "languages: [en, km, fr]", "questions[1].options", "no labels in fr"),
    "promise-point-missing": ("  counts: {en: Counts are public., km: ចំនួនជាសាធារណៈ។}\n", "", "promise", "`counts`"),
    "promise-point-unknown": ("  counts:", "  count: {en: a, km: b}\n  counts:", "promise.count", "take this point out"),
    "promise-half": ("{en: Counts are public., km: ចំនួនជាសាធារណៈ។}", "{en: Counts}", "promise.counts.km", "in km"),
    "audience-twice": ("{id: town,", "{id: river-people,", "audiences", "2 times"),
    "question-twice": ("id: boats", "id: words", "questions", "2 times"),
    "fields-would-collide": ("id: boats", "id: day-year", "questions", "`q-day-year`"),
    "id-is-reserved": ("id: boats", "id: audience", "questions[8].id", "another id"),
    "unknown-list": ("options: yes-no", "options: yes-or-no", "questions[1].options", "not a list of the codebook"),
    "code-outside-codebook": ("only: [TD5,", "only: [TD99,", "questions[2].options.only[0]", "not a code"),
    "code-without-outside": ("without: [none,", "without: [nothing,", "questions[3].options.without[0]", "not a code"),
    "nothing-left": ("without: [none, other]", "only: [none], without: [none]", "questions[3].options", "at least one"),
    "own-labels": ("options: yes-no", "options: [a, b]", "questions[1].options", "name: value"),
    "choice-without-options": ("    options: yes-no\n", "", "questions[1].options", "name a list"),
    "options-where-none-belong": ("type: number", "type: number\n    options: yes-no", "questions[8].options", "take the options out"),
    "precision-missing": ("    precision: month\n", "", "questions[5].precision", "day, month or year"),
    "precision-on-number": ("type: number", "type: number\n    precision: day", "questions[8].precision", "nothing else"),
    "max-bytes-on-number": ("type: number", "type: number\n    max_bytes: 9", "questions[8].max_bytes", "nothing else"),
    "texts-too-long": ("max_bytes: 40", "max_bytes: 900000", "questions", "lower max_bytes"),
    "contact-not-direct": ("discloses: direct", "discloses: none", "questions[11].discloses", "write direct"),
    "text-to-be-counted": (
        "discloses: free_text\n  - id: seen",
        "discloses: sensitive\n  - id: seen",
        "questions[0].discloses",
        "free_text",
    ),
    "quasi-without-ladder": ("    generalize: [month, year, all]\n", "", "questions[4].generalize", "ladder"),
    "ladder-unknown-level": ("[month, year, all]", "[week, year]", "questions[4].generalize", "out of day"),
    "ladder-upside-down": ("[month, year, all]", "[year, month]", "questions[4].generalize", "finest first"),
    "ladder-of-other-type": ("[country, world]", "[province]", "questions[6].generalize", "out of country"),
    "ladder-on-sensitive": ("precision: month", "precision: month\n    generalize: [year]", "questions[5].generalize", "of no other"),
    "ladder-finer-than-asked": (
        "precision: month\n    discloses: sensitive",
        "precision: month\n    discloses: quasi\n    generalize: [day]",
        "questions[5].generalize",
        "asks for no day",
    ),
    "ladder-months-of-years": (
        "precision: month\n    discloses: sensitive",
        "precision: year\n    discloses: quasi\n    generalize: [half-year]",
        "questions[5].generalize",
        "begin with `year`",
    ),
    "ladder-without-groups": (
        "options: yes-no\n    discloses: none",
        "options: yes-no\n    discloses: quasi\n    generalize: [group]",
        "questions[1].generalize",
        "no groups",
    ),
    "condition-on-later": ("show_if: {is: {seen:", "show_if: {is: {bank:", "questions[2].show_if", "earlier question"),
    "condition-on-unknown-code": ('{seen: "yes"}', "{seen: maybe}", "questions[2].show_if", "not an option"),
    "condition-has-for-is": ("show_if: {is:", "show_if: {has:", "questions[2].show_if", "write `is`"),
    "condition-two-words": ("show_if: {is:", "show_if: {has: {a: b}, is:", "questions[2].show_if", "exactly one of"),
    "condition-other-word": ("show_if: {is:", "show_if: {equals:", "questions[2].show_if.equals", "known here are all, any"),
    "table-twice": ("id: kinds-by-home", "id: kinds-seen", "tables", "2 times"),
    "table-of-unknown": ("dimensions: [kinds]", "dimensions: [sorts]", "tables[0].dimensions", "not a question"),
    "table-of-direct": ("dimensions: [kinds]", "dimensions: [contact]", "tables[0].dimensions", "it is direct"),
    "table-of-direct-choices": (
        'show_if: {is: {seen: "yes"}}\n    discloses: sensitive',
        "discloses: direct",
        "tables[0].dimensions",
        "`kinds` out; only what is quasi or sensitive is counted, and it is direct",
    ),
    "ladder-on-direct": (
        "discloses: quasi\n    generalize: [province, zone]",
        "discloses: direct\n    generalize: [province, zone]",
        "questions[7].generalize",
        "of no other",
    ),
    "table-of-text": ("dimensions: [kinds]", "dimensions: [words]", "tables[0].dimensions", "it is free_text"),
    "table-of-none": ("dimensions: [kinds]", "dimensions: [seen]", "tables[0].dimensions", "it is none"),
    "table-of-itself": ("dimensions: [home, kinds]", "dimensions: [home, home]", "tables[1].dimensions", "2 times"),
    "table-of-nothing": ("dimensions: [kinds]", "dimensions: []", "tables[0].dimensions", "at least 1"),
    "table-too-deep": ("dimensions: [kinds]", "dimensions: [kinds, home, day, bank]", "tables[0].dimensions", "at most 3"),
    "tags-of-languages": ("languages: [en, km]", "languages: [en, Khmer language]", "languages[1]", "language tags"),
    "duplicate-key": ("k: 6", "k: 6\nk: 7", "k", "twice"),
}


@pytest.mark.parametrize(("before", "after", "path", "part"), SPOILT.values(), ids=SPOILT.keys())
def test_mistake_names_path_and_cure(river_text: str, before: str, after: str, path: str, part: str) -> None:
    assert river_text.count(before) == 1
    mistakes = mistakes_in(river_text.replace(before, after))
    assert [mistake for mistake in mistakes if mistake.path == path and part in mistake.sentence], [str(one) for one in mistakes]


def test_number_cannot_be_counted(river_text: str) -> None:
    text = river_text.replace("km: ទូក}\n    discloses: none", "km: ទូក}\n    discloses: sensitive").replace("[kinds]", "[boats]")
    assert [mistake.sentence for mistake in mistakes_in(text)] == ["take `boats` out; a number question cannot be counted"]


UNCOUNTED = {
    "choice": ("options: yes-no\n    discloses: none", "options: yes-no\n    discloses: direct"),
    "ranking": ("without: [none, other]}\n    discloses: sensitive", "without: [none, other]}\n    discloses: direct"),
    "place": ("discloses: quasi\n    generalize: [province, zone]", "discloses: direct"),
}


@pytest.mark.parametrize(("before", "after"), UNCOUNTED.values(), ids=UNCOUNTED.keys())
def test_what_is_ticked_may_be_direct(river_text: str, before: str, after: str) -> None:
    assert river_text.count(before) == 1
    parse_definition(river_text.replace(before, after), "river.yaml")


def test_call_without_tables_and_audiences(river_text: str, keys: dict[str, Any]) -> None:
    text = river_text[: river_text.index("tables:")] + "tables: []\n"
    start, end = text.index("audiences:"), text.index("questions:")
    document = call_document(parse_definition(text[:start] + "audiences: []\n" + text[end:], "river.yaml"), **keys)
    assert (document["tables"], document["audiences"]) == ([], [])
    assert validate_call(document).tables == ()


def test_two_choices_cannot_be_crossed(river_text: str) -> None:
    text = river_text.replace("type: ranking", "type: choices").replace("[home, kinds]", "[needs, kinds]")
    assert "keep one question with several answers" in mistakes_in(text)[0].sentence


def test_mistake_names_file_and_line(river_text: str) -> None:
    text = river_text.replace("type: number", "type: slider")
    mistake = mistakes_in(text)[0]
    assert (mistake.file, mistake.line) == ("river.yaml", line_of(text, "type: slider"))
    assert str(mistake).startswith(f"river.yaml:{mistake.line}: questions[8].type: write one of ")


def test_missing_text_has_line_of_its_parent(river_text: str) -> None:
    text = river_text.replace(", km: ទូក", "")
    assert mistakes_in(text)[0].line == line_of(text, "label: {en: Boats}")


def test_every_mistake_is_named_at_once(river_text: str) -> None:
    text = river_text.replace("k: 6", "k: 1").replace("type: number", "type: slider").replace("retention: 30", "retention: 0")
    assert [mistake.path for mistake in mistakes_in(text)] == ["retention", "k", "questions[8].type"]


def test_message_repeats_no_value(river_text: str) -> None:
    for mistake in mistakes_in(river_text.replace("type: number", "type: kanaryvogel").replace("k: 6", "k: kanaryvogel")):
        assert "kanaryvogel" not in mistake.sentence


def test_country_code_no_is_no_boolean(river_text: str) -> None:
    definition = parse_definition(river_text.replace("only: [KH, TH, FR]", "only: [KH, NO]"), "river.yaml")
    assert definition.questions[6].options is not None
    assert definition.questions[6].options.only == ("KH", "NO")


@pytest.mark.parametrize("text", ["", "[]", "just words", "1", "null", "a:\n\t- b"])
def test_other_documents_are_refused(text: str) -> None:
    assert mistakes_in(text)[0].line >= 1


def test_file_not_in_utf8_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "call.yaml"
    path.write_bytes(b"id: a\ntitle: \xff\xfe\n")
    with pytest.raises(DefinitionError) as caught:
        load_definition(path)
    assert str(caught.value) == "call.yaml:2: save this file as UTF-8 text"


def test_lone_surrogate_is_refused(river_text: str) -> None:
    assert mistakes_in(river_text.replace("en: Boats", 'en: "\\uD800"'))


# -- call.json --------------------------------------------------------------------------------------------------------------------------

CALL_KEYS = {
    "v",
    "call",
    "host",
    "opens",
    "deadline",
    "deadline_local",
    "grace_seconds",
    "retention_days",
    "recipients",
    "log_vkey",
    "signing_key",
    "timestamp_authorities",
    "batch_seconds",
    "batch_min",
    "max_k",
    "k",
    "planted",
    "languages",
    "title",
    "introduction",
    "promise",
    "audiences",
    "questions",
    "tables",
    "demo",
}


def test_document_has_the_keys_of_the_format(river_document: dict[str, Any]) -> None:
    assert set(river_document) == CALL_KEYS


def test_document_holds_no_null(river_document: dict[str, Any]) -> None:
    def nulls(value: Any) -> bool:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return value is None or any(nulls(part) for part in inner)

    assert not nulls(river_document)


def test_defaults_of_the_format(river_document: dict[str, Any]) -> None:
    defaults = {"grace_seconds": 600, "batch_seconds": 21600, "batch_min": 8, "max_k": 24, "planted": 6, "demo": False}
    assert {key: river_document[key] for key in defaults} == defaults


def test_times_become_instants(river_document: dict[str, Any]) -> None:
    assert river_document["opens"] == 1769907600  # 2026-02-01 08:00 in Phnom Penh
    assert river_document["deadline"] == 1774976400  # 2026-04-01 00:00 in Phnom Penh, the first instant that is late
    assert river_document["deadline_local"] == {"time": "2026-03-31T23:59", "zone": "Asia/Phnom_Penh"}


def test_options_stand_in_codebook_order(river_document: dict[str, Any]) -> None:
    assert [option["code"] for option in river_document["questions"][2]["options"]] == ["DA1", "TD1", "TD5"]


def test_only_groups_in_use_are_kept(river_document: dict[str, Any]) -> None:
    assert [group["code"] for group in river_document["questions"][2]["groups"]] == ["direct-attack", "distance"]


def test_whole_lists_of_country_and_place(shipped: Any, river_document: dict[str, Any]) -> None:
    assert len(shipped.question("country").options) == 249
    assert len(river_document["questions"][7]["options"]) == 25


def test_without_takes_codes_out(river_document: dict[str, Any]) -> None:
    codes = {option["code"] for option in river_document["questions"][3]["options"]}
    assert "health" in codes
    assert not codes & {"none", "other"}


def test_text_without_limit_gets_one(river_document: dict[str, Any]) -> None:
    assert river_document["questions"][-1]["max_bytes"] == 2000


DEMO = DemoTimes(opens=1_790_000_000, deadline=1_790_007_260)


def test_demo_times_replace_those_written(river_definition: Definition, keys: dict[str, Any]) -> None:
    document = call_document(river_definition, **keys, demo=DEMO)
    assert (document["opens"], document["deadline"], document["batch_seconds"]) == (1_790_000_000, 1_790_007_260, 60)
    assert validate_call(document).demo


def test_demo_deadline_as_wall_time(river_definition: Definition, keys: dict[str, Any]) -> None:
    document = call_document(river_definition, **keys, demo=DEMO)
    assert document["deadline_local"] == {"time": "2026-09-21T23:14", "zone": "Asia/Phnom_Penh"}


def test_short_batches_without_demo_are_refused(river_definition: Definition, keys: dict[str, Any]) -> None:
    document = call_document(river_definition, **keys, demo=DEMO)
    with pytest.raises(CallError):
        validate_call({**document, "demo": False})


def test_demo_in_the_yaml_lifts_the_bounds(river_text: str) -> None:
    text = river_text.replace("k: 6", "k: 6\nbatch_seconds: 5\nbatch_min: 1\ndemo: true")
    assert parse_definition(text, "river.yaml").demo


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("host", "https://reports.example"),
        ("host", "reports.example/x"),
        ("host", "Reports.example"),
        ("recipients", []),
        ("recipients", ["age1pq1" + "q" * 1952] * 6),
        ("recipients", ["age1" + "q" * 58]),
        ("log_vkey", "reports.example/river"),
        ("signing_key", "RW"),
    ],
)
def test_keys_of_another_shape_are_refused(river_definition: Definition, keys: dict[str, Any], key: str, value: object) -> None:
    with pytest.raises(CallError):
        call_document(river_definition, **{**keys, key: value})


def test_schema_beside_the_calls_is_current() -> None:
    root = pathlib.Path(__file__).parents[2]
    written = subprocess.run([sys.executable, "-m", "questionnaire"], cwd=root, capture_output=True, check=True, timeout=60).stdout
    assert (root / "questionnaire" / "call.schema.json").read_bytes() == written
    assert json.loads(written) == json_schema()


def test_schema_knows_the_lists_of_the_codebook() -> None:
    listed = json_schema()["$defs"]["PickedOptions"]["properties"]["list"]["enum"]
    assert {"incident", "province", "country"} <= set(listed)


def test_finding_without_a_sentence_keeps_its_own() -> None:
    assert complaint({"type": "recursion_loop", "loc": ("k",), "msg": "Recursion error", "input": None}) == "Recursion error"
