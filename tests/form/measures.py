"""What a machine can say about how a page is seen, heard and read: each measure gives the complaints it has, none where all is well.

Everything is asked through the browser's own debugging door, in a world of its own beside the page's: the page's policy stays in force, and
a page without scripts is measured like any other.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.form.node import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page, ViewportSize

NARROW: ViewportSize = {"width": 320, "height": 256}
"""What is left of 1280 by 1024 at 400 %."""


AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
OPTIONS = json.dumps(
    {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"], "preload": False, "performanceTimer": False}
)
LEAST_CONTRAST = 7.0

PALE = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const channels = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = (colour) => {
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const [red, green, blue] = [...channels(colour)].map((part) => linear(part / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (channels(backgroundColor)[3] === 255) return backgroundColor;
    }
    return "Canvas";
  };
  const complaints = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() === "" || !element.checkVisibility({ opacityProperty: true })) continue;
    const [one, other] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < LEAST) complaints.add(`contrast ${contrast.toFixed(1)}: ${node.data.trim().slice(0, 40)}`);
  }
  return [...complaints];
}""".replace("LEAST", str(LEAST_CONTRAST))

SIDEWAYS = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > width + 0.5);
  return [`${document.documentElement.scrollWidth} px wide: ${wide.slice(-1).map((element) => element.outerHTML.slice(0, 80)).join()}`];
}"""

CLIPPED = """() => {
  const clips = (style) => ["hidden", "clip"].includes(style.overflowY);
  const cut = (element) => clips(getComputedStyle(element)) && element.scrollHeight > element.clientHeight + 1;
  return [...document.body.querySelectorAll("*:not(.unseen, select, option, input, textarea)")]
    .filter((element) => element.checkVisibility() && cut(element)).map((element) => `clipped: ${element.outerHTML.slice(0, 80)}`);
}"""

PRIMARY = """() => {
  const shown = [...document.querySelectorAll(".primary")].filter((button) => button.checkVisibility());
  return shown.length > 1 ? [`${shown.length} primary buttons: ${shown.map((button) => button.textContent).join()}`] : [];
}"""

MOVING = """() => document.getAnimations().map((moving) => `moves: ${moving.effect?.target?.outerHTML.slice(0, 80)}`)"""

FOREIGN = """() => {
  const khmer = /[\\u1780-\\u17b3]/;
  const complaints = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (element.closest("bdi, textarea, script, template, noscript, blockquote, [aria-hidden=true]")) continue;
    const said = element.closest("[lang]").lang;
    if (khmer.test(node.data) && said !== "km") complaints.push(`Khmer as lang=${said}: ${node.data.trim().slice(0, 40)}`);
  }
  return complaints;
}"""

CONTROLS = frozenset({"button", "link", "textbox", "checkbox", "radio", "combobox", "DisclosureTriangle", "progressbar", "group", "region"})
SAME_EVERYWHERE = re.compile(r"^(call\.json|form\.html|SHA256SUMS(\.minisig)?|https?://\S+)$")
LETTERS = {"km": re.compile(r"[\u1780-\u17d3]"), "en": re.compile(r"[A-Za-z]")}


class Door:
    """The debugging door of one page."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Page.enable")

    def ask(self, expression: str) -> Any:
        """The value of an expression in a world beside the page's own."""
        frame = self._session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = self._session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "measures"})["executionContextId"]
        asked = {"expression": expression, "contextId": world, "awaitPromise": True, "returnByValue": True}
        answer = self._session.send("Runtime.evaluate", asked)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def axe(self) -> list[str]:
        """What axe-core finds by the rules of WCAG 2.2, A and AA, and by its best practices."""
        if not self.ask("typeof axe === 'object'"):
            self.ask(f"{AXE};0")
        found = self.ask(f"axe.run(document, {OPTIONS}).then(({{ violations }}) => violations)")
        return [f"axe {rule['id']}: {node['html'][:100]}" for rule in found for node in rule["nodes"]]

    def measured(self, *measures: str) -> list[str]:
        """The complaints of the measures that are functions of the page."""
        return [complaint for measure in measures for complaint in self.ask(f"({measure})()")]

    def unnamed(self, lang: str) -> list[str]:
        """Controls, groups and regions that a screen reader would call by no name, or by one that is not in the language of the page."""
        other = set(self.ask(f"[...document.querySelectorAll('[lang]:not(html, [lang={lang}])')].map((part) => part.textContent.trim())"))
        nodes = self._session.send("Accessibility.getFullAXTree")["nodes"]
        complaints = []
        for node in nodes:
            role, name = node.get("role", {}).get("value", ""), node.get("name", {}).get("value", "")
            if node.get("ignored") or role not in CONTROLS or (role == "group" and not name):
                continue
            if not (SAME_EVERYWHERE.match(name) or name in other or LETTERS[lang].search(name)):
                complaints.append(f"{role} named {name!r}")
        return complaints


def axe_in_page(page: Page) -> list[str]:
    """What axe-core finds when it runs in the page itself, for a browser without such a door."""
    page.evaluate(f"() => {{ {AXE} }}")
    found = page.evaluate(f"() => axe.run(document, {OPTIONS}).then(({{ violations }}) => violations)")
    return [f"axe {rule['id']}: {node['html'][:100]}" for rule in found for node in rule["nodes"]]


def complaints(page: Page, lang: str) -> list[str]:
    """What every measure says of a page: on paper and in the dark, where the reader chose the colours, and as narrow as it gets."""
    door, before = Door(page), page.viewport_size
    said = [*door.axe(), *door.unnamed(lang), *door.measured(PALE, PRIMARY, FOREIGN)]
    page.set_viewport_size(NARROW)
    said += door.measured(SIDEWAYS, CLIPPED)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    said += door.measured(PALE, MOVING)
    page.emulate_media(color_scheme="light", forced_colors="active")
    said += door.measured(PALE)
    page.emulate_media(color_scheme="light", forced_colors="none", reduced_motion="no-preference")
    if before is not None:
        page.set_viewport_size(before)
    return list(dict.fromkeys(said))
