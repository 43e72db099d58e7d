"""How long sealing takes in the form's worker on a cheap phone, and how still the page stands: `python bench/seal_page.py`.

The real form from the real service. A report without a file is the first that is sealed there; another with a file of 3.5 MB fills the
class of 4 MiB. The worker starts at the first letter; how long it takes until it is ready is measured, and the button is pressed after
that. Each is sealed three times: nothing slowed, the page's own thread slowed six times by Chromium, and the whole process, worker
included, slowed six times from outside (bench/phone.py). What counts: how long the worker seals where the process is slowed, and the
longest task until the receipt stands there where the page is. Beside the floor: the same bytes ciphered and hashed once each by Python's
own library. Exits with 1 when a bound is not kept.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from bench.phone import PHONE, SLOWER, chromium, counting_ms, renderers, slow_processor, slowed
from bench.stage import Stage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
CALL = "transnational-repression"
LONGEST_TASK_MS = 50

LISTENS = """() => {
  const seen = { typed: 0, ready: 0, pressed: 0, asked: 0, sealed: 0, arrived: 0, tasks: [], bar: new Set(), size: 0 };
  window.bench = seen;
  const RealWorker = window.Worker;
  window.Worker = class extends RealWorker {
    constructor(address) {
      super(address);
      this.addEventListener("message", ({ data }) => {
        if (data.kind === "rehearsed") seen.ready = performance.now();
        if (data.kind === "sealed") { seen.sealed = performance.now(); seen.size = data.body.size; }
      });
    }
    postMessage(asked) { if (asked.kind === "seal") seen.asked = performance.now(); super.postMessage(asked); }
  };
  addEventListener("input", ({ timeStamp }) => { seen.typed = seen.typed || timeStamp; }, true);
  addEventListener("click", ({ target, timeStamp }) => { if (target.matches("[data-do=send]")) seen.pressed = timeStamp; }, true);
  new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map(({ startTime, duration }) => [startTime, duration])))
    .observe({ type: "longtask", buffered: true });
  const look = () => {
    const bar = document.querySelector("#sending progress");
    if (bar?.hasAttribute("value") && bar.value > 0 && seen.sealed === 0) seen.bar.add(bar.value);
    if (seen.sealed > 0 && document.querySelector("[data-view=arrived]:not([hidden])")) seen.arrived = seen.arrived || performance.now();
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
READ = """() => {
  const { typed, ready, pressed, asked, sealed, arrived, size, tasks, bar } = window.bench;
  const longest = (end) => Math.max(0, ...tasks.filter(([start, took]) => start + took > pressed && start < end).map(([, took]) => took));
  return { ready: ready - typed, seal: sealed - asked, pressed: sealed - pressed, size, places: bar.size, longest: longest(arrived) };
}"""


@dataclass(frozen=True)
class Class:
    """A size to seal: bytes of the file, the padded size it must come to, and the most milliseconds it may take."""

    name: str
    attached: int
    padded: int
    most_ms: float


CLASSES = (Class("64 KiB", 0, 1 << 16, 400), Class("4 MiB", 3_500_000, 1 << 22, 3_000))


def fill(page: Page, film: Path) -> None:
    """One sentence and one tick, and this file when there is anything in it."""
    page.fill("[name=q-story]", "Nobody in particular, nowhere at all.")
    if film.stat().st_size:
        page.locator("input[type=file][name^=q-]").first.set_input_files(film)
        page.wait_for_selector(".files li", state="attached")
    page.click("[data-do=finish]")
    page.check("#consent-C1")


def press(page: Page) -> dict[str, Any]:
    """Seal, and say what was seen; nothing is asked of the page while it seals."""
    page.wait_for_function("() => window.bench.ready > 0", polling=500, timeout=120_000)
    page.click("[data-do=send]", force=True)  # as a finger does: no look at what is under it, which would be a task of the page's own
    time.sleep(2)
    page.wait_for_function("() => window.bench.arrived > 0", polling=500, timeout=120_000)
    return dict(page.evaluate(READ))


def sealing(browser: Browser, address: str, size: Class, folder: Path, slow: str = "") -> dict[str, Any]:
    """One report in a browser that was never here, its file put into the folder; `slow` is "page" or "process" when that is slowed."""
    film = folder / "film.bin"
    film.write_bytes(os.urandom(size.attached))
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(f"({LISTENS})()")
    page.goto(address)
    page.wait_for_selector("[data-do=send]:not([disabled])", state="attached")
    if slow == "page":
        slow_processor(context.new_cdp_session(page))
    with slowed(renderers(browser)) if slow == "process" else nullcontext():
        fill(page, film)
        seen = press(page)
    context.close()
    return seen


def floor_ms(padded: int) -> float:
    """The container's bytes ciphered once and hashed once, by libraries in C, not slowed."""
    plain, cipher = os.urandom(padded), ChaCha20Poly1305(bytes(32))
    started = time.perf_counter()
    hashlib.sha256(cipher.encrypt(bytes(12), plain, None)).digest()
    return (time.perf_counter() - started) * 1000


def slowness(browser: Browser) -> float:
    """How many times longer a worker takes to count when its process is slowed."""
    context = browser.new_context()
    page = context.new_page()
    page.goto("about:blank")
    plain = min(counting_ms(page) for _ in range(3))
    with slowed(renderers(browser)):
        slow = min(counting_ms(page) for _ in range(3))
    context.close()
    return slow / plain


def measure(browser: Browser, address: str, size: Class, folder: Path) -> list[str]:
    """Print one size and its floors; what is over its bound."""
    plain, page, process = (sealing(browser, address, size, folder, slow) for slow in ("", "page", "process"))
    base = floor_ms(size.padded)
    print(f"{size.name}: sealed in {plain['seal']:.0f} ms, {plain['seal'] / base:.1f} × the bare ciphers, where nothing is slowed")
    for name, seen in (("nothing", plain), ("page", page), ("process", process)):
        print(
            f"  {name:<7} slowed: worker ready {seen['ready']:5.0f} ms after the first letter; sealed in {seen['seal']:5.0f} ms,"
            f" {seen['pressed']:5.0f} from the press; longest task until the receipt {seen['longest']:3.0f} ms;"
            f" bar at {seen['places']} places"
        )
    over = [f"{size.name}: {process['seal']:.0f} ms > {size.most_ms:.0f}"] if process["seal"] > size.most_ms else []
    if page["longest"] > LONGEST_TASK_MS:
        over.append(f"{size.name}: a task of {page['longest']:.0f} ms on the page's thread")
    if not size.padded < process["size"] < size.padded * 1.1:
        over.append(f"{size.name}: {process['size']} bytes are of another class")
    if size.attached and process["places"] < 3:
        over.append(f"{size.name}: the progress bar stood still")
    return over


def main() -> None:
    """Measure both classes."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        stage = Stage(Path(folder))
        stage.build_call(ROOT / "questionnaire" / "calls" / f"{CALL}.yaml", "--demo")
        with stage.serving():
            slower = slowness(browser)
            print(f"a worker of a slowed process counts {slower:.1f} times slower (asked for: {SLOWER})")
            if not SLOWER * 2 / 3 <= slower <= SLOWER * 3 / 2:
                sys.exit("This machine has too much else to do for this measure: run it again when it is quiet.")
            over = [one for size in CLASSES for one in measure(browser, f"{stage.url}/en/calls/{CALL}", size, stage.place)]
    for one in over:
        print(f"over its bound: {one}", file=sys.stderr)
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    main()
