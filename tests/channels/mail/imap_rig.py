"""A door in front of a real mailbox, and patience with real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from channels.mail.imap_in import ImapDoor, ImapDoorSettings
from router.ports import Clock
from tests.fakes.intake import Ledger
from tests.fakes.jumping_clock import JumpingClock
from tests.fakes.mail_servers import PASSWORD, Mailbox

PATIENCE_S = 60.0  # on a machine that does much else


def mail(number: int, *, size: int = 0) -> bytes:
    """Return a mail as the server will hand it out, but for the headers that it adds."""
    filling = b"x" * 76 + b"\r\n"
    return b"Subject: %d\r\n\r\nmail %d\r\n" % (number, number) + filling * (size // len(filling))


async def until(is_so: Callable[[], bool]) -> None:
    """Return once it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - servers tell nobody when they are done
            await asyncio.sleep(0.005)


def door_settings(box: Mailbox, **settings: Any) -> ImapDoorSettings:
    """Return what a door needs to know of a mailbox."""
    wanted: dict[str, Any] = {
        "url": box.url(),
        "password": PASSWORD,
        "mailbox": "info",
        "idle_s": 10.0,
        "ca_file": box.server.certificate,
    }
    return ImapDoorSettings(**wanted | settings)


@asynccontextmanager
async def door(
    box: Mailbox, ledger: Ledger, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[ImapDoor]:
    """Run a door until the block ends."""
    made = ImapDoor(ledger, door_settings(box, **settings), clock or JumpingClock())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(made.run())
        await asyncio.sleep(0)
        try:
            yield made
        finally:
            await made.stop()


def numbers(ledger: Ledger) -> list[int]:
    """Return which mails were taken, in order."""
    return [int(raw.split(b"\r\n\r\nmail ")[1].split()[0]) for raw in ledger.taken.values()]
