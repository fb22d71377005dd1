"""Puts a backup into an empty installation, whole or not at all.

The backup is read to its end before anything is touched. Then the journal is begun, marked as
unfinished, so that no daemon starts on what comes: blobs, history, policies. The journal is filled
last and finished when it holds what was backed up. Killed in between, it is run again.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Final

import msgspec
import structlog

from router.errors import StorageFailed, WrongPlace
from router.runtime.backup import mark_of
from router.runtime.backup_file import (
    BLOBS,
    HISTORY,
    JOURNAL,
    MANIFEST,
    POLICY,
    PUBLISHED,
    BackupReader,
    Manifest,
)
from router.runtime.blobs import FolderBlobs
from router.runtime.journal_copy import WORDS_MAX, Contents, Progress, contents, copy_journal
from router.runtime.journal_sqlite import SqliteJournal
from router.runtime.journals import Filling, open_to_fill
from router.runtime.moving import finish_as, served
from router.runtime.published import ABOUT, policy_files
from router.runtime.settings import Settings

RESTORING: Final = "restoring"  # a folder of the data folder, gone when all is there
# what an empty installation may have
_ALLOWED: Final = frozenset({"secret", "lost+found", RESTORING})

log = structlog.get_logger(__name__)


async def check_backup(backup: BackupReader, scratch: Path, progress: Progress) -> Contents:
    """Read everything and fold the journal, whose copy stays in `scratch`; return what it holds.

    Errors: `StorageFailed` at the first thing that is not as it was backed up.
    """
    whole = len(backup.manifest.files) + len(backup.blobs)
    reading = backup.check()
    for number in range(1, whole + 1):
        await asyncio.to_thread(next, reading)
        progress("reading", number, whole)
    await asyncio.to_thread(backup.extract, JOURNAL, scratch / JOURNAL)
    journal = await SqliteJournal.open(scratch / JOURNAL)
    try:
        held = await contents(journal, progress)
    finally:
        await journal.close()
    _compare(backup.manifest, held)
    return held


async def restore(
    backup: BackupReader,
    settings: Settings,
    history: Path | None,
    secret: bytes | None,
    progress: Progress,
) -> None:
    """Put everything where the settings say; `check_backup` need not be called before.

    Shape: `history` is the file of the embedded history; None: it is on a server. `secret` is the
        installation's; None: another one than in the backup is meant.
    Errors: `StorageFailed`: the installation is not empty or is another one, or the disk is full;
        what was begun is refused by daemons and can be restored again.
    """
    _check_place(backup.manifest, settings, history, secret)
    _check_policy(backup, settings.policy_dir)
    scratch = settings.data_dir / RESTORING
    is_first = not await asyncio.to_thread(scratch.exists)
    await asyncio.to_thread(_mark, backup.manifest, scratch)
    try:
        held = await check_backup(backup, scratch, progress)
        target = await open_to_fill(settings)
    except StorageFailed:
        if is_first:  # nothing was begun: another backup may be tried
            await asyncio.to_thread(shutil.rmtree, scratch)
        raise
    try:
        async with served(target):
            await _put_blobs(backup, settings, progress)
            await asyncio.to_thread(_put_files, backup, settings, history)
            await _put_journal(held, scratch / JOURNAL, target, progress)
    finally:
        await target.close()
    await asyncio.to_thread(shutil.rmtree, scratch)


def _compare(manifest: Manifest, held: Contents) -> None:
    """Errors: `StorageFailed` when the journal is not the one that was backed up."""
    expected = manifest.journal
    if held != msgspec.structs.replace(expected, state=held.state):
        raise StorageFailed(f"the journal holds {held}, expected {expected}: use another backup")
    if held.state != expected.state:  # every byte is there; another release folds it
        log.warning("state_differs", made_by=manifest.release, was=expected.state, now=held.state)


def _check_place(
    manifest: Manifest, settings: Settings, history: Path | None, secret: bytes | None
) -> None:
    data = settings.data_dir
    here = {path.name for path in data.iterdir()} if data.is_dir() else set()
    begun = _begun(data / RESTORING)
    if begun is not None and begun != msgspec.json.encode(manifest):
        raise WrongPlace(
            f"the restore of another backup was begun in {data} and not finished: finish it, or"
            " empty the folder but for the file `secret`"
        )
    if begun is None and here - _ALLOWED:
        names = ", ".join(sorted(here - _ALLOWED))
        raise WrongPlace(
            f"{data} is not empty ({names}): restore into an installation that has nothing but its"
            " secret"
        )
    if (history is None) != (manifest.history == "elsewhere"):
        where = "a database server" if manifest.history == "elsewhere" else "an SQLite file"
        raise WrongPlace(
            f"history was in {where} when the backup was made: set TOWNLINE_HISTORY accordingly"
        )
    if begun is None and history is not None and history.exists():
        raise WrongPlace(f"{history} exists already: move it away")
    if secret is not None and mark_of(secret) != manifest.secret:
        raise WrongPlace(
            f"the secret of this installation is not that of the backup: put the old one back as"
            f" TOWNLINE_SECRET or as {data / 'secret'}; without it residents are not recognised and"
            " links that were given out are dead (--other-secret goes on all the same)"
        )


def _begun(scratch: Path) -> bytes | None:
    """Return the manifest of the restore that was begun here; None for none."""
    try:
        return (scratch / MANIFEST).read_bytes()
    except FileNotFoundError:
        return None


def _mark(manifest: Manifest, scratch: Path) -> None:
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in scratch.iterdir():
        if left.name != MANIFEST:
            left.unlink()
    draft = scratch / f".{MANIFEST}.part"
    draft.write_bytes(msgspec.json.encode(manifest))
    draft.rename(scratch / MANIFEST)


def _check_policy(backup: BackupReader, folder: Path) -> None:
    """Errors: `StorageFailed` when the folder has another policy: nobody's work is overwritten."""
    for name in policy_files(folder):
        kept = backup.manifest.files.get(POLICY + name)
        if kept is not None:
            with backup.entry(POLICY + name) as body:
                if body.read() == (folder / name).read_bytes():
                    continue
        raise WrongPlace(
            f"{folder / name} is not as in the backup: set TOWNLINE_POLICY_DIR to an empty folder,"
            " and compare the two with `townline diff` afterwards"
        )


async def _put_blobs(backup: BackupReader, settings: Settings, progress: Progress) -> None:
    blobs = FolderBlobs(settings.data_dir / "blobs")
    for number, name in enumerate(backup.blobs, 1):
        with backup.entry(BLOBS + name) as body:
            await blobs.put(await asyncio.to_thread(body.read))
        progress("files", number, len(backup.blobs))


def _put_files(backup: BackupReader, settings: Settings, history: Path | None) -> None:
    if history is not None and HISTORY in backup.manifest.files:
        backup.extract(HISTORY, history)
    places = ((POLICY, settings.policy_dir), (PUBLISHED, settings.data_dir / "policies"))
    for prefix, folder in places:
        names = [name for name in backup.manifest.files if name.startswith(prefix)]
        # what makes a folder a version comes last
        for name in sorted(names, key=lambda each: (each.endswith(f"/{ABOUT}"), each)):
            backup.extract(name, folder / name.removeprefix(prefix))


async def _put_journal(held: Contents, copy: Path, target: Filling, progress: Progress) -> None:
    source = await SqliteJournal.open_readonly(copy)
    try:
        words = await source.waiting(WORDS_MAX)
        await copy_journal(source, target, version=held.version, words=words, progress=progress)
    finally:
        await source.close()
    await finish_as(target, held, progress)
