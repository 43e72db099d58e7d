"""The colours hold their contrast, in light and dark; the letters have their room."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STYLE = (Path(__file__).resolve().parents[2] / "form" / "style" / "form.css").read_text()
TEXT, BORDER = 7.0, 3.0


def colours(scheme: str) -> dict[str, str]:
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
    )
    return light if scheme == "light" else {**light, **dark}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read(scheme: str) -> None:
    found = colours(scheme)
    pairs = [(ink, paper) for ink in ("ink", "quiet", "accent", "error") for paper in ("paper", "wash")] + [("on-accent", "accent")]
    assert [
        (pair, round(contrast(found[pair[0]], found[pair[1]]), 1)) for pair in pairs if contrast(found[pair[0]], found[pair[1]]) < TEXT
    ] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_borders_can_be_seen(scheme: str) -> None:
    found = colours(scheme)
    assert all(contrast(found["line"], found[paper]) >= BORDER for paper in ("paper", "wash"))


def test_a_pale_colour_would_be_seen() -> None:
    assert contrast("#999999", "#ffffff") < TEXT < contrast("#000000", "#ffffff") == pytest.approx(21)


def test_colours_are_named_once() -> None:
    """No rule writes a colour of its own but the printed page."""
    rules = STYLE[STYLE.index("*,\n") :]
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", rules)) <= {"#000"}


def test_khmer_has_room_for_its_signs() -> None:
    assert re.search(r":lang\(km\) \{\s*--line-height: 1\.75;", STYLE)
    assert "font-size: 112.5%" in STYLE


def test_nothing_moves_by_itself() -> None:
    assert not re.search(r"\b(animation|transition|scroll-behavior)\b", STYLE)


def test_two_sizes_in_all() -> None:
    assert set(re.findall(r"font-size: ([^;]+);", STYLE)) == {"112.5%", "var(--large)", "1rem"}
