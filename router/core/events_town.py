"""Facts about the town, the machine, agents and effects."""

from __future__ import annotations

from router.core.effects import AnyEffect
from router.core.event_base import Event
from router.core.model import (
    AgentId,
    AgentStatus,
    Condition,
    EffectKey,
    Instant,
    ItemId,
    PolicyHash,
    QueueId,
    Tempo,
)


class PolicyAdopted(Event, frozen=True, tag="policy-adopted"):
    policy: PolicyHash


class ServiceResumed(Event, frozen=True, tag="service-resumed"):
    """The daemon is back; leases, offers and what must last are extended by the gap."""

    since: Instant
    leases_until: Instant
    offers_extended: int  # ns added to every open offer, and to every condition that must last


class EmergencySet(Event, frozen=True, tag="emergency-set"):
    hours: str
    closed: bool
    until: Instant | None
    reason: str
    by: str


class EmergencyCleared(Event, frozen=True, tag="emergency-cleared"):
    hours: str
    by: str


class QueueHoursChanged(Event, frozen=True, tag="queue-hours-changed"):
    """What the hours of a queue say now and when they will say something else."""

    queue: QueueId
    is_open: bool
    rule: str
    reason: str
    changes_at: Instant | None


class ConditionEntered(Event, frozen=True, tag="condition-entered"):
    """What is true of the queue's staff now; its fate follows once it is in effect."""

    queue: QueueId
    condition: Condition
    lasts_at: Instant | None = None  # in effect from then on; None: at once
    meanwhile: Condition | None = None  # in effect until then
    because: str = ""  # what was measured, of a condition of STRAIN
    tempo: Tempo = Tempo.LIVE  # for whom it is true


class ConditionLasted(Event, frozen=True, tag="condition-lasted"):
    """It has lasted long enough: it is in effect."""

    queue: QueueId
    condition: Condition
    tempo: Tempo = Tempo.LIVE


class ConditionLeft(Event, frozen=True, tag="condition-left"):
    queue: QueueId
    condition: Condition
    because: str = ""
    tempo: Tempo = Tempo.LIVE


class KeyKept(Event, frozen=True, tag="key-kept"):
    """A dedupe key and the item that answers for it."""

    key: str
    item: ItemId
    until: Instant | None  # None: until the item is forgotten


class KeyDropped(Event, frozen=True, tag="key-dropped"):
    """The key's time is over, or its item was forgotten."""

    key: str


class AgentSignedIn(Event, frozen=True, tag="agent-signed-in"):
    agent: AgentId
    desk: str
    lease_until: Instant
    client: str = ""
    attempt: int = 0


class AgentSignedOut(Event, frozen=True, tag="agent-signed-out"):
    agent: AgentId
    reason: str  # end-of-shift | lease-lost


class AgentStatusSet(Event, frozen=True, tag="agent-status-set"):
    agent: AgentId
    status: AgentStatus
    reason: str
    after_item: bool  # True: takes effect when nothing is held


class LeasesRenewed(Event, frozen=True, tag="leases-renewed"):
    agents: tuple[AgentId, ...]
    until: Instant


class EffectWanted(Event, frozen=True, tag="effect-wanted"):
    effect: AnyEffect
    due: Instant | None = None  # a leg of which nothing is heard by then is given up


class EffectDone(Event, frozen=True, tag="effect-done"):
    key: EffectKey


class EffectFailed(Event, frozen=True, tag="effect-failed"):
    """Given up; the events after this one say what follows."""

    key: EffectKey
    reason: str
