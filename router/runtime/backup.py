"""Makes a backup beside a running daemon, consistent to the batch.

While nobody can write to history the journal's version and the words that wait are noted, which
takes milliseconds. What was stored by then is copied afterwards: batches never change, history is
read as it stood, blobs are named by their content and may only be more.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import shutil
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from router.core.model import SECOND, Instant
from router.errors import StorageFailed, WrongPlace
from router.ports import Words
from router.runtime import durable
from router.runtime.backup_file import (
    FORMAT,
    HISTORY,
    JOURNAL,
    POLICY,
    PUBLISHED,
    BackupWriter,
    Manifest,
    digest_of,
)
from router.runtime.blobs import FolderBlobs
from router.runtime.folder_lock import FolderLock
from router.runtime.journal_copy import WORDS_MAX, Contents, Progress, contents, copy_journal
from router.runtime.journals import open_to_read
from router.runtime.published import ABOUT, PublishedPolicies, policy_files
from router.runtime.settings import Settings
from router.runtime.sqlite_filling import SqliteFilling

WORK: Final = "townline-backup.part"  # a folder beside the backup, gone when it is made


class History(Protocol):
    """History as a backup takes it; see `router.history.copying`."""

    @property
    def is_embedded(self) -> bool:
        """Whether it is a file of this installation."""
        ...

    def still(self) -> AbstractAsyncContextManager[None]:
        """Let nobody write meanwhile; what it holds then is what `copy` copies."""
        ...

    async def copy(self, to: Path, /) -> bool:
        """Copy it into a new file; False when there is none."""
        ...

    async def blobs(self, waiting: Iterable[Words]) -> set[str]:
        """Return the blobs to which these words and those of history refer."""
        ...


class About(Protocol):
    """What the manifest says beside what is in the backup."""

    @property
    def release(self) -> str:
        """The program's."""
        ...

    @property
    def environment(self) -> tuple[str, ...]:
        """Names of the settings that are set."""
        ...

    @property
    def secret(self) -> bytes:
        """The installation's."""
        ...

    @property
    def now(self) -> Instant:
        """When the backup is made."""
        ...


async def back_up(
    settings: Settings, history: History, to: Path, about: About, progress: Progress
) -> tuple[Path, Manifest]:
    """Write the backup; return where it is and what it holds.

    Shape: `to` is a file that does not exist, or a folder, in which the file is named by town and
        instant.
    Errors: `StorageFailed`; nothing is left under the backup's name.
    """
    made_at = datetime.fromtimestamp(about.now // SECOND, UTC)
    if await asyncio.to_thread(to.is_dir):
        to = to / f"townline-{settings.town}-{made_at:%Y%m%dT%H%M%SZ}.zip"
    if await asyncio.to_thread(to.exists):
        raise WrongPlace(f"{to} exists already: name another file, or a folder")
    try:
        async with _work(to.parent) as work:
            held, waiting = await _journal(settings, history, work / JOURNAL, progress)
            has_history = await history.copy(work / HISTORY)
            writer = BackupWriter(work / "backup")
            await asyncio.to_thread(writer.add_file, JOURNAL, work / JOURNAL)
            if has_history:
                await asyncio.to_thread(writer.add_file, HISTORY, work / HISTORY)
            await asyncio.to_thread(_add_policies, settings, writer)
            missing = await _add_blobs(settings, await history.blobs(waiting), writer, progress)
            embedded = "sqlite" if has_history else "none"
            manifest = Manifest(
                format=FORMAT,
                release=about.release,
                made_at=made_at.isoformat(),
                town=settings.town,
                journal=held,
                history=embedded if history.is_embedded else "elsewhere",
                secret=mark_of(about.secret),
                environment=about.environment,
                files=writer.files,
                blobs=len(writer.blobs),
                blobs_digest=digest_of(writer.blobs),
                missing=tuple(missing),
            )
            await asyncio.to_thread(writer.finish, manifest)
            await asyncio.to_thread((work / "backup").rename, to)
            await asyncio.to_thread(durable.sync, to.parent)
    except OSError as error:
        raise StorageFailed(f"{error.filename or to}: {error.strerror or error}") from error
    return to, manifest


def mark_of(secret: bytes) -> str:
    """Return what tells whether a secret is this one, and tells nobody the secret."""
    return hmac.new(secret, b"backup", hashlib.sha256).hexdigest()


@asynccontextmanager
async def _work(folder: Path) -> AsyncIterator[Path]:
    """Give an empty folder to work in; one that a killed backup has left is used again."""
    work = folder / WORK
    await asyncio.to_thread(work.mkdir, mode=0o700, exist_ok=True)
    lock = FolderLock(work / "lock")
    try:
        for left in [path for path in work.iterdir() if path.name != "lock"]:
            left.unlink()
        yield work
    finally:
        await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)
        lock.release()


async def _journal(
    settings: Settings, history: History, to: Path, progress: Progress
) -> tuple[Contents, Sequence[Words]]:
    """Copy the journal as it stands now; return what the copy holds and the words that wait."""
    source = await open_to_read(settings)
    try:
        async with history.still():
            version = await source.version()
            waiting = await source.waiting(WORDS_MAX)
        if not version:
            raise WrongPlace(f"{settings.shown_journal} holds no event: nothing to back up")
        copy = await SqliteFilling.begin(to)
        try:
            await copy_journal(source, copy, version=version, words=waiting, progress=progress)
            held = await contents(copy, progress)
            await copy.finish()
        finally:
            await copy.close()
    finally:
        await source.close()
    return held, waiting


def _add_policies(settings: Settings, writer: BackupWriter) -> None:
    for name in policy_files(settings.policy_dir):
        writer.add(POLICY + name, (settings.policy_dir / name).read_bytes())
    published = PublishedPolicies(settings.data_dir)
    for number in published.numbers():
        folder = published.folder_of(number)
        for name in (*policy_files(folder), ABOUT):
            writer.add(f"{PUBLISHED}{folder.name}/{name}", (folder / name).read_bytes())


async def _add_blobs(
    settings: Settings, names: set[str], writer: BackupWriter, progress: Progress
) -> list[str]:
    """Add the blobs; return those that nobody has, or not as they were."""
    blobs = FolderBlobs(settings.data_dir / "blobs")
    missing = []
    for number, name in enumerate(sorted(names), 1):
        body = await blobs.get(name)
        if body is None or hashlib.sha256(body).hexdigest() != name:
            missing.append(name)
        else:
            await asyncio.to_thread(writer.add_blob, name, body)
        progress("files", number, len(names))
    return missing
