"""A town from outside: the real process, a carrier with telephones, people who write, agents.

Webhooks, REST calls, forms, mails, chats and desks go over real connections on 127.0.0.1. What the
daemon has acknowledged is written down here, by those to whom it was acknowledged; nothing is
asked of the daemon about itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from channels.voice.practice.call import Call
from channels.voice.practice.carrier import Carrier, Subscription
from channels.voice.practice.exchange import Pace
from channels.voice.practice.handset import Handset, presses
from channels.voice.practice.serving import address, listening, serving
from router.runtime.clock import SystemClock
from tests.end_to_end.chat_residents import ChatResident
from tests.end_to_end.desk_client import PASSWORD, AgentDesk, Habits
from tests.end_to_end.mail_residents import Letters, World, world
from tests.end_to_end.process import START_S, Daemon, Edits, reached

ACCOUNT: Final = "AC" + "0" * 32
TOKEN: Final = "practice-token-of-this-test"
TOWN: Final = "+19055550100"
QUICK: Final = Pace(say_s_per_character=0, play_s=0.2, tone_s=0, loop_s=0.2)
AGENT_PHONE: Final = Handset(after_s=0.05, script=presses("1"))
AGAIN_S: Final = 0.1

CENTRE: Final = """  centre: # who answers the main line: of its layers one is there at each instant
    weekly: {mon-fri: 08:00-18:00, sat: 09:00-13:00}
    on_holidays: closed
    dates:
      - {date: 2026-12-24, open: 08:00-12:00, reason: Christmas Eve}
      - {date: 2026-12-31, open: 08:00-12:00, reason: New Year's Eve}

"""
ALWAYS_OPEN: Final[Edits] = {
    "config/hours.yaml": (
        ("mon-fri: 08:00-18:00\n      sat: 09:00-13:00", "mon-sun: 00:00-24:00"),
        ("on_holidays: closed", "on_holidays: 00:00-24:00"),
        ("open: 08:00-12:00", "open: 00:00-24:00"),
        ("{layer: centre, hours: town_hall}", "{layer: centre, hours: centre}"),
        ("  # Staff of the community centres", CENTRE + "  # Staff of the community centres"),
    ),
}
SOON: Final[Edits] = {
    "config/announcements.yaml": (
        ("first_after_s: 10", "first_after_s: 1"),
        ("every_s: 45", "every_s: 10"),
    ),
    "config/queues.yaml": (("offer_after_s: 90", "offer_after_s: 1"),),
}
"""What waiting callers hear comes after a second instead of a minute."""
MANY_FORMS: Final[Edits] = {
    **SOON,
    "config/forms.yaml": (("  inquiry:\n", "  inquiry:\n    per_hour_max: 100000\n"),),
}


class Persistent(httpx.AsyncBaseTransport):
    """What stands between carrier and town: a request waits while nobody listens there."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_keepalive_connections=0), trust_env=False
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        while True:
            try:
                return await self._inner.handle_async_request(request)
            except httpx.ConnectError:
                await asyncio.sleep(AGAIN_S)

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(frozen=True)
class Receipt:
    """A form that was acknowledged."""

    key: str
    reference: str
    repeated: bool  # the daemon had it already


@dataclass
class Forms:
    """Residents who send forms again until somebody says that they have them."""

    daemon: Daemon
    receipts: list[Receipt] = field(default_factory=list)
    sent: int = 0
    refusals: list[int] = field(default_factory=list)

    async def send(self, key: str, form: str = "inquiry", **fields: str) -> Receipt:
        """Send until acknowledged."""
        while True:
            answer = await self.send_once(key, form, **fields)
            if answer is not None and answer.status_code in (200, 201):
                break
            await asyncio.sleep(AGAIN_S)
        receipt = Receipt(key, str(answer.json()["reference"]), answer.status_code == 200)
        self.receipts.append(receipt)
        return receipt

    async def send_once(self, key: str, form: str = "inquiry", **fields: str) -> Any:
        """Send; return the answer, None when there was none."""
        body = fields or {
            "question": f"When is the market? ({key})",
            "name": "Jo Example",
            "email": "jo@example.org",
        }
        self.sent += 1
        headers = {"Idempotency-Key": key, "Accept": "application/json"}
        try:
            url = f"{self.daemon.url}/forms/{form}"
            answer = await self.daemon.http.post(url, json=body, headers=headers)
        except httpx.TransportError:
            return None
        if answer.status_code not in (200, 201):
            self.refusals.append(answer.status_code)
            assert answer.status_code == 503, f"{answer.status_code}: {answer.text}"
        return answer


class Rig:
    """Everything outside the daemon, and the daemon."""

    def __init__(
        self, daemon: Daemon, carrier: Carrier, world: World, tasks: asyncio.TaskGroup
    ) -> None:
        self.daemon = daemon
        self.carrier = carrier
        self.world = world
        self.forms = Forms(daemon)
        self.letters = Letters(daemon)
        self.chats: list[ChatResident] = []
        self.desks: dict[str, AgentDesk] = {}
        self._tasks = tasks
        self._running: list[asyncio.Task[None]] = []

    def agent(self, name: str, habits: Habits | None = None) -> AgentDesk:
        """Have an agent at a desk from now on."""
        desk = self.desks[name] = AgentDesk(self.daemon, name, habits)
        self._running.append(self._tasks.create_task(desk.run()))
        return desk

    async def at_desk(self, name: str, habits: Habits | None = None) -> AgentDesk:
        """Have an agent at a desk; return once they are available."""
        desk = self.agent(name, habits)
        await reached(f"{name} is available", lambda: "available" in desk.acknowledged("status"))
        return desk

    def call(self, number: str = "+19055550190", to: str = TOWN) -> Call:
        """Dial the town."""
        return self.carrier.call_in(number, to)

    async def press(self, call: Call, *keys: str) -> None:
        """Press each key when the line asks for one."""
        for key in keys:
            await reached(
                f"digits are asked for before {key!r}: {self.told(call)}",
                lambda: call.expects == "digits" or call.over,
            )
            assert not call.over, self.told(call)
            call.press(key)
            await reached(f"{key!r} was taken", lambda: call.expects != "digits" or not call.keys)

    async def at(self, call: Call, place: str, within_s: float = START_S) -> None:
        """Wait until the call is there: queue, conference, talking, over."""

        def there() -> bool:
            return call.over if place == "over" else call.place == place

        await reached(f"the call is in {place}: {self.told(call)}", there, within_s=within_s)

    def told(self, call: Call) -> str:
        """Return what happened on a call, for messages of failed tests."""
        heard = self.carrier.ledger.heard(call.sid)
        troubles = [f"{each.code} {each.text}" for each in self.carrier.ledger.troubles(call.sid)]
        return f"{call.status} {call.place or '-'} heard {heard[-4:]} troubles {troubles[-4:]}"

    def item_of(self, call: Call) -> str:
        """Return the reference number under which the town writes of a call."""
        for sent in self.carrier.ledger.sent(call_sid=call.sid):
            found = re.search(r"/voice/(?:flow|wait|key|left|move)/([0-9A-Z]{10})", sent.body)
            if found:
                return found.group(1)
        raise AssertionError(f"no document names an item: {self.told(call)}")

    async def session(self, name: str) -> dict[str, str]:
        """Sign in over HTTP; return the headers of that session."""
        body = {"name": name, "password": PASSWORD}
        answer = await self.daemon.http.post(f"{self.daemon.url}/api/v1/sessions", json=body)
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    async def item(self, reference: str, headers: dict[str, str]) -> dict[str, Any]:
        """Return an item as the interface shows it."""
        answer = await self.daemon.get(f"/api/v1/items/{reference}", **headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def go_home(self) -> None:
        """Take everybody from their desks."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()


@asynccontextmanager
async def town(folder: Path, *, edits: Edits | None = None, **settings: str) -> AsyncIterator[Rig]:
    """Give a rig whose daemon is not started yet; everything is ended on leaving."""
    failure: Exception | None = None  # told bare, not wrapped into groups by what is ended
    async with AsyncExitStack() as stack:
        sock = stack.enter_context(listening(0))
        rest_url = address(sock)
        outside = await stack.enter_async_context(world())
        daemon = Daemon(
            folder,
            edits=edits,
            TOWNLINE_TWILIO__ACCOUNT_SID=ACCOUNT,
            TOWNLINE_TWILIO__AUTH_TOKEN=TOKEN,
            TOWNLINE_TWILIO__BASE_URL=rest_url,
            **{"TOWNLINE_MAIL__SMTP_URL": f"smtp://127.0.0.1:{outside.port}", **settings},
        )
        stack.push_async_callback(daemon.http.aclose)
        stack.callback(daemon.give_up)
        http = await stack.enter_async_context(
            httpx.AsyncClient(transport=Persistent(), timeout=None)
        )
        subscription = Subscription(
            account_sid=ACCOUNT,
            auth_token=TOKEN,
            voice_url=f"{daemon.url}/voice/incoming",
            fallback_url=f"{daemon.url}/voice/incoming",
            status_url=f"{daemon.url}/voice/status",
            rest_url=rest_url,
        )
        carrier = Carrier(subscription, http=http, clock=SystemClock(0), pace=QUICK)
        carrier.answer_everything(AGENT_PHONE)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        await stack.enter_async_context(serving(carrier, sock))
        await stack.enter_async_context(carrier)
        rig = Rig(daemon, carrier, outside, tasks)
        try:
            yield rig
        except Exception as error:
            failure = error
        await rig.go_home()
    if failure is not None:
        raise failure
