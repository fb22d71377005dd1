"""A data folder as a daemon leaves it: residents have mailed, history has read of some of it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from router.core.policy import encode, policy_hash
from router.core.upcast import encode_events
from router.history.database import Database, default_url
from router.history.feeder import HistoryFeeder
from router.ports import Batch, FileRef, Said, StoredPolicy, Words
from router.runtime.blobs import FolderBlobs
from router.runtime.clock import VirtualClock
from router.runtime.journal_sqlite import SqliteJournal
from router.runtime.settings import Settings
from tests.core.text_town import TextDesk, writing_town

SECRET = b"only-for-tests-0123456789-0123456789"
START = 1_795_000_000_000_000_000


class About:
    """What a manifest says beside what is in the backup."""

    release = "0.1.0"
    environment = ("TOWNLINE_TOWN",)
    secret = SECRET
    now = START


def settings_of(folder: Path) -> Settings:
    return Settings(data_dir=folder / "var", policy_dir=folder / "policy")


def write_policy(folder: Path) -> None:
    """Put a policy folder there, and a published version."""
    for name in ("skills.yaml", "config/town.yaml"):
        for place in ("policy", "var/policies/000001"):
            path = folder / place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# {name}\n", encoding="utf-8")
    (folder / "var/policies/000001/version.json").write_text("{}", encoding="utf-8")


class WrittenTown:
    """Mails come in; `feed` lets history read."""

    def __init__(self, journal: SqliteJournal, database: Database, data: Path) -> None:
        self.journal, self.database = journal, database
        self.blobs = FolderBlobs(data / "blobs")
        self.feed = HistoryFeeder(database, journal, journal, VirtualClock(START))
        self.desk = TextDesk(writing_town())
        self._told = 0
        self.count = 0

    @classmethod
    async def open(cls, folder: Path, history: str = "") -> WrittenTown:
        data = folder / "var"
        journal = await SqliteJournal.open(data / "journal.sqlite")
        return cls(journal, Database(history or default_url(data)), data)

    async def mail(self) -> None:
        """A mail with a file of its own is stored."""
        name, self.count = f"M{self.count}", self.count + 1
        self.desk.mail(name, contact_ref=f"c-{name}")
        body = f"photo of {name}".encode() * 50
        file = FileRef(await self.blobs.put(body), "photo.jpg", "image/jpeg", len(body))
        said = msgspec.json.encode(Said(f"words of {name}", files=(file,)))
        events = self.desk.story[self._told :]
        self._told += len(events)
        policy = encode(self.desk.policy)
        await self.journal.append(
            await self.journal.version(),
            Batch(
                batch_id=f"b-{name}",
                at=self.desk.now,
                count=len(events),
                events=encode_events(events),
                words=(Words(f"w-{name}", "said", said), Words(f"c-{name}", "contact", b"{}")),
                policies=(StoredPolicy(policy_hash(policy), policy),),
            ),
        )

    async def close(self) -> None:
        await self.journal.close()
        await self.database.close()
