"""A supervisor who goes into the talks of agents and out of them, from anybody's telephone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from router.core import commands as c
from router.core.commands_listening import ListenTo, StopListening
from router.core.model import AgentId, ItemId, ItemState, LegResult, ListenMode
from router.core.records_calls import Listener
from router.core.relations import talks
from router.core.state import State
from tests.storms.people import Town

NAME: Final = "boss"


class Supervisor:
    """Asks any daemon, for ever; once all is calm they only leave."""

    def __init__(self, town: Town, telephones: Sequence[AgentId]) -> None:
        self._town, self._telephones = town, telephones
        self.is_calm = False

    async def listen(self, rng: random.Random) -> None:
        """Go in, change, leave, hang up."""
        while True:
            await self._town.rest(rng.uniform(0.1, 1))
            found = await self._town.look(_in_hand)
            if not found:
                continue
            item, row = rng.choice(found)
            await (self._begin(item, rng) if row is None else self._go_on(row, rng))

    async def _begin(self, item: ItemId, rng: random.Random) -> None:
        if not self.is_calm:
            who, mode = rng.choice(self._telephones), rng.choice(list(ListenMode))
            await self._town.attempt(ListenTo(item, who, mode, NAME))

    async def _go_on(self, row: Listener, rng: random.Random) -> None:
        lot = rng.random()
        if row.connected and lot < 0.1:
            ended = c.ReportLeg(row.item, "listener", row.call_id, LegResult.ENDED, row.key)
            await self._town.attempt(ended)
        elif self.is_calm or lot < 0.15:
            await self._town.attempt(StopListening(row.item, NAME))
        elif lot < 0.3:
            mode = rng.choice(list(ListenMode))
            await self._town.attempt(ListenTo(row.item, row.agent, mode, NAME))


def _in_hand(state: State) -> list[tuple[ItemId, Listener | None]]:
    return [
        (item.id, state.listeners.get(item.id))
        for _, item in sorted(state.items.items())
        if item.state is ItemState.HANDLING and talks(item)
    ]
