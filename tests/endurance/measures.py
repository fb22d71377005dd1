"""How long residents notice a fault: watched from outside, by people who write and who wait."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from channels.voice.practice.call import Call
from channels.voice.practice.ledger import Entry, Sent
from tests.end_to_end.process import reached
from tests.endurance.parts import Town

RECOVERY_S: Final = 180.0  # longer than that is no recovery
LOOK_S: Final = 0.1
APOLOGY: Final = "something went wrong on our side"


@dataclass(frozen=True)
class Sending:
    """One form: when it was first sent, when somebody had it. Seconds of the steady clock."""

    began: float
    stored: float


@dataclass(frozen=True)
class Recovery:
    """What one fault meant, in seconds after its beginning; None: nobody was there to notice."""

    kind: str
    what: str  # in words
    confirmed: float  # the first command sent after it was confirmed as stored
    slowest: float  # the longest that anybody had to send the same until it was confirmed
    told: float | None  # a caller in line heard the next announcement
    all_told: float | None  # everybody who was in line and still is had heard one
    whole: float  # all daemons were well again and one decided


@dataclass
class Pulse:
    """Sends a form every so often, and listens to what waiting callers are told."""

    it: Town
    every_s: float
    sendings: list[Sending] = field(default_factory=list)
    under_way: dict[str, float] = field(default_factory=dict)  # by key: when it began
    answers_s: list[float] = field(default_factory=list)  # of all webhooks that were answered
    is_over: bool = False
    _told: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    async def beat(self) -> None:
        """Send until it is over; every form until it is stored."""
        self.it.rig.carrier.ledger.listen(self._note)
        async with asyncio.TaskGroup() as tasks:
            number = 0
            while not self.is_over:
                number += 1
                tasks.create_task(self._send(f"pulse-{number}"))
                await asyncio.sleep(self.every_s)

    async def _send(self, key: str) -> None:
        self.under_way[key] = time.monotonic()
        await self.it.rig.forms.send(key)
        self.sendings.append(Sending(self.under_way.pop(key), time.monotonic()))

    def _note(self, entry: Entry) -> None:
        if not isinstance(entry, Sent) or not entry.acknowledged:
            return
        clock = self.it.rig.carrier.exchange.clock
        took_s = (clock.now() - entry.at) / 1e9
        self.answers_s.append(took_s)
        if entry.purpose == "wait" and APOLOGY not in entry.body:
            # asked before the fault, it is no news after it
            self._told[entry.call_sid].append(time.monotonic() - took_s)

    async def recovered(
        self, kind: str, what: str, began: float, line: list[Call], fault: Awaitable[object]
    ) -> Recovery:
        """Wait until everybody has noticed that the fault is over; say how long that took.

        `line`: the callers who stood in line when it began, at `began`; `fault` ends with it.
        Errors: AssertionError when the town does not recover.
        """
        until = partial(reached, within_s=RECOVERY_S, look_s=LOOK_S)
        await until(
            f"a command is confirmed after: {what}",
            lambda: any(each.began >= began for each in self.sendings),
        )
        await fault
        await until(f"the town is whole after: {what}", self.it.is_whole)
        whole = time.monotonic() - began
        await until(
            f"everybody in line is told something after: {what}",
            lambda: not self._untold(line, began),
        )
        await until(
            f"whatever was sent before is stored after: {what}",
            lambda: all(at > began + whole for at in self.under_way.values()),
        )
        after = [each for each in self.sendings if each.began >= began]
        touched = [each for each in self.sendings if each.stored >= began]
        told = sorted(at for call in line if (at := self._told_at(call, began)) is not None)
        return Recovery(
            kind,
            what,
            confirmed=min(each.stored for each in after) - began,
            slowest=max(each.stored - each.began for each in touched),
            told=told[0] - began if told else None,
            all_told=told[-1] - began if told else None,
            whole=whole,
        )

    def _told_at(self, call: Call, began: float) -> float | None:
        return next((at for at in self._told[call.sid] if at >= began), None)

    def _untold(self, line: list[Call], began: float) -> list[Call]:
        return [
            call for call in line if call.place == "queue" and self._told_at(call, began) is None
        ]
