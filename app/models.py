"""The tables of the intake service (format.md section 6).

Nothing here holds an address, an agent, a time, a sequence or an order finer than a batch. A batch is named by the boundary at which it is
due, in unix seconds. A report waits in the three `pending_` tables and is moved to `reports`, `envelopes` and `withdrawals` at a boundary,
by ascending leaf hash. No table that outlives a batch has row numbers, so that SQLite cannot keep an order of arrival in one.

Rules that no code above can lift stand as triggers in the migration; `TRIGGERS` names them.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_1_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

TRIGGERS = (
    "calls_are_fixed",
    "entries_are_fixed",
    "entries_stay",
    "logs_stay_closed",
    "pending_reports_are_on_time",
    "pending_reports_are_fixed",
    "pending_withdrawals_are_on_time",
    "reports_come_from_pending",
)
"""Names of the triggers that must stand in every database; each exists once on either kind of database."""

LATE_SQLSTATE = "SK001"
"""What a trigger raises on PostgreSQL; on SQLite it is the extended code SQLITE_CONSTRAINT_TRIGGER."""

CHUNK_BYTES = 1 << 20
"""An envelope is kept in rows of this many bytes, the last one shorter."""


def _call() -> Column[str]:
    return Column("call", String(40), ForeignKey("calls.id"), primary_key=True)


def _digest() -> Column[bytes]:
    return Column("digest", LargeBinary, CheckConstraint("length(digest) = 32", name="digest"), primary_key=True)


def _handle(**options: Any) -> Column[bytes]:
    return Column("handle", LargeBinary, CheckConstraint("length(handle) = 32", name="handle"), nullable=False, **options)


def _batch() -> Column[int]:
    return Column("batch", BigInteger, nullable=False)


def _secret() -> Column[bytes]:
    return Column("secret", LargeBinary, CheckConstraint("length(secret) = 32", name="secret"), nullable=False)


def _table(name: str, *columns: Column[Any] | UniqueConstraint, with_rowid: bool = False) -> Table:
    return Table(name, metadata, *columns, sqlite_with_rowid=with_rowid)


calls = _table(
    "calls",
    Column("id", String(40), primary_key=True),
    Column("document", LargeBinary, nullable=False),
    Column("sums", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("form", LargeBinary),
    Column("opens", BigInteger, nullable=False),
    Column("closes", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
)
"""`document`, `sums`, `signature`, `form`: the bytes of call.json, SHA256SUMS, its .minisig and form.html. `opens`, `closes` (deadline +
grace) and `ends` (deadline + retention) are unix seconds; the triggers read them. A mended `form` may come, with its
`sums` and `signature`; nothing else of a row changes."""

logs = _table(
    "logs",
    _call(),
    Column("size", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("cut", BigInteger, nullable=False),
    Column("closed", Boolean, nullable=False),
)
"""The growing end of each log: its size, its compact range, the last boundary that was cut, and whether the close was."""

entries = _table(
    "entries",
    _call(),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary, nullable=False),
)
"""Entries of the logs by index (section 7). Rows never change and never go."""

batches = _table(
    "batches",
    _call(),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", LargeBinary),
)
"""One row a batch: size and root of the log after it, and its checkpoint as soon as that is signed."""

reports = _table("reports", _call(), _digest(), _handle(), _batch(), UniqueConstraint("call", "handle"))
"""Reports that stand in the log; `batch` is the boundary promised when they were taken."""

envelopes = _table(
    "envelopes",
    _call(),
    _digest(),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("bytes", LargeBinary, nullable=False),
)
"""The sealed bytes of `reports`, in parts of CHUNK_BYTES. Gone once withdrawn."""

withdrawals = _table("withdrawals", _call(), _handle(primary_key=True), _secret(), _batch())
"""Withdrawals that stand in the log; `secret` is withdraw_n."""

pending_reports = _table("pending_reports", _call(), _digest(), _handle(), _batch(), UniqueConstraint("call", "handle"))
"""Reports that wait for their batch."""

pending_envelopes = _table(
    "pending_envelopes",
    _call(),
    _digest(),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("bytes", LargeBinary, nullable=False),
    with_rowid=True,
)
"""The sealed bytes of `pending_reports`. The one table with row numbers on SQLite: large rows are taken in twice as fast that way, and the
numbers go with the rows at the next batch."""

pending_withdrawals = _table("pending_withdrawals", _call(), _handle(primary_key=True), _secret(), _batch())
"""Withdrawals that wait for their batch."""

received = _table(
    "received",
    _call(),
    Column("size", BigInteger, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
"""The newest checkpoint that the reviewers countersigned: how many entries it covers, its bytes, and their signature file over them."""

rounds = _table(
    "rounds",
    _call(),
    Column("digest", LargeBinary, CheckConstraint("length(digest) = 32", name="digest"), nullable=False),
    Column("records", BigInteger, nullable=False),
)
"""The round of replies that stands: SHA-256 of its file, and how many records it has."""

replies = _table("replies", _call(), _handle(primary_key=True), Column("bytes", LargeBinary, nullable=False))
"""The records of `rounds`, each without the handle that it begins with (section 8)."""

tokens = _table(
    "tokens",
    _call(),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("authority", String(40), primary_key=True),
    Column("token", LargeBinary, nullable=False),
)
"""RFC 3161 responses over the checkpoint of `size` entries by an authority that call.json names; each was verified before it was kept."""

SEALED_COLUMNS = (envelopes.c.bytes, pending_envelopes.c.bytes, replies.c.bytes)
"""Ciphertext: kept uncompressed on PostgreSQL (storage `external`)."""

LAST_POSITION = 2**53
"""An index that no log reaches."""
