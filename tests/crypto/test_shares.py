"""Shares of a key: round trips, SLIP-39's own vectors, and an implementation that is not ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic import MnemonicError, combine_mnemonics, split_ems
from shamir_mnemonic import Share as Slip39Share

from crypto.errors import CustodyError, ShareError
from crypto.shares import WORD_COUNT, Share, combine, parse_share, rehearse, split
from tests.crypto.splitting import CALL, FINGERPRINT, OTHER_FINGERPRINT, OTHER_SEED, SEED, shares_of

ROOT = Path(__file__).parents[2]
SLIP39 = ROOT / "node_modules" / "slip39"
VECTORS: list[list[Any]] = json.loads((SLIP39 / "test" / "vectors.json").read_bytes())


@pytest.fixture(scope="module")
def shares() -> list[Share]:
    return shares_of()


# --- what a share is -----------------------------------------------------------------------------------------------------------------


def test_share_text_is_five_lines(shares: list[Share]) -> None:
    lines = shares[3].to_text().split("\n")
    assert lines[:4] == ["saksei/v1 share", CALL, FINGERPRINT, "share 4 of 5, any 3"]
    assert len(lines[4].split(" ")) == WORD_COUNT
    assert lines[5:] == [""]


def test_words_stay_out_of_repr(shares: list[Share]) -> None:
    assert repr(shares[0]) == f"Share(call='{CALL}', fingerprint='{FINGERPRINT}', index=1, count=5, threshold=3)"


def test_share_cannot_be_changed(shares: list[Share]) -> None:
    """What was checked when it was made stays so."""
    with pytest.raises(FrozenInstanceError):
        shares[0].index = 2  # type: ignore[misc]


def test_error_is_one_of_custody() -> None:
    assert issubclass(ShareError, CustodyError)
    assert ShareError.word == "share"


@pytest.mark.parametrize(("threshold", "count"), [(2, 2), (2, 3), (3, 5), (16, 16), (2, 16)])
def test_any_m_of_n_bring_it_back(threshold: int, count: int) -> None:
    made = shares_of(threshold, count)
    assert [share.index for share in made] == list(range(1, count + 1))
    for chosen in list(combinations(made, threshold))[:12]:
        assert combine(chosen) == SEED
        assert combine(chosen[::-1]) == SEED


def test_combine_gives_what_can_be_wiped(shares: list[Share]) -> None:
    assert isinstance(combine(shares[:3]), bytearray)


def test_words_say_what_the_page_says(shares: list[Share]) -> None:
    for share in shares:
        said = Slip39Share.from_mnemonic(" ".join(share.words))
        assert (said.extendable, said.iteration_exponent, len(said.value)) == (True, 1, 32)
        assert (said.group_index, said.group_threshold, said.group_count) == (0, 1, 1)
        assert (said.index, said.member_threshold) == (share.index - 1, 3)


def test_splitting_twice_shares_no_words(shares: list[Share]) -> None:
    again = shares_of()
    assert all(one.words != other.words for one, other in zip(shares, again, strict=True))


def test_seed_given_stays_the_callers() -> None:
    seed = bytearray(SEED)
    split(seed, call=CALL, fingerprint=FINGERPRINT, threshold=2, count=2)
    assert seed == SEED


@settings(max_examples=20, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), numbers=st.data())
def test_round_trip_of_any_seed(seed: bytes, numbers: st.DataObject) -> None:
    count = numbers.draw(st.integers(2, 16))
    threshold = numbers.draw(st.integers(2, count))
    made = shares_of(threshold, count, seed=seed, call=numbers.draw(st.from_regex("[a-z0-9-]{1,40}", fullmatch=True)))
    read = [parse_share(share.to_text().encode()) for share in made]
    assert read == made
    chosen = numbers.draw(st.permutations(read))[:threshold]
    assert combine(chosen) == seed


# --- rehearsal -----------------------------------------------------------------------------------------------------------------------


def test_rehearsal_shows_nothing(shares: list[Share], capsys: pytest.CaptureFixture[str]) -> None:
    proven: object = rehearse(shares[2:])  # type: ignore[func-returns-value]
    assert proven is None
    assert capsys.readouterr() == ("", "")


def test_rehearsal_notices_a_wrong_key() -> None:
    lying = [replace(share, fingerprint=OTHER_FINGERPRINT) for share in shares_of(2, 2)]
    with pytest.raises(ShareError, match="fingerprint"):
        rehearse(lying)


def test_rehearsal_notices_too_few(shares: list[Share]) -> None:
    with pytest.raises(ShareError, match="exactly 3 shares"):
        rehearse(shares[:2])


def test_split_notices_shares_that_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were SLIP-39's implementation broken, splitting would say so, and not the day on which the key is needed."""
    monkeypatch.setattr("shamir_mnemonic.cipher.encrypt", lambda *_: bytes(32))
    with pytest.raises(ShareError, match="not the one whose fingerprint"):
        split(SEED, call=CALL, fingerprint=FINGERPRINT, threshold=2, count=3)


