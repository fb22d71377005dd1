"""Residents who write to the real engine; a journal, spool, folder and history behind it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Table, select, update

from router.core import commands_text as t
from router.core.identity import address_key
from router.core.model import ItemId
from router.core.upcast import encode_events
from router.history import tables
from router.history.contacts import Contacts
from router.history.database import Database
from router.history.feeder import HistoryFeeder
from router.history.residents import Residents
from router.ports import Batch, FileRef, Said, Words
from router.runtime.blobs import FolderBlobs
from router.runtime.clock import VirtualClock
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from tests.core.text_town import TextDesk, writing_town

SECRET = b"only-for-tests-0123456789-0123456789"
SAM = "sam@example.org"
PAT = "pat@example.org"
PHONE = "+19055550123"


def email_key(address: str) -> str:
    return address_key(SECRET, "email", address)


def phone_key(number: str) -> str:
    return address_key(SECRET, "phone", number)


def contact(ref: str, **values: str) -> Words:
    return Words(ref, "contact", msgspec.json.encode({"number": "", "name": "", **values}))


def said(ref: str, text: str, **more: Any) -> Words:
    return Words(ref, "said", msgspec.json.encode(Said(text, **more)))


class Past:
    """The town of `text_town` by mail and chat, and everything that is kept of it."""

    def __init__(self, database: Database, clock: VirtualClock, folder: Path) -> None:
        self.database = database
        self.clock = clock
        self.store = MemoryStore()
        self.journal = MemoryJournal(self.store, clock)
        self.blobs = FolderBlobs(folder / "blobs")
        self.desk = TextDesk(writing_town())
        self.contacts = Contacts(database, self.journal)
        self.feeder = HistoryFeeder(database, self.journal, self.journal, clock)
        self.residents = Residents(database, self.journal, self.blobs, clock, SECRET)
        self._stored = 0

    async def store_words(self, *words: Words) -> None:
        """Put what has happened since the last time, with these words, into the journal."""
        events = self.desk.story[self._stored :]
        self._stored += len(events)
        if not events:
            self.desk.wait(1_000_000_000)
            self.desk.sign_in("amina")
            events = self.desk.story[self._stored :]
            self._stored += len(events)
        version = self.store.version()
        await self.journal.append(
            version,
            Batch(
                batch_id=f"b{version}",
                at=self.desk.now,
                count=len(events),
                events=encode_events(list(events)),
                words=words,
            ),
        )

    async def feed(self, *words: Words) -> None:
        """The same, and let history read it."""
        await self.store_words(*words)
        await self.feeder()

    async def feed_again(self) -> None:
        """Read the whole journal once more."""
        await self.database.write(
            lambda c: c.execute(update(tables.feed).values(position=0)).rowcount
        )
        await self.feeder()

    async def mail(
        self, name: str, address: str = SAM, text: str = "a hole", files: Iterable[bytes] = ()
    ) -> None:
        """Somebody writes a mail, with files of these bytes; nothing is fed yet."""
        self.desk.mail(name, email_key(address), contact_ref=f"c-{name}")
        named = [
            FileRef(await self.blobs.put(body), f"photo-{n}.jpg", "image/jpeg", len(body))
            for n, body in enumerate(files)
        ]
        original = await self.blobs.put(f"original of {name}".encode())
        await self.store_words(
            contact(f"c-{name}", email=address, name=f"N {name}"),
            said(f"w-{name}", text, original=original, files=tuple(named)),
        )

    async def rows(self, table: Table) -> list[dict[str, Any]]:
        keys = list(table.primary_key)
        return await self.database.read(
            lambda connection: [
                dict(row._mapping) for row in connection.execute(select(table).order_by(*keys))
            ]
        )

    async def body(self, ref: str) -> bytes | None:
        """Return the words wherever they are; None when nobody has them."""
        found = (await self.contacts.words([ref])).get(ref)
        return None if found is None else found.body


def machines_mail() -> t.KeepMail:
    """Return the command that keeps a vacation notice: item K, words w-K, contact c-K."""
    return t.KeepMail(
        item_id=ItemId("K"),
        key="mail:K",
        mailbox="info",
        kind="vacation",
        why="says so",
        words_ref="w-K",
        contact_ref="c-K",
    )
