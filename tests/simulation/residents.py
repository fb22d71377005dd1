"""Residents: they call, press what they like, wait, book callbacks, leave messages, send forms."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import httpx

from channels.voice.practice.call import Call, CallEnded
from channels.voice.practice.carrier import Carrier
from channels.voice.practice.handset import Behaviour, Handset, hangs_up_after
from router.core.model import SECOND
from tests.simulation.town import PUBLIC
from tests.simulation.virtual_loop import LoopClock
from tests.simulation.watch import Watch

NUMBERS: Final = [f"+190555501{last:02}" for last in range(40, 78)]
CALLED: Final = ["+19055550100"] * 5 + ["+19055550101", "+19055550102", "+19055550103"]
KEYS: Final = ["1", "1", "1", "2", "3", "4", "5", "6", "7", "0", "0", "*", "9", "9055550177#", ""]
OUTSIDE: Final = [f"+190555501{last}" for last in range(80, 87)]
TALK_MAX_S: Final = 400


@dataclass
class Residents:
    """Everybody outside."""

    carrier: Carrier
    http: httpx.AsyncClient
    clock: LoopClock
    watch: Watch
    forms: int = 0
    sent: int = 0  # forms that were acknowledged

    def plug_in(self, rng: random.Random) -> None:
        """Have telephones outside behave anew."""
        for number in (*NUMBERS, *OUTSIDE):
            behaviour = rng.choice([Behaviour.ANSWERS] * 6 + list(Behaviour))
            if behaviour is Behaviour.MANUAL:
                behaviour = Behaviour.NO_ANSWER
            script = hangs_up_after(rng.uniform(1, TALK_MAX_S))
            self.carrier.register(number, Handset(behaviour, rng.uniform(1, 20), script))

    async def call(self, rng: random.Random) -> None:
        """Call the town, perhaps more than once."""
        number = rng.choice(NUMBERS)
        for _ in range(3):
            line = self.carrier.call_in(number, rng.choice(CALLED))
            with suppress(CallEnded):
                await self._hold(line, rng)
            if rng.random() < 0.6:
                return
            await self.clock.sleep_until(self.clock.now() + rng.randint(1, 600) * SECOND)

    async def _hold(self, line: Call, rng: random.Random) -> None:
        now, eager = self.clock.now, rng.choice([0.1, 0.6, 0.9])
        leaves = now() + rng.choice([4, 20, 60, 200, 600, 1500]) * SECOND
        while True:
            await line.rest(rng.uniform(0.3, 6))
            if line.place == "conference":
                leaves = now() + rng.randint(5, TALK_MAX_S) * SECOND
                while line.place == "conference" and now() < leaves:
                    await line.rest(rng.uniform(1, 9))
            if now() >= leaves:
                line.hang_up()
            elif line.expects == "digits" and rng.random() < eager:
                line.press(rng.choice(KEYS))
            elif line.expects == "recording":
                line.speak("a message", seconds=rng.randint(1, 30))

    async def send_form(self, rng: random.Random) -> None:
        """Send a form until it is acknowledged, and perhaps once more."""
        self.forms += 1
        key, sender = f"key-{self.forms}", f"192.0.2.{rng.randint(1, 250)}"
        subject = rng.choice(["pothole", "noise", "road_hazard", "facility"])
        fields = {"problem": subject, "place": "Mill Street", "description": "Look at it."}
        if rng.random() < 0.5:
            fields["email"] = f"r{rng.randint(1, 5)}@example.org"
        headers = {
            "Idempotency-Key": key,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-From": sender,
        }
        again = rng.choice([0, 0, 0, 1, 2])
        for _ in range(60):
            try:
                answer = await self.http.post(
                    f"{PUBLIC}/forms/report", content=json.dumps(fields), headers=headers
                )
            except httpx.HTTPError:
                status = 0
            else:
                status = answer.status_code
            if status in (200, 201):
                self.watch.catch_up()
                self.watch.promise(key, answer.json()["reference"])
                if not again:
                    self.sent += 1
                    return
                again -= 1
            elif status not in (0, 429, 503):
                self.watch.fail(f"form answered {status}: {answer.text}")
            pause = rng.randint(1, 90) if status != 429 else 1800
            await self.clock.sleep_until(self.clock.now() + pause * SECOND)
        self.watch.fail(f"form {key} was never taken")
