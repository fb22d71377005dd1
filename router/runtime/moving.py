"""Moves a journal from one address to another while no daemon writes to either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from pydantic import SecretStr, TypeAdapter, ValidationError

from router.errors import SettingsError, StorageFailed, TownlineError, WrongPlace
from router.runtime.clock import SystemClock
from router.runtime.duties import keep_doing
from router.runtime.journal_copy import WORDS_MAX, Contents, Progress, contents, copy_journal
from router.runtime.journals import (
    SQLITE,
    Filling,
    OpenJournal,
    open_alone,
    open_to_fill,
)
from router.runtime.settings import JournalAddress, Settings

_ADDRESS: Final[TypeAdapter[SecretStr]] = TypeAdapter(JournalAddress)


def at_address(settings: Settings, name: str, address: str) -> Settings:
    """Return the settings with the journal at that address.

    Errors: `SettingsError` that names the argument and says what would be right.
    """
    try:
        checked = _ADDRESS.validate_python(SecretStr(address))
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name}: {why}") from None
    return settings.model_copy(update={"journal": checked})


async def move_journal(source: Settings, target: Settings, progress: Progress) -> Contents:
    """Copy the journal of one address to the other; return what both hold.

    The source stays as it was. A target that was begun and not finished is filled on.
    Errors: `StorageFailed` when one of the two cannot be had, the target holds something, or what
        it holds in the end is not what the source holds (it stays unfinished then).
    """
    if _place(source) == _place(target):
        raise WrongPlace(f"FROM and TO are the same journal: {target.shown_journal}")
    _check_is_there(source)
    async with AsyncExitStack() as closing:
        old = await open_alone(source)
        closing.push_async_callback(old.close)
        new = await open_to_fill(target)
        closing.push_async_callback(new.close)
        async with served(old, new):
            found = await contents(old, progress)
            if not found.version:
                raise WrongPlace(f"{source.shown_journal} holds no event: nothing to move")
            words = await old.waiting(WORDS_MAX)
            await copy_journal(old, new, version=found.version, words=words, progress=progress)
            await finish_as(new, found, progress)
        return found


async def finish_as(target: Filling, expected: Contents, progress: Progress) -> None:
    """Finish the journal if it holds exactly that. Errors: `StorageFailed`."""
    held = await contents(target, progress)
    if held != expected:
        raise StorageFailed(
            f"the copy holds {held}, expected {expected}: it stays unfinished, remove it and begin"
            " again"
        )
    await target.finish()


@asynccontextmanager
async def served(*journals: OpenJournal) -> AsyncIterator[None]:
    """Do what the journals need to have done over and over, as keeping a claim."""
    failed: TownlineError | None = None
    async with asyncio.TaskGroup() as tasks:
        clock = SystemClock(0)
        duties = [duty for journal in journals for duty in journal.duties()]
        doing = [tasks.create_task(keep_doing(duty, clock)) for duty in duties]
        try:
            yield
        except TownlineError as error:  # the group would wrap it
            failed = error
        finally:
            for task in doing:
                task.cancel()
    if failed is not None:
        raise failed


def _check_is_there(settings: Settings) -> None:
    """A file that is not there would be made. Errors: `StorageFailed`."""
    address = settings.journal_address
    if address.startswith(SQLITE) and not Path(address.removeprefix(SQLITE)).exists():
        raise WrongPlace(f"there is no journal at {settings.shown_journal}")


def _place(settings: Settings) -> str:
    address = settings.journal_address
    if address.startswith(SQLITE):
        return str(Path(address.removeprefix(SQLITE)).resolve())
    return address
