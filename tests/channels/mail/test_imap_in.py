"""A mailbox is emptied oldest first, and a message leaves it only once it is stored."""

from __future__ import annotations

import asyncio
import socket
import time
import tracemalloc
from pathlib import Path

import pytest

from channels.mail.imap_in import ImapDoor, ImapDoorSettings, State
from channels.mail.imap_lanes import WIDTH
from channels.mail.intake import Answer, Envelope
from router.core.model import MINUTE, SECOND
from router.errors import SettingsError
from router.runtime.clock import SystemClock
from tests.channels.mail.imap_rig import door, door_settings, mail, numbers, until
from tests.fakes.cutting_proxy import cutting_proxy
from tests.fakes.intake import Ledger
from tests.fakes.jumping_clock import JumpingClock
from tests.fakes.mail_servers import PASSWORD, Dovecot, Mailbox, missing
from tests.ports import free_port

ABSENT = missing("dovecot", "openssl", "setpriv")
pytestmark = pytest.mark.skipif(bool(ABSENT), reason=ABSENT)


@pytest.fixture
def box(server: Dovecot) -> Mailbox:
    return server.mailbox()


async def test_what_waits_is_taken_oldest_first_and_moved(box: Mailbox) -> None:
    box.deliver(*(mail(n) for n in range(5)))
    ledger = Ledger()
    async with door(box, ledger) as opened:
        await ledger.has(5)
        await until(lambda: box.count() == 0)
        assert opened.standing.state is State.CONNECTED
    assert numbers(ledger) == [0, 1, 2, 3, 4]
    assert box.count("Processed") == 5
    assert set(ledger.handed.values()) == {1}
    assert ledger.envelopes[0] == Envelope(None, (), "info", "127.0.0.1")


async def test_the_server_wakes_it(box: Mailbox) -> None:
    """With an IDLE of minutes, what wakes the door can only be the server."""
    ledger = Ledger()
    async with door(box, ledger, SystemClock(0), idle_s=600.0):
        for number in range(3):
            await asyncio.to_thread(box.deliver, mail(number))
            await ledger.has(number + 1)
            await until(lambda: box.count() == 0)


async def test_a_server_that_cannot_wake_it_is_asked_again(old_server: Dovecot) -> None:
    box, ledger, clock = old_server.mailbox(), Ledger(), JumpingClock()
    async with door(box, ledger, clock, poll_s=60.0, ca_file=None):
        await until(lambda: len(clock.slept) > 8)
        await asyncio.to_thread(box.deliver, mail(1))
        await ledger.has(1)
        await until(lambda: box.count() == 0)
    assert max(clock.slept) == 60 * SECOND


async def test_without_move_nothing_of_others_is_expunged(old_server: Dovecot) -> None:
    box, ledger = old_server.mailbox(), Ledger()
    box.deliver(mail(1), mail(2))
    with box.opened() as other:
        other.store("1", "+FLAGS", r"(\Deleted)")
    async with door(box, ledger):
        await ledger.has(1)
        await until(lambda: box.count("Processed") == 1)
        await until(lambda: box.count() == 0)
    assert numbers(ledger) == [2]  # who deletes a message does not want it answered
    assert len(box.files()) == 2  # both still there, marked; nobody's mail was destroyed


async def test_tls_from_the_first_octet(box: Mailbox) -> None:
    box.deliver(mail(1))
    ledger = Ledger()
    url = f"imaps://{box.user}@localhost:{box.server.tls_port}/INBOX"
    async with door(box, ledger, url=url):
        await ledger.has(1)


async def test_a_certificate_of_a_stranger_is_not_believed(box: Mailbox) -> None:
    for url in (box.url(), f"imaps://{box.user}@localhost:{box.server.tls_port}/INBOX"):
        async with door(box, Ledger(), url=url, ca_file=None) as opened:
            await until(lambda: opened.standing.state is State.FAILED)
            assert opened.standing.why.startswith("tls:")


async def test_a_refused_password_is_tried_again_slowly(box: Mailbox) -> None:
    clock = JumpingClock()
    async with door(box, Ledger(), clock, password="wrong") as opened:
        await until(lambda: bool(clock.slept))
        assert opened.standing.state is State.FAILED
        assert opened.standing.why.startswith("login:")
        assert "wrong" not in opened.standing.why
    assert clock.slept[0] == 5 * MINUTE


