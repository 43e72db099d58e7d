"""Vectors of recipients, identities and fingerprints (F1.3 to F1.6)."""

from __future__ import annotations

import hashlib

from tests.vectors.collection import Collection
from tests.vectors.world import IDENTITIES, SEED, SEEDS

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
FINGERPRINT = "583454708929906520117533487979"


def bech32(prefix: str, words: list[int], *, constant: int = 1) -> str:
    """Return Bech32 of 5-bit words, written here by hand so that what nobody may write can be written."""

    def polymod(values: list[int]) -> int:
        check = 1
        for value in values:
            top = check >> 25
            check = (check & 0x1FFFFFF) << 5 ^ value
            for place, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
                check ^= generator if top >> place & 1 else 0
        return check

    expanded = [*(ord(each) >> 5 for each in prefix), 0, *(ord(each) & 31 for each in prefix)]
    check = polymod([*expanded, *words, 0, 0, 0, 0, 0, 0]) ^ constant
    return f"{prefix}1" + "".join(CHARSET[word] for word in [*words, *((check >> 5 * (5 - place)) & 31 for place in range(6))])


def words_of(content: bytes) -> list[int]:
    """Return content as 5-bit words, the last one filled with zero bits."""
    bits = "".join(f"{byte:08b}" for byte in content)
    bits += "0" * (-len(bits) % 5)
    return [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]


def collection() -> Collection:
    """Return the vectors of `recipient.json`."""
    made = Collection("recipient", "Public keys as age1pq1…, seeds as AGE-SECRET-KEY-PQ-1…, and fingerprints. Texts are not byte strings.")
    public = IDENTITIES[0].recipient.public
    text = bech32("age1pq", words_of(public))
    fingerprint = str(int.from_bytes(hashlib.sha256(public).digest(), "big") % 10**30)
    if (text, fingerprint) != (str(IDENTITIES[0].recipient), FINGERPRINT):
        raise ValueError("This is not the key of Appendix A.")
    for number, identity in enumerate(IDENTITIES, start=1):
        recipient = identity.recipient
        output = {"public": recipient.public, "fingerprint": recipient.fingerprint(), "shown": recipient.fingerprint_groups()}
        made.passes(f"recipient-{number}", "recipient", "F1.4", {"text": str(recipient)}, output)
        made.passes(f"seed-{number}", "seed", "F1.3", {"seed": SEEDS[number - 1]}, {"recipient": str(recipient)})
        made.passes(f"identity-{number}", "identity", "F1.4", {"text": identity.text()}, {"seed": SEEDS[number - 1]})
    _recipients(made, public, text)
    _identities(made)
    return made


def _recipients(made: Collection, public: bytes, text: str) -> None:
    words = words_of(public)
    spoiled = {
        "empty": "",
        "upper-case": text.upper(),
        "mixed-case": text[:-1] + text[-1].upper(),
        "checksum": text[:-1] + ("q" if text[-1] != "q" else "p"),
        "letter-changed": text[:100] + ("q" if text[100] != "q" else "p") + text[101:],
        "letter-outside": text[:100] + "b" + text[101:],
        "line-end": text + "\n",
        "space": text[:100] + " " + text[100:],
        "bech32m": bech32("age1pq", words, constant=0x2BC830A3),
        "classic-age": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        "other-prefix": bech32("age1pr", words),
        "no-prefix": bech32("", words),
        "short": bech32("age1pq", words_of(public[:-1])),
        "long": bech32("age1pq", words_of(public + b"\0")),
        "word-too-many": bech32("age1pq", [*words, 0]),
        "padding-not-zero": bech32("age1pq", [*words[:-1], words[-1] | 1]),
        "not-reduced": bech32("age1pq", words_of(b"\xff\xff\xff" + public[3:])),
        "khmer": "age1pq១",
        "identity": IDENTITIES[0].text(),
    }
    for name, wrong in spoiled.items():
        made.refuses(f"recipient-{name}", "recipient", "F1.4", "key-params", {"text": wrong})


def _identities(made: Collection) -> None:
    text = IDENTITIES[0].text()
    words = words_of(SEED)
    spoiled = {
        "empty": "",
        "lower-case": text.lower(),
        "mixed-case": text[:-1] + text[-1].lower(),
        "checksum": text[:-1] + ("P" if text[-1] != "P" else "Z"),
        "line-end": text + "\n",
        "short": bech32("age-secret-key-pq-", words_of(SEED[:-1])).upper(),
        "long": bech32("age-secret-key-pq-", words_of(SEED + b"\0")).upper(),
        "padding-not-zero": bech32("age-secret-key-pq-", [*words[:-1], words[-1] | 1]).upper(),
        "classic-age": bech32("age-secret-key-", words).upper(),
        "recipient": str(IDENTITIES[0].recipient),
    }
    for name, wrong in spoiled.items():
        made.refuses(f"identity-{name}", "identity", "F1.4", "key-params", {"text": wrong})
    for size in (0, 31, 33):
        made.refuses(f"seed-of-{size}-bytes", "seed", "F1.3", "key-params", {"seed": bytes(size)})
