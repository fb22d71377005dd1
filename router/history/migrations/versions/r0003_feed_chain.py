"""Which history of the journal was read: after a fail-over it may go on another way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep the hash of what was read beside its end."""
    op.add_column(
        "feed", sa.Column("chain", sa.String(length=64), nullable=False, server_default="")
    )
