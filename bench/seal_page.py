"""How long sealing takes in the form's worker on a cheap phone, and how still the page stands: `python bench/seal_page.py`.

The real form from the real service, its whole process slowed six times (bench/phone.py) from before the first letter is typed. A report
without a file is the first that is sealed there; another with a file of 3.5 MB fills the class of 4 MiB. The worker starts at the first
letter; how long it takes until it is ready is measured, and the button is pressed after that. From the press until the sealed bytes are
there: how long it took, the longest task of the page's own thread, and how often the progress bar stood elsewhere; then the longest task
until the receipt stands there. Each time beside the floor: the same bytes ciphered and hashed once each by Python's own library, and the
same report sealed where nothing is slowed. Exits with 1 when a bound is not kept.
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

from bench.phone import PHONE, SLOWER, chromium, counting_ms, renderers, slowed
from bench.stage import Stage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
CALL = "transnational-repression"
LONGEST_TASK_MS = 50

LISTENS = """() => {
  const seen = { typed: 0, ready: 0, pressed: 0, sealed: 0, arrived: 0, tasks: [], bar: new Set(), size: 0 };
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
  const { typed, ready, pressed, sealed, arrived, size, tasks, bar } = window.bench;
  const longest = (end) => Math.max(0, ...tasks.filter(([start, took]) => start + took > pressed && start < end).map(([, took]) => took));
  return { ready: ready - typed, ms: sealed - pressed, size, places: bar.size, sealing: longest(sealed), sending: longest(arrived) };
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


def sealing(browser: Browser, address: str, size: Class, folder: Path, *, slow: bool) -> dict[str, Any]:
    """One report in a browser that was never here; its file is put into the folder."""
    film = folder / "film.bin"
    film.write_bytes(os.urandom(size.attached))
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(f"({LISTENS})()")
    page.goto(address)
    page.wait_for_selector("[data-do=send]:not([disabled])", state="attached")
    with slowed(renderers(browser)) if slow else nullcontext():
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
    plain, slow = (sealing(browser, address, size, folder, slow=slow) for slow in (False, True))
    base = floor_ms(size.padded)
    print(
        f"seal {size.name:<7} {slow['ms']:6.0f} ms slowed, {plain['ms']:5.0f} ms not ({plain['ms'] / base:.1f} × the bare ciphers)"
        f"   longest task {slow['sealing']:.0f} ms, until the receipt {slow['sending']:.0f} ms   progress seen at {slow['places']} places"
        f"   ready {slow['ready']:.0f} ms after the first letter, {plain['ready']:.0f} ms where nothing is slowed"
    )
    over = [f"{size.name}: {slow['ms']:.0f} ms > {size.most_ms:.0f}"] if slow["ms"] > size.most_ms else []
    if slow["sealing"] > LONGEST_TASK_MS:
        over.append(f"{size.name}: a task of {slow['sealing']:.0f} ms on the page's thread")
    if not size.padded < slow["size"] < size.padded * 1.1:
        over.append(f"{size.name}: {slow['size']} bytes are of another class")
    if size.attached and slow["places"] < 3:
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
