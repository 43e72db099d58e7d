"""crypto/recipients.py: public keys, their text and their fingerprints."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.envelope import ENC_SIZE, STANZA_TYPE, SUITE, WRAP_INFO, Stanza, encode_base64
from crypto.errors import KeyParamsError
from crypto.opening import Identity
from crypto.recipients import Recipient, bech32_decode, bech32_encode

IDENTITY = Identity.from_seed(bytes(range(32)))
RECIPIENT = IDENTITY.recipient
TEXT = str(RECIPIENT)


def test_text_reads_back() -> None:
    assert TEXT.startswith("age1pq1")
    assert len(TEXT) == 1959
    assert Recipient.parse(TEXT) == RECIPIENT
    assert str(Recipient.parse(TEXT)) == TEXT
    assert hash(Recipient.parse(TEXT)) == hash(RECIPIENT)


def test_key_is_what_hpke_seals_to() -> None:
    sealed = SUITE.encrypt(b"k" * 16, Recipient.parse(TEXT).key, WRAP_INFO)
    assert len(sealed) == ENC_SIZE + 32
    arguments = (STANZA_TYPE, encode_base64(sealed[:ENC_SIZE]))
    assert IDENTITY.unwrap([Stanza(arguments, sealed[ENC_SIZE:])]) == b"k" * 16


def test_fingerprint_is_as_specified() -> None:
    digits = RECIPIENT.fingerprint()
    assert digits == str(int(hashlib.sha256(RECIPIENT.public).hexdigest(), 16) % 10**30).zfill(30)
    assert digits == "583454708929906520117533487979"
    assert RECIPIENT.fingerprint_groups() == "58345 47089 29906 52011 75334 87979"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "age1pq1",
        "AGE1PQ1" + TEXT[7:],
        TEXT.upper(),
        TEXT[:-1],
        TEXT + "q",
        TEXT + "\n",
        " " + TEXT,
        TEXT[:100] + ("q" if TEXT[100] != "q" else "p") + TEXT[101:],
        TEXT[:100] + "é" + TEXT[101:],
        bech32_encode("age", RECIPIENT.public),
        bech32_encode("age1pq", RECIPIENT.public[:-1]),
        bech32_encode("age1pq", RECIPIENT.public + b"\0"),
        bech32_encode("age1pq", b"\xff" * 1216),
        "q" * 5000,
    ],
    ids=range(15),
)
def test_refuses_other_texts(text: str) -> None:
    with pytest.raises(KeyParamsError):
        Recipient.parse(text)


@given(st.binary(max_size=200), st.sampled_from(["age1pq", "a", "age-secret-key-pq-", "1x1"]))
def test_bech32_reads_back(content: bytes, prefix: str) -> None:
    assert bech32_decode(bech32_encode(prefix, content)) == (prefix, content)


def test_bech32_has_up_to_4096_characters() -> None:
    content = bytes(2500)  # 4,000 characters of data, and 6 of the check
    longest = bech32_encode("a" * 89, content)
    assert len(longest) == 4096
    assert bech32_decode(longest) == ("a" * 89, content)
    with pytest.raises(KeyParamsError):
        bech32_decode(bech32_encode("a" * 90, content))


@given(st.binary(min_size=1, max_size=60), st.data())
def test_bech32_finds_every_mistake(content: bytes, data: st.DataObject) -> None:
    text = bech32_encode("age", content)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda character: character != text[at]))
    with pytest.raises(KeyParamsError):
        bech32_decode(text[:at] + other + text[at + 1 :])


@given(st.text(max_size=80))
def test_bech32_reads_or_refuses(text: str) -> None:
    with pytest.raises(KeyParamsError):
        bech32_decode(text)


def test_bech32_of_bip173() -> None:
    ascending = "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"
    assert bech32_decode(ascending) == ("abcdef", bytes.fromhex("00443214c74254b635cf84653a56d7c675be77df"))
    assert bech32_decode("a12uel5l") == ("a", b"")


@pytest.mark.parametrize("text", ["li1dgmt3", "10a06t8", "1qzzfhee", "x1b4n0q5v", "A12UEL5L", "a1lqfn3a", "pzry9x0s0muk"])
def test_bech32_refusals_of_bip173(text: str) -> None:
    with pytest.raises(KeyParamsError):
        bech32_decode(text)


def test_bech32_padding_must_be_zero() -> None:
    # A valid check over a last word that carries bits beyond the content: 8 bits in two words leave two spare bits.
    def checked(words: list[int]) -> str:
        from crypto import recipients  # noqa: PLC0415

        check = recipients._polymod([*recipients._expand("a"), *words, 0, 0, 0, 0, 0, 0]) ^ 1
        words = words + [(check >> 5 * (5 - place)) & 31 for place in range(6)]
        return "a1" + "".join(recipients._CHARSET[word] for word in words)

    assert bech32_decode(checked([0, 0])) == ("a", b"\0")
    for words in ([0, 1], [0, 2], [0], [0, 0, 0]):
        with pytest.raises(KeyParamsError):
            bech32_decode(checked(words))
