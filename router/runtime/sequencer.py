"""The single writer: commands in, one append per batch, answers only to what is stored.

Takes whatever waits (bounded), decides it on the working state, stores the batch in one append and
only then answers the senders and tells the followers. When the append fails the state returns
exactly to what is stored. Nothing is decided while an append is under way: its outcome comes first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

import structlog

from router.core.commands import Command
from router.core.model import SECOND, Instant, PolicyHash, Span
from router.core.policy import decode, policy_hash
from router.core.state import State
from router.errors import HistoryForked, Overloaded, StorageError, StorageUnavailable
from router.ports import Clock, Ids, Journal, StoredBatch, Words, chain_of, chained, disagree
from router.runtime.company import Company, fold, give
from router.runtime.deciding import Draft, Drafter, Engine
from router.runtime.metrics import Metrics
from router.runtime.publisher import Publisher
from router.runtime.recovery import adopted_in, events_of, load_adopted
from router.runtime.sender import AnyReader, AnySender, Reader, Sender
from router.runtime.storing import Outcome, Storing
from router.runtime.tail import Kept, batch_of, taken_of

WAITING_MAX: Final = 2000  # one beyond is told to come back
BATCH_MAX: Final = 256  # commands decided before the next append
RETRY_AFTER: Final[Span] = SECOND  # between tries of our own while storage fails
TRIES_MAX: Final = 8  # of a batch that meets other writers

T = TypeVar("T")
log = structlog.get_logger(__name__)


class LeapingClock(Clock, Protocol):
    """A clock that says when time has leapt (the machine slept, practice was moved on)."""

    def take_gap(self) -> Span:
        """Return by how much time has leapt since the last call."""
        ...


class Sequencer:
    """`Inbox` for channels and desks; `run` is its one task."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        clock: LeapingClock,
        ids: Ids,
        publisher: Publisher,
        metrics: Metrics,
        *,
        waiting_max: int = WAITING_MAX,
        batch_max: int = BATCH_MAX,
        company: Company | None = None,
        chain: str = "",
    ) -> None:
        """`engine.state` is what the journal holds (see `recovery`); nothing else changes it.

        `chain`: which history that is. `company`: the town's other daemons; without it this one
        decides alone.
        """
        self._state = engine.state
        self._drafter = Drafter(engine, metrics)
        self._journal = journal
        self._storing = Storing(journal, clock, metrics)
        self._clock = clock
        self._ids = ids
        self._publisher = publisher
        self._metrics = metrics
        self._waiting_max = waiting_max
        self._batch_max = batch_max
        self._waiting: deque[AnySender] = deque()
        self._readers: list[AnyReader] = []
        self._in_turn: list[AnySender] = []
        recovered = self._state.version > 0  # then nobody was there since its last event
        self._outage_since: Instant | None = self._state.now if recovered else None
        self._retry_at: Instant = 0
        self._wake_up: asyncio.Future[None] | None = None
        self._alarm: tuple[Instant, asyncio.Task[None]] | None = None
        self._is_stopping = False
        self._company = Company() if company is None else company
        self.chain = chain  # hash of the history that is stored; "" when nobody knows
        self._stored = self._state.version

    @property
    def version(self) -> int:
        """The version up to which the state is stored."""
        return self._stored

    @property
    def trouble(self) -> str:
        """Return why nothing can be stored; "" when all is well."""
        return self._storing.trouble or self._company.trouble

    # --- the inbox -------------------------------------------------------------------------------

    async def submit(
        self, command: Command, reply: Callable[[State], T], *, words: tuple[Words, ...] = ()
    ) -> T:
        """See `Inbox.submit`; also raises `ShuntedCommand` for a mistake of our own."""
        if self._is_stopping:
            raise StorageUnavailable("this daemon is stopping; the next one will answer")
        if self._storing.is_stalled:
            raise StorageUnavailable(self.trouble)
        if len(self._waiting) + self._company.owed >= self._waiting_max:
            self._metrics.overloaded.inc()
            raise Overloaded
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(Sender(command, reply, words, future))
        self._wake()
        return await future

    async def read(self, view: Callable[[State], T]) -> T:
        """See `Inbox.read`; answered at once unless an append is under way."""
        if not self._storing.is_busy:
            return view(self._state)
        if self._storing.is_stalled:
            raise StorageUnavailable(self.trouble)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._readers.append(Reader(view, future))
        return await future

    def know_policy(self, body: bytes) -> PolicyHash:
        """Load a compiled policy, so that `AdoptPolicy` of the returned hash can be decided.

        Errors: `msgspec.DecodeError` when the bytes are not a policy.
        """
        name = policy_hash(body)
        self._state.policies[name] = decode(body)
        self._drafter.policies[name] = body
        return name

    def take(self, sender: AnySender) -> None:
        """Have a command decided that another daemon has forwarded."""
        if len(self._waiting) >= self._waiting_max:
            sender.fail(Overloaded())
            return
        self._waiting.append(sender)
        self._wake()

    def put_back(self, senders: Sequence[AnySender]) -> None:
        """Have these decided here, before anything else."""
        self._waiting.extendleft(reversed(senders))
        self._wake()

    def wake(self) -> None:
        """Look for news."""
        self._wake()

    def stop(self) -> None:
        """Take nothing more; `run` returns once everything that waits is answered."""
        self._is_stopping = True
        self._wake()

    # --- the loop --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Decide and store until `stop`.

        Raises:
            InvariantBroken: memory can no longer be trusted; restart and replay.
        """
        self._state.keep_undo()
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(self._storing.watch(self._tell_stalled))
            listening = self._company.start(tasks, self)
            try:
                while await self._has_work(tasks):
                    await self._turn()
            finally:
                for task in (watch, *listening):
                    task.cancel()
                if self._alarm is not None:
                    self._alarm[1].cancel()
                self._is_stopping = True
                self._tell_all(StorageUnavailable("this daemon has stopped"))

    async def _has_work(self, tasks: asyncio.TaskGroup) -> bool:
        """Sleep until there is something to do; False once stopped with nothing left."""
        while not self._waiting and not self._company.has_news:
            if self._is_stopping and not self._company.owed:
                return False
            due = self._next_due()
            if due is not None:
                if due <= self._clock.now():
                    return True
                self._set_alarm(due, tasks)
            self._wake_up = asyncio.get_running_loop().create_future()
            await self._wake_up
            self._wake_up = None
            await self._gather()
        return True

    async def _gather(self) -> None:
        """Let the loop turn while that brings more: an append costs little more for many."""
        before = 0
        while before < len(self._waiting) < self._batch_max:
            before = len(self._waiting)
            await asyncio.sleep(0)

    def _next_due(self) -> Instant | None:
        if self._outage_since is not None and self._retry_at:
            return self._retry_at
        if not self._company.decides:
            return None  # whoever decides has the alarm
        due = self._state.next_wakeup()
        return None if due is None else max(due, self._drafter.time_stuck_until)

    def _set_alarm(self, due: Instant, tasks: asyncio.TaskGroup) -> None:
        """Have one alarm, at `due` or earlier; an early one only looks again."""
        if self._alarm is not None and not self._alarm[1].done():
            if self._alarm[0] <= due:
                return
            self._alarm[1].cancel()
        self._alarm = (due, tasks.create_task(self._sleep(due)))

    async def _sleep(self, due: Instant) -> None:
        await self._clock.sleep_until(due)
        self._alarm = None
        self._wake()

    def _wake(self) -> None:
        if self._wake_up is not None and not self._wake_up.done():
            self._wake_up.set_result(None)

    def _is_due(self) -> bool:
        due = self._next_due()
        return due is not None and due <= self._clock.now()

    async def _turn(self) -> None:
        if self._company.has_news:
            await self._hear()
        senders = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._batch_max))]
        senders = self._company.forward(senders, self._drafter.policies)
        if not senders and not self._is_due():
            return
        self._in_turn = senders
        self._metrics.waiting_commands.set(len(self._waiting))
        for _ in range(TRIES_MAX):
            draft = self._decide(senders)
            if not draft.events:
                self._serve_readers()
                await asyncio.sleep(0)  # others have their turn, too
                return
            outcome = await self._store(draft)
            if outcome is Outcome.STORED:
                self._was_stored(draft)
                return
            self._state.back_to(0)
            if outcome is Outcome.FAILED:
                break
            await self._catch_up()
        for sender in senders:
            sender.fail(StorageUnavailable(self.trouble or "too many writers; try again"))
        self._serve_readers()

    def _decide(self, senders: list[AnySender]) -> Draft:
        now = max(self._clock.now(), self._state.now)
        gap = self._clock.take_gap()
        if gap:
            since = now - gap
            before = self._outage_since
            self._outage_since = since if before is None else min(before, since)
        if self._retry_at:
            self._retry_at = now + RETRY_AFTER
        outage = self._outage_since
        if outage is not None:  # as far as nobody else was there either
            outage = max(outage, self._company.served_at)
        draft = self._drafter.begin(now, outage)
        for sender in senders:
            if not sender.is_gone:
                self._drafter.add(sender, draft)
        return draft

    # --- storing ---------------------------------------------------------------------------------

    async def _store(self, draft: Draft) -> Outcome:
        stored = self._state.version - len(draft.events)
        batch = draft.batch(self._ids.unique("b-"), self.chain)
        if (tail := self._company.tail) is not None:
            tail.tried = batch
        outcome = await self._storing.store(stored, batch, self._company.not_before)
        if outcome is Outcome.STORED:
            self._stored = self._state.version
            self.chain = chained(self.chain, self._stored, batch)
            if tail is not None:
                tail.add(Kept(stored, batch, taken_of(draft.senders)))
        if outcome is Outcome.FAILED:
            self._outage_since = draft.at if self._outage_since is None else self._outage_since
            self._retry_at = self._clock.now() + RETRY_AFTER
        return outcome

    async def _hear(self) -> None:
        """Apply what others have stored, and answer those who waited for it."""
        if self._company.outage_since is not None:
            self._outage_since, self._company.outage_since = self._company.outage_since, None
            self._retry_at = self._clock.now()  # to be made good at once
        for stored in self._company.take_news():
            if stored.version - stored.count == self._state.version:
                try:
                    await self._apply(stored)
                    await asyncio.sleep(0)  # there may be many: others have their turn, too
                    continue
                except StorageError as error:
                    log.warning("batch_waits_for_storage", why=str(error))
            self._company.is_behind |= stored.version > self._state.version
        tail = self._company.tail
        if self._company.is_behind or (tail is not None and tail.is_unsure):
            self._company.is_behind = False
            await self._catch_up()
        for ripe in self._company.answered_at(self._state.version):
            give(ripe, self._state)
            ripe.sender.release()
        self._serve_readers()

    async def _catch_up(self) -> None:
        """Apply what others have stored; the state stands where the journal stands."""

        async def read() -> None:
            await self._put_back()
            async for stored in self._journal.read(self._state.version):
                await self._apply(stored)

        await self._storing.insist(read)

    async def _put_back(self) -> None:
        """See that the journal has everything that it had. Errors: `HistoryForked`."""
        if self._company.tail is not None:
            await self._company.tail.put_back(self._journal, self._state.version)
        elif await self._journal.version() < self._state.version:
            raise HistoryForked("the journal has lost batches that were stored: start again")

    async def _apply(self, stored: StoredBatch) -> None:
        state = self._state
        before = state.version
        if disagree(stored.before, self.chain) or stored.version - stored.count != before:
            raise HistoryForked(
                f"the journal has gone on with another history after version {before}: start again"
            )
        events = events_of(stored, before)
        await load_adopted(self._journal, state, events)
        policies = await adopted_in(self._journal, events)
        ripe = self._company.answered_by(stored)
        fold(events, state, ripe)
        state.forget_undo()
        self.chain, self._stored = chain_of(stored), stored.version
        if self._company.tail is not None:
            taken = taken_of(each.sender for each in ripe if each.error is None)
            self._company.tail.add_followed(Kept(before, batch_of(stored, policies, taken), taken))
        self._outage_since = None  # whoever stored it has made that good
        self._retry_at = 0
        self._storing.is_well()  # or who only follows would never find out
        for each in ripe:
            each.sender.release()
        self._publisher.publish(events, state)

    def _was_stored(self, draft: Draft) -> None:
        self._state.forget_undo()
        self._outage_since = None
        self._retry_at = 0
        self._metrics.batch_size.observe(len(draft.events))
        for sender in draft.senders:
            sender.release()
        self._publisher.publish(draft.events, self._state)
        self._serve_readers()

    def _serve_readers(self) -> None:
        readers, self._readers = self._readers, []
        for reader in readers:
            reader.serve(self._state)

    def _tell_stalled(self) -> None:
        self._tell_all(StorageUnavailable(self.trouble))

    def _tell_all(self, error: StorageUnavailable) -> None:
        for sender in (*self._in_turn, *self._waiting):
            sender.fail(error)
        self._waiting.clear()
        self._company.fail_all(error)
        readers, self._readers = self._readers, []
        for reader in readers:
            reader.fail(error)
