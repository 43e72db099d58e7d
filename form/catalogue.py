"""The interface's own texts: gettext catalogues form/locale/{language}.po, one key for each text, the same keys in every language."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.pofile import read_po

from form.errors import UnknownTextError

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCALE = Path(__file__).parent / "locale"
FALLBACK = "en"

LANGUAGES = tuple(sorted((path.stem for path in LOCALE.glob("*.po")), key=lambda tag: (tag != "km", tag)))
"""The languages the interface itself speaks, Khmer first. A call may have more: its own texts then stand in an English frame."""

_KHMER_DIGITS = str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")


class Catalogue:
    """Texts in one language."""

    def __init__(self, lang: str) -> None:
        """`lang` is a BCP 47 tag; its primary language is taken when it has no catalogue, and English when that has none either."""
        self.lang = lang
        spoken = next((tag for tag in (lang, lang.split("-", maxsplit=1)[0], FALLBACK) if tag in LANGUAGES), FALLBACK)
        self.texts = read_texts(spoken)

    def __call__(self, key: str, **places: str) -> str:
        """The text under `key` with its `{places}` filled. Raises UnknownTextError."""
        text = self.texts.get(key)
        if text is None:
            raise UnknownTextError(f"no text {key} for {self.lang}")
        return text.format(**places) if places else text

    def either(self, key: str, other: str) -> str:
        """The text under `key`, or the one under `other` when there is none."""
        return self(key if key in self.texts else other)

    def beginning(self, *prefixes: str) -> tuple[tuple[str, str], ...]:
        """Every (key, text) whose key begins with one of `prefixes`, in the order of the catalogue."""
        return tuple((key, text) for key, text in self.texts.items() if key.startswith(prefixes))

    def number(self, number: int | str) -> str:
        """A number in the digits of running text in this language (khmer.md)."""
        return str(number).translate(_KHMER_DIGITS) if self.lang.split("-")[0] == "km" else str(number)


@functools.cache
def read_texts(tag: str) -> Mapping[str, str]:
    """The key and text pairs of one catalogue, in the order of the file; keys without a text are left out."""
    with (LOCALE / f"{tag}.po").open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file, locale=tag) if message.id and message.string}
