"""The files a page loads: built by form/build.mjs into form/static/, named by their content, checked by the browser against their integrity."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from form.errors import BundleMissingError, UnknownAssetError

STATIC = Path(__file__).parent / "static"

_MEDIA_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".woff2": "font/woff2", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the pages: its name at `/static/{name}`, its bytes, media type and subresource integrity (`sha384-…`)."""

    name: str
    content: bytes
    media_type: str
    integrity: str


class _Built(TypedDict):
    name: str
    integrity: str


def asset_names() -> tuple[str, ...]:
    """The names of every file that is served under `/static/`. Raises BundleMissingError."""
    return tuple(sorted(built["name"] for built in _manifest(STATIC).values()))


def asset(name: str) -> Asset:
    """The file served as `/static/{name}`; its name changes with its content, so it may be cached for ever.

    Raises UnknownAssetError for any other name, whatever it contains, and BundleMissingError.
    """
    for built in _manifest(STATIC).values():
        if built["name"] == name:
            return _read(STATIC / name, built["integrity"])
    raise UnknownAssetError("No file of this name belongs to the pages.")


def source_asset(source: str) -> Asset:
    """The built file of a source name such as `form.js`. Raises UnknownAssetError and BundleMissingError."""
    built = _manifest(STATIC).get(source)
    if built is None:
        raise UnknownAssetError("No file of this name belongs to the pages.")
    return _read(STATIC / built["name"], built["integrity"])


@functools.cache
def _manifest(folder: Path) -> dict[str, _Built]:
    try:
        return dict(json.loads((folder / "manifest.json").read_bytes()))
    except FileNotFoundError:
        raise BundleMissingError("The browser's files are not built yet. Run `make form` (or `node form/build.mjs`).") from None


@functools.cache
def _read(path: Path, integrity: str) -> Asset:
    try:
        return Asset(path.name, path.read_bytes(), _MEDIA_TYPES[path.suffix], integrity)
    except FileNotFoundError:
        raise BundleMissingError("The browser's files are built only in part. Run `make form` (or `node form/build.mjs`) again.") from None
