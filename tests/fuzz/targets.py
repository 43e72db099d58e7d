"""What fuzzing calls: untrusted bytes go in, and nothing comes out but an answer or the word of a refusal.

A target lets an exception of another kind pass, and raises AssertionError when what was accepted is not written again (readers.py).
"""

from __future__ import annotations

import io
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from crypto import bundle, entries, envelope, keyfile, minisign, opening, replies, shares, timestamps
from crypto.errors import CryptoError, SignatureError
from crypto.notes import Checkpoint
from crypto.receipts import Receipt
from questionnaire.errors import QuestionnaireError
from questionnaire.models import load_call
from tests.fuzz import corpus
from tests.fuzz.readers import MAX_K, READERS, as_text
from tests.vectors import intake, world
from tests.vectors.world import digest
from tests.vectors.written.bundle import EARLY, SIZE, TOKENS, Exported, stored
from tests.vectors.written.entries import DESTROY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fuzz.readers import Reader

_TERMS = {"call": world.CALL, "call_sha256": world.CALL_HASH.hex(), "handle": world.HANDLE}
_KEY_LIMIT = 1 << 16
CUT = b"\n--8<--\n"
SERVED = (f"log/checkpoint.{SIZE}", "log/entries", "log/pending", f"log/{EARLY}.{intake.AUTHORITY}.tsr", f"envelopes/{digest(1).hex()}.age")
"""What stands between the cuts of an input of `served`."""


def spelled(untrusted: bytes, *names: str, readers: Mapping[str, Reader] = READERS) -> None:
    """Give the bytes to readers; what one accepts it must write again."""
    for name in names:
        try:
            again = readers[name].again(untrusted)
        except CryptoError:
            continue
        if again != untrusted:
            raise AssertionError(f"The reader {name} takes a second spelling.")


def container(untrusted: bytes) -> None:
    """A container, as it is and filled up with zeros to the least size; and the report in it."""
    for content in (untrusted, untrusted.ljust(1 << 16, b"\0")):
        spelled(content, "container")
    spelled(untrusted, "canonical", "report")


def sealed(untrusted: bytes) -> None:
    """An envelope, as it is and filled up with zeros to the least size; then every age file."""
    spelled(untrusted, "header", "base64")
    for recipients in (1, 2):
        whole = untrusted.ljust(envelope.sealed_size(recipients, 1 << 16), b"\0")
        for content in {untrusted, whole}:
            for place in (None, 0):
                try:
                    opening.open_report(content, world.IDENTITIES[0], recipients=recipients, max_k=MAX_K, place=place, **_TERMS)  # type: ignore[arg-type]
                except CryptoError:
                    continue
    try:
        opening.open_age(untrusted, world.IDENTITIES[:2])
    except CryptoError:
        return


def log(untrusted: bytes) -> None:
    """A log of this call or of any other, an entry alone, and a saved frontier."""
    spelled(untrusted, "log", "entry", "frontier")
    try:
        entries.check_entries(entries.unframe(untrusted), call=world.CALL, call_sha256=intake.call_hash())
    except CryptoError:
        return


def note(untrusted: bytes) -> None:
    """A note, a text that is signed, the lines of keys, and signatures of the other kind."""
    spelled(untrusted, "note", "signed", "vkey", "signer", "signature", "public-key", "sums")
    try:
        minisign.SecretKey.parse(as_text(untrusted), None)
    except CryptoError:
        return


def key(untrusted: bytes) -> None:
    """A key file up to the point where it would cost something, and what Bech32 there is."""
    spelled(untrusted, "key", "bech32", "recipient", "identity")
    try:
        keyfile.key_call(untrusted)
    except CryptoError:
        return
    if len(untrusted) > _KEY_LIMIT:
        raise AssertionError("A key file has no such length.")


def share(untrusted: bytes) -> None:
    """A share, alone and beside a good one. What would take SLIP-39 long is not combined."""
    spelled(untrusted, "share")
    good = shares.parse_share(corpus.seeds("share")[1])
    try:
        read = shares.parse_share(untrusted)
        if read.words[:2] == good.words[:2]:
            shares.combine([read, good])
    except CryptoError:
        return


def call(untrusted: bytes) -> None:
    """call.json: what the bundle needs of it, and the whole."""
    spelled(untrusted, "call", "canonical")
    try:
        load_call(untrusted)
    except QuestionnaireError:
        return


