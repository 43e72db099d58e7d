"""Vectors of share files (F11.9 to F11.16). Splitting draws randomness: the words come from fixtures/shares.json."""

from __future__ import annotations

from typing import Any

from tests.vectors.collection import Collection
from tests.vectors.spelling import text
from tests.vectors.world import CALL, IDENTITIES, SEED, fixture

WORDS: dict[str, list[str]] = fixture("shares.json")
FINGERPRINT = IDENTITIES[0].recipient.fingerprint()


def share(
    words: str,
    index: int | str,
    *,
    count: int | str = 3,
    threshold: int | str = 2,
    call: str = CALL,
    fingerprint: str = FINGERPRINT,
    first: str = "saksei/v1 share",
) -> str:
    """Return a share file, written here by hand."""
    return f"{first}\n{call}\n{fingerprint}\nshare {index} of {count}, any {threshold}\n{words}\n"


PRINTED = [share(words, index) for index, words in enumerate(WORDS["printed"], start=1)]
ONE = PRINTED[0]
LINE = WORDS["printed"][0]


def collection() -> Collection:
    """Return the vectors of `share.json`."""
    made = Collection("share", "One share of a key, and what shares bring back together.")
    _accepted(made)
    _files(made)
    _words(made)
    _combined(made)
    return made


def _accepted(made: Collection) -> None:
    def passes(name: str, content: str, index: int, count: int, threshold: int) -> None:
        output = {"call": CALL, "fingerprint": FINGERPRINT, "index": index, "count": count, "threshold": threshold}
        made.passes(name, "parse", "F11.9", {"share": text(content)}, output)

    for index, content in enumerate(PRINTED, start=1):
        passes(f"appendix-a-{index}", content, index, 3, 2)
    passes("of-sixteen", share(WORDS["sixteen"][15], 16, count=16, threshold=16), 16, 16, 16)
    passes("three-of-five", share(WORDS["three_of_five"][4], 5, count=5, threshold=3), 5, 5, 3)
    passes("exponent-0", share(WORDS["exponent"][0], 1), 1, 3, 2)
    passes("greater-count", share(LINE, 1, count=16), 1, 16, 2)


def _files(made: Collection) -> None:
    for name, wrong in {
        "nothing": "",
        "first-line-version-2": share(LINE, 1, first="saksei/v2 share"),
        "first-line-space": share(LINE, 1, first="saksei/v1 share "),
        "call-upper-case": share(LINE, 1, call="Lantern"),
        "call-empty": share(LINE, 1, call=""),
        "call-too-long": share(LINE, 1, call="a" * 41),
        "fingerprint-short": share(LINE, 1, fingerprint=FINGERPRINT[:-1]),
        "fingerprint-long": share(LINE, 1, fingerprint=FINGERPRINT + "0"),
        "fingerprint-grouped": share(LINE, 1, fingerprint=IDENTITIES[0].recipient.fingerprint_groups()),
        "index-0": share(LINE, 0),
        "index-leading-zero": share(LINE, "01"),
        "index-of-another": share(LINE, 2),
        "index-beyond": share(WORDS["printed"][2], 3, count=2),
        "count-17": share(LINE, 1, count=17),
        "count-three-digits": share(LINE, 1, count=100),
        "count-below-threshold": share(LINE, 1, count=1),
        "threshold-1": share(LINE, 1, threshold=1),
        "threshold-of-another": share(LINE, 1, threshold=3),
        "fourth-line-other": ONE.replace(", any ", " any "),
        "fourth-line-two-spaces": ONE.replace("share 1", "share  1"),
        "no-line-end": ONE[:-1],
        "empty-line-at-end": ONE + "\n",
        "empty-line-between": ONE.replace("\n", "\n\n", 1),
        "line-ends-of-windows": ONE.replace("\n", "\r\n"),
        "line-ends-of-old-macs": ONE.replace("\n", "\r"),
        "byte-order-mark": "\ufeff" + ONE,
        "tab": ONE.replace(" ", "\t", 1),
        "form-feed-at-end": ONE[:-1] + "\f\n",
        "no-break-space": ONE.replace("echo ", "echo\u00a0"),
        "zero-width-space": ONE.replace("echo ", "echo \u200b"),
        "long-s": ONE.replace("scared", "\u017fcared"),
        "nul": ONE + "\0",
        "two-shares": ONE + PRINTED[1],
    }.items():
        if wrong == ONE:
            raise ValueError(f"Nothing is wrong with {name}.")
        made.refuses(f"file-{name}", "parse", "F11.14", "share", {"share": text(wrong)})
    made.refuses("file-not-ascii", "parse", "F11.14", "share", {"share": b"\xff" + ONE.encode()})


