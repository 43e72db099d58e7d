"""Calls, logs, the pending and the published store, and the triggers that stand by themselves (format.md 6, 7 and 9).

Never use op.batch_alter_table on these tables: it drops their triggers without a word. The clock of the triggers is the database's:
unixepoch('now') on SQLite, clock_timestamp() on PostgreSQL (now() there is the start of the transaction).
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "pending_withdrawals",
    "pending_envelopes",
    "pending_reports",
    "withdrawals",
    "envelopes",
    "reports",
    "batches",
    "entries",
    "logs",
    "calls",
)

TOO_LATE = "this call does not take reports at this time"
TOO_OLD = "this call is over"
FIXED = "this row is never changed"
STAYS = "this row never goes"
UNKNOWN = "a report is published out of the pending store only"

OPEN_CALL = """
    SELECT 1 FROM calls JOIN logs ON logs.call = calls.id
    WHERE calls.id = NEW.call AND NOT logs.closed AND {clock} >= calls.opens AND {clock} < calls.closes
"""
KNOWN_REPORT = """
    SELECT 1 FROM pending_reports AS p
    WHERE p.call = NEW.call AND p.digest = NEW.digest AND p.handle = NEW.handle AND p.batch = NEW.batch
"""
# A mended form.html may come, signed again with the same call.json; nothing else of a call ever changes.
OTHER_CALL = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in ("id", "document", "opens", "closes", "ends"))
LIVING_CALL = "SELECT 1 FROM calls WHERE calls.id = NEW.call AND {clock} < calls.ends"

# name, table, event, the condition under which the row is refused, and the sentence
TRIGGERS = (
    ("calls_are_fixed", "calls", "UPDATE", OTHER_CALL, FIXED),
    ("entries_are_fixed", "entries", "UPDATE", "1 = 1", FIXED),
    ("entries_stay", "entries", "DELETE", "1 = 1", STAYS),
    ("logs_stay_closed", "logs", "UPDATE", "(OLD.closed AND NOT NEW.closed) OR NEW.size < OLD.size", FIXED),
    ("pending_reports_are_on_time", "pending_reports", "INSERT", f"NOT EXISTS ({OPEN_CALL})", TOO_LATE),
    ("pending_reports_are_fixed", "pending_reports", "UPDATE", "1 = 1", FIXED),
    ("pending_withdrawals_are_on_time", "pending_withdrawals", "INSERT", f"NOT EXISTS ({LIVING_CALL})", TOO_OLD),
    ("reports_come_from_pending", "reports", "INSERT", f"NOT EXISTS ({KNOWN_REPORT})", UNKNOWN),
)
CLOCK_SQLITE = "unixepoch('now')"
CLOCK_POSTGRESQL = "floor(extract(epoch FROM clock_timestamp()))"
SQLSTATE = "SK001"


def upgrade() -> None:
    create_calls()
    create_store("")
    create_store("pending_")
    if op.get_bind().dialect.name == "sqlite":
        for name, table, event, condition, sentence in TRIGGERS:
            refused = condition.format(clock=CLOCK_SQLITE)
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN {refused} BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
            )
        return
    for table in ("envelopes", "pending_envelopes"):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN bytes SET STORAGE EXTERNAL")
    for name, table, event, condition, sentence in TRIGGERS:
        refused = condition.format(clock=CLOCK_POSTGRESQL)
        outcome = "OLD" if event == "DELETE" else "NEW"
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {refused} THEN RAISE EXCEPTION '{sentence}' USING ERRCODE = '{SQLSTATE}'; END IF; RETURN {outcome}; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)  # and its triggers with it
    if op.get_bind().dialect.name != "sqlite":
        for name, *_ in TRIGGERS:
            op.execute(f"DROP FUNCTION {name}()")


def create_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("sums", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("form", sa.LargeBinary),
        sa.Column("opens", sa.BigInteger, nullable=False),
        sa.Column("closes", sa.BigInteger, nullable=False),
        sa.Column("ends", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "logs",
        *of_call("logs", "call"),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
        sa.Column("cut", sa.BigInteger, nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "entries",
        *of_call("entries", "call", "position"),
        sa.Column("position", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "batches",
        *of_call("batches", "call", "size"),
        sa.Column("size", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.LargeBinary),
        sqlite_with_rowid=False,
    )


def create_store(prefix: str) -> None:
    """The three tables of the published store, or with `pending_` of the one before it; the columns are the same.

    Only what waits may have row numbers (on SQLite): large rows are taken in twice as fast with them, and they go at the next batch.
    """
    reports, envelopes, withdrawals = f"{prefix}reports", f"{prefix}envelopes", f"{prefix}withdrawals"
    op.create_table(
        reports,
        *of_call(reports, "call", "digest"),
        *of_32_bytes(reports, "digest", "handle"),
        sa.Column("batch", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("call", "handle", name=f"uq_{reports}_handle"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        envelopes,
        *of_call(envelopes, "call", "digest", "part"),
        *of_32_bytes(envelopes, "digest"),
        sa.Column("part", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("bytes", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=bool(prefix),
    )
    op.create_table(
        withdrawals,
        *of_call(withdrawals, "call", "handle"),
        *of_32_bytes(withdrawals, "handle", "secret"),
        sa.Column("batch", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def of_call(table: str, *key: str) -> tuple[sa.Column[str] | sa.Constraint, ...]:
    """The column `call` with its reference, and the primary key."""
    return (
        sa.Column("call", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], name=f"fk_{table}_call"),
        sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"),
    )


def of_32_bytes(table: str, *names: str) -> tuple[sa.Column[bytes] | sa.Constraint, ...]:
    """Columns of exactly 32 bytes."""
    columns = tuple(sa.Column(name, sa.LargeBinary, nullable=False) for name in names)
    checks = tuple(sa.CheckConstraint(f"length({name}) = 32", name=f"ck_{table}_{name}") for name in names)
    return columns + checks
