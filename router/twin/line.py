"""The line alone: production's decisions and rows, without flows, legs, desks and journal.

Contacts enter a queue at once and agents answer at once, so that what is measured is who gets whom.
Urgency, requirement and steps come from `line_up`, who gets what from `next_item` and `best_agent`,
on the core's own state and index: nothing is decided here. What production folds as eight events
for each contact, offers, acceptance, legs and the end among them, is folded as the change of two
rows that it amounts to; who is answered at once never gets in line. A test holds
this beside the line of events (`tests/twin/test_line.py`): the same contacts go to the same agents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from router.core import events as e
from router.core.apply import apply
from router.core.apply_line import put_paces, queued
from router.core.index import Index
from router.core.matching import best_agent, next_item
from router.core.minimums import begun, offered
from router.core.model import (
    AgentId,
    AgentStatus,
    Channel,
    Form,
    Instant,
    ItemId,
    ItemState,
    PolicyHash,
    QueueId,
    Tempo,
)
from router.core.policy import Policy, Queue
from router.core.queueing import line_up, requirement_at, take_step
from router.core.records import Agent, Holding, Item
from router.core.state import State

FOR_EVER: Final[Instant] = 1 << 62
POLICY: Final = PolicyHash("twin")


Answered = tuple[ItemId, AgentId]  # who began to talk with whom
NOBODY: Final[tuple[Answered, ...]] = ()


class _LineIndex(Index):
    """What matching looks up, without timers and addresses: time is what each call says it is."""

    def item_changed(self, old: Item | None, new: Item | None) -> None:
        """Follow an item's row where it stands in line."""
        self.line_changed(old, new)


class Line:
    """One town's waiting contacts and its agents; time is what each call says it is."""

    def __init__(self, policy: Policy, now: Instant) -> None:
        self.state = State()
        self.state.index = _LineIndex()
        self.state.policies[POLICY] = policy
        self._talking: dict[ItemId, AgentId] = {}
        self._kinds: dict[tuple[QueueId, str], tuple[Item, Queue]] = {}
        self._has_minimums = bool(policy.minimums)
        apply(self.state, e.PolicyAdopted(at=now, policy=POLICY))

    def come(self, agent: AgentId, now: Instant) -> Sequence[Answered]:
        """Let an agent begin work, or come back to it."""
        row = self.state.agents.get(agent)
        if row is None or row.lease_until is None:
            signed_in = e.AgentSignedIn(at=now, agent=agent, desk="", lease_until=FOR_EVER)
            apply(self.state, signed_in)
        self._set_status(agent, AgentStatus.AVAILABLE, now)
        return self._serve(self.state.agents[agent], now)

    def go(self, agent: AgentId, now: Instant) -> Sequence[Answered]:
        """Let an agent take nothing more; the present talk goes on."""
        self._set_status(agent, AgentStatus.AWAY, now)
        return NOBODY

    def arrive(
        self, item: ItemId, queue: QueueId, now: Instant, language: str
    ) -> Sequence[Answered]:
        """Let somebody wait on the line for a queue."""
        state = self.state
        kind = self._kinds.get((queue, language))
        row, rule = kind if kind is not None else self._kind(queue, language)
        if not rule.steps:
            agent = best_agent(state, now, row)
            if agent is not None:  # who does not wait needs no place in line, and no row
                if self._has_minimums:
                    put_paces(state, begun(state, now, row.queue, row.tempo))
                return self._taken(item, row, agent, now)
        row = replace(row, id=item, received_at=now)
        steps = line_up(state, now, row, rule, form=Form.CALL, first_queued_at=now, rule="")
        event = next(steps)
        assert isinstance(event, e.ItemQueued)
        state.put_item(item, queued(row, event))
        put_paces(state, event.paces)
        if not rule.steps:
            return NOBODY
        for each in steps:
            apply(state, each)
        return self._offer(state.items[item], now)

    def relax(self, item: ItemId, now: Instant) -> Sequence[Answered]:
        """Take the item's next step, which is due now."""
        row = self.state.items[item]
        if row.queue is not None:
            rule = self.state.policy.queues[row.queue]
            for event in take_step(self.state, now, row, rule, "twin"):
                apply(self.state, event)
        return self._offer(self.state.items[item], now)

    def hang_up(self, item: ItemId, now: Instant) -> None:
        """Let somebody who waits give up."""
        self.state.put_item(item, None)

    def finish(self, item: ItemId, now: Instant) -> Sequence[Answered]:
        """Let a talk be over."""
        agent = self.state.agents[self._talking.pop(item)]
        held = agent.holdings
        left = tuple(each for each in held if each.item != item) if len(held) > 1 else ()
        return self._serve(replace(agent, holdings=left, idle_since=now), now)

    def _set_status(self, agent: AgentId, status: AgentStatus, now: Instant) -> None:
        apply(
            self.state,
            e.AgentStatusSet(at=now, agent=agent, status=status, reason="", after_item=False),
        )

    def _offer(self, row: Item, now: Instant) -> Sequence[Answered]:
        """Let the best agent, if there is one, answer somebody who waits."""
        agent = best_agent(self.state, now, row)
        if agent is None:
            return NOBODY
        self.state.put_item(row.id, None)
        return self._taken(row.id, row, agent, now)

    def _taken(self, item: ItemId, row: Item, agent: Agent, now: Instant) -> Sequence[Answered]:
        """Let the agent answer.

        Nobody else who waits could have had the agent before, so nobody can now.
        """
        if self._has_minimums:
            put_paces(self.state, offered(self.state, now, row))
        self.state.put_agent(agent.id, self._holding(agent, item, row.tempo))
        return ((item, agent.id),)

    def _serve(self, agent: Agent, now: Instant) -> Sequence[Answered]:
        """Put the agent's row, and let them answer whom they can."""
        state = self.state
        answered: list[Answered] = []
        while state.items and (chosen := next_item(state, now, agent)) is not None:
            item = chosen[0]
            if self._has_minimums:
                put_paces(state, offered(state, now, item))
            state.put_item(item.id, None)
            agent = self._holding(agent, item.id, item.tempo)
            answered.append((item.id, agent.id))
        state.put_agent(agent.id, agent)
        return answered

    def _holding(self, agent: Agent, item: ItemId, tempo: Tempo) -> Agent:
        self._talking[item] = agent.id
        held = Holding(item=item, tempo=tempo, state="handling")
        return replace(agent, holdings=(*agent.holdings, held))

    def _kind(self, queue: QueueId, language: str) -> tuple[Item, Queue]:
        """Return what all who come to the queue with this language have in common."""
        row, rule = _received(queue, language), self.state.policy.queues[queue]
        row = replace(row, requirement=requirement_at(self.state, row, rule, 0))
        self._kinds[queue, language] = row, rule
        return row, rule


def _received(queue: QueueId, language: str) -> Item:
    return Item(
        id=ItemId(""),
        channel=Channel.VOICE,
        tempo=Tempo.LIVE,
        form=Form.CALL,
        state=ItemState.RECEIVED,
        received_at=0,
        called="",
        address_key="",
        contact_ref="",
        words_ref="",
        language=language,
        subject="",
        queue=queue,
    )
