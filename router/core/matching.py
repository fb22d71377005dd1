"""Which item, which agent: one decision costs the look at a few heads of ordered lists.

Items go by rank: their urgency (due instant less head start, then id), and behind it once they
have missed their target. Agents go by what the queue says, then longest idle (since the end of the
last handled work, then id). An agent who just failed an item is passed over for it for a while. No
list of all items or all agents is ever walked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Final, cast

from router.core import callbacks, minimums, paces
from router.core import events as e
from router.core.buckets import ALL_THERE_IS, NAMED, NOBODY, Bucket, LineKey, Profile, rank
from router.core.capacity import NONE
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
    QueueId,
    Tempo,
)
from router.core.ordered import OrderedKeys
from router.core.policy import Queue
from router.core.queueing import queue_of
from router.core.records import Agent, Item
from router.core.state import State
from router.core.touched import Touched
from router.core.turns import TURN, whose_turn

MOST_URGENT: Final = "most urgent item"  # rule of an offer: the agent was free first
OWED: Final = "what is owed to minimum"  # begins the rule of such an offer; its id follows
LONGEST_IDLE: Final = "longest idle"  # end of the rule of an offer: the item was there first
LOOK_PAST_MAX: Final = 16  # heads looked at beyond those that pass the agent over

NO_QUEUES: Final[frozenset[QueueId]] = frozenset()
ONLY: Final = {tempo: frozenset({tempo}) for tempo in Tempo}

Events = Iterator[e.Event]


def settle(s: State, now: Instant, touched: Touched) -> Events:
    """Match whoever was touched until nothing more can be offered, the most urgent item first."""
    asked: dict[ItemId, None] = {}
    while touched.items or touched.agents:
        yield from _settle_agents(s, now, touched)
        waiting = list(touched.items)
        touched.items.clear()
        if len(waiting) > 1:
            waiting.sort(key=lambda item_id: _rank(s, now, item_id))
        for item_id in waiting:
            yield from offer_item(s, now, item_id)
            yield from _settle_agents(s, now, touched)
        asked.update(dict.fromkeys(waiting))
    for item_id in asked:  # only whom nobody else needs
        yield from ask_more(s, now, item_id)


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
        yield make_offer(s, now, item, agent, _order_in_words(s, item))


def _order_in_words(s: State, item: Item) -> str:
    by = [each.replace("_", " ") for each in queue_of(s, item).agent_order]
    return ", then ".join([*by, LONGEST_IDLE])


def ask_more(s: State, now: Instant, item_id: ItemId) -> Events:
    """Offer an item that is on offer to the next best agents, too, if its queue asks several."""
    item = s.items.get(item_id)
    if item is None or item.state is not ItemState.OFFERED:
        return
    most = asked_at_once(s, now, item)
    while len(item.offers) < most:
        agent = best_agent(s, now, item)
        if agent is None:
            return
        number = f"number {len(item.offers) + 1} of {most} asked at once"
        yield make_offer(s, now, item, agent, f"{number}: {_order_in_words(s, item)}")
        item = s.items[item_id]


def may_ask_more(s: State, now: Instant, item: Item) -> bool:
    """Say whether the item waits and one more agent may be asked for it."""
    waits = item.state in (ItemState.QUEUED, ItemState.OFFERED)
    return waits and len(item.offers) < asked_at_once(s, now, item)


def asked_at_once(s: State, now: Instant, item: Item) -> int:
    """Return how many agents are asked at once for the item, by its wait so far."""
    by_wait = queue_of(s, item).offer_to.get(item.tempo)
    if by_wait is None or item.first_queued_at is None:
        return 1
    waited = now - item.first_queued_at
    return max((each.agents for each in by_wait if each.after <= waited), default=1)


def offer_to_agent(s: State, now: Instant, agent_id: AgentId) -> Events:
    """Offer the agent the most urgent item they could take now, if there is one."""
    while True:
        agent = s.agents.get(agent_id)
        chosen = next_item(s, now, agent) if agent is not None else None
        if agent is None or chosen is None:
            return
        item, rule = chosen
        if item.form is Form.CALLBACK:
            deferral = callbacks.out_of_hours(s, now, item)
            if deferral is not None:
                yield deferral
                continue
        yield make_offer(s, now, item, agent, rule)
        return


def best_agent(s: State, now: Instant, item: Item) -> Agent | None:
    """Return the agent who shall have the item, of those who could take it now.

    By the queue's `agent_order`, which compares profiles; the longest idle of equals.
    """
    index = s.index
    bucket = index.bucket_of(item)
    if not bucket.available:
        return None
    if bucket.named is not None:
        named = s.agents[bucket.named]
        may = could_take(s, item, named) and _may_have(item, named.id, now)
        return named if may else None
    tempo = item.tempo
    heads: list[LineKey] = []  # the longest idle of each profile
    profiles: list[Profile] = []
    for profile in bucket.profiles:
        idle = profile.idle[tempo]
        head = idle.head
        if head is not None and item.passed_over:
            head = _first_not_passed_over(idle, item, now)
        if head is not None:
            heads.append(head)
            profiles.append(profile)
    if len(heads) < 2:
        return s.agents[AgentId(heads[0][1])] if heads else None
    queue = queue_of(s, item)
    costs = [COST[by](index, bucket, profiles, queue) for by in queue.agent_order]
    return s.agents[AgentId(min(zip(*costs, heads, strict=True))[-1][1])]


def _first_not_passed_over(idle: OrderedKeys[LineKey], item: Item, now: Instant) -> LineKey | None:
    heads = islice(idle, LOOK_PAST_MAX)
    return next((key for key in heads if _may_have(item, AgentId(key[1]), now)), None)


def _coverage(index: Index, bucket: Bucket, profiles: list[Profile], queue: Queue) -> list[int]:
    """Rarest last: how many who are free have the skill that fewest have, of those not asked for.

    Whom it takes keeps the rare skills free for those who need them; nobody else's arrival rates
    need to be known (`docs/adr/0020`).
    """
    idle = index.idle_with[bucket.tempo]
    return [-min(profile.counts_beside(bucket)(idle)) for profile in profiles]


def _least_flexible(
    index: Index, bucket: Bucket, profiles: list[Profile], queue: Queue
) -> list[int]:
    return [len(profile.skills) for profile in profiles]


def _best_level(index: Index, bucket: Bucket, profiles: list[Profile], queue: Queue) -> list[int]:
    """By the lowest of each one's levels in what is asked for."""
    asked = bucket.skills
    return [-min((x.skills.get(skill, 0) for skill in asked), default=0) for x in profiles]


