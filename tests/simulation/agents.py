"""Agents at their desks and telephones: diligent, slow, absent, clumsy, as the seed has it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

from channels.voice.practice.carrier import Carrier
from channels.voice.practice.handset import Behaviour, Handset, presses
from router.core import commands as c
from router.core.correspondence import WRITTEN
from router.core.model import (
    SECOND,
    AgentId,
    AgentStatus,
    ItemId,
    ItemState,
    LegState,
    OfferId,
    QueueId,
    Tempo,
)
from router.core.records import Agent, Item
from tests.simulation.clerks import STORM, Clerk
from tests.simulation.town import Town, telephone_of
from tests.simulation.virtual_loop import LoopClock

LOOKS_S: Final = 3  # between two looks at the screen, at most
RENEW_S: Final = 10


@dataclass
class Desk:
    """One agent: what they are about to do, and when."""

    name: AgentId
    rng: random.Random
    desk: str = "desk"
    clerk: Clerk | None = None  # None: does with forms what is done with calls
    gone_until: int = 0  # the browser is closed, nothing renews
    answers: dict[OfferId, tuple[str, int]] = field(default_factory=dict)
    doings: dict[ItemId, tuple[str, int]] = field(default_factory=dict)


class Agents:
    """Everybody inside."""

    def __init__(
        self,
        town: Town,
        carrier: Carrier,
        clock: LoopClock,
        rng: random.Random,
        *,
        has_clerks: bool,
    ) -> None:
        self.calm = False  # from now on everybody does their work
        self._town, self._carrier, self._clock = town, carrier, clock
        names = sorted(town.policies[0].agents)
        present = rng.sample(names, rng.randint(5, len(names)))
        self.desks = [Desk(name, random.Random(rng.random()), f"desk-{name}") for name in present]
        for desk in self.desks if has_clerks else ():
            desk.clerk = Clerk(town, desk.name, random.Random(rng.random()))

    def plug_in(self, rng: random.Random) -> None:
        """Have the telephones on the desks behave anew."""
        for desk in self.desks:
            leg = telephone_of(self._town.policies[0], desk.name)
            odd: list[Behaviour] = [b for b in Behaviour if b is not Behaviour.MANUAL]
            kind = Behaviour.ANSWERS if self.calm else rng.choice([Behaviour.ANSWERS] * 8 + odd)
            keys = ("1",) if self.calm else rng.choice([("1",)] * 8 + [(), ("2",), ("2", "1")])
            if leg:
                self._carrier.register(leg, Handset(kind, rng.uniform(0.5, 9), presses(*keys)))

    async def renew(self) -> None:
        """Prove again and again that the desks are alive."""
        while True:
            now = self._clock.now()
            alive = tuple((d.name, d.desk) for d in self.desks if d.gone_until <= now)
            await self._town.attempt(c.RenewLeases(desks=alive))
            await self._pause(RENEW_S)

    async def work(self, desk: Desk) -> None:
        """Be this agent."""
        while True:
            await self._pause(desk.rng.uniform(0.5, LOOKS_S))
            if not self._town.is_up or desk.gone_until > self._clock.now():
                continue
            row = self._town.state.agents.get(desk.name)
            if desk.name not in self._town.state.policy.agents:
                continue
            if row is None or row.lease_until is None:
                if await self._town.attempt(c.SignIn(desk.name, desk.desk)):
                    await self._town.attempt(c.SetStatus(desk.name, AgentStatus.AVAILABLE))
                continue
            await self._answer(desk, row)
            if desk.clerk is not None:
                await desk.clerk.again()
                await desk.clerk.take(calm=self.calm)
            for holding in row.holdings:
                await self._handle(desk, holding.item)
            await self._whim(desk, row)

    async def _pause(self, seconds: float) -> None:
        await self._clock.sleep_until(self._clock.now() + int(seconds * SECOND))

    async def _whim(self, desk: Desk, row: Agent) -> None:
        if row.status is AgentStatus.AWAY and desk.rng.random() < 0.05:
            await self._town.attempt(c.SetStatus(desk.name, AgentStatus.AVAILABLE))
        if self.calm or desk.rng.random() > 0.004:
            return
        match desk.rng.choice(["break", "later", "vanish", "second", "home"]):
            case "break":
                await self._town.attempt(c.SetStatus(desk.name, AgentStatus.AWAY, "break"))
            case "later":
                await self._town.attempt(
                    c.SetStatus(desk.name, AgentStatus.AWAY, "lunch", after_item=True)
                )
            case "vanish":
                desk.gone_until = self._clock.now() + desk.rng.randint(5, 300) * SECOND
            case "second":
                desk.desk = f"tablet-{desk.name}-{desk.rng.randint(1, 9)}"
                await self._town.attempt(c.SignIn(desk.name, desk.desk))
            case "home":
                await self._town.attempt(c.SignOut(desk.name))

    # --- offers ----------------------------------------------------------------------------------

    async def _answer(self, desk: Desk, row: Agent) -> None:
        rng, name = desk.rng, desk.name
        if row.declined is not None and rng.random() < 0.05:
            await self._town.attempt(c.TakeBackDecline(row.declined, name))
        if row.offer is None:
            return
        if row.offer not in desk.answers:
            ways = ["accept"] if self.calm else ["accept"] * 7 + ["decline", "ignore", "unseen"]
            due = self._clock.now() + rng.randint(0, 12) * SECOND
            desk.answers[row.offer] = rng.choice(ways), due
        way, due = desk.answers[row.offer]
        if way != "unseen":
            await self._town.attempt(c.SeeOffer(row.offer, name))
        if self._clock.now() < due:
            return
        if way == "accept":
            await self._town.attempt(c.AcceptOffer(row.offer, name))
        elif way == "decline":
            await self._town.attempt(c.DeclineOffer(row.offer, name, "busy"))

    # --- work ------------------------------------------------------------------------------------

    async def _handle(self, desk: Desk, item_id: ItemId) -> None:
        item = self._town.state.items.get(item_id)
        if item is None or item.agent != desk.name:
            return
        if item.state is ItemState.WRAP_UP:
            if desk.rng.random() < 0.2:
                await self._town.attempt(c.CloseItem(item_id, desk.name, "answered"))
            return
        if item.tempo is Tempo.LIVE and item.agent_call_state is not LegState.CONNECTED:
            return
        now = self._clock.now()
        way, due = desk.doings.setdefault(item_id, self._plan(desk, item, now))
        if now < due:
            return
        del desk.doings[item_id]
        if desk.clerk is None or way not in STORM:
            await self._town.attempt(self._command(desk, item, way))
        elif not await desk.clerk.do(item, way):
            desk.doings[item_id] = "close", now

    def _plan(self, desk: Desk, item: Item, now: int) -> tuple[str, int]:
        if desk.clerk is not None and item.form in WRITTEN:
            way = desk.clerk.plan(item, calm=self.calm)
            if way:
                return way, now + desk.rng.randint(5, 90) * SECOND
        live = item.tempo is Tempo.LIVE
        ways = ["finish", "close"] if live else ["close"]
        if not self.calm:
            ways = ways * 3 + ["return", "queue", "agent"]
            ways += ["hold", "resume", "hold", "outside"] if live else []
        if item.state is ItemState.HELD:
            ways = ["resume", "resume", "finish"]
        return desk.rng.choice(ways), now + desk.rng.randint(5, 150) * SECOND

    def _command(self, desk: Desk, item: Item, way: str) -> c.Command:
        rng, name, known = desk.rng, desk.name, self._town.policies[0]
        match way:
            case "finish":
                return c.FinishHandling(item.id, name)
            case "return":
                return c.ReturnItem(item.id, name, "not mine")
            case "hold":
                return c.HoldItem(item.id, name)
            case "resume":
                return c.ResumeItem(item.id, name)
            case "queue":
                queue: QueueId = rng.choice(sorted(known.queues))
                age = rng.random() < 0.5
                return c.TransferItem(item.id, name, to_queue=queue, keep_age=age)
            case "agent":
                other = rng.choice(self.desks).name
                return c.TransferItem(item.id, name, to_agent=other)
            case "outside":
                contact = rng.choice(sorted(known.contacts))
                return c.TransferItem(item.id, name, to_contact=contact)
            case _:
                return c.CloseItem(item.id, name, "answered")
