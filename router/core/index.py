"""What is looked up, derived from the rows: lines, idle agents, timers, addresses, subjects.

Nothing here is stored or decided. Every row change arrives as (old, new), so undoing a change is
the same call with the two swapped. Cost of a change or a look-up does not depend on how many items
wait or how many agents there are, save for the logarithm in the ordered lists.

Whether a profile of agents meets the requirement of a bucket of items is worked out once per pair.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping

from router.core import requirement
from router.core.apart import Apart
from router.core.asked_for import AskedFor
from router.core.buckets import NAMED, Bucket, LineKey, Profile
from router.core.capacity import NONE
from router.core.dues import item_due
from router.core.lanes import Lanes
from router.core.model import (
    ENDED,
    IN_LINE,
    AgentId,
    AgentOrder,
    AgentStatus,
    Condition,
    Instant,
    ItemId,
    ItemState,
    QueueId,
    Tempo,
)
from router.core.ordered import OrderedKeys
from router.core.policy import Policy
from router.core.records import Agent, Item

Timer = tuple[Instant, str, str]  # due, kind (table name), id


class Index:
    """See the module's text."""

    def __init__(self) -> None:
        self.buckets: dict[tuple[str, Tempo], Bucket] = {}
        self.lanes = Lanes()  # buckets of those for whom a condition of their queue counts
        self.apart = Apart()  # buckets of one queue each, where turns are declared
        self.profiles: list[Profile] = []
        self._profile_of: dict[AgentId, Profile] = {}
        self._present: dict[AgentId, tuple[int, int]] = {}  # who is signed in: 1, and not away
        self.signed_in = 0  # agents of the policy
        self.names_agents = False  # something was kept for one agent, now or before
        self.idle_with: dict[Tempo, dict[str, int]] = {}  # skill -> agents who could take one now
        self._counts_idle = False  # a queue asks for that count
        self.asked_for = AskedFor()
        self._free: dict[AgentId, frozenset[Tempo]] = {}  # what each could take one more of
        self.lines: dict[tuple[QueueId, Tempo], OrderedKeys[LineKey]] = {}
        self.by_address: dict[str, dict[ItemId, None]] = {}
        self.by_subject: dict[str, dict[ItemId, None]] = {}  # open items, the newest last
        self.by_call: dict[str, ItemId] = {}
        self.timers: list[Timer] = []
        self._due: dict[ItemId, Instant | None] = {}  # the last timer set for each item

    # --- policy ----------------------------------------------------------------------------------

    def adopt(
        self, policy: Policy, agents: dict[AgentId, Agent], items: Mapping[ItemId, Item]
    ) -> None:
        """Group the policy's agents into profiles; the agents' rows are put in again.

        So are the items of queues where a condition may change what is asked for, or whose turn it
        may be.
        """
        moving = {item.id: item for item in self._by_queue(items)}
        for item in moving.values():
            self.bucket_of(item).remove(item)
        self.lanes.adopt(policy)
        self.apart.adopt(policy)
        made: dict[tuple[object, ...], Profile] = {}
        self._profile_of = {}
        for agent_id, rule in policy.agents.items():
            skills, traits = (tuple(sorted(x.items())) for x in (rule.skills, rule.traits))
            own = policy.turns.own.get(agent_id, ()) if policy.turns is not None else ()
            key = (skills, rule.capacity, rule.team, traits, own)
            profile = made.get(key)
            if profile is None:
                profile = made[key] = Profile(
                    rule.skills, policy.capacities[rule.capacity], rule.team, rule.traits, own
                )
            self._profile_of[agent_id] = profile
        self.profiles = list(made.values())
        self.signed_in = 0
        self._present = {}
        self.idle_with = {tempo: {} for tempo in Tempo}
        orders = [queue.agent_order for queue in policy.queues.values()]
        self._counts_idle = any(AgentOrder.COVERAGE in order for order in orders)
        self._free = {}
        for bucket in self.buckets.values():
            self._join(bucket)
        for agent in agents.values():
            self.agent_changed(None, agent)
        for item in self._by_queue(items):
            if item.id not in moving:
                self.bucket(item.requirement, item.tempo).remove(item)
                moving[item.id] = item
        for item in moving.values():
            self.bucket_of(item).add(item, (item.urgency_at, item.id))

    def _by_queue(self, items: Mapping[ItemId, Item]) -> list[Item]:
        """Return who waits in buckets of their queue alone: in a lane, or apart."""
        return [
            item
            for (queue, _), line in self.lines.items()
            if self.apart.is_wanted or queue in self.lanes.first
            for _, name in line
            if (item := items[ItemId(name)]).state is ItemState.QUEUED
        ]

    def profile_of(self, agent_id: AgentId) -> Profile | None:
        """Return None for an agent whom the policy does not know (any more)."""
        return self._profile_of.get(agent_id)

    def bucket(self, text: str, tempo: Tempo) -> Bucket:
        """Return the bucket, made when it is asked for the first time."""
        key = (text, tempo)
        bucket = self.buckets.get(key)
        if bucket is None:
            bucket = self.buckets[key] = Bucket(text, tempo)
            self.names_agents = self.names_agents or text.startswith(NAMED)
            self._join(bucket)
        return bucket

    def every_bucket(self) -> Iterator[Bucket]:
        """Yield all buckets, those of one queue each last."""
        yield from self.buckets.values()
        yield from self.apart.buckets()
        yield from self.lanes.buckets()

    def bucket_of(self, item: Item) -> Bucket:
        """Return the bucket in which a waiting item waits."""
        lane = self.lanes.lane_of(item) if item.queue in self.lanes.first else None
        if lane is not None:
            bucket, is_new = self.lanes.bucket(item.requirement, lane)
            if is_new and self.apart.is_wanted:
                self.apart.count_in(bucket, lane.queue)
        else:
            found = self.apart.bucket(item) if self.apart.is_wanted else None
            if found is None:
                common = self.buckets.get((item.requirement, item.tempo))
                return self.bucket(item.requirement, item.tempo) if common is None else common
            bucket, is_new = found
        if is_new:
            self._join(bucket)
        return bucket

    def queue_holds(self, queue: QueueId, tempo: Tempo, conditions: frozenset[Condition]) -> None:
        """Let these conditions hold at a queue: whole buckets ask for something else."""
        for bucket in self.lanes.holds(queue, tempo, conditions):
            for profile in bucket.profiles:
                profile.part(bucket)
            self._join(bucket)

    def _join(self, bucket: Bucket) -> None:
        bucket.profiles, bucket.signed_in, bucket.available = [], 0, 0
        if bucket.named is not None:
            named = self._profile_of.get(bucket.named)
            if named is not None and named.capacity.units.get(bucket.tempo):
                bucket.profiles = [named]
                bucket.signed_in, bucket.available = self._present.get(bucket.named, (0, 0))
            return
        expr = requirement.parse(bucket.requirement)
        for profile in self.profiles:
            if profile.capacity.units.get(bucket.tempo) and requirement.matches(
                expr, profile.skills, profile.traits
            ):
                profile.join(bucket)

    # --- rows ------------------------------------------------------------------------------------

    def item_changed(self, old: Item | None, new: Item | None) -> None:
        """Follow an item's row from `old` to `new`. Unchanged fields share their object."""
        self.line_changed(old, new)
        if old is None or new is None:
            row = old if new is None else new
            if row is not None and (row.address_key or row.subject or row.call_id):
                self._follow_address(old, new)
                self._follow_subject(old, new)
                self._follow_call(old, new)
        else:
            if old.address_key is not new.address_key:
                self._follow_address(old, new)
            if old.subject is not new.subject or (
                old.state is not new.state and (old.state in ENDED or new.state in ENDED)
            ):
                self._follow_subject(old, new)
            if old.call_id is not new.call_id:
                self._follow_call(old, new)
        if new is None:
            if old is not None:
                self._due.pop(old.id, None)
            return
        due = item_due(new)
        if due != self._due.get(new.id):
            self._due[new.id] = due
            if due is not None:
                heapq.heappush(self.timers, (due, "item", new.id))

    def line_changed(self, old: Item | None, new: Item | None) -> None:
        """Follow an item's row where it stands in line: all that matching asks for."""
        if old is None:
            if new is not None and new.state in IN_LINE:
                self._join_line(new, (new.urgency_at, new.id))
        elif new is None:
            if old.state in IN_LINE:
                self._leave_line(old, (old.urgency_at, old.id))
        elif (old.state in IN_LINE or new.state in IN_LINE) and (
            old.state is not new.state
            or old.urgency_at != new.urgency_at
            or old.requirement is not new.requirement
            or old.queue is not new.queue
            or old.tempo is not new.tempo
            or old.fresh_until is not new.fresh_until
            or old.late_behind is not new.late_behind
            or (new.queue in self.lanes.first and self._changes_lane(old, new))
        ):
            self._follow_line(old, new)

    def _changes_lane(self, old: Item, new: Item) -> bool:
        return self.lanes.lane_of(old) != self.lanes.lane_of(new)

    def _follow_line(self, old: Item, new: Item) -> None:
        before, after = _line_key(old), _line_key(new)
        if before != after:
            if before is not None:
                self._leave_line(old, before)
            if after is not None:
                self._join_line(new, after)
        elif after is not None:
            self._move_bucket(old, new, after)

    def _leave_line(self, item: Item, key: LineKey) -> None:
        if item.queue is not None:
            self.lines[item.queue, item.tempo].remove(key)
        if item.state is ItemState.QUEUED:
            self.bucket_of(item).remove(item)

    def _join_line(self, item: Item, key: LineKey) -> None:
        if item.queue is not None:
            line = self.lines.get((item.queue, item.tempo))
            (self.line(item.queue, item.tempo) if line is None else line).add(key)
        if item.state is ItemState.QUEUED:
            self.bucket_of(item).add(item, key)

    def _move_bucket(self, old: Item, new: Item, key: LineKey) -> None:
        if (old.queue, old.tempo) != (new.queue, new.tempo):
            self._leave_line(old, key)
            self._join_line(new, key)
            return
        if old.state is ItemState.QUEUED:
            self.bucket_of(old).remove(old)
        if new.state is ItemState.QUEUED:
            self.bucket_of(new).add(new, key)

    def _follow_address(self, old: Item | None, new: Item | None) -> None:
        if old is not None and old.address_key:
            others = self.by_address[old.address_key]
            del others[old.id]
            if not others:
                del self.by_address[old.address_key]
        if new is not None and new.address_key:
            self.by_address.setdefault(new.address_key, {})[new.id] = None

    def _follow_call(self, old: Item | None, new: Item | None) -> None:
        if old is not None and old.call_id:
            self.by_call.pop(old.call_id, None)
        if new is not None and new.call_id:
            self.by_call[new.call_id] = new.id

    def _follow_subject(self, old: Item | None, new: Item | None) -> None:
        if old is not None and old.subject and old.state not in ENDED:
            others = self.by_subject[old.subject]
            del others[old.id]
            if not others:
                del self.by_subject[old.subject]
        if new is not None and new.subject and new.state not in ENDED:
            self.by_subject.setdefault(new.subject, {})[new.id] = None

    def line(self, queue: QueueId, tempo: Tempo) -> OrderedKeys[LineKey]:
        """Return everyone in line at a queue, offered ones included, by urgency."""
        line = self.lines.get((queue, tempo))
        if line is None:
            line = self.lines[(queue, tempo)] = OrderedKeys()
        return line

    def agent_changed(self, old: Agent | None, new: Agent | None) -> None:
        """Follow an agent's row from `old` to `new`."""
        row = new if new is not None else old
        profile = self._profile_of.get(row.id) if row is not None else None
        if row is not None and profile is not None:
            if (
                old is None
                or new is None
                or old.status is not new.status
                or (old.lease_until is None) is not (new.lease_until is None)
            ):
                here, there = _presence(old), _presence(new)
                self.signed_in += there[0] - here[0]
                profile.count(there[0] - here[0], there[1] - here[1])
                self._note_presence(row.id, there)
            was = self._free.get(row.id, NONE)
            now = profile.free_tempos(new) if new is not None else NONE
            if was is not now or (was and old is not None and old.idle_since != row.idle_since):
                self._follow_idle(profile, old, new, was, now)
        if (
            new is not None
            and new.lease_until is not None
            and (old is None or old.lease_until != new.lease_until)
        ):
            heapq.heappush(self.timers, (new.lease_until, "agent", new.id))

    def _follow_idle(
        self,
        profile: Profile,
        old: Agent | None,
        new: Agent | None,
        was: frozenset[Tempo],
        now: frozenset[Tempo],
    ) -> None:
        """Follow an agent who could take one more of `was`, and can of `now`."""
        moved = old is None or new is None or old.idle_since != new.idle_since
        if old is not None and was:
            self._free[old.id] = NONE
            key = (old.idle_since, old.id)
            for tempo in was if moved or not now else was - now:
                profile.idle[tempo].remove(key)
        if new is not None and now:
            self._free[new.id] = now
            key = (new.idle_since, new.id)
            for tempo in now if moved or not was else now - was:
                profile.idle[tempo].add(key)
        if self._counts_idle and was is not now:
            self._count_idle(profile, was - now, -1)
            self._count_idle(profile, now - was, 1)

    def _note_presence(self, agent_id: AgentId, presence: tuple[int, int]) -> None:
        """Remember it, and let what is kept for the agent know."""
        self._present[agent_id] = presence
        for tempo in Tempo:
            bucket = self.buckets.get((NAMED + agent_id, tempo))
            if bucket is not None and bucket.profiles:
                bucket.signed_in, bucket.available = presence

    def _count_idle(self, profile: Profile, tempos: frozenset[Tempo], sign: int) -> None:
        for tempo in tempos:
            idle = self.idle_with[tempo]
            for skill in profile.skills:
                idle[skill] = idle.get(skill, 0) + sign

    def timer(self, due: Instant | None, kind: str, name: str) -> None:
        """Note that a row of another table is due."""
        if due is not None:
            heapq.heappush(self.timers, (due, kind, name))

    def next_timer(self, is_current: Callable[[Timer], bool]) -> Timer | None:
        """Return the earliest timer that still means something; drop those that do not."""
        while self.timers:
            top = self.timers[0]
            if is_current(top):
                return top
            heapq.heappop(self.timers)
        return None

    def staff(self, text: str, tempo: Tempo) -> tuple[int, int]:
        """Return (signed in, of those not away) of the agents who could meet a requirement."""
        bucket = self.bucket(text, tempo)
        return bucket.signed_in, bucket.available

    def has_somebody(self, text: str, tempo: Tempo) -> bool:
        """Say whether anybody signed in could meet a requirement."""
        return self.bucket(text, tempo).signed_in > 0


def _presence(agent: Agent | None) -> tuple[int, int]:
    """Return 1 or 0 each: signed in, and not away."""
    if agent is None or agent.lease_until is None:
        return 0, 0
    return 1, int(agent.status is AgentStatus.AVAILABLE)


def _line_key(item: Item) -> LineKey | None:
    return (item.urgency_at, item.id) if item.state in IN_LINE else None
