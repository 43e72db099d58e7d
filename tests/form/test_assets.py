"""The built files: named by their content, checked by the browser, and missed with a sentence that says what to run."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from form.assets import Bundle, asset, asset_names, source_asset
from form.errors import BundleMissingError, UnknownAssetError
from tests.form.node import ROOT, run_node

if TYPE_CHECKING:
    from pathlib import Path


def test_integrity_is_that_of_the_bytes() -> None:
    assert len(asset_names()) == 8
    for name in asset_names():
        found = asset(name)
        assert found.integrity == f"sha384-{base64.b64encode(hashlib.sha384(found.content).digest()).decode()}"


def test_media_types_are_right() -> None:
    found = {source: source_asset(source).media_type.split(";")[0] for source in ("form.js", "form.css", "khmer-400.woff2", "icon.svg")}
    assert found == {"form.js": "text/javascript", "form.css": "text/css", "khmer-400.woff2": "font/woff2", "icon.svg": "image/svg+xml"}


@pytest.mark.parametrize("name", ["../page.py", "manifest.json", "form.js", "", "/etc/passwd", "form.\0.js"])
def test_only_our_own_files_are_given(name: str) -> None:
    with pytest.raises(UnknownAssetError):
        asset(name)


def test_an_unbuilt_bundle_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BundleMissingError, match="make"):
        Bundle(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"form.js": {"name": "form.X.js", "integrity": "sha384-"}}))
    with pytest.raises(BundleMissingError, match="make"):
        Bundle(tmp_path)


def test_styles_name_only_files_that_exist() -> None:
    style = source_asset("form.css").content.decode()
    addresses = style.split("url(")[1:]
    assert len(addresses) == 2
    for address in addresses:
        assert address.split(")")[0].strip("\"'").removeprefix("/static/") in asset_names()


def test_the_page_is_light_on_the_wire() -> None:
    """The part that does not depend on a call: script, styles, letters."""
    found = [asset(name) for name in asset_names() if not name.startswith("offline")]
    wire = {one.name: len(one.gzipped or one.content) for one in found}
    assert all(gzip.decompress(one.gzipped) == one.content for one in found if one.gzipped is not None)
    assert sum(wire.values()) < 90_000, wire


def test_the_offline_style_holds_its_letters() -> None:
    style = source_asset("offline-style.css").content.decode()
    assert style.count("url(data:font/woff2;base64,") == style.count("url(") == 2


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    script = f"import {{ workerScript }} from '{ROOT}/form/build.mjs'; process.stdout.write(await workerScript());"
    program = tmp_path / "twice.mjs"
    program.write_text(script)
    first, second = run_node(program), run_node(program)
    assert first.stdout == second.stdout != ""
