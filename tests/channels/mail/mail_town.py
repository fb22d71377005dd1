"""A town with a real mail channel: doors, receiver, engine, journal, outlet; virtual time.

Residents write by SMTP into the town's own door; what the town sends goes by SMTP to a server that
notes it, or wherever `smtp_port` says.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from itertools import count
from pathlib import Path

import aiosmtplib
import msgspec

from channels.mail.adapter import MailChannel, MailSettings
from router.core import commands as c
from router.core import events as e
from router.core.commands_text import PastThread, TakeItem
from router.core.effects import SendMail
from router.core.engine import Engine
from router.core.model import SECOND, AgentId, AgentStatus, Instant, ItemId
from router.core.policy import Policy, encode
from router.core.records import Item
from router.core.state import State
from router.core.upcast import decode_events
from router.desk import messages_text as m
from router.desk.lookup import WordLookup
from router.desk.message_types import ClientMessage
from router.desk.writing import Desktop, Writing
from router.runtime.blobs import FolderBlobs
from router.runtime.channels import key_of, render_html
from router.runtime.effects import EffectRunner
from router.runtime.ids import SeededIds
from router.runtime.journal_faults import ScriptedFaults
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.metrics import Metrics
from router.runtime.publisher import Publisher
from router.runtime.recovery import recover
from router.runtime.sequencer import Sequencer
from tests.channels.mail.imap_rig import until
from tests.core.text_town import writing_town
from tests.core.town import OPEN
from tests.fakes.engine_clock import LeapableClock
from tests.fakes.memory_texts import MemoryDrafts, NobodyBlocked, NothingEarlier, nothing_kept
from tests.fakes.smtp_server import Taken, smtp_server

SECRET = b"the town's secret"
US = "info@town.test"
SAM = "Sam Example <sam@home.test>"
ROUNDS = 400


def letter(
    text: str = "When are leaves collected?",
    *,
    sender: str = SAM,
    to: str = US,
    subject: str = "Leaves",
    number: int | None = None,
    **headers: str,
) -> EmailMessage:
    """Return a mail as a resident's program makes it; each has an id of its own."""
    made = EmailMessage(policy=email.policy.SMTP)
    made.set_content(text)
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Message-ID"] = f"<{next(NUMBERS) if number is None else number}@home.test>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    return made


def answer_to(
    sent: EmailMessage, text: str, *, sender: str = SAM, by: str = "both"
) -> EmailMessage:
    """Return what a resident's program makes of "Reply": address and references, or one of them."""
    to = str(sent["Reply-To"]) if by != "references" else US
    made = letter(text, sender=sender, to=to, subject=str(sent["Subject"]))
    if by != "address":
        made["In-Reply-To"] = str(sent["Message-ID"])
        made["References"] = f"{sent.get('References', '')} {sent['Message-ID']}".strip()
    said = str(sent.get_body().get_content())  # type: ignore[union-attr]
    quoted = "".join(f"> {line}\n" for line in said.splitlines())
    made.set_content(f"{text}\n\nOn Mon, 23 Nov 2026 at 10:02, Town <{US}> wrote:\n{quoted}")
    return made


NUMBERS = count(1)


