"""Performs what the engine wants of the outside: stored wishes only, each at most once at a time.

Wishes about one call are performed in the order in which they were wanted. What fails for a moment
is tried again, calls for seconds and mails for days; what fails for good is reported, and the
engine decides what follows. After a restart everything that was not confirmed is performed again,
with patience as if it were new; mails a few seconds later, because whoever performed until then may
still report that they have left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import structlog

from router.core.commands import ReportEffect
from router.core.effects import Effect, SendMail
from router.core.events import AnyEvent, EffectDone, EffectFailed, EffectWanted
from router.core.model import DAY, HOUR, SECOND, EffectKey, Span
from router.core.state import State
from router.errors import ChannelError, CommandRefused, StorageError, TownlineError
from router.ports import Clock, Inbox, Outlet

FIRST_WAIT: Final[Span] = SECOND // 2  # doubled with every try
REPORT_AGAIN: Final[Span] = SECOND  # while nothing can be stored or read
AT_ONCE_MAX: Final = 64

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a kind of effect is tried."""

    span: Span  # the waits add up to this at most
    wait_max: Span
    taken_over_after: Span = 0  # what somebody else may have done and not reported yet

    def waits(self) -> Iterator[Span]:
        """Yield the waits between one try and the next."""
        wait, left = FIRST_WAIT, self.span
        while wait <= left:
            yield wait
            left -= wait
            wait = min(2 * wait, self.wait_max)


BRIEF: Final = Patience(15 * SECOND // 2, 4 * SECOND)  # five tries: somebody is on the line
PATIENCE: Final[Mapping[type[Effect], Patience]] = {
    # as long as mail servers try: RFC 5321, 4.5.4.1
    SendMail: Patience(4 * DAY, HOUR, taken_over_after=5 * SECOND),
}


class EffectRunner:
    """A subscriber of the publisher (`follow`) and a task of the daemon (`run`)."""

    def __init__(self, inbox: Inbox, clock: Clock, outlets: Mapping[type[Effect], Outlet]) -> None:
        """`outlets` says who performs which kind of effect."""
        self._inbox = inbox
        self._clock = clock
        self._outlets = outlets
        self._is_performing = True  # and no other daemon of the town
        self._under_way: set[EffectKey] = set()  # from the first try until it is reported
        self._open: dict[EffectKey, Effect] = {}  # wanted and stored, not over
        self._taken_over: set[EffectKey] = set()  # wanted when somebody else performed, or before
        self._lanes: dict[str, deque[Effect]] = {}  # what is performed one after the other
        self._new_lanes: asyncio.Queue[str] = asyncio.Queue()
        self._slots = asyncio.Semaphore(AT_ONCE_MAX)

    def begin(self, state: State) -> None:
        """Perform from now on, beginning with what a stored state still wants."""
        self._is_performing = True
        for key in sorted(state.pending.keys() - self._open.keys()):
            self._taken_over.add(key)
            self._want(state.pending[key])

    def pause(self) -> None:
        """Begin nothing more: another daemon does. What was tried is still reported."""
        self._is_performing = False
        self._open = {key: each for key, each in self._open.items() if key in self._under_way}

    def follow(self, events: Sequence[AnyEvent], state: State) -> None:
        """Take what was stored."""
        for event in events:
            if isinstance(event, EffectWanted):
                if self._is_performing:
                    self._want(event.effect)
            elif isinstance(event, EffectDone | EffectFailed):
                self._open.pop(event.key, None)

    def _want(self, effect: Effect) -> None:
        self._open[effect.key] = effect
        lane = getattr(effect, "call_id", "") or effect.key
        waiting = self._lanes.get(lane)
        if waiting is None:
            self._lanes[lane] = deque([effect])
            self._new_lanes.put_nowait(lane)
        else:
            waiting.append(effect)

    async def run(self) -> None:
        """Perform until cancelled; what is not confirmed then is performed by the next daemon."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                lane = await self._new_lanes.get()
                tasks.create_task(self._drain(lane))

    async def _drain(self, lane: str) -> None:
        waiting = self._lanes[lane]
        while waiting:
            effect = waiting[0]
            await self._let_others_report(effect)
            if effect.key in self._open:
                self._under_way.add(effect.key)
                await self._report(await self._perform(effect))
                self._under_way.discard(effect.key)
            waiting.popleft()
        del self._lanes[lane]

    async def _let_others_report(self, effect: Effect) -> None:
        if effect.key in self._taken_over:
            self._taken_over.discard(effect.key)
            wait = PATIENCE.get(type(effect), BRIEF).taken_over_after
            if wait:
                await self._clock.sleep_until(self._clock.now() + wait)

    async def _perform(self, effect: Effect) -> ReportEffect:
        name = type(effect).__name__
        outlet = self._outlets.get(type(effect))
        if outlet is None:
            log.error("effect_without_outlet", effect=name, key=effect.key)
            return ReportEffect(effect.key, done=False, reason="no-outlet")
        reason = "failed"
        waits = PATIENCE.get(type(effect), BRIEF).waits()
        for attempt in count(1):
            try:
                async with self._slots:  # given back while it waits: others have their turn
                    call_id = await self._ask(outlet, effect)
            except ChannelError as error:
                log.warning(
                    "effect_failed",
                    effect=name,
                    key=effect.key,
                    attempt=attempt,
                    reason=error.reason,
                    retryable=error.retryable,
                    error=str(error),
                )
                reason = error.reason
                if not error.retryable:
                    break
            except Exception:
                log.exception("effect_broken", effect=name, key=effect.key)
                break
            else:
                return ReportEffect(effect.key, done=True, call_id=call_id)
            wait = next(waits, None)
            if wait is None:
                break
            await self._clock.sleep_until(self._clock.now() + wait)
            if not self._is_performing:
                self._open.pop(effect.key, None)  # it is tried elsewhere
            if effect.key not in self._open:
                break
        return ReportEffect(effect.key, done=False, reason=reason)

    async def _ask(self, outlet: Outlet, effect: Effect) -> str:
        """Perform once; an outlet that cannot read what is stored has not tried yet."""
        while True:
            try:
                return await outlet.perform(effect)
            except StorageError as error:
                log.warning("effect_waits_for_storage", key=effect.key, code=error.code)
                await self._clock.sleep_until(self._clock.now() + REPORT_AGAIN)

    async def _report(self, report: ReportEffect) -> None:
        """Tell the engine until it is stored; an effect that is over by now needs no telling."""
        while report.key in self._open:
            try:
                await self._inbox.submit(report, _nothing)
            except CommandRefused as refusal:
                log.info("effect_report_refused", key=report.key, code=refusal.code)
            except TownlineError as error:
                log.warning("effect_not_reported", key=report.key, code=error.code)
                await self._clock.sleep_until(self._clock.now() + REPORT_AGAIN)
                continue
            self._open.pop(report.key, None)


def _nothing(_: State) -> None:
    """Nobody waits for what follows from an effect."""
