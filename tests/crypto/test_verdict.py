"""What checkpoints, promises and tokens prove, without a bundle around them."""

from __future__ import annotations

import hashlib

import pytest

from crypto import entries, merkle, verdict
from crypto.callfile import CallFile, parse_call_file
from crypto.errors import CryptoError, LogInconsistentError, LogUnsignedTailError
from crypto.minisign import SecretKey
from crypto.notes import Checkpoint, Promise, SignerKey
from crypto.timestamps import token_time
from crypto.verdict import Token
from tests.vectors import intake
from tests.vectors.written.bundle import EARLY, TOKENS

KEY, OTHER_KEY = SignerKey.generate("intake.example/demo"), SignerKey.generate("intake.example/demo")
CLOSE_TIME = 1_755_000_600
LIMIT = CLOSE_TIME + 3600
CALL = CallFile({}, "demo", "intake.example", KEY.vkey, SecretKey.generate().public_key, CLOSE_TIME, {"tsa": "no certificate"})
CALL_HASH = hashlib.sha256(b"call.json").digest()
CLOSE = entries.close_entry()


def digest(number: int) -> bytes:
    return hashlib.sha256(b"envelope %d" % number).digest()


def secret(number: int) -> bytes:
    return hashlib.sha256(b"withdraw %d" % number).digest()


def handle(number: int) -> bytes:
    return hashlib.sha256(secret(number)).digest()


def report(number: int) -> bytes:
    return entries.report_entry(digest(number), handle(number))


def withdraw(number: int) -> bytes:
    return entries.withdraw_entry(handle(number), secret(number))


def checked(lines: list[bytes]) -> entries.Log:
    return entries.check_entries(lines, call="demo", call_sha256=CALL_HASH)


def checkpoint(lines: list[bytes], key: SignerKey = KEY) -> bytes:
    return key.sign(Checkpoint(CALL.origin, len(lines), merkle.root(list(map(merkle.leaf_hash, lines)))).text())


def promise(entry: bytes, publish_by: int = LIMIT, key: SignerKey = KEY) -> bytes:
    return key.sign(Promise(CALL.origin, merkle.leaf_hash(entry), publish_by).text())


OPEN = [entries.call_entry("demo", CALL_HASH), report(1), report(2), withdraw(1), report(3)]
LINES = [*OPEN, CLOSE, report(4)]
LOG = checked(LINES)
NEWEST = {len(LINES): checkpoint(LINES)}
PENDING = {merkle.leaf_hash(withdraw(3))}


@pytest.mark.parametrize("size", range(len(LINES) + 1))
def test_checkpoint_of_the_log_is_good(size: int) -> None:
    verdict.check_checkpoints(CALL, LOG, NEWEST, [checkpoint(LINES[:size])])


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        (checkpoint([*LINES[:2], report(9)]), "log-inconsistent"),
        (checkpoint([*LINES, report(9)]), "log-inconsistent"),
        (checkpoint([]).replace(b"\n0\n", b"\n1\n"), "signature"),
        (checkpoint(LINES[:3], OTHER_KEY), "signature"),
        (b"", "signature"),
    ],
    ids=["fork", "longer than the log", "size changed", "another key", "no note"],
)
def test_kept_checkpoint_tells_on_the_server(note: bytes, expected: str) -> None:
    with pytest.raises(CryptoError) as caught:
        verdict.check_checkpoints(CALL, LOG, NEWEST, [checkpoint(LINES[:2]), note])
    assert caught.value.word == expected


def test_own_checkpoint_tells_on_the_server_too() -> None:
    fork = {3: checkpoint([*LINES[:2], report(9)]), **NEWEST}
    with pytest.raises(LogInconsistentError):
        verdict.check_checkpoints(CALL, LOG, fork, [])
    with pytest.raises(LogInconsistentError):
        verdict.check_checkpoints(CALL, LOG, fork, [checkpoint(LINES[:2])])


def test_checkpoint_has_the_size_of_its_name() -> None:
    with pytest.raises(LogInconsistentError):
        verdict.check_checkpoints(CALL, LOG, {3: checkpoint(LINES[:4]), **NEWEST}, [])


@pytest.mark.parametrize("own", [{}, {6: checkpoint(LINES[:6])}], ids=["none", "one short"])
def test_tail_must_be_signed(own: dict[int, bytes]) -> None:
    with pytest.raises(LogUnsignedTailError):
        verdict.check_checkpoints(CALL, LOG, own, [checkpoint(LINES)])


@pytest.mark.parametrize("entry", [report(1), withdraw(1), report(4), withdraw(3)], ids=["withdrawn", "withdrawal", "late", "pending"])
def test_kept_promise_is_good(entry: bytes) -> None:
    verdict.check_promises(CALL, LOG, PENDING, [], [promise(entry)])


