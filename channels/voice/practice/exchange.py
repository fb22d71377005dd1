"""What every call of one carrier shares: clock, webhooks, ledger, queues, conferences, recordings.

Plain registers and two services: running something beside a call (`spawn`), and telling the town
something without waiting for the answer (`tell`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine

import msgspec

from channels.voice.practice.call import Call
from channels.voice.practice.clock import SECOND, Clock
from channels.voice.practice.conferences import Conference
from channels.voice.practice.handset import ABSENT, Handset
from channels.voice.practice.ledger import Heard, Ledger, Trouble
from channels.voice.practice.queues import Queue
from channels.voice.practice.webhooks import Fetch, Params, Webhooks


class Pace(msgspec.Struct, frozen=True):
    """How long things take that have no length of their own."""

    say_s_per_character: float = 0.06  # a calm voice: about 160 words a minute
    play_s: float = 10  # a sound whose length is not known
    tone_s: float = 0.5
    loop_s: float = 1  # least time between two requests of the same waiting music


class Recording(msgspec.Struct):
    """What somebody said after the beep."""

    sid: str
    call_sid: str
    text: str
    started_at: int  # nanoseconds UTC
    duration_s: int
    status: str = "completed"


class Exchange:
    """The registers of one carrier."""

    def __init__(
        self,
        *,
        clock: Clock,
        ledger: Ledger,
        webhooks: Webhooks,
        account_sid: str,
        rest_url: str,
        pace: Pace,
    ) -> None:
        self.clock = clock
        self.ledger = ledger
        self.webhooks = webhooks
        self.account_sid = account_sid
        self.rest_url = rest_url
        self.pace = pace
        self.calls: dict[str, Call] = {}
        self.queues: dict[str, Queue] = {}  # by sid
        self.conferences: dict[str, Conference] = {}  # by sid, ended ones too
        self.recordings: dict[str, Recording] = {}
        self.handsets: dict[str, Handset] = {}  # by number, SIP address or client name
        self.default_handset = ABSENT
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._telling: set[asyncio.Task[None]] = set()

    @staticmethod
    def new_sid(prefix: str) -> str:
        """Return a carrier's name for something: two letters and 32 hex digits."""
        return prefix + secrets.token_hex(16)

    def open(self, group: asyncio.TaskGroup) -> None:
        """Have everything run in that group from now on."""
        self._group = group

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run something beside everything else, until the carrier closes."""
        if self._group is None:
            work.close()
            raise RuntimeError("the carrier is not open: use `async with carrier:`")
        try:
            task = self._group.create_task(work)
        except RuntimeError:  # the group is on its way out because something else failed
            work.close()
            raise
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def stop(self) -> None:
        """Drop everything that still runs."""
        for task in self._tasks:
            task.cancel()

    def after(self, seconds: float, act: Callable[[], None]) -> asyncio.Task[None]:
        """Do something later; cancel the returned task to have it not done."""

        async def later() -> None:
            await self.clock.sleep_until(self.clock.now() + round(seconds * SECOND))
            act()

        return self.spawn(later())

    def tell(self, call: Call, fetch: Fetch, *, status: str = "") -> None:
        """Send a webhook about the call as it is now, and do not wait for the answer."""
        self.tell_about(call.sid, call.params(status), fetch)

    def tell_about(self, call_sid: str, params: Params, fetch: Fetch) -> None:
        """Send a webhook and do not wait for the answer."""
        task = self.spawn(self.webhooks.tell(call_sid, params, fetch))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def told(self) -> None:
        """Wait until all news is with the town, or was given up."""
        while self._telling:
            await asyncio.wait(self._telling)

    def hear(self, call: Call, kind: str, text: str, language: str = "") -> None:
        """Write down that the person at this call hears something."""
        self.ledger.add(Heard(self.clock.now(), call.sid, kind, text, language))

    def trouble(self, call: Call, code: int, text: str, *, warning: bool = False) -> None:
        """Write down an error or a warning of the carrier."""
        self.ledger.add(Trouble(self.clock.now(), call.sid, code, text, warning))

    def handset(self, address: str) -> Handset:
        """Return the telephone with that address."""
        return self.handsets.get(address, self.default_handset)

    def queue_named(self, name: str) -> Queue | None:
        """Return the queue with that name."""
        return next((queue for queue in self.queues.values() if queue.name == name), None)

    def new_queue(self, name: str, max_size: int = 1000) -> Queue:
        """Open a queue."""
        queue = Queue(self.new_sid("QU"), name, self.clock.now(), max_size)
        self.queues[queue.sid] = queue
        return queue

    def conference_named(self, name: str) -> Conference | None:
        """Return the conference with that name which has not ended."""
        rooms = self.conferences.values()
        return next((r for r in rooms if r.name == name and r.status != "completed"), None)

    def new_conference(self, name: str) -> Conference:
        """Open a room."""
        room = Conference(self, self.new_sid("CF"), name)
        self.conferences[room.sid] = room
        return room