@dataclass
class MailTown:
    clock: LeapableClock
    store: MemoryStore
    engine: Engine
    inbox: Sequencer
    channel: MailChannel
    blobs: FolderBlobs
    writing: Writing
    post: Taken
    journal: MemoryJournal
    keys: count[int] = field(default_factory=count)

    @property
    def state(self) -> State:
        return self.engine.state

    async def mail(self, mail: EmailMessage | bytes, *to: str, sender: str | None = None) -> str:
        """Deliver by SMTP; return the reply, "250 ..." when it is stored."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes()
        mail_from = "sam@home.test" if sender is None else sender
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=self.channel.smtp_port, use_tls=False)
        async with client:
            try:
                _, said = await client.sendmail(mail_from, list(to) or [US], raw)
            except aiosmtplib.SMTPDataError as error:
                return f"{error.code} {error.message}"
        return f"250 {said}"

    async def quiet(self) -> None:
        """Return once nothing is waiting to be sent."""
        await until(lambda: not self.state.pending)

    async def sent(self, number: int) -> list[EmailMessage]:
        """Return what the town has sent, which must be so many mails."""
        await self.quiet()
        mails = [read(mail.original_content or b"") for mail in self.post.mails]
        assert len(mails) == number, [str(mail["Subject"]) for mail in mails]
        return mails

    def items(self) -> list[Item]:
        return list(self.state.items.values())

    def item(self, name: ItemId | str = "") -> Item:
        """Return the item of that name; the only one without a name."""
        if not name:
            [only] = self.state.items.values()
            return only
        return self.state.items[ItemId(name)]

    def events(self) -> list[e.AnyEvent]:
        return [event for batch in self.store.batches for event in decode_events(batch.events)]

    def written(self, item: Item) -> list[str]:
        """Return who wrote what kind of message, in order."""
        assert item.text is not None
        conversation = self.state.conversations[item.text.conversation]
        return [f"{message.by} {message.kind}" for message in conversation.messages]

    async def said(self, item: Item) -> list[str]:
        """Return the words of the conversation that somebody wrote, in order."""
        assert item.text is not None
        refs = [x.ref for x in self.state.conversations[item.text.conversation].messages if x.ref]
        found = await self.journal.words(refs)
        return [found[ref].body.decode() for ref in refs]

    async def take(self, item: Item, agent: str = "amina") -> None:
        """The agent signs in and takes the item."""
        who = AgentId(agent)
        for command in (
            c.SignIn(who, f"desk-{agent}"),
            c.SetStatus(who, AgentStatus.AVAILABLE),
            TakeItem(item.id, who),
        ):
            await self.inbox.submit(command, lambda _: None)

    async def do(self, item: Item, message: type[ClientMessage], **fields: object) -> None:
        """The agent who has the item does something with it."""
        agent = self.state.items[item.id].agent or AgentId("amina")
        if "key" in message.__struct_fields__:
            fields["key"] = f"k{next(self.keys)}"
        asked = msgspec.convert({"id": "1", "item": item.id, **fields}, message)
        await self.writing.do(asked, agent)

    async def reply(self, item: Item, text: str, **fields: object) -> None:
        await self.do(item, m.Reply, text=text, **fields)

    async def pass_time(self, span: int) -> None:
        await self.clock.advance_to(self.clock.now() + span)


def read(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


async def nothing(_: tuple[str, ...], __: tuple[str, ...]) -> PastThread | None:
    return None


@asynccontextmanager
async def mail_town(
    folder: Path,
    *,
    policy: Policy | None = None,
    now: Instant = OPEN,
    store: MemoryStore | None = None,
    faults: ScriptedFaults | None = None,
    secret: bytes = SECRET,
    change: Callable[[MailSettings], MailSettings] = lambda settings: settings,
) -> AsyncIterator[MailTown]:
    """Run a town until the block ends; the same store again is the town after a restart."""
    clock = LeapableClock(now)
    store = MemoryStore() if store is None else store
    journal = MemoryJournal(store, clock, faults)
    engine = Engine(await recover(journal))
    publisher, ids = Publisher(), SeededIds(len(store.batches) + 1)
    inbox = Sequencer(engine, journal, clock, ids, publisher, Metrics())
    blobs = FolderBlobs(folder / "blobs")
    async with smtp_server() as post, asyncio.TaskGroup() as tasks:
        settings = MailSettings(
            secret=secret,
            smtp_host="127.0.0.1",
            smtp_port=0,
            smtp_url=f"smtp://127.0.0.1:{post.port}",
        )
        channel = MailChannel(inbox, ids, clock, blobs, change(settings), journal.words, nothing)
        runner = EffectRunner(inbox, clock, {SendMail: channel.outlet})
        publisher.subscribe(runner.follow)
        runner.begin(engine.state)
        running = [tasks.create_task(inbox.run()), tasks.create_task(runner.run())]
        if engine.state.version == 0:
            known = inbox.know_policy(encode(policy if policy is not None else writing_town()))
            await inbox.submit(c.AdoptPolicy(known), lambda _: None)
        await channel.start()
        desktop = Desktop(
            blobs=blobs,
            drafts=MemoryDrafts(),
            key_of=key_of(secret),
            typing=lambda _, __: None,
            render=render_html,
            blocked=NobodyBlocked(),
            kept=nothing_kept,
            earlier=NothingEarlier(),
        )
        writing = Writing(inbox, ids, WordLookup(journal.words), desktop)
        try:
            yield MailTown(clock, store, engine, inbox, channel, blobs, writing, post, journal)
        finally:
            await channel.stop()
            inbox.stop()
            for _ in range(ROUNDS):
                if running[0].done():
                    break
                await clock.advance_to(clock.now() + SECOND)
            for task in running:
                task.cancel()
