"""crypto/sealing.py: what comes out is age, of the size promised, and never the same twice."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import container
from crypto.envelope import CHUNK_SIZE, parse_header, sealed_size
from crypto.opening import Identity, open_age
from crypto.sealing import seal

IDENTITIES = [Identity.from_seed(bytes([number]) * 32) for number in range(5)]
RECIPIENTS = [identity.recipient for identity in IDENTITIES]


@settings(max_examples=30)
@given(st.binary(max_size=300), st.sets(st.integers(0, 4), min_size=1))
def test_each_recipient_opens(plain: bytes, chosen: set[int]) -> None:
    sealed = seal(plain, [RECIPIENTS[number] for number in chosen])
    for number in chosen:
        assert open_age(sealed, [IDENTITIES[number]]) == plain


@pytest.mark.parametrize("size", [0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 1, 5 * CHUNK_SIZE])
def test_every_length_opens(size: int) -> None:
    plain = bytes(index % 251 for index in range(size))
    assert open_age(seal(plain, RECIPIENTS[:1]), IDENTITIES) == plain


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("file_size", [0, 1 << 17])
def test_size_is_as_specified(count: int, file_size: int) -> None:
    packed = container.pack(b"{}", [bytes(file_size)], max_k=24)
    assert len(seal(packed, RECIPIENTS[:count])) == sealed_size(count, len(packed))


def test_stanzas_stand_in_the_order_given() -> None:
    header = parse_header(seal(b"", RECIPIENTS))
    for identity, stanza in zip(IDENTITIES, header.stanzas, strict=True):
        assert identity.unwrap([stanza]) is not None


def test_no_two_sealings_are_alike() -> None:
    first, second = seal(b"the same", RECIPIENTS[:1]), seal(b"the same", RECIPIENTS[:1])
    assert IDENTITIES[0].unwrap(parse_header(first).stanzas) != IDENTITIES[0].unwrap(parse_header(second).stanzas)
    assert first[-60:] != second[-60:]


@pytest.mark.parametrize("count", [0, 6])
def test_one_to_five_recipients(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 5"):
        seal(b"", [RECIPIENTS[0]] * count)


def test_memory_stays_near_the_result() -> None:
    packed = container.pack(b"{}", [bytes(1 << 22)], max_k=24)
    tracemalloc.start()
    try:
        sealed = seal(packed, RECIPIENTS[:1])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.25 * len(sealed)
