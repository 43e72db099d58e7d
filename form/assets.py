"""The files a page loads: built by form/build.mjs into form/static/, named by their content, held against their integrity."""

from __future__ import annotations

import functools
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from form.errors import BundleMissingError, UnknownAssetError

STATIC = Path(__file__).parent / "static"

_MEDIA_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".woff2": "font/woff2", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the pages: its name at `/static/{name}`, its bytes, media type and subresource integrity (`sha384-…`).

    `gzipped` is the same content for clients that accept it, None where that would save nothing.
    """

    name: str
    content: bytes
    media_type: str
    integrity: str
    gzipped: bytes | None = None


class _Built(TypedDict):
    name: str
    integrity: str


class Bundle:
    """What one run of form/build.mjs wrote; read once, when it is first asked for, and kept."""

    def __init__(self, folder: Path) -> None:
        """`folder` has a manifest.json and the files it names. Raises BundleMissingError when one of them is not there."""
        try:
            manifest: dict[str, _Built] = json.loads((folder / "manifest.json").read_bytes())
            self._by_source = {source: _read(folder, built) for source, built in manifest.items()}
        except FileNotFoundError:
            raise BundleMissingError("The browser's files are not built, or only in part. Run `make form/static/manifest.json`.") from None
        self._by_name = {found.name: found for found in self._by_source.values()}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of every file that is served under `/static/`."""
        return tuple(sorted(self._by_name))

    def asset(self, name: str) -> Asset:
        """The file served as `/static/{name}`. Raises UnknownAssetError for any other name, whatever it contains."""
        return _known(self._by_name.get(name))

    def source(self, source: str) -> Asset:
        """The built file of a source name such as `form.js`. Raises UnknownAssetError."""
        return _known(self._by_source.get(source))


def asset_names() -> tuple[str, ...]:
    """The names of every file that is served under `/static/`. Raises BundleMissingError."""
    return _bundle().names


def asset(name: str) -> Asset:
    """The file served as `/static/{name}`; its name changes with its content, so it may be cached for ever.

    Raises UnknownAssetError for any other name, and BundleMissingError.
    """
    return _bundle().asset(name)


def source_asset(source: str) -> Asset:
    """The built file of a source name such as `form.js`. Raises UnknownAssetError and BundleMissingError."""
    return _bundle().source(source)


@functools.cache
def _bundle() -> Bundle:
    return Bundle(STATIC)


def _known(found: Asset | None) -> Asset:
    if found is None:
        raise UnknownAssetError("No file of this name belongs to the pages.")
    return found


def _read(folder: Path, built: _Built) -> Asset:
    path = folder / built["name"]
    content = path.read_bytes()
    gzipped = gzip.compress(content, mtime=0)
    smaller = gzipped if len(gzipped) < len(content) * 0.9 else None
    return Asset(built["name"], content, _MEDIA_TYPES[path.suffix], built["integrity"], smaller)
