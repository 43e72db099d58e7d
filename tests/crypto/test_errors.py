"""The tree of crypto/errors.py: one base, one word a leaf, and the picture at its top is the tree itself."""

from __future__ import annotations

import re

import pytest

from crypto import errors

WORDS = [
    "too-large",
    "size",
    "prefix",
    "receipt",
    "no-match",
    "header",
    "mac",
    "payload",
    "padding",
    "container",
    "report",
    "json-duplicate",
    "version",
    "wrong-call",
    "handle-mismatch",
    "log-call",
    "log-entry",
    "log-duplicate",
    "log-withdraw",
    "log-inconsistent",
    "log-unsigned-tail",
    "promise-broken",
    "manifest",
    "envelope",
    "envelope-missing",
    "envelope-unlogged",
    "signature",
    "key-params",
    "key-open",
    "key-mismatch",
    "share",
]


def leaves(kind: type[errors.CryptoError]) -> list[type[errors.CryptoError]]:
    below = kind.__subclasses__()
    return [kind] if not below else [leaf for child in below for leaf in leaves(child)]


def test_every_word_has_one_class() -> None:
    assert sorted(leaf.word for leaf in leaves(errors.CryptoError)) == sorted(WORDS)


@pytest.mark.parametrize("leaf", leaves(errors.CryptoError), ids=lambda leaf: leaf.word)
def test_class_is_named_by_its_word(leaf: type[errors.CryptoError]) -> None:
    assert leaf.__name__ == "".join(part.capitalize() for part in leaf.word.split("-")) + "Error"
    assert str(leaf("One sentence.")) == "One sentence."


def test_picture_is_the_tree() -> None:
    def lines(kind: type[errors.CryptoError], depth: int) -> list[tuple[int, str, str | None]]:
        below = [line for child in kind.__subclasses__() for line in lines(child, depth + 1)]
        return [(depth, kind.__name__, None if kind.__subclasses__() else kind.word), *below]

    drawn = []
    for match in re.finditer(r"^([│├└─ ]*)(\w+Error)\b *(\([^)]*\)|[a-z-]+)?$", errors.__doc__ or "", re.MULTILINE):
        word = match[3] if match[3] and not match[3].startswith("(") else None
        drawn.append((len(match[1]) // 4, match[2], word))
    assert drawn == lines(errors.CryptoError, 0)