def _team_first(index: Index, bucket: Bucket, profiles: list[Profile], queue: Queue) -> list[int]:
    return [int(profile.team != queue.team) for profile in profiles]


def _kept_before(index: Index, bucket: Bucket, profiles: list[Profile], queue: Queue) -> list[int]:
    """Return the same of everybody: by now it is no longer kept for who had the resident last."""
    return [0] * len(profiles)


# What is least for who shall have it, of each profile.
COST: Final[dict[AgentOrder, Callable[[Index, Bucket, list[Profile], Queue], list[int]]]] = {
    AgentOrder.COVERAGE: _coverage,
    AgentOrder.LEAST_FLEXIBLE: _least_flexible,
    AgentOrder.BEST_LEVEL: _best_level,
    AgentOrder.TEAM_FIRST: _team_first,
    AgentOrder.LAST_AGENT: _kept_before,
}


def next_item(s: State, now: Instant, agent: Agent) -> tuple[Item, str] | None:
    """Return the item that the agent shall be offered now, of those they could take, and the rule.

    What a minimum is owed comes before all; see `minimums`, then `turns`, then rank.
    """
    profile = s.index.profile_of(agent.id)
    tempos = NONE if profile is None else profile.free_tempos(agent)
    if profile is None or not tempos:
        return None
    for minimum in minimums.owed(s, now):
        if minimum.tempo in tempos:
            part = _buckets_of(s.index, profile, agent, ONLY[minimum.tempo])
            item = _most_urgent(s, now, agent, part, minimum.queues)
            if item is not None:
                return item, f"{OWED} {minimum.id}"
    buckets = _buckets_of(s.index, profile, agent, tempos)
    item = _most_urgent(s, now, agent, buckets)
    if item is None or s.policy.turns is None:
        return None if item is None else (item, MOST_URGENT)
    item, by = whose_turn(s, now, profile, buckets, item, partial(_most_urgent, s, now, agent))
    return item, f"{TURN}{', '.join(by)}" if by else MOST_URGENT


