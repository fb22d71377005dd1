"""Accounts that are disabled, and those that a sign-in provider knows by a name of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and the table of what was begun at the provider."""
    op.add_column("accounts", sa.Column("disabled_at", sa.BigInteger(), nullable=True))
    name = sa.Column("provider_name", sa.String(length=200), nullable=False, server_default="")
    op.add_column("accounts", name)
    op.create_index("accounts_by_provider_name", "accounts", ["provider_name"])
    op.create_table(
        "sign_ins",
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=200), nullable=False),
        sa.Column("nonce", sa.String(length=200), nullable=False),
        sa.Column("page", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("state"),
    )
