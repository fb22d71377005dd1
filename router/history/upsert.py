"""Inserting rows that may be there already, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

_INSERTS: Final = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def upsert(connection: Connection, table: Table, rows: Iterable[msgspec.Struct]) -> None:
    """Insert the rows, or replace what stands under their primary keys.

    Shape: the structs' fields are columns of the table; each primary key at most once.
    """
    values = [msgspec.structs.asdict(row) for row in rows]
    if not values:
        return
    statement: Any = _INSERTS[connection.dialect.name](table)
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in values[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), values)


def insert_missing(connection: Connection, table: Table, values: list[dict[str, Any]]) -> None:
    """Insert the rows whose primary key is not there; leave the others as they are."""
    if values:
        statement: Any = _INSERTS[connection.dialect.name](table)
        connection.execute(statement.on_conflict_do_nothing(), values)


def insert_named(
    connection: Connection,
    owners: Table,
    table: Table,
    column: str,
    named: Mapping[str, Iterable[str]],
) -> None:
    """Insert what rows of `owners` name, by their `ref`; not of those that are emptied by now."""
    if not named:
        return
    is_kept = owners.c.ref.in_(named) & owners.c.redacted_at.is_(None)
    kept = connection.execute(select(owners.c.ref).where(is_kept)).scalars().all()
    rows = [{column: each, "ref": ref} for ref in kept for each in sorted(named[ref])]
    insert_missing(connection, table, rows)
