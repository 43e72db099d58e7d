"""The built files: named by their content, checked by the browser, and missed with a sentence that says what to run."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest

from form.assets import Bundle, asset, asset_names, source_asset
from form.errors import BundleMissingError, UnknownAssetError
from tests.form.node import ROOT, run_node

if TYPE_CHECKING:
    from pathlib import Path

MOST_THAT_RUNS = 52 * 1024
BROTLI = """
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";
const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
process.stdout.write(String(brotliCompressSync(readFileSync(process.argv[2]), { params }).length));
"""


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


def brotli_size(content: bytes, folder: Path) -> int:
    """Bytes of this content as brotli packs it best."""
    packed, program = folder / "content", folder / "size.mjs"
    packed.write_bytes(content)
    program.write_text(BROTLI)
    return int(run_node(program, packed).stdout)


@pytest.mark.parametrize("source", ["form.js", "offline.js"])
def test_all_that_runs_keeps_its_budget(source: str, tmp_path: Path) -> None:
    """The page's script has the worker's text inside; a script a page or worker would load beside it has no name here."""
    scripts = {name.split(".")[0] for name in asset_names() if name.endswith((".js", ".mjs", ".wasm"))}
    assert scripts == {"form", "offline"}
    script = source_asset(source).content
    assert b"mlkem768x25519" in script
    assert brotli_size(script, tmp_path) <= MOST_THAT_RUNS


def test_a_second_library_would_break_the_budget(tmp_path: Path) -> None:
    """The twin: what a copy of the curves and hashes costs, about 12 KB that cannot be packed further."""
    assert brotli_size(source_asset("form.js").content + os.urandom(12_000), tmp_path) > MOST_THAT_RUNS


def test_the_offline_style_holds_its_letters() -> None:
    style = source_asset("offline-style.css").content.decode()
    assert style.count("url(data:font/woff2;base64,") == style.count("url(") == 2


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    script = f"import {{ workerScript }} from '{ROOT}/form/build.mjs'; process.stdout.write(await workerScript());"
    program = tmp_path / "twice.mjs"
    program.write_text(script)
    first, second = run_node(program), run_node(program)
    assert first.stdout == second.stdout != ""
