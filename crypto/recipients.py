"""The public half of a call's key: X-Wing (ML-KEM-768 with X25519) as age's native hybrid recipient (format.md section 1).

Bech32 (BIP 173, without its limit of 90 characters) stands here because recipients and identities are both written in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey

from crypto.errors import KeyParamsError

MLKEM_PUBLIC_SIZE: Final = 1184
PUBLIC_SIZE: Final = MLKEM_PUBLIC_SIZE + 32
RECIPIENT_PREFIX: Final = "age1pq"

_CHARSET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_TEXT_LIMIT: Final = 4096  # twice the longest text we ever read


@dataclass(frozen=True, slots=True)
class Recipient:
    """One public key: 1216 bytes, ML-KEM-768 (1184) then X25519 (32). Raises KeyParamsError when they are not a key."""

    public: bytes
    key: MLKEM768X25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the bytes once, so that whoever holds a recipient can seal to it."""
        if len(self.public) != PUBLIC_SIZE:
            raise KeyParamsError("A recipient has 1216 bytes.")
        try:
            key = MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(self.public[:MLKEM_PUBLIC_SIZE]),
                X25519PublicKey.from_public_bytes(self.public[MLKEM_PUBLIC_SIZE:]),
            )
        except ValueError:
            raise KeyParamsError("These bytes are not a public key.") from None
        object.__setattr__(self, "key", key)

    @classmethod
    def parse(cls, text: str) -> Recipient:
        """Read `age1pq1…`, exactly as `str` writes it. Raises KeyParamsError."""
        prefix, public = bech32_decode(text)
        if prefix != RECIPIENT_PREFIX:
            raise KeyParamsError("This is not a post-quantum recipient of age.")
        return cls(public)

    def __str__(self) -> str:
        """Return the text of 1,959 characters that age and call.json know this key by."""
        return bech32_encode(RECIPIENT_PREFIX, self.public)

    def fingerprint(self) -> str:
        """Return the 30 decimal digits by which people compare keys (format.md section 1)."""
        return f"{int.from_bytes(hashlib.sha256(self.public).digest(), 'big') % 10**30:030d}"

    def fingerprint_groups(self) -> str:
        """Return the fingerprint as it is shown: six groups of five digits."""
        digits = self.fingerprint()
        return " ".join(digits[start : start + 5] for start in range(0, 30, 5))


def bech32_encode(prefix: str, content: bytes | bytearray) -> str:
    """Return `content` in lower-case Bech32 (BIP 173) under the lower-case `prefix`, however long."""
    words = _regroup(content, 8, 5)
    if (rest := len(content) * 8 % 5) != 0:
        words.append((content[-1] << (5 - rest)) & 31)
    check = _polymod([*_expand(prefix), *words, 0, 0, 0, 0, 0, 0]) ^ 1
    words += [(check >> 5 * (5 - place)) & 31 for place in range(6)]
    return f"{prefix}1" + "".join(_CHARSET[word] for word in words)


def bech32_decode(text: str) -> tuple[str, bytes]:
    """Return prefix and content of lower-case Bech32 of any length up to 4,096 characters.

    There is one spelling of each content: upper or mixed case, and padding that is not zero or too long, raise KeyParamsError.
    """
    prefix, _, tail = text.rpartition("1")
    words = [_CHARSET.find(character) for character in tail]
    well_formed = 0 < len(prefix) <= len(text) - 7 and len(text) <= _TEXT_LIMIT and text.isascii() and text.islower() and -1 not in words
    if not well_formed or _polymod([*_expand(prefix), *words]) != 1:
        raise KeyParamsError("This key has a mistake in it: the check at its end does not fit.")
    content = bytes(_regroup(words[:-6], 5, 8))
    if bech32_encode(prefix, content) != text:
        raise KeyParamsError("This key is not written in its one spelling.")
    return prefix, content


def _expand(prefix: str) -> list[int]:
    codes = prefix.encode("ascii")
    return [*(code >> 5 for code in codes), 0, *(code & 31 for code in codes)]


def _polymod(words: list[int]) -> int:
    check = 1
    for word in words:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for place, generator in enumerate(_GENERATOR):
            if top >> place & 1:
                check ^= generator
    return check


def _regroup(words: bytes | bytearray | list[int], width: int, target: int) -> list[int]:
    """Cut the bits of `words`, each `width` wide, into whole words of `target` bits; what is left at the end is dropped."""
    held, bits, regrouped = 0, 0, []
    for word in words:
        held = (held << width | word) & 0xFFF
        bits += width
        while bits >= target:
            bits -= target
            regrouped.append(held >> bits & ((1 << target) - 1))
    return regrouped