def _words(made: Collection) -> None:
    words = LINE.split(" ")
    for name, line in {
        "32": " ".join(words[:-1]),
        "34": " ".join([*words, words[-1]]),
        "none": "",
        "two-spaces": LINE.replace(" ", "  ", 1),
        "space-first": " " + LINE,
        "space-last": LINE + " ",
        "upper-case": LINE.upper(),
        "capital": LINE.capitalize(),
        "four-letters": " ".join(word[:4] for word in words),
        "unknown": LINE.replace(words[10], "lantern"),
        "one-exchanged": " ".join([*words[:10], words[11], words[10], *words[12:]]),
        "one-other": " ".join([*words[:10], "academic" if words[10] != "academic" else "acid", *words[11:]]),
        "reversed": " ".join(words[::-1]),
        "of-128-bits": WORDS["short"][0],
        "not-extendable": WORDS["not_extendable"][0],
        "of-two-groups": WORDS["groups"][0],
        "of-the-second-group": WORDS["groups"][3],
    }.items():
        if line == LINE:
            raise ValueError(f"Nothing is wrong with {name}.")
        made.refuses(f"words-{name}", "parse", "F11.12", "share", {"share": text(share(line, 1))})


def _combined(made: Collection) -> None:
    def given(*shares: str) -> dict[str, Any]:
        return {"shares": [text(each) for each in shares]}

    one, two, three = PRINTED
    five = [share(words, index, count=5, threshold=3) for index, words in enumerate(WORDS["three_of_five"], start=1)]
    sixteen = [share(words, index, count=16, threshold=16) for index, words in enumerate(WORDS["sixteen"], start=1)]
    exponent = [share(words, index) for index, words in enumerate(WORDS["exponent"], start=1)]
    for name, shares in {
        "first-and-second": [one, two],
        "second-and-third": [two, three],
        "third-and-first": [three, one],
        "three-of-five": [five[4], five[0], five[2]],
        "sixteen-of-sixteen": sixteen,
        "exponent-0": exponent[:2],
    }.items():
        made.passes(f"combine-{name}", "combine", "F11.15", given(*shares), {"seed": SEED})
    again = [share(words, index) for index, words in enumerate(WORDS["again"], start=1)]
    other = [share(words, index) for index, words in enumerate(WORDS["other_key"], start=1)]
    passphrase = [share(words, index) for index, words in enumerate(WORDS["passphrase"], start=1)]
    for name, shares in {
        "none": [],
        "one": [one],
        "too-many": [one, two, three],
        "one-twice": [one, one],
        "one-twice-of-three": [five[0], five[1], five[1]],
        "too-few-of-five": five[:2],
        "too-many-of-five": five[:4],
        "of-two-splittings": [one, again[1]],
        "of-two-calls": [one, two.replace(CALL, "lantern-2030")],
        "of-two-fingerprints": [one, two.replace(FINGERPRINT, "0" * 30)],
        "of-two-counts": [one, share(WORDS["printed"][1], 2, count=4)],
        "of-another-key": other[:2],
        "of-a-passphrase": passphrase[:2],
        "one-malformed": [one, two[:-1]],
    }.items():
        made.refuses(f"combine-{name}", "combine", "F11.15", "share", given(*shares))
