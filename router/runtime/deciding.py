"""Drafting a batch: commands decided one after the other on the working state.

Nothing is stored here and nobody is answered who would learn something unstored. A command that
cannot be decided because of our own mistake leaves the state as it was and is shunted; the ones
behind it go on.
"""

from __future__ import annotations

from typing import Final, Protocol

import structlog

from router.core.commands import AdoptPolicy, Command, PassTime, ResumeService
from router.core.events import AnyEvent
from router.core.model import SECOND, Instant, PolicyHash, Span
from router.core.state import State
from router.core.upcast import encode_events
from router.errors import CommandRefused, InvariantBroken
from router.ports import Batch, StoredPolicy, Words
from router.runtime.answers import encode_answers
from router.runtime.metrics import Metrics
from router.runtime.sender import AnySender
from router.runtime.shunting import ShuntedCommand, arrival_to_keep

PASSES_MAX: Final = 64  # of time in one batch; what is still due then comes with the next
TIME_RETRY: Final[Span] = SECOND  # after time could not be passed
GAP_MIN: Final[Span] = SECOND  # shorter outages are nobody's loss

log = structlog.get_logger(__name__)


class Engine(Protocol):
    """The core as the sequencer uses it."""

    state: State

    def run(self, command: Command, now: Instant) -> list[AnyEvent]:
        """Decide, fold the events into `state`, and return them; a refusal changes nothing."""
        ...


class Draft:
    """What the next append will store, and who hears of it."""

    __slots__ = ("at", "events", "policies", "senders", "words")

    def __init__(self, at: Instant) -> None:
        self.at = at
        self.events: list[AnyEvent] = []
        self.words: list[Words] = []
        self.policies: list[StoredPolicy] = []
        self.senders: list[AnySender] = []  # to be answered once it is stored

    def batch(self, batch_id: str, before: str) -> Batch:
        """Return the draft as the journal takes it, behind the batch `before`."""
        return Batch(
            batch_id=batch_id,
            at=self.at,
            count=len(self.events),
            events=encode_events(self.events),
            words=tuple(self.words),
            policies=tuple(self.policies),
            answers=encode_answers([sender.answer() for sender in self.senders if sender.id]),
            before=before,
        )


class Drafter:
    """Decides on behalf of the sequencer."""

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        self.state = engine.state
        self.policies: dict[PolicyHash, bytes] = {}  # bodies that may be adopted next
        self.time_stuck_until: Instant = 0  # PassTime failed: not tried again before
        self._engine = engine
        self._metrics = metrics

    def begin(self, now: Instant, outage_since: Instant | None) -> Draft:
        """Start a draft with what time alone has changed.

        After an outage the service is resumed first, so that nobody is punished for the gap.
        """
        draft = Draft(now)
        if outage_since is not None and now - outage_since >= GAP_MIN and self.state.policy_hash:
            self._run_own(ResumeService(since=outage_since), draft)
        if now >= self.time_stuck_until:
            self._pass_time(draft)
        return draft

    def add(self, sender: AnySender, draft: Draft) -> None:
        """Decide a sender's command; answer at once only if nothing unstored stands behind it."""
        command = sender.command
        mark = self.state.mark()
        self._metrics.commands[type(command)] += 1
        try:
            events = self._engine.run(command, draft.at)
        except CommandRefused as refusal:
            self._go_back(mark)
            self._metrics.refusals[refusal.code] += 1
            sender.refuse(refusal)
        except Exception:
            self._go_back(mark)
            self._shunt(sender, draft)
        else:
            self._keep(sender, events, draft)
        if draft.events:
            draft.senders.append(sender)
        else:
            sender.release()

    def _keep(self, sender: AnySender, events: list[AnyEvent], draft: Draft) -> None:
        sender.compute(self.state)
        if not events:
            return
        draft.events += events
        draft.words += sender.words
        if isinstance(sender.command, AdoptPolicy):
            policy_hash = sender.command.policy_hash
            draft.policies.append(StoredPolicy(policy_hash, self.policies[policy_hash]))

    def _shunt(self, sender: AnySender, draft: Draft) -> None:
        name = type(sender.command).__name__
        log.exception("command_shunted", command=name, item=getattr(sender.command, "item_id", ""))
        self._metrics.shunted.labels(name).inc()
        sender.refuse(ShuntedCommand(name))
        arrival = arrival_to_keep(sender.command)
        if arrival is None:
            return
        mark = self.state.mark()
        try:
            events = self._engine.run(arrival, draft.at)
        except Exception:
            self._go_back(mark)
            log.exception("arrival_not_kept", command=name, item=arrival.item_id)
        else:
            self._keep(sender, events, draft)

    def _pass_time(self, draft: Draft) -> None:
        for _ in range(PASSES_MAX):
            due = self.state.next_wakeup()
            if due is None or due > draft.at:
                return
            if not self._run_own(PassTime(), draft):
                self.time_stuck_until = draft.at + TIME_RETRY
                return

    def _run_own(self, command: Command, draft: Draft) -> bool:
        """Decide a command of our own; False when it failed or changed nothing."""
        mark = self.state.mark()
        name = type(command).__name__
        self._metrics.commands[type(command)] += 1
        try:
            events = self._engine.run(command, draft.at)
            if not events and isinstance(command, PassTime):
                raise InvariantBroken(f"{self.state.next_timer()} is due and nothing happens")
        except Exception:
            self._go_back(mark)
            self._metrics.shunted.labels(name).inc()
            log.exception("own_command_failed", command=name, at=draft.at)
            return False
        draft.events += events
        return bool(events)

    def _go_back(self, mark: int) -> None:
        if self.state.mark() != mark:
            self.state.back_to(mark)
