"""The twin's line as production would have it: the oracle of `router.twin.line`.

Every change is an event that the core itself has decided (`line_up`, `settle`) or would decide, and
is folded by `apply`, so that a run can be read like a journal.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core import events as e
from router.core.apply import apply
from router.core.matching import settle
from router.core.model import (
    AgentId,
    AgentStatus,
    Channel,
    Instant,
    ItemId,
    OfferEnding,
    OfferId,
    QueueId,
)
from router.core.policy import Policy
from router.core.queueing import line_up, take_step
from router.core.state import State
from router.core.touched import Touched
from router.twin.line import DOORS, FOR_EVER, POLICY, Answered


class LineOfEvents:
    """One town's waiting contacts and its agents; time is what each call says it is."""

    def __init__(self, policy: Policy, now: Instant) -> None:
        self.state = State()
        self.state.policies[POLICY] = policy
        self._touched = Touched()
        self._fold(e.PolicyAdopted(at=now, policy=POLICY))

    def come(self, agent: AgentId, now: Instant) -> list[Answered]:
        """Let an agent begin work, or come back to it."""
        row = self.state.agents.get(agent)
        if row is None or row.lease_until is None:
            self._fold(e.AgentSignedIn(at=now, agent=agent, desk="", lease_until=FOR_EVER))
        self._set_status(agent, AgentStatus.AVAILABLE, now)
        return self._settle(now)

    def go(self, agent: AgentId, now: Instant) -> list[Answered]:
        """Let an agent take nothing more; the present talk goes on."""
        self._set_status(agent, AgentStatus.AWAY, now)
        return self._settle(now)

    def arrive(
        self,
        item: ItemId,
        queue: QueueId,
        now: Instant,
        language: str,
        channel: Channel = Channel.VOICE,
    ) -> list[Answered]:
        """Let somebody wait for a queue."""
        door = DOORS[channel]
        self._fold(
            e.ItemReceived(
                at=now,
                item=item,
                channel=door.channel,
                tempo=door.tempo,
                form=door.form,
                called="",
                address_key="",
                contact_ref="",
                words_ref="",
                call_id="",
                language=language,
                subject="",
            )
        )
        row, rule = self.state.items[item], self.state.policy.queues[queue]
        for event in line_up(
            self.state, now, row, rule, form=door.form, first_queued_at=now, rule=""
        ):
            self._fold(event)
        return self._settle(now)

    def relax(self, item: ItemId, now: Instant) -> list[Answered]:
        """Take the item's next step, which is due now."""
        row = self.state.items[item]
        if row.queue is not None:
            rule = self.state.policy.queues[row.queue]
            for event in take_step(self.state, now, row, rule, "twin"):
                self._fold(event)
        return self._settle(now)

    def hang_up(self, item: ItemId, now: Instant) -> None:
        """Let somebody who waits give up."""
        self._fold(e.ItemAbandoned(at=now, item=item, reason="hang-up", forget_at=now))
        self._fold(e.ItemForgotten(at=now, item=item))

    def finish(self, item: ItemId, now: Instant) -> list[Answered]:
        """Let a talk be over."""
        self._fold(
            e.ItemClosed(at=now, item=item, outcome="done", code="", note_ref="", forget_at=now)
        )
        self._fold(e.ItemForgotten(at=now, item=item))
        return self._settle(now)

    def _set_status(self, agent: AgentId, status: AgentStatus, now: Instant) -> None:
        self._fold(
            e.AgentStatusSet(at=now, agent=agent, status=status, reason="", after_item=False)
        )

    def _fold(self, event: e.Event) -> None:
        self._touched.note(self.state, event)
        apply(self.state, event)

    def _settle(self, now: Instant) -> list[Answered]:
        """Let the core offer what it can; every offer is accepted and answered at once."""
        answered: list[Answered] = []
        while self._touched.items or self._touched.agents:
            made = [event for event in self._folded(now) if isinstance(event, e.OfferMade)]
            answered += [self._accept(each.offer, each.item, each.agent, now) for each in made]
        return answered

    def _folded(self, now: Instant) -> Iterator[e.Event]:
        for event in settle(self.state, now, self._touched):
            self._fold(event)
            yield event

    def _accept(self, offer: OfferId, item: ItemId, agent: AgentId, now: Instant) -> Answered:
        accepted = OfferEnding.ACCEPTED
        for event in (
            e.OfferEnded(at=now, offer=offer, ending=accepted, reason="", passed_over_until=None),
            e.HandlingStarted(at=now, item=item, agent=agent),
            e.LegChanged(at=now, item=item, leg="agent", call_id=offer, connected=True),
        ):
            self._fold(event)
        return item, agent
