"""One resident's data: given out, or emptied, with a report of what was done and what was not.

Works in the daemon and beside it. Words that are still in the spool are barred from history first
and then taken out of the spool, so that neither can bring them back. Items, figures and stories
stay: they hold nobody's words. Both are written into the audit trail under the key of the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from router.core.model import MINUTE, Span
from router.errors import StorageFailed
from router.history import archive, blob_sweep, drafts
from router.history import words as kept
from router.history.addresses import is_address, values_of
from router.history.audit import note
from router.history.blob_sweep import BlobFolder
from router.history.database import Database
from router.history.document import Document, document, iso
from router.history.tables import contacts, items, messages
from router.history.traces import Sought, Trace, sought, trace
from router.ports import Clock, Spool, Words

ARRIVING: Final[Span] = 10 * MINUTE  # files put so lately may be of words on their way
SPOOL_MAX: Final = 2_000


class Left(msgspec.Struct, frozen=True):
    """What was not emptied, and why."""

    what: str
    why: str


class Found(msgspec.Struct, frozen=True):
    """What there is of a resident, before anything is done."""

    items: tuple[str, ...]  # references
    open_items: tuple[str, ...]  # those that somebody still works on
    conversations: int
    messages: int  # words of every kind but contacts, as far as they are not emptied
    contacts: int
    also: tuple[str, ...]  # other addresses that stand in the same contacts: are they theirs?


class Redaction(msgspec.Struct, frozen=True):
    """What was done."""

    items: tuple[str, ...]
    open_items: tuple[str, ...]
    contacts: int
    messages: int
    drafts: int
    files: int  # dropped from the folder
    left: tuple[Left, ...]


class Exported(msgspec.Struct, frozen=True):
    """What was written."""

    found: Found
    files: int
    missing: tuple[str, ...]  # paths of files whose bytes are gone


class Residents:
    """See the module's text. `secret` is the installation's.

    Errors of all methods: `ValueError` when the address is none; `StorageFailed`.
    """

    def __init__(
        self, database: Database, spool: Spool, blobs: BlobFolder, clock: Clock, secret: bytes
    ) -> None:
        self._database = database
        self._spool = spool
        self._blobs = blobs
        self._clock = clock
        self._secret = secret

    async def find(self, address: str) -> Found:
        """Return what there is, for people to look at before they decide."""
        wanted = sought(self._secret, address)
        traced = await self._trace(wanted)
        return await self._found(wanted, traced, await self._words(traced))

    async def export(self, address: str, path: Path, *, by: str) -> Exported:
        """Write what there is into a ZIP file that does not exist yet."""
        wanted = sought(self._secret, address)
        traced = await self._trace(wanted)
        words = await self._words(traced)
        whole = await self._document(wanted, address, traced, words, by)
        missing = await archive.write(whole, self._blobs, path)
        return Exported(
            found=await self._found(wanted, traced, words),
            files=len(whole.files) - len(missing),
            missing=tuple(missing),
        )

    async def redact(self, address: str, *, by: str) -> Redaction:
        """Empty everything they said, wrote or are called by. Harmless when done again."""
        wanted = sought(self._secret, address)
        traced = await self._trace(wanted)
        waiting = await self._spool.words(sorted(traced.refs))
        recorded = _recorded(await self._words(traced))
        spooled = {blob for words in waiting.values() for blob in kept.blobs_of(words)}
        now = self._clock.now()

        def change(connection: Connection) -> tuple[kept.Emptied, int, tuple[str, ...]]:
            here = _kept(connection, waiting)
            kept.bar(connection, waiting.values(), now)
            emptied = kept.empty(connection, traced.refs, now)
            count = sum(
                drafts.empty(connection, part) for part in kept.parts_of(sorted(traced.items))
            )
            note(connection, now, by, "resident-redacted", wanted.key)
            return _with(emptied, waiting, here), count, _open(connection, traced)

        emptied, written, still_open = await self._database.write(change)
        spool_left = await self._leave_spool(waiting)
        files, files_left = await self._drop(emptied.blobs | spooled, set(waiting))
        return Redaction(
            items=tuple(sorted(traced.items)),
            open_items=still_open,
            contacts=emptied.contacts,
            messages=emptied.messages,
            drafts=written,
            files=files,
            left=(*spool_left, *files_left, *recorded),
        )

    # --- pieces ----------------------------------------------------------------------------------

    async def _trace(self, wanted: Sought) -> Trace:
        waiting = await self._spool.waiting(SPOOL_MAX)
        return await self._database.read(lambda connection: trace(connection, wanted, waiting))

    async def _words(self, traced: Trace) -> dict[str, Words]:
        """Return the words there are; the spool is asked first, or some could slip through."""
        refs = sorted(traced.refs)
        found = await self._spool.words(refs)
        for part in kept.parts_of(ref for ref in refs if ref not in found):
            found |= await self._database.read(partial(kept.find, refs=part))
        return found

    async def _found(self, wanted: Sought, traced: Trace, words: Mapping[str, Words]) -> Found:
        people = [each for each in words.values() if each.kind == kept.CONTACT]
        also = {text for each in people for text in values_of(each.body) if is_address(text)}
        return Found(
            items=tuple(sorted(traced.items)),
            open_items=await self._database.read(lambda connection: _open(connection, traced)),
            conversations=len(traced.conversations),
            messages=len(words) - len(people),
            contacts=len(people),
            also=tuple(sorted(text for text in also if text.lower() not in wanted.forms)),
        )

    async def _document(
        self, wanted: Sought, address: str, traced: Trace, words: Mapping[str, Words], by: str
    ) -> Document:
        now = self._clock.now()

        def export(connection: Connection) -> Document:
            note(connection, now, by, "resident-exported", wanted.key)
            return document(connection, traced, words)

        whole = await self._database.write(export)
        head = {"address": address.strip(), "exported_at": iso(now)}
        return Document({**head, **whole.data}, whole.files)

    async def _leave_spool(self, waiting: Mapping[str, Words]) -> list[Left]:
        if not waiting:
            return []
        try:
            await self._spool.moved(sorted(waiting))
        except StorageFailed:
            why = "they wait in the journal's spool; the daemon takes them out within seconds"
            return [Left(f"{len(waiting)} words", why)]
        return []

    async def _drop(
        self, blobs: set[str] | frozenset[str], gone: set[str]
    ) -> tuple[int, list[Left]]:
        """Drop the blobs that nobody else's words refer to; return how many, and what stays."""
        spooled = await blob_sweep.spooled_blobs(self._spool, without=gone)
        if spooled is None:
            return 0, [Left(f"{len(blobs)} files", "history is behind; dropped by its next sweep")]
        unused = await blob_sweep.unused(self._database, spooled, blobs)
        dropped = [name for name in unused if await self._blobs.drop_older(name, ARRIVING)]
        left = []
        if len(unused) < len(blobs):
            why = "somebody else's messages hold the same files"
            left.append(Left(f"{len(blobs) - len(unused)} files", why))
        if len(dropped) < len(unused):
            why = "they came less than ten minutes ago; dropped within two days"
            left.append(Left(f"{len(unused) - len(dropped)} files", why))
        return len(dropped), left


