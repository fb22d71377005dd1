"""People who keep a town busy: who call, send forms, write mail, chat, answer. They never stop."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from typing import Final

from channels.voice.practice.call import Call
from tests.end_to_end.desk_client import Habits
from tests.end_to_end.menus import Ears, answer_menus
from tests.end_to_end.process import Edits, reached
from tests.end_to_end.rig import Rig
from tests.end_to_end.writers import Pace, Writers

BUSY_AGENTS: Final = ("amara", "benoit", "chitra")
WRITING_AGENTS: Final = ("elise", "nadia")  # have no telephone
PATIENT_AGENT: Final = "marc"  # talks to one caller all day, so that the others stand in line
PATIENT_MAX: Final = 6
PAGED_EVERY_S: Final = 3
EDITS: Final[Edits] = {
    # agents' telephones in the browser: no time is lost in finding out whether a machine answers
    "skills.yaml": (
        *((f"leg: +1 905 555 01{n}", f"leg: client:phone-{n}") for n in (21, 22, 23, 33)),
        ("leg: +1 905 555 0125", "capacity: text_only"),
    ),
    # those who wait for the patient agent wait for nobody else
    "config/queues.yaml": (
        ("{after_s: 120, requires: building", "{after_s: 36000, requires: building"),
        ("{after_s: 240, requires: (building", "{after_s: 72000, requires: (building"),
        # urgent mails about roads come as at night: people on call are told, one after the other
        ("  roads:\n", "  roads:\n    hours: statutory_holidays\n"),
    ),
    "config/fallback.yaml": (("every: 5 min", f"every: {PAGED_EVERY_S} s"),),
    "config/forms.yaml": (("  inquiry:\n", "  inquiry:\n    per_hour_max: 100000\n"),),
    "config/chat.yaml": (("chats_per_hour: 20", "chats_per_hour: 100000"),),
}
PATIENCE_S: Final = (0.3, 10.0, 10.0, 10.0, 10.0)  # of callers; they ring off and others come
GIVES_BACK_S: Final = 4.0  # a kill may take the news of an agent's telephone; nobody sits it out
SETTLED_S: Final = 300.0  # on a slow machine many a life is too short for a caller's menus
SERVED_S: Final = 5.0  # so long callers may still be served once nobody new comes
WRITERS_EACH: Final = 2  # of mail at the same time, and as many who chat


class Traffic:
    """Starts people; `stop` lets nobody new come."""

    def __init__(self, rig: Rig, seed: int, group: asyncio.TaskGroup) -> None:
        self._rig = rig
        self._group = group
        self._random = random.Random(seed)
        self._ears = Ears(rig.carrier.ledger)
        self._writers = Writers(rig, self._random, Pace())
        self._tasks: list[asyncio.Task[None]] = []
        self._is_over = False
        self._numbers = 0
        self._asking: list[Call] = []
        self.patient: list[Call] = []

    async def begin(self) -> None:
        """Have agents sign in, one caller talk for ever, and everybody else come."""
        for name in (*BUSY_AGENTS, *WRITING_AGENTS):
            habits = Habits(talks_s=0.05, gives_back_s=GIVES_BACK_S, answers=True)
            await self._rig.at_desk(name, habits)
        await self._rig.at_desk(PATIENT_AGENT, Habits(talks_s=None))
        await self._rig.at(self._patient_call(), "conference")
        writers = self._writers
        written = [work(n) for n in range(WRITERS_EACH) for work in (writers.mails, writers.chats)]
        calls = [self._callers(), self._callers(), self._patient_callers()]
        for work in (*calls, writers.forms(), *written):
            self._tasks.append(self._group.create_task(work))

    async def line_forms(self) -> None:
        """Wait until somebody stands in line, in case kills have cut everybody off."""
        await reached(
            "somebody stands in line",
            lambda: any(call.place == "queue" for call in self.patient),
            within_s=SETTLED_S,
        )

    async def stop(self) -> None:
        """Let nobody new come; return when everybody but the patient has rung off."""
        self._is_over = self._writers.is_over = True
        for call in (*self.patient, *self._asking):
            call.nudge()
        await asyncio.wait(self._tasks, timeout=SERVED_S)
        for call in self._asking:
            call.hang_up()
        await asyncio.gather(*self._tasks)

    def doing(self) -> str:
        """Return what everybody does, for messages of failed tests."""
        calls = [call for call in self._rig.carrier.exchange.calls.values() if not call.over]
        told = [f"  {call.sid[-6:]} to {call.to}: {self._rig.told(call)}" for call in calls]
        for desk in self._rig.desks.values():
            items = [(item["item"], item["state"], item["legs"]) for item in desk.items.values()]
            told.append(f"  {desk.name}: offer {desk.offer} items {items} did {desk.clicks[-3:]}")
        return "\n".join(told)

    def _number(self) -> str:
        self._numbers += 1
        return f"+1905555{100 + self._numbers % 100:04d}"

    # --- callers ---------------------------------------------------------------------------------

    async def _callers(self) -> None:
        """One after the other with a question; some do not want to wait, none for ever."""
        while not self._is_over:
            call = self._rig.call(self._number())
            self._asking.append(call)
            try:
                async with asyncio.timeout(self._random.choice(PATIENCE_S)):
                    await answer_menus(call, self._ears, "0")
            except TimeoutError:
                call.hang_up()

    def _patient_call(self) -> Call:
        """Have somebody call who waits for as long as it takes."""
        call = self._rig.call(self._number())
        self.patient.append(call)
        self._tasks.append(
            self._group.create_task(answer_menus(call, self._ears, "5", lambda: self._is_over))
        )
        return call

    async def _patient_callers(self) -> None:
        """Some stand in line; for each whom the carrier gave up another one comes."""
        while not self._is_over:
            if sum(not call.over for call in self.patient) <= PATIENT_MAX:
                call = self._patient_call()
                settled = partial(self._has_settled, call)
                await reached("a patient caller is in line", settled, within_s=SETTLED_S)
            await asyncio.sleep(self._random.uniform(0.2, 1.5))

    def _has_settled(self, call: Call) -> bool:
        return self._is_over or call.over or call.place == "queue"
