"""People who keep a town busy: who call, send forms, write mail, chat, answer. They never stop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from channels.voice.practice.call import Call, CallEnded
from tests.end_to_end.chat_residents import ChatResident
from tests.end_to_end.desk_client import Habits
from tests.end_to_end.mail_residents import Delivered, Letter
from tests.end_to_end.process import Edits, reached
from tests.end_to_end.rig import Rig

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
WRITERS: Final = 2  # of mail at the same time, and as many who chat
ANSWERED_S: Final = 2.0  # so long they wait for an answer before they go on
KINDS: Final = (  # text, rule it meets, of how many mails in twenty
    ("When is the market?", "", 13),
    ("A car is parked illegally.", "parking_without_photo", 3),
    ("The stop sign is down.", "stop_sign_down", 3),
    ("There is an injured dog.", "injured_animal", 1),  # urgent, and somebody is there
)
PAGED: Final = "stop_sign_down"  # whoever is on call is told
ON_CALL: Final = frozenset(
    f"{name}@willowmere.example.org"
    for name in ("security", "operations.a", "operations.b", "operations.chief")
)
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
        for name in (*BUSY_AGENTS, *WRITING_AGENTS):
            habits = Habits(talks_s=0.05, gives_back_s=GIVES_BACK_S, answers=True)
            await self._rig.at_desk(name, habits)
        await self._rig.at_desk(PATIENT_AGENT, Habits(talks_s=None))
        await self._rig.at(self._patient_call(), "conference")
        written = [work(n) for n in range(WRITERS) for work in (self._mails, self._chats)]
        calls = [self._callers(), self._callers(), self._patient_callers()]
        for work in (*calls, self._forms(), *written):
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
        self._is_over = True
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
                settled = partial(self._has_settled, call)
                await reached("a patient caller is in line", settled, within_s=SETTLED_S)
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

    # --- mail ------------------------------------------------------------------------------------

    async def _mails(self, writer: int) -> None:
        """Each from another address; some answer what an agent writes, some pages are answered."""
        letters, sent = self._rig.letters, 0
        while not self._is_over:
            sent += 1
            sender = f"writer-{writer}-{sent}@example.com"
            [(text, rule, _)] = self._random.choices(KINDS, [share for _, _, share in KINDS])
            subject = f"Question {writer}-{sent}."
            body = f"{text}\n\nJo Example\n"
            first = await letters.send(sender, subject, body, rule=rule)
            if rule == PAGED and self._random.random() < 0.7:
                await self._answer_page(subject, first)
            elif not rule and self._random.random() < 0.8:
                await self._patiently(partial(self._is_answered, sender))
                for answer in self._answers_to(sender)[:1]:
                    await letters.send(
                        sender, f"Re: {subject}", "Thank you.", answers=answer, first=first
                    )
            await asyncio.sleep(self._random.uniform(0, 0.8))

    async def _answer_page(self, subject: str, first: Letter) -> None:
        """Somebody on call says that they take care of it."""
        await self._patiently(lambda: bool(self._pages(subject)))
        for page in self._pages(subject)[-1:]:
            await self._rig.letters.send(
                page.to, f"Re: {subject}", "I go there.", answers=page, first=first
            )

    def _pages(self, subject: str) -> list[Delivered]:
        copies = self._rig.world.copies
        return [copy for copy in copies if copy.to in ON_CALL and subject in copy.text]

    def _answers_to(self, sender: str) -> list[Delivered]:
        return [copy for copy in self._rig.world.to(sender) if "Answer of " in copy.text]

    def _is_answered(self, sender: str) -> bool:
        return bool(self._answers_to(sender))

    async def _patiently(self, condition: Callable[[], bool]) -> None:
        """Wait for it for a while, or until nobody new comes."""
        with suppress(AssertionError):
            await reached("an answer", lambda: self._is_over or condition(), within_s=ANSWERED_S)

    # --- chats -----------------------------------------------------------------------------------

    async def _chats(self, writer: int) -> None:
        """One after the other; some end the chat, others just go."""
        come = 0
        while not self._is_over:
            come += 1
            resident = ChatResident(self._rig.daemon, f"chat-{writer}-{come}")
            self._rig.chats.append(resident)
            await resident.come()
            async with asyncio.TaskGroup() as own:
                listening = own.create_task(resident.listen())
                for number in range(self._random.randint(1, 4)):
                    heard = resident.answers
                    text = f"Question {number} of {resident.name}"
                    if self._random.random() < 0.2:
                        await resident.show(text)
                    else:
                        await resident.say(text)
                    if self._random.random() < 0.7:
                        await self._patiently(partial(resident.has_more_than, heard))
                if self._random.random() < 0.5:
                    await resident.leave()
                listening.cancel()
            await asyncio.sleep(self._random.uniform(0, 0.5))
