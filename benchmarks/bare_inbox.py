"""The engine behind the barest of endpoints: what deciding and storing cost without a channel.

    .venv/bin/python -m benchmarks.bare_inbox PORT JOURNAL

Every POST is decoded from JSON, becomes the command of a web form, is decided by the engine in the
daemon's sequencer, stored in the daemon's journal, and answered 202. No fields are checked, nothing
is rendered, history is not fed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import uvloop
from starlette.types import Receive, Scope, Send

from benchmarks.servers import OPENING
from benchmarks.towns import shipped
from router.core.commands import AdoptPolicy, SubmitForm
from router.core.engine import Engine
from router.core.model import ItemId
from router.core.policy import Policy, encode
from router.core.state import State
from router.ports import Ids, Inbox, Words
from router.runtime import collector, http
from router.runtime.clock import SystemClock
from router.runtime.ids import RandomIds
from router.runtime.journal_sqlite import SqliteJournal
from router.runtime.metrics import Metrics
from router.runtime.practice import PracticeClock, instant_of
from router.runtime.publisher import Publisher
from router.runtime.recovery import recover
from router.runtime.sequencer import Sequencer
from router.runtime.settings import Http

DECODER = msgspec.json.Decoder(dict[str, str])


class Application:
    """Raw ASGI in front of the inbox."""

    def __init__(self, inbox: Sequencer) -> None:
        self._inbox = inbox
        self._ids = RandomIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more = scope["method"] == "POST"
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if body:
            await submit(self._inbox, self._ids, DECODER.decode(body))
        status = 202 if body else 200
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def submit(inbox: Inbox, ids: Ids, fields: dict[str, str]) -> None:
    """Return once the command of a web form is stored."""
    ref = ids.unique("w_")
    command = SubmitForm(
        item_id=ItemId(ids.item_id()),
        key=f"form:{ref}",
        form="inquiry",
        language="en",
        subject="general",
        address_key=ref[:32],
        contact_ref=ref,
        words_ref=ref,
    )
    words = (Words(ref, "form", msgspec.json.encode(fields)),)
    await inbox.submit(command, _stored, words=words)


def _stored(state: State) -> int:
    return state.version


@asynccontextmanager
async def opened(path: Path, town: Policy) -> AsyncIterator[Sequencer]:
    """Run a sequencer on a journal of its own; the town is open."""
    journal = await SqliteJournal.open(path)
    clock = PracticeClock(SystemClock(0))
    zone = "America/Toronto"
    clock.start_at(instant_of(OPENING, zone), zone, not_before=0)
    inbox = Sequencer(
        Engine(await recover(journal)), journal, clock, RandomIds(), Publisher(), Metrics()
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(inbox.run())
        await inbox.submit(AdoptPolicy(inbox.know_policy(encode(town))), _stored)
        collector.calm()
        yield inbox
        inbox.stop()
    await journal.close()


async def serve(port: int, path: Path) -> None:
    async with opened(path, shipped()) as inbox:
        await http.server(Application(inbox)).serve(sockets=[http.listen(Http(port=port))])


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