@pytest.mark.parametrize(("threshold", "count"), [(2, 3), (3, 5), (2, 4), (3, 3), (5, 16)])
def test_split_tries_every_share(monkeypatch: pytest.MonkeyPatch, threshold: int, count: int) -> None:
    """Whichever one share is bad, it has taken part in the proof."""
    honest = split_ems
    for bad in range(count):

        def spoiled(*given: Any, at: int = bad) -> list[list[Slip39Share]]:
            made: list[list[Slip39Share]] = honest(*given)
            made[0][at] = replace(made[0][at], value=bytes(32))
            return made

        monkeypatch.setattr("shamir_mnemonic.shamir.split_ems", spoiled)
        with pytest.raises(ShareError, match="do not fit together"):
            split(SEED, call=CALL, fingerprint=FINGERPRINT, threshold=threshold, count=count)


# --- what split refuses --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("threshold", "count"), [(1, 1), (1, 3), (0, 2), (-1, 2), (4, 3), (2, 17), (17, 17), (2, 1)])
def test_split_refuses_numbers(threshold: int, count: int) -> None:
    with pytest.raises(ShareError, match="at most 16 shares"):
        split(SEED, call=CALL, fingerprint=FINGERPRINT, threshold=threshold, count=count)


@pytest.mark.parametrize("call", ["", "a" * 41, "Lantern", "a b", "a\n", "កា", "a_b"])
def test_split_refuses_a_call_id(call: str) -> None:
    with pytest.raises(ShareError, match="id of its call"):
        split(SEED, call=call, fingerprint=FINGERPRINT, threshold=2, count=2)


@pytest.mark.parametrize("fingerprint", ["", FINGERPRINT[:-1], FINGERPRINT + "0", FINGERPRINT.replace("5", "\u0665"), FINGERPRINT + "\n"])
def test_split_refuses_a_fingerprint(fingerprint: str) -> None:
    with pytest.raises(ShareError, match="30 digits"):
        split(SEED, call=CALL, fingerprint=fingerprint, threshold=2, count=2)


def test_split_refuses_another_key() -> None:
    with pytest.raises(ShareError, match="not the one whose fingerprint"):
        split(SEED, call=CALL, fingerprint=OTHER_FINGERPRINT, threshold=2, count=2)


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_split_refuses_another_length(size: int) -> None:
    with pytest.raises(ShareError, match="32 bytes"):
        split(bytes(size), call=CALL, fingerprint=FINGERPRINT, threshold=2, count=2)


# --- what combine refuses ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given_shares", [1, 2, 4, 5])
def test_combine_takes_exactly_m(shares: list[Share], given_shares: int) -> None:
    with pytest.raises(ShareError, match=f"exactly 3 shares .* {given_shares} were given"):
        combine(shares[:given_shares])


def test_combine_refuses_none_at_all() -> None:
    with pytest.raises(ShareError, match="not all of one key"):
        combine([])


def test_combine_refuses_one_twice(shares: list[Share]) -> None:
    with pytest.raises(ShareError, match="twice"):
        combine([shares[0], shares[1], parse_share(shares[0].to_text())])


