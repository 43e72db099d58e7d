"""What a plain form takes of memory while it is sealed: what came, what is sealed, and the container until it is."""

import tracemalloc
from collections.abc import Callable

import pytest

from app.gathering import GatheredFile
from app.submissions import SealedReport
from app.unscripted import Draft
from app.uploads import sealed_in_memory
from crypto.receipts import Receipt
from crypto.report import Consent
from tests.app.made import MadeCall, PublicCall

FILE_BYTES = 7 << 20
SEALED_BYTES = 8 << 20
"""The class that the file falls into."""


@pytest.fixture
def draft(make_call: PublicCall) -> Draft:
    call: MadeCall = make_call(max_k=24)
    file = GatheredFile("q-proof", "film.mp4", "video/mp4", bytearray(b"film" * (FILE_BYTES // 4)))
    return Draft(call.stored, Receipt.generate(), "en", Consent("C1", (), contact=False), {"what": "words"}, [file])


def most_memory(seal: Callable[[int], SealedReport]) -> float:
    """The most that was held at once beside what was there before, in sizes of the sealed report."""
    seal(0)  # whatever is made once is made now
    tracemalloc.start()
    try:
        report = seal(1)
        return tracemalloc.get_traced_memory()[1] / report.size
    finally:
        tracemalloc.stop()


def test_twice_its_size(draft: Draft) -> None:
    assert draft.seal(0).size > SEALED_BYTES
    assert 1.9 < most_memory(draft.seal) < 2.2


def test_one_copy_more_is_noticed(draft: Draft) -> None:
    """The twin: joined to its handle once more, and cut off again, the report takes a third and a fourth time its size."""

    def joined(n: int) -> SealedReport:
        report = draft.seal(n)
        return sealed_in_memory(draft.stored, report.handle + b"".join(report.parts()))

    assert most_memory(joined) > 2.9
