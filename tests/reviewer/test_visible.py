"""Text from a report on a reviewer's screen."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "⟨U+001B⟩[2J"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("a\u2066b\u2069", "a⟨U+2066⟩b⟨U+2069⟩"),
        ("a\u200fb", "a⟨U+200F⟩b"),
        ("a\u061cb", "a⟨U+061C⟩b"),
        ("a\nb", "a⟨U+000A⟩b"),
        ("a\x7fb\x85c", "a⟨U+007F⟩b⟨U+0085⟩c"),
        ("a\u2028b", "a⟨U+2028⟩b"),
        ("a\xadb", "a⟨U+00AD⟩b"),
        ("a\U000e0041b", "a⟨U+E0041⟩b"),
        ("a\ufeffb", "a⟨U+FEFF⟩b"),
        ("\ud800", "⟨U+D800⟩"),
        ("ពួក\u200bគេ", "ពួក\u200bគេ"),
        ("ក\u200cខ\u200d", "ក\u200cខ\u200d"),
    ],
)
def test_what_acts_becomes_a_number(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_stay_when_wanted() -> None:
    assert visible("a\r\nb\n\tc\rd", lines=True) == "a\nb\n\tc⟨U+000D⟩d"


@given(st.text())
def test_nothing_that_acts_is_left(text: str) -> None:
    left = set(visible(text)) - set("\u200b\u200c\u200d")
    assert {unicodedata.category(character) for character in left} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} == set()


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])))
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert visible(text) == text