@pytest.mark.parametrize("time", [None, float(LIMIT)])
def test_promise_is_not_due_before_the_close(time: float | None) -> None:
    verdict.check_promises(CALL, checked(OPEN), set(), [Token(5, "tsa", time)], [promise(report(9))])


def test_promise_is_not_due_without_a_token() -> None:
    verdict.check_promises(CALL, checked(OPEN), set(), [], [promise(report(9), 0)])


BROKEN: dict[str, tuple[list[bytes], float | None, bytes]] = {
    "report and close": (LINES, None, promise(report(9))),
    "due in a far future": (LINES, None, promise(report(9), 2**40)),
    "withdrawal and close": (LINES, None, promise(withdraw(2))),
    "token before the close": (OPEN, LIMIT + 0.5, promise(report(9))),
    "still pending when due": (LINES, LIMIT + 1.0, promise(withdraw(3))),
}


@pytest.mark.parametrize(("lines", "time", "note"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_promise_is_told(lines: list[bytes], time: float | None, note: bytes) -> None:
    with pytest.raises(CryptoError) as caught:
        verdict.check_promises(CALL, checked(lines), PENDING, [Token(5, "tsa", time)], [promise(report(1)), note])
    assert caught.value.word == "promise-broken"


def test_promise_of_another_key_is_refused() -> None:
    with pytest.raises(CryptoError) as caught:
        verdict.check_promises(CALL, LOG, set(), [], [promise(report(9), key=OTHER_KEY)])
    assert caught.value.word == "signature"


def told(lines: list[bytes], *tokens: Token, envelopes: tuple[int, ...] = (2, 3, 4), pending: tuple[int, ...] = ()) -> list[str]:
    found = verdict.outcomes(CALL, checked(lines), set(map(handle, pending)), tokens, set(map(digest, envelopes)))
    return [report.outcome for report in found]


def test_outcomes_say_of_which_report_they_are() -> None:
    found = verdict.outcomes(CALL, LOG, set(), [], set())
    assert [(each.index, each.digest, each.handle) for each in found] == [
        (index, digest(number), handle(number)) for index, number in ((1, 1), (2, 2), (4, 3), (6, 4))
    ]


def test_first_outcome_that_holds_is_told() -> None:
    assert told(LINES) == ["withdrawn", "time-unproven", "time-unproven", "late"]
    assert told(LINES, pending=(3, 4), envelopes=(2,)) == ["withdrawn", "time-unproven", "withdrawn", "withdrawn"]
    assert told(LINES, envelopes=()) == ["withdrawn", "missing", "missing", "missing"]
    assert told([*LINES, entries.destroy_entry()]) == ["withdrawn", "destroyed", "destroyed", "destroyed"]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([Token(4, "tsa", float(LIMIT))], ["on-time-proven", "time-unproven"]),
        ([Token(5, "tsa", float(LIMIT))], ["on-time-proven", "on-time-proven"]),
        ([Token(5, "tsa", LIMIT + 0.001)], ["time-unproven", "time-unproven"]),
        ([Token(5, "tsa", None)], ["time-unproven", "time-unproven"]),
        ([Token(3, "tsa", 1.0), Token(5, "tsa", LIMIT + 9.0)], ["on-time-proven", "time-unproven"]),
    ],
    ids=["covers the first", "covers both", "a moment late", "does not verify", "one good, one late"],
)
def test_token_proves_what_it_covers(tokens: list[Token], expected: list[str]) -> None:
    assert told(LINES, *tokens)[1:3] == expected


def test_late_report_is_late_whatever_a_token_says() -> None:
    assert told(LINES, Token(7, "tsa", 1.0))[-1] == "late"


def test_no_token_needs_no_authority() -> None:
    assert verdict.read_tokens(CALL, {}, {}) == ()


def test_token_that_verifies_has_its_time() -> None:
    """The tokens of the vectors: over the checkpoint of five entries, and over something else."""
    call = parse_call_file(intake.call_json())
    own = {EARLY: intake.checkpoint(EARLY)}
    time = token_time(TOKENS["early"], own[EARLY], call.authorities[intake.AUTHORITY])
    assert verdict.read_tokens(call, {(EARLY, intake.AUTHORITY): TOKENS["early"]}, own) == (Token(EARLY, intake.AUTHORITY, time),)
    assert verdict.read_tokens(call, {(EARLY, intake.AUTHORITY): TOKENS["elsewhere"]}, own) == (Token(EARLY, intake.AUTHORITY, None),)


def test_token_that_does_not_verify_has_no_time() -> None:
    assert verdict.read_tokens(CALL, {(7, "tsa"): b"token"}, NEWEST) == (Token(7, "tsa", None),)
