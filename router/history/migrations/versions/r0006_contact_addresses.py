"""Contacts are found by every address that stands in them, not only by the one they came by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_AT_ONCE = 500


def upgrade() -> None:
    """Make the table, and fill it with what stands in the contacts that are not emptied."""
    addresses = op.create_table(
        "contact_addresses",
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("address", "ref"),
    )
    op.create_index("contact_addresses_by_ref", "contact_addresses", ["ref"], unique=False)
    contacts = sa.table("contacts", sa.column("ref"), sa.column("body"), sa.column("redacted_at")).c
    last, connection = "", op.get_bind()
    while True:
        query = sa.select(contacts.ref, contacts.body)
        query = query.where(contacts.ref > last, contacts.redacted_at.is_(None))
        page = connection.execute(query.order_by(contacts.ref).limit(_AT_ONCE)).all()
        if not page:
            return
        rows = [
            {"address": address, "ref": row.ref}
            for row in page
            for address in sorted(set(_addresses(row.body)))
        ]
        if rows:
            op.bulk_insert(addresses, rows)
        last = page[-1].ref


def _addresses(body: str) -> Iterator[str]:
    for text in _texts(body):
        local, at, domain = text.lower().rpartition("@")
        if at:
            try:
                found = f"{local}@{domain.encode('idna').decode('ascii').lower()}"
            except UnicodeError:
                found = text.lower()
        elif text.startswith("+") and text[1:].isdigit():
            found = text
        else:
            continue
        if len(found) <= 320:
            yield found


def _texts(body: str) -> Iterator[str]:
    try:
        found: Any = json.loads(body)
    except ValueError:
        return
    for value in found.values() if isinstance(found, dict) else ():
        if isinstance(value, str):
            yield value
