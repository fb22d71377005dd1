"""People who keep a town busy: callers, senders of forms, agents. They go on whatever happens."""

from __future__ import annotations

import asyncio
import random
from typing import Final

from channels.voice.practice.call import Call, CallEnded
from tests.end_to_end.desk_client import Habits
from tests.end_to_end.process import Edits, reached
from tests.end_to_end.rig import Rig

BUSY_AGENTS: Final = ("amara", "benoit", "chitra")
PATIENT_AGENT: Final = "marc"  # talks to one caller all day, so that the others stand in line
PATIENT_MAX: Final = 6
EDITS: Final[Edits] = {
    # agents' telephones in the browser: no time is lost in finding out whether a machine answers
    "skills.yaml": tuple(
        (f"leg: +1 905 555 01{n}", f"leg: client:phone-{n}") for n in (21, 22, 23, 33)
    ),
    # those who wait for the patient agent wait for nobody else
    "config/queues.yaml": (
        ("{after_s: 120, requires: building", "{after_s: 36000, requires: building"),
        ("{after_s: 240, requires: (building", "{after_s: 72000, requires: (building"),
    ),
    "config/forms.yaml": (("  inquiry:\n", "  inquiry:\n    per_hour_max: 100000\n"),),
}
SERVED_S: Final = 5.0  # so long callers may still be served once nobody new comes
LANGUAGE, SUBJECT = "For service in English", "For parking, noise or another"  # begin the menus


class Traffic:
    """Starts people; `stop` lets nobody new come."""

    def __init__(self, rig: Rig, seed: int, group: asyncio.TaskGroup) -> None:
        self._rig = rig
        self._group = group
        self._random = random.Random(seed)
        self._tasks: list[asyncio.Task[None]] = []
        self._is_over = False
        self._numbers = 0
        self._asking: list[Call] = []
        self.patient: list[Call] = []

    async def begin(self) -> None:
        """Have agents sign in, one caller talk for ever, and everybody else come."""
        for name in BUSY_AGENTS:
            await self._rig.at_desk(name, Habits(talks_s=0.05))
        await self._rig.at_desk(PATIENT_AGENT, Habits(talks_s=None))
        await self._rig.at(self._patient_call(), "conference")
        for work in (self._callers(), self._callers(), self._patient_callers(), self._forms()):
            self._tasks.append(self._group.create_task(work))

    async def stop(self) -> None:
        """Let nobody new come; return when everybody but the patient has rung off."""
        self._is_over = True
        for call in (*self.patient, *self._asking):
            call.nudge()
        await asyncio.wait(self._tasks, timeout=SERVED_S)
        for call in self._asking:
            call.hang_up()
        await asyncio.gather(*self._tasks)

    def _number(self) -> str:
        self._numbers += 1
        return f"+1905555{100 + self._numbers % 100:04d}"

    # --- callers ---------------------------------------------------------------------------------

    async def _callers(self) -> None:
        """One after the other with a question; some do not want to wait."""
        while not self._is_over:
            call = self._rig.call(self._number())
            self._asking.append(call)
            patience = self._random.choice((0.3, 60, 60, 60, 60))
            try:
                async with asyncio.timeout(patience):
                    await self._answer_menus(call, "0")
            except TimeoutError:
                call.hang_up()

    def _patient_call(self) -> Call:
        """Have somebody call who waits for as long as it takes."""
        call = self._rig.call(self._number())
        self.patient.append(call)
        self._tasks.append(self._group.create_task(self._answer_menus(call, "5")))
        return call

    async def _patient_callers(self) -> None:
        """Some stand in line; for each whom the carrier gave up another one comes."""
        while not self._is_over:
            if sum(not call.over for call in self.patient) <= PATIENT_MAX:
                call = self._patient_call()
                await reached("a patient caller is in line", lambda c=call: self._has_settled(c))
            await asyncio.sleep(self._random.uniform(0.2, 1.5))

    def _has_settled(self, call: Call) -> bool:
        return self._is_over or call.over or call.place == "queue"

    async def _answer_menus(self, call: Call, subject: str) -> None:
        """Press what each menu asks for, however often it asks; return when the call is over."""
        pressed = 0
        try:
            while not self._is_over or call not in self.patient:
                await call.until(
                    lambda: (
                        (call.expects == "digits" and call.prompted and call.place == "")
                        or (self._is_over and call in self.patient)
                    )
                )
                heard = self._rig.carrier.ledger.heard(call.sid)
                if len(heard) == pressed or not heard:
                    await asyncio.sleep(0.02)
                    continue
                pressed = len(heard)
                if SUBJECT in heard[-1]:
                    call.press(subject)
                elif any(LANGUAGE in text for text in heard[-2:]):
                    call.press("1")
        except CallEnded:
            return

    # --- forms -----------------------------------------------------------------------------------

    async def _forms(self) -> None:
        sent: list[str] = []
        while not self._is_over:
            again = sent and self._random.random() < 0.2
            key = self._random.choice(sent) if again else f"form-{len(sent)}"
            await self._rig.forms.send(key)
            if not again:
                sent.append(key)
            await asyncio.sleep(self._random.uniform(0, 0.6))
