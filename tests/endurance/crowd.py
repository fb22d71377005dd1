"""Everybody who keeps a town busy at once: callers, writers, agents. Each does as chance has it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from channels.voice.practice.call import Call, CallEnded
from tests.end_to_end.desk_client import AgentDesk, Habits
from tests.end_to_end.menus import Ears, answer_menus
from tests.end_to_end.process import reached
from tests.end_to_end.writers import Pace, Writers
from tests.endurance.parts import Town
from tests.endurance.scale import QUESTIONS, Scale

PATTERNS: Final = {  # how callers behave, of how many in twenty
    "waits": 14,  # until somebody has talked to them
    "hangs up in line": 3,
    "hangs up in the menus": 2,
    "asks to be called back": 1,
}
IN_LINE_S: Final = (2.0, 40.0)  # patience of those who hang up
IN_MENUS_S: Final = (0.2, 2.0)
NUMBER_ASKED: Final = "press 1 and the pound key"
PAUSE_S: Final = (0.5, 4.0)  # until the next one calls
CALLS_PER_S: Final = 10.0  # how fast the line fills
SIGN_INS: Final = 10  # at the same time
GIVES_BACK_S: Final = 25.0  # a call whose telephone stays silent
PACE: Final = Pace(mail_s=8.0, chat_s=5.0, answered_s=30.0, look_s=0.5)
SERVED_S: Final = 180.0  # so long whoever is there may still be served


class Crowd:
    """Starts people; `stop` lets nobody new come."""

    def __init__(self, it: Town, scale: Scale, group: asyncio.TaskGroup) -> None:
        self.calls: Counter[str] = Counter()  # by pattern
        self.most_at_once: Counter[str] = Counter()
        self.unserved: list[str] = []  # who was still busy long after nobody new came
        self._it = it
        self._scale = scale
        self._group = group
        self._random = random.Random(f"crowd {scale.seed}")
        self._ears = Ears(it.rig.carrier.ledger)
        pace = replace(PACE, word_s=scale.words_s)
        self._writers = Writers(it.rig, self._random, pace, QUESTIONS)
        self._tasks: list[asyncio.Task[None]] = []
        self._numbers = 0

    async def begin(self) -> None:
        """Have the agents sign in and everybody else come."""
        phones, texts = self._scale.agent_names()
        names = phones + texts
        for at in range(0, len(names), SIGN_INS):
            desks = [self._agent(name) for name in names[at : at + SIGN_INS]]
            for desk in desks:
                await reached(f"{desk.name} is available", lambda d=desk: _is_there(d), look_s=0.2)
        scale, writers = self._scale, self._writers
        box = self._it.mailbox
        self._spawn(*(self._caller(n / CALLS_PER_S) for n in range(scale.calls)))
        self._spawn(*(writers.chats(n) for n in range(scale.chats)))
        self._spawn(*(writers.mails(n) for n in range(scale.mails)))
        self._spawn(*(writers.mails(scale.mails + n, box) for n in range(scale.boxes)))
        self._spawn(self._count())

    async def stop(self) -> None:
        """Let nobody new come; return when whoever is there has been served."""
        self._writers.is_over = True
        _, late = await asyncio.wait(self._tasks, timeout=SERVED_S)
        self.unserved = [f"{call.sid} {self._it.rig.told(call)}" for call in self._inbound()]
        self.unserved += [task.get_name() for task in late if "_caller" not in task.get_name()]
        for call in self._inbound():
            call.hang_up()
        for task in late:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=bool(late))

    def waiting(self) -> list[Call]:
        """Return the callers in line."""
        return [call for call in self._inbound() if call.place == "queue"]

    def _inbound(self) -> list[Call]:
        calls = self._it.rig.carrier.exchange.calls.values()
        return [call for call in calls if not call.over and call.direction == "inbound"]

    def _spawn(self, *days: Coroutine[Any, Any, None]) -> None:
        for day in days:
            self._tasks.append(self._group.create_task(day, name=str(day)))

    def _agent(self, name: str) -> AgentDesk:
        habits = Habits(
            talks_s=self._scale.talks_s, gives_back_s=GIVES_BACK_S, answers=True, lingers_s=8.0
        )
        return self._it.rig.agent(name, habits)

    # --- callers ---------------------------------------------------------------------------------

    async def _caller(self, begins_s: float) -> None:
        """One caller after the other on the same telephone line."""
        await asyncio.sleep(begins_s)
        while not self._writers.is_over:
            [pattern] = self._random.choices(list(PATTERNS), list(PATTERNS.values()))
            self.calls[pattern] += 1
            self._numbers += 1
            call = self._it.rig.call(f"+1905555{100 + self._numbers % 100:04d}")
            await self._behave(call, pattern)
            await asyncio.sleep(self._random.uniform(*PAUSE_S))

    async def _behave(self, call: Call, pattern: str) -> None:
        async with asyncio.TaskGroup() as own:
            menus = own.create_task(answer_menus(call, self._ears, "0"))
            with suppress(CallEnded):
                match pattern:
                    case "hangs up in line":
                        await call.until(lambda: call.place == "queue")
                        await call.rest(self._random.uniform(*IN_LINE_S))
                        call.hang_up()
                    case "hangs up in the menus":
                        await call.rest(self._random.uniform(*IN_MENUS_S))
                        call.hang_up()
                    case "asks to be called back":
                        await self._ask_for_callback(call)
            await menus

    async def _ask_for_callback(self, call: Call) -> None:
        """Once in line, take what is offered first, at one's own number, until the call is over."""
        await call.until(lambda: call.place == "queue")
        while True:
            await call.until(lambda: call.expects == "digits" and call.prompted)
            heard = self._ears.of(call)
            call.press("1#" if heard and NUMBER_ASKED in heard[-1] else "1")
            await call.rest(1.0)

    async def _count(self) -> None:
        while not self._writers.is_over:
            inbound = self._inbound()
            for name, number in {
                "calls": len(inbound),
                "in line": sum(call.place == "queue" for call in inbound),
                "talking": sum(call.place == "conference" for call in inbound),
                "chats": self._writers.chatting,
                "agents": sum(desk.is_connected for desk in self._it.rig.desks.values()),
            }.items():
                self.most_at_once[name] = max(self.most_at_once[name], number)
            await asyncio.sleep(1.0)


def _is_there(desk: AgentDesk) -> bool:
    return "available" in desk.acknowledged("status")
