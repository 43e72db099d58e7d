"""What the reviewers hand back: the checkpoint they countersigned, and their round of replies (format.md 7 and 8)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("replies", "rounds", "received")


def upgrade() -> None:
    op.create_table(
        "received",
        *of_call("received", "call"),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rounds",
        *of_call("rounds", "call"),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.CheckConstraint("length(digest) = 32", name="ck_rounds_digest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "replies",
        *of_call("replies", "call", "handle"),
        sa.Column("handle", sa.LargeBinary, nullable=False),
        sa.Column("bytes", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("length(handle) = 32", name="ck_replies_handle"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name != "sqlite":
        op.execute("ALTER TABLE replies ALTER COLUMN bytes SET STORAGE EXTERNAL")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def of_call(table: str, *key: str) -> tuple[sa.Column[str] | sa.Constraint, ...]:
    """The column `call` with its reference, and the primary key."""
    return (
        sa.Column("call", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], name=f"fk_{table}_call"),
        sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"),
    )
