"""How long the form takes to come to a cheap phone on a slow line, beside its bare HTML: `python bench/page.py [runs]`.

Chromium with its processor slowed six times and a line of 400 kbit/s and 400 ms; a fresh browser profile each time; the real service with
the headers and the compression that people get. The floor is the same HTML without scripts, styles and letters from a bare server, packed
alike. Each figure is the median of the runs. Exits with 1 when a bound of BOUNDS is not kept.
"""

from __future__ import annotations

import gzip
import re
import statistics
import sys
import tempfile
import threading
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.phone import PHONE, chromium, slow_line, slow_processor
from bench.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
CALL = "transnational-repression"
BOUNDS = {"bytes": 120_000, "painted": 2_000.0, "usable": 4_000.0}

LISTENS = """() => {
  window.benchUsable = 0;
  const look = () => {
    const send = document.querySelector("button[data-do=send]");
    if (window.benchUsable === 0 && send !== null && !send.disabled) window.benchUsable = performance.now();
  };
  new MutationObserver(look).observe(document, { subtree: true, attributes: true, attributeFilter: ["disabled"] });
}"""
PAINTED = """() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0"""
USABLE = "() => window.benchUsable"
LOADED = """() => performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd"""


@dataclass(frozen=True)
class Came:
    """One visit: bytes over the wire with headers, milliseconds until the first text stood there, and until the form could be used."""

    bytes: float
    painted: float
    usable: float


def bare(html: str) -> str:
    """The page without what it loads: scripts, styles, letters, icon."""
    return re.sub(r"<script\b[^>]*></script>|<link\b[^>]*>", "", html)


@contextmanager
def bare_server(pages: dict[str, str]) -> Iterator[str]:
    """The pages by path, packed, from a server that does nothing else; its address."""
    packed = {path: gzip.compress(page.encode(), 6) for path, page in pages.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = packed.get(self.path)
            self.send_response(404 if body is None else 200)
            for name, value in (("Content-Type", "text/html; charset=utf-8"), ("Content-Encoding", "gzip")) if body else ():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def fresh_page(browser: Browser) -> Iterator[tuple[Page, list[float]]]:
    """A page of a browser that was never here, on a slow processor and line; the bytes of each answer come into the list."""
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    session = context.new_cdp_session(page)
    received: list[float] = []
    slow_line(session)
    slow_processor(session)

    def finished(event: dict[str, Any]) -> None:
        received.append(float(event["encodedDataLength"]))

    session.on("Network.loadingFinished", finished)
    yield page, received
    context.close()


def visit(browser: Browser, address: str, usable: str) -> Came:
    """Open the address; `usable` is the function of the page that says when it could be used, 0 as long as it cannot."""
    with fresh_page(browser) as (page, received):
        page.add_init_script(f"({LISTENS})()")
        page.goto(address, wait_until="networkidle", timeout=120_000)
        page.wait_for_function(usable, timeout=120_000)
        page.wait_for_function(PAINTED, timeout=120_000)
        return Came(sum(received), float(page.evaluate(PAINTED)), float(page.evaluate(usable)))


def median(visits: list[Came]) -> Came:
    """Each figure's own median."""
    return Came(*(statistics.median(getattr(one, name) for one in visits) for name in ("bytes", "painted", "usable")))


def line(name: str, came: Came) -> str:
    """One measure in words."""
    return f"{name:<12} {came.bytes / 1000:6.1f} kB   first text {came.painted / 1000:5.2f} s   usable {came.usable / 1000:5.2f} s"


def measure(browser: Browser, stage: Stage, lang: str, runs: int) -> list[str]:
    """Print the page and its floor in one language; what is over its bound."""
    path = f"/{lang}/calls/{CALL}"
    with urllib.request.urlopen(f"{stage.url}{path}", timeout=30) as answer:  # noqa: S310 - our own server
        pages = {path: bare(answer.read().decode())}
    ours = median([visit(browser, f"{stage.url}{path}", USABLE) for _ in range(runs)])
    with bare_server(pages) as address:
        base = median([visit(browser, f"{address}{path}", LOADED) for _ in range(runs)])
    print(line(f"form {lang}", ours))
    print(line(f"bare {lang}", base))
    ratios = {name: getattr(ours, name) / getattr(base, name) for name in BOUNDS}
    print(f"ratio {lang:<5} {ratios['bytes']:6.2f} ×    first text {ratios['painted']:5.2f} ×   usable {ratios['usable']:5.2f} ×")
    return [f"{lang}: {name} {getattr(ours, name):.0f} > {most:.0f}" for name, most in BOUNDS.items() if getattr(ours, name) > most]


def main() -> None:
    """Measure the longest form in both languages."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        stage = Stage(Path(folder))
        stage.build_call(ROOT / "questionnaire" / "calls" / f"{CALL}.yaml", "--demo")
        with stage.serving():
            over = [one for lang in ("km", "en") for one in measure(browser, stage, lang, runs)]
    for one in over:
        print(f"over its bound: {one}", file=sys.stderr)
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    main()
