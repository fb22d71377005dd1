"""The addresses that stand in contacts, in one form, and the table by which contacts are found.

A contact is filed under one key alone, of the way by which the resident came. A form that holds a
number and a mail address shall be found by both. Pure but for `note_addresses`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from router.history.tables import ADDRESS, contact_addresses, contacts
from router.history.upsert import insert_named
from router.ports import Words

_FIELDS_MAX: Final = 100  # of one contact; a contact of ours has three


def in_ascii(address: str) -> str:
    """Return a mail address in small letters with its domain in ASCII; other texts as they are."""
    local, at, domain = address.lower().rpartition("@")
    if not at:
        return address
    try:
        return f"{local}@{domain.encode('idna').decode('ascii').lower()}"
    except UnicodeError:
        return address.lower()


def is_address(text: str) -> bool:
    """Say whether it is a mail address or a telephone number."""
    return "@" in text or (text.startswith("+") and text[1:].isdigit())


def values_of(body: bytes) -> list[str]:
    """Return every text in a contact; none of what cannot be read."""
    try:
        return list(_texts(msgspec.json.decode(body)))
    except msgspec.DecodeError:
        return []


def addresses_of(body: bytes) -> frozenset[str]:
    """Return the addresses in a contact, as the table has them."""
    found = (in_ascii(text) for text in values_of(body)[:_FIELDS_MAX] if is_address(text))
    return frozenset(each for each in found if len(each) <= ADDRESS)


def note_addresses(connection: Connection, people: Sequence[Words]) -> None:
    """Have contacts found by the addresses in them; not those emptied before they came."""
    named = {words.ref: found for words in people if (found := addresses_of(words.body))}
    insert_named(connection, contacts, contact_addresses, "address", named)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