async def test_no_server_means_patience_that_grows(box: Mailbox) -> None:
    clock = JumpingClock()
    url = f"imap://{box.user}@127.0.0.1:{free_port()}/INBOX"
    async with door(box, Ledger(), clock, url=url) as opened:
        await until(lambda: len(clock.slept) > 8)
        assert opened.standing.why.startswith("unreachable:")
        assert opened.standing.since < clock.now()
    spans = [span // SECOND for span in clock.slept[:9]]
    assert spans == [5, 10, 20, 40, 80, 160, 300, 300, 300]


# --- what the intake says ------------------------------------------------------------------------


async def test_what_cannot_be_stored_stays_and_is_tried_again(old_server: Dovecot) -> None:
    box = old_server.mailbox()
    box.deliver(mail(1), mail(2))
    ledger = Ledger()
    ledger.answers = [Answer.LATER, Answer.TAKEN, RuntimeError("ours"), Answer.LATER]
    async with door(box, ledger, ca_file=None) as opened:
        await ledger.has(2)
        await until(lambda: box.count("Processed") == 2)
        assert opened.standing.later_count == 0
    assert numbers(ledger) == [2, 1]  # one that fails does not hold up the others
    assert sum(ledger.handed.values()) == 5


async def test_while_nothing_can_be_stored_the_mailbox_is_not_read_over_and_over(
    old_server: Dovecot,
) -> None:
    """Those under way, and later one after the other until one is stored."""
    box, clock = old_server.mailbox(), JumpingClock()
    box.deliver(*(mail(n) for n in range(WIDTH + 4)))
    ledger = Ledger()
    ledger.answers = [Answer.LATER for _ in range(WIDTH + 2)]
    async with door(box, ledger, clock, ca_file=None):
        await ledger.has(WIDTH + 4)
        assert [span // SECOND for span in clock.slept[:2]] == [5, 10]
    assert sum(ledger.handed.values()) == 2 * WIDTH + 6
    assert numbers(ledger) == list(range(WIDTH + 4))  # the oldest first, once it is over


async def test_what_is_refused_is_put_aside(box: Mailbox) -> None:
    box.deliver(mail(1), mail(2))
    ledger = Ledger()
    ledger.answers = [Answer.REFUSED]
    async with door(box, ledger):
        await until(lambda: box.count("Processed") == 1)
        await until(lambda: box.count("Refused") == 1)
    assert numbers(ledger) == [2]


async def test_of_a_mail_too_large_the_beginning_is_handed_over(box: Mailbox) -> None:
    box.deliver(mail(1), mail(2, size=400_000), mail(3))
    ledger = Ledger()
    async with door(box, ledger, size_bytes_max=300_000):
        await ledger.has(3)
        await until(lambda: box.count() == 0)
    assert numbers(ledger) == [1, 2, 3]
    cut = list(ledger.taken.values())[1]
    assert len(cut) == 262_144
    assert ledger.envelopes[1].cut_from > 400_000
    assert ledger.envelopes[0].cut_from == ledger.envelopes[2].cut_from == 0
    assert (box.count("Too-large"), box.count("Processed")) == (1, 2)


async def test_a_large_mail_costs_its_size_and_little_more(box: Mailbox) -> None:
    size = 20_000_000

    class Weigher(Ledger):
        async def __call__(self, raw: bytes, envelope: Envelope) -> Answer:
            self.size = len(raw)
            self.arrived.set()
            return Answer.TAKEN

    box.deliver(mail(1, size=size))
    ledger = Weigher()
    tracemalloc.start()
    async with door(box, ledger):
        await until(lambda: box.count() == 0)
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ledger.size > 0.99 * size
    assert peak < 1.5 * size


async def test_large_mails_come_whole_one_by_one(box: Mailbox) -> None:
    box.deliver(*(mail(n, size=9_000_000) for n in range(2)))
    ledger = Ledger()
    async with door(box, ledger):
        await ledger.has(2)
    assert [len(raw) > 9_000_000 for raw in ledger.taken.values()] == [True, True]


async def test_a_mailbox_made_anew_is_read_anew(box: Mailbox) -> None:
    """UIDs begin again at 1 under another UIDVALIDITY: they are other messages."""
    with box.opened() as other:
        other.create("Letters")
    box.deliver(mail(1), folder="Letters")
    ledger = Ledger()
    ledger.answers = [Answer.LATER]
    url = box.url().replace("INBOX", "Letters")
    async with door(box, ledger, url=url, idle_s=600.0) as opened:
        await until(lambda: opened.standing.later_count == 1)
        with box.opened() as other:
            other.delete("Letters")
            other.create("Letters")
        box.deliver(mail(2), folder="Letters")
        await ledger.has(1)
    assert numbers(ledger) == [2]


async def test_a_missing_folder_is_told(box: Mailbox) -> None:
    async with door(box, Ledger(), url=box.url().replace("INBOX", "Nowhere")) as opened:
        await until(lambda: opened.standing.state is State.FAILED)
        assert opened.standing.why.startswith("refused:")


async def test_the_mark_of_reading_is_not_set(box: Mailbox) -> None:
    """Whoever looks into Processed sees what nobody has read there."""
    box.deliver(mail(1))
    async with door(box, Ledger()):
        await until(lambda: box.count("Processed") == 1)
    assert "S" not in box.files("Processed")[0].name.partition(":2,")[2]


# --- closing -------------------------------------------------------------------------------------


async def test_it_closes_at_once_while_idling(box: Mailbox) -> None:
    ledger = Ledger()
    async with door(box, ledger, SystemClock(0), idle_s=600.0) as opened:
        await until(lambda: opened.standing.state is State.CONNECTED)
        await asyncio.sleep(0.2)
        began = time.monotonic()
        await opened.stop()
        assert time.monotonic() - began < 2


async def test_it_closes_while_something_is_being_stored(box: Mailbox) -> None:
    box.deliver(*(mail(n) for n in range(WIDTH + 4)))
    ledger = Ledger()
    ledger.gate = asyncio.Event()
    async with door(box, ledger) as opened:
        await until(lambda: ledger.waiting == WIDTH)
        stopping = asyncio.ensure_future(opened.stop())
        await asyncio.sleep(0.02)
        ledger.gate.set()
        await stopping
    assert numbers(ledger) == list(range(WIDTH))  # those under way, and they were moved
    assert (box.count(), box.count("Processed")) == (4, WIDTH)


async def test_it_closes_within_two_seconds_when_nobody_answers(box: Mailbox) -> None:
    box.deliver(mail(1))
    ledger = Ledger()
    ledger.gate = asyncio.Event()
    async with door(box, ledger) as opened:
        await until(lambda: ledger.waiting == 1)
        began = time.monotonic()
        await opened.stop()
        assert time.monotonic() - began < 2
    assert box.count() == 1


async def test_it_closes_while_the_server_never_greets(box: Mailbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = box.url(silent.getsockname()[1])
        async with door(box, Ledger(), url=url) as opened:
            await asyncio.sleep(0.05)
            began = time.monotonic()
            await opened.stop()
            assert time.monotonic() - began < 2


# --- another daemon decides meanwhile ------------------------------------------------------------


async def test_it_opens_again_after_it_was_cancelled_until_it_is_stopped(box: Mailbox) -> None:
    ledger = Ledger()
    made = ImapDoor(ledger, door_settings(box), JumpingClock())
    for number in range(2):
        running = asyncio.ensure_future(made.run())
        box.deliver(mail(number))
        await ledger.has(number + 1)
        running.cancel()
        await asyncio.wait({running})
    await made.stop()
    await made.run()
    assert numbers(ledger) == [0, 1]


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("https://info@mail.town.test/INBOX", "imap:// or imaps://"),
        ("imaps://info:secret@mail.town.test/INBOX", "set it on its own"),
        ("imaps://mail.town.test/INBOX", "user"),
        ("imaps://info@mail.town.test", "mailbox"),
        ("imaps://info@mail.town.test:many/INBOX", "cannot be read"),
        ("imaps://", "name a host"),
    ],
)
def test_an_address_that_is_none_is_told(url: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint) as refused:
        ImapDoor(Ledger(), ImapDoorSettings(url=url, password="secret"), JumpingClock())
    assert "secret" not in str(refused.value)


def test_a_certificate_file_that_is_none_is_told(tmp_path: Path) -> None:
    settings = ImapDoorSettings(
        url="imaps://info@mail.town.test/INBOX", password=PASSWORD, ca_file=tmp_path / "none.pem"
    )
    with pytest.raises(SettingsError, match=r"none\.pem"):
        ImapDoor(Ledger(), settings, JumpingClock())
    assert PASSWORD not in repr(settings)


async def test_a_password_is_not_sent_in_the_clear_over_a_network(
    old_server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as the door knows, `mail.town.test` is elsewhere."""
    there = socket.create_connection
    monkeypatch.setattr(
        socket,
        "create_connection",
        lambda address, *a, **k: there(("127.0.0.1", address[1]), *a, **k),
    )
    async with cutting_proxy(old_server.port) as proxy:
        url = f"imap://user0@mail.town.test:{proxy.port}/INBOX"
        async with door(old_server.mailbox(), Ledger(), url=url) as opened:
            await until(lambda: opened.standing.state is State.FAILED)
            assert opened.standing.why.startswith("no-tls:")
    assert proxy.lines <= 2  # CAPABILITY, no more
