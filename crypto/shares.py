"""A call's key among several people: any M of N shares bring it back, M - 1 of them do not (format.md F11.9 to F11.17).

The sharing itself is SLIP-39 (one group, 256 bits, no passphrase), by its authors' own implementation. This module adds what stands around
the words in a share file: which call and which key they belong to, which share this is, and how many it takes. There is one spelling of a
share, and a share that is not in it is refused; every refusal is a `ShareError`, and no message holds a word of a share.

Shares are made and combined on a machine without a network. SLIP-39's implementation does not run in constant time and keeps copies of the
seed in immutable bytes which Python gives no way to wipe; what this module holds itself it wipes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics
from shamir_mnemonic import Share as Slip39Share
from shamir_mnemonic.wordlist import WORD_INDEX_MAP

from crypto.errors import ShareError
from crypto.opening import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

MIN_THRESHOLD: Final = 2
MAX_COUNT: Final = 16
WORD_COUNT: Final = 33
"""SLIP-39 words of a share of 256 bits: 4 of parameters, 26 of value, 3 of checksum."""

_FIRST_LINE: Final = "saksei/v1 share"
_LINES: Final = 5
_SEED_SIZE: Final = 32
_TEXT_LIMIT: Final = 1024  # characters: the longest share has 408
_ITERATION_EXPONENT: Final = 1  # SLIP-39's own default, for there is no passphrase that it could protect; readers take any
_CALL_ID: Final = re.compile("[a-z0-9-]{1,40}")
_FINGERPRINT: Final = re.compile("[0-9]{30}")
_PLACE: Final = re.compile("share ([1-9][0-9]?) of ([1-9][0-9]?), any ([1-9][0-9]?)")


@dataclass(frozen=True, slots=True)
class Share:
    """One person's share of a call's key; one that exists keeps every rule that a share can keep alone. Raises ShareError.

    Attributes:
        call: The id of the call.
        fingerprint: The 30 digits of the key that comes back, ungrouped.
        index: Which share this is, 1..count.
        count: How many shares there are, N.
        threshold: How many of them it takes, M: 2 ≤ M ≤ N ≤ 16.
        words: 33 SLIP-39 words. The secret part; kept out of repr.
    """

    call: str
    fingerprint: str
    index: int
    count: int
    threshold: int
    words: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        """Require the rules F11.9 to F11.14."""
        _check_key(self.call, self.fingerprint)
        _check_numbers(self.threshold, self.count)
        if not 1 <= self.index <= self.count:
            raise ShareError("The number of a share is between 1 and the number of shares.")
        decoded = _decode(self.words)
        if (decoded.index + 1, decoded.member_threshold) != (self.index, self.threshold):
            raise ShareError("The words of this share do not say the numbers that stand above them.")

    def to_text(self) -> str:
        """Return the share file: five lines of ASCII, each ending in LF (F11.9)."""
        place = f"share {self.index} of {self.count}, any {self.threshold}"
        return "\n".join((_FIRST_LINE, self.call, self.fingerprint, place, " ".join(self.words), ""))


def parse_share(text: str | bytes) -> Share:
    """Read a share file, exactly as `to_text` writes it (F11.9 to F11.14).

    Give the bytes of the file, or text read without translating line ends: a file with other line ends is not a share file.
    Raises ShareError.
    """
    lines = _lines(text.decode("latin-1") if isinstance(text, bytes) else text)
    place = _PLACE.fullmatch(lines[3])
    if lines[0] != _FIRST_LINE:
        raise ShareError("This is not a share of a key of Saksei, version 1.")
    if place is None:
        raise ShareError("The fourth line of a share says which one it is, of how many, and how many it takes.")
    index, count, threshold = map(int, place.groups())
    return Share(lines[1], lines[2], index, count, threshold, tuple(lines[4].split(" ")))


def split(seed: bytes | bytearray, *, call: str, fingerprint: str, threshold: int, count: int) -> list[Share]:
    """Return `count` shares of the 32-byte X-Wing seed of `call`, any `threshold` of which bring it back (F11.10).

    Before it returns, every share was read back from its text and has taken part in bringing back the key (F11.17): shares that fail are
    found now and not when the key is needed. `fingerprint` is that of the seed's public key, 30 digits ungrouped.

    Raises:
        ShareError: the numbers are not 2 ≤ threshold ≤ count ≤ 16, or seed, call id and fingerprint are not of one key.
    """
    _check_key(call, fingerprint)
    _check_numbers(threshold, count)
    _check_seed(seed, fingerprint)
    groups = [(threshold, count)]
    (sentences,) = generate_mnemonics(1, groups, bytes(seed), extendable=True, iteration_exponent=_ITERATION_EXPONENT)
    shares = [
        Share(call, fingerprint, index, count, threshold, tuple(sentence.split(" "))) for index, sentence in enumerate(sentences, start=1)
    ]
    for end in sorted({*range(threshold, count, threshold), count}):
        rehearse([parse_share(share.to_text()) for share in shares[end - threshold : end]])
    return shares


def combine(shares: Sequence[Share]) -> bytearray:
    """Return the 32-byte seed that exactly M shares of one key bring back, in any order (F11.15, F11.16). The caller wipes it.

    Raises:
        ShareError: they are not M different shares of one splitting of one key of one call, or what they bring back is not the key
            of their fingerprint.
    """
    if len({(share.call, share.fingerprint, share.count, share.threshold) for share in shares}) != 1:
        raise ShareError("The shares are not all of one key.")
    if len({share.index for share in shares}) != len(shares):
        raise ShareError("One share was given twice.")
    if len(shares) != shares[0].threshold:
        raise ShareError(f"It takes exactly {shares[0].threshold} shares to bring back this key, and {len(shares)} were given.")
    try:
        seed = bytearray(combine_mnemonics([" ".join(share.words) for share in shares]))
    except MnemonicError:  # its text may hold words of a share
        raise ShareError("The shares do not fit together.") from None
    try:
        _check_seed(seed, shares[0].fingerprint)
    except ShareError:
        seed[:] = bytes(len(seed))
        raise
    return seed


def rehearse(shares: Sequence[Share]) -> None:
    """Return only if exactly these shares bring back the key of their fingerprint; the key is wiped and not shown (F11.17).

    Raises ShareError as `combine` does.
    """
    seed = combine(shares)
    seed[:] = bytes(len(seed))


def _lines(text: str) -> list[str]:
    """Return the five lines of a share file, without their LF."""
    if len(text) > _TEXT_LIMIT:
        raise ShareError("This is too long to be a share.")
    if not text.isascii() or any(character < " " and character != "\n" for character in text):
        raise ShareError("A share is plain text: letters, digits and single spaces in lines that end in LF alone.")
    lines = text.split("\n")
    if len(lines) != _LINES + 1 or lines[-1]:
        raise ShareError("A share has five lines, and each of them ends in LF.")
    return lines[:-1]


def _check_key(call: str, fingerprint: str) -> None:
    if _CALL_ID.fullmatch(call) is None:
        raise ShareError("The second line of a share is the id of its call.")
    if _FINGERPRINT.fullmatch(fingerprint) is None:
        raise ShareError("The third line of a share is the fingerprint of its key, 30 digits.")


def _check_numbers(threshold: int, count: int) -> None:
    if not MIN_THRESHOLD <= threshold <= count <= MAX_COUNT:
        raise ShareError("A key is split into at most 16 shares, of which at least 2 and at most all are needed.")


def _check_seed(seed: bytes | bytearray, fingerprint: str) -> None:
    """Require the seed of the key that has this fingerprint."""
    if len(seed) != _SEED_SIZE:
        raise ShareError("The seed of a key has 32 bytes.")
    with Identity.from_seed(seed) as identity:
        found = identity.recipient.fingerprint()
    if found != fingerprint:
        raise ShareError("The key is not the one whose fingerprint the shares name.")


def _decode(words: tuple[str, ...]) -> Slip39Share:
    """Return what 33 words say, having required the one kind and the one spelling of SLIP-39 share that F11.10 to F11.14 allow."""
    if len(words) != WORD_COUNT:
        raise ShareError(f"A share has {WORD_COUNT} words with single spaces between them; this one has {len(words)}.")
    for number, word in enumerate(words, start=1):
        if word not in WORD_INDEX_MAP:  # asked here because SLIP-39's implementation takes upper case and letters that fold to ASCII too
            raise ShareError(f"Word {number} of this share is none of SLIP-39's words.")
    try:
        decoded = Slip39Share.from_mnemonic(" ".join(words))
    except MnemonicError:  # its text holds words of the share
        raise ShareError("There is a mistake in the words of this share: the check at their end does not fit.") from None
    if (decoded.extendable, decoded.group_index, decoded.group_threshold, decoded.group_count) != (True, 0, 1, 1):
        raise ShareError("These words are a share of another kind of sharing.")
    return decoded
