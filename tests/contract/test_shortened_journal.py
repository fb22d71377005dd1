"""What every journal promises of a beginning that is not the first event."""

from __future__ import annotations

import asyncio

import pytest

from router.errors import (
    Conflict,
    InvariantBroken,
    JournalShortened,
)
from router.ports import (
    Batch,
    Beginning,
    Snapshot,
)
from tests.contract.disks import (
    AnyJournal,
    Disk,
    a_batch,
    everything,
    opened,
    some_words,
)


async def ten_batches(journal: AnyJournal) -> None:
    for version in range(0, 30, 3):
        await journal.append(version, Batch(f"b{version}", 100 + version, 3, b"events"))


async def test_a_shortened_journal_begins_where_it_was_told(disk: Disk) -> None:
    begins = Beginning(12, 109, ((5, "p"), (7, "q")))
    async with opened(disk) as journal:
        await journal.append(0, a_batch("b0", 3, words=(some_words("w"),), policies=("p",)))
        for version in range(3, 30, 3):
            await journal.append(version, a_batch(f"b{version}", 3))
        assert await journal.beginning() is None
        await journal.shorten(0, begins, b"state")
    async with opened(disk) as journal:
        assert await journal.beginning() == begins
        assert await journal.version() == 30
        kept = [stored.version for stored in await everything(journal, 12)]
        assert kept == [15, 18, 21, 24, 27, 30]
        assert await journal.find_batch("b9") is None
        assert await journal.find_batch("b12") == 15
        assert await journal.mentions("events of b12") == (12, 15)
        assert await journal.mentions("events of b9") is None
        assert await journal.policy("p") == b"body of p"
        assert await journal.waiting(10) == [some_words("w")]
        assert await journal.append(30, a_batch("next")) == 31
        assert await journal.last_instant() == 1001


async def test_what_is_gone_is_refused_to_whoever_asks_for_it(disk: Disk) -> None:
    async with opened(disk) as journal:
        await ten_batches(journal)
        await journal.shorten(0, Beginning(12, 109, ()), b"state")
        for after in (0, 9, 11):
            with pytest.raises(JournalShortened, match=f"{after + 1} is gone.* after event 12:"):
                await everything(journal, after)
        assert [each.version for each in await everything(journal, 14)][:1] == [15]


async def test_a_read_that_meets_what_goes_meanwhile_is_told(disk: Disk) -> None:
    async with opened(disk) as journal:
        for version in range(600):
            await journal.append(version, Batch(str(version), 1, 1, b"event"))
        reading = journal.read(0)
        assert (await anext(reading)).version == 1
        await journal.shorten(0, Beginning(590, 1, ()), b"state")
        with pytest.raises(JournalShortened):
            _ = [stored async for stored in reading]


async def test_the_snapshot_of_the_beginning_is_kept_beside_the_newest_two(disk: Disk) -> None:
    async with opened(disk) as journal:
        await ten_batches(journal)
        await journal.save_snapshot(Snapshot(6, b"old"))
        await journal.save_snapshot(Snapshot(21, b"21"))
        await journal.shorten(0, Beginning(12, 109, ()), b"state 12")
        first = Snapshot(12, b"state 12")
        assert await journal.snapshots() == [Snapshot(21, b"21"), first]
        await journal.save_snapshot(Snapshot(24, b"24"))
        await journal.save_snapshot(Snapshot(27, b"27"))
        assert await journal.snapshots() == [Snapshot(27, b"27"), Snapshot(24, b"24"), first]
        await journal.shorten(12, Beginning(15, 112, ()), b"state 15")
        newest = [Snapshot(27, b"27"), Snapshot(24, b"24")]
        assert await journal.snapshots() == [*newest, Snapshot(15, b"state 15")]


async def test_a_beginning_that_somebody_else_has_moved_stays_there(disk: Disk) -> None:
    async with opened(disk) as journal:
        await ten_batches(journal)
        await journal.shorten(0, Beginning(12, 109, ()), b"state 12")
        for late in (9, 15):
            with pytest.raises(Conflict) as caught:
                await journal.shorten(0, Beginning(late, 1, ()), b"late")
            assert (caught.value.expected, caught.value.actual) == (0, 12)
        await journal.shorten(0, Beginning(12, 109, ()), b"state 12")  # the same, twice
        assert await journal.beginning() == Beginning(12, 109, ())
        assert await journal.snapshots() == [Snapshot(12, b"state 12")]
        assert len(await everything(journal, 12)) == 6


@pytest.mark.parametrize("version", [30, 33])
async def test_the_newest_batch_never_goes(disk: Disk, version: int) -> None:
    async with opened(disk) as journal:
        await ten_batches(journal)
        with pytest.raises(InvariantBroken, match=f"30 events cannot begin after event {version}"):
            await journal.shorten(0, Beginning(version, 1, ()), b"state")
        assert await journal.beginning() is None
        await journal.shorten(0, Beginning(27, 1, ()), b"state")
        assert len(await everything(journal, 27)) == 1


async def test_appends_pass_while_a_journal_is_shortened(disk: Disk) -> None:
    async with opened(disk) as journal:
        for version in range(450):
            await journal.append(version, Batch(str(version), 1, 1, b"event"))
        beginning = Beginning(420, 1, ())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(journal.shorten(0, beginning, bytes(2_000_000)))
            await asyncio.sleep(0)
            for version in range(450, 453):
                await journal.append(version, a_batch(f"late {version}"))
        assert len(await everything(journal, 420)) == 33
        assert [len(each.body) for each in await journal.snapshots()] == [2_000_000]
