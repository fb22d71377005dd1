"""Conversations in history: rows folded from events, and finding one that the core has let go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, select

from router.core import events as e
from router.core.commands_text import PastThread
from router.core.model import AgentId, Instant, ItemId, QueueId
from router.history.database import Database
from router.history.tables import (
    conversation_messages,
    conversations,
    items,
    kept_mail,
    mail_ids,
)
from router.history.upsert import upsert

MESSAGE_KEY: Final = "mid:"  # dedupe keys that are digests of Message-IDs


class ConversationRow(msgspec.Struct, frozen=True):
    """A row of table `conversations`."""

    id: str
    channel: str
    door: str
    address_key: str
    contact_ref: str
    language: str
    begun_at: Instant
    item: str = ""
    count: int = 0
    score: int = 0


class MessageRow(msgspec.Struct, frozen=True):
    """A row of table `conversation_messages`."""

    conversation: str
    number: int
    item: str
    kind: str
    by: str
    at: Instant
    ref: str
    note: str


class KeptRow(msgspec.Struct, frozen=True):
    """A row of table `kept_mail`."""

    ref: str
    at: Instant
    conversation: str
    item: str
    kind: str
    why: str
    contact_ref: str


class MailIdRow(msgspec.Struct, frozen=True):
    """A row of table `mail_ids`."""

    key: str
    item: str


def fold_conversations(connection: Connection, events: Iterable[e.Event]) -> None:
    """Bring the tables of conversations up to date with a page of events."""
    told = [event for event in events if isinstance(event, _ABOUT)]
    if not told:
        return
    named = {getattr(event, "conversation", "") for event in told} - {""}
    query = select(conversations).where(conversations.c.id.in_(named))
    rows = {row.id: ConversationRow(**row._mapping) for row in connection.execute(query)}
    messages: dict[tuple[str, int, str], MessageRow] = {}
    kept: dict[str, KeptRow] = {}
    ids: dict[str, MailIdRow] = {}
    for event in told:
        if isinstance(event, e.KeyKept):
            if event.key.startswith(MESSAGE_KEY):
                ids[event.key] = MailIdRow(event.key, event.item)
        elif isinstance(event, e.MailKept):
            kept[event.ref] = _kept(event)
        else:
            row = _folded(rows.get(event.conversation), event)
            if row is not None:
                rows[row.id] = row
            if isinstance(event, e.MessageAdded):
                messages[event.conversation, event.number, event.item] = _message(event)
    upsert(connection, conversations, rows.values())
    upsert(connection, conversation_messages, messages.values())
    upsert(connection, kept_mail, kept.values())
    upsert(connection, mail_ids, ids.values())


_ABOUT: Final = (
    e.ConversationBegun,
    e.ConversationJoined,
    e.MessageAdded,
    e.ContactGiven,
    e.ChatRated,
    e.MailKept,
    e.KeyKept,
)


def _folded(row: ConversationRow | None, event: e.Event) -> ConversationRow | None:
    match event:
        case e.ConversationBegun():
            if row is not None:  # it goes on after the core had let it go
                return replace(
                    row,
                    address_key=event.address_key or row.address_key,
                    contact_ref=event.contact_ref or row.contact_ref,
                    language=event.language or row.language,
                )
            return ConversationRow(
                id=event.conversation,
                channel=event.channel.value,
                door=event.door,
                address_key=event.address_key,
                contact_ref=event.contact_ref,
                language=event.language,
                begun_at=event.at,
                count=event.count,
            )
        case _ if row is None:
            return None
        case e.ConversationJoined():
            return replace(row, item=event.item)
        case e.MessageAdded():
            return replace(row, count=max(row.count, event.number))
        case e.ContactGiven():
            return replace(row, address_key=event.address_key, contact_ref=event.contact_ref)
        case e.ChatRated():
            return replace(row, score=event.score)
    return row


def _kept(event: e.MailKept) -> KeptRow:
    return KeptRow(
        ref=event.ref,
        at=event.at,
        conversation=event.conversation,
        item=event.item or "",
        kind=event.kind,
        why=event.why[:200],
        contact_ref=event.contact_ref,
    )


def _message(event: e.MessageAdded) -> MessageRow:
    return MessageRow(
        conversation=event.conversation,
        number=event.number,
        item=event.item,
        kind=event.kind.value,
        by=event.by,
        at=event.at,
        ref=event.ref,
        note=event.note[:200],
    )


class Threads:
    """Errors of all methods: `StorageFailed`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def past(self, threads: tuple[str, ...], known: tuple[str, ...]) -> PastThread | None:
        """Return the first of the conversations that exists, by id or by Message-ID key."""
        return await self._database.read(lambda connection: _past(connection, threads, known))

    async def kept(self, limit: int) -> list[KeptRow]:
        """Return the newest of what machines wrote, newest first."""
        query = select(kept_mail).order_by(kept_mail.c.at.desc(), kept_mail.c.ref).limit(limit)
        return await self._database.read(
            lambda connection: [KeptRow(**r._mapping) for r in connection.execute(query)]
        )

    async def messages(self, conversation: str) -> list[MessageRow]:
        """Return everything that was written in a conversation, oldest first."""
        table = conversation_messages
        query = select(table).where(table.c.conversation == conversation)
        query = query.order_by(table.c.at, table.c.number)
        return await self._database.read(
            lambda connection: [MessageRow(**r._mapping) for r in connection.execute(query)]
        )


def _past(
    connection: Connection, threads: tuple[str, ...], known: tuple[str, ...]
) -> PastThread | None:
    for thread in threads:
        found = _thread_of(connection, thread)
        if found is not None:
            return found
    query = select(mail_ids.c.key, items.c.conversation).where(
        mail_ids.c.key.in_(known), mail_ids.c.item == items.c.id
    )
    named = {row.key: row.conversation for row in connection.execute(query)}
    for key in known:
        found = _thread_of(connection, named.get(key, ""))
        if found is not None:
            return found
    return None


def _thread_of(connection: Connection, conversation: str) -> PastThread | None:
    if not conversation:
        return None
    query = (
        select(conversations, items.c.queue, items.c.agent, items.c.ended_at)
        .join(items, items.c.id == conversations.c.item)
        .where(conversations.c.id == conversation)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return PastThread(
        conversation=row.id,
        item=ItemId(row.item),
        queue=QueueId(row.queue) if row.queue else None,
        owner=AgentId(row.agent) if row.agent else None,
        address_key=row.address_key,
        count=row._mapping["count"],  # a row has a method of this name
        closed_at=row.ended_at or row.begun_at,
    )
