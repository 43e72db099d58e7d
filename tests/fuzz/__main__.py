"""`python -m tests.fuzz TARGET --seconds N`: fuzz one reader, with atheris where it is installed.

What libFuzzer finds interesting goes into a folder outside of the tree, `--corpus` or a temporary one; an input that breaks a target is
kept there too, as `found…`, and the exit code is not 0. `python -m tests.fuzz` alone names the targets.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.util
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOMS = ["crypto", "questionnaire"]
_MEGABYTES = 2048


def main() -> int:
    """Run one target; return 1 when something was found and atheris did not end the program itself."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="?")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--plain", action="store_true", help="without atheris, even where it is installed")
    chosen = parser.parse_args()
    found = None if chosen.plain else importlib.util.find_spec("atheris")
    if found is not None:
        # Only what is imported in here tells the fuzzer which way it went.
        with importlib.import_module("atheris").instrument_imports(include=ROOMS):
            targets = importlib.import_module("tests.fuzz.targets")
    else:
        targets = importlib.import_module("tests.fuzz.targets")
    if chosen.target not in targets.TARGETS:
        print(*targets.TARGETS, sep="\n")
        return 0 if chosen.target is None else 2
    folder = chosen.corpus or Path(tempfile.mkdtemp(prefix=f"fuzz-{chosen.target}-"))
    folder.mkdir(parents=True, exist_ok=True)
    entry, seeds = targets.TARGETS[chosen.target], targets.seeds(chosen.target)
    print(f"{chosen.target}: {len(seeds)} inputs to begin with, {'atheris' if found else 'no atheris'}, {folder}", flush=True)
    if found is None:
        return _plain(entry, seeds, chosen.seconds, folder)
    for seed in seeds:
        (folder / hashlib.sha256(seed).hexdigest()[:20]).write_bytes(seed)
    limits = [f"-max_total_time={chosen.seconds}", f"-rss_limit_mb={_MEGABYTES}", "-timeout=20", f"-artifact_prefix={folder}/found-"]
    atheris = importlib.import_module("atheris")
    atheris.Setup([sys.argv[0], *limits, "-print_final_stats=1", "-max_len=80000", str(folder)], entry)
    atheris.Fuzz()
    return 0


def _plain(entry: Callable[[bytes], None], seeds: list[bytes], seconds: int, folder: Path) -> int:
    """Fuzz without coverage: changes at random, for so many seconds."""
    mutation = importlib.import_module("tests.fuzz.mutation")
    random, end, runs = Random(), time.monotonic() + seconds, 0  # noqa: S311
    while time.monotonic() < end:
        content = mutation.mutated(random.choice(seeds), random)
        runs += 1
        try:
            entry(content)
        except Exception:
            (folder / "found").write_bytes(content)
            print(f"found after {runs} runs: {folder / 'found'}")
            raise
    print(f"{runs} runs, nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