def _recorded(words: Mapping[str, Words]) -> list[Left]:
    """Return what the carrier keeps: the words of a recording are its address there."""
    count = sum(each.kind == "recording" for each in words.values())
    if not count:
        return []
    why = "the carrier keeps the sound: delete it in the carrier's console"
    return [Left(f"{count} recordings", why)]


def _kept(connection: Connection, waiting: Mapping[str, Words]) -> set[str]:
    """Return those of the waiting words that history has already."""
    found: set[str] = set()
    for table in (contacts, messages):
        for part in kept.parts_of(sorted(waiting)):
            query = select(table.c.ref).where(table.c.ref.in_(part))
            found.update(connection.execute(query).scalars())
    return found


def _with(emptied: kept.Emptied, waiting: Mapping[str, Words], here: set[str]) -> kept.Emptied:
    """Return the counts with the words that only the spool had."""
    only = [words for ref, words in waiting.items() if ref not in here]
    people = sum(words.kind == kept.CONTACT for words in only)
    return kept.Emptied(
        emptied.contacts + people, emptied.messages + len(only) - people, emptied.blobs
    )


def _open(connection: Connection, traced: Trace) -> tuple[str, ...]:
    found: list[str] = []
    for part in kept.parts_of(sorted(traced.items)):
        query = select(items.c.id).where(items.c.id.in_(part), items.c.ended_at.is_(None))
        found += connection.execute(query).scalars()
    return tuple(sorted(found))