def test_combine_refuses_mixed_calls(shares: list[Share]) -> None:
    with pytest.raises(ShareError, match="not all of one key"):
        combine([shares[0], shares[1], replace(shares[2], call="lantern-2032")])


def test_combine_refuses_mixed_keys(shares: list[Share]) -> None:
    with pytest.raises(ShareError, match="not all of one key"):
        combine([*shares[:2], shares_of(seed=OTHER_SEED)[2]])


@pytest.mark.parametrize("count", [4, 6])
def test_combine_refuses_mixed_counts(shares: list[Share], count: int) -> None:
    with pytest.raises(ShareError, match="not all of one key"):
        combine([*shares[:2], replace(shares[2], count=count)])


def test_combine_refuses_mixed_thresholds(shares: list[Share]) -> None:
    with pytest.raises(ShareError, match="not all of one key"):
        combine([*shares[:2], shares_of(2, 5)[2]])


def test_combine_refuses_two_splittings(shares: list[Share]) -> None:
    """Same key, same numbers, split on another day: each looks right alone, and together they do not fit."""
    while (other := shares_of())[0].words[:2] == shares[0].words[:2]:
        pass  # one time in 32,768 SLIP-39 draws the same identifier again
    with pytest.raises(ShareError, match="do not fit together") as caught:
        combine([*shares[:2], other[2]])
    assert caught.value.__cause__ is None


def test_combine_refuses_a_forged_value(shares: list[Share]) -> None:
    """A value that was changed and given a new checksum is caught by SLIP-39's digest of the secret."""
    forged = replace(Slip39Share.from_mnemonic(" ".join(shares[2].words)), value=bytes(32))
    with pytest.raises(ShareError, match="do not fit together"):
        combine([*shares[:2], replace(shares[2], words=tuple(forged.words()))])


def test_combine_refuses_a_wrong_fingerprint() -> None:
    with pytest.raises(ShareError, match="not the one whose fingerprint"):
        combine([replace(share, fingerprint="0" * 30) for share in shares_of(2, 3)[:2]])


# --- SLIP-39 itself ------------------------------------------------------------------------------------------------------------------


def test_all_vectors_of_slip39_are_here() -> None:
    assert len(VECTORS) == 45


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector[0]) for vector in VECTORS])
def test_slip39_vector(vector: list[Any]) -> None:
    """What we build on gives, for every vector of the specification, what the specification says."""
    _, sentences, secret, *_ = vector
    if not secret:
        with pytest.raises(MnemonicError):
            combine_mnemonics(sentences, b"TREZOR")
    else:
        assert combine_mnemonics(sentences, b"TREZOR").hex() == secret


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector[0]) for vector in VECTORS])
def test_slip39_vector_as_share_file(vector: list[Any]) -> None:
    """Only the words of vector 45 are of our kind (256 bits, one group, extendable, M ≥ 2), under the one pair of numbers they say."""
    for sentence in vector[1]:
        read = [numbers for numbers in product(range(1, 17), range(2, 17)) if _is_share_file(sentence, *numbers)]
        assert len(read) == vector[0].startswith("45.")


def _is_share_file(sentence: str, index: int, threshold: int) -> bool:
    written = f"saksei/v1 share\n{CALL}\n{FINGERPRINT}\nshare {index} of 16, any {threshold}\n{sentence}\n"
    try:
        return parse_share(written).to_text() == written
    except ShareError:
        return False


def test_another_implementation_combines_ours(shares: list[Share]) -> None:
    """npm `slip39` was written by others in another language: what it brings back from our words is the seed."""
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    assert node is not None
    script = """
        const words = JSON.parse(require('fs').readFileSync(0));
        console.log(JSON.stringify(require(process.argv[1]).recoverSecret(words, '')));
    """
    words = json.dumps([" ".join(share.words) for share in shares[1:4]])
    done = subprocess.run([node, "-e", script, str(SLIP39)], input=words, capture_output=True, text=True, check=True)
    assert bytes(json.loads(done.stdout)) == SEED
