"""What agents do with what is written: answer, put away, ask a department, take from the list.

An answer of which nobody has said what became of it is sent again under its key.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from router.core.model import ENDED, SECOND, AgentId, Form, ItemState
from router.core.records import Item
from router.desk import messages_text as m
from router.desk.message_types import ClientMessage
from tests.simulation.town import Down, Town

TAKES: Final = 0.004  # of all looks at the screen
STORM: Final = (
    ["answer"] * 6 + ["answer and wait"] * 3 + ["answer and close"] * 4
    + ["note", "wait", "snooze", "forward", "forward", "undo", "merge", "unmerge"]
)  # fmt: skip
TAKEN_UP: Final = frozenset({ItemState.QUEUED, ItemState.DEFERRED, ItemState.SHUNTED})
WAKES_S: Final = (60, 600, 3000)  # of what is put off


@dataclass
class Clerk:
    """One agent with pen and paper."""

    town: Town
    agent: AgentId
    rng: random.Random
    written: int = 0
    unsure: dict[str, ClientMessage] = field(default_factory=dict)  # by text

    async def again(self) -> None:
        """Say again what nobody has answered."""
        for text in list(self.unsure):
            await self._say(text, self.unsure[text])

    async def take(self, *, calm: bool) -> None:
        """Perhaps take something from the list of those that wait."""
        if calm or self.rng.random() > TAKES:
            return
        items = self.town.state.items.values()
        found = [i for i in items if i.text is not None and i.state in TAKEN_UP]
        if found:
            item = self.rng.choice(found)
            await self._attempt(m.Take, item, force=self.rng.random() < 0.3)

    def plan(self, item: Item, *, calm: bool) -> str:
        """Return what to do with an item in hand; "": what is done with any item."""
        owed = item.text is None or item.text.unanswered_since is not None
        if calm:
            return "answer and close" if owed else ""
        if item.form is Form.CHAT:
            ways = ["answer"] * 12 + STORM if owed else ["note"] + [""] * 3
            return self.rng.choice(ways)
        return self.rng.choice(["", *STORM])

    async def do(self, item: Item, way: str) -> bool:
        """Do it; say whether it was possible."""
        match way:
            case "answer" | "answer and wait" | "answer and close":
                then = {"answer": "stay", "answer and wait": "wait"}.get(way, "close")
                return await self._write(m.Reply, item, then=then, code="answered")
            case "note":
                return await self._write(m.Note, item)
            case "forward":
                contact = self.rng.choice(["water_department", "parks_department"])
                return await self._write(m.Forward, item, contact=contact)
            case "snooze":
                wakes = self.town.clock.now() + self.rng.choice(WAKES_S) * SECOND
                until = datetime.fromtimestamp(wakes // SECOND, UTC)
                return await self._attempt(m.Snooze, item, until=until)
            case "merge":
                others = [i for i in self._open() if i.id != item.id]
                into = self.rng.choice(others).id if others else item.id
                return await self._attempt(m.Merge, item, into=into)
            case "unmerge":
                merged = item.text.merged if item.text is not None else ()
                found = [self.town.state.items[i] for i in merged if i in self.town.state.items]
                return bool(found) and await self._attempt(m.Unmerge, self.rng.choice(found))
            case "undo":
                return await self._attempt(m.UndoRule, item, reason="wrong guess")
        return await self._attempt(m.Wait, item)

    def _open(self) -> list[Item]:
        items = self.town.state.items.values()
        return [i for i in items if i.text is not None and i.state not in ENDED]

    async def _write(self, kind: type[ClientMessage], item: Item, **more: Any) -> bool:
        self.written += 1
        key = f"{self.agent}-{self.written}"
        text = f"{kind.__name__} {key} about {item.id}."
        return await self._say(text, self._message(kind, item, text=text, key=key, **more))

    async def _say(self, text: str, message: ClientMessage) -> bool:
        self.unsure[text] = message
        try:
            is_done = await self.town.write(self.agent, message)
        except Down:
            return True  # asked again later
        del self.unsure[text]
        if is_done:
            watch = self.town.watch
            watch.check(lambda: watch.texts.answered(self.agent, text))
        return is_done

    async def _attempt(self, kind: type[ClientMessage], item: Item, **more: Any) -> bool:
        try:
            return await self.town.write(self.agent, self._message(kind, item, **more))
        except Down:
            return False

    def _message(self, kind: type[ClientMessage], item: Item, **more: Any) -> ClientMessage:
        return msgspec.convert({"id": "1", "item": item.id, **more}, kind)
