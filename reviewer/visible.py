"""Text that came out of a report, made safe to look at: nothing in it can move a cursor, hide, or turn round what is read."""

from __future__ import annotations

import unicodedata

# Zero-width space, non-joiner and joiner belong to written Khmer and to other scripts of the region: they break or join, and turn nothing.
_WRITTEN_FORMATS = frozenset("\u200b\u200c\u200d")
# Cc controls, Cf formats (bidi overrides, tags, soft hyphen), Cs surrogates, Co private use, Cn unassigned, Zl and Zp separators.
_SHOWN_AS_NUMBER = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str, *, lines: bool = False) -> str:
    """Return `text` with every character that a terminal obeys instead of showing written out as its number in `⟨U+XXXX⟩`.

    With `lines`, line feeds (and the CR LF that forms send) and tabs stay; without, the result is one line.
    """
    if lines:
        text = text.replace("\r\n", "\n")
    kept = _WRITTEN_FORMATS | {"\n", "\t"} if lines else _WRITTEN_FORMATS
    return "".join(
        character if character in kept or unicodedata.category(character) not in _SHOWN_AS_NUMBER else f"⟨U+{ord(character):04X}⟩"
        for character in text
    )