def _most_urgent(
    s: State,
    now: Instant,
    agent: Agent,
    buckets: list[Bucket],
    queues: frozenset[QueueId] = NO_QUEUES,
) -> Item | None:
    """Return the first in rank of these buckets, and of these queues if any are given.

    If that one can still be answered within its target, then of all who can and stand before the
    first who cannot, the one whose service has the fewest people at work.
    """
    items, agent_id = cast("Mapping[str, Item]", s.items), agent.id
    best = NOBODY
    for bucket in buckets:
        if bucket.ripe_at < now:
            bucket.ripen(now, s.items)
        first = bucket.first
        if first < best:  # most end here
            if queues or items[first[1]].passed_over:
                first = _first_willing(items, now, agent_id, bucket, bucket.steady, queues)
                if first >= best:
                    continue
            best = first
    chosen, people = best, ALL_THERE_IS
    for bucket in buckets:
        first = bucket.first_fresh
        if first < best:
            count = bucket.available
            if count < people or (count == people and first < chosen):
                if queues or items[first[1]].passed_over:
                    first = _first_willing(items, now, agent_id, bucket, bucket.fresh, queues)
                    if first >= best or (count == people and first >= chosen):
                        continue
                chosen, people = first, count
    return None if chosen is NOBODY else items[chosen[1]]


def buckets_of(index: Index, profile: Profile, agent: Agent) -> list[Bucket]:
    """Return the buckets of which the agent could take something now."""
    return _buckets_of(index, profile, agent, profile.free_tempos(agent))


def _buckets_of(
    index: Index, profile: Profile, agent: Agent, tempos: frozenset[Tempo]
) -> list[Bucket]:
    found = profile.buckets_of(tempos)
    if not index.names_agents:  # as nearly always
        return found
    mine = NAMED + agent.id
    named = [index.buckets[mine, tempo] for tempo in tempos if (mine, tempo) in index.buckets]
    return [*found, *named] if named else found


def _first_willing(
    items: Mapping[str, Item],
    now: Instant,
    agent_id: AgentId,
    bucket: Bucket,
    keys: OrderedKeys[LineKey],
    queues: frozenset[QueueId],
) -> LineKey:
    """Return the rank of the first whose item may go to the agent; `NOBODY` if none near it may."""
    for key in islice(keys, LOOK_PAST_MAX):
        if _may_have(items[key[1]], agent_id, now, queues):
            return (key[0] - bucket.lift, key[1])
    return NOBODY


def _may_have(
    item: Item, agent_id: AgentId, now: Instant, queues: frozenset[QueueId] = NO_QUEUES
) -> bool:
    """Say whether it is of these queues, if any are given, and does not pass the agent over."""
    if queues and item.queue not in queues:
        return False
    over = item.passed_over
    return not over or all(who != agent_id or until <= now for who, until in over)


def could_take(s: State, item: Item, agent: Agent) -> bool:
    """Say whether the agent meets what the item asks for and has room for it now."""
    profile = s.index.profile_of(agent.id)
    bucket = s.index.bucket_of(item)
    if profile is None or profile not in bucket.profiles or bucket.named not in (None, agent.id):
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
        paces=paces.offered(s, now, item),
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
