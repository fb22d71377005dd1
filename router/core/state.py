"""The routing state: tables of frozen rows, the index derived from them, and exact undo.

Only `router.core.apply` calls the `put_*` methods. While an undo log is kept (the sequencer keeps
one for every unstored batch), each put remembers the row it replaced; `back_to` puts them back in
reverse, which returns tables and index exactly to where they were.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

from router.core.dues import item_due
from router.core.effects import AnyEffect
from router.core.index import Index, Timer
from router.core.model import (
    STRAIN,
    AgentId,
    EffectKey,
    Instant,
    ItemId,
    OfferId,
    PolicyHash,
    QueueId,
    Tempo,
)
from router.core.policy import Policy
from router.core.records import (
    Agent,
    Conversation,
    DialRow,
    EmergencyRow,
    Item,
    KeyRow,
    Offer,
    QueueRow,
)
from router.core.state_frozen import FORMAT, Frozen, encode_frozen
from router.core.state_side import SideTables
from router.core.state_town import TownTables, with_levels
from router.core.tempos import gap_key, key_of, named
from router.core.watch import Watch, may_change_first
from router.errors import InvariantBroken

R = TypeVar("R")
V = TypeVar("V")


class State(TownTables, SideTables):
    """See the module's text."""

    def __init__(self) -> None:
        super().__init__()
        self.version = 0  # events applied
        self.now: Instant = 0  # of the last event
        self.policy_hash = PolicyHash("")
        self.policies: dict[PolicyHash, Policy] = {}  # loaded by the owner before they are needed
        self.items: dict[ItemId, Item] = {}
        self.offers: dict[OfferId, Offer] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.queues: dict[QueueId, QueueRow] = {}
        self.emergencies: dict[str, EmergencyRow] = {}
        self.keys: dict[str, KeyRow] = {}
        self.dials: dict[str, DialRow] = {}
        self.pending: dict[EffectKey, AnyEffect] = {}
        self.conversations: dict[str, Conversation] = {}
        self.index = Index()
        self._undo: list[tuple[Any, ...]] | None = None  # a function and its arguments each
        self._policy: Policy | None = None  # in force
        self.watch = Watch()

    @property
    def policy(self) -> Policy:
        """Return the policy in force, with the skills that agents have for today.

        Raises:
            InvariantBroken: no policy was adopted yet.
        """
        if self._policy is None:
            raise InvariantBroken("no policy was adopted yet")
        return self._policy

    # --- undo ------------------------------------------------------------------------------------

    @property
    def keeps_undo(self) -> bool:
        """Say whether what is replaced is being remembered."""
        return self._undo is not None

    def keep_undo(self) -> None:
        """Start remembering what is replaced."""
        self._undo = []

    def drop_undo(self) -> None:
        """Stop remembering; replay and simulation need no way back."""
        self._undo = None

    def mark(self) -> int:
        """Return a point to which `back_to` can return."""
        return len(self._undo) if self._undo is not None else 0

    def back_to(self, mark: int) -> None:
        """Return exactly to the mark. Raises InvariantBroken when nothing was remembered."""
        undo = self._undo
        if undo is None:
            raise InvariantBroken("the state was asked to go back without an undo log")
        self._undo = None
        while len(undo) > mark:
            function, *given = undo.pop()
            function(*given)
        self._undo = undo

    def forget_undo(self) -> None:
        """What was done so far is stored; it stays."""
        if self._undo is not None:
            self._undo.clear()

    # --- rows ------------------------------------------------------------------------------------

    def tick(self, at: Instant) -> None:
        """Count one event applied at `at`."""
        if self._undo is not None:
            self._undo.append((self._set_tick, self.version, self.now))
        self.version += 1
        self.now = at

    def _set_tick(self, version: int, now: Instant) -> None:
        self.version, self.now = version, now

    def put_policy(self, policy_hash: PolicyHash) -> None:
        """Decide by this policy from now on."""
        if policy_hash not in self.policies:
            raise InvariantBroken(f"policy {policy_hash!r} is adopted but not loaded")
        if self._undo is not None:
            self._undo.append((self._adopt, self.policy_hash))
        self._adopt(policy_hash)

    def _adopt(self, policy_hash: PolicyHash) -> None:
        self.policy_hash = policy_hash
        written = self.policies.get(policy_hash)
        self._policy = None if written is None else with_levels(written, self.skills.values())
        if self._policy is not None:  # else the very first adoption is undone: nobody is there yet
            self.index.adopt(self._policy, self.agents, self.items)
            for key in self.watch.adopt(self._policy, self.items.values()):
                self._look(*named(key))

    def put_item(self, item_id: ItemId, row: Item | None) -> None:
        """Put, replace or (None) remove."""
        old = self.items.get(item_id)
        if self._undo is not None:
            self._undo.append((self.put_item, item_id, old))
        if row is None:
            self.items.pop(item_id, None)
        else:
            self.items[item_id] = row
        self.index.item_changed(old, row)
        counts = bool(self.watch.entries.queues) and self.watch.entries.follow(old, row)
        if self.watch.queues and (counts or may_change_first(old, row)):
            lines = [(each.queue, each.tempo) for each in (old, row) if each is not None]
            for queue, tempo in dict.fromkeys(lines):
                if queue in self.watch.queues:
                    self._look(queue, tempo)

    def _look(self, queue_id: QueueId, tempo: Tempo) -> None:
        """Set the timer of when the queue may be at risk, or not any more, if it is another now."""
        line, row = self.index.line(queue_id, tempo), self.conditions_row(queue_id, tempo)
        day = self.days.get(queue_id) if tempo is Tempo.LIVE else None
        due = self.watch.look(queue_id, tempo, row.conditions, line, self.items, day)
        self.index.timer(due, "strain", key_of(queue_id, tempo))

    def put_agent(self, agent_id: AgentId, row: Agent | None) -> None:
        """Put, replace or (None) remove."""
        old = self.agents.get(agent_id)
        if self._undo is not None:
            self._undo.append((self.put_agent, agent_id, old))
        if row is None:
            self.agents.pop(agent_id, None)
        else:
            self.agents[agent_id] = row
        self.index.agent_changed(old, row)

    def put_offer(self, offer_id: OfferId, row: Offer | None) -> None:
        """Put, replace or (None) remove."""
        self._put(self.offers, offer_id, row)
        if row is not None:
            self.index.timer(row.expires_at, "offer", offer_id)

    def put_queue(self, row: QueueRow) -> None:
        """Put or replace."""
        old = self.queues.get(row.id)
        if self._undo is not None:
            self._undo.append((self._queue_back, row.id, old))
        self.queues[row.id] = row
        if old is None or (old.changes_at, old.lasts_at) != (row.changes_at, row.lasts_at):
            self._time_queue(row)  # else its timers are set already: counts change all the time
        if old is None or old.conditions is not row.conditions:
            self._note_conditions(row.id, Tempo.LIVE)

    def _queue_back(self, queue_id: QueueId, old: QueueRow | None) -> None:
        if old is None:
            del self.queues[queue_id]
        else:
            self.queues[queue_id] = old
            self._time_queue(old)  # may have been dropped meanwhile
        self._note_conditions(queue_id, Tempo.LIVE)

    def _note_conditions(self, queue_id: QueueId, tempo: Tempo) -> None:
        """Let the index and the watch know what is true of a queue for those of one tempo."""
        row = self.conditions_row(queue_id, tempo)
        self.index.queue_holds(queue_id, tempo, STRAIN.intersection(row.conditions))
        if queue_id in self.watch.queues:
            self._look(queue_id, tempo)

    def _time_queue(self, row: QueueRow) -> None:
        self.index.timer(row.changes_at, "queue", row.id)
        self.index.timer(row.lasts_at, "condition", row.id)

    def put_emergency(self, hours: str, row: EmergencyRow | None) -> None:
        """Put, replace or (None) remove."""
        self._put(self.emergencies, hours, row)
        if row is not None:
            self.index.timer(row.until, "emergency", hours)

    def put_key(self, key: str, row: KeyRow | None) -> None:
        """Put, replace or (None) remove."""
        self._put(self.keys, key, row)
        if row is not None:
            self.index.timer(row.until, "key", key)

    def put_dial(self, target: str, row: DialRow | None) -> None:
        """Put, replace or (None) remove."""
        self._put(self.dials, target, row)

    def put_conversation(self, conversation_id: str, row: Conversation | None) -> None:
        """Put, replace or (None) remove."""
        self._put(self.conversations, conversation_id, row)

    def put_pending(self, key: EffectKey, effect: AnyEffect | None) -> None:
        """Put or (None) remove."""
        self._put(self.pending, key, effect)

    def _put(self, table: dict[R, V], key: R, row: V | None) -> None:
        if self._undo is not None:
            old = table.get(key)
            self._undo.append((self._restore, table, key, old))
        if row is None:
            table.pop(key, None)
        else:
            table[key] = row

    def _restore(self, table: dict[R, V], key: R, old: V | None) -> None:
        if old is None:
            table.pop(key, None)
            return
        table[key] = old
        if isinstance(old, Offer):  # its timer may have been dropped while it was gone
            self.index.timer(old.expires_at, "offer", old.id)
        elif isinstance(old, EmergencyRow):
            self.index.timer(old.until, "emergency", old.hours)
        elif isinstance(old, KeyRow):
            self.index.timer(old.until, "key", old.key)
        else:
            self.time_beside(old)
            self.time_town(old)

    # --- time ------------------------------------------------------------------------------------

    def next_wakeup(self) -> Instant | None:
        """Return the earliest instant at which time alone changes something."""
        timer = self.next_timer()
        return None if timer is None else timer[0]

    def next_timer(self) -> Timer | None:
        """Return the earliest (instant, table, id) that is due then."""
        return self.index.next_timer(self._is_current)

    def _is_current(self, timer: Timer) -> bool:
        due, kind, name = timer
        if kind == "item":
            item = self.items.get(ItemId(name))
            return item is not None and item_due(item) == due
        if kind == "offer":
            offer = self.offers.get(OfferId(name))
            return offer is not None and offer.expires_at == due
        if kind == "agent":
            agent = self.agents.get(AgentId(name))
            return agent is not None and agent.lease_until == due
        if kind == "queue":
            queue = self.queues.get(QueueId(name))
            return queue is not None and queue.changes_at == due
        if kind == "strain":
            return self.watch.due.get(name) == due
        if kind == "emergency":
            emergency = self.emergencies.get(name)
            return emergency is not None and emergency.until == due
        if kind in ("condition", "gap", "notice", "skills", "surge", "walk"):
            return self.due_of_town(kind, name) == due
        if kind in ("consult", "listener"):
            return self.due_beside(kind, name) == due
        key = self.keys.get(name)
        return key is not None and key.until == due

    # --- whole -----------------------------------------------------------------------------------

    def freeze(self) -> Frozen:
        """Return the whole state; shares the rows, so it costs little and stays as it is."""
        return Frozen(
            format=FORMAT,
            version=self.version,
            now=self.now,
            policy_hash=self.policy_hash,
            items=[self.items[k] for k in sorted(self.items)],
            offers=[self.offers[k] for k in sorted(self.offers)],
            agents=[self.agents[k] for k in sorted(self.agents)],
            queues=[self.queues[k] for k in sorted(self.queues)],
            emergencies=[self.emergencies[k] for k in sorted(self.emergencies)],
            keys=[self.keys[k] for k in sorted(self.keys)],
            dials=[self.dials[k] for k in sorted(self.dials)],
            pending=[self.pending[k] for k in sorted(self.pending)],
            conversations=[self.conversations[k] for k in sorted(self.conversations)],
            tallies=[self.tallies[k] for k in sorted(self.tallies)],
            on_call=[self.on_call[k] for k in sorted(self.on_call)],
            notices=[self.notices[k] for k in sorted(self.notices)],
            surges=[self.surges[k] for k in sorted(self.surges)],
            limits=[self.limits[k] for k in sorted(self.limits)],
            gaps=[self.gaps[k] for k in sorted(self.gaps)],
            consults=[self.consults[k] for k in sorted(self.consults)],
            listeners=[self.listeners[k] for k in sorted(self.listeners)],
            recalls=[self.recalls[k] for k in sorted(self.recalls)],
            paces=[self.paces[k] for k in sorted(self.paces)],
            promises=[self.promises[k] for k in sorted(self.promises)],
            kept=[self.kept[k] for k in sorted(self.kept)],
            promises_met=[self.promises_met[k] for k in sorted(self.promises_met)],
            walks=[self.walks[k] for k in sorted(self.walks)],
            kinds=[self.kinds[k] for k in sorted(self.kinds)],
            skills=[self.skills[k] for k in sorted(self.skills)],
        )

    @classmethod
    def thaw(cls, frozen: Frozen, policies: dict[PolicyHash, Policy]) -> State:
        """Return the state that a snapshot holds; `policies` must have all it refers to."""
        state = cls()
        state.policies = policies
        state.version = frozen.version
        state.now = frozen.now
        for skills in frozen.skills:
            state.put_skills(skills.agent, skills)
        if frozen.policy_hash:
            state.put_policy(frozen.policy_hash)
        for agent in frozen.agents:
            state.put_agent(agent.id, agent)
        for item in sorted(frozen.items, key=lambda row: (row.received_at, row.id)):
            state.put_item(item.id, item)
        for offer in frozen.offers:
            state.put_offer(offer.id, offer)
        for queue in frozen.queues:
            state.put_queue(queue)
        for emergency in frozen.emergencies:
            state.put_emergency(emergency.hours, emergency)
        for key in frozen.keys:
            state.put_key(key.key, key)
        for dial in frozen.dials:
            state.put_dial(dial.target, dial)
        for effect in frozen.pending:
            state.put_pending(effect.key, effect)
        for conversation in frozen.conversations:
            state.put_conversation(conversation.id, conversation)
        for tally in frozen.tallies:
            state.put_tally((tally.queue, tally.channel, tally.interval), tally)
        for told in frozen.on_call:
            state.put_on_call(told.item, told)
        for notice in frozen.notices:
            state.put_notice(notice.id, notice)
        for surge in frozen.surges:
            state.put_surge(surge)
        for limit in frozen.limits:
            state.put_limit(limit)
        for gap in frozen.gaps:
            state.put_gap(gap_key(gap.queue, gap.skill, gap.tempo), gap)
        for kind in frozen.kinds:
            state.put_kind(kind)
        for consult in frozen.consults:
            state.put_consult(consult.item, consult)
        for listener in frozen.listeners:
            state.put_listener(listener.item, listener)
        for recall in frozen.recalls:
            state.put_recall(recall.item, recall)
        for pace in frozen.paces:
            state.put_pace(pace)
        for walk in frozen.walks:
            state.put_walk(walk.item, walk)
        state.promises = {row.item: row for row in frozen.promises}
        state.kept = {row.item: row for row in frozen.kept}
        state.promises_met = {row.queue: row for row in frozen.promises_met}
        return state

    def hash(self) -> str:
        """Return the hex SHA-256 of the whole state: equal states, equal hashes."""
        return hashlib.sha256(encode_frozen(self.freeze())).hexdigest()
