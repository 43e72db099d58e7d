"""What people read of a release: CSV and one self-contained HTML page for every language of the call (disclosure.md, "Documents").

Documents are made of tables.json and provenance.json alone, so that they can never say more than those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from summary.documents.csv import csv_document
from summary.documents.html import html_document
from summary.published import ProvenanceDocument, TablesDocument

if TYPE_CHECKING:
    from collections.abc import Mapping


def render(tables: Mapping[str, Any], provenance: Mapping[str, Any]) -> dict[str, bytes]:
    """Every document of a release, by its name in the archive."""
    shown = TablesDocument.model_validate(tables, strict=False), ProvenanceDocument.model_validate(provenance, strict=False)
    files: dict[str, bytes] = {}
    for lang in shown[0].languages:
        files[f"documents/summary.{lang}.csv"] = csv_document(*shown, lang)
        files[f"documents/summary.{lang}.html"] = html_document(*shown, lang)
    return files
