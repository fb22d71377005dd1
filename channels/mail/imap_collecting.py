"""One look into the mailbox: fetch what waits, oldest first, hand it over, move it away.

A message leaves the mailbox only after the intake took or refused it. Cut off in between, it is
fetched again, and the intake knows it. Where the server refuses to move (over quota), messages are
taken all the same and stay, and moving is tried again from time to time. A message beyond the size
limit is handed over with its beginning only, marked as such, and moved to a folder of its own
where a person finds the whole.
Memory: two portions of `PORTION_BYTES`, one handed over and one fetched meanwhile, or a single
message of at most the size limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Final

import structlog

from channels.mail.blocking_thread import BlockingThread
from channels.mail.imap_lanes import hand_over_in_lanes
from channels.mail.imap_memory import ImapMemory
from channels.mail.imap_session import FETCHED_COUNT, ImapSession
from channels.mail.intake import Answer, Envelope, Intake, hand_over
from router.errors import ChannelError
from router.ports import Clock

PORTION_BYTES: Final = 4_194_304
PORTION_COUNT: Final = FETCHED_COUNT
SIZED_COUNT: Final = 5000  # whose sizes are asked for at once
MOVED_COUNT: Final = 2000  # at once: a server may read the whole mailbox anew for every move
BEGINNING_BYTES: Final = 262_144  # handed over of a message that is too large

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where messages go; created where they are missing."""

    taken: str = "Processed"
    refused: str = "Refused"
    too_large: str = "Too-large"

    def names(self) -> tuple[str, ...]:
        """Return all of them."""
        return self.taken, self.refused, self.too_large


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """How messages are handed over."""

    mailbox: str  # what an envelope calls it
    size_bytes_max: int
    store_s: float
    folders: Folders


@dataclass(frozen=True, slots=True)
class Portion:
    """Messages that are fetched together."""

    uids: list[int]
    is_light: bool = True  # at most `PORTION_BYTES`
    cut_from: int = 0  # bytes of the one message, when only its beginning is to be fetched


