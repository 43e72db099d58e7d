"""The errors of this package.

::

    SummaryError
    ├── ReleaseError     release      a file that should be a release is not one, or is not the one it must be
    └── DisclosureError  disclosure   publishing this would say something about a person

Each class has the stable word of format.md section 12. A message never holds an answer, a name or a path.
"""

from __future__ import annotations

from typing import ClassVar


class SummaryError(Exception):
    """Base of everything this package raises; `word` is the stable word of format.md section 12."""

    word: ClassVar[str] = "release"


class ReleaseError(SummaryError):
    """A release that does not verify, or one that may not follow the one before it."""

    word = "release"


class DisclosureError(SummaryError):
    """A release that the audit refuses (disclosure.md).

    `figures` is how many figures failed. It never says which: the audit's own report does, and that stays with the reviewers.
    """

    word = "disclosure"

    def __init__(self, sentence: str, *, figures: int = 1) -> None:
        """Take the sentence to print and how many figures it is about."""
        super().__init__(sentence)
        self.figures = figures
