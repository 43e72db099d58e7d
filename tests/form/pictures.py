"""Pictures of every page and state, to be looked at, each measured as well: `python -m tests.form.pictures`, or `make pictures`.

Writes var/pictures/{language}/{state}-{width}-{light|dark}.png and a sheet, var/pictures/index.html, that shows them side by side.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.sync_api import sync_playwright

from tests.form.browsing import ARGUMENTS
from tests.form.measures import complaints
from tests.form.node import ROOT
from tests.form.tour import calls, tour

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = ROOT / "var" / "pictures"
WIDTHS = (360, 1280)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def taken(page: Page, folder: Path, name: str) -> list[str]:
    """Four pictures of a page as it stands: each width in each scheme."""
    names = []
    for width, scheme in itertools.product(WIDTHS, SCHEMES):
        page.set_viewport_size({"width": width, "height": 740})
        page.emulate_media(color_scheme=scheme)
        page.evaluate("() => scrollTo(0, 0)")
        names.append(f"{name}-{width}-{scheme}.png")
        page.screenshot(path=folder / names[-1], full_page=True, animations="disabled")
    page.set_viewport_size({"width": WIDTHS[0], "height": 740})
    return names


def sheet(shown: dict[str, dict[str, list[str]]]) -> str:
    """One page with every picture: a row a state, a column a language, width and scheme."""
    rows = []
    for name in dict.fromkeys(name for states in shown.values() for name in states):
        cells = "".join(
            f'<a href="{lang}/{escape(file)}"><img src="{lang}/{escape(file)}" alt="{escape(f"{name} {lang}")}" loading="lazy"></a>'
            for lang, states in shown.items()
            for file in states.get(name, ())
        )
        rows.append(f"<h2>{escape(name)}</h2><div>{cells}</div>")
    style = "body{font:16px sans-serif;background:#888}div{display:flex;gap:8px;align-items:start;overflow-x:auto}img{width:220px}"
    return f"<!doctype html><meta charset=utf-8><title>Pictures</title><style>{style}</style>{''.join(rows)}"


def main(wanted: str = "") -> int:
    """Take and measure them all, or those of the states whose names begin with one of `wanted`, parted by commas."""
    if not wanted:
        shutil.rmtree(PICTURES, ignore_errors=True)
    shown: dict[str, dict[str, list[str]]] = {}
    said: list[str] = []
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        for lang in ("km", "en"):
            into = PICTURES / lang
            into.mkdir(parents=True, exist_ok=True)
            stops = itertools.chain(tour(browser, lang, Path(folder)), calls(browser, lang))
            shown[lang] = {}
            for name, page in stops:
                if name.startswith(tuple(wanted.split(","))):
                    shown[lang][name] = taken(page, into, name)
                    said += [f"{lang} {name}: {complaint}" for complaint in complaints(page, lang)]
        browser.close()
    if not wanted:
        (PICTURES / "index.html").write_text(sheet(shown))
    print(f"{sum(len(files) for states in shown.values() for files in states.values())} pictures in {PICTURES}")
    print(*said, f"{len(said)} complaints of axe-core and the other measures", sep="\n")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
