"""Days by chance: whatever residents, agents, carrier, disk and crashes do, nobody is lost."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence

import httpx
import pytest

from channels.voice.practice.call import Call, CallEnded
from channels.voice.practice.carrier import Carrier
from channels.voice.practice.faults import RestFault, WebhookFault
from channels.voice.practice.handset import Behaviour, Handset, presses
from channels.voice.practice.ledger import Entry, Sent
from router.core import commands as c
from router.core import events as e
from router.core.model import (
    SECOND,
    AgentId,
    AgentStatus,
    ItemId,
    ItemState,
    OfferEnding,
    OfferId,
    QueueId,
)
from router.runtime.journal_faults import Faults, FaultShares
from tests.simulation.laws import broken_laws, broken_story
from tests.simulation.town_on_virtual_time import PUBLIC, Town, simulated

AGENTS = [AgentId(name) for name in ("amina", "boris", "chloe")]
LENGTH_S = 420  # of a day
EVENING_S = 240  # in which nobody new comes and everything finds its end
SHARES = FaultShares(conflict=0, refused=0.02, unknown=0.02, slow=0.02)
NAMED = re.compile(r"/voice/(?:flow|wait|key|left|move)/([0-9A-HJKMNP-TV-Z]{10})/?")
PURPOSES = ("voice", "gather", "wait", "enqueue", "status", "redirect", "conference", "dial")


class Day:
    """One day by one seed, with the ledgers of those outside."""

    def __init__(self, town: Town, carrier: Carrier, seed: int) -> None:
        self.town = town
        self.carrier = carrier
        self.chance = random.Random(seed)
        self.clock = town.clock
        self.is_over = False
        self.called: dict[str, set[str]] = {}  # by call: items named in acknowledged answers
        self.forms: dict[str, str] = {}  # by key: reference that was acknowledged
        self.accepted: set[OfferId] = set()
        self.closed: set[ItemId] = set()
        carrier.ledger.listen(self._note)

    def _note(self, entry: Entry) -> None:
        if isinstance(entry, Sent) and entry.acknowledged:
            call = self.carrier.exchange.calls.get(entry.call_sid)
            if call is not None and call.direction == "inbound":
                named = self.called.setdefault(entry.call_sid, set())
                named.update(NAMED.findall(entry.body))

    async def rest(self, least_s: float, most_s: float) -> None:
        seconds = self.chance.uniform(least_s, most_s)
        await self.clock.sleep_until(self.clock.now() + round(seconds * SECOND))

    # --- people ----------------------------------------------------------------------------------

    async def callers(self, tasks: asyncio.TaskGroup) -> None:
        while not self.is_over:
            await self.rest(1, 30)
            number = f"+1905555010{self.chance.randrange(10)}"
            tasks.create_task(self.caller(self.carrier.call_in(number, "+19055550100")))

    async def caller(self, call: Call) -> None:
        """Press keys when asked; lose patience now and then, or at the end of the day."""
        patience = self.clock.now() + round(self.chance.choice((5, 40, 200, 400)) * SECOND)
        try:
            while not self.is_over:
                if call.expects == "digits" and call.prompted:
                    call.press(self.chance.choice("112229*7"))
                if self.clock.now() >= patience:
                    break
                await call.rest(1)
            call.hang_up()
        except CallEnded:
            return

    async def senders(self) -> None:
        transport = self.town.road
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as http:
            while not self.is_over:
                await self.rest(2, 40)
                again = self.forms and self.chance.random() < 0.2
                key = self.chance.choice(sorted(self.forms)) if again else f"f{len(self.forms)}"
                await self.send(http, key)

    async def send(self, http: httpx.AsyncClient, key: str) -> None:
        headers = {"Idempotency-Key": key, "Accept": "application/json"}
        while True:
            try:
                with self.clock.busy():
                    answer = await http.post("/forms/report", json={}, headers=headers)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code in (200, 201):
                break
            assert answer is None or answer.status_code == 503, answer.text
            await self.rest(1, 3)
        reference = str(answer.json()["reference"])
        assert self.forms.setdefault(key, reference) == reference

    async def agent(self, name: AgentId) -> None:
        """Be at the desk: prove it, take offers mostly, do something with what is in hand."""
        desk = f"desk-{name}"
        while True:
            row = self.town.state.agents.get(name)
            if row is None or row.lease_until is None:
                await self.town.do(c.SignIn(name, desk))
            elif row.status is not AgentStatus.AVAILABLE and self.chance.random() < 0.5:
                await self.town.do(c.SetStatus(name, AgentStatus.AVAILABLE))
            else:
                await self.town.do(c.RenewLeases(((name, desk),)))
                await self.work(name)
            await self.rest(0.5, 4)

    async def work(self, name: AgentId) -> None:
        row = self.town.state.agents[name]
        if row.offer is not None:
            await self.answer(name, row.offer)
        for holding in row.holdings:
            item = self.town.state.items.get(holding.item)
            if item is not None and item.agent == name and self.chance.random() < 0.3:
                await self.handle(name, item.id, item.state)
        if self.chance.random() < 0.01 and not self.is_over:
            await self.town.do(c.SetStatus(name, AgentStatus.AWAY, "break"))

    async def answer(self, name: AgentId, offer: OfferId) -> None:
        await self.town.do(c.SeeOffer(offer, name))
        if self.chance.random() < 0.85 or self.is_over:
            if await self.town.do(c.AcceptOffer(offer, name)):
                self.accepted.add(offer)
        elif self.chance.random() < 0.5:
            await self.town.do(c.DeclineOffer(offer, name))
            if self.chance.random() < 0.3:
                await self.town.do(c.TakeBackDecline(offer, name))

    async def handle(self, name: AgentId, item: ItemId, state: ItemState) -> None:
        choices: list[c.Command] = [c.FinishHandling(item, name)]
        if state is not ItemState.WRAP_UP and not self.is_over:
            choices += [
                c.HoldItem(item, name),
                c.ResumeItem(item, name),
                c.ReturnItem(item, name),
                c.TransferItem(item, name, to_queue=QueueId("roads")),
                c.TransferItem(item, name, to_contact="officer"),
            ]
        command = self.chance.choice(choices)
        close = c.CloseItem(item, name, code="answered")
        if state is ItemState.WRAP_UP or self.chance.random() < 0.3:
            command = close
        if await self.town.do(command) and command is close:
            self.closed.add(item)

    # --- trouble ---------------------------------------------------------------------------------

    async def trouble(self, tasks: asyncio.TaskGroup) -> None:
        while not self.is_over:
            await self.rest(5, 40)
            purpose = self.chance.choice(PURPOSES)
            self.carrier.webhook_faults.add(
                self.chance.choice(
                    (
                        WebhookFault(match=purpose, repeat=1),
                        WebhookFault(match=purpose, repeat=2, together=True),
                        WebhookFault(match=purpose, delay_s=self.chance.uniform(0.5, 8)),
                        WebhookFault(match=purpose, drop=True),
                    )
                )
            )
            self.carrier.rest_faults.add(
                RestFault(
                    match="POST",
                    status=self.chance.choice((429, 500, 503)),
                    perform=self.chance.random() < 0.5,
                    times=self.chance.choice((1, 1, 2, 6)),
                )
            )
            if self.chance.random() < 0.4:
                await self.town.crash()
                await self.rest(0.1, 6)
                await self.town.start(tasks)

    # --- the end ---------------------------------------------------------------------------------

    def findings(self, events: Sequence[e.Event]) -> list[str]:
        """Return what contradicts the ledgers."""
        state = self.town.state
        found = [*broken_laws(state), *broken_story(events, state)]
        received = {ev.item: ev for ev in events if isinstance(ev, e.ItemReceived)}
        calls = {ev.call_id: {str(ev.item)} for ev in received.values()}
        found += [
            f"call {call} was acknowledged as {items}, stored is {calls.get(call)}"
            for call, items in self.called.items()
            if items and calls.get(call) != items
        ]
        forms = [ev for ev in received.values() if not ev.call_id]
        if sorted(ev.item for ev in forms) != sorted(self.forms.values()):
            found.append(f"{len(self.forms)} forms were acknowledged, {len(forms)} items are there")
        ended = [ev for ev in events if isinstance(ev, e.OfferEnded)]
        taken = {ev.offer for ev in ended if ev.ending is OfferEnding.ACCEPTED}
        closed = {ev.item for ev in events if isinstance(ev, e.ItemClosed)}
        found += [f"accepted {offer} is not stored" for offer in self.accepted - taken]
        found += [f"closed {item} is not stored" for item in self.closed - closed]
        on_line = {i.call_id for i in state.items.values() if i.state is ItemState.QUEUED}
        gone = {call.sid for call in self.carrier.exchange.calls.values() if call.over}
        found += [f"call {sid} is gone and waits" for sid in sorted((on_line & gone) - {""})]
        return found


def telephones(carrier: Carrier, chance: random.Random) -> None:
    """Plug in the agents' telephones and those outside, each with its ways."""
    for name in AGENTS:
        carrier.register(f"client:{name}", Handset(after_s=1, script=presses("1")))
    for number in ("+19055550150", "+19055550151", "+19055550152"):
        behaviour = chance.choice((Behaviour.ANSWERS, Behaviour.BUSY, Behaviour.NO_ANSWER))
        carrier.register(number, Handset(behaviour))
    carrier.answer_everything(Handset(chance.choice((Behaviour.ANSWERS, Behaviour.NO_ANSWER))))


