"""A cheap phone: Chromium on a slow processor and a slow line, for the benchmarks of the form.

The page's own thread is slowed by Chromium itself (`Emulation.setCPUThrottlingRate`). It cannot slow a worker, so for sealing the whole
process of the page is stopped and let go on, a short while each, from outside; how much slower that really was is measured beside it.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, CDPSession, Page, ViewportSize

ARGUMENTS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
SLOWER = 6
BITS_A_SECOND = 400_000
LATENCY_MS = 400
RUN_SECONDS = 0.002
PHONE: ViewportSize = {"width": 360, "height": 740}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium of the system, or Playwright's own where there is none."""
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        yield browser
        browser.close()


def slow_line(session: CDPSession) -> None:
    """From now on 400 kbit/s each way and 400 ms until an answer begins."""
    session.send("Network.enable")
    bytes_a_second = BITS_A_SECOND / 8
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": LATENCY_MS, "downloadThroughput": bytes_a_second, "uploadThroughput": bytes_a_second},
    )


def slow_processor(session: CDPSession) -> None:
    """From now on the page's own thread takes six times as long."""
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


def renderers(browser: Browser) -> set[int]:
    """Process ids of the browser's pages."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return {int(process["id"]) for process in processes if process["type"] == "renderer"}


def _tell(processes: set[int], what: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):  # a spare one that the browser ended
            os.kill(process, what)


@contextmanager
def slowed(processes: set[int]) -> Iterator[None]:
    """Let the processes run a sixth of the time, about 2 ms at a time, until the block ends."""
    ended = threading.Event()

    def throttle() -> None:
        ran = RUN_SECONDS
        while not ended.is_set():
            _tell(processes, signal.SIGSTOP)
            time.sleep(ran * (SLOWER - 1))
            started = time.perf_counter()
            _tell(processes, signal.SIGCONT)
            time.sleep(RUN_SECONDS)
            ran = time.perf_counter() - started  # a sleep is never as short as it was asked to be

    stopping = threading.Thread(target=throttle, daemon=True)
    stopping.start()
    try:
        yield
    finally:
        ended.set()
        stopping.join()
        _tell(processes, signal.SIGCONT)


COUNT = """(rounds) => new Promise((resolve, reject) => {
  const text = `onmessage = ({ data }) => {
    const started = performance.now();
    let count = 0;
    for (let round = 0; round < data; round += 1) count = (count * 31 + round) | 0;
    postMessage([performance.now() - started, count]);
  }`;
  const policy = window.trustedTypes?.createPolicy("bench", { createScriptURL: (address) => address });
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const worker = new Worker(policy ? policy.createScriptURL(address) : address);
  worker.onerror = reject;
  worker.onmessage = ({ data }) => { worker.terminate(); resolve(data[0]); };
  worker.postMessage(rounds);
})"""


def counting_ms(page: Page, rounds: int = 20_000_000) -> float:
    """Milliseconds that a worker of a page without a policy takes to count."""
    return float(page.evaluate(COUNT, rounds))
