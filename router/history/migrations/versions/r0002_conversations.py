"""What mail and chat need: conversations, large bytes, drafts; finding words by age and item."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INDEXES = (
    ("contacts_by_age", "contacts", ["redacted_at", "stored_at"]),
    ("messages_by_age", "messages", ["kind", "redacted_at", "stored_at"]),
    ("items_by_conversation", "items", ["conversation"]),
    ("audit_by_target", "audit", ["target"]),
    ("conversation_messages_by_ref", "conversation_messages", ["ref"]),
    ("kept_mail_by_contact", "kept_mail", ["contact_ref"]),
)


def upgrade() -> None:
    """Make the tables, and the columns of items."""
    _conversations()
    _mail()
    _writing()
    op.add_column(
        "items",
        sa.Column("conversation", sa.String(length=64), nullable=False, server_default=""),
    )
    op.add_column("items", sa.Column("responded_at", sa.BigInteger(), nullable=True))
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns, unique=False)


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("door", sa.String(length=64), nullable=False),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("contact_ref", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("conversations_by_address", "conversations", ["address_key"], unique=False)
    op.create_index("conversations_by_item", "conversations", ["item"], unique=False)
    op.create_table(
        "conversation_messages",
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("conversation", "number", "item"),
    )


def _mail() -> None:
    op.create_table(
        "kept_mail",
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("contact_ref", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("ref"),
    )
    op.create_index("kept_mail_by_instant", "kept_mail", ["at"], unique=False)
    op.create_table(
        "mail_ids",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )


def _writing() -> None:
    op.create_table(
        "blob_uses",
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("blob", "ref"),
    )
    op.create_index("blob_uses_by_ref", "blob_uses", ["ref"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("item", "agent"),
    )
    op.create_table(
        "blocked",
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("address_key"),
    )
