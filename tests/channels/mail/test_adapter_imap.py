"""The mailbox on a real server as a duty of the daemon: it ends with it, whenever that is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from channels.mail.adapter import MailSettings
from channels.mail.imap_in import Standing, State
from router.core.model import MINUTE, SECOND
from router.runtime.duties import keep_doing
from router.runtime.journal_memory import MemoryStore
from tests.channels.mail.imap_rig import until
from tests.channels.mail.mail_town import MailTown, letter, mail_town
from tests.fakes.mail_servers import PASSWORD, Dovecot, Mailbox, missing
from tests.ports import free_port

ABSENT = missing("dovecot", "openssl", "setpriv")
pytestmark = pytest.mark.skipif(bool(ABSENT), reason=ABSENT)
STOP_S = 2.0


@asynccontextmanager
async def town(
    folder: Path, box: Mailbox, *, url: str = "", store: MemoryStore | None = None
) -> AsyncIterator[MailTown]:
    """Run a town whose duties are done as the daemon does them, and ended as it ends them."""

    def watched(settings: MailSettings) -> MailSettings:
        return replace(
            settings,
            imap_url=url or box.url(),
            imap_password=PASSWORD,
            imap_ca_file=box.server.certificate,
        )

    async with mail_town(folder, change=watched, store=store) as hall, asyncio.TaskGroup() as tasks:
        duties = [tasks.create_task(keep_doing(duty, hall.clock)) for duty in hall.channel.duties()]
        try:
            yield hall
        finally:
            began = time.monotonic()
            for task in duties:
                task.cancel()
            await hall.channel.stop()
            assert time.monotonic() - began < STOP_S


def standing(hall: MailTown) -> Standing:
    found = hall.channel.imap_standing
    assert found is not None
    return found


async def test_a_mail_that_is_delivered_becomes_an_item_and_is_moved(
    tmp_path: Path, server: Dovecot
) -> None:
    box = server.mailbox()
    async with town(tmp_path, box) as hall:
        await until(lambda: standing(hall).state is State.CONNECTED)
        await asyncio.to_thread(box.deliver, letter("Where is my bin?").as_bytes())
        await until(lambda: box.count("Processed") == 1)
        assert "Where is my bin?" in "".join(await hall.said(hall.item()))
        await hall.sent(1)  # the acknowledgement
    assert box.count() == 0


async def test_a_server_that_wakes_nobody_is_asked_every_minute(
    tmp_path: Path, old_server: Dovecot
) -> None:
    box = old_server.mailbox()
    async with town(tmp_path, box) as hall:
        await until(lambda: standing(hall).state is State.CONNECTED)
        await asyncio.to_thread(box.deliver, letter().as_bytes())
        for _ in range(1000):
            await hall.pass_time(MINUTE)
            if box.count("Processed"):
                break
            await asyncio.sleep(0.01)
        assert len(hall.items()) == 1


async def test_it_ends_while_nobody_answers_there(tmp_path: Path, server: Dovecot) -> None:
    box = server.mailbox()
    url = f"imap://{box.user}@127.0.0.1:{free_port()}/INBOX"
    async with town(tmp_path, box, url=url) as hall:
        await until(lambda: standing(hall).state is State.FAILED)
        assert standing(hall).why.startswith("unreachable:")
        await hall.pass_time(5 * SECOND)


async def test_it_ends_amid_many_mails_and_goes_on_where_it_ended(
    tmp_path: Path, server: Dovecot
) -> None:
    """What is stored was moved, and after the next start every mail is one item."""
    box, store, count = server.mailbox(), MemoryStore(), 120
    mails = [letter(f"Letter {n}", sender=f"r{n}@home.test").as_bytes() for n in range(count)]
    box.deliver(*mails)
    async with town(tmp_path, box, store=store) as hall:
        await until(lambda: len(hall.items()) > 20)
    taken = box.count("Processed")
    assert len(hall.items()) == taken
    assert box.count() == count - taken
    async with town(tmp_path, box, store=store) as hall:
        await until(lambda: box.count("Processed") == count)
        said = sorted([said for item in hall.items() for said in await hall.said(item)])
        await hall.pass_time(5 * SECOND)  # until then the one before might still report
        await hall.quiet()
    assert len(hall.items()) == count
    assert sum("Letter" in text for text in said) == count
