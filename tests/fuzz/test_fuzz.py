"""A short run of every fuzzing target, the same each time and without atheris: its corpus, then changes to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from crypto.errors import CryptoError
from tests.fuzz.mutation import mutated
from tests.fuzz.readers import READERS, Reader
from tests.fuzz.targets import SEEDS, TARGETS, seeds, spelled

ROOT = Path(__file__).parents[2]
RUNS = {"note": 2000, "key": 1000, "bundle": 2000, "server": 800, "token": 1000}
MANY = 4000


@pytest.mark.parametrize("target", TARGETS)
def test_corpus_is_answered(target: str) -> None:
    found = seeds(target)
    assert len(found) > 10
    for content in found:
        TARGETS[target](content)


@pytest.mark.parametrize("target", TARGETS)
def test_changed_corpus_is_answered(target: str) -> None:
    random, found = Random(target), seeds(target)  # noqa: S311
    for _ in range(RUNS.get(target, MANY)):
        TARGETS[target](mutated(random.choice(found), random))


@pytest.mark.parametrize("target", TARGETS)
def test_nonsense_is_answered(target: str) -> None:
    random = Random(target)  # noqa: S311
    for size in (0, 1, 2, 31, 32, 100, 1000, 5000):
        TARGETS[target](random.randbytes(size))
        TARGETS[target](bytes(size))
        TARGETS[target](b"[" * size)


def test_every_target_has_seeds() -> None:
    assert SEEDS.keys() == TARGETS.keys()
    assert {name for names in SEEDS.values() for name in names} <= READERS.keys()


def test_twin_a_target_that_breaks_is_noticed() -> None:
    def careless(untrusted: bytes) -> None:
        try:
            int(untrusted)
        except CryptoError:
            return

    def run() -> None:
        random = Random(0)  # noqa: S311
        for _ in range(100):
            careless(mutated(b"1", random))

    with pytest.raises(ValueError, match="invalid literal"):
        run()


def test_twin_a_second_spelling_is_noticed() -> None:
    careless = {"careless": Reader((), (), bytes.strip)}
    spelled(b"x", "careless", readers=careless)
    with pytest.raises(AssertionError):
        spelled(b"x ", "careless", readers=careless)


@pytest.mark.parametrize("options", [(), ("--plain",)], ids=["as-it-is", "plain"])
def test_command_runs_a_target(tmp_path: Path, options: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "receipt", "--seconds", "1", "--corpus", str(tmp_path), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("receipt: ")


def test_command_names_the_targets() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.fuzz"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, list(TARGETS))
