"""Residents, agents and the carrier, who reach any daemon of the town and try again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from router.core import commands as c
from router.core.effects import DialAgent, DialListener, DialOnCall, DialResident, DialThird, Effect
from router.core.model import (
    SECOND,
    AgentId,
    AgentStatus,
    EffectKey,
    ItemId,
    ItemState,
    LegResult,
    LegState,
    OfferId,
    Tempo,
)
from router.core.state import State
from router.errors import ChannelError, CommandRefused, Overloaded, StorageError
from router.ports import Words
from router.runtime.shunting import ShuntedCommand
from tests.simulation.ledgers import Broken
from tests.simulation.virtual_loop import LoopClock
from tests.storms.daemons import Daemon
from tests.storms.watching import StormWatch

T = TypeVar("T")
PATIENCE_S: Final = 8.0  # of a webhook, before it is sent again
TRIES: Final = 12
LEGS: Final[dict[type[Effect], str]] = {
    DialAgent: "agent",
    DialResident: "resident",
    DialThird: "third",
    DialOnCall: "on_call",
    DialListener: "listener",
}
CONTACT: Final = b'{"number":"","name":"","email":""}'


class Town:
    """The load balancer: whoever asks comes to a daemon that is up, another one each time."""

    def __init__(
        self, daemons: Sequence[Daemon], clock: LoopClock, watch: StormWatch, rng: random.Random
    ) -> None:
        self.daemons, self.clock, self.watch, self._rng = daemons, clock, watch, rng

    def any(self) -> Daemon:
        """Return where a request lands: the balancer may not know yet who is down."""
        up = [each for each in self.daemons if each.is_up]
        return self._rng.choice(up if up and self._rng.random() < 0.9 else list(self.daemons))

    async def ask(
        self, command: c.Command, reply: Callable[[State], T], words: tuple[Words, ...] = ()
    ) -> T | None:
        """Ask until it is answered; None when nobody has.

        Errors: `CommandRefused`; `Broken` when it met a mistake of ours.
        """
        for _ in range(TRIES):
            try:
                async with asyncio.timeout(PATIENCE_S):
                    return await self.any().submit(command, reply, words)
            except ShuntedCommand as error:
                raise Broken(f"{command} met a mistake of ours") from error
            except (StorageError, Overloaded, TimeoutError):
                await self.rest(self._rng.uniform(0.05, 1.5))
        return None

    async def attempt(self, command: c.Command) -> None:
        """Ask until it is answered or refused, or give up. Errors: `Broken`."""
        with suppress(CommandRefused):
            await self.ask(command, _nothing)

    async def look(self, view: Callable[[State], T]) -> T | None:
        """Read at any daemon; None when it is down."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self.any().read(view)
        except (StorageError, TimeoutError):
            return None

    async def rest(self, seconds: float) -> None:
        """Let time pass."""
        await self.clock.sleep_until(self.clock.now() + int(seconds * SECOND))


class Residents:
    """Who calls and who writes."""

    def __init__(self, town: Town, tag: str) -> None:
        self._town, self._tag = town, tag
        self._count = 0
        self.calls = self.forms = 0

    def _name(self) -> str:
        self._count += 1
        return f"{self._tag}{self._count}"

    async def write(self, rng: random.Random) -> None:
        """Send a form, and again under its key until it is answered; sometimes once more."""
        name = self._name()
        self.forms += 1
        words = (Words(f"c-{name}", "contact", CONTACT), Words(f"w-{name}", "form", b"{}"))
        for again in range(1 + (rng.random() < 0.2)):
            command = c.SubmitForm(
                item_id=ItemId(f"{name}f{again}"),
                key=f"form:{name}",
                form="report",
                subject="pothole",
                address_key=f"k-{name}",
                contact_ref=f"c-{name}",
                words_ref=f"w-{name}",
                language="en",
            )
            reference = await self._town.ask(command, _item_of(command.key), words)
            if reference is not None:
                self._town.watch.promise(command.key, reference)

    async def call(self, rng: random.Random) -> None:
        """Phone, press keys, wait, and hang up at last."""
        name = self._name()
        self.calls += 1
        words = (Words(f"w-{name}", "contact", CONTACT),)
        start = c.StartCall(
            item_id=ItemId(name),
            key=f"call:{name}",
            call_id=f"CA{name}",
            called="+19055550100",
            address_key=rng.choice([f"k-{name}", "k-often"]),
            contact_ref=f"w-{name}",
        )
        item = await self._town.ask(start, _item_of(start.key), words)
        if item is None:
            return
        self._town.watch.promise(start.key, item)
        until = self._town.clock.now() + int(rng.uniform(5, 150) * SECOND)
        turn = 0
        while self._town.clock.now() < until:
            await self._town.rest(rng.uniform(0.5, 8))
            turn += 1
            await self._next(rng, item, turn)
        end = c.EndCall(item_id=item, call_id=start.call_id, reason="completed")
        with suppress(CommandRefused):  # it is over already
            while await self._town.ask(end, _nothing) is None:
                await self._town.rest(2)

    async def _next(self, rng: random.Random, item: ItemId, turn: int) -> None:
        step = await self._town.look(lambda state: _step_of(state, item))
        if step is not None and step >= 0:
            digits = rng.choice(["1", "1", "2", "2", "9", "", "7"])
            await self._town.attempt(c.AdvanceFlow(item, step, digits))
        elif rng.random() < 0.1:
            await self._town.attempt(c.ChooseWhileWaiting(item, "1"))
        else:
            await self._town.attempt(c.AskWait(item, turn))