def token(untrusted: bytes) -> None:
    """A timestamp token; whatever is changed about a good one, it says the same time or is refused."""
    with suppress(SignatureError):
        timestamps.stamped(untrusted, [intake.checkpoint(EARLY)])
    for name, size in (("early", EARLY), ("whole", SIZE)):
        try:
            time = timestamps.token_time(untrusted, intake.checkpoint(size), world.fixture("authority.json")["certificate"])
        except SignatureError:
            continue
        if time != genuine_time(name, size):
            raise AssertionError("A token that was changed says another time.")


@cache
def genuine_time(name: str, size: int) -> float:
    """Return what a token of the vectors says."""
    return timestamps.token_time(TOKENS[name], intake.checkpoint(size), world.fixture("authority.json")["certificate"])


def exported(untrusted: bytes) -> None:
    """A bundle, and names in it."""
    spelled(untrusted, "zip", "member")
    try:
        bundle.open_bundle(io.BytesIO(untrusted))
    except CryptoError:
        return


@cache
def honest() -> dict[str, bytes]:
    """Return the members of the bundle of the vectors."""
    return Exported().members()


def served(untrusted: bytes) -> None:
    """A bundle of a server that signs whatever it likes: entries, withdrawals that wait, the text of a checkpoint, a token, an envelope."""
    members = honest() | dict(zip(SERVED, untrusted.split(CUT), strict=False))
    checkpoint = f"log/checkpoint.{SIZE}"
    with suppress(ValueError):  # no note can have this text
        members[checkpoint] = world.LOG_KEY.sign(members[checkpoint])
    try:
        told = bundle.open_bundle(io.BytesIO(stored({"manifest": Exported().manifest(members)} | members)))
    except CryptoError:
        return
    if [each.index for each in told.outcomes] != [report.index for report in told.log.reports]:
        raise AssertionError("A report of the log has no outcome.")


def reply(untrusted: bytes) -> None:
    """A round, what is sealed in a record, and what was fetched."""
    spelled(untrusted, "round", "reply")
    try:
        replies.check_fetched(untrusted, asked="8", live=1)
        replies.open_reply(untrusted, call=world.CALL, reply_key=world.REPLY_KEY)
    except CryptoError:
        return


def receipt(untrusted: bytes) -> None:
    """A receipt as it is typed."""
    try:
        code = Receipt.parse(as_text(untrusted)).code
    except CryptoError:
        return
    if Receipt.parse(code).code != code:
        raise AssertionError("A receipt is not its own spelling.")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "envelope": sealed,
    "container": container,
    "log": log,
    "note": note,
    "key": key,
    "share": share,
    "call": call,
    "bundle": exported,
    "server": served,
    "token": token,
    "reply": reply,
    "receipt": receipt,
}
"""By the name that `python -m tests.fuzz` takes."""

SEEDS: dict[str, tuple[str, ...]] = {
    "envelope": ("header", "base64"),
    "container": ("container", "report", "canonical"),
    "log": ("log", "entry", "frontier"),
    "note": ("note", "signed", "vkey", "signer", "signature", "public-key", "sums"),
    "key": ("key", "recipient", "identity"),
    "share": ("share",),
    "call": ("call",),
    "bundle": ("zip", "member"),
    "server": (),
    "token": (),
    "reply": ("reply", "round"),
    "receipt": (),
}
"""Whose inputs a target begins with (corpus.py)."""


def _parts(made: Exported) -> list[bytes]:
    members = made.members()
    return [Checkpoint(world.ORIGIN, len(made.log), world.root(made.log)).text(), *(members[name] for name in SERVED[1:])]


def seeds(target: str) -> list[bytes]:
    """Return what a target begins with: the vectors, without the zeros or the payload that the target fills up itself."""
    found = [content for name in SEEDS[target] for good in (True, False) for content in corpus.seeds(name, good=good)]
    if target == "receipt":  # a receipt has many spellings, so it is not among the readers
        found = [typed for good in (True, False) for typed in corpus.inputs("receipt", "parse", "typed", good=good)]
    if target == "token":
        found = [*TOKENS.values(), *(token[cut:] for token in TOKENS.values() for cut in (1, 4, 9, 20)), b"", b"0\x80"]
    if target == "server":
        found = [
            CUT.join(_parts(each))
            for each in (Exported(), Exported(pending=[]), Exported(log=[*intake.log(), DESTROY], sizes=(EARLY, SIZE)))
        ]
        found += [content for name in ("log", "entry", "note") for content in corpus.seeds(name)]
    if target == "container":
        found = [content.rstrip(b"\0") for content in found]
    if target == "envelope":
        # The payload of an envelope is noise to a fuzzer; two whole ones are enough.
        found = [*found[:2], *(content[:5000] for content in found)]
    return list(dict.fromkeys(found))
