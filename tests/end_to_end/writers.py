"""Residents who write: forms, mails, chats, one after the other until they are told to stop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.end_to_end.chat_residents import ChatResident
from tests.end_to_end.mail_residents import Delivered, Letter
from tests.end_to_end.process import reached
from tests.end_to_end.rig import Rig
from tests.fakes.mail_servers import Mailbox

Kind = tuple[str, str, int]  # text, rule it meets, of how many mails in twenty

KINDS: Final[tuple[Kind, ...]] = (
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


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast they write; seconds, at most, drawn evenly from nothing on."""

    form_s: float = 0.6  # between two forms of one person
    mail_s: float = 0.8
    chat_s: float = 0.5  # between two chats
    word_s: float = 0.0  # between two messages of one chat
    answered_s: float = 2.0  # so long they wait for an answer before they go on
    look_s: float = 0.02  # how often they look for one


class Writers:
    """Each method is one person's day; `kinds` is what mails are about."""

    def __init__(
        self,
        rig: Rig,
        chance: random.Random,
        pace: Pace,
        kinds: Sequence[Kind] = KINDS,
    ) -> None:
        self.is_over = False
        self.chatting = 0  # residents who are in a chat
        self._rig = rig
        self._random = chance
        self._pace = pace
        self._kinds = kinds

    async def forms(self, writer: str = "form") -> None:
        """Send forms; a fifth of them once more."""
        sent: list[str] = []
        while not self.is_over:
            again = sent and self._random.random() < 0.2
            key = self._random.choice(sent) if again else f"{writer}-{len(sent)}"
            await self._rig.forms.send(key)
            if not again:
                sent.append(key)
            await asyncio.sleep(self._random.uniform(0, self._pace.form_s))

    # --- mail ------------------------------------------------------------------------------------

    async def mails(self, writer: int, through: Mailbox | None = None) -> None:
        """Each from another address; some answer what an agent writes, some pages are answered."""
        letters, sent = self._rig.letters, 0
        send = partial(letters.send, through=through)
        while not self.is_over:
            sent += 1
            sender = f"writer-{writer}-{sent}@example.com"
            [(text, rule, _)] = self._random.choices(
                self._kinds, [share for _, _, share in self._kinds]
            )
            subject = f"Question {writer}-{sent}."
            body = f"{text}\n\nJo Example\n"
            first = await send(sender, subject, body, rule=rule)
            if rule == PAGED and self._random.random() < 0.7:
                await self._answer_page(subject, first)
            elif not rule and self._random.random() < 0.8:
                await self._patiently(partial(self._is_answered, sender))
                for answer in self._answers_to(sender)[:1]:
                    await send(sender, f"Re: {subject}", "Thank you.", answers=answer, first=first)
            await asyncio.sleep(self._random.uniform(0, self._pace.mail_s))

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
            await reached(
                "an answer",
                lambda: self.is_over or condition(),
                within_s=self._pace.answered_s,
                look_s=self._pace.look_s,
            )

    # --- chats -----------------------------------------------------------------------------------

    async def chats(self, writer: int) -> None:
        """One after the other; some end the chat, others just go."""
        come = 0
        while not self.is_over:
            come += 1
            resident = ChatResident(self._rig.daemon, f"chat-{writer}-{come}")
            self._rig.chats.append(resident)
            await resident.come()
            self.chatting += 1
            async with asyncio.TaskGroup() as own:
                listening = own.create_task(resident.listen())
                for number in range(self._random.randint(1, 4)):
                    await self._speak(resident, number)
                if self._random.random() < 0.5:
                    await resident.leave()
                listening.cancel()
            self.chatting -= 1
            await asyncio.sleep(self._random.uniform(0, self._pace.chat_s))

    async def _speak(self, resident: ChatResident, number: int) -> None:
        heard = resident.answers
        text = f"Question {number} of {resident.name}"
        if self._random.random() < 0.2:
            await resident.show(text)
        else:
            await resident.say(text)
        if self._random.random() < 0.7:
            await self._patiently(partial(resident.has_more_than, heard))
        if not self.is_over:
            await asyncio.sleep(self._random.uniform(0, self._pace.word_s))
