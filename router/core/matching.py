"""Which item, which agent: one decision costs the look at a few heads of ordered lists.

Items go by rank: their urgency (due instant less head start, then id), and behind it once they
have missed their target. Agents go by what the queue says, then longest idle (since the end of the
last handled work, then id). An agent who just failed an item is passed over for it for a while. No
list of all items or all agents is ever walked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from operator import itemgetter
from typing import Final

from router.core import callbacks
from router.core import events as e
from router.core.buckets import NAMED, Bucket, LineKey, Profile, rank
from router.core.index import Index
from router.core.model import (
    AgentId,
    AgentOrder,
    AgentStatus,
    Form,
    Instant,
    ItemId,
    ItemState,
    OfferId,
)
from router.core.ordered import OrderedKeys
from router.core.queueing import queue_of
from router.core.records import Agent, Item
from router.core.state import State
from router.core.touched import Touched

MOST_URGENT: Final = "most urgent item"  # rule of an offer: the agent was free first
LONGEST_IDLE: Final = "longest idle"  # end of the rule of an offer: the item was there first
LOOK_PAST_MAX: Final = 16  # heads looked at beyond those that pass the agent over

Events = Iterator[e.Event]


def settle(s: State, now: Instant, touched: Touched) -> Events:
    """Match whoever was touched until nothing more can be offered, the most urgent item first."""
    while touched.items or touched.agents:
        yield from _settle_agents(s, now, touched)
        waiting = list(touched.items)
        touched.items.clear()
        if len(waiting) > 1:
            waiting.sort(key=lambda item_id: _rank(s, now, item_id))
        for item_id in waiting:
            yield from offer_item(s, now, item_id)
            yield from _settle_agents(s, now, touched)


def _settle_agents(s: State, now: Instant, touched: Touched) -> Events:
    while touched.agents:
        agent_id = next(iter(touched.agents))
        del touched.agents[agent_id]
        yield from _leave_when_done(s, now, agent_id)
        yield from offer_to_agent(s, now, agent_id)


def _rank(s: State, now: Instant, item_id: ItemId) -> LineKey:
    item = s.items.get(item_id)
    return rank(item, now) if item is not None else (0, item_id)


def offer_item(s: State, now: Instant, item_id: ItemId) -> Events:
    """Offer the item to the best agent who could take it now, if there is one."""
    item = s.items.get(item_id)
    if item is None or item.state is not ItemState.QUEUED:
        return
    if item.form is Form.CALLBACK:
        deferral = callbacks.out_of_hours(s, now, item)
        if deferral is not None:
            yield deferral
            return
    agent = best_agent(s, now, item)
    if agent is not None:
        by = [each.replace("_", " ") for each in queue_of(s, item).agent_order]
        yield make_offer(s, now, item, agent, ", then ".join([*by, LONGEST_IDLE]))


def offer_to_agent(s: State, now: Instant, agent_id: AgentId) -> Events:
    """Offer the agent the most urgent item they could take now, if there is one."""
    while True:
        agent = s.agents.get(agent_id)
        item = best_item(s, now, agent) if agent is not None else None
        if agent is None or item is None:
            return
        if item.form is Form.CALLBACK:
            deferral = callbacks.out_of_hours(s, now, item)
            if deferral is not None:
                yield deferral
                continue
        yield make_offer(s, now, item, agent, MOST_URGENT)
        return


def best_agent(s: State, now: Instant, item: Item) -> Agent | None:
    """Return the agent who shall have the item, of those who could take it now.

    By the queue's `agent_order`, which compares profiles; the longest idle of equals.
    """
    bucket = s.index.bucket(item.requirement, item.tempo)
    if not bucket.available:
        return None
    found: list[tuple[LineKey, Profile]] = []  # the longest idle of each profile
    for profile in bucket.profiles:
        head = profile.idle[item.tempo].head if profile.available else None
        if head is not None and item.passed_over:
            head = _first_not_passed_over(profile.idle[item.tempo], item, now)
        if head is not None:
            found.append((head, profile))
    if not found:
        return None
    best = found[0]
    if len(found) > 1:
        order = [MERIT[by] for by in queue_of(s, item).agent_order]
        if order:
            best = min(found, key=lambda each: _preference(s.index, bucket, each, order))
        else:
            best = min(found, key=itemgetter(0))
    return s.agents[AgentId(best[0][1])]


def _preference(
    index: Index, bucket: Bucket, each: tuple[LineKey, Profile], order: list[Merit]
) -> tuple[list[int], LineKey]:
    """Return what is least for who shall have it: the most merit, then the longest idle."""
    head, profile = each
    return [-merit(index, bucket, profile) for merit in order], head


def _first_not_passed_over(idle: OrderedKeys[LineKey], item: Item, now: Instant) -> LineKey | None:
    heads = islice(idle, LOOK_PAST_MAX)
    return next((key for key in heads if _may_have(item, AgentId(key[1]), now)), None)


def _coverage(index: Index, bucket: Bucket, profile: Profile) -> int:
    """Return how many who are free have the skill that fewest of them have, of those not asked for.

    Whom it takes keeps the rare skills free for those who need them; nobody else's arrival rates
    need to be known (`docs/adr/0020`).
    """
    idle = index.idle_with[bucket.tempo]
    return min((idle[skill] for skill in profile.beside(bucket)), default=ALL_THERE_IS)


def _least_flexible(index: Index, bucket: Bucket, profile: Profile) -> int:
    return -len(profile.skills)


def _best_level(index: Index, bucket: Bucket, profile: Profile) -> int:
    """Return the lowest of the agent's levels in what is asked for."""
    return min((profile.skills.get(skill, 0) for skill in bucket.skills), default=0)


