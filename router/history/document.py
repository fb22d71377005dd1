"""One resident's data as a document for people and programs: JSON, and the names of its files.

Pure but for reading history. Instants are ISO 8601 in UTC, references are those that the resident
was told. Agents' notes about the resident are in it; drafts, which nobody has sent, are not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from router.core.model import SECOND, Instant
from router.history.tables import (
    conversation_messages,
    conversations,
    item_events,
    items,
    kept_mail,
    mentions,
)
from router.history.traces import Trace
from router.history.words import parts_of
from router.ports import Said, Words, said_in

FORMAT: Final = "townline-resident-1"
_NAME_MAX: Final = 100
_UNSAFE: Final = re.compile(r"[^\w.() -]+")
# what a row holds for the program alone
_OWN: Final = frozenset({"address_key", "contact_ref", "words_ref", "note_ref", "attributes"})
_SPANS: Final = frozenset({"waited", "handled"})

Row = dict[str, Any]


class Document(msgspec.Struct, frozen=True):
    """What an export holds."""

    data: Row
    files: dict[str, str]  # path in the export -> blob


def iso(instant: Instant | None) -> str | None:
    """Return the instant as ISO 8601 in UTC."""
    if instant is None:
        return None
    return datetime.fromtimestamp(instant / SECOND, UTC).isoformat(timespec="milliseconds")


def document(connection: Connection, found: Trace, words: Mapping[str, Words]) -> Document:
    """Return everything about the resident; `words` are those of `found.refs` that exist."""
    files: dict[str, str] = {}
    shown = {ref: _shown(each, files) for ref, each in words.items()}
    talks = _conversations(connection, found, shown)
    told = {message.get("ref") for talk in talks for message in talk["messages"]}
    data = {
        "format": FORMAT,
        "contacts": [shown[ref] for ref in sorted(found.refs) if _is_contact(words.get(ref))],
        "items": _items(connection, found, {r: w for r, w in shown.items() if r not in told}),
        "conversations": talks,
        "machine_mail": _machine_mail(connection, found, shown),
        "emptied_or_missing": sorted(found.refs - set(words)),
    }
    return Document(data, files)


def _is_contact(words: Words | None) -> bool:
    return words is not None and words.kind == "contact"


def _conversations(connection: Connection, found: Trace, shown: Mapping[str, Row]) -> list[Row]:
    said = conversation_messages
    messages: defaultdict[str, list[Row]] = defaultdict(list)
    for part in parts_of(sorted(found.conversations)):
        query = select(said).where(said.c.conversation.in_(part)).order_by(said.c.at, said.c.number)
        for row in connection.execute(query):
            message = _plain(row._asdict()) | {"words": shown.get(row.ref)}
            messages[message.pop("conversation")].append(message)
    rows = _rows(connection, conversations, conversations.c.id, found.conversations)
    return [row | {"messages": messages[row["id"]]} for row in rows]


def _items(connection: Connection, found: Trace, shown: Mapping[str, Row]) -> list[Row]:
    stories: defaultdict[str, list[Row]] = defaultdict(list)
    words: defaultdict[str, list[Row]] = defaultdict(list)
    told = item_events
    for part in parts_of(sorted(found.items)):
        query = select(told).where(told.c.item.in_(part)).order_by(told.c.position)
        for row in connection.execute(query):
            body = msgspec.json.decode(row.body)
            stories[row.item].append({"at": iso(row.at), "event": row.event} | _moments(body))
        about = select(mentions.c.item, mentions.c.ref).where(mentions.c.item.in_(part))
        for row in connection.execute(about.order_by(mentions.c.ref)):
            if row.ref in shown:
                words[row.item].append(shown[row.ref])
    return [
        row | {"words": words[row["id"]], "story": stories[row["id"]]}
        for row in _rows(connection, items, items.c.id, found.items)
    ]


def _machine_mail(connection: Connection, found: Trace, shown: Mapping[str, Row]) -> list[Row]:
    rows = _rows(connection, kept_mail, kept_mail.c.ref, found.machine_mail)
    return [row | {"words": shown.get(row["ref"])} for row in rows]


def _rows(connection: Connection, table: Any, key: Any, values: Iterable[str]) -> list[Row]:
    found: list[Row] = []
    for part in parts_of(sorted(values)):
        query = select(table).where(key.in_(part)).order_by(key)
        found += [_plain(row._asdict()) for row in connection.execute(query)]
    return found


def _plain(row: Mapping[str, Any]) -> Row:
    """Return a row as people read it: instants and spans in words, nothing that is empty."""
    shown = {
        name: value for name, value in row.items() if name not in _OWN and value not in ("", None)
    }
    if "attributes" in row:
        shown["attributes"] = msgspec.json.decode(row["attributes"])
    for name in _SPANS & set(shown):
        shown[f"{name}_s"] = round(shown.pop(name) / SECOND, 3)
    return _moments(shown)


def _moments(row: Row) -> Row:
    """Return the row with its instants readable: integers that are nanoseconds since 1970."""
    return {
        name: iso(value) if type(value) is int and value > 10**17 else value
        for name, value in row.items()
    }


def _shown(words: Words, files: dict[str, str]) -> Row:
    """Return the words; what belongs into files of its own is noted in `files`."""
    head: Row = {"ref": words.ref, "kind": words.kind}
    said = said_in(words)
    if said is not None:
        return head | _said(said, files)
    try:
        text = words.body.decode()
    except UnicodeDecodeError:
        return head | {"bytes_as_hex": words.body.hex()}
    try:
        return head | {"body": msgspec.json.decode(text)}
    except msgspec.DecodeError:
        return head | {"text": text}


def _said(said: Said, files: dict[str, str]) -> Row:
    shown: Row = msgspec.to_builtins(said)
    for field, name in (("html", "text.html"), ("original", "original.eml")):
        blob = getattr(said, field)
        if blob:
            shown[field] = _file(blob, name, files)
    shown["files"] = [
        {"name": f.name, "kind": f.kind, "size": f.size, "path": _file(f.blob, f.name, files)}
        for f in said.files
    ]
    return shown


def _file(blob: str, name: str, files: dict[str, str]) -> str:
    """Return the path under which the blob is exported; no name of a resident's leaves it."""
    safe = _UNSAFE.sub("_", name).strip(". ")[-_NAME_MAX:] or "file"
    path = f"files/{blob[:16]}/{safe}"
    files[path] = blob
    return path
