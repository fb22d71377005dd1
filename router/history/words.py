"""Residents' words in history: stored once, found by reference, forgotten, redacted.

Contacts (who somebody is) and messages (what they said or wrote) are kept in tables of their own,
so that one can be deleted and the other kept. A redacted row stays, empty, so that a repeat of the
move from the spool cannot bring the words back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import Connection, Table, delete, or_, select, update

from router.core.model import Instant
from router.history.tables import contacts, items, mentions, messages
from router.history.upsert import insert_missing
from router.ports import Words

CONTACT: Final = "contact"
_BOTH: Final = (contacts, messages)


def store(connection: Connection, page: Sequence[Words], now: Instant) -> None:
    """Keep the words; those that are here already stay as they are."""
    people = [words for words in page if words.kind == CONTACT]
    keys = _address_keys(connection, [words.ref for words in people])
    insert_missing(
        connection,
        contacts,
        [
            {
                "ref": words.ref,
                "kind": words.kind,
                "address_key": keys.get(words.ref, ""),
                # PostgreSQL's text holds no NUL; JSON of ours has none either
                "body": words.body.decode("utf-8", "replace").replace("\0", ""),
                "stored_at": now,
            }
            for words in people
        ],
    )
    insert_missing(
        connection,
        messages,
        [
            {"ref": words.ref, "kind": words.kind, "body": words.body, "stored_at": now}
            for words in page
            if words.kind != CONTACT
        ],
    )


def _address_keys(connection: Connection, refs: Collection[str]) -> dict[str, str]:
    """Return the address keys that events fed earlier gave to these contacts."""
    query = select(mentions.c.ref, mentions.c.address_key).where(mentions.c.ref.in_(refs))
    return {row.ref: row.address_key for row in connection.execute(query)}


def find(connection: Connection, refs: Collection[str]) -> dict[str, Words]:
    """Return those of the words that are here and were not redacted."""
    found: dict[str, Words] = {}
    for table in _BOTH:
        query = select(table.c.ref, table.c.kind, table.c.body).where(
            table.c.ref.in_(refs), table.c.redacted_at.is_(None)
        )
        for row in connection.execute(query):
            body = row.body.encode() if isinstance(row.body, str) else bytes(row.body)
            found[row.ref] = Words(ref=row.ref, kind=row.kind, body=body)
    return found


def forget_unmentioned(connection: Connection, cutoff: Instant) -> int:
    """Delete the words stored before `cutoff` that no item refers to; return how many.

    They come from commands that were repeats or were refused after their words had arrived.
    """
    return sum(_forget_unmentioned(connection, table, cutoff) for table in _BOTH)


def _forget_unmentioned(connection: Connection, table: Table, cutoff: Instant) -> int:
    mentioned = select(mentions.c.ref).where(mentions.c.ref == table.c.ref).exists()
    return connection.execute(delete(table).where(table.c.stored_at < cutoff, ~mentioned)).rowcount


def redact(connection: Connection, address_key: str, now: Instant) -> list[str]:
    """Empty everything that a person of this address said, wrote or is called by.

    Shape: the references that were emptied; figures and stories of the items stay.
    """
    theirs = select(items.c.id).where(items.c.address_key == address_key)
    query = select(mentions.c.ref).where(
        or_(mentions.c.address_key == address_key, mentions.c.item.in_(theirs))
    )
    refs = sorted(set(connection.execute(query).scalars()))
    connection.execute(
        update(contacts).where(contacts.c.ref.in_(refs)).values(body="", redacted_at=now)
    )
    connection.execute(
        update(messages).where(messages.c.ref.in_(refs)).values(body=b"", redacted_at=now)
    )
    return refs
