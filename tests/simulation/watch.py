"""What must be true after every stored batch, looked at from the journal and not from the engine.

A twin folds what the store holds, batch by batch, including what was stored in the moment a daemon
died. The twin is what the town has promised; the running daemon's state must equal it.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from channels.voice.practice.call import Call
from channels.voice.practice.ledger import Entry, Sent, Trouble
from router.core import events as e
from router.core.apply import apply
from router.core.capacity import is_over
from router.core.effects import SendMail
from router.core.flows.presentation import caller_script
from router.core.model import (
    ENDED,
    HOUR,
    MINUTE,
    SECOND,
    EffectKey,
    Form,
    Instant,
    ItemId,
    ItemState,
    LegState,
    Span,
    Tempo,
)
from router.core.policy import decode
from router.core.records import Item
from router.core.state import State
from router.core.upcast import decode_events
from router.runtime.journal_memory import MemoryStore
from tests.core.entry_oracle import every_entry_counts_once, tallied
from tests.core.listening_oracle import misplaced_listeners
from tests.core.test_invariants import every_offer_ends_once, index_of
from tests.simulation.ledgers import Broken
from tests.simulation.watch_text import TextWatch

SWEEP_EVERY: Final = (
    25  # batches between two looks at everything; touched rows are looked at always
)
PENDING_MAX: Final[Span] = 10 * MINUTE  # of a daemon's life, for an effect to be over
SENDING_MAX: Final[Span] = 2 * HOUR  # for a mail, whose server may be down for half an hour
SHOWN: Final = 20
NAMED: Final = re.compile(r"/voice/[a-z]+/([0-9A-HJKMNP-TV-Z]{10})\b")
CARRIER_FAILED: Final = frozenset({11200, 11205})  # webhooks unanswered: done on purpose
NEWS_MAX: Final[Span] = 90 * SECOND  # longer than any webhook of the storm is held back
ON_THE_LINE: Final = (
    ItemState.IN_FLOW,
    ItemState.QUEUED,
    ItemState.OFFERED,
    ItemState.HANDLING,
    ItemState.HELD,
)
IN_HAND: Final = (ItemState.HANDLING, ItemState.HELD, ItemState.WRAP_UP)


class Watch:
    """The twin, the story and the promises made to senders."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.step = 0  # batches looked at
        self.last: deque[e.AnyEvent] = deque(maxlen=SHOWN)
        self.broken: Broken | None = None
        self.promised: dict[str, ItemId] = {}  # dedupe key -> reference that a sender was told
        self.daemon_since: Instant = 0
        self.begin()

    def begin(self) -> None:
        """Know nothing of what is stored."""
        self.twin = State()
        self.story: list[e.AnyEvent] = []
        self.texts = TextWatch(self.twin, self.store.words)
        self._batches = 0
        self._received: Counter[ItemId] = Counter()
        self._calls: Counter[str] = Counter()
        self._places: dict[ItemId, Instant] = {}
        self._wanted: dict[EffectKey, Instant] = {}
        self.counted: list[e.ServiceLevelCounted] = []  # of the last day

    # --- the twin --------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Fold what was stored since; every batch leaves everything true."""
        for name, body in self.store.policies.items():
            if name not in self.twin.policies:
                self.twin.policies[name] = decode(body)  # type: ignore[index]
        while self._batches < len(self.store.batches):
            stored = self.store.batches[self._batches]
            self._batches += 1
            self._fold(decode_events(stored.events))
            self.step += 1
            self._look(sweep=self.step % SWEEP_EVERY == 0)

    def _fold(self, events: list[e.AnyEvent]) -> None:
        self._touched: set[ItemId] = set()
        for event in events:
            if event.at < self.twin.now:
                raise Broken(f"time went back to {event.at}: {event}")
            self.texts.before(event)
            apply(self.twin, event)
            self.texts.note(event)
            self.story.append(event)
            self.last.append(event)
            self._note(event)

    def _note(self, event: e.AnyEvent) -> None:
        item = getattr(event, "item", None)
        if isinstance(item, str):
            self._touched.add(ItemId(item))
        for ref in (getattr(event, "words_ref", ""), getattr(event, "contact_ref", "")):
            if ref and ref not in self.store.words:
                self.miss_words(ref, event)
        match event:
            case e.ItemReceived():
                self._received[event.item] += 1
                if event.call_id:
                    self._calls[event.call_id] += 1
            case e.ItemReopened() | e.ItemWoken():
                self._places.pop(event.item, None)
            case e.ItemTransferred() if not event.keep_age:
                self._places.pop(event.item, None)
            case e.EffectWanted():
                self._wanted[event.effect.key] = event.at
            case e.EffectDone() | e.EffectFailed():
                self._wanted.pop(event.key, None)
            case e.ServiceLevelCounted():
                if self.counted and event.day > self.counted[-1].day:
                    self.counted = []
                if not self.counted or event.day == self.counted[-1].day:
                    self.counted.append(event)

    def miss_words(self, ref: str, event: e.AnyEvent) -> None:
        """Words are not stored. Errors: `Broken`."""
        raise Broken(f"the words {ref} are not stored with {event}")

    def follow(self, events: Sequence[e.AnyEvent], state: State) -> None:
        """Be a subscriber: what the daemon calls stored is what the store holds."""
        if self.broken is not None:
            return
        try:
            self.catch_up()
            if state.version > self.twin.version:
                raise Broken(f"published before it was stored: {events}")
            if self.step % SWEEP_EVERY == 0:
                self.compare(state)
        except AssertionError as error:
            self.broken = error if isinstance(error, Broken) else Broken(repr(error))
        except Exception as error:
            self.broken = Broken(f"the journal cannot be folded: {error!r}")

    def compare(self, state: State) -> None:
        """Compare a daemon's state with the twin, tables and index."""
        if state.version != self.twin.version:  # another daemon has stored since
            return
        if state.hash() != self.twin.hash():
            raise Broken(f"the state differs from its journal: {_difference(state, self.twin)}")
        if index_of(state) != index_of(self.twin):
            raise Broken("the index differs from one made by replaying the journal")
        if state.next_wakeup() != self.twin.next_wakeup():
            raise Broken("the next wake-up differs from the journal's")

    # --- what is always true ---------------------------------------------------------------------

    def _look(self, *, sweep: bool) -> None:
        items = self.twin.items
        for item_id in items if sweep else self._touched:
            item = items.get(item_id)
            if item is not None:
                self._item(item)
        for agent in self.twin.agents.values():
            profile = self.twin.index.profile_of(agent.id)
            if profile is not None and is_over(agent, profile.capacity):
                raise Broken(f"over capacity: {agent}")
        wakeup = self.twin.next_wakeup()
        for offer in self.twin.offers.values():
            if wakeup is None or wakeup > offer.expires_at:
                raise Broken(f"nobody will end {offer}")
            if self.twin.agents[offer.agent].offer != offer.id:
                raise Broken(f"the agent knows nothing of {offer}")
        for mistake in misplaced_listeners(self.twin):
            raise Broken(mistake)
        self.texts.look(self._touched, sweep=sweep)
        if sweep:
            self._sweep()

    def _item(self, item: Item) -> None:
        if self._received[item.id] != 1:
            raise Broken(f"received {self._received[item.id]} times: {item.id}")
        if item.call_id and item.state not in ENDED:
            caller_script(self.twin, item.id)
        if item.state in (ItemState.QUEUED, ItemState.OFFERED, *IN_HAND[:2]):
            before = self._places.get(item.id)
            now = item.first_queued_at
            if now is None:
                raise Broken(f"in line without a place: {item}")
            if item.form is Form.MESSAGE:  # what was left behind begins when it was left
                self._places.pop(item.id, None)
            elif before is not None and now > before:
                raise Broken(f"lost its place by {now - before} ns: {item}")
            else:
                self._places[item.id] = now
        if item.state is ItemState.IN_FLOW and (item.flow is None or item.flow.due is None):
            raise Broken(f"in a flow without an end: {item}")
        if item.state is ItemState.HANDLING and item.tempo is Tempo.LIVE:
            talks = item.agent_call_state is LegState.CONNECTED and item.call_id
            if not talks and item.leg_due is None:
                raise Broken(f"nobody will notice that nobody talks: {item}")
        holders = [a.id for a in self.twin.agents.values() for h in a.holdings if h.item == item.id]
        wanted = [item.agent] if item.state in IN_HAND else []
        if item.state is ItemState.OFFERED:
            wanted = [self.twin.offers[offer].agent for offer in item.offers]
            if not wanted:
                raise Broken(f"offered to nobody: {item}")
        if sorted(map(str, holders)) != sorted(map(str, wanted)):
            raise Broken(f"held by {holders}, not by {wanted}: {item}")

    def _sweep(self) -> None:
        self._nobody_waits_for_nothing()
        for key, effect in self.twin.pending.items():
            since = max(self._wanted.get(key, 0), self.daemon_since)
            limit = SENDING_MAX if isinstance(effect, SendMail) else PENDING_MAX
            if self.twin.now - since > limit:
                raise Broken(f"pending for {(self.twin.now - since) / 1e9:.0f} s: {key}")
        tallies = {key: dict(row.counts) for key, row in self.twin.tallies.items()}
        if tallies != tallied(self.counted):
            raise Broken(f"tallies {tallies} should be {tallied(self.counted)}")
        self.look_at_promises()

    def look_at_promises(self) -> None:
        """See that what senders were told exists. Errors: `Broken`."""
        for sent, reference in self.promised.items():
            if self._received[reference] != 1:
                raise Broken(f"{sent} was acknowledged as {reference}, which does not exist")

    def _nobody_waits_for_nothing(self) -> None:
        index = self.twin.index
        for item in self.twin.items.values():
            if item.state is not ItemState.QUEUED:
                continue
            bucket = index.bucket_of(item)
            blocked = {agent for agent, until in item.passed_over if until > self.twin.now}
            for agent in self.twin.agents.values():
                profile = index.profile_of(agent.id)
                if profile is None or profile not in bucket.profiles or agent.id in blocked:
                    continue
                named = item.reserved_for in (None, agent.id)
                if named and item.tempo in profile.free_tempos(agent):
                    raise Broken(f"{item.id} waits while {agent.id} is free: {item} {agent}")

    # --- what senders were told ------------------------------------------------------------------

    def hear(self, entry: Entry) -> None:
        """Be a listener of the carrier's ledger: no answer speaks of what is not stored."""
        try:
            self._hear(entry)
        except Broken as error:
            self.broken = self.broken or error

    def _hear(self, entry: Entry) -> None:
        if isinstance(entry, Trouble) and not entry.warning and entry.code not in CARRIER_FAILED:
            raise Broken(f"the carrier cannot play what it was told: {entry}")
        if not isinstance(entry, Sent) or not entry.acknowledged:
            return
        self.catch_up()
        for name in NAMED.findall(entry.body):
            if self._received[ItemId(name)] != 1:
                raise Broken(f"an answer speaks of {name}, which is not stored: {entry.body}")
        begun = entry.url.endswith("/voice/incoming") and NAMED.search(entry.body)
        if begun and self._calls[entry.call_sid] != 1:
            raise Broken(f"{self._calls[entry.call_sid]} items of call {entry.call_sid}")

    def hear_mail(self, message_id: str, to: str, raw: bytes) -> None:
        """A copy of a mail of the town has come to somebody."""
        self.check(lambda: self.texts.outgoing.sent(message_id, to, raw))

    def check(self, look: Callable[[], None]) -> None:
        """Hold what somebody outside has seen against what is stored."""
        try:
            self.catch_up()
            look()
        except Broken as error:
            self.broken = self.broken or error

    def promise(self, key: str, reference: str) -> None:
        """A sender was told this reference for what it sent under that key."""
        before = self.promised.setdefault(key, ItemId(reference))
        if before != reference:
            self.broken = self.broken or Broken(f"{key}: first {before}, then {reference}")

    def gone(self, calls: Iterable[Call], fair_since: Instant, now: Instant) -> None:
        """A hang-up in fair weather is known soon: nobody is kept for it. Errors: `Broken`."""
        self.catch_up()
        for call in calls:
            ended = call.ended_at
            if ended is None or ended < fair_since + NEWS_MAX or ended > now - NEWS_MAX:
                continue
            item_id = self.twin.index.by_call.get(call.sid)
            item = None if item_id is None else self.twin.items.get(item_id)
            if item is not None and item.call_id == call.sid and item.state in ON_THE_LINE:
                raise Broken(f"hung up {(now - ended) / 1e9:.0f} s ago and still there: {item}")

    def fail(self, why: str) -> None:
        """Something outside has seen what must not be."""
        self.broken = self.broken or Broken(why)

    # --- the end ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Look at the whole story once more, days later. Errors: `Broken`, AssertionError."""
        self.catch_up()
        self._look(sweep=True)
        if self.twin.pending:
            raise Broken(f"still pending: {sorted(self.twin.pending)}")
        every_entry_counts_once(self.story, self.twin)
        every_offer_ends_once(self.story, set(self.twin.offers))
        self.texts.close()
        for item in self.twin.items.values():
            if item.state not in ENDED and item.tempo is Tempo.LIVE:
                raise Broken(f"a call that nobody will end: {item}")
            forgets = item.forget_at is not None and item.forget_at > self.twin.now
            stays = item.text is not None and item.text.merged_into in self.twin.items
            if item.state in ENDED and item.state is not ItemState.SHUNTED and not forgets | stays:
                raise Broken(f"will never be forgotten: {item}")
        for row in self.twin.keys.values():
            if row.item not in self.twin.items and row.until is None:
                raise Broken(f"the key of nothing: {row}")


def _difference(state: State, twin: State) -> str:
    ours, theirs = (msgspec.to_builtins(each.freeze()) for each in (state, twin))
    for name, a, b in zip(state.freeze().__struct_fields__, ours, theirs, strict=True):
        if a != b:
            if isinstance(a, list):
                rows = [(x, y) for x, y in zip(a, b, strict=False) if x != y][:1]
                return f"{name}: {len(a)} and {len(b)} rows, first {rows}"
            return f"{name}: {a} and {b}"
    return "nothing in the tables"
