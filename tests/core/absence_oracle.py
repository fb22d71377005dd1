"""Who is there for a queue, and since when nobody is, worked out from the story alone."""

from __future__ import annotations

from typing import Final

from router.core import events as e
from router.core import requirement
from router.core.apply import apply
from router.core.model import AgentStatus, Condition, Instant, QueueId, Tempo
from router.core.policy import Queue
from router.core.state import State
from router.core.steps import bound

GENERAL: Final = QueueId("general")
OF_STAFF: Final = (Condition.UNSTAFFED, Condition.ALL_AWAY)


def staff_says(state: State, queue: Queue, tempo: Tempo | None = None) -> list[Condition]:
    """Return what the agents' rows say of a queue, worked out by looking at everybody.

    `tempo`: counts who may hold one of that kind; None: everybody may.
    """
    there: set[AgentStatus] = set()
    for agent_id, agent in state.policy.agents.items():
        row = state.agents.get(agent_id)
        if row is None or row.lease_until is None:
            continue
        if tempo is not None and not state.policy.capacities[agent.capacity].units.get(tempo):
            continue
        for text in _every_text(queue):
            for language in state.policy.languages:
                needs = requirement.parse(bound(text, "", language.skill))
                if requirement.matches(needs, agent.skills):
                    there.add(row.status)
    if AgentStatus.AVAILABLE in there:
        return []
    return [Condition.ALL_AWAY if there else Condition.UNSTAFFED]


def nobody_is_sent_on_before_absence_lasted(story: list[e.AnyEvent], final: State) -> None:
    """Of the one queue whose fates tell of staff: nobody was there for its absence without a gap.

    What was in effect before the policy changed, or before anybody came, is out of this.
    """
    state = State()
    state.policies = dict(final.policies)
    gone_at: Instant | None = None  # when the last available one went; None: somebody is there
    for event in story:
        if isinstance(event, e.FallbackWalked) and event.condition in OF_STAFF and gone_at:
            absence = state.policy.queues[GENERAL].absence
            assert event.at - gone_at >= absence, event
        apply(state, event)
        if isinstance(event, e.ServiceResumed) and gone_at:
            gone_at += event.offers_extended
        general = state.policy.queues.get(GENERAL)
        if general is None or isinstance(event, e.PolicyAdopted) or not state.agents:
            gone_at = 0
        elif not staff_says(state, general):
            gone_at = None
        elif gone_at is None:
            gone_at = event.at


def _every_text(queue: Queue) -> list[str]:
    texts = [queue.requires]
    for step in queue.steps:
        texts += [text for text in (step.requires, *step.adds) if text]
    return texts
