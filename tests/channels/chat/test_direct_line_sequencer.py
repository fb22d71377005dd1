"""The channel over the real sequencer and a journal: stored first, then told, by stream too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from starlette.applications import Starlette

from channels.chat.adapter import ChatChannel
from channels.chat.entrance import ChatSettings
from router.core import commands as c
from router.core.engine import Engine
from router.core.model import SECOND
from router.core.policy import encode
from router.runtime.ids import SeededIds
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.metrics import Metrics
from router.runtime.publisher import Publisher
from router.runtime.recovery import recover
from router.runtime.sequencer import Sequencer
from tests.channels.chat.chat_town import (
    BASE,
    Chat,
    MemoryBlobs,
    chatty_town,
    listening,
    serve_app,
)
from tests.core.town import OPEN
from tests.fakes.engine_clock import LeapableClock
from tests.ports import free_port


@dataclass
class Running:
    channel: ChatChannel
    http: httpx.AsyncClient
    store: MemoryStore


@asynccontextmanager
async def running(store: MemoryStore, port: int, seed: int) -> AsyncIterator[Running]:
    """Run a daemon's worth of parts; the same store again is the same town after a restart."""
    clock, publisher = LeapableClock(OPEN), Publisher()
    journal = MemoryJournal(store, clock)
    inbox = Sequencer(
        Engine(await recover(journal)), journal, clock, SeededIds(seed), publisher, Metrics()
    )
    url = f"http://127.0.0.1:{port}"
    channel = ChatChannel(
        inbox, SeededIds(seed), clock, ChatSettings(b"secret", url, 100_000), publisher=publisher,
        words=journal.words, blobs=MemoryBlobs(), typing=lambda _: None, blocked=lambda _: False,
    )  # fmt: skip
    app = Starlette(routes=channel.routes())
    async with asyncio.TaskGroup() as tasks:
        sequencing = tasks.create_task(inbox.run())
        if await journal.version() == 0:
            digest = inbox.know_policy(encode(chatty_town()))
            await inbox.submit(c.AdoptPolicy(digest), lambda _: None)
        async with serve_app(app, port), httpx.AsyncClient(base_url=url) as http:
            yield Running(channel, http, store)
            await channel.stop()
        inbox.stop()
        for _ in range(20):
            await clock.advance_to(clock.now() + SECOND)
        sequencing.cancel()


async def test_a_chat_goes_on_after_a_restart_from_the_journal() -> None:
    store, port = MemoryStore(), free_port()
    async with running(store, port, seed=1) as town:
        opened = (await town.http.post(f"{BASE}/tokens/generate")).json()
        chat = Chat(town.http, opened["conversationId"], opened["token"])
        url = (await chat.ask("GET", "?watermark=")).json()["streamUrl"]
        async with listening(url) as listener:
            answers = await asyncio.gather(*(chat.say(f"{n}", cid=f"{n % 5}") for n in range(20)))
            assert len(set(answers)) == 5
            while len(listener.texts) < 5:
                await listener.next()
            heard, watermark = listener.texts, listener.watermark
    async with running(store, port, seed=2) as town:
        chat.http = town.http
        assert await chat.say("a repeat is told as what was stored", cid="0") in answers
        url = (await chat.ask("GET", "?watermark=0")).json()["streamUrl"]
        async with listening(url) as listener:
            while len(listener.texts) < 5:
                await listener.next()
            assert listener.texts == heard
        url = (await chat.ask("GET", f"?watermark={watermark}")).json()["streamUrl"]
        async with listening(url) as listener:
            await chat.say("after", cid="after")
            await listener.until("message", text="after")
            assert listener.texts == ["after"]
        assert await chat.texts() == [*heard, "after"]
