"""What reviewers tell reporters: one reply a report, kept in the workspace, and the signed round that carries them (format.md F8.3, F8.4).

1. A reply belongs to an opened report. It is destroyed with it when the report is withdrawn.
2. A round has a record for every report of the log that is neither withdrawn nor destroyed, with a reply or without; who gets it from the
   server can tell the two apart only with the receipt.
3. A round replaces the one before as a whole: a reply stands in every round until it is taken away.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crypto.errors import TooLargeError
from crypto.minisign import SecretKey
from crypto.replies import MAX_REPLY, Reply, build_round, verify_round
from crypto.report import parse_report
from reviewer import durable, review
from reviewer.errors import MarkError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from reviewer.workspace import Workspace

SIGNATURE_SUFFIX: Final = ".minisig"
_LIVE: Final = "SELECT handle FROM reports WHERE outcome NOT IN ('withdrawn', 'destroyed')"
_REPLIES: Final = (
    "SELECT r.handle, r.body, p.text FROM replies AS p JOIN reports AS r ON r.position = p.position"
    " WHERE r.body IS NOT NULL AND r.outcome NOT IN ('withdrawn', 'destroyed')"
)


@dataclass(frozen=True, slots=True)
class WrittenRound:
    """A round that was written: `live` records, `replies` of them with a reply; `sha256` (hex) of the file."""

    live: int
    replies: int
    sha256: str


def read_reply_text(content: bytes) -> str:
    """Return what a text file says, line ends as LF, without the last one and without a byte order mark.

    Raises:
        MarkError: it is not UTF-8, or says nothing.
        TooLargeError: it has more than 4034 bytes.
    """
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").removesuffix("\n")
    except UnicodeDecodeError:
        raise MarkError("A reply is a text in UTF-8.") from None
    if not text.strip() or "\0" in text:
        raise MarkError("A reply has at least one letter, and no character that is none.")
    if len(text.encode()) > MAX_REPLY:
        raise TooLargeError(f"A reply has at most {MAX_REPLY} bytes, which is a page; this one has {len(text.encode())}.")
    return text


def set_reply(workspace: Workspace, number: int, text: str) -> None:
    """Keep the reply to an opened report, in place of an earlier one."""
    with workspace.transaction():
        workspace.run(
            "INSERT INTO replies (position, written, text) VALUES (?, ?, ?)"
            " ON CONFLICT (position) DO UPDATE SET written = excluded.written, text = excluded.text",
            (number, int(time.time()), text),
        )


def remove_reply(workspace: Workspace, number: int) -> None:
    """Take the reply to a report away: the next round says nothing to its writer. Raises UsageError when there is none."""
    if reply_to(workspace, number) is None:
        raise UsageError("There is no reply to that report.")
    with workspace.transaction():
        workspace.run("DELETE FROM replies WHERE position = ?", (number,))


def reply_to(workspace: Workspace, number: int) -> str | None:
    """Return the reply that is kept for a report, or None."""
    found = workspace.row("SELECT text FROM replies WHERE position = ?", (number,))
    return None if found is None else str(found[0])


def write_round(workspace: Workspace, out: Path) -> WrittenRound:
    """Write a fresh round to `out` and its signature to `out` + `.minisig`; neither may be there.

    Raises UsageError, and HandleMismatchError or SignatureError when what was made is not what a server would take.
    """
    signature_path = out.with_name(out.name + SIGNATURE_SUFFIX)
    durable.require_absent(out)
    durable.require_absent(signature_path)
    live = [bytes(handle) for (handle,) in workspace.rows(_LIVE)]
    replies = _replies(workspace)
    content = build_round(review.read_call(workspace).call, live, replies)
    signing = SecretKey.parse(workspace.require_fact("signing-key").decode(), None)
    signature = signing.sign(content).encode()
    verify_round(content, signature, signing.public_key).require_live(live)
    with durable.aside_of(out) as round_aside, durable.aside_of(signature_path) as signature_aside:
        durable.write_private(round_aside, content)
        durable.write_private(signature_aside, signature)
    return WrittenRound(len(live), len(replies), hashlib.sha256(content).hexdigest())


def _replies(workspace: Workspace) -> dict[bytes, Reply]:
    """Return the replies to live reports by handle, each with the key that its report was sealed with."""
    rows = workspace.rows(_REPLIES)
    return {bytes(handle): Reply(parse_report(body).reply_key, text) for handle, body, text in rows}