class Collector:
    """Looks into one mailbox over one connection."""

    def __init__(
        self,
        session: ImapSession,
        thread: BlockingThread,
        memory: ImapMemory,
        intake: Intake,
        clock: Clock,
        taking: Taking,
        peer: str,
    ) -> None:
        self._session = session
        self._thread = thread
        self._memory = memory
        self._intake = intake
        self._clock = clock
        self._taking = taking
        self._peer = peer

    async def collect(self, stopping: asyncio.Event) -> bool:
        """Take what waits; return whether there was anything to take or to move.

        Ends after the messages under way once `stopping` is set. Errors: `ChannelError`.
        """
        memory = self._memory
        uids = await self._thread.call(self._session.waiting)
        memory.begin(self._session.validity, uids)
        has_moved = await self._move_settled()
        due = [uid for uid in uids if memory.is_due(uid, self._clock.now())]
        for start in range(0, len(due), SIZED_COUNT):
            if self._may_not_go_on(stopping):
                break
            await self._take_all(due[start : start + SIZED_COUNT], stopping)
        return await self._move_settled() or has_moved or bool(due)

    async def _take_all(self, uids: Sequence[int], stopping: asyncio.Event) -> None:
        sizes = await self._thread.call(partial(self._session.sizes, uids))
        for uid in uids:
            if uid not in sizes:  # as below
                self._memory.postpone(uid, self._clock.now())
        fetching: Future[dict[int, bytes]] | None = None
        made = list(portions(uids, sizes, self._taking.size_bytes_max))
        for portion, following in zip_longest(made, made[1:]):
            if self._may_not_go_on(stopping):
                return
            contents = await asyncio.wrap_future(fetching or self._fetch(portion))
            fetching = None  # or what was handed over would be kept
            if following is not None and portion.is_light and following.is_light:
                fetching = self._fetch(following)  # while these are handed over
            await self._take(portion, contents, stopping)
            if len(self._memory.settled) >= MOVED_COUNT:
                await self._move_settled()

    def _fetch(self, portion: Portion) -> Future[dict[int, bytes]]:
        session, limit = self._session, self._taking.size_bytes_max
        if portion.cut_from:
            beginning = min(BEGINNING_BYTES, limit)
            return self._thread.post(partial(session.beginning, portion.uids[0], beginning))
        return self._thread.post(partial(session.contents, portion.uids))

    async def _take(
        self, portion: Portion, contents: dict[int, bytes], stopping: asyncio.Event
    ) -> None:
        def whole() -> Iterator[tuple[int, bytes]]:
            for uid in portion.uids:
                if self._may_not_go_on(stopping):
                    return
                if uid in contents:
                    yield uid, contents.pop(uid)
                else:  # somebody else took it away, or the server cannot read it
                    self._memory.postpone(uid, self._clock.now())

        async def hand(uid: int, raw: bytes) -> None:
            await self._hand_over(uid, raw, portion.cut_from)

        await hand_over_in_lanes(whole(), hand, lambda: self._memory.is_wary)

    async def _hand_over(self, uid: int, raw: bytes, cut_from: int) -> None:
        taking, memory = self._taking, self._memory
        envelope = Envelope(None, (), taking.mailbox, self._peer, cut_from)
        answer = await hand_over(self._intake, raw, envelope, limit_s=taking.store_s)
        if answer is Answer.LATER:
            memory.postpone(uid, self._clock.now())
        elif answer is Answer.REFUSED:
            memory.settle(uid, taking.folders.refused)
        elif cut_from:
            log.warning("mail_too_large", mailbox=taking.mailbox, code="too-large", size=cut_from)
            memory.settle(uid, taking.folders.too_large)
        else:
            memory.settle(uid, taking.folders.taken)

    async def _move_settled(self) -> bool:
        """Move what was handed over, if it is time to; return whether anything was."""
        memory = self._memory
        if self._clock.now() < memory.move_again:
            return False
        by_folder: dict[str, list[int]] = {}
        for uid, folder in memory.settled.items():
            by_folder.setdefault(folder, []).append(uid)
        refusal = ""
        for folder, uids in by_folder.items():
            try:
                await self._thread.call(partial(self._session.move, uids, folder))
            except ChannelError as error:
                refusal = f"{error.reason}: {error}"
                if error.reason != "refused":  # then the connection is of no use, either
                    memory.not_moved(refusal, self._clock.now())
                    raise
            else:
                memory.moved(uids)
        if refusal:
            if not memory.why_unmoved:
                log.warning("mail_not_moved", mailbox=self._taking.mailbox, error=refusal)
            memory.not_moved(refusal, self._clock.now())
        else:  # or nothing is left to move
            memory.can_move()
        return bool(by_folder)

    def _may_not_go_on(self, stopping: asyncio.Event) -> bool:
        return stopping.is_set() or self._clock.now() < self._memory.pause_until


def portions(uids: Sequence[int], sizes: Mapping[int, int], size_max: int) -> Iterator[Portion]:
    """Yield the messages that have a size in portions, in order.

    Shape: at most `PORTION_COUNT` messages and `PORTION_BYTES`; alone is a message that is larger
        than a portion, and one that is larger than `size_max`.
    """
    portion: list[int] = []
    weight = 0
    for uid in (uid for uid in uids if uid in sizes):
        size = sizes[uid]
        is_alone = size > min(size_max, PORTION_BYTES)
        if portion and (is_alone or len(portion) == PORTION_COUNT or weight + size > PORTION_BYTES):
            yield Portion(portion)
            portion, weight = [], 0
        if is_alone:
            yield Portion([uid], is_light=False, cut_from=size if size > size_max else 0)
            continue
        portion.append(uid)
        weight += size
    if portion:
        yield Portion(portion)
