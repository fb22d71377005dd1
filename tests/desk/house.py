"""A house for people inside: real engine, sequencer, accounts, web server; virtual time."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec
import uvicorn
import websockets
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.types import ASGIApp

from router.core import commands as c
from router.core.commands_text import ReceiveMail
from router.core.engine import Engine
from router.core.model import SECOND, AgentId, Instant, ItemId, LegResult
from router.core.policy import Policy, encode
from router.desk.openid import Provider, ProviderSettings
from router.desk.sign_in_door import BACK, SignInDoor
from router.desk.surface import DeskSurface
from router.desk.surroundings import Daemons, Door, GivePass, PolicyRefusal
from router.desk.writing import Desktop
from router.errors import UnknownItem
from router.history.account_rows import Role
from router.history.accounts import Accounts
from router.history.audit import Audit
from router.history.blocked import Blocked
from router.history.contacts import Contacts
from router.history.database import Database, default_url
from router.history.earlier import Earlier
from router.history.feeder import HistoryFeeder
from router.history.passwords import Passwords
from router.history.provider_names import ProviderNames
from router.history.report_feeder import ReportFeeder
from router.history.reports import Reports
from router.history.sessions import Sessions
from router.history.threads import Threads
from router.ports import Said, Words
from router.runtime.ids import SeededIds
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.metrics import Metrics
from router.runtime.publisher import Publisher
from router.runtime.recovery import recover
from router.runtime.sequencer import Sequencer
from tests.core.town import OPEN, town
from tests.fakes.engine_clock import LeapableClock
from tests.fakes.memory_texts import MemoryBlobs, MemoryDrafts

PASSWORD = "four plain words here"
WEB_ROOT = "https://town.example.org/hall"  # where people reach it, through a proxy
ROUNDS = 400


@dataclass
class AboutIt:
    version: str = "0.0.test"
    journal: str = "memory"
    kept_since: Instant | None = None
    started_at: Instant = OPEN
    policy_adopted_at: Instant | None = None
    policy_refusal: PolicyRefusal | None = None

    def doors(self) -> tuple[Door, ...]:
        return (Door("imap", "failed", "login: refused", OPEN),)

    def daemons(self) -> Daemons | None:
        return None


@dataclass
class House:
    database: Database
    clock: LeapableClock
    store: MemoryStore
    journal: MemoryJournal
    engine: Engine
    inbox: Sequencer
    accounts: Accounts
    sessions: Sessions
    surface: DeskSurface
    names: ProviderNames
    about: AboutIt
    app: Starlette
    url: str = ""
    lost_words: list[str] = field(default_factory=list)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    typed: list[tuple[str, str]] = field(default_factory=list)  # conversation, agent

    async def token(self, name: str) -> str:
        return await self.sessions.open(name)

    async def pass_time(self, span: int) -> None:
        await self.clock.advance_to(self.clock.now() + span)

    async def keep_alive(self, span: int) -> None:
        """Let time pass while the desk's duty runs as often as it should."""
        end = self.clock.now() + span
        while self.clock.now() < end:
            await self.pass_time(3 * SECOND)
            for duty in self.surface.duties():
                await duty()

    async def form(self, name: str, **fields: str) -> ItemId:
        """A resident sends a form."""
        item = ItemId(name)
        contact = {"number": "+19055550123", "name": "Robin Example", "email": "r@example.org"}
        command = c.SubmitForm(
            item_id=item,
            key=f"form:{name}",
            form="report",
            subject="pothole",
            address_key=f"k-{name}",
            contact_ref=f"c-{name}",
            words_ref=f"w-{name}",
            language="en",
        )
        words = (
            Words(f"c-{name}", "contact", msgspec.json.encode(contact)),
            Words(f"w-{name}", "form", msgspec.json.encode({"where": "Main St", **fields})),
        )
        await self.inbox.submit(command, lambda _: None, words=words)
        return item

    async def mail(self, name: str, text: str, sender: str = "sam", **changes: object) -> ItemId:
        """A resident writes; the item, if it is a new one, is called like the mail."""
        said = Said(text=text, subject="Leaves", message_id=f"<{name}@example.org>")
        contact = {"number": "", "name": "Sam", "email": f"{sender}@example.org"}
        fields: dict[str, object] = {
            "item_id": ItemId(name),
            "conversation": f"V{name}",
            "key": f"mail:{name}",
            "mailbox": "info",
            "address_key": sender,
            "contact_ref": f"c-{name}",
            "words_ref": f"w-{name}",
            "language": "en",
        }
        words = (
            Words(f"c-{name}", "contact", msgspec.json.encode(contact)),
            Words(f"w-{name}", "said", msgspec.json.encode(changes.pop("said", said))),
        )
        command = ReceiveMail(**{**fields, **changes})  # type: ignore[arg-type]
        await self.inbox.submit(command, lambda _: None, words=words)
        return ItemId(name)

    async def call(self, name: str, *keys: str) -> ItemId:
        """A resident phones and presses keys."""
        item = ItemId(name)
        start = c.StartCall(
            item_id=item,
            key=f"call:{name}",
            call_id=f"CA{name}",
            called="+19055550100",
            address_key=f"k-{name}",
            contact_ref="",
        )
        await self.inbox.submit(start, lambda _: None)
        for key in keys:
            step = self.engine.state.items[item].flow.step  # type: ignore[union-attr]
            await self.inbox.submit(c.AdvanceFlow(item, step, digits=key), lambda _: None)
        return item

    async def pick_up(self, item: ItemId, agent: str) -> None:
        """The agent's telephone is answered and the room is known."""
        leg = c.ReportLeg(item, leg="agent", call_id=f"leg-{agent}", result=LegResult.ANSWERED)
        await self.inbox.submit(leg, lambda _: None)
        await self.inbox.submit(c.NoteRoom(item, "room-1"), lambda _: None)

    async def find_words(self, refs: list[str]) -> dict[str, Words]:
        contacts = Contacts(self.database, self.journal)
        return await contacts.words([ref for ref in refs if ref not in self.lost_words])

    async def explain(self, item_id: str) -> tuple[str, ...]:
        if item_id not in self.engine.state.items:
            raise UnknownItem(item_id)
        return (f"{item_id} came in", "and was queued")

    async def feed_history(self) -> None:
        """Have history read the journal and the spool."""
        await HistoryFeeder(self.database, self.journal, self.journal, self.clock)()

    async def feed_reports(self) -> None:
        """Have reports read the journal."""
        await ReportFeeder(self.database, self.journal)()

    def http(self) -> httpx.AsyncClient:
        """A client of the application, without a network."""
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://town.test/api/v1")

    @asynccontextmanager
    async def desk(self, name: str, **hello: object) -> AsyncIterator[Client]:
        """A desk that has been welcomed."""
        token = await self.token(name)
        async with connect(self.url) as client:
            await client.send(type="hello", id="hello", token=token, **hello)
            client.welcome = await client.until("welcome")
            yield client


