"""Receipts: 32 digits that a person keeps, and the four secrets that come out of them (format.md section 4).

With JavaScript a receipt never leaves the device; on the server this module serves the plain form only.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.errors import ReceiptError

MAX_ADDITIONS: Final = 99
"""A thread is one first report, n = 0, and additions n = 1..99."""

_SALT: Final = b"saksei/v1 receipt"
_BASE: Final = 10**30
_INPUT_LIMIT: Final = 1000  # characters: room for 32 digits however spaced, and no more work than that for anything else
_KHMER_DIGITS: Final = {0x17E0 + digit: ord("0") + digit for digit in range(10)}
_DROPPED: Final = "-.\u200b"
_NOT_WHITE: Final = "\x1c\x1d\x1e\x1f"  # str.isspace takes these too, which have not the Unicode property White_Space


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt: 30 random digits and two that check them. `code` is kept out of repr. Raises ReceiptError."""

    code: str = field(repr=False)

    def __post_init__(self) -> None:
        """Require 32 ASCII digits, ≡ 1 mod 97, the last two in 02..98."""
        if re.fullmatch("[0-9]{32}", self.code) is None:
            raise ReceiptError("A receipt has 32 digits.")
        if int(self.code) % 97 != 1 or not 2 <= int(self.code[30:]) <= 98:
            raise ReceiptError("There is a mistake in this receipt: its check number does not fit.")

    @classmethod
    def generate(cls) -> Receipt:
        """Draw a receipt: 30 uniform digits by rejection from 100 random bits."""
        while (number := secrets.randbits(100)) >= _BASE:
            pass
        return cls(f"{number:030d}{98 - 100 * number % 97:02d}")

    @classmethod
    def parse(cls, text: str) -> Receipt:
        """Read a receipt as people type it: NFKC, Khmer digits, white space, `-`, `.` and U+200B between. Raises ReceiptError."""
        if len(text) > _INPUT_LIMIT:
            raise ReceiptError("A receipt has 32 digits.")
        digits = unicodedata.normalize("NFKC", text).translate(_KHMER_DIGITS)
        return cls("".join(character for character in digits if not _is_dropped(character)))

    def groups(self) -> str:
        """Return the receipt as it is shown: eight groups of four digits."""
        return " ".join(self.code[start : start + 4] for start in range(0, 32, 4))

    def withdraw(self, call: str, n: int) -> bytes:
        """Return withdraw_n, the 32 bytes whose hash is the handle of report `n` of this thread in `call`. Raises ValueError."""
        if not 0 <= n <= MAX_ADDITIONS:
            raise ValueError("The number of a report in its thread is 0 to 99.")
        return self._derive(f"withdraw {n}", call)

    def handle(self, call: str, n: int) -> bytes:
        """Return handle_n, the 32 bytes that stand for report `n` of this thread in the log of `call`. Raises ValueError."""
        return hashlib.sha256(self.withdraw(call, n)).digest()

    def thread(self, call: str) -> bytes:
        """Return the 16 bytes that join the reports of one reporter in `call`."""
        return self._derive("thread", call)[:16]

    def reply_key(self, call: str) -> bytes:
        """Return the 32-byte key under which replies to this thread in `call` are sealed."""
        return self._derive("reply", call)

    def _derive(self, label: str, call: str) -> bytes:
        """Return D(label) = HKDF-SHA-256(the 30 digits, `saksei/v1 receipt`, label LF call id, 32)."""
        return HKDF(SHA256(), 32, _SALT, f"{label}\n{call}".encode()).derive(self.code[:30].encode("ascii"))


def _is_dropped(character: str) -> bool:
    return character in _DROPPED or (character.isspace() and character not in _NOT_WHITE)
