"""crypto/report.py: report.json, every key and every refusal."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.canonical import INTEGER_LIMIT, JsonValue, dumps, loads
from crypto.errors import (
    ContainerError,
    CryptoError,
    HandleMismatchError,
    JsonDuplicateError,
    ReportError,
    VersionError,
    WrongCallError,
)
from crypto.report import AttachedFile, Consent, Report, Value, check_report, parse_report

CALL_HASH = "ab" * 32
FILES = (b"a photograph", b"")
REPORT = Report(
    call="transnational-repression",
    call_sha256=CALL_HASH,
    seq=0,
    handle=b"h" * 32,
    thread=b"t" * 16,
    reply_key=b"k" * 32,
    form="web",
    lang="km",
    consent=Consent("C2", ("us-state", "eu"), contact=True),
    answers={
        "words": "គេបានគំរាមកំហែងខ្ញុំ\u200bតាមទូរស័ព្ទ",
        "incident": ["TD1", "TD4"],
        "evidence": [1, 2],
        "when": "2025-08",
        "times": -3,
        "empty": [],
    },
    files=tuple(AttachedFile("រូប.jpg", "image/jpeg", len(file), hashlib.sha256(file).hexdigest()) for file in FILES),
)

texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)
answers = st.dictionaries(
    texts.filter(bool),
    texts | st.integers(-INTEGER_LIMIT, INTEGER_LIMIT) | st.lists(texts, max_size=3) | st.lists(st.integers(1, 99), max_size=3),
    max_size=6,
)


def document() -> dict[str, Any]:
    read = loads(REPORT.to_bytes())
    assert isinstance(read, dict)
    return read


def changed(path: str, value: object) -> bytes:
    """Return report.json with the value at `path` (keys and indices between dots) replaced."""
    whole: Any = document()
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inside = whole
    for step in parents:
        inside = inside[step]
    inside[last] = value
    return dumps(whole)


def test_reads_what_it_writes() -> None:
    written = REPORT.to_bytes()
    assert parse_report(written) == REPORT
    assert dumps(loads(written)) == written


@given(answers, texts, st.sampled_from(["C0", "C1", "C2", "C3"]), st.integers(0, 99))
def test_reads_whatever_people_write(given_answers: dict[str, Value], name: str, level: str, seq: int) -> None:
    file = AttachedFile(name, name, 0, "0" * 64)
    report = replace(REPORT, answers=given_answers, consent=Consent(level, (), contact=False), seq=seq, files=(file,))
    assert parse_report(report.to_bytes()) == report


@given(st.binary(max_size=300))
def test_any_bytes_parse_or_are_refused(data: bytes) -> None:
    with pytest.raises((ReportError, JsonDuplicateError)):
        parse_report(data)


@given(st.data())
def test_any_one_value_parses_or_is_refused(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(document())))
    value: object = data.draw(st.none() | st.booleans() | st.integers(-9, 9) | texts | st.lists(texts, max_size=2) | st.just({}))
    written = changed(key, value)
    try:
        report = parse_report(written)
    except CryptoError:
        return
    assert report.to_bytes() == written


@pytest.mark.parametrize("key", sorted(document()))
def test_every_key_is_required(key: str) -> None:
    lacking = document()
    del lacking[key]
    with pytest.raises(VersionError if key == "v" else ReportError):
        parse_report(dumps(lacking))


@pytest.mark.parametrize("path", ["extra", "consent.extra", "files.0.extra"])
def test_unknown_keys_are_refused(path: str) -> None:
    with pytest.raises(ReportError):
        parse_report(changed(path, 1))


@pytest.mark.parametrize("path", ["consent", "files.0"])
def test_inner_keys_are_required(path: str) -> None:
    with pytest.raises(ReportError):
        parse_report(changed(path, {}))


def test_a_report_has_up_to_ninety_nine_files() -> None:
    named = {"name": "", "type": "", "size": 0, "sha256": "0" * 64}
    assert len(parse_report(changed("files", [named] * 99)).files) == 99


@pytest.mark.parametrize("version", [0, 2, 99, -1, "1", True, None, []])
def test_other_versions_have_their_word(version: JsonValue) -> None:
    with pytest.raises(VersionError):
        parse_report(changed("v", version))
    with pytest.raises(VersionError):
        parse_report(dumps({"v": version, "something": "new"}))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("call", ""),
        ("call", "Call"),
        ("call", "a" * 41),
        ("call", "a\n"),
        ("call", 1),
        ("call_sha256", "AB" * 32),
        ("call_sha256", "ab" * 31),
        ("call_sha256", "ab" * 32 + "\n"),
        ("seq", -1),
        ("seq", 100),
        ("seq", True),
        ("seq", "0"),
        ("handle", "68" * 31),
        ("handle", "\u0660" * 64),
        ("thread", "74" * 32),
        ("reply_key", "6b" * 16),
        ("form", "paper"),
        ("form", 1),
        ("lang", ""),
        ("lang", "k"),
        ("lang", "km_KH"),
        ("lang", "km-"),
        ("lang", "x-private"),
        ("consent", []),
        ("consent.level", "C4"),
        ("consent.level", None),
        ("consent.audiences", "eu"),
        ("consent.audiences", ["eu", "eu"]),
        ("consent.audiences", [""]),
        ("consent.audiences", [1]),
        ("consent.contact", 1),
        ("consent.contact", "yes"),
        ("answers", []),
        ("answers.", "no question"),
        ("answers.words", None),
        ("answers.words", True),
        ("answers.words", {}),
        ("answers.incident", ["TD1", 1]),
        ("answers.incident", [None]),
        ("answers.incident", [["TD1"]]),
        ("answers.evidence", [1, "2"]),
        ("answers.evidence", [0]),
        ("answers.evidence", [100]),
        ("answers.evidence", [True]),
        ("files", {}),
        ("files", [{"name": "", "type": "", "size": 0, "sha256": "0" * 64}] * 100),
        ("files.0", "photo.jpg"),
        ("files.0.name", None),
        ("files.0.type", 1),
        ("files.0.size", -1),
        ("files.0.size", "12"),
        ("files.0.sha256", "0"),
    ],
)
def test_ill_formed_values_are_refused(path: str, value: object) -> None:
    with pytest.raises(ReportError):
        parse_report(changed(path, value))


@pytest.mark.parametrize("lang", ["km", "en", "km-KH", "zh-Hant-TW"])
def test_languages_of_bcp47_are_read(lang: str) -> None:
    assert parse_report(changed("lang", lang)).lang == lang


def test_duplicate_keys_have_their_word() -> None:
    with pytest.raises(JsonDuplicateError):
        parse_report(REPORT.to_bytes().replace(b'"lang":"km"', b'"lang":"km","lang":"km"'))


@pytest.mark.parametrize("spoil", [lambda data: data + b"\n", lambda data: b"\xef\xbb\xbf" + data, lambda data: data.replace(b",", b", ")])
def test_only_canonical_json_is_read(spoil: Any) -> None:
    with pytest.raises(ReportError):
        parse_report(spoil(REPORT.to_bytes()))


def test_a_report_has_at_most_one_mebibyte() -> None:
    room = (1 << 20) - len(replace(REPORT, answers={"words": ""}).to_bytes())
    assert len(replace(REPORT, answers={"words": "x" * room}).to_bytes()) == 1 << 20
    with pytest.raises(ReportError):
        replace(REPORT, answers={"words": "x" * (room + 1)}).to_bytes()


@pytest.mark.parametrize(
    "fields",
    [
        {"answers": {"words": "\ud800"}},
        {"answers": {"times": 2**53}},
        {"answers": {"words": "\0"}},
        {"seq": 100},
        {"handle": b"short"},
        {"consent": Consent("C9", (), contact=False)},
    ],
)
def test_nothing_unreadable_is_written(fields: dict[str, Any]) -> None:
    with pytest.raises(ReportError):
        replace(REPORT, **fields).to_bytes()


def check(report: Report = REPORT, files: tuple[bytes, ...] = FILES, **facts: Any) -> None:
    known = {"call": REPORT.call, "call_sha256": CALL_HASH, "handle": REPORT.handle} | facts
    check_report(report, [memoryview(file) for file in files], **known)


def test_a_report_of_its_place_is_let_pass() -> None:
    check()


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"call": "another"}, WrongCallError),
        ({"call_sha256": "cd" * 32}, WrongCallError),
        ({"handle": b"x" * 32}, HandleMismatchError),
        ({"files": ()}, ContainerError),
        ({"files": (*FILES, b"")}, ContainerError),
        ({"files": FILES[::-1]}, ContainerError),
        ({"files": (b"A photograph", b"")}, ContainerError),
    ],
)
def test_a_report_of_another_place_is_refused(facts: dict[str, Any], error: type[CryptoError]) -> None:
    with pytest.raises(error):
        check(**facts)


def test_repr_does_not_tell() -> None:
    shown = repr(REPORT) + repr(REPORT.files)
    assert "words" not in shown
    assert "jpg" not in shown
