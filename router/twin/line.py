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
from typing import Final, NamedTuple

from msgspec.structs import replace

from router.core import events as e
from router.core.apply import apply
from router.core.apply_line import put_paces, queued
from router.core.index import Index
from router.core.matching import best_agent, next_item
from router.core.minimums import begun
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
from router.core.paces import offered
from router.core.policy import Policy, Queue
from router.core.queueing import line_up, requirement_at, step_by_age, take_step
from router.core.records import Agent, Holding, Item
from router.core.state import State
from router.core.watch import Watch

FOR_EVER: Final[Instant] = 1 << 62
POLICY: Final = PolicyHash("twin")

Answered = tuple[ItemId, AgentId]  # who began to talk with whom
NOBODY: Final[tuple[Answered, ...]] = ()


class Door(NamedTuple):
    """How somebody comes, and what an agent will do with it."""

    channel: Channel
    tempo: Tempo
    form: Form


DOORS: Final = {
    Channel.VOICE: Door(Channel.VOICE, Tempo.LIVE, Form.CALL),
    Channel.CHAT: Door(Channel.CHAT, Tempo.FAST_TEXT, Form.CHAT),
    Channel.MAIL: Door(Channel.MAIL, Tempo.SLOW_TEXT, Form.MAIL),
    Channel.WEBFORM: Door(Channel.WEBFORM, Tempo.SLOW_TEXT, Form.SUBMISSION),
}


class _LineIndex(Index):
    """What matching looks up, without timers and addresses: time is what each call says it is."""

    def item_changed(self, old: Item | None, new: Item | None) -> None:
        """Follow an item's row where it stands in line."""
        self.line_changed(old, new)


class _Kind:
    """What all have in common who come to a queue through one door with one language."""

    __slots__ = ("first", "has_steps", "is_alike", "row", "rule")

    def __init__(self, row: Item, rule: Queue) -> None:
        self.row = row  # received, and asking for what it will ask for in line
        self.rule = rule
        self.has_steps = bool(rule.steps)
        # nothing but time tells two of them in line apart, no promise by the hours of the day
        self.is_alike = row.tempo is not Tempo.SLOW_TEXT
        self.first: Item | None = None  # the first of them who waited, if they are alike


class Line:
    """One town's waiting contacts and its agents; time is what each call says it is."""

    def __init__(self, policy: Policy, now: Instant) -> None:
        self.state = State()
        self.state.index = _LineIndex()
        self.state.policies[POLICY] = policy
        self._talking: dict[ItemId, AgentId] = {}
        self._kinds: dict[tuple[QueueId, str, Channel], _Kind] = {}
        self._keeps_paces = bool(policy.minimums) or policy.turns is not None
        apply(self.state, e.PolicyAdopted(at=now, policy=POLICY))
        self.state.watch = Watch()  # no step with a condition opens here: nobody need look for one

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
        self,
        item: ItemId,
        queue: QueueId,
        now: Instant,
        language: str,
        channel: Channel = Channel.VOICE,
    ) -> Sequence[Answered]:
        """Let somebody wait for a queue."""
        state = self.state
        kind = self._kinds.get((queue, language, channel)) or self._kind(queue, language, channel)
        row = kind.row
        if kind.has_steps and not state.index.has_somebody(row.requirement, row.tempo):
            return self._line_up(kind, item, now)  # may take steps at once
        agent = best_agent(state, now, row)
        if agent is None and kind.first is None:
            return self._line_up(kind, item, now)
        if self._keeps_paces:
            put_paces(state, begun(state, now, queue, row.tempo))
        if agent is not None:  # who does not wait needs no place in line, and no row
            return self._taken(item, row, agent, now)
        assert kind.first is not None
        state.put_item(item, _as_the_first(kind.first, item, now))
        return NOBODY

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

    def _line_up(self, kind: _Kind, item: ItemId, now: Instant) -> Sequence[Answered]:
        """Let `line_up` put somebody in line, and the best agent, if there is one, answer."""
        state = self.state
        received, form = replace(kind.row, id=item, received_at=now), kind.row.form
        steps = line_up(state, now, received, kind.rule, form=form, first_queued_at=now, rule="")
        event = next(steps)
        assert isinstance(event, e.ItemQueued)
        row = queued(received, event)
        state.put_item(item, row)
        put_paces(state, event.paces)
        if kind.is_alike:
            kind.first = row
        for each in steps:
            apply(state, each)
        return self._offer(state.items[item], now)

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
        if self._keeps_paces:
            put_paces(self.state, offered(self.state, now, row))
        self.state.put_agent(agent.id, self._holding(agent, item, row.tempo))
        return ((item, agent.id),)

    def _serve(self, agent: Agent, now: Instant) -> Sequence[Answered]:
        """Put the agent's row, and let them answer whom they can."""
        state = self.state
        answered: list[Answered] = []
        while state.items and (chosen := next_item(state, now, agent)) is not None:
            item = chosen[0]
            if self._keeps_paces:
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

    def _kind(self, queue: QueueId, language: str, channel: Channel) -> _Kind:
        rule, door = self.state.policy.queues[queue], DOORS[channel]
        row = Item(
            id=ItemId(""),
            channel=door.channel,
            tempo=door.tempo,
            form=door.form,
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
        step = step_by_age(rule, 0, 0)
        row = replace(row, step=step, requirement=requirement_at(self.state, row, rule, step))
        kind = self._kinds[queue, language, channel] = _Kind(row, rule)
        return kind


def _as_the_first(first: Item, item: ItemId, now: Instant) -> Item:
    """Return the row of who gets in line now: what `line_up` said of the first one, so much later.

    No need to ask again what cannot have changed: it costs as much as all the rest of an arrival.
    """
    later = now - first.received_at
    late_at, fresh_until, threshold_at = first.late_at, first.fresh_until, first.threshold_at
    step_due = first.step_due
    return replace(
        first,
        id=item,
        received_at=now,
        first_queued_at=now,
        urgency_at=first.urgency_at + later,
        step_due=None if step_due is None else step_due + later,
        threshold_at=None if threshold_at is None else threshold_at + later,
        late_at=None if late_at is None else late_at + later,
        entered_at=now,
        fresh_until=None if fresh_until is None else fresh_until + later,
    )
