"""Residents who chat: they say several things, fall silent, come back, or leave.

What they say is sent again under the same id until it is acknowledged. Some hear by the stream and
come back with their watermark when it breaks, others ask every few seconds.
"""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import quote

import httpx

from router.core.model import MINUTE, SECOND, Instant
from tests.simulation.ledgers import Broken, Told
from tests.simulation.residents import NUMBERS
from tests.simulation.town import PUBLIC, Town
from tests.simulation.virtual_loop import LoopClock
from tests.simulation.watch import Watch
from tests.simulation.wires_text import StreamToTown

BASE: Final = f"{PUBLIC}/v3/directline"
LATER: Final = frozenset({429, 503})
STREAM_GOES_S: Final = 4000  # nobody listens for longer
ABSENT: Final = 22 * MINUTE  # then what was not seen has gone by mail: 15 min, a duty, a restart


@dataclass
class Guest:
    """One resident in one chat."""

    name: str
    sender: str  # network address
    rng: random.Random
    told: Told = field(default_factory=lambda: Told(""))
    token: str = ""
    watermark: str = ""
    said: int = 0
    has_begun: bool = False
    away_since: Instant | None = None  # nobody listens since then
    stream: StreamToTown | None = None


@dataclass
class Chatters:
    """Everybody who chats."""

    town: Town
    http: httpx.AsyncClient
    clock: LoopClock
    watch: Watch
    guests: list[Guest] = field(default_factory=list)
    calm: bool = False
    fair_since: Instant = 0  # nothing goes wrong any more

    async def chat(self, rng: random.Random) -> None:
        """Be a resident with a question, from opening the chat to going away."""
        number = len(self.guests)
        guest = Guest(f"guest-{number}", f"198.51.100.{number % 250}", rng)
        self.guests.append(guest)
        about = {"user": {"id": f"dl_{guest.name}"}, "locale": rng.choice(["en", "fr-CA"])}
        opened = await self._ask(guest, "POST", "/tokens/generate", json=about)
        guest.token, guest.told.conversation = opened["token"], opened["conversationId"]
        await self._ask(guest, "POST", "/conversations")
        self.watch.texts.chats.append(guest.told)
        listening = asyncio.create_task(self._listen(guest))
        try:
            await self._talk(guest)
        finally:
            if guest.stream is not None:
                guest.stream.hang_up(says_so=rng.random() < 0.5)
            listening.cancel()
            await asyncio.wait([listening])
            guest.away_since = self.clock.now()
        if not listening.cancelled():
            listening.result()

    async def _talk(self, guest: Guest) -> None:
        rng = guest.rng
        for _ in range(rng.randint(1, 5)):
            await self._say(guest)
            await self._patiently(guest, rng.choice([5, 60, 200]))
            doing = rng.choice(["", "", "", "contact", "contact", "callback", "copy", "rate"])
            if doing and guest.has_begun:
                await self._do(guest, doing)
            if not self.calm and rng.random() < 0.2:  # does something else; the chat falls asleep
                await self._pause(rng.uniform(11, 25) * 60)
            await self._pause(rng.uniform(1, 40))
        if rng.random() < 0.4:
            await self._post(guest, {"type": "event", "name": "townline/end"})

    async def _say(self, guest: Guest) -> None:
        guest.said += 1
        cid = f"{guest.name}-{guest.said}"
        text = f"Question {guest.said} of {guest.name}"
        activity = {"type": "message", "text": text, "channelData": {"clientActivityID": cid}}
        again = guest.rng.choice([1, 1, 1, 2])
        has_file = guest.rng.random() < 0.15
        for _ in range(again):
            if has_file:
                answer = await self._upload(guest, activity)
            else:
                answer = await self._post(guest, activity)
            texts = self.watch.texts
            self.watch.check(partial(texts.acknowledged, guest.told, cid, answer["id"]))
        guest.has_begun = True

    async def _do(self, guest: Guest, doing: str) -> None:
        email = f"{guest.name}@example.com"
        values: dict[str, dict[str, Any]] = {
            "contact": {"name": "Jo Example", "email": email},
            "callback": {"number": guest.rng.choice(NUMBERS)},
            "copy": {"email": email},
            "rate": {"score": guest.rng.randint(1, 5)},
        }
        name = {"copy": "transcript", "rate": "survey"}.get(doing, doing)
        activity = {"type": "event", "name": f"townline/{name}", "value": values[doing]}
        answer = await self._post(guest, activity, may_refuse=True)
        if doing == "contact" and "id" in answer:
            guest.told.email = email

    async def _patiently(self, guest: Guest, seconds: float) -> None:
        """Wait for an answer, not for ever."""
        known, until = len(guest.told.messages), self.clock.now() + int(seconds * SECOND)
        while self.clock.now() < until:
            await self._pause(2)
            if any(not own for _, _, own in guest.told.messages[known:]):
                return

    # --- hearing ---------------------------------------------------------------------------------

    async def _listen(self, guest: Guest) -> None:
        by_stream = guest.rng.random() < 0.7
        pause_s = 8 if by_stream else 20
        while True:
            with suppress(httpx.HTTPError):
                await (self._hear_stream(guest) if by_stream else self._poll(guest))
            await self._pause(guest.rng.uniform(1, pause_s))

    async def _hear_stream(self, guest: Guest) -> None:
        path = f"/conversations/{guest.told.conversation}?watermark={quote(guest.watermark)}"
        url = (await self._ask(guest, "GET", path))["streamUrl"]
        guest.stream = self.town.door.stream(url, guest.sender)
        ends = self.clock.now() + int(guest.rng.choice([30, 300, STREAM_GOES_S]) * SECOND)
        deaf = self.clock.now() + int(guest.rng.choice([5, 60, 600, STREAM_GOES_S]) * SECOND)
        try:
            async for frame in guest.stream.frames():
                if self.clock.now() >= ends:
                    return
                if self.clock.now() >= deaf:  # the line is dead and nobody knows yet
                    await self._pause(guest.rng.uniform(1, 30))
                    return
                self._hear(guest, json.loads(frame or "{}"))
        finally:
            guest.stream.hang_up(says_so=False)
            guest.stream = None

    async def _poll(self, guest: Guest) -> None:
        path = f"/conversations/{guest.told.conversation}/activities?watermark={guest.watermark}"
        self._hear(guest, await self._ask(guest, "GET", path))

    async def catch_up(self, guest: Guest) -> None:
        """Come back once more and ask for what is still missing."""
        if guest.told.conversation and guest.has_begun:
            await self._poll(guest)
            self.watch.check(lambda: self.watch.texts.complete(guest.told))

    def look_who_missed_something(self) -> None:
        """Who is away for long must have got by mail what they did not see. Errors: `Broken`."""
        for guest in self.guests:
            before = self.clock.now() - ABSENT
            if guest.away_since is not None and max(guest.away_since, self.fair_since) < before:
                self.watch.texts.absent(guest.told, before)

    def _hear(self, guest: Guest, heard: dict[str, Any]) -> None:
        for activity in heard.get("activities", ()):
            number = activity["id"].rpartition("|")[2]
            if number.isdigit():
                own = activity["from"]["role"] == "user"
                tell = partial(self.watch.texts.told, guest.told, int(number), activity["text"])
                self.watch.check(partial(tell, is_own=own))
        guest.watermark = heard.get("watermark", guest.watermark)

    # --- asking ----------------------------------------------------------------------------------

    async def _post(
        self, guest: Guest, activity: dict[str, Any], *, may_refuse: bool = False
    ) -> dict[str, Any]:
        path = f"/conversations/{guest.told.conversation}/activities"
        return await self._ask(guest, "POST", path, may_refuse=may_refuse, json=activity)

    async def _upload(self, guest: Guest, activity: dict[str, Any]) -> dict[str, Any]:
        path = f"/conversations/{guest.told.conversation}/upload"
        photo = ("photo.jpg", f"photo {activity['text']}".encode(), "image/jpeg")
        parts = {"activity": (None, json.dumps(activity)), "file": photo}
        return await self._ask(guest, "POST", path, files=parts)

    async def _ask(
        self, guest: Guest, method: str, path: str, *, may_refuse: bool = False, **more: Any
    ) -> dict[str, Any]:
        """Ask until there is an answer."""
        while True:
            headers = {"X-From": guest.sender}
            if guest.token:
                headers["Authorization"] = f"Bearer {guest.token}"
            try:
                answer = await self.http.request(method, f"{BASE}{path}", headers=headers, **more)
            except httpx.HTTPError:
                await self._pause(guest.rng.uniform(1, 20))
                continue
            if answer.status_code in (200, 201, 202):
                found: dict[str, Any] = answer.json()
                return found
            if answer.status_code == 403 and "TokenExpired" in answer.text:
                guest.token = (await self._ask(guest, "POST", "/tokens/refresh"))["token"]
            elif answer.status_code not in LATER:
                if not may_refuse or answer.status_code >= 500:
                    raise Broken(f"{method} {path}: {answer.status_code} {answer.text}")
                return {}
            await self._pause(guest.rng.uniform(1, 20))

    async def _pause(self, seconds: float) -> None:
        await self.clock.sleep_until(self.clock.now() + int(seconds * SECOND))
