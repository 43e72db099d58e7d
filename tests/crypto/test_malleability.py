"""One spelling (F0.5): what any reader of `crypto` accepts, its writer writes again to the same bytes; everything else is refused.

tests/fuzz/readers.py has every reader beside its writer. Here each is given the vectors, good and bad, after changes that Hypothesis picks.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crypto
from crypto.errors import CryptoError
from tests.fuzz import corpus
from tests.fuzz.mutation import Edit, edited, mutated
from tests.fuzz.readers import READERS, Reader

# What a reader is called.
READS = re.compile(r"(parse|open|read|load|unpack|unframe|from|decode|key|verify|check|place|next|bech32_decode)(_|s?$)")

EXEMPT = {
    "bundle.open_bundle": "every byte is signed or rebuilt: a flipped byte is refused (test_flipped_bytes.py); its ZIP is `zip` here",
    "bundle.VerifiedBundle.read_envelope": "gives bytes by their digest",
    "entries.check_withdraw": "judges a parsed entry",
    "envelope.check_envelope": "judges what `parse_header` read",
    "merkle.verify_consistency": "judges hashes; proofs have one length and order (test_merkle.py)",
    "merkle.verify_inclusion": "judges hashes; proofs have one length and order (test_merkle.py)",
    "minisign.SecretKey.parse": "minisign's own format: its comment is free, and a file that is not encrypted has bytes without meaning",
    "opening.Identity.from_seed": "32 bytes, all of which are a seed",
    "opening.open_age": "authenticated encryption of any file; its header is `header` here",
    "opening.open_report": "authenticated encryption; what is inside is `container` and `report` here",
    "receipts.Receipt.parse": "what people type has many spellings (F0.5, F4.4)",
    "replies.check_fetched": "`round` here, with a bound on its length",
    "replies.verify_round": "`round` here, signed",
    "report.check_report": "judges a parsed report",
    "timestamps.load_certificate": "X.509: what it says is compared, never its bytes",
    "verdict.check_checkpoints": "judges notes that `note` and `signed` read",
    "verdict.check_promises": "judges notes that `note` and `signed` read",
    "verdict.read_tokens": "RFC 3161: a token proves a time or nothing, and nothing compares its bytes",
}
ACCEPTED_FROM = {name: corpus.seeds(name) for name in READERS}

edits = st.lists(
    st.builds(Edit, st.integers(0, 8), st.integers(0, 1 << 17), st.integers(0, 63), st.integers(0, 0xFFFF)), min_size=1, max_size=3
)


def keeps_one_spelling(reader: Reader, content: bytes) -> bool:
    """Return whether the content is refused, or written again as it is."""
    try:
        return reader.again(content) == content
    except CryptoError:
        return True


def readers_of_crypto() -> set[str]:
    """Return the names of all public functions and methods of `crypto` that are called as readers are."""
    found = set()
    for module in pkgutil.iter_modules(crypto.__path__):
        loaded = importlib.import_module(f"crypto.{module.name}")
        for name, thing in vars(loaded).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != loaded.__name__:
                continue
            members = [(name, thing)] if inspect.isfunction(thing) else []
            if inspect.isclass(thing):
                members = [(f"{name}.{inner}", vars(thing)[inner]) for inner in vars(thing) if not inner.startswith("_")]
            for path, member in members:
                if callable(getattr(member, "__func__", member)) and READS.match(path.rpartition(".")[2]):
                    found.add(f"{module.name}.{path}")
    return found


@pytest.mark.parametrize("name", READERS)
def test_accepted_is_written_again(name: str) -> None:
    assert ACCEPTED_FROM[name]
    written = 0
    for content in ACCEPTED_FROM[name]:
        try:
            again = READERS[name].again(content)
        except CryptoError:  # some inputs of `note` and `log` need more than this reader is given
            continue
        assert again == content
        written += 1
    assert written


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])
@given(data=st.data())
def test_changed_is_written_again_or_refused(name: str, data: st.DataObject) -> None:
    content = data.draw(st.sampled_from([*ACCEPTED_FROM[name], *corpus.seeds(name, good=False)]))
    for edit in data.draw(edits):
        content = edited(content, edit)
    assert keeps_one_spelling(READERS[name], content)


def test_every_reader_is_here_or_explained() -> None:
    covered = {each for reader in READERS.values() for each in reader.covers}
    explained = EXEMPT.keys() - covered
    assert readers_of_crypto() - covered - explained == set()
    assert covered | explained <= readers_of_crypto()
    assert all(EXEMPT[each] for each in explained)


def test_twin_a_new_reader_is_noticed() -> None:
    assert "canonical.loads" in readers_of_crypto()
    assert READS.match("parse_anything")


def test_twin_two_spellings_are_noticed() -> None:
    """A reader that lets white space pass is found by the very edits above."""
    lenient = Reader((), (), lambda untrusted: READERS["public-key"].again(untrusted.strip()))
    random = Random(0)  # noqa: S311
    tried = [mutated(content, random) for content in ACCEPTED_FROM["public-key"] for _ in range(1000)]
    assert all(keeps_one_spelling(READERS["public-key"], content) for content in tried)
    assert not all(keeps_one_spelling(lenient, content) for content in tried)
