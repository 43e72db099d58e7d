"""What is wiped is nowhere in memory any more, and what cannot be wiped is known and written down (SECURITY.md)."""

from pathlib import Path

import pytest

from bench.remnants import STEPS, remnants

WIPED = (
    "seed of the call's key",
    "its ML-KEM half, d",
    "its ML-KEM half, z",
    "its X25519 half",
    "attachment, its beginning",
    "attachment, its end",
)
STAYING = ("passphrase", "key made of the passphrase", "file key of the report", "words of the report")
"""What Python does not let us wipe: strings, and bytes that a library returns. Some are overwritten soon, by chance."""
UNSEEN = ("payload key of the report",)
"""What is wiped so early that it is not found even with the report open."""


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, int]]:
    return remnants()


@pytest.mark.parametrize("secret", WIPED)
def test_wiped_is_gone(found: dict[str, dict[str, int]], secret: str) -> None:
    assert [found[step][secret] for step in STEPS[1:]] == [0, 0]


@pytest.mark.parametrize("secret", WIPED)
def test_unwiped_is_found(found: dict[str, dict[str, int]], secret: str) -> None:
    """The twin: the same search finds it where it was not wiped yet."""
    assert found["held"][secret] > 0


@pytest.mark.parametrize("secret", UNSEEN)
def test_short_lived_is_never_found(found: dict[str, dict[str, int]], secret: str) -> None:
    assert [found[step][secret] for step in STEPS] == [0, 0, 0]


def test_every_secret_is_spoken_of(found: dict[str, dict[str, int]]) -> None:
    """A figure for each of them stands in SECURITY.md, by the name that the measurement prints."""
    security = Path(__file__).parents[2].joinpath("SECURITY.md").read_text("utf-8")
    assert set(found["held"]) == {*WIPED, *STAYING, *UNSEEN}
    assert [name for name in found["held"] if f"| {name} |" not in security] == []
