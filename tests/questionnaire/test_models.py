import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questionnaire.errors import CallError
from questionnaire.models import Call, load_call


def as_bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def test_bytes_become_a_call(river_document: dict[str, Any], river: Call) -> None:
    assert load_call(as_bytes(river_document)) == river


def test_escaped_bytes_are_the_same_call(river_document: dict[str, Any], river: Call) -> None:
    assert load_call(json.dumps(river_document).encode()) == river


def test_defaults_may_be_left_out(river_document: dict[str, Any], river: Call) -> None:
    left_out = {"grace_seconds", "timestamp_authorities", "batch_seconds", "batch_min", "max_k", "planted", "demo"}
    assert load_call(as_bytes({key: value for key, value in river_document.items() if key not in left_out})) == river


SPOILT: dict[str, dict[str, Any]] = {
    "version-2": {"v": 2},
    "version-as-text": {"v": "1"},
    "unknown-key": {"theme": "dark"},
    "id-with-slash": {"call": "a/b"},
    "id-too-long": {"call": "a" * 41},
    "k-too-small": {"k": 4},
    "k-as-float": {"k": 6.0},
    "planted-none": {"planted": 0},
    "batch-too-short": {"batch_seconds": 3599},
    "batch-too-small": {"batch_min": 1},
    "max-k-too-large": {"max_k": 27},
    "deadline-before-opening": {"deadline": 5, "opens": 6},
    "deadline-as-text": {"deadline": "2026-03-31"},
    "no-recipient": {"recipients": []},
    "no-language": {"languages": []},
    "third-language": {"languages": ["en", "km", "fr"]},
    "title-in-one-language": {"title": {"en": "Listening"}},
    "promise-left-out": {"promise": {}},
    "no-question": {"questions": []},
    "demo-as-text": {"demo": "true"},
    "table-of-nothing-asked": {"tables": [{"id": "a", "title": {"en": "a", "km": "a"}, "dimensions": ["b"]}]},
    "table-of-contacts": {"tables": [{"id": "a", "title": {"en": "a", "km": "a"}, "dimensions": ["contact"]}]},
    "authority-without-certificate": {"timestamp_authorities": [{"name": "tsa", "url": "https://tsa.example", "certificate": ""}]},
    "two-authorities-of-one-name": {
        "timestamp_authorities": [{"name": "tsa", "url": f"https://{host}.example", "certificate": "x"} for host in ("a", "b")]
    },
}


@pytest.mark.parametrize("change", SPOILT.values(), ids=SPOILT.keys())
def test_spoilt_call_is_refused(river_document: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(CallError) as caught:
        load_call(as_bytes({**river_document, **change}))
    assert caught.value.word == ("version" if "v" in change else "wrong-call")


@pytest.mark.parametrize("group", [None, "other"])
def test_option_outside_the_groups_is_refused(river_document: dict[str, Any], group: str | None) -> None:
    option = river_document["questions"][2]["options"][0]
    option.pop("group")
    option.update({"group": group} if group else {})
    with pytest.raises(CallError):
        load_call(as_bytes(river_document))


@pytest.mark.parametrize(
    "key",
    [
        *("v", "call", "host", "opens", "deadline", "deadline_local", "retention_days", "recipients", "log_vkey", "signing_key"),
        *("k", "languages", "title", "introduction", "promise", "audiences", "questions", "tables"),
    ],
)
def test_key_without_default_is_needed(river_document: dict[str, Any], key: str) -> None:
    del river_document[key]
    with pytest.raises(CallError):
        load_call(as_bytes(river_document))


@pytest.mark.parametrize(
    ("spoil"),
    [
        pytest.param(lambda data: data.replace(b'"k":6', b'"k":6,"k":6'), id="key-twice"),
        pytest.param(lambda data: data.replace(b'"code":"yes"', b'"code":"no","code":"yes"', 1), id="inner-key-twice"),
        pytest.param(lambda data: data.replace(b'"k":6', b'"k":NaN'), id="nan"),
        pytest.param(lambda data: data.replace(b"River people", b"\xff"), id="not-utf-8"),
        pytest.param(lambda data: data.replace(b"River people", b"\\ud800"), id="lone-surrogate"),
        pytest.param(lambda data: data + b"x", id="something-after"),
        pytest.param(lambda data: data[:-1], id="cut-short"),
        pytest.param(lambda data: b"\xef\xbb\xbf" + data, id="byte-order-mark"),
        pytest.param(lambda _: b"[" * 200_000, id="nested"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"[]", id="array"),
    ],
)
def test_spoilt_bytes_are_refused(river_document: dict[str, Any], spoil: Any) -> None:
    data = as_bytes(river_document)
    assert spoil(data) != data
    with pytest.raises(CallError):
        load_call(spoil(data))


def test_key_twice_has_its_word(river_document: dict[str, Any]) -> None:
    """The word that crypto's own reader gives (F0.3), in the outermost object and inside."""
    data = as_bytes(river_document)
    for once, twice in ((b'"k":6', b'"k":6,"k":6'), (b'"code":"yes"', b'"code":"no","code":"yes"')):
        with pytest.raises(CallError) as caught:
            load_call(data.replace(once, twice, 1))
        assert caught.value.word == "json-duplicate"


@given(st.binary())
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CallError):
        load_call(data)


def test_origin_and_close(river: Call) -> None:
    assert river.origin == "reports.example:8443/river-listening"
    assert river.close == river.deadline + 600


@pytest.mark.parametrize(("lang", "text"), [("km", "ទូក"), ("km-KH", "ទូក"), ("en", "Boats"), ("fr", "Boats")])
def test_text_falls_back(river: Call, lang: str, text: str) -> None:
    assert river.text(river.question("boats").label, lang) == text


def test_promises_stand_in_order(river: Call) -> None:
    points = [point for point, _ in river.promises("km")]
    assert points == ["readers", "held", "kept", "withdrawal", "seizure", "named", "counts", "emergency", "receipt", "plain"]


def test_lookups(river: Call) -> None:
    contact = river.contact_question()
    assert contact is not None
    assert contact.id == "contact"
    assert river.audience("town").name["en"] == "The town"
    assert river.question("kinds").option("TD1").group == "distance"
    assert river.question("kinds").group("distance").code == "distance"


@pytest.mark.parametrize(
    "look",
    [
        lambda call: call.question("x"),
        lambda call: call.audience("x"),
        lambda call: call.question("seen").option("x"),
        lambda call: call.question("seen").group("x"),
        lambda call: call.text({}, "en"),
    ],
)
def test_lookup_of_nothing(river: Call, look: Any) -> None:
    with pytest.raises(KeyError):
        look(river)


def test_call_without_contact(river: Call) -> None:
    assert river.model_copy(update={"questions": river.questions[:1]}).contact_question() is None


def test_crossing_the_host_country_needs_ten(river: Call) -> None:
    assert [river.table_k(table) for table in river.tables] == [6, 10]


def test_larger_k_stays(river: Call) -> None:
    assert river.model_copy(update={"k": 12}).table_k(river.tables[1]) == 12