ALL_THERE_IS: Final = 1 << 62  # more than any count
Merit = Callable[[Index, Bucket, Profile], int]
MERIT: Final[dict[AgentOrder, Merit]] = {
    AgentOrder.COVERAGE: _coverage,
    AgentOrder.LEAST_FLEXIBLE: _least_flexible,
    AgentOrder.BEST_LEVEL: _best_level,
}


def best_item(s: State, now: Instant, agent: Agent) -> Item | None:
    """Return the item that the agent shall be offered now, of those they could take.

    The first in rank; but if that one can still be answered within its target, then of all who can
    and stand before the first who cannot, the one whose service has the fewest people at work.
    """
    profile = s.index.profile_of(agent.id)
    if profile is None:
        return None
    items = s.items
    steady: LineKey | None = None
    fresh: list[tuple[LineKey, int]] = []  # the first of each bucket, people at work for it
    for bucket in buckets_of(s.index, profile, agent):
        if bucket.ripe_at < now:
            bucket.ripen(now, items)
        head = bucket.steady.head
        if head is not None and (steady is None or head < steady):  # most heads end here
            willing = _first_willing(items, now, agent.id, bucket.steady, head)
            if willing is not None and (steady is None or willing < steady):
                steady = willing
        head = bucket.fresh.head
        if head is not None and (steady is None or head < steady):
            willing = _first_willing(items, now, agent.id, bucket.fresh, head)
            if willing is not None:
                fresh.append((willing, bucket.available))
    best = steady
    if fresh:
        ahead = [(people, key) for key, people in fresh if steady is None or key < steady]
        best = min(ahead)[1] if ahead else steady
    return None if best is None else items[ItemId(best[1])]


def buckets_of(index: Index, profile: Profile, agent: Agent) -> list[Bucket]:
    """Return the buckets of which the agent could take something now."""
    tempos = profile.free_tempos(agent)
    found = profile.buckets_of(tempos)
    if not index.names_agents:  # as nearly always
        return found
    mine = NAMED + agent.id
    named = [index.buckets[mine, tempo] for tempo in tempos if (mine, tempo) in index.buckets]
    return [*found, *named] if named else found


def _first_willing(
    items: Mapping[ItemId, Item],
    now: Instant,
    agent_id: AgentId,
    keys: OrderedKeys[LineKey],
    head: LineKey,
) -> LineKey | None:
    """Return the first key whose item may go to the agent; `head` is the first of all."""
    if not items[ItemId(head[1])].passed_over:
        return head
    for key in islice(keys, LOOK_PAST_MAX):
        if _may_have(items[ItemId(key[1])], agent_id, now):
            return key
    return None


def _may_have(item: Item, agent_id: AgentId, now: Instant) -> bool:
    return all(who != agent_id or until <= now for who, until in item.passed_over)


def could_take(s: State, item: Item, agent: Agent) -> bool:
    """Say whether the agent meets what the item asks for and has room for it now."""
    profile = s.index.profile_of(agent.id)
    if profile is None or profile not in s.index.bucket(item.requirement, item.tempo).profiles:
        return False
    return item.tempo in profile.free_tempos(agent)


def make_offer(s: State, now: Instant, item: Item, agent: Agent, rule: str) -> e.OfferMade:
    """Return the offer: its id follows from the item, so that chance is not needed."""
    timeout = queue_of(s, item).offer_timeout[item.tempo]
    return e.OfferMade(
        at=now,
        offer=OfferId(f"{item.id}.{item.offer_count + 1}"),
        item=item.id,
        agent=agent.id,
        tempo=item.tempo,
        expires_at=now + timeout,
        idle_since=agent.idle_since,
        rule=rule,
    )


def _leave_when_done(s: State, now: Instant, agent_id: AgentId) -> Events:
    """Bring about the status that the agent asked for after the present item."""
    agent = s.agents.get(agent_id)
    if agent is None or agent.then_status is None or agent.holdings:
        return
    if agent.then_status is AgentStatus.OFFLINE:
        yield e.AgentSignedOut(at=now, agent=agent_id, reason=agent.then_reason or "end-of-shift")
    else:
        yield e.AgentStatusSet(
            at=now,
            agent=agent_id,
            status=agent.then_status,
            reason=agent.then_reason,
            after_item=False,
        )
