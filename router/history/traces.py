"""Everything that history holds of one resident: their keys, items, conversations and words.

A person is found by the key of the address that was asked for, and by every contact in which that
address stands: the chat whose resident said only later who they are, the form that was filed under
a telephone number. What such a contact is filed under counts as theirs as well, one step and no
further: a number that a family shares would lead from one to the next otherwise.

An item is theirs with all that was said about it, except what belongs to somebody else's
conversation (two people's items that were merged).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Table, select

from router.core.identity import address_key
from router.history.addresses import addresses_of, in_ascii
from router.history.tables import (
    contact_addresses,
    contacts,
    conversation_messages,
    conversations,
    items,
    kept_mail,
    mentions,
)
from router.history.words import CONTACT, parts_of
from router.policy.telephones import read_number
from router.ports import Words

_MAIL: Final = re.compile(r"[^\s@<>]+@[^\s@<>]+")


class Sought(msgspec.Struct, frozen=True):
    """An address as it is looked for."""

    forms: tuple[str, ...]  # in which it may stand in a contact, in small letters
    keys: tuple[str, ...]  # under which it may be filed

    @property
    def key(self) -> str:
        """Return what stands for the address where nobody shall read it."""
        return self.keys[0]


class Trace(msgspec.Struct, frozen=True):
    """What was found."""

    keys: frozenset[str]
    contacts: frozenset[str]  # references
    items: frozenset[str]
    conversations: frozenset[str]
    machine_mail: frozenset[str]  # references of kept mail
    refs: frozenset[str]  # of all words, those of contacts too


def sought(secret: bytes, address: str) -> Sought:
    """Return how to look for a mail address or telephone number.

    Errors: `ValueError`, which says what can be written.
    """
    text = address.strip()
    if "@" not in text:
        number = read_number(text)
        return Sought((number,), (address_key(secret, "phone", number),))
    lower = text.lower()
    if _MAIL.fullmatch(lower) is None:
        raise ValueError(f"{address!r} is no mail address: write for example sam@example.org")
    forms = tuple(dict.fromkeys((in_ascii(lower), lower)))
    return Sought(forms, tuple(address_key(secret, "email", form) for form in forms))


def trace(connection: Connection, wanted: Sought, waiting: Iterable[Words]) -> Trace:
    """Return what history has of the address; `waiting` are words that it does not have yet."""
    named, keys = _contacts(connection, wanted, waiting)
    theirs = _column(connection, mentions.c.ref, mentions.c.address_key, keys) | named
    talks = _column(connection, conversations.c.id, conversations.c.address_key, keys)
    talks |= _column(connection, conversations.c.id, conversations.c.contact_ref, theirs)
    work = _column(connection, items.c.id, items.c.address_key, keys)
    work |= _column(connection, mentions.c.item, mentions.c.ref, theirs) - {""}
    work |= _column(connection, items.c.id, items.c.conversation, talks)
    machines = _column(connection, kept_mail.c.ref, kept_mail.c.contact_ref, theirs)
    machines |= _column(connection, kept_mail.c.ref, kept_mail.c.conversation, talks)
    said = _column(
        connection, conversation_messages.c.ref, conversation_messages.c.conversation, talks
    )
    about = _column(connection, mentions.c.ref, mentions.c.item, work)
    about -= _foreign(connection, about, talks) - theirs
    refs = theirs | machines | said | about
    refs |= _column(connection, kept_mail.c.contact_ref, kept_mail.c.ref, machines)
    refs |= _column(connection, conversations.c.contact_ref, conversations.c.id, talks)
    return Trace(
        keys=frozenset(keys),
        contacts=frozenset(theirs),
        items=frozenset(work),
        conversations=frozenset(talks),
        machine_mail=frozenset(machines),
        refs=frozenset(refs - {""}),
    )


def _contacts(
    connection: Connection, wanted: Sought, waiting: Iterable[Words]
) -> tuple[set[str], set[str]]:
    """Return the references of contacts in which the address stands, and the keys they go by."""
    keys = set(wanted.keys)
    refs = _column(connection, contacts.c.ref, contacts.c.address_key, keys)
    named = _column(connection, contact_addresses.c.ref, contact_addresses.c.address, wanted.forms)
    keys |= _column(connection, contacts.c.address_key, contacts.c.ref, named)
    refs |= named | {w.ref for w in waiting if w.kind == CONTACT and stands_in(wanted, w.body)}
    return refs, keys - {""}


def stands_in(wanted: Sought, body: bytes) -> bool:
    """Say whether the address is one of the values of a contact."""
    return not addresses_of(body).isdisjoint(wanted.forms)


def _foreign(connection: Connection, refs: set[str], talks: set[str]) -> set[str]:
    """Return those of the words that stand in conversations, but in none of these."""
    said = conversation_messages
    elsewhere: set[str] = set()
    ours: set[str] = set()
    for table, ref, conversation in (
        (said, said.c.ref, said.c.conversation),
        (conversations, conversations.c.contact_ref, conversations.c.id),
    ):
        for part in parts_of(sorted(refs)):
            for row in connection.execute(_pairs(table, ref, conversation, part)):
                (ours if row.talk in talks else elsewhere).add(row.ref)
    return elsewhere - ours


def _pairs(table: Table, ref: Any, conversation: Any, refs: list[str]) -> Any:
    query = select(ref.label("ref"), conversation.label("talk")).select_from(table)
    return query.where(ref.in_(refs))


def _column(connection: Connection, wanted: Any, where: Any, values: Iterable[str]) -> set[str]:
    """Return the values of one column in the rows in which another has one of these."""
    found: set[str] = set()
    for part in parts_of(sorted(set(values) - {""})):
        found.update(connection.execute(select(wanted).where(where.in_(part))).scalars())
    return found
