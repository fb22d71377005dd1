"""One town, several daemons: who decides, what is forwarded to it, what it has stored.

The daemon that has the claim decides; the others send it their commands and follow the journal,
where they find the events and the answers. Who hears nothing of the decider for a second decides
for itself. None of this is needed for the truth: whoever stores, compares the version, and a
command that was forwarded is known by its id wherever it turns up a second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import structlog

from router.core.commands import AdoptPolicy
from router.core.model import SECOND, Instant, PolicyHash, Span
from router.errors import StorageError
from router.ports import Clock, StoredBatch
from router.runtime import parcels
from router.runtime.answers import Answer, decode_answers, error_of
from router.runtime.company import Company, Inward, Owed, Ripe
from router.runtime.deciding import GAP_MIN
from router.runtime.link import Link, Standing
from router.runtime.metrics import Metrics
from router.runtime.remote import Remembered, Remote
from router.runtime.sender import AnySender
from router.runtime.storing import PATIENCE
from router.runtime.tail import OTHERS_FIRST, Tail

CLAIM_EVERY: Final[Span] = SECOND
SILENCE: Final[Span] = SECOND  # of the decider: who waits for longer decides for itself
LATE: Final[Span] = 5 * SECOND  # a follower that is further behind is not ready
LOST: Final[Span] = 2 * SECOND  # an answer that comes no more, although the decider lives
TRY_AGAIN: Final[Span] = SECOND // 4  # while the server cannot be reached

log = structlog.get_logger(__name__)


class Sharing(Company):
    """See the module's text; the sequencer's side is `Company`."""

    def __init__(self, link: Link, clock: Clock, metrics: Metrics) -> None:
        super().__init__()
        self.decides = False
        self.name = link.name
        self._link = link
        self._clock = clock
        self._metrics = metrics
        self._inward: Inward
        self._standing: Standing | None = None
        self._heard_at: Instant = 0  # of the decider
        self._silent_since: Instant | None = None
        self._owed: dict[str, Owed] = {}  # forwarded by us, in order
        self._owes = asyncio.Event()
        self._count = 0
        self._known = Remembered()
        self._taken = Remembered()  # of others, to be decided here
        self._news: list[StoredBatch] = []
        self._news_taken = asyncio.Event()
        self._answers: list[Answer] = []  # that came by themselves, not handed over yet
        self._out: dict[str, list[parcels.Parcel]] = {}  # by daemon; "" for all of them
        self._has_out = asyncio.Event()
        self._cut_since: Instant | None = None
        self._others_first_until: Instant = 0
        self._due: tuple[int, Instant] = (0, 0)  # a version to be reached, and since when
        self._heralds: list[asyncio.Task[None]] = []
        self.tail: Tail = Tail(clock, metrics)

    @property
    def trouble(self) -> str:
        """See `Company.trouble`."""
        now = self._clock.now()
        if self._cut_since is not None and now - self._cut_since >= PATIENCE:
            return "the other daemons cannot be reached"
        version, told_at = self._due
        if self._inward.version < version and now - told_at >= LATE:
            return "what others have stored is followed too late"
        return ""

    @property
    def standing(self) -> Standing | None:
        """See `Company.standing`."""
        return self._standing

    # --- the sequencer's side --------------------------------------------------------------------

    def not_before(self) -> Instant:
        """See `Company.not_before`."""
        now, cut_since = self._clock.now(), self._cut_since
        if cut_since is not None and now - cut_since >= GAP_MIN:
            return now + TRY_AGAIN
        return self._others_first_until

    @property
    def owed(self) -> int:
        """See `Company.owed`."""
        return len(self._owed)

    def start(self, tasks: asyncio.TaskGroup, inward: Inward) -> list[asyncio.Task[None]]:
        """See `Company.start`."""
        self._inward = inward
        self._heralds = [tasks.create_task(self._keep_claim()), tasks.create_task(self._receive())]
        rest = (self._follow(), self._watch(), self._send())
        return [*self._heralds, *(tasks.create_task(each) for each in rest)]

    def forward(
        self, senders: Sequence[AnySender], policies: Mapping[PolicyHash, bytes]
    ) -> list[AnySender]:
        """See `Company.forward`."""
        standing = self._standing
        if self.decides or standing is None or self._silent_since is not None:
            return list(senders)
        now, rows, left = self._clock.now(), [], []
        for sender in senders:
            if sender.is_gone:
                continue
            if sender.id:  # another's, or one that came back: nobody forwards it again
                left.append(sender)
                continue
            self._count += 1
            name, command = f"{self.name}/{self._count}", sender.command
            try:
                body = policies[command.policy_hash] if isinstance(command, AdoptPolicy) else b""
                rows.append(parcels.forwarded(name, command, sender.words, body))
            except Exception:  # a number or text that fits no message
                log.exception("command_not_forwarded", command=type(command).__name__)
                left.append(sender)
                continue
            sender.id = name
            self._owed[name] = Owed(sender, now)
        if rows:
            self._metrics.forwarded.labels("sent").inc(len(rows))
            parcel = parcels.Commands(self.name, self._inward.version, tuple(rows))
            self._say(standing.decider, parcel)
            self._owes.set()
        return left

    def take_news(self) -> list[StoredBatch]:
        """See `Company.take_news`."""
        found, self._news, self.has_news = self._news, [], False
        self._news_taken.set()
        return found

    def answered_by(self, stored: StoredBatch) -> list[Ripe]:
        """See `Company.answered_by`."""
        found = []
        for answer in decode_answers(stored.answers):
            self._known.add(answer.id, stored.version)
            found += self._ripe(answer)
        return found

    def answered_at(self, version: int) -> list[Ripe]:
        """See `Company.answered_at`."""
        if not self._answers:
            return []
        due = [answer for answer in self._answers if answer.version <= version]
        self._answers = [answer for answer in self._answers if answer.version > version]
        return [ripe for answer in due for ripe in self._ripe(answer)]

    def _ripe(self, answer: Answer) -> list[Ripe]:
        owed = self._owed.pop(answer.id, None)
        if owed is None or owed.sender.is_gone:
            return []
        error = None if answer.refusal is None else error_of(answer.refusal)
        self._metrics.forwarded.labels("answered").inc()
        return [Ripe(answer.version, owed.sender, error)]

    def fail_all(self, error: Exception) -> None:
        """See `Company.fail_all`."""
        for owed in self._owed.values():
            owed.sender.fail(error)
        self._owed.clear()

    async def leave(self) -> None:
        """Let another daemon decide, and hear nothing more; before this one stops."""
        for task in self._heralds:
            task.cancel()
        self._is_ours(decides=False)
        self._standing = None
        try:
            await self._link.give_back()
        except StorageError as error:  # it expires by itself
            log.warning("claim_not_given_back", why=str(error))

    async def close(self) -> None:
        """See `Company.close`."""
        await self._link.close()

    # --- the claim -------------------------------------------------------------------------------

    async def _keep_claim(self) -> None:
        while True:
            try:
                standing = await self._link.claim()
            except StorageError as error:
                self._is_cut(str(error))
                await self._clock.sleep_until(self._clock.now() + TRY_AGAIN)
            else:
                self._learn(standing)
                await self._clock.sleep_until(self._clock.now() + CLAIM_EVERY)

    def _learn(self, standing: Standing) -> None:
        before, self._standing = self._standing, standing
        if before is None or before.decider != standing.decider:
            log.info("decider", daemon=standing.decider, ours=standing.decider == self.name)
            self._silent_since = None
        renewed_at = self._clock.now() - standing.age
        if standing.decider != self.name:
            self.served_at = max(self.served_at, renewed_at)
            self._heard_at = max(self._heard_at, renewed_at)
        if self._silent_since is not None and renewed_at > self._silent_since:
            self._silent_since = None
        self._is_ours(decides=standing.decider == self.name)
        self._is_back()
        self._metrics.daemons.set(len(standing.daemons))
        self._metrics.behind.set(max(0, standing.version - self._inward.version))
        followed = self._inward.version
        if followed >= self._due[0]:
            self._due = (standing.version, self._clock.now())
        if standing.version < followed or (self.decides and standing.version > followed):
            self.is_behind = True  # or ahead of a journal that lost something: it finds out
            self._tell()

    def _is_ours(self, *, decides: bool) -> None:
        if decides != self.decides:
            self.decides = decides
            self._metrics.decides.set(decides)
            self._changed.set()
            self._changed = asyncio.Event()
            self._news_taken.set()
            self._inward.wake()

    def _is_cut(self, why: str) -> None:
        if self._cut_since is None:
            log.error("town_link_cut", why=why)
            self._cut_since = self._clock.now()

    def _is_back(self) -> None:
        """If we decide now, nobody is punished for the time in which nobody could store."""
        if self._cut_since is None:
            return
        log.info("town_link_back")
        now, cut_since, self._cut_since = self._clock.now(), self._cut_since, None
        self.tail.doubt(cut_since)
        self.is_behind = True
        if now - cut_since >= GAP_MIN:
            self._others_first_until = now + OTHERS_FIRST
        since = max(cut_since, self.served_at)
        if self.decides and now - since >= GAP_MIN:
            self.outage_since = since
        self._tell()

    # --- following -------------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            if self.decides:  # what others store is told by `claim`, and by conflicts
                await self.until(decides=False)
            try:
                batches = await self._link.news(self._inward.version)
            except StorageError as error:
                self._is_cut(str(error))
                await self._clock.sleep_until(self._clock.now() + TRY_AGAIN)
                continue
            if not batches:
                continue
            now = self._clock.now()
            self._heard_at = now
            self._metrics.lag_seconds.set(max(0, now - batches[-1].at) / SECOND)
            self._news_taken.clear()
            self._news += batches
            self._tell()
            await self._news_taken.wait()

    def _tell(self) -> None:
        self.has_news = True
        self._inward.wake()

    # --- messages --------------------------------------------------------------------------------

    def _say(self, to: str, parcel: parcels.Parcel) -> None:
        self._out.setdefault(to, []).append(parcel)
        self._has_out.set()

    def tell_all(self, parcel: parcels.Parcel) -> None:
        """Send it to every other daemon; lost when they cannot be reached."""
        self._say("", parcel)

    async def _send(self) -> None:
        while True:
            await self._has_out.wait()
            self._has_out.clear()
            out, self._out = self._out, {}
            for to, waiting in out.items():
                for parcel in parcels.joined(waiting):
                    await self._send_one(to, parcel)

    async def _send_one(self, to: str, parcel: parcels.Parcel) -> None:
        body = parcels.encode(parcel)
        try:
            if to == "":
                await self._link.tell_all(body)
                return
            was_heard = await self._link.send(to, body)
        except StorageError as error:
            log.warning("message_not_sent", why=str(error))
            was_heard = False
        if not was_heard and isinstance(parcel, parcels.Commands):
            self._take_back()

    async def _receive(self) -> None:
        while True:
            try:
                messages = await self._link.receive()
            except StorageError as error:
                self._is_cut(str(error))
                await self._clock.sleep_until(self._clock.now() + TRY_AGAIN)
                continue
            for message in messages:
                try:
                    self._take(parcels.decode(message))
                except msgspec.DecodeError:  # of a daemon of another release
                    log.exception("message_unreadable")

    def _take(self, parcel: parcels.Parcel) -> None:
        match parcel:
            case parcels.Commands():
                self._take_commands(parcel)
            case parcels.Answers():
                self._heard_at = self._clock.now()
                self._answers += parcel.answers
                self._tell()
            case _:
                for listener in self.listeners:
                    listener(parcel)

    def _take_commands(self, parcel: parcels.Commands) -> None:
        def say(answer: Answer) -> None:
            self._say(parcel.sender, parcels.Answers((answer,)))

        if parcel.stands_at < self._known.horizon:
            log.warning("forwarded_too_late", daemon=parcel.sender, commands=len(parcel.commands))
            return
        for row in parcel.commands:
            if row.id in self._taken:  # the message came twice
                continue
            self._taken.add(row.id, self._inward.version)
            command = parcels.command_of(row)
            if row.policy:
                self._inward.know_policy(row.policy)
            self._inward.take(Remote(row.id, command, row.words, self._known, say))

    # --- silence ---------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            await self._owes.wait()
            self._owed = {n: each for n, each in self._owed.items() if not each.sender.is_gone}
            if not self._owed:
                self._owes.clear()
                self._inward.wake()  # it may be about to stop
                continue
            oldest = next((each for each in self._owed.values() if not each.is_back), None)
            if oldest is None:  # all of them are being decided here
                await self._clock.sleep_until(self._clock.now() + TRY_AGAIN)
                continue
            silent_at = max(oldest.sent_at, self._heard_at) + SILENCE
            due = min(silent_at, oldest.sent_at + LOST)
            if self._clock.now() < due:
                await self._clock.sleep_until(due)
            else:
                self._take_back()

    def _take_back(self) -> None:
        """Decide what was forwarded ourselves; an answer that comes meanwhile goes first."""
        self._silent_since = self._clock.now()
        back = []
        for name, owed in self._owed.items():
            if not owed.is_back and not owed.sender.is_gone:
                self._owed[name] = owed._replace(is_back=True)
                back.append(owed.sender)
        if back:
            log.warning("decider_silent", commands=len(back))
            self._metrics.forwarded.labels("taken-back").inc(len(back))
            self._inward.put_back(back)
