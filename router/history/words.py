"""Residents' words in history: stored once, found by reference, forgotten, emptied.

Contacts (who somebody is) and messages (what they said or wrote) are kept in tables of their own,
so that one can be deleted and the other kept. An emptied row stays, so that a repeat of the move
from the spool cannot bring the words back. Which large bytes the words refer to is noted beside
them; the bytes themselves are never touched here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

import msgspec
from sqlalchemy import Connection, Table, delete, select, update

from router.core.model import Instant
from router.history.addresses import note_addresses
from router.history.tables import blob_uses, contact_addresses, contacts, mentions, messages
from router.history.upsert import insert_missing, insert_named
from router.ports import Words, said_in

T = TypeVar("T")

CONTACT: Final = "contact"
SAID: Final = "said"
AT_ONCE: Final = 500  # references in one statement; databases take a limited number
_BOTH: Final = (contacts, messages)


class Emptied(msgspec.Struct, frozen=True):
    """What lost its words."""

    contacts: int
    messages: int
    blobs: frozenset[str]  # that the words referred to


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
    note_addresses(connection, people)
    insert_missing(
        connection,
        messages,
        [
            {"ref": words.ref, "kind": words.kind, "body": words.body, "stored_at": now}
            for words in page
            if words.kind != CONTACT
        ],
    )
    _note_blobs(connection, page)


def _address_keys(connection: Connection, refs: Collection[str]) -> dict[str, str]:
    """Return the address keys that events fed earlier gave to these contacts."""
    query = select(mentions.c.ref, mentions.c.address_key).where(mentions.c.ref.in_(refs))
    return {row.ref: row.address_key for row in connection.execute(query)}


def _note_blobs(connection: Connection, page: Sequence[Words]) -> None:
    """Say which blobs the words refer to; not of those that were emptied before they came."""
    named = {words.ref: blobs for words in page if (blobs := blobs_of(words))}
    insert_named(connection, messages, blob_uses, "blob", named)


def blobs_of(words: Words) -> frozenset[str]:
    """Return the names of the blobs that the words refer to; none for what cannot be read."""
    said = said_in(words)
    if said is None:
        return frozenset()
    return frozenset({said.html, said.original, *(file.blob for file in said.files)} - {""})


def find(connection: Connection, refs: Collection[str]) -> dict[str, Words]:
    """Return those of the words that are here and were not emptied."""
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
    """Delete the words stored before `cutoff` that no event refers to; return how many.

    They come from commands that were repeats or were refused after their words had arrived.
    """
    return sum(_forget_unmentioned(connection, table, cutoff) for table in _BOTH)


def _forget_unmentioned(connection: Connection, table: Table, cutoff: Instant) -> int:
    mentioned = select(mentions.c.ref).where(mentions.c.ref == table.c.ref).exists()
    query = select(table.c.ref).where(table.c.stored_at < cutoff, ~mentioned)
    refs = connection.execute(query).scalars().all()
    for part in parts_of(refs):
        connection.execute(delete(table).where(table.c.ref.in_(part)))
        _forget_uses(connection, part)
    return len(refs)


def bar(connection: Connection, waiting: Iterable[Words], now: Instant) -> None:
    """Put empty rows where these words would go, so that they cannot come any more."""
    for table in _BOTH:
        rows = [
            {"ref": words.ref, "kind": words.kind, "stored_at": now, "redacted_at": now}
            | ({"body": "", "address_key": ""} if table is contacts else {"body": b""})
            for words in waiting
            if (words.kind == CONTACT) is (table is contacts)
        ]
        insert_missing(connection, table, rows)


def empty(connection: Connection, refs: Iterable[str], now: Instant) -> Emptied:
    """Take the words out of these rows and say what they were; rows without words stay as is."""
    counts = dict.fromkeys(_BOTH, 0)
    blobs: set[str] = set()
    for part in parts_of(sorted(refs)):
        for table, nothing in ((contacts, ""), (messages, b"")):
            change = update(table).where(table.c.ref.in_(part), table.c.redacted_at.is_(None))
            counts[table] += connection.execute(
                change.values(body=nothing, redacted_at=now)
            ).rowcount
        named = select(blob_uses.c.blob).where(blob_uses.c.ref.in_(part))
        blobs.update(connection.execute(named).scalars())
        _forget_uses(connection, part)
    return Emptied(counts[contacts], counts[messages], frozenset(blobs))


def _forget_uses(connection: Connection, refs: list[str]) -> None:
    for table in (blob_uses, contact_addresses):
        connection.execute(delete(table).where(table.c.ref.in_(refs)))


def used(connection: Connection, blobs: Collection[str]) -> set[str]:
    """Return those of the blobs that words refer to."""
    found: set[str] = set()
    for part in parts_of(sorted(blobs)):
        query = select(blob_uses.c.blob).where(blob_uses.c.blob.in_(part)).distinct()
        found.update(connection.execute(query).scalars())
    return found


def parts_of(whole: Iterable[T]) -> Iterator[list[T]]:
    """Yield what one statement may name at once."""
    rest = iter(whole)
    while part := list(islice(rest, AT_ONCE)):
        yield part
