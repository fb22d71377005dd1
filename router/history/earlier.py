"""Earlier items of a resident, over all channels, newest first: what an agent sees at answer.

A resident is known by the key that the item is filed under and by the addresses in its contact.
What a contact with one of these is filed under, and the other addresses in it, count as theirs as
well, one step and no further, as for `traces`, and a thousand of each at most: an address that
stands in very many contacts makes no desk slow. An item whose contact was emptied is nobody's any
more: who asked to be forgotten, or came longer ago than the town keeps names, is not shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    and_,
    or_,
    select,
    union,
)

from router.core.model import ItemId, MessageKind
from router.core.records import Message
from router.history.addresses import in_ascii
from router.history.database import Database
from router.history.tables import contact_addresses, contacts, items, mentions
from router.history.threads import Threads
from router.ports import EarlierItem, Known

NEAR_MAX: Final = 1_000  # keys, and addresses, that the step adds
_SHOWN = [items.c[name] for name in EarlierItem.__struct_fields__]


class Earlier:
    """See the module's text. Errors of all methods: `StorageFailed`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._threads = Threads(database)

    async def items(self, of: Known, after: str, limit: int) -> tuple[EarlierItem, ...]:
        """Return at most so many items, the newest first; those that come after `after`, if given.

        An `after` that history does not know is taken for none.
        """

        def found(connection: Connection) -> tuple[EarlierItem, ...]:
            query = _theirs(connection, of)
            last = connection.execute(select(items).where(items.c.id == after)).one_or_none()
            if last is not None:
                query = query.where(_is_after(last))
            query = query.order_by(items.c.received_at.desc(), items.c.id.desc()).limit(limit)
            return tuple(EarlierItem(**row._mapping) for row in connection.execute(query))

        return await self._database.read(found)

    async def item(self, of: Known, item_id: str) -> EarlierItem | None:
        """Return one of their earlier items; None for one that is not theirs."""

        def found(connection: Connection) -> EarlierItem | None:
            query = _theirs(connection, of).where(items.c.id == item_id)
            row = connection.execute(query).one_or_none()
            return None if row is None else EarlierItem(**row._mapping)

        return await self._database.read(found)

    async def messages(self, conversation: str) -> tuple[Message, ...]:
        """Return what was written in a conversation, oldest first; none for ""."""
        if not conversation:
            return ()
        return tuple(
            Message(
                number=row.number,
                kind=MessageKind(row.kind),
                by=row.by,
                at=row.at,
                ref=row.ref,
                item=ItemId(row.item),
                note=row.note,
            )
            for row in await self._threads.messages(conversation)
        )


def _theirs(connection: Connection, of: Known) -> Select[*tuple[object, ...]]:
    keys, addresses = {of.address_key} - {""}, {in_ascii(each) for each in of.addresses} - {""}
    near = _contacts(keys, addresses).subquery()
    filed = select(contacts.c.address_key).where(contacts.c.ref.in_(select(near.c.ref)))
    known = select(contact_addresses.c.address).where(
        contact_addresses.c.ref.in_(select(near.c.ref))
    )
    keys |= set(connection.execute(filed.distinct().limit(NEAR_MAX)).scalars()) - {""}
    addresses |= set(connection.execute(known.distinct().limit(NEAR_MAX)).scalars())
    refs = _contacts(keys, addresses).subquery()
    theirs = union(
        select(mentions.c.item).where(mentions.c.ref.in_(select(refs.c.ref))),
        select(items.c.id).where(items.c.address_key.in_(keys)),
    )
    emptied = select(contacts.c.ref).where(
        contacts.c.ref == items.c.contact_ref, contacts.c.redacted_at.is_not(None)
    )
    return select(*_SHOWN).where(items.c.id.in_(theirs), items.c.id != of.item, ~emptied.exists())


def _contacts(keys: Iterable[str], addresses: Iterable[str]) -> CompoundSelect[tuple[str]]:
    """Return the contacts that are filed under a key or hold an address, but for emptied ones."""
    return union(
        select(contact_addresses.c.ref).where(contact_addresses.c.address.in_(addresses)),
        select(contacts.c.ref).where(
            contacts.c.address_key.in_(keys), contacts.c.redacted_at.is_(None)
        ),
    )


def _is_after(last: Row[*tuple[object, ...]]) -> ColumnElement[bool]:
    at, item_id = last._mapping["received_at"], last._mapping["id"]
    same = and_(items.c.received_at == at, items.c.id < item_id)
    return or_(items.c.received_at < at, same)
