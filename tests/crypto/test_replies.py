"""Reply rounds: who was answered can be told by nobody but the one who was, and a server that narrows the question is refused."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import (
    CryptoError,
    HandleMismatchError,
    NoMatchError,
    PaddingError,
    PayloadError,
    SignatureError,
    SizeError,
    TooLargeError,
)
from crypto.minisign import SecretKey
from crypto.receipts import Receipt
from crypto.replies import (
    MAX_REPLY,
    RECORD_SIZE,
    Reply,
    Round,
    build_round,
    check_fetched,
    open_reply,
    prefix,
    prefix_length,
    seal_reply,
    verify_round,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CALL = "lantern-2031"
RECEIPT = Receipt("31415926535897932384626433832746")
HANDLE, KEY = RECEIPT.handle(CALL, 0), RECEIPT.reply_key(CALL)
REPLY = "សូមសរសេរមកយើងម្ដងទៀត។"
SIGNING = SecretKey.generate()


def handles(count: int) -> list[bytes]:
    return [hashlib.sha256(b"handle %d" % number).digest() for number in range(count)]


def bare(*given: bytes) -> bytes:
    """Return a round in which nobody is answered, its records in the order given."""
    return b"".join(handle.ljust(RECORD_SIZE, b"\7") for handle in given)


def sealed(plain: bytes, *, call: str = CALL, handle: bytes = HANDLE, key: bytes = KEY) -> bytes:
    """Return a record written by hand, as F8.3 says."""
    associated = b"saksei/v1 reply\n" + call.encode() + b"\n" + handle.hex().encode() + b"\n"
    return handle + bytes(12) + ChaCha20Poly1305(key).encrypt(bytes(12), plain, associated)


def plain(content: bytes, *, length: int | None = None) -> bytes:
    return (len(content) if length is None else length).to_bytes(2, "big") + content + bytes(MAX_REPLY - len(content))


# --- one record -----------------------------------------------------------------------------------------------------------------------


@given(st.text(max_size=300))
def test_reply_comes_back(text: str) -> None:
    record = seal_reply(text, call=CALL, handle=HANDLE, reply_key=KEY)
    assert len(record) == RECORD_SIZE
    assert record.startswith(HANDLE)
    assert open_reply(record, call=CALL, reply_key=KEY) == text


def test_reply_as_the_page_prints_it() -> None:
    record = sealed(plain(b"ok"))
    assert hashlib.sha256(record).hexdigest() == "204c8e9e380e235257b148cffad3afd5ecd83c0252facfd66b915af7f6875ab0"
    assert open_reply(memoryview(record), call=CALL, reply_key=KEY) == "ok"


def test_longest_reply_fits() -> None:
    for text in ("x" * MAX_REPLY, "", "ក" * (MAX_REPLY // 3)):
        assert open_reply(seal_reply(text, call=CALL, handle=HANDLE, reply_key=KEY), call=CALL, reply_key=KEY) == text


@pytest.mark.parametrize("text", ["x" * (MAX_REPLY + 1), "ក" * (MAX_REPLY // 3 + 1)])
def test_longer_reply_is_refused(text: str) -> None:
    with pytest.raises(TooLargeError):
        seal_reply(text, call=CALL, handle=HANDLE, reply_key=KEY)


def test_nonces_are_fresh() -> None:
    assert len({seal_reply("ok", call=CALL, handle=HANDLE, reply_key=KEY)[32:44] for _ in range(20)}) == 20


@pytest.mark.parametrize(
    "terms",
    [
        {"call": "lantern-2032", "reply_key": KEY},
        {"call": CALL, "reply_key": RECEIPT.reply_key("other")},
    ],
    ids=["call", "key"],
)
def test_no_reply_for_anybody_else(terms: dict[str, str | bytes]) -> None:
    record = seal_reply(REPLY, call=CALL, handle=HANDLE, reply_key=KEY)
    assert open_reply(record, call=str(terms["call"]), reply_key=bytes(terms["reply_key"])) is None  # type: ignore[arg-type]


@given(st.integers(0, RECORD_SIZE - 1), st.integers(0, 7))
def test_no_reply_in_a_changed_record(at: int, bit: int) -> None:
    changed = bytearray(sealed(plain(b"ok")))
    changed[at] ^= 1 << bit
    assert open_reply(bytes(changed), call=CALL, reply_key=KEY) is None


def test_reply_of_an_addition_has_its_own_handle() -> None:
    """One key opens all replies of a thread, but none of them can be moved to another of its reports."""
    other = RECEIPT.handle(CALL, 1)
    moved = other + seal_reply(REPLY, call=CALL, handle=HANDLE, reply_key=KEY)[32:]
    assert open_reply(moved, call=CALL, reply_key=KEY) is None
    assert open_reply(seal_reply(REPLY, call=CALL, handle=other, reply_key=KEY), call=CALL, reply_key=KEY) == REPLY


@pytest.mark.parametrize(
    ("written", "error"),
    [
        (plain(b"ok", length=1), PaddingError),
        (plain(b"ok", length=MAX_REPLY + 1), PaddingError),
        (plain(b"ok", length=0xFFFF), PaddingError),
        (plain(b"")[:-1] + b"\1", PaddingError),
        *((plain(b"ok")[:-2] + end, PaddingError) for end in (b"X\0", b"\0X", b" \0", b"\0\n")),
        (plain(b"\xff"), PayloadError),
        (plain(b"\xed\xa0\x80"), PayloadError),
    ],
    ids=["short", "long", "longest", "end", "letter", "last-letter", "space", "last-line-end", "not-utf-8", "surrogate"],
)
def test_opened_but_malformed_is_refused(written: bytes, error: type[CryptoError]) -> None:
    with pytest.raises(error):
        open_reply(sealed(written), call=CALL, reply_key=KEY)


@pytest.mark.parametrize("size", [0, RECORD_SIZE - 1, RECORD_SIZE + 1])
def test_record_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(SizeError):
        open_reply(bytes(size), call=CALL, reply_key=KEY)


@pytest.mark.parametrize("handle", [b"", HANDLE[:31], HANDLE + b"\0"])
def test_handle_has_32_bytes(handle: bytes) -> None:
    uses: list[Callable[[], object]] = [
        lambda: seal_reply("", call=CALL, handle=handle, reply_key=KEY),
        lambda: build_round(CALL, [handle], {}),
        lambda: prefix(handle, 1),
    ]
    for use in uses:
        with pytest.raises(ValueError, match="32 bytes"):
            use()


def test_repr_shows_no_reply() -> None:
    assert REPLY not in repr(Reply(KEY, REPLY))
    assert KEY.hex() not in repr(Reply(KEY, REPLY))


# --- a round --------------------------------------------------------------------------------------------------------------------------


def test_round_has_a_record_for_everyone() -> None:
    live = [*handles(20), HANDLE]
    whole = build_round(CALL, live, {HANDLE: Reply(KEY, REPLY)})
    read = Round.parse(whole)
    assert list(read.handles()) == sorted(live)
    read.require_live(live)
    opened = [open_reply(read[number], call=CALL, reply_key=KEY) for number in range(len(read))]
    assert [text for text in opened if text is not None] == [REPLY]
    assert opened[sorted(live).index(HANDLE)] == REPLY


def test_round_of_nobody_is_empty() -> None:
    assert build_round(CALL, [], {}) == b""
    assert len(Round.parse(b"")) == 0


def test_records_without_reply_are_random() -> None:
    one, other = (build_round(CALL, handles(3), {}) for _ in range(2))
    for number in range(3):
        at = number * RECORD_SIZE
        assert one[at : at + 32] == other[at : at + 32]
        # 4064 random bytes: all but surely more than 240 of the 256 values, and no two records alike.
        assert len(set(one[at + 32 : at + RECORD_SIZE])) > 240
        assert one[at + 32 : at + RECORD_SIZE] != other[at + 32 : at + RECORD_SIZE]


def test_two_rounds_share_nothing_but_handles() -> None:
    """A round must not show by what stayed the same that nothing was said, or that the same was said again."""
    one, other = (build_round(CALL, [HANDLE], {HANDLE: Reply(KEY, REPLY)}) for _ in range(2))
    assert one[:32] == other[:32]
    assert sum(a == b for a, b in zip(one[32:], other[32:], strict=True)) < 100


def test_reply_to_a_report_not_live_is_refused() -> None:
    with pytest.raises(HandleMismatchError):
        build_round(CALL, handles(2), {HANDLE: Reply(KEY, REPLY)})


def test_handle_twice_is_refused() -> None:
    with pytest.raises(HandleMismatchError):
        build_round(CALL, [HANDLE, HANDLE], {})


@pytest.mark.parametrize("size", [1, RECORD_SIZE - 1, 2 * RECORD_SIZE + 1])
def test_half_a_record_is_refused(size: int) -> None:
    with pytest.raises(SizeError):
        Round.parse(bare(*sorted(handles(3)))[:size])


@pytest.mark.parametrize("order", [(1, 0), (0, 0), (0, 2, 1)])
def test_records_out_of_order_are_refused(order: tuple[int, ...]) -> None:
    ascending = sorted(handles(3))
    with pytest.raises(HandleMismatchError):
        Round.parse(bare(*(ascending[number] for number in order)))


@pytest.mark.parametrize("live", [handles(2), handles(4), [*handles(2), HANDLE]], ids=["fewer", "more", "another"])
def test_round_of_another_log_is_refused(live: list[bytes]) -> None:
    with pytest.raises(HandleMismatchError):
        Round.parse(bare(*sorted(handles(3)))).require_live(live)


@pytest.mark.parametrize("index", [-1, 3])
def test_round_ends_with_its_last_record(index: int) -> None:
    with pytest.raises(IndexError):
        Round.parse(bare(*sorted(handles(3))))[index]


# --- signing --------------------------------------------------------------------------------------------------------------------------


def test_signed_round_is_taken() -> None:
    whole = build_round(CALL, handles(3), {})
    assert len(verify_round(whole, SIGNING.sign(whole), SIGNING.public_key)) == 3


def test_round_signed_by_another_is_refused() -> None:
    whole = build_round(CALL, handles(3), {})
    with pytest.raises(SignatureError):
        verify_round(whole, SecretKey.generate().sign(whole), SIGNING.public_key)


def test_changed_round_is_refused() -> None:
    whole = build_round(CALL, handles(3), {})
    with pytest.raises(SignatureError):
        verify_round(whole[:-RECORD_SIZE], SIGNING.sign(whole), SIGNING.public_key)


def test_signed_nonsense_is_refused() -> None:
    with pytest.raises(SizeError):
        verify_round(b"x", SIGNING.sign(b"x"), SIGNING.public_key)


# --- fetching by prefix ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("live", "length"),
    [(0, 0), (1, 0), (511, 0), (512, 0), (8191, 0), (8192, 1), (131_071, 1), (131_072, 2), (2_097_151, 2), (2_097_152, 3)],
)
def test_prefix_length(live: int, length: int) -> None:
    assert prefix_length(live) == length


@given(st.integers(512, 2**60))
def test_prefix_is_the_longest_that_hides(live: int) -> None:
    length = prefix_length(live)
    assert 512 * 16**length <= live < 512 * 16 ** (length + 1)


def test_prefix_is_of_the_handle() -> None:
    assert [prefix(HANDLE, live) for live in (0, 8191, 8192, 131_072)] == ["all", "all", HANDLE.hex()[:1], HANDLE.hex()[:2]]


@given(st.sets(st.integers(0, 255), max_size=40), st.integers(0, 15), st.booleans())
def test_select_gives_what_begins_so(firsts: set[int], digit: int, ends: bool) -> None:
    """Handles at the very edges of a prefix belong to it."""
    given = sorted(bytes([first]) + (b"\xff" if ends else b"\0") * 31 for first in firsts)
    selected = Round.parse(bare(*given)).select(f"{digit:x}")
    assert list(selected.handles()) == [handle for handle in given if handle.hex().startswith(f"{digit:x}")]


def test_select_all_gives_every_record() -> None:
    whole = Round.parse(bare(*sorted(handles(5))))
    assert list(whole.select("all").handles()) == sorted(handles(5))


@pytest.mark.parametrize("asked", ["", "ALL", "A", "g", "0x", " a", "a\n", "0" * 65, "é", "٣"])
def test_no_prefix_is_refused(asked: str) -> None:
    with pytest.raises(NoMatchError):
        Round.parse(b"").select(asked)


def test_find_gives_one_record_or_none() -> None:
    whole = Round.parse(build_round(CALL, [*handles(5), HANDLE], {HANDLE: Reply(KEY, REPLY)}))
    found = whole.find(HANDLE)
    assert found is not None
    assert open_reply(found, call=CALL, reply_key=KEY) == REPLY
    assert whole.find(bytes(32)) is None


@pytest.mark.parametrize(("given", "live"), [(0, 0), (3, 3), (4, 3), (256, 300), (300, 300), (256, 10**6)])
def test_enough_records_are_taken(given: int, live: int) -> None:
    assert len(check_fetched(bare(*sorted(handles(given))), asked="all", live=live)) == given


@pytest.mark.parametrize(("given", "live"), [(0, 1), (2, 3), (255, 256), (255, 10**6), (1, 10**6)])
def test_too_few_records_are_refused(given: int, live: int) -> None:
    """A server that answers with one record would learn which one is asked for."""
    with pytest.raises(SizeError):
        check_fetched(bare(*sorted(handles(given))), asked="all", live=live)


def test_records_of_another_prefix_are_refused() -> None:
    live = sorted(handles(6000))
    answer = [handle for handle in live if handle.hex().startswith("8")]
    assert len(check_fetched(bare(*answer), asked="8", live=8192)) == len(answer) > 256
    stranger = next(handle for handle in live if handle.hex().startswith("9"))
    with pytest.raises(HandleMismatchError):
        check_fetched(bare(*answer, stranger), asked="8", live=8192)


@given(st.binary(max_size=3 * RECORD_SIZE))
def test_anything_fetched_is_taken_or_refused(answer: bytes) -> None:
    try:
        fetched = check_fetched(answer, asked="all", live=1)
    except (SizeError, HandleMismatchError):
        return
    assert bytes(fetched.records) == answer
