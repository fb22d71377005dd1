"""Whom a decision touched: what may now be matched, without looking at everybody else."""

from __future__ import annotations

from typing import Final

from router.core import events as e
from router.core.model import AgentId, ItemId, OfferEnding
from router.core.state import State

# the item may now be offered to somebody
_ITEM_WAITS: Final = (
    e.ItemQueued,
    e.StepTaken,
    e.ItemReturned,
    e.ItemPrioritised,
    e.PassedOverAgain,
    e.CallbackBooked,
)
# whoever had the item may now take another
_AGENT_LET_GO: Final = (
    e.ItemQueued,
    e.FlowMoved,
    e.ItemReturned,
    e.ItemClosed,
    e.ItemAbandoned,
    e.ItemDiverted,
    e.ItemDeferred,
    e.ItemShunted,
    e.HandlingStarted,
    e.WrapUpStarted,
)
_AGENT_CHANGED: Final = (e.AgentStatusSet, e.AgentSignedIn, e.AgentSignedOut)


class Touched:
    """Items and agents in the order in which they were touched."""

    def __init__(self) -> None:
        self.items: dict[ItemId, None] = {}
        self.agents: dict[AgentId, None] = {}
        self.staffing = False  # who is signed in or away has changed

    def note(self, s: State, event: e.Event) -> None:
        """Remember whom the event touches; called before it is applied."""
        if isinstance(event, e.OfferEnded):
            offer = s.offers[event.offer]
            self.agents[offer.agent] = None
            if event.ending is not OfferEnding.ACCEPTED:
                self.items[offer.item] = None
            return
        if isinstance(event, _ITEM_WAITS):
            self.items[event.item] = None
        if isinstance(event, _AGENT_LET_GO):
            if isinstance(event, e.HandlingStarted):
                self.agents[event.agent] = None
            elif (item := s.items.get(event.item)) is not None and item.agent is not None:
                self.agents[item.agent] = None
        elif isinstance(event, _AGENT_CHANGED):
            self.agents[event.agent] = None
            self.staffing = True
        elif isinstance(event, e.PolicyAdopted):
            self.staffing = True
            self.agents.update(dict.fromkeys(s.agents))
