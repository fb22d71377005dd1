"""What was acknowledged and is in no batch that the journal has: decided once more.

A daemon that stops because the journal has gone on with another history leaves behind, in a file,
what it had taken and acknowledged of late. Its next start asks the journal which of these batches
are lost and submits their commands again. Who came twice is known by the keys of the commands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from router.core.commands import AdoptPolicy
from router.core.model import SECOND, Span
from router.core.state import State
from router.errors import CommandRefused, Overloaded, StorageError
from router.ports import Clock, Inbox, Journal
from router.runtime import durable, parcels
from router.runtime.tail import Tail

FILE: Final = "acknowledged.msgpack"  # in the data folder
TRY_AGAIN: Final[Span] = SECOND

log = structlog.get_logger(__name__)


class Acknowledged(msgspec.Struct, frozen=True, array_like=True):
    """Commands that one batch has answered."""

    batch_id: str
    commands: tuple[parcels.Forwarded, ...]


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Acknowledged])


def acknowledged(tail: Tail) -> list[Acknowledged]:
    """Return what this daemon has taken and acknowledged of late, in order; no policies."""
    found = []
    for kept in tail:
        rows = tuple(
            parcels.forwarded("", command, words, b"")
            for command, words in kept.taken
            if not isinstance(command, AdoptPolicy)  # each start brings its own
        )
        if rows:
            found.append(Acknowledged(kept.batch.batch_id, rows))
    return found


def leave_behind(folder: Path, tail: Tail | None) -> None:
    """Keep them for the next start, after those that an earlier one has not got to."""
    path = folder / FILE
    rows = [] if tail is None else acknowledged(tail)
    if rows:
        durable.replace(path, _ENCODER.encode([*_read(path), *rows]))
        log.error("acknowledged_left_behind", batches=len(rows), file=str(path))


def _read(path: Path) -> list[Acknowledged]:
    try:
        return _DECODER.decode(path.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError):
        aside = path.with_name(path.name + ".unreadable")
        path.replace(aside)
        log.exception("acknowledged_unreadable", file=str(aside))
        return []


class Resubmission:
    """What the life before has left behind."""

    def __init__(self, folder: Path, journal: Journal, inbox: Inbox, clock: Clock) -> None:
        self._path = folder / FILE
        self._journal, self._inbox, self._clock = journal, inbox, clock

    async def run(self) -> None:
        """Submit what is lost; the file is removed once everything is decided."""
        rows = await asyncio.to_thread(_read, self._path)
        if not rows:
            return
        await self.submit(rows)
        await asyncio.to_thread(self._path.unlink)

    async def submit(self, rows: Sequence[Acknowledged]) -> None:
        """Submit the commands of those batches that the journal does not have."""
        lost = done = 0
        for row in rows:
            if await self._is_stored(row):
                continue
            lost += len(row.commands)
            for command in row.commands:
                done += await self._decided(command)
        log.warning("resubmitted", commands=lost, refused=lost - done)

    async def _is_stored(self, row: Acknowledged) -> bool:
        """Say whether the batch is there; bring its words, which nobody else may have."""
        words = [each for command in row.commands for each in command.words]
        while True:
            try:
                await self._journal.bring_words(row.batch_id, words)
                return await self._journal.find_batch(row.batch_id) is not None
            except StorageError:
                await self._clock.sleep_until(self._clock.now() + TRY_AGAIN)

    async def _decided(self, row: parcels.Forwarded) -> bool:
        command = parcels.command_of(row)
        while True:
            try:
                await self._inbox.submit(command, _nothing, words=row.words)
            except CommandRefused as refusal:  # it means nothing any more
                log.info("resubmission_refused", command=row.kind, code=refusal.code)
                return False
            except (StorageError, Overloaded):
                await self._clock.sleep_until(self._clock.now() + TRY_AGAIN)
            else:
                return True


def _nothing(_: State) -> None:
    """Nobody waits for it any more."""
