"""`reply` and `replies`: what reporters are told, and that nobody else can tell who was."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from crypto.errors import SignatureError
from crypto.receipts import Receipt
from crypto.replies import MAX_REPLY, RECORD_SIZE, Round, open_reply, verify_round
from reviewer import replies
from reviewer.errors import MarkError
from reviewer.workspace import Workspace
from tests.reviewer.conftest import SMALL, Ran
from tests.reviewer.world import CALL_ID, PASSPHRASE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.reviewer.world import Server

    Command = Callable[..., Ran]

TEXT = "យើងបានអានរបាយការណ៍របស់អ្នក។ Please go to the office in Siem Reap."


@pytest.fixture
def reply(run: Command, tmp_path: Path) -> Callable[..., Ran]:
    """Reply to a report of the workspace."""

    def reply_now(number: int, text: str = TEXT) -> Ran:
        path = tmp_path / "reply.txt"
        path.write_text(text, encoding="utf-8")
        return run("reply", number, "-w", tmp_path / "workspace", "--text-file", path, "--json")

    return reply_now


@pytest.fixture
def send(run: Command, tmp_path: Path) -> Callable[..., Ran]:
    """Write the round."""

    def send_now(name: str = "replies.bin") -> Ran:
        return run("replies", "-w", tmp_path / "workspace", "--out", tmp_path / name, "--json")

    return send_now


def told(server: Server, path: Path, receipt: Receipt, seq: int = 0) -> str | None:
    """What the holder of a receipt reads in a signed round."""
    signature = path.with_name(path.name + ".minisig").read_bytes()
    record = verify_round(path.read_bytes(), signature, server.call.signing_key).find(receipt.handle(CALL_ID, seq))
    return None if record is None else open_reply(record, call=CALL_ID, reply_key=receipt.reply_key(CALL_ID))


def test_holder_of_receipt_reads_reply(server: Server, take_in: Command, reply: Command, send: Command, tmp_path: Path) -> None:
    answered, silent = Receipt.generate(), Receipt.generate()
    number = server.submit(answered)
    server.submit(silent)
    take_in()
    assert reply(number).document == {"report": number, "reply": TEXT}
    assert (send().document["live"], send("again").document["replies"]) == (2, 1)
    assert told(server, tmp_path / "replies.bin", answered) == TEXT
    assert told(server, tmp_path / "replies.bin", silent) is None
    assert told(server, tmp_path / "replies.bin", Receipt.generate()) is None


def test_records_look_alike(server: Server, take_in: Command, reply: Command, send: Command, tmp_path: Path) -> None:
    """With and without a reply: one size, ascending by handle, and no byte of two rounds but the handle is the same."""
    numbers = [server.submit(Receipt.generate()) for _ in range(3)]
    take_in()
    reply(numbers[0])
    send("one")
    send("two")
    one, two = (Round.parse((tmp_path / name).read_bytes()) for name in ("one", "two"))
    assert list(one.handles()) == list(two.handles()) == sorted(one.handles())
    for first, second in ((one[place], two[place]) for place in range(len(one))):
        assert len(first) == len(second) == RECORD_SIZE
        assert first[32:48] != second[32:48]
        assert first[-32:] != second[-32:]
    assert TEXT.encode() not in (tmp_path / "one").read_bytes()


def test_every_live_report_has_a_record(server: Server, take_in: Command, send: Command, tmp_path: Path) -> None:
    kept, withdrawn, lost = Receipt.generate(), Receipt.generate(), Receipt.generate()
    server.submit(kept)
    server.submit(withdrawn)
    number = server.submit(lost)
    server.withdraw(withdrawn)
    server.lose(number)
    server.close()
    late = Receipt.generate()
    server.submit(late)
    take_in()
    assert send().code == 0
    found = set(Round.parse((tmp_path / "replies.bin").read_bytes()).handles())
    assert found == {receipt.handle(CALL_ID, 0) for receipt in (kept, lost, late)}


def test_addition_is_answered_by_itself(server: Server, take_in: Command, reply: Command, send: Command, tmp_path: Path) -> None:
    receipt = Receipt.generate()
    server.submit(receipt)
    number = server.submit(receipt, seq=1)
    take_in()
    reply(number)
    send()
    assert told(server, tmp_path / "replies.bin", receipt, 0) is None
    assert told(server, tmp_path / "replies.bin", receipt, 1) == TEXT


def test_withdrawal_destroys_the_reply(server: Server, take_in: Command, reply: Command, send: Command, tmp_path: Path) -> None:
    receipt = Receipt.generate()
    number = server.submit(receipt)
    take_in()
    reply(number)
    server.withdraw(receipt)
    take_in()
    with Workspace.open(tmp_path / "workspace", PASSPHRASE) as opened:
        assert opened.rows("SELECT * FROM replies") == []
    assert send().document == {"live": 0, "replies": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}


def test_new_reply_replaces_old(server: Server, take_in: Command, reply: Command, send: Command, tmp_path: Path) -> None:
    receipt = Receipt.generate()
    number = server.submit(receipt)
    take_in()
    reply(number)
    reply(number, "Please wait.\r\nWe work.\r\n")
    send()
    assert told(server, tmp_path / "replies.bin", receipt) == "Please wait.\nWe work."


def test_reply_is_shown_and_taken_away(server: Server, take_in: Command, reply: Command, run: Command, tmp_path: Path) -> None:
    number = server.submit(Receipt.generate())
    take_in()
    reply(number)
    where = ("-w", tmp_path / "workspace")
    assert TEXT in run("reply", number, *where).out
    assert run("reply", number, *where, "--remove").code == 0
    assert "There is no reply" in run("reply", number, *where).out
    again = run("reply", number, *where, "--remove")
    assert (again.code, again.word) == (2, "usage")


def test_report_not_open_takes_no_reply(server: Server, take_in: Command, reply: Command) -> None:
    receipt = Receipt.generate()
    number = server.submit(receipt)
    lost = server.submit(Receipt.generate())
    server.withdraw(receipt)
    server.lose(lost)
    take_in()
    assert [reply(one).word for one in (number, lost, 99)] == ["usage"] * 3


@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param(b"x" * MAX_REPLY, None, id="longest"),
        pytest.param(b"x" * (MAX_REPLY + 1), "too-large", id="too-long"),
        pytest.param("ស".encode() * 1344 + b"xx", None, id="longest-khmer"),
        pytest.param("ស".encode() * 1345, "too-large", id="too-long-khmer"),
        pytest.param(b"", "answers", id="empty"),
        pytest.param(b" \n\n", "answers", id="blank"),
        pytest.param(b"\xff\xfeh\0i\0", "answers", id="utf-16"),
        pytest.param(b"a\0b", "answers", id="nul"),
    ],
)
def test_length_is_said_at_once(server: Server, take_in: Command, run: Command, tmp_path: Path, text: bytes, word: str | None) -> None:
    number = server.submit(Receipt.generate())
    take_in()
    path = tmp_path / "reply.txt"
    path.write_bytes(text)
    ran = run("reply", number, "-w", tmp_path / "workspace", "--text-file", path)
    assert (ran.code, None if ran.code == 0 else ran.word) == (int(word is not None), word)


def test_byte_order_mark_is_no_text() -> None:
    assert replies.read_reply_text("\ufeffស្តាប់\n".encode()) == "ស្តាប់"
    with pytest.raises(MarkError):
        replies.read_reply_text(b"\xef\xbb\xbf")


def test_changed_round_is_not_signed(server: Server, take_in: Command, send: Command, tmp_path: Path) -> None:
    """The twin of every test that reads a round: one bit, and nobody takes it."""
    receipt = Receipt.generate()
    server.submit(receipt)
    take_in()
    send()
    path = tmp_path / "replies.bin"
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)
    with pytest.raises(SignatureError):
        told(server, path, receipt)


@pytest.mark.parametrize("there", ["replies.bin", "replies.bin.minisig"])
def test_round_overwrites_nothing(server: Server, take_in: Command, send: Command, tmp_path: Path, there: str) -> None:
    server.submit(Receipt.generate())
    take_in()
    (tmp_path / there).write_bytes(b"here before")
    before = sorted(os.listdir(tmp_path))  # noqa: PTH208 - hidden files too
    assert send().word == "usage"
    assert (tmp_path / there).read_bytes() == b"here before"
    assert sorted(os.listdir(tmp_path)) == before  # noqa: PTH208


def test_round_is_for_its_owner_alone(server: Server, take_in: Command, send: Command, tmp_path: Path) -> None:
    server.submit(Receipt.generate())
    take_in()
    send()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("replies.bin*")} == {0o600}


def test_older_workspace_learns_replies(tmp_path: Path) -> None:
    """A workspace of the first version, which had no such table, is brought up to date when it is opened."""
    folder = tmp_path / "old"
    folder.mkdir()
    with Workspace.create(folder, PASSPHRASE, call=CALL_ID, cost=SMALL) as made:
        made.run("DROP TABLE replies")
        made.run("PRAGMA user_version = 1")
    with Workspace.open(folder, PASSPHRASE) as opened:
        assert replies.reply_to(opened, 1) is None
