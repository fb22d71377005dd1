"""Mails a second out of a mailbox: the IMAP door beside a bare fetch of the same mails.

    .venv/bin/python -m benchmarks.mailbox [MAILS] [KILOBYTES]

A dovecot on this machine holds the mails, in plain maildir, each from another sender. Bare is one
program with the same library that fetches all of them, a hundred at a time, and throws them away;
the second bare one also moves all of them to another folder, with one command. The door looks for
sizes first, hands every mail to an intake, and moves it. The intake stores nothing (what our own
does is measured elsewhere), or returns once the mail is written and fsync has ended, one fsync for
all that came while the one before was under way, as our journal does; last with mails that all have
one sender, which are handed over one after the other. Then the door over SMTP, one connection, one
mail after another; and mails sent, a connection each.
"""

from __future__ import annotations

import asyncio
import os
import resource
import smtplib
import sys
import time
from pathlib import Path

import uvloop
from imapclient import IMAPClient

from benchmarks.servers import temporary_folder
from channels.mail.imap_in import ImapDoor, ImapDoorSettings
from channels.mail.intake import Answer, Envelope
from channels.mail.smtp_in import SmtpDoor, SmtpDoorSettings
from channels.mail.smtp_out import SmtpSender, SmtpSenderSettings
from router.runtime.clock import SystemClock
from tests.fakes.mail_servers import PASSWORD, Mailbox, dovecot

PORTION = 100
FOLDER = "Moved"
SENT = 100


class Counter:
    """An intake that takes everything and stores nothing."""

    def __init__(self, wanted: int) -> None:
        self.left = wanted
        self.done = asyncio.Event()

    async def __call__(self, raw: bytes, envelope: Envelope) -> Answer:
        self.left -= 1
        if self.left == 0:
            self.done.set()
        return Answer.TAKEN


class Journal(Counter):
    """An intake that writes every mail down; those that come together share an fsync."""

    def __init__(self, wanted: int, path: Path) -> None:
        super().__init__(wanted)
        self.commits = 0
        self._file = path.open("wb", buffering=0)
        self._written: asyncio.Future[None] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, raw: bytes, envelope: Envelope) -> Answer:
        self._file.write(raw)
        if self._written is None:
            self._written = asyncio.ensure_future(self._commit())
        await asyncio.shield(self._written)
        return await super().__call__(raw, envelope)

    async def _commit(self) -> None:
        async with self._one_at_a_time:
            self._written = None  # whoever comes from now on needs the next
            self.commits += 1
            await asyncio.to_thread(os.fsync, self._file.fileno())


def mail(number: int, kilobytes: int, sender: int = 0) -> bytes:
    line = b"The bin in front of our house has not been emptied for two weeks, please.\r\n"
    head = b"From: r%d@home.test\r\nSubject: %d\r\n\r\n" % (sender, number)
    return head + line * (kilobytes * 1024 // len(line))


def fill(box: Mailbox, count: int, kilobytes: int, senders: int) -> None:
    """Put files into the maildir: quicker than handing each over, and no different to read."""
    box.deliver(mail(0, 1))
    folder = next(path.parent for path in box.files())
    owner = folder.stat()
    for number in range(1, count):
        path = folder / f"{number:010}.M{number}.benchmark"
        path.write_bytes(mail(number, kilobytes, number % senders).replace(b"\r\n", b"\n"))
        os.chown(path, owner.st_uid, owner.st_gid)


def bare(box: Mailbox, *, moves: bool = False) -> float:
    """Return the seconds in which every mail is fetched once, and moved."""
    client = IMAPClient("127.0.0.1", box.server.port, ssl=False)
    client.plain_login(box.user, PASSWORD)
    client.create_folder(FOLDER)
    began = time.perf_counter()
    client.select_folder("INBOX")
    uids = client.search("UNDELETED")
    for start in range(0, len(uids), PORTION):
        client.fetch(uids[start : start + PORTION], [b"BODY.PEEK[]"])
    if moves:
        client.move("1:*", FOLDER)
    seconds = time.perf_counter() - began
    client.delete_folder(FOLDER)
    client.logout()
    return seconds


async def through_the_door(box: Mailbox, intake: Counter) -> float:
    """Return the seconds until every mail was handed over."""
    settings = ImapDoorSettings(url=box.url(), password=PASSWORD)
    door = ImapDoor(intake, settings, SystemClock(0))
    async with asyncio.TaskGroup() as tasks:
        began = time.perf_counter()
        tasks.create_task(door.run())
        await intake.done.wait()
        seconds = time.perf_counter() - began
        await door.stop()
    return seconds


async def by_smtp(count: int, kilobytes: int) -> float:
    """Return the seconds in which one client delivers that many mails."""
    door = SmtpDoor(Counter(count), lambda _: True, SmtpDoorSettings(port=0))
    await door.start()
    raw = mail(1, kilobytes)

    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", door.port) as client:
            for _ in range(count):
                client.sendmail("ann@home.test", ["info@town.test"], raw)

    began = time.perf_counter()
    await asyncio.to_thread(deliver)
    seconds = time.perf_counter() - began
    await door.stop()
    return seconds


async def sent(count: int, kilobytes: int) -> float:
    """Return the seconds in which that many mails are sent, one after another."""
    door = SmtpDoor(Counter(count), lambda _: True, SmtpDoorSettings(port=0))
    await door.start()
    sender = SmtpSender(SmtpSenderSettings(url=f"smtp://127.0.0.1:{door.port}"))
    raw = mail(1, kilobytes)
    began = time.perf_counter()
    for _ in range(count):
        await sender.send(raw, "info@town.test", ("ann@home.test",))
    seconds = time.perf_counter() - began
    await door.stop()
    return seconds


def tell(name: str, count: int, seconds: float, beside: float = 0.0) -> float:
    """Print the rate, beside another one; return it."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    rate = count / seconds
    ratio = f", {100 * rate / beside:.0f} % of bare" if beside else ""
    print(
        f"{name}: {count} mails in {seconds:.2f} s, {rate:.0f} a second{ratio};"
        f" peak memory so far {peak} MB",
        flush=True,
    )
    return rate


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    kilobytes = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with temporary_folder() as name, dovecot(tls=False) as server:

        def filled(senders: int = count) -> Mailbox:
            box = server.mailbox()
            fill(box, count, kilobytes, senders)
            bare(box)  # dovecot indexes the folder the first time
            return box

        box = filled()
        fetched = tell("bare fetch", count, bare(box))
        tell("bare fetch, one move", count, bare(box, moves=True), fetched)
        took = door(filled(), Counter(count))
        tell("IMAP door, storing nothing", count, took, fetched)
        for senders, whose in ((count, "many senders"), (1, "one sender")):
            journal = Journal(count, Path(name) / whose)
            took = door(filled(senders), journal)
            tell(f"IMAP door, fsync, {whose}", count, took, fetched)
            print(f"    {journal.commits} times fsync")
    tell("SMTP door, one client", count, uvloop.run(by_smtp(count, kilobytes)))
    tell("sent, a connection each", SENT, uvloop.run(sent(SENT, kilobytes)))


def door(box: Mailbox, intake: Counter) -> float:
    return uvloop.run(through_the_door(box, intake))


if __name__ == "__main__":
    main()
