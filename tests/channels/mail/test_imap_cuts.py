"""Wherever the connection is cut, no mail is lost and none is stored twice."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest

from tests.channels.mail.imap_rig import door, mail, numbers, until
from tests.fakes.cutting_proxy import CuttingProxy, Where, cutting_proxy
from tests.fakes.intake import Ledger
from tests.fakes.mail_servers import Dovecot, dovecot, missing

ABSENT = missing("dovecot", "openssl", "setpriv")
pytestmark = pytest.mark.skipif(bool(ABSENT), reason=ABSENT)
MAILS = 3
OCTETS_STEP = 61  # prime, so that over the tests no place in a line is spared
AT_ONCE = 6  # doors, each with a mailbox of its own: what takes the time is waiting for the server
CAPABILITIES = {
    "move": "",  # everything dovecot can do
    "uid-expunge": "IMAP4rev1 UIDPLUS IDLE",  # COPY, \Deleted, UID EXPUNGE
    "old": "IMAP4rev1",  # COPY, \Deleted, EXPUNGE; no IDLE
}


@pytest.fixture(scope="module", params=CAPABILITIES)
def server(request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    with dovecot(capability=CAPABILITIES[request.param], tls=False) as running:
        yield running


async def survive(server: Dovecot, where: Where, number: int) -> CuttingProxy:
    """Take three mails over a line that is cut there; see that all is as it should be."""
    box, ledger = server.mailbox(), Ledger()
    await asyncio.to_thread(box.deliver, *(mail(n) for n in range(MAILS)))
    async with cutting_proxy(server.port, where, number) as proxy:
        async with door(box, ledger, url=box.url(proxy.port), ca_file=None):
            await ledger.has(MAILS)
            await until(lambda: box.count() == 0)
            # what was copied twice is still the same mail; nothing is missing
            kept = {subject_of(path.read_bytes()) for path in box.files("Processed")}
    assert numbers(ledger) == list(range(MAILS))
    assert kept == set(range(MAILS))
    return proxy


def subject_of(raw: bytes) -> int:
    found = re.search(rb"^Subject: (\d+)", raw, re.MULTILINE)
    assert found is not None
    return int(found[1])


async def cut_everywhere(server: Dovecot, where: Where, step: int = 1) -> int:
    """Cut at every such place of a session; return at how many it was cut."""
    uncut = await survive(server, where, 1_000_000)
    assert not uncut.was_cut
    places = uncut.octets if where is Where.OCTET else uncut.lines
    left = iter(range(1, places + 1, step))
    cuts = 0

    async def cut_some() -> None:
        nonlocal cuts
        for number in left:
            proxy = await survive(server, where, number)
            cuts += proxy.was_cut

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(cut_some())
    return cuts


@pytest.mark.parametrize("where", [Where.BEFORE, Where.AFTER])
async def test_cut_at_any_command(server: Dovecot, where: Where) -> None:
    assert await cut_everywhere(server, where) > 10


@pytest.mark.full
async def test_cut_at_any_octet(server: Dovecot) -> None:
    assert await cut_everywhere(server, Where.OCTET, OCTETS_STEP) > 30
