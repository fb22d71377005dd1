"""A server takes another one's place and lacks what was stored last: it is given back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from router.core import commands as c
from router.core import events as e
from router.core.model import SECOND
from router.core.policy import encode
from router.errors import HistoryForked, StorageFailed, StorageUnavailable
from router.ports import Batch, Journal, Words
from router.runtime.journal_memory import MemoryJournal
from router.runtime.metrics import Metrics
from router.runtime.resubmission import FILE, Resubmission, leave_behind
from router.runtime.tail import OTHERS_FIRST, Kept, Tail
from tests.fakes.engine_clock import LeapableClock
from tests.fakes.engine_counter import empty_policy, end_call, start_call
from tests.fakes.engine_rig import (
    START,
    Rig,
    equals_its_journal,
    foreign_batch,
    outcome,
    running,
    version,
)
from tests.fakes.town_rig import Several, several
from tests.storms.server import Server

TOLD_WITHIN = 6 * SECOND


async def call(town: Several, number: int, by: int) -> object:
    """Have a call come in at a daemon, with words; return the version it was told."""
    words = (Words(f"w{number}", "contact", b"{}"),)
    submitted = town.daemons[by].rig.sequencer.submit(start_call(number), version, words=words)
    return await town.told(submitted, TOLD_WITHIN)


def items(rig: Rig) -> list[str]:
    return [x.item for x in rig.stored() if type(x) is e.ItemReceived]


def server_of(town: Several) -> Server:
    assert isinstance(town.store, Server)
    return town.store


async def cut_off(town: Several, lost: int) -> None:
    """Let the server be gone for three seconds and come back without so many batches."""
    town.town.is_cut = True
    await town.pass_time(3 * SECOND)
    server_of(town).lose(lost, since=0)
    town.town.is_cut = False


# --- given back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [1, 2, 3])
async def test_what_the_next_server_lacks_is_given_back_with_its_words(lost: int) -> None:
    async with several(2, store=Server()) as town:
        for number in range(4):
            await call(town, number, by=number % 2)
        before = [each.batch_id for each in town.store.batches]
        await cut_off(town, lost)
        await town.pass_time(3 * SECOND)
        assert [each.batch_id for each in town.store.batches[:4]] == before
        assert sorted(town.store.words) == ["w0", "w1", "w2", "w3"]
        await call(town, 9, by=1)
        for daemon in town.daemons:
            assert items(daemon.rig) == [f"item-{n}" for n in (0, 1, 2, 3, 9)]
            assert await equals_its_journal(daemon.rig)


async def test_who_only_followed_gives_it_back_and_its_writer_adds_the_words() -> None:
    async with several(2, store=Server()) as town:
        await call(town, 1, by=0)
        await call(town, 2, by=0)
        town.daemons[0].link.is_stopped = True
        await cut_off(town, 1)
        await town.pass_time(4 * SECOND)
        assert items(town.daemons[1].rig) == ["item-1", "item-2"]
        assert list(town.store.words) == ["w1"]
        town.daemons[0].link.is_stopped = False
        town.daemons[0].sharing._is_cut("its connection was to the server before")
        await town.pass_time(3 * SECOND)
        assert sorted(town.store.words) == ["w1", "w2"]


async def test_the_words_of_who_forwarded_come_back_without_the_writer() -> None:
    async with several(2, store=Server()) as town:
        await call(town, 1, by=1)
        await call(town, 2, by=1)
        town.daemons[0].link.is_stopped = True
        await cut_off(town, 1)
        await town.pass_time(4 * SECOND)
        assert sorted(town.store.words) == ["w1", "w2"]


async def test_a_policy_that_was_lost_is_given_back_by_who_followed() -> None:
    async with several(2, store=Server()) as town:
        await call(town, 1, by=0)
        name = town.daemons[0].rig.sequencer.know_policy(encode(empty_policy("two")))
        adopting = town.daemons[0].rig.sequencer.submit(c.AdoptPolicy(name), version)
        await town.told(adopting, TOLD_WITHIN)
        town.daemons[0].link.is_stopped = True
        town.store.policies.clear()
        await cut_off(town, 1)
        await town.pass_time(4 * SECOND)
        assert list(town.store.policies) == [name]
        assert await equals_its_journal(town.daemons[1].rig)


async def test_nothing_new_is_stored_before_others_could_give_back() -> None:
    """Daemon 0 has followed nothing of late; daemon 1 has, and notices a second later."""
    async with several(2, store=Server()) as town:
        await call(town, 1, by=0)
        await cut_off(town, 0)
        back_at = town.clock.now()
        await call(town, 2, by=0)
        assert town.clock.now() - back_at >= OTHERS_FIRST


# --- what nobody can give back -------------------------------------------------------------------


class Slow(MemoryJournal):
    """Somebody else is quicker, every time."""

    async def append(self, expected_version: int, batch: Batch) -> int:
        await super().append(expected_version, batch)
        return await super().append(expected_version, batch)


class Failing(MemoryJournal):
    """It takes no words just now."""

    async def bring_words(self, batch_id: str, words: Sequence[Words]) -> None:
        raise StorageFailed("full")


def kept(number: int, after: int, *words: Words) -> Kept:
    return Kept(after, foreign_batch(number), tuple((end_call(1), (word,)) for word in words))


async def a_journal(batches: int, kind: type[MemoryJournal] = MemoryJournal) -> Journal:
    journal = kind(Server(), LeapableClock(START))
    for number in range(batches):
        await MemoryJournal.append(journal, number, foreign_batch(number))
    return journal


async def test_a_tail_gives_back_what_follows_and_no_more() -> None:
    tail = Tail(LeapableClock(START), Metrics())
    for number in range(5):
        tail.add(kept(number, number))
    journal = await a_journal(2)
    await tail.put_back(journal, 4)
    assert [each.batch_id async for each in journal.read(0)] == [f"foreign-{n}" for n in range(4)]


async def test_two_may_give_back_at_once() -> None:
    tail = Tail(LeapableClock(START), Metrics())
    for number in range(4):
        tail.add(kept(number, number))
    journal = await a_journal(1, Slow)
    await tail.put_back(journal, 4)
    assert await journal.version() == 4


async def test_who_has_not_kept_it_waits_for_others_and_then_ends() -> None:
    clock = LeapableClock(START)
    tail = Tail(clock, Metrics())
    tail.add(kept(3, 3))
    journal = await a_journal(2)
    with pytest.raises(StorageFailed, match="another daemon may have"):
        await tail.put_back(journal, 4)
    await clock.advance_to(START + OTHERS_FIRST)
    with pytest.raises(HistoryForked, match="start again"):
        await tail.put_back(journal, 4)


async def test_words_of_an_append_that_ended_unknown_come_after_another_gave_it_back() -> None:
    """It was stored, followed, lost with the server, and given back by who had followed it."""
    tail = Tail(LeapableClock(START), Metrics())
    words = Words("w", "contact", b"{}")
    tail.tried = replace(foreign_batch(0), words=(words,))
    journal = await a_journal(1)
    assert not tail.is_unsure
    tail.add_followed(kept(0, 0))
    assert tail.is_unsure
    await tail.put_back(journal, 1)
    assert await journal.waiting(10) == [words]
    assert not tail.is_unsure
    assert next(iter(tail)).batch.words == (words,)


async def test_words_that_cannot_be_brought_are_brought_later() -> None:
    tail = Tail(LeapableClock(START), Metrics())
    one = kept(0, 0)
    tail.add(one._replace(batch=replace(one.batch, words=(Words("w", "contact", b"{}"),))))
    tail.doubt(START)
    journal = await a_journal(1, Failing)
    with pytest.raises(StorageFailed):
        await tail.put_back(journal, 1)
    assert tail.is_unsure


async def test_a_tail_keeps_no_more_than_it_may() -> None:
    one = kept(0, 0, Words("w", "contact", bytes(1000)))
    tail = Tail(LeapableClock(START), Metrics(), bytes_max=3 * one.size)
    for number in range(9):
        tail.add(one._replace(after=number))
    assert [each.after for each in tail] == [6, 7, 8]
    tail.add(one._replace(after=9, batch=foreign_batch(9), taken=(one.taken * 9)))
    assert [each.after for each in tail] == [9]


async def test_a_daemon_alone_that_is_ahead_of_its_journal_ends() -> None:
    assert await ends_after(lambda store: store.lose(1, since=0))


@pytest.mark.parametrize("more", [1, 2, 3])
async def test_a_daemon_whose_history_is_another_one_ends(more: int) -> None:
    """Somebody has stored since: fewer events than were lost, as many, more."""

    def went_on(store: Server) -> None:
        store.lose(1, since=0)
        for number in range(more):
            store.add(foreign_batch(number))

    assert await ends_after(went_on)


async def ends_after(lose: Callable[[Server], object]) -> bool:
    """Say whether a daemon ends that stored two batches, the second of which is lost so."""
    server = Server()
    try:
        async with running(server) as rig:
            for number in range(2):
                await rig.sequencer.submit(start_call(number), version)
            lose(server)
            assert isinstance(await outcome(rig, start_call(3)), StorageUnavailable)
    except ExceptionGroup as ended:
        return ended.subgroup(HistoryForked) is not None
    return False


async def test_who_follows_notices_another_history_without_being_asked_anything() -> None:
    async def fail_over() -> None:
        async with several(2, store=Server()) as town:
            await call(town, 1, by=1)
            await call(town, 2, by=1)
            town.daemons[0].link.is_stopped = True
            server_of(town).lose(1, since=0)
            for number in range(3):
                town.store.add(foreign_batch(number))
            await town.pass_time(2 * SECOND)

    with pytest.raises(ExceptionGroup) as ended:
        await fail_over()
    assert ended.value.subgroup(HistoryForked) is not None


# --- submitted again -----------------------------------------------------------------------------


@dataclass
class Life:
    """What a daemon has left behind, and the next one on the journal that went another way."""

    folder: Path
    server: Server = field(default_factory=Server)

    async def first(self) -> None:
        """Three calls come and one ends; then the last two batches are lost."""
        clock = LeapableClock(START)
        tail = Tail(clock, Metrics())
        async with running(self.server, clock=clock) as rig:
            for number in range(3):
                words = (Words(f"w{number}", "contact", b"{}"),)
                await rig.sequencer.submit(start_call(number), version, words=words)
                batch = Batch(self.server.batches[-1].batch_id, START, 1, b"")
                tail.add(Kept(2 * number, batch, ((start_call(number), words),)))
        tail.add(Kept(6, Batch("lost", START, 1, b""), ((end_call(7), ()), (end_call(1), ()))))
        self.server.lose(2, since=0)
        leave_behind(self.folder, tail)

    async def second(self) -> Rig:
        """Start again."""
        async with running(self.server) as rig:
            journal = MemoryJournal(self.server, rig.clock)
            await Resubmission(self.folder, journal, rig.sequencer, rig.clock).run()
            return rig


async def test_what_was_acknowledged_and_lost_is_submitted_again_in_order(tmp_path: Path) -> None:
    life = Life(tmp_path)
    await life.first()
    with capture_logs() as logs:
        rig = await life.second()
    assert items(rig) == ["item-0", "item-1", "item-2"]
    assert [x.item for x in rig.stored() if type(x) is e.ItemAbandoned] == ["item-1"]
    assert sorted(life.server.words) == ["w0", "w1", "w2"]
    told_at_end = [each for each in logs if each["event"] == "resubmitted"]
    assert [(each["commands"], each["refused"]) for each in told_at_end] == [(4, 1)]
    assert not (tmp_path / FILE).exists()


async def test_it_is_submitted_once_more_when_that_was_cut_off(tmp_path: Path) -> None:
    life = Life(tmp_path)
    await life.first()
    left = (tmp_path / FILE).read_bytes()
    await life.second()
    (tmp_path / FILE).write_bytes(left)  # the process was killed before it was removed
    assert items(await life.second()) == ["item-0", "item-1", "item-2"]


async def test_what_two_lives_leave_behind_is_kept(tmp_path: Path) -> None:
    clock = LeapableClock(START)
    for number in range(2):
        tail = Tail(clock, Metrics())
        batch = Batch(f"lost-{number}", START, 1, b"")
        tail.add(Kept(0, batch, ((start_call(number), ()),)))
        leave_behind(tmp_path, tail)
    async with running() as rig:
        await Resubmission(tmp_path, rig.journal, rig.sequencer, clock).run()
        assert items(rig) == ["item-0", "item-1"]


async def test_what_cannot_be_read_is_put_aside_and_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"half of it")
    async with running() as rig:
        with capture_logs() as logs:
            await Resubmission(tmp_path, rig.journal, rig.sequencer, rig.clock).run()
    assert logs[0]["event"] == "acknowledged_unreadable"
    assert (tmp_path / f"{FILE}.unreadable").read_bytes() == b"half of it"


def test_nothing_is_left_behind_by_who_has_acknowledged_nothing(tmp_path: Path) -> None:
    leave_behind(tmp_path, None)
    leave_behind(tmp_path, Tail(LeapableClock(START), Metrics()))
    assert list(tmp_path.iterdir()) == []
