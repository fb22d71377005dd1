"""What must be true of several daemons: each publishes the journal, and none disagrees with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from router.core import events as e
from router.core.model import EffectKey, ItemId
from router.core.state import State
from router.runtime.answers import decode_answers
from tests.core.entry_oracle import every_entry_counts_once
from tests.core.test_invariants import every_offer_ends_once
from tests.simulation.ledgers import Broken
from tests.simulation.watch import SWEEP_EVERY, Watch
from tests.storms.server import Server


class Follower:
    """A subscriber for one life of a daemon."""

    def __init__(self, watch: StormWatch, name: str, version: int) -> None:
        self.shown = version  # up to where it has published
        self._watch, self._name = watch, name
        self._batches = 0

    def __call__(self, events: Sequence[e.AnyEvent], state: State) -> None:
        """Take what the daemon calls stored."""
        watch = self._watch
        watch.follow(events, state)
        if watch.broken is not None:
            return
        self._batches += 1
        before, self.shown = self.shown, self.shown + len(events)
        if watch.store.losses:  # it may show what is lost; at the end all must be the same
            return
        if list(events) != watch.story[before : self.shown]:
            watch.fail(f"{self._name} shows other events after {before}: {events}")
        elif state.version < self.shown:
            watch.fail(f"{self._name} shows {self.shown}, and stands at {state.version}")
        elif self._batches % SWEEP_EVERY == 0:
            watch.hold(self._name, state)


class StormWatch(Watch):
    """The twin of the journal, and what every daemon has shown of it.

    When the journal has lost batches the twin begins anew. What was promised may then be missing
    until it is given back, or submitted again; at the end nothing is.
    """

    store: Server

    def __init__(self, store: Server) -> None:
        super().__init__(store)
        self._losses = 0
        self._is_over = False
        self._missing: set[str] = set()  # words that came later, or never

    def catch_up(self) -> None:
        """See `Watch.catch_up`."""
        if self._losses != self.store.losses:
            self._losses = self.store.losses
            self._missing = set()
            self.begin()
        super().catch_up()

    def follow(self, events: Sequence[e.AnyEvent], state: State) -> None:
        """See `Watch.follow`."""
        if not self.store.losses:
            super().follow(events, state)

    def miss_words(self, ref: str, event: e.AnyEvent) -> None:
        """See `Watch.miss_words`."""
        if not self.store.losses:
            super().miss_words(ref, event)
        self._missing.add(ref)

    def compare(self, state: State) -> None:
        """See `Watch.compare`."""
        if self._is_over or not self.store.losses:
            super().compare(state)

    def promise(self, key: str, reference: str) -> None:
        """See `Watch.promise`; who comes again while the first time is lost, is told another."""
        if self.store.losses:
            self.promised[key] = ItemId(reference)
        else:
            super().promise(key, reference)

    def look_at_promises(self) -> None:
        """See `Watch.look_at_promises`."""
        if not self.store.losses:
            super().look_at_promises()
        elif self._is_over:
            wordless = sorted(ref for ref in self._missing if ref not in self.store.words)
            missing = [key for key in self.promised if key not in self.twin.keys]
            if missing or wordless:
                raise Broken(f"acknowledged, and lost: {missing} {wordless}")

    def hold(self, name: str, state: State) -> None:
        """Compare a daemon's state with the journal's, if it stands there."""
        try:
            self.compare(state)
        except Broken as error:
            self.fail(f"{name}: {error}")

    @property
    def listened(self) -> int:
        """Return how often a supervisor came into a talk."""
        changes = (event for event in self.story if isinstance(event, e.LegChanged))
        return sum(each.leg == "listener" and each.connected for each in changes)

    @property
    def done(self) -> set[EffectKey]:
        """Return the effects that were confirmed."""
        return {event.key for event in self.story if isinstance(event, e.EffectDone)}

    def finish(self) -> None:
        """Look at the whole story once more. Errors: `Broken`, AssertionError."""
        self._is_over = True
        self.catch_up()
        self._look(sweep=True)
        decided = Counter(
            answer.id
            for stored in self.store.batches
            for answer in decode_answers(stored.answers)
            if answer.refusal is None
        )
        twice = [name for name, times in decided.items() if times > 1]
        if twice:
            raise Broken(f"decided twice: {twice}")
        every_entry_counts_once(self.story, self.twin)
        every_offer_ends_once(self.story, set(self.twin.offers))
