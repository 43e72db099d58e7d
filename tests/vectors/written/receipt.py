"""Vectors of the receipt (F4). What is typed is text, not a byte string."""

from __future__ import annotations

import hashlib
import hmac

from tests.vectors.collection import Collection
from tests.vectors.world import CALL, OTHER_RECEIPT, RECEIPT

CODE = RECEIPT.code
KHMER = "".join(chr(0x17E0 + int(digit)) for digit in CODE)
FULL_WIDTH = "".join(chr(0xFF10 + int(digit)) for digit in CODE)
WHITE_SPACE = (*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)

TYPED = {
    "bare": CODE,
    "as-shown": " ".join(CODE[at : at + 4] for at in range(0, 32, 4)),
    "dashes": "-".join(CODE[at : at + 4] for at in range(0, 32, 4)),
    "dots": ".".join(CODE),
    "zero-width-spaces": "\u200b".join(CODE),
    "white-space-around": f"\r\n\t {CODE} \n",
    "khmer-digits": KHMER,
    "khmer-and-ascii": KHMER[:10] + CODE[10:],
    "full-width-digits": FULL_WIDTH,
    "mathematical-digits": "".join(chr(0x1D7CE + int(digit)) for digit in CODE),
    "circled-first": "③" + CODE[1:],
    "full-width-hyphen": "\uff0d".join((CODE[:16], CODE[16:])),
    "full-width-stop": "\uff0e".join((CODE[:16], CODE[16:])),
    "least": OTHER_RECEIPT.code,
    "greatest": "9" * 30 + f"{98 - 100 * (10**30 - 1) % 97:02d}",
}
NOT_A_RECEIPT = {
    "nothing": "",
    "31-digits": CODE[:-1],
    "33-digits": CODE + "0",
    "leading-zero-more": "0" + CODE,
    "one-digit-wrong": CODE[:5] + ("0" if CODE[5] != "0" else "1") + CODE[6:],
    "two-digits-swapped": CODE[1] + CODE[0] + CODE[2:],
    "letter-o": "O" + CODE[1:],
    "letter-l": "l" + CODE[1:],
    "sign": "+" + CODE,
    "arabic-digits": "".join(chr(0x660 + int(digit)) for digit in CODE),
    "thai-digits": "".join(chr(0x0E50 + int(digit)) for digit in CODE),
    "underscore": CODE[:16] + "_" + CODE[16:],
    "comma": CODE[:16] + "," + CODE[16:],
    "slash": CODE[:16] + "/" + CODE[16:],
    "minus": CODE[:16] + "\u2212" + CODE[16:],
    "non-breaking-hyphen": CODE[:16] + "\u2011" + CODE[16:],
    "byte-order-mark": "\ufeff" + CODE,
    "zero-width-joiner": CODE[:16] + "\u200d" + CODE[16:],
    "soft-hyphen": CODE[:16] + "\u00ad" + CODE[16:],
    "nul": CODE + "\0",
    "information-separator": CODE[:16] + "\u001c" + CODE[16:],
    "unit-separator": CODE[:16] + "\u001f" + CODE[16:],
    "mongolian-vowel-separator": CODE[:16] + "\u180e" + CODE[16:],
    "word-joiner": CODE[:16] + "\u2060" + CODE[16:],
    "half": "½" + CODE[1:],
    "words": "three one four one",
}


def derived(code: str, label: str, call: str) -> bytes:
    """Return D(label) of F4.5 by RFC 5869 itself, one block long."""
    key = hmac.digest(b"saksei/v1 receipt", code[:30].encode(), "sha256")
    return hmac.digest(key, f"{label}\n{call}".encode() + b"\1", "sha256")


def collection() -> Collection:
    """Return the vectors of `receipt.json`."""
    made = Collection("receipt", "Receipts as they are made, as they are typed, and what follows from them.")
    for name, typed in TYPED.items():
        code = {"least": OTHER_RECEIPT.code, "greatest": TYPED["greatest"]}.get(name, CODE)
        made.passes(name, "parse", "F4.4", {"typed": typed}, {"code": code})
    for point in WHITE_SPACE:
        typed = CODE[:9] + chr(point) + CODE[9:]
        made.passes(f"white-space-{point:04x}", "parse", "F4.4", {"typed": typed}, {"code": CODE})
    for name, typed in (NOT_A_RECEIPT | _wrong_check()).items():
        made.refuses(name, "parse", "F4.4", "receipt", {"typed": typed})
    for digits in (CODE[:30], "0" * 30, "9" * 30, "1" + "0" * 29):
        code = f"{digits}{98 - 100 * int(digits) % 97:02d}"
        shown = " ".join(code[at : at + 4] for at in range(0, 32, 4))
        made.passes(f"check-of-{digits}", "check", "F4.1", {"digits": digits}, {"code": code, "shown": shown})
    for code, call, n in ((CODE, CALL, 0), (CODE, CALL, 1), (CODE, CALL, 99), (CODE, "a", 0), (OTHER_RECEIPT.code, "-" * 40, 7)):
        secret = derived(code, f"withdraw {n}", call)
        output = {
            "withdraw": secret,
            "handle": hashlib.sha256(secret).digest(),
            "thread": derived(code, "thread", call)[:16],
            "reply_key": derived(code, "reply", call),
        }
        made.passes(f"derive-{code[:4]}-{call[:8]}-{n}", "derive", "F4.5", {"code": code, "call": call, "n": n}, output)
    return made


def _wrong_check() -> dict[str, str]:
    """Return receipts that are ≡ 1 mod 97 with check digits outside 02..98, which no receipt has."""
    low = next(digits for digits in range(97) if (100 * digits + 1) % 97 == 1)
    high = next(digits for digits in range(97) if (100 * digits + 99) % 97 == 1)
    zero = next(digits for digits in range(1, 97) if (100 * digits) % 97 == 1)
    return {"check-01": f"{low:030d}01", "check-99": f"{high:030d}99", "check-00": f"{zero:030d}00"}
