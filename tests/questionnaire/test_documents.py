import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questionnaire.documents import parse_path, path_text, read_document
from questionnaire.errors import DefinitionError


def value_of(text: str) -> object:
    return read_document(f"x: {text}", "call.yaml").value["x"]


@pytest.mark.parametrize(
    "word", ["NO", "no", "No", "yes", "on", "Off", "y", "True", "FALSE", "Null", "12:30", "1_000", "0x1F", "2026-01-05", "<<", "="]
)
def test_yaml_1_1_words_stay_text(word: str) -> None:
    assert value_of(word) == word


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("-7", -7), ("012", 12), ("1.5", 1.5)]
)
def test_core_schema_values(text: str, value: object) -> None:
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


def test_quoted_words_are_text() -> None:
    assert value_of('"true"') == "true"


def test_time_of_day_stays_text() -> None:
    assert value_of("2026-01-05T08:00") == "2026-01-05T08:00"


@pytest.mark.parametrize(
    ("text", "line", "path"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", 3, "a", id="duplicate-key"),
        pytest.param("a:\n  - b: 1\n    b: 2\n", 3, "a[0].b", id="duplicate-key-inside"),
        pytest.param("a: &x 1\nb: *x\n", 2, "b", id="alias"),
        pytest.param("a: !!binary aGk=\n", 1, "a", id="tag"),
        pytest.param("a: !x 1\n", 1, "a", id="own-tag"),
        pytest.param("a:\n  ? [b]\n  : 1\n", 2, "a", id="key-is-a-list"),
        pytest.param("a: 1\n b: 2\n", 2, "", id="bad-indent"),
        pytest.param("a: [1\n", 2, "", id="ends-too-early"),
        pytest.param("a: 1\n---\nb: 2\n", 2, "", id="two-documents"),
        pytest.param("a: \x01\n", 1, "", id="control-character"),
    ],
)
def test_refusals_name_line_and_path(text: str, line: int, path: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_document(text, "call.yaml")
    mistake = caught.value.mistakes[0]
    assert (mistake.file, mistake.line, mistake.path) == ("call.yaml", line, path)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(DefinitionError):
        read_document("[" * 100_000, "call.yaml")


def test_lines_of_every_place() -> None:
    document = read_document("a: 1\nb:\n  - c: 2\n  - d\n", "call.yaml")
    assert document.line(("a",)) == 1
    assert document.line(("b", 0, "c")) == 3
    assert document.line(("b", 1)) == 4


def test_missing_place_has_its_parents_line() -> None:
    document = read_document("a: 1\nb:\n  c: 2\n", "call.yaml")
    assert document.line(("b", "label", "km")) == 2
    assert document.line(("z",)) == 1


names = st.text("abcxyz-_", min_size=1)


@given(names, st.lists(names | st.integers(0, 99)))
def test_paths_survive_writing(first: str, rest: list[str | int]) -> None:
    path = (first, *rest)
    assert parse_path(path_text(path)) == path


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(DefinitionError):
        assert read_document(text, "call.yaml").line(()) >= 1