async def a_day(seed: int) -> None:
    faults = Faults(seed, SHARES, foreign=lambda _: (), delay_max=3 * SECOND)
    async with simulated(seed, faults) as (town, carrier, tasks):
        day = Day(town, carrier, seed)
        telephones(carrier, day.chance)
        starting = tasks.create_task(town.start(tasks))
        await town.clock.run_until(starting.done)
        people = [tasks.create_task(day.agent(name)) for name in AGENTS]
        people += [
            tasks.create_task(day.callers(tasks)),
            tasks.create_task(day.senders()),
        ]
        troubling = tasks.create_task(day.trouble(tasks))
        await town.clock.advance(LENGTH_S)
        day.is_over = True
        await town.clock.run_until(troubling.done)
        carrier.webhook_faults.waiting.clear()
        carrier.rest_faults.waiting.clear()
        await town.clock.advance(EVENING_S)
        for task in people:
            task.cancel()
        for call in carrier.exchange.calls.values():
            call.hang_up()
        stands = await town.at_rest(tasks)
        events = town.stored()
        found = day.findings(events)
        if (await town.replayed()).hash() != stands:
            found.append("the replay differs")
        last = "\n".join(f"  {event}"[:200] for event in events[-12:])
        assert not found, f"seed {seed}:\n" + "\n".join(found) + f"\n{last}"
        assert town.looks > 50
        assert len(day.called) > 5
        assert len(day.forms) > 5
        assert day.accepted


@pytest.mark.parametrize("seed", range(20))
async def test_nobody_is_lost_on_a_day_by_chance(seed: int) -> None:
    await a_day(seed)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(20, 200))
async def test_nobody_is_lost_on_many_days(seed: int) -> None:
    await a_day(seed)