@dataclass
class Client:
    """A desk's side of the WebSocket; remembers everything it was told."""

    socket: websockets.ClientConnection
    welcome: dict[str, Any] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    _asked: int = 0

    async def send(self, **message: object) -> None:
        await self.socket.send(msgspec.json.encode(message).decode())

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(60):
            message: dict[str, Any] = msgspec.json.decode(await self.socket.recv())
        self.told.append(message)
        return message

    async def until(
        self, kind: str, fits: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """Return the next message of that type that fits; others are skipped."""
        while True:
            message = await self.next()
            if message["type"] == kind and fits(message):
                return message

    async def ask(self, kind: str, **fields: object) -> dict[str, Any]:
        """Send and return the answer, ok or refused."""
        self._asked += 1
        name = f"m{self._asked}"
        await self.send(type=kind, id=name, **fields)
        while True:
            message = await self.next()
            if message.get("id") == name:
                return message

    async def do(self, kind: str, **fields: object) -> Self:
        answer = await self.ask(kind, **fields)
        assert answer["type"] == "ok", answer
        return self

    def last(self, kind: str) -> dict[str, Any]:
        return next(m for m in reversed(self.told) if m["type"] == kind)

    async def close_code(self) -> int:
        """Read to the end; return the close code."""
        try:
            while True:
                await self.next()
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else 1006


@asynccontextmanager
async def connect(url: str, **options: Any) -> AsyncIterator[Client]:
    address = url.replace("http://", "ws://") + "/desk"
    async with websockets.connect(address, compression=None, **options) as connection:
        yield Client(connection)


@asynccontextmanager
async def house(
    folder: Path,
    *,
    store: MemoryStore | None = None,
    now: Instant = OPEN,
    serve: bool = True,
    port: int = 0,
    seed: int = 1,
    policy: Policy | None = None,
    provider: ProviderSettings | None = None,
    web_root: str = WEB_ROOT,
    softphone: GivePass | None = None,
    opens: bool = True,
) -> AsyncIterator[House]:
    """Run everything; the same folder and store again is the same town after a restart."""
    clock = LeapableClock(now)
    database = Database(default_url(folder))
    kept = MemoryStore() if store is None else store
    made = await _built(database, clock, kept, seed, provider, web_root, softphone)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(made.inbox.run())
        try:
            if opens and made.engine.state.version == 0:
                await _open_town(made, policy if policy is not None else town())
            if serve:
                async with served(made.app, port) as made.url:
                    yield made
                    await made.surface.stop()
            else:
                yield made
        finally:
            made.inbox.stop()
            for _ in range(ROUNDS):
                if running.done():
                    break
                await clock.advance_to(clock.now() + SECOND)
            running.cancel()
            await database.close()


async def _built(
    database: Database,
    clock: LeapableClock,
    store: MemoryStore,
    seed: int,
    provider: ProviderSettings | None,
    web_root: str,
    softphone: GivePass | None,
) -> House:
    journal = MemoryJournal(store, clock)
    engine = Engine(await recover(journal))
    publisher, ids = Publisher(), SeededIds(seed)
    inbox = Sequencer(engine, journal, clock, ids, publisher, Metrics())
    hashing = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    accounts, about = Accounts(database, clock, hashing), AboutIt()
    sessions, audit = Sessions(database, clock), Audit(database, clock)
    names = ProviderNames(database, clock)
    built: list[House] = []
    blobs, typed = MemoryBlobs(), list[tuple[str, str]]()

    async def find_words(refs: list[str]) -> dict[str, Words]:
        return await built[0].find_words(refs)

    surface = DeskSurface(
        inbox=inbox,
        publisher=publisher,
        accounts=accounts,
        role_of=Role,
        sessions=sessions,
        audit=audit,
        words=find_words,
        reports=Reports(database, clock),
        explain=lambda item_id: built[0].explain(item_id),
        about=about,
        clock=clock,
        ids=ids,
        desktop=_desktop(database, clock, blobs, typed, softphone),
        names=names,
        sign_in_door=_door(provider, names, web_root),
        web_root=web_root,
    )
    built.append(
        House(
            database=database,
            clock=clock,
            store=store,
            journal=journal,
            engine=engine,
            inbox=inbox,
            accounts=accounts,
            sessions=sessions,
            surface=surface,
            names=names,
            about=about,
            app=Starlette(routes=surface.routes()),
            blobs=blobs,
            typed=typed,
        )
    )
    return built[0]


def _desktop(
    database: Database,
    clock: LeapableClock,
    blobs: MemoryBlobs,
    typed: list[tuple[str, str]],
    softphone: GivePass | None,
) -> Desktop:
    return Desktop(
        blobs=blobs,
        drafts=MemoryDrafts(),
        render=lambda html, *, remote, pictures: f"{remote} {sorted(pictures)} {html}",
        blocked=Blocked(database, clock),
        kept=Threads(database).kept,
        earlier=Earlier(database),
        key_of=lambda email: f"key-of-{email}",
        typing=lambda conversation, agent: typed.append((conversation, agent)),
        softphone=softphone,
    )


def _door(
    provider: ProviderSettings | None, names: ProviderNames, web_root: str
) -> SignInDoor | None:
    """The town's clock is virtual, the provider's is not."""
    if provider is None:
        return None
    made = Provider(provider, redirect_uri=f"{web_root}{BACK}", seconds=lambda: int(time.time()))
    return SignInDoor(provider=made, names=names, web_root=web_root)


async def _open_town(made: House, policy: Policy) -> None:
    digest = made.inbox.know_policy(encode(policy))
    await made.inbox.submit(c.AdoptPolicy(digest), lambda _: None)
    agents = {name: AgentId(name) for name in ("amina", "boris", "chloe")}
    await made.accounts.create_practice(agents, PASSWORD)
    await made.accounts.create("sam", Role.SUPERVISOR, by="test")
    await made.accounts.create("adele", Role.ADMINISTRATOR, by="test")
    for name in ("sam", "adele"):
        one_time = await made.accounts.reset_password(name, by="test")
        await made.accounts.change_password(name, one_time, f"{PASSWORD} {name}")


@asynccontextmanager
async def served(app: ASGIApp, port: int) -> AsyncIterator[str]:
    listening = socket.create_server(("127.0.0.1", port))
    config = uvicorn.Config(
        app, log_config=None, lifespan="off", ws="websockets-sansio", ws_per_message_deflate=False
    )
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.001)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
    listening.close()
