"""The rules of a log: what may stand where, and the word that refuses each thing that may not."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import entries, merkle
from crypto.errors import CryptoError, LogCallError, LogDuplicateError, LogEntryError, LogWithdrawError

CALL = "demo-2025"
CALL_HASH = hashlib.sha256(b"call.json").digest()
START = entries.call_entry(CALL, CALL_HASH)
CLOSE = entries.close_entry()
DESTROY = entries.destroy_entry()


def secret(number: int) -> bytes:
    return hashlib.sha256(b"withdraw %d" % number).digest()


def handle(number: int) -> bytes:
    return hashlib.sha256(secret(number)).digest()


def digest(number: int) -> bytes:
    return hashlib.sha256(b"envelope %d" % number).digest()


def report(number: int) -> bytes:
    return entries.report_entry(digest(number), handle(number))


def withdraw(number: int) -> bytes:
    return entries.withdraw_entry(handle(number), secret(number))


def check(*log: bytes) -> entries.Log:
    return entries.check_entries([START, *log], call=CALL, call_sha256=CALL_HASH)


def test_entries_have_the_bytes_of_the_spec() -> None:
    a, b = bytes(range(32)), hashlib.sha256(bytes(32)).digest()
    assert f"saksei/v1\ncall\n{CALL_HASH.hex()}\n".encode() == START
    assert entries.report_entry(a, b) == f"saksei/v1\nreport\n{a.hex()}\n{b.hex()}\n".encode()
    assert entries.withdraw_entry(b, bytes(32)) == f"saksei/v1\nwithdraw\n{b.hex()}\n{bytes(32).hex()}\n".encode()
    assert (CLOSE, DESTROY) == (b"saksei/v1\nclose\n", b"saksei/v1\ndestroy\n")


@pytest.mark.parametrize(
    ("entry", "parsed"),
    [
        (START, entries.Entry("call", digest=CALL_HASH)),
        (report(1), entries.Entry("report", digest=digest(1), handle=handle(1))),
        (withdraw(1), entries.Entry("withdraw", handle=handle(1), withdraw=secret(1))),
        (CLOSE, entries.Entry("close")),
        (DESTROY, entries.Entry("destroy")),
    ],
    ids=["call", "report", "withdraw", "close", "destroy"],
)
def test_entries_are_read_back(entry: bytes, parsed: entries.Entry) -> None:
    assert entries.parse_entry(entry) == parsed


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"saksei/v1\n",
        CLOSE[:-1],
        CLOSE + b"\n",
        CLOSE.replace(b"\n", b"\r\n"),
        b"saksei/v2\nclose\n",
        b"saksei/v1\nopen\n",
        report(1)[:-1],
        report(1) + b"\n",
        report(1).upper(),
        report(1)[:17] + report(1)[17:81].upper() + report(1)[81:],
        report(1)[:81] + report(1)[82:],
        b" " + report(1),
        report(1).replace(b"report", b"withdraw")[:-2] + b"g\n",
    ],
)
def test_malformed_entry_is_refused(entry: bytes) -> None:
    with pytest.raises(LogEntryError):
        check(entry)


@given(entry=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(entry: bytes) -> None:
    try:
        parsed = entries.parse_entry(entry)
    except LogEntryError:
        return
    assert parsed.kind in ("call", "report", "withdraw", "close", "destroy")


def test_log_tells_what_became_of_reports() -> None:
    log = check(report(1), report(2), withdraw(1), CLOSE, report(3), withdraw(3), withdraw(2))
    assert [(r.index, r.handle, r.digest, r.late, r.withdrawn) for r in log.reports] == [
        (1, handle(1), digest(1), False, True),
        (2, handle(2), digest(2), False, True),
        (5, handle(3), digest(3), True, True),
    ]
    assert (log.size, log.close, log.destroyed) == (8, 4, False)
    assert log.withdrawn == {handle(1), handle(2), handle(3)}
    assert log.leaf_hashes[1] == merkle.leaf_hash(report(1))


def test_open_log_has_no_late_report() -> None:
    log = check(report(1))
    assert (log.close, log.reports[0].late, log.reports[0].withdrawn, log.withdrawn) == (None, False, False, frozenset())


def test_destroyed_log_ends() -> None:
    assert check(report(1), CLOSE, DESTROY).destroyed


REFUSED: list[tuple[str, type[CryptoError], list[bytes]]] = [
    ("second call", LogCallError, [START]),
    ("another call inside", LogCallError, [report(1), entries.call_entry(CALL, digest(1))]),
    ("second close", LogEntryError, [CLOSE, CLOSE]),
    ("destroy before close", LogEntryError, [DESTROY]),
    ("report after destroy", LogEntryError, [CLOSE, DESTROY, report(1)]),
    ("withdraw after destroy", LogEntryError, [report(1), CLOSE, DESTROY, withdraw(1)]),
    ("destroy twice", LogEntryError, [CLOSE, DESTROY, DESTROY]),
    ("same report", LogDuplicateError, [report(1), report(1)]),
    ("same handle", LogDuplicateError, [report(1), entries.report_entry(digest(2), handle(1))]),
    ("same digest", LogDuplicateError, [report(1), entries.report_entry(digest(1), handle(2))]),
    ("handle again after withdrawal", LogDuplicateError, [report(1), withdraw(1), entries.report_entry(digest(2), handle(1))]),
    ("withdrawal of nothing", LogWithdrawError, [report(1), withdraw(2)]),
    ("withdrawal before its report", LogWithdrawError, [withdraw(1), report(1)]),
    ("withdrawn twice", LogWithdrawError, [report(1), withdraw(1), withdraw(1)]),
    ("wrong preimage", LogWithdrawError, [report(1), withdraw(1).replace(secret(1).hex().encode(), secret(2).hex().encode())]),
]


@pytest.mark.parametrize(("error", "log"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_broken_rule_is_refused(error: type[CryptoError], log: list[bytes]) -> None:
    with pytest.raises(error):
        check(*log)


@pytest.mark.parametrize(
    "log",
    [[], [report(1)], [START[:-1]], [entries.call_entry(CALL, digest(1))]],
    ids=["empty", "no call", "cut call", "another call"],
)
def test_log_of_another_call_is_refused(log: list[bytes]) -> None:
    with pytest.raises(LogCallError):
        entries.check_entries(log, call=CALL, call_sha256=CALL_HASH)


@pytest.mark.parametrize("call", ["", "Demo", "a" * 41, "a/b", "a\n"])
def test_bad_call_id_is_refused(call: str) -> None:
    with pytest.raises(LogCallError):
        entries.call_entry(call, CALL_HASH)


def test_wrong_preimage_is_not_written() -> None:
    with pytest.raises(LogWithdrawError):
        entries.withdraw_entry(handle(1), secret(2))


def test_short_hash_is_not_written() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        entries.report_entry(digest(1)[:31], handle(1))


@given(log=st.lists(st.binary(max_size=300), max_size=8))
def test_frame_is_undone(log: list[bytes]) -> None:
    assert entries.unframe(entries.frame(log)) == log


def test_frame_is_length_then_entry() -> None:
    assert entries.frame([CLOSE, b""]) == b"\0\x10" + CLOSE + b"\0\0"


@pytest.mark.parametrize("data", [b"\0", b"\0\2a", entries.frame([CLOSE])[:-1], entries.frame([CLOSE]) + b"\0"])
def test_cut_frame_is_refused(data: bytes) -> None:
    with pytest.raises(LogEntryError):
        entries.unframe(data)
