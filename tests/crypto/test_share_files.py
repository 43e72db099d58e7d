"""The file of a share: what it must be, line by line and word by word, and all that must be refused."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic import EncryptedMasterSecret, generate_mnemonics, split_ems

from crypto.errors import ShareError
from crypto.shares import WORD_COUNT, Share, combine, parse_share
from tests.crypto.splitting import CALL, FINGERPRINT, SEED, shares_of


@pytest.fixture(scope="module")
def shares() -> list[Share]:
    return shares_of()


@pytest.fixture(scope="module")
def text(shares: list[Share]) -> str:
    return shares[1].to_text()


def refused(text: str | bytes) -> str:
    """Return the sentence with which a share file is refused, having seen that it repeats no two words of it."""
    with pytest.raises(ShareError) as caught:
        parse_share(text)
    words = (text if isinstance(text, str) else text.decode("latin-1")).split()[-WORD_COUNT:]
    said = str(caught.value)
    assert not any(" ".join(pair) in said for pair in pairwise(words))
    assert caught.value.__cause__ is None
    return said


def changed(text: str, line: int, to: str) -> str:
    lines = text.split("\n")
    lines[line] = to
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("number", "to", "match"),
    [
        pytest.param(0, "saksei/v2 share", "version 1", id="another version"),
        pytest.param(0, "saksei/v1 key", "version 1", id="another file of ours"),
        pytest.param(0, "", "version 1", id="no first line"),
        pytest.param(0, " saksei/v1 share", "version 1", id="space before"),
        pytest.param(1, "", "id of its call", id="no call"),
        pytest.param(1, "Lantern-2031", "id of its call", id="upper-case call"),
        pytest.param(1, "a" * 41, "id of its call", id="long call"),
        pytest.param(2, "58345 47089 29906 52011 75334 87979", "30 digits", id="grouped fingerprint"),
        pytest.param(2, "58345470892990652011753348797", "30 digits", id="29 digits"),
        pytest.param(3, "share 2 of 5, any 3 ", "fourth line", id="space after"),
        pytest.param(3, "share 2 of 5 any 3", "fourth line", id="no comma"),
        pytest.param(3, "Share 2 of 5, any 3", "fourth line", id="upper case"),
        pytest.param(3, "share 02 of 5, any 3", "fourth line", id="leading zero"),
        pytest.param(3, "share 0 of 5, any 3", "fourth line", id="share zero"),
        pytest.param(3, "share +2 of 5, any 3", "fourth line", id="sign"),
        pytest.param(3, "share 100 of 5, any 3", "fourth line", id="three digits"),
        pytest.param(3, "share 6 of 5, any 3", "between 1 and", id="beyond N"),
        pytest.param(3, "share 2 of 17, any 3", "at most 16", id="N of 17"),
        pytest.param(3, "share 2 of 2, any 3", "at most 16", id="M beyond N"),
        pytest.param(3, "share 2 of 5, any 1", "at most 16", id="M of 1"),
        pytest.param(3, "share 3 of 5, any 3", "do not say the numbers", id="another index"),
        pytest.param(3, "share 2 of 5, any 2", "do not say the numbers", id="another threshold"),
        pytest.param(4, "", "33 words", id="no words"),
    ],
)
def test_parse_refuses_a_line(text: str, number: int, to: str, match: str) -> None:
    assert match in refused(changed(text, number, to))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        pytest.param(lambda text: text.replace("\n", "\r\n"), "LF alone", id="CRLF"),
        pytest.param(lambda text: text.replace("\n", "\r"), "LF alone", id="CR"),
        pytest.param(lambda text: text.replace("\n", "\u2028"), "LF alone", id="line separator"),
        pytest.param(lambda text: text.replace("\n", "\x0b"), "LF alone", id="vertical tab"),
        pytest.param(lambda text: text + "\n", "five lines", id="empty line after"),
        pytest.param(lambda text: text + "paper industry\n", "five lines", id="line after"),
        pytest.param(lambda text: text + " ", "five lines", id="space after the end"),
        pytest.param(lambda text: "\n" + text, "five lines", id="line before"),
        pytest.param(lambda text: text[:-1], "five lines", id="no LF at the end"),
        pytest.param(lambda text: text[:0], "five lines", id="empty"),
        pytest.param(lambda text: text.replace("share 2", "share \uff12"), "LF alone", id="full-width digit (NFKC)"),
        pytest.param(lambda text: text.replace("lantern", "\uff4cantern"), "LF alone", id="full-width letter (NFKC)"),
        pytest.param(lambda text: text.replace("share 2 ", "share 2\u00a0"), "LF alone", id="no-break space (NFKC)"),
        pytest.param(lambda text: "\ufeff" + text, "LF alone", id="byte order mark"),
        pytest.param(lambda text: text[:-1] + "\u200b\n", "LF alone", id="zero-width space"),
        pytest.param(lambda text: text.replace("share 2", "share\t2"), "LF alone", id="tab"),
        pytest.param(lambda text: text.replace("share 2", "share\0" + "2"), "LF alone", id="NUL"),
        pytest.param(lambda text: text * 4, "too long", id="four shares at once"),
        pytest.param(lambda text: text + "a" * 10**6, "too long", id="a megabyte"),
    ],
)
def test_parse_refuses_a_text(text: str, change: Any, match: str) -> None:
    assert match in refused(change(text))
    assert match in refused(change(text).encode("utf-8"))


@pytest.mark.parametrize(("size", "match"), [(1024, "five lines"), (1025, "too long")])
def test_no_more_than_1024_characters_are_read(size: int, match: str) -> None:
    assert match in refused("a" * size)


def with_words(text: str, words: list[str]) -> str:
    return changed(text, 4, " ".join(words))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        pytest.param(lambda words: [*words[:6], "lantern", *words[7:]], "Word 7 ", id="a word of another list"),
        pytest.param(lambda words: [words[0].upper(), *words[1:]], "Word 1 ", id="upper case"),
        pytest.param(lambda words: [*words[:2], words[2][:4], *words[3:]], "Word 3 ", id="a word cut to four letters"),
        pytest.param(lambda words: words[:-1], "has 32", id="32 words"),
        pytest.param(lambda words: [*words, "acid"], "has 34", id="34 words"),
        pytest.param(lambda words: [words[0], "", *words[1:]], "has 34", id="two spaces"),
        pytest.param(lambda words: ["", *words[1:]], "Word 1 ", id="space before"),
        pytest.param(lambda words: [words[0], words[2], words[1], *words[3:]], "does not fit", id="two words swapped"),
        pytest.param(lambda words: [*words[:-1], "acid" if words[-1] != "acid" else "acne"], "does not fit", id="checksum"),
        pytest.param(lambda words: [*words[:9], "acid" if words[9] != "acid" else "acne", *words[10:]], "does not fit", id="value"),
    ],
)
def test_parse_refuses_words(text: str, change: Any, match: str) -> None:
    words = text.split("\n")[4].split(" ")
    assert words[2] == "academic"  # one group of one: the third word of every share of ours, and never the second
    assert match in refused(with_words(text, change(words)))


def share_of_another_kind(**kind: Any) -> list[str]:
    """Return the words of one share of the seed, split by SLIP-39 in another way than ours."""
    numbers: dict[str, Any] = {"groups": [(3, 5)], "extendable": True, "exponent": 1, "secret": SEED, "group_threshold": 1} | kind
    sealed = EncryptedMasterSecret.from_master_secret(numbers["secret"], b"", 7, numbers["extendable"], numbers["exponent"])
    words: list[str] = split_ems(numbers["group_threshold"], numbers["groups"], sealed)[-1][1].words()
    return words


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        pytest.param({"extendable": False}, "another kind", id="not extendable"),
        pytest.param({"groups": [(3, 5), (3, 5)]}, "another kind", id="two groups"),
        pytest.param({"groups": [(3, 5), (3, 5)], "group_threshold": 2}, "another kind", id="both of two groups"),
        pytest.param({"secret": SEED[:16]}, "has 20", id="128 bits"),
        pytest.param({"secret": SEED * 2}, "has 59", id="512 bits"),
    ],
)
def test_parse_refuses_another_sharing(text: str, kind: dict[str, Any], match: str) -> None:
    assert match in refused(with_words(text, share_of_another_kind(**kind)))


@pytest.mark.parametrize("exponent", [0, 1, 2])
def test_twin_the_same_sharing_is_read(text: str, exponent: int) -> None:
    """The shares above are refused for what is different in them and for nothing else; the iteration exponent may differ."""
    assert parse_share(with_words(text, share_of_another_kind(exponent=exponent))).index == 2


@pytest.mark.parametrize("exponent", [0, 2])
def test_any_exponent_combines(exponent: int) -> None:
    (sentences,) = generate_mnemonics(1, [(2, 2)], SEED, iteration_exponent=exponent)
    made = [Share(CALL, FINGERPRINT, index, 2, 2, tuple(sentence.split(" "))) for index, sentence in enumerate(sentences, 1)]
    assert combine(made) == SEED


def test_a_stock_sharing_of_the_seed_combines() -> None:
    """Words that SLIP-39's own tool makes with its defaults are ours once the four lines stand above them."""
    (sentences,) = generate_mnemonics(1, [(2, 3)], SEED)
    made = [
        parse_share(f"saksei/v1 share\n{CALL}\n{FINGERPRINT}\nshare {n} of 3, any 2\n{words}\n") for n, words in enumerate(sentences, 1)
    ]
    assert combine(made[1:]) == SEED


EDITS = st.tuples(
    st.integers(0, 400), st.sampled_from(["delete", "insert", "replace"]), st.characters(codec="utf-8") | st.sampled_from(" \n,0123")
)


@settings(max_examples=300, deadline=None)
@given(edits=st.lists(EDITS, min_size=1, max_size=3))
def test_what_parses_is_spelled_one_way(shares: list[Share], edits: list[tuple[int, str, str]]) -> None:
    written = shares[0].to_text()
    for at, kind, character in edits:
        start = at % (len(written) + 1)
        written = written[:start] + ("" if kind == "delete" else character) + written[start + (kind != "insert") :]
    try:
        read = parse_share(written)
    except ShareError:
        return
    assert read.to_text() == written


@settings(max_examples=200, deadline=None)
@given(written=st.text(max_size=500) | st.binary(max_size=500))
def test_any_text_is_read_or_refused(written: str | bytes) -> None:
    with pytest.raises(ShareError):
        parse_share(written)
