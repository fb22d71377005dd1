"""Seeded random traffic of calls and chats through the engine: every way for an entry to end."""

from __future__ import annotations

import random
from collections.abc import Callable

from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_text as t
from router.core import policy as p
from router.core.model import (
    ENDED,
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    Channel,
    Condition,
    Form,
    Instant,
    ItemId,
    ItemState,
    LegResult,
    QueueId,
)
from router.core.policy_service_level import Promise
from router.core.records import Item
from router.errors import CommandRefused
from tests.core.text_town import TextDesk, writing_town
from tests.core.town import OPEN, rule

AGENTS = [AgentId("amina"), AgentId("boris"), AgentId("chloe")]
WAITS_S = (1, 3, 8, 20, 45, 90, 200)


def busy_town(calls_s: int = 30, short_s: int = 5, formula: str = "townline/1") -> p.Policy:
    """Two queues with unlike promises, one that sends people home and rings back."""
    base = writing_town()
    queues = {}
    for number, (name, queue) in enumerate(base.queues.items()):
        within = calls_s * (number + 1) * SECOND
        promises = {
            Channel.VOICE: Promise(0.7, within, formula, short_s * SECOND),
            Channel.CHAT: Promise(0.8, 2 * within, "amazon-connect/1", 2 * short_s * SECOND),
        }
        fates = {**queue.fates, Condition.LATE: "home", Condition.ALL_AWAY: "other"}
        queues[name] = replace(
            queue,
            promises=promises,
            target_span=within,
            wait_max=4 * MINUTE,
            fates=fates if number == 0 else queue.fates,
        )
    chains = {
        "home": p.Fallback(id="home", rules=(rule("end", "end"),)),
        "other": p.Fallback(id="other", rules=(rule("o", "queue", queue=QueueId("roads")),)),
    }
    return replace(base, queues=queues, fallbacks={**base.fallbacks, **chains})


class Traffic:
    """Does something at random, as often as it is told to."""

    def __init__(self, seed: int, now: Instant = OPEN) -> None:
        self.chance = random.Random(seed)
        self.desk = TextDesk(busy_town(), now=now)
        self.desk.sign_in("amina", "chloe")
        self._turn = 0
        self._doings: list[Callable[[], None]] = [
            *[self._call] * 3,
            *[self._chat] * 2,
            *[self._hang_up] * 2,
            self._lose,
            *[self._accept] * 4,
            *[self._pick_up] * 4,
            *[self._write] * 2,
            *[self._finish] * 2,
            self._pass_on,
            self._leave_chat,
            self._rather_a_call,
            self._press_one,
            self._status,
            *[self._wait] * 6,
        ]

    def go_on(self, doings: int) -> None:
        """Do so many things; what is refused is refused."""
        for _ in range(doings):
            self._turn += 1
            try:
                self.chance.choice(self._doings)()
            except CommandRefused:
                continue

    def send_home(self) -> None:
        """Let everybody go who is still there, so that every entry has ended."""
        for item in self._items(Form.CALL):
            if item.call_id:
                self._end_call(item, "completed")
        for item in self._items(Form.CHAT):
            if item.text is not None:
                self.desk.do(t.LeaveChat(conversation=item.text.conversation))
        self.desk.wait(10 * MINUTE)

    def _items(self, *forms: Form) -> list[Item]:
        rows = self.desk.state.items.values()
        return [row for row in rows if row.state not in ENDED and row.form in forms]

    def _one(self, *forms: Form) -> Item | None:
        found = self._items(*forms)
        return self.chance.choice(found) if found else None

    def _call(self) -> None:
        name = f"i{self._turn}"
        self.desk.call(name, "1", self.chance.choice("12"), caller=name)

    def _chat(self) -> None:
        self.desk.chat(f"i{self._turn}", conversation=f"v{self._turn}")

    def _end_call(self, item: Item, reason: str) -> None:
        self.desk.do(c.EndCall(item_id=item.id, call_id=item.call_id, reason=reason))

    def _hang_up(self) -> None:
        item = self._one(Form.CALL)
        if item is not None:
            self._end_call(item, self.chance.choice(("completed", "canceled")))

    def _lose(self) -> None:
        item = self._one(Form.CALL)
        if item is not None:
            self._end_call(item, "failed")

    def _accept(self) -> None:
        for offer in list(self.desk.state.offers.values())[:1]:
            self.desk.do(c.AcceptOffer(offer_id=offer.id, agent_id=offer.agent))

    def _pick_up(self) -> None:
        for item in self._items(Form.CALL, Form.CALLBACK):
            if item.state is ItemState.HANDLING and not item.agent_call_id:
                result = self.chance.choice((LegResult.ANSWERED,) * 4 + (LegResult.NO_ANSWER,))
                leg = c.ReportLeg(item.id, "agent", f"L{self._turn}", result, item.agent_dial)
                self.desk.do(leg)
                return

    def _write(self) -> None:
        for item in self._items(Form.CHAT):
            if item.state is ItemState.HANDLING and item.agent is not None:
                self.desk.reply(item.id, item.agent, key=f"r{self._turn}")
                return

    def _finish(self) -> None:
        for item in self._items(Form.CALL, Form.CALLBACK, Form.CHAT):
            if item.agent is not None and self.chance.random() < 0.7:
                self.desk.do(c.CloseItem(item_id=item.id, agent_id=item.agent, code="answered"))
                return

    def _pass_on(self) -> None:
        item = self._one(Form.CALL, Form.CHAT)
        if item is not None and item.agent is not None:
            to = QueueId(self.chance.choice(("general", "roads")))
            self.desk.do(c.TransferItem(item_id=item.id, agent_id=item.agent, to_queue=to))

    def _leave_chat(self) -> None:
        item = self._one(Form.CHAT)
        if item is not None and item.text is not None:
            self.desk.do(t.LeaveChat(conversation=item.text.conversation))

    def _rather_a_call(self) -> None:
        item = self._one(Form.CHAT)
        if item is not None and item.text is not None:
            self.desk.do(
                t.AskCallback(
                    item_id=ItemId(f"i{self._turn}"),
                    conversation=item.text.conversation,
                    door="site",
                    address_key=f"k{self._turn}",
                    contact_ref="c",
                    language="en",
                )
            )

    def _press_one(self) -> None:
        item = self._one(Form.CALL)
        if item is None:
            return
        self.desk.do(c.AskWait(item_id=item.id, turn=item.spoken_turn + 1))
        self.desk.do(c.ChooseWhileWaiting(item_id=item.id, digits="1"))
        position = self.desk.item(item.id).flow
        if position is not None and self.desk.item(item.id).state is ItemState.IN_FLOW:
            self.desk.do(c.AdvanceFlow(item_id=item.id, step=position.step, digits="1"))

    def _status(self) -> None:
        agent = self.chance.choice(AGENTS)
        away = self.chance.random() < 0.4
        if agent not in self.desk.state.agents:
            self.desk.sign_in(agent)
        status = AgentStatus.AWAY if away else AgentStatus.AVAILABLE
        self.desk.do(c.SetStatus(agent_id=agent, status=status, reason="break" if away else ""))

    def _wait(self) -> None:
        self.desk.keep_alive(self.chance.choice(WAITS_S) * SECOND)
        self.desk.wait(self.chance.randrange(SECOND))
