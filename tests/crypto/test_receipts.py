"""crypto/receipts.py: 32 digits and what comes out of them."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import ReceiptError
from crypto.receipts import Receipt

CODE = "12345678901234567890123456789039"
KHMER = str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")
FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}


def hkdf(code: str, label: str, call: str) -> bytes:
    """HKDF-SHA-256 of one block, written from RFC 5869."""
    key = hmac.digest(b"saksei/v1 receipt", code[:30].encode(), "sha256")
    return hmac.digest(key, label.encode() + b"\n" + call.encode() + b"\x01", "sha256")


def test_generated_receipts_read_back() -> None:
    receipts = [Receipt.generate() for _ in range(200)]
    assert len(set(receipts)) == 200
    assert all(Receipt.parse(receipt.groups()) == receipt for receipt in receipts)


@given(st.integers(0, 10**30 - 1))
def test_check_number_is_iso_7064(number: int) -> None:
    code = f"{number:030d}{98 - 100 * number % 97:02d}"
    assert Receipt(code).code == code
    assert int(code) % 97 == 1


@given(st.integers(0, 10**30 - 1), st.integers(0, 31), st.integers(1, 9))
def test_one_wrong_digit_is_found(number: int, place: int, change: int) -> None:
    code = f"{number:030d}{98 - 100 * number % 97:02d}"
    wrong = code[:place] + str((int(code[place]) + change) % 10) + code[place + 1 :]
    with pytest.raises(ReceiptError):
        Receipt.parse(wrong)


def test_shown_in_eight_groups() -> None:
    assert Receipt(CODE).groups() == "1234 5678 9012 3456 7890 1234 5678 9039"


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        Receipt(CODE).groups(),
        CODE.translate(KHMER),
        Receipt(CODE).groups().translate(KHMER).replace(" ", "\u200b"),
        CODE.translate(FULL_WIDTH),
        "\u00a0" + CODE[:10] + "-" + CODE[10:20] + "." + CODE[20:] + "\u3000\r\n",
        "".join(digit + "\u2009" for digit in CODE),
        CODE[:16] + CODE[16:].translate(KHMER),
        CODE[:4] + "…" + CODE[4:],
    ],
)
def test_reads_what_people_type(text: str) -> None:
    assert Receipt.parse(text).code == CODE
    assert Receipt.parse(unicodedata.normalize("NFD", text)).code == CODE


@pytest.mark.parametrize(
    "text",
    [
        "",
        CODE[:-1],
        CODE + "0",
        "0" + CODE,
        CODE[:-1] + "4",
        CODE.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
        CODE.translate(str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")),
        CODE.replace("1", "l"),
        CODE[:16] + "_" + CODE[16:],
        "+" + CODE[1:],
        *(CODE[:16] + separator + CODE[16:] for separator in "\x1c\x1d\x1e\x1f\ufeff"),
        CODE + " " * 1000,
        "\ufdfa" * 1000,
    ],
)
def test_refuses_everything_else(text: str) -> None:
    with pytest.raises(ReceiptError):
        Receipt.parse(text)


@pytest.mark.parametrize(("base", "right", "wrong"), [(0, 98, 1), (65, 97, 0), (32, 2, 99)])
def test_check_number_has_one_spelling(base: int, right: int, wrong: int) -> None:
    # 98 and 01, 97 and 00, 02 and 99 are the same modulo 97: only 02..98 is a check number.
    Receipt(f"{base:030d}{right:02d}")
    assert int(f"{base:030d}{wrong:02d}") % 97 == 1
    with pytest.raises(ReceiptError):
        Receipt(f"{base:030d}{wrong:02d}")


def test_secrets_are_as_specified() -> None:
    receipt = Receipt(CODE)
    for n in (0, 1, 99):
        assert receipt.withdraw("demo", n) == hkdf(CODE, f"withdraw {n}", "demo")
        assert receipt.handle("demo", n) == hashlib.sha256(receipt.withdraw("demo", n)).digest()
    assert receipt.thread("demo") == hkdf(CODE, "thread", "demo")[:16]
    assert receipt.reply_key("demo") == hkdf(CODE, "reply", "demo")


def test_secrets_of_a_fixed_receipt() -> None:
    receipt = Receipt("0" * 30 + "98")
    assert receipt.withdraw("demo", 0).hex() == "18b25ba82118360af7ca991a4e20699f00d7596f56dc8d937d817a2a2ec033be"
    assert receipt.handle("demo", 0).hex() == "a8ed1c72a1918366e6553e02f12e60924f760b0239890cf5082d0bb04da1ae5f"
    assert receipt.thread("demo").hex() == "9214572bb02fd810511ddcf38687aba0"
    assert receipt.reply_key("demo").hex() == "fc0b26cc4d92f08f26529468433a8b9340c1a11c44ae2ea546d5b0615f42583c"


def test_secrets_differ_by_call_and_number() -> None:
    receipt = Receipt(CODE)
    made = [receipt.withdraw(call, n) for call in ("a", "b", "a1") for n in range(100)]
    assert len(set(made)) == 300


@pytest.mark.parametrize("n", [-1, 100])
def test_a_thread_has_a_hundred_reports(n: int) -> None:
    with pytest.raises(ValueError, match="0 to 99"):
        Receipt(CODE).handle("demo", n)


def test_repr_does_not_tell() -> None:
    assert "1234" not in repr(Receipt(CODE))
