"""An inbox on the real engine, without journal and without time: decides at once, tells on demand.

`trouble` makes every call fail, `next_troubles` the next ones, `mistake` every command (as a
mistake of our own in deciding it would); what was submitted and what was stored are two lists, so
that a test can tell asking from having.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from router.core.commands import Command
from router.core.events import AnyEvent
from router.core.state import State
from router.ports import Words
from tests.core.town import Desk

T = TypeVar("T")


class FakeInbox:
    """`Inbox` over the engine of a `Desk`."""

    def __init__(self, desk: Desk | None = None) -> None:
        self.desk = desk if desk is not None else Desk()
        self.submitted: list[Command] = []
        self.stored: list[AnyEvent] = []
        self.words: dict[str, Words] = {}
        self.trouble: Exception | None = None
        self.mistake: Exception | None = None
        self.next_troubles: list[Exception] = []
        self.desk.engine.state.keep_undo()

    @property
    def state(self) -> State:
        return self.desk.engine.state

    async def submit(
        self, command: Command, reply: Callable[[State], T], *, words: tuple[Words, ...] = ()
    ) -> T:
        self.submitted.append(command)
        self._fail_as_told()
        if self.mistake is not None:
            raise self.mistake
        events = self.desk.do(command)
        answer = reply(self.state)
        self.stored.extend(events)
        self.words.update({each.ref: each for each in words})
        self.state.forget_undo()
        return answer

    async def read(self, view: Callable[[State], T]) -> T:
        self._fail_as_told()
        return view(self.state)

    def _fail_as_told(self) -> None:
        if self.next_troubles:
            raise self.next_troubles.pop(0)
        if self.trouble is not None:
            raise self.trouble

    def of_kind(self, kind: type[Command]) -> list[Command]:
        """Return the submitted commands of that kind."""
        return [command for command in self.submitted if type(command) is kind]