class Agents:
    """Everybody inside, at desks that come to any daemon."""

    def __init__(self, town: Town, names: Sequence[AgentId]) -> None:
        self._town, self._names = town, names
        self.is_calm = False

    async def renew(self) -> None:
        """Prove again and again that the desks are alive."""
        while True:
            desks = tuple((name, f"desk-{name}") for name in self._names)
            await self._town.attempt(c.RenewLeases(desks))
            await self._town.rest(5)

    async def work(self, name: AgentId, rng: random.Random) -> None:
        """Be one agent for ever."""
        while True:
            await self._town.rest(rng.uniform(0.5, 4))
            seen = await self._town.look(lambda state: _seen_by(state, name))
            if seen is None:
                continue
            is_in, offer, held = seen
            if not is_in:
                await self._town.attempt(c.SignIn(name, f"desk-{name}"))
                await self._town.attempt(c.SetStatus(name, AgentStatus.AVAILABLE))
            elif offer is not None:
                await self._answer(name, offer, rng)
            elif held is not None and rng.random() < (0.5 if self.is_calm else 0.2):
                await self._finish(name, held, rng)
            elif not self.is_calm and rng.random() < 0.05:
                await self._town.attempt(c.SignOut(name))
            elif rng.random() < 0.2:
                await self._town.attempt(c.SetStatus(name, AgentStatus.AVAILABLE))

    async def _answer(self, name: AgentId, offer: OfferId, rng: random.Random) -> None:
        lot = 0.0 if self.is_calm else rng.random()
        if lot < 0.75:
            await self._town.attempt(c.AcceptOffer(offer, name))
        elif lot < 0.9:
            await self._town.attempt(c.DeclineOffer(offer, name))

    async def _finish(self, name: AgentId, item: ItemId, rng: random.Random) -> None:
        if not self.is_calm and rng.random() < 0.15:
            await self._town.attempt(c.ReturnItem(item, name))
        else:
            await self._town.attempt(c.CloseItem(item, name, code="answered"))


class Outside:
    """The carrier and the mail server: an `Outlet` for every kind of effect."""

    def __init__(self, town: Town, rng: random.Random, tasks: asyncio.TaskGroup) -> None:
        self._town, self._rng, self._tasks = town, rng, tasks
        self.performed: dict[EffectKey, int] = {}
        self.is_down = False
        self.fails = 0.0  # share of what is asked

    async def perform(self, effect: Effect) -> str:
        """See `Outlet.perform`."""
        await self._town.rest(self._rng.uniform(0.05, 0.6))
        if self.is_down or self._rng.random() < self.fails:
            raise ChannelError("out of order", retryable=self._rng.random() < 0.8)
        self.performed[effect.key] = self.performed.get(effect.key, 0) + 1
        if self._rng.random() < self.fails:
            raise ChannelError("the answer was lost", retryable=True)
        leg = LEGS.get(type(effect))
        if leg is not None:
            call_id = f"L-{effect.key}"
            self._tasks.create_task(self._ring(effect, leg, call_id))
            return call_id
        return ""

    async def _ring(self, effect: Effect, leg: str, call_id: str) -> None:
        await self._town.rest(self._rng.uniform(0.5, 6))
        answered = self.is_calm or self._rng.random() < 0.8
        result = LegResult.ANSWERED if answered else self._rng.choice(list(LegResult))
        report = c.ReportLeg(effect.item_id, leg, call_id, result, effect.key)
        await self._town.attempt(report)
        if leg == "agent" and result is LegResult.ANSWERED:
            await self._town.attempt(c.NoteRoom(effect.item_id, f"CF-{effect.item_id}"))

    @property
    def is_calm(self) -> bool:
        """Say whether everything works."""
        return not self.is_down and not self.fails


def _nothing(_: State) -> bool:
    return True


def _item_of(key: str) -> Callable[[State], ItemId]:
    return lambda state: state.keys[key].item


def _step_of(state: State, item: ItemId) -> int | None:
    row = state.items.get(item)
    if row is None:
        return None
    in_flow = row.state is ItemState.IN_FLOW and row.flow is not None
    return row.flow.step if in_flow and row.flow is not None else -1


def _seen_by(state: State, name: AgentId) -> tuple[bool, OfferId | None, ItemId | None]:
    row = state.agents.get(name)
    if row is None or row.lease_until is None:
        return False, None, None
    held = None
    for holding in row.holdings:
        item = state.items.get(holding.item)
        if item is not None and item.agent == name:
            talks = item.agent_call_state is LegState.CONNECTED or item.tempo is not Tempo.LIVE
            held = item.id if talks or item.state is ItemState.WRAP_UP else held
    return True, row.offer, held
