"""Whom a decision touched: what may now be matched, without looking at everybody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from router.core import events as e
from router.core.model import AgentId, ItemId, OfferEnding, QueueId, Tempo
from router.core.state import State


class Touched:
    """Items and agents in the order in which they were touched."""

    def __init__(self) -> None:
        self.items: dict[ItemId, None] = {}
        self.agents: dict[AgentId, None] = {}
        self.talks: dict[ItemId, None] = {}  # with a third party; may be over
        self.heard: dict[ItemId, None] = {}  # by a supervisor; may be over
        self.staffing = False  # who is signed in or away has changed
        self.queues: dict[tuple[QueueId, Tempo], None] = {}  # of whose line something has changed
        self._turned: dict[tuple[QueueId, Tempo], None] = {}  # where a condition came or went

    def note(self, s: State, event: e.Event) -> None:
        """Remember whom the event touches; called before it is applied."""
        noted = _NOTED.get(type(event))
        if noted is not None:
            noted(self, s, event)
        if s.watch.measured and (noted is not None or isinstance(event, _OF_QUEUE)):
            self._note_queues(s, event)
        elif isinstance(event, e.ServiceLevelCounted) and event.queue in s.watch.entries.queues:
            self.queues[event.queue, Tempo.LIVE] = None  # what is foreseen there has changed

    def _note_queues(self, s: State, event: Any) -> None:
        """Remember whose line the event changes."""
        item = s.items.get(getattr(event, "item", ItemId("")))
        tempo = getattr(event, "tempo", item.tempo if item is not None else Tempo.LIVE)
        queue = getattr(event, "queue", None)
        if queue in s.watch.measured:
            self.queues[queue, tempo] = None
        if item is not None and item.queue in s.watch.measured:
            self.queues[item.queue, item.tempo] = None
        if isinstance(event, _OF_QUEUE):
            self._turned[event.queue, event.tempo] = None
        if isinstance(event, _OF_STAFF):
            every = ((queue, each) for queue in sorted(s.watch.measured) for each in s.watch.tempos)
            self.queues.update(dict.fromkeys(every))

    def note_helpers(self, s: State) -> None:
        """Remember who is idle and may now take somebody, where a condition came or went."""
        for queue, tempo in self._turned:
            self.agents.update(dict.fromkeys(s.index.lanes.idle_helpers(queue, tempo)))
        self._turned.clear()


def _item_waits(touched: Touched, s: State, event: Any) -> None:
    """The item may now be offered to somebody."""
    touched.items[event.item] = None


def _agent_let_go(touched: Touched, s: State, event: Any) -> None:
    """Whoever had the item may now take another."""
    if event.item in s.consults:
        touched.talks[event.item] = None
    if event.item in s.listeners:
        touched.heard[event.item] = None
    item = s.items.get(event.item)
    if item is not None and item.agent is not None:
        touched.agents[item.agent] = None


def _item_returned(touched: Touched, s: State, event: Any) -> None:
    _item_waits(touched, s, event)
    _agent_let_go(touched, s, event)


def _consult_ended(touched: Touched, s: State, event: e.ConsultEnded) -> None:
    row = s.consults.get(event.item)
    if row is not None and row.agent is not None:
        touched.agents[row.agent] = None


def _offer_ended(touched: Touched, s: State, event: e.OfferEnded) -> None:
    offer = s.offers[event.offer]
    touched.agents[offer.agent] = None
    if event.ending is not OfferEnding.ACCEPTED:
        touched.items[offer.item] = None


def _handling_started(touched: Touched, s: State, event: e.HandlingStarted) -> None:
    touched.agents[event.agent] = None


def _agent_changed(touched: Touched, s: State, event: Any) -> None:
    touched.agents[event.agent] = None
    touched.staffing = True


def _policy_adopted(touched: Touched, s: State, event: e.PolicyAdopted) -> None:
    touched.staffing = True
    touched.agents.update(dict.fromkeys(s.agents))
    touched.heard.update(dict.fromkeys(s.listeners))


_OF_QUEUE: Final = (e.ConditionEntered, e.ConditionLeft)
_OF_STAFF: Final = (
    e.AgentStatusSet,
    e.AgentSignedIn,
    e.AgentSignedOut,
    e.PolicyAdopted,
    e.SkillsSet,
    e.SkillsRestored,
)
_NOTED: Final[dict[type[e.Event], Callable[[Touched, State, Any], None]]] = {
    e.ItemQueued: _item_returned,
    e.ItemReturned: _item_returned,
    e.StepTaken: _item_waits,
    e.ItemPrioritised: _item_waits,
    e.PassedOverAgain: _item_waits,
    e.CallbackBooked: _item_waits,
    e.FlowMoved: _agent_let_go,
    e.ItemClosed: _agent_let_go,
    e.ItemAbandoned: _agent_let_go,
    e.ItemDiverted: _agent_let_go,
    e.ItemDeferred: _agent_let_go,
    e.ItemParked: _agent_let_go,
    e.ItemShunted: _agent_let_go,
    e.WrapUpStarted: _agent_let_go,
    e.ConsultCompleted: _agent_let_go,
    e.ConsultEnded: _consult_ended,
    e.HandlingStarted: _handling_started,
    e.OfferMade: _item_waits,  # for more agents, where its queue asks several at once
    e.OfferEnded: _offer_ended,
    e.AgentStatusSet: _agent_changed,
    e.AgentSignedIn: _agent_changed,
    e.AgentSignedOut: _agent_changed,
    e.PolicyAdopted: _policy_adopted,
    e.SkillsSet: _agent_changed,
    e.SkillsRestored: _agent_changed,
}
