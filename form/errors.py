"""The errors of this package.

FormError
├── BundleMissingError     the browser's files were not built
├── UnknownAssetError      no file of this name belongs to the pages
└── UnknownTextError       no catalogue has this text: a mistake of ours

None of them is caused by what a submitter sends, so none has a word of format.md.
"""

from __future__ import annotations


class FormError(Exception):
    """Base of everything this package raises."""


class BundleMissingError(FormError):
    """The browser's files were not built, or only in part."""


class UnknownAssetError(FormError):
    """No file of this name belongs to the pages."""


class UnknownTextError(FormError):
    """No catalogue has this text."""
