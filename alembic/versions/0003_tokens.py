"""Tokens of RFC 3161 authorities over checkpoints (format.md 7, F7.11)."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tokens",
        sa.Column("call", sa.String(40), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("authority", sa.String(40), nullable=False),
        sa.Column("token", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], name="fk_tokens_call"),
        sa.PrimaryKeyConstraint("call", "size", "authority", name="pk_tokens"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("tokens")
