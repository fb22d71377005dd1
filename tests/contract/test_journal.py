"""What every journal promises: the one on disk, the one in Redis, and their twin in memory."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from router.errors import (
    Conflict,
    HistoryForked,
    InvariantBroken,
    StorageFailed,
)
from router.ports import (
    Batch,
    Beginning,
    Snapshot,
    StoredBatch,
    Words,
    chain_of,
    chained,
)
from tests.contract.disks import (
    DISKS,
    AnyJournal,
    Disk,
    SqliteDisk,
    T,
    a_batch,
    everything,
    opened,
    some_words,
)


async def test_an_empty_journal_stands_at_version_zero(disk: Disk) -> None:
    async with opened(disk) as journal:
        assert await journal.version() == 0
        assert await journal.last_instant() == 0
        assert await everything(journal) == []
        assert await journal.find_batch("nothing") is None
        assert await journal.snapshots() == []
        assert await journal.waiting(10) == []
        assert await journal.policy("nothing") is None


async def test_versions_count_events(disk: Disk) -> None:
    async with opened(disk) as journal:
        assert await journal.append(0, a_batch("one", 3)) == 3
        assert await journal.append(3, a_batch("two", 2)) == 5
        assert await journal.version() == 5
        assert await journal.last_instant() == 1002
        assert await everything(journal) == [
            StoredBatch(3, "one", 1003, 3, b"events of one"),
            StoredBatch(5, "two", 1002, 2, b"events of two"),
        ]
        assert [stored.batch_id for stored in await everything(journal, 3)] == ["two"]
        assert await everything(journal, 5) == []


async def test_what_mentions_a_text_is_found_from_its_first_to_its_last_batch(disk: Disk) -> None:
    async with opened(disk) as journal:
        assert await journal.mentions("one") is None
        for number, name in enumerate(["none", "a one", "two", "one b", "three"]):
            await journal.append(3 * number, a_batch(name, 3))
        assert await journal.mentions("of a one") == (3, 6)
        assert await journal.mentions("one b") == (9, 12)
        assert await journal.mentions("none") == (0, 3)
        assert await journal.mentions("one") == (0, 12)
        assert await journal.mentions("o_e") is None


@pytest.mark.parametrize("expected", [0, 2, 4, 99])
async def test_an_append_at_another_version_stores_nothing(disk: Disk, expected: int) -> None:
    async with opened(disk) as journal:
        await journal.append(0, a_batch("first", 3))
        late = a_batch("late", words=(some_words("w"),), policies=("p",))
        with pytest.raises(Conflict) as caught:
            await journal.append(expected, late)
        assert (caught.value.expected, caught.value.actual) == (expected, 3)
        assert await journal.find_batch("late") is None
        assert await journal.waiting(10) == []
        assert await journal.policy("p") is None
        assert await journal.append(3, late) == 4


async def test_two_appends_at_once_cannot_both_win(disk: Disk) -> None:
    async with opened(disk) as journal:
        ends = await asyncio.gather(
            *(journal.append(0, a_batch(str(number))) for number in range(5)),
            return_exceptions=True,
        )
        assert [end for end in ends if not isinstance(end, Conflict)] == [1]
        assert await journal.version() == 1


async def test_a_batch_is_found_by_its_id(disk: Disk) -> None:
    async with opened(disk) as journal:
        await journal.append(0, a_batch("one", 3))
        await journal.append(3, a_batch("two", 4))
        assert await journal.find_batch("one") == 3
        assert await journal.find_batch("two") == 7
        assert await journal.find_batch("three") is None


async def test_storing_a_batch_id_twice_is_our_own_mistake(disk: Disk) -> None:
    async with opened(disk) as journal:
        await journal.append(0, a_batch("one"))
        with pytest.raises(InvariantBroken, match="one"):
            await journal.append(1, a_batch("one"))
        assert await journal.version() == 1
        assert await journal.append(1, a_batch("two")) == 2


async def test_words_of_a_stored_batch_can_come_later(disk: Disk) -> None:
    w, x, y = (some_words(name) for name in ("w", "x", "y"))
    async with opened(disk) as journal:
        await journal.append(0, a_batch("one"))
        await journal.append(1, a_batch("two", words=(w,)))
        await journal.bring_words("one", [x, x])
        await journal.bring_words("two", [w, y])
        await journal.bring_words("two", [])
        await journal.bring_words("never", [some_words("z")])
        assert {each.ref for each in await journal.waiting(10)} == {"w", "x", "y"}
        assert await journal.words(["x", "y"]) == {"x": x, "y": y}
        await journal.moved(["w", "x", "y"])
        assert await journal.waiting(10) == []
        assert await journal.version() == 2


async def test_a_history_that_went_another_way_is_not_gone_on_with(disk: Disk) -> None:
    if isinstance(disk, SqliteDisk):
        pytest.skip("nobody else writes to it")
    one, other, two = (a_batch(name) for name in ("one", "other", "two"))
    async with opened(disk) as journal:
        await journal.append(0, other)
        with pytest.raises(HistoryForked):
            await journal.append(1, replace(two, before=chained("", 1, one)))
        assert await journal.version() == 1
        assert await journal.append(1, replace(two, before=chained("", 1, other))) == 2
        stored = [each async for each in journal.read(0)]
        assert [each.before for each in stored] == ["", chain_of(stored[0])]


async def test_an_empty_batch_is_our_own_mistake(disk: Disk) -> None:
    async with opened(disk) as journal:
        with pytest.raises(InvariantBroken):
            await journal.append(0, a_batch("none", 0))
        assert await journal.find_batch("none") is None


async def test_everything_is_there_after_opening_again(disk: Disk) -> None:
    async with opened(disk) as journal:
        await journal.append(0, a_batch("one", 2, words=(some_words("w"),), policies=("p",)))
        await journal.save_snapshot(Snapshot(2, b"state"))
        before = await everything(journal)
    async with opened(disk) as journal:
        assert await everything(journal) == before
        assert await journal.version() == 2
        assert await journal.find_batch("one") == 2
        assert await journal.waiting(10) == [some_words("w")]
        assert await journal.policy("p") == b"body of p"
        assert await journal.snapshots() == [Snapshot(2, b"state")]
        assert await journal.append(2, a_batch("two")) == 3


async def test_words_wait_in_order_of_arrival_until_they_are_moved(disk: Disk) -> None:
    async with opened(disk) as journal:
        first, second, third = (some_words(ref) for ref in ("z", "a", "m"))
        await journal.append(0, a_batch("one", words=(first, second)))
        await journal.append(1, a_batch("two", words=(third,)))
        assert await journal.waiting(10) == [first, second, third]
        assert await journal.waiting(2) == [first, second]
        assert await journal.words(["m", "z", "never"]) == {"m": third, "z": first}
        await journal.moved(["z", "never"])
        await journal.moved(["z"])
        assert await journal.waiting(10) == [second, third]
        assert await journal.words(["z"]) == {}
        await journal.moved([])
        assert await journal.waiting(10) == [second, third]


async def test_words_that_come_twice_stay_as_they_were(disk: Disk) -> None:
    async with opened(disk) as journal:
        await journal.append(0, a_batch("one", words=(some_words("w"),)))
        again = Words("w", "message", b"something else")
        await journal.append(1, a_batch("two", words=(again, some_words("x"))))
        assert await journal.waiting(10) == [some_words("w"), some_words("x")]


async def test_words_keep_every_byte(disk: Disk) -> None:
    async with opened(disk) as journal:
        body = bytes(range(256)) * 40
        await journal.append(0, a_batch("one", words=(Words("w\x00é", "recording", body),)))
        assert await journal.words(["w\x00é"]) == {"w\x00é": Words("w\x00é", "recording", body)}


async def test_the_newest_two_snapshots_are_kept_newest_first(disk: Disk) -> None:
    async with opened(disk) as journal:
        for version in (10, 30, 20, 40):
            await journal.save_snapshot(Snapshot(version, f"state {version}".encode()))
        assert await journal.snapshots() == [Snapshot(40, b"state 40"), Snapshot(30, b"state 30")]
        await journal.save_snapshot(Snapshot(40, b"better"))
        await journal.save_snapshot(Snapshot(1, b"too old"))
        assert await journal.snapshots() == [Snapshot(40, b"better"), Snapshot(30, b"state 30")]


@pytest.mark.parametrize("size", [0, 1, 512 * 1024, 512 * 1024 + 1, 3_000_000])
async def test_snapshots_of_any_size_come_back_whole(disk: Disk, size: int) -> None:
    async with opened(disk) as journal:
        body = (b"0123456789" * (size // 10 + 1))[:size]
        await asyncio.gather(
            journal.save_snapshot(Snapshot(7, body)), journal.save_snapshot(Snapshot(8, body))
        )
        assert await journal.snapshots() == [Snapshot(8, body), Snapshot(7, body)]


async def test_appends_pass_while_a_snapshot_is_saved(disk: Disk) -> None:
    async with opened(disk) as journal:
        async with asyncio.TaskGroup() as tasks:
            saving = tasks.create_task(journal.save_snapshot(Snapshot(1, bytes(8_000_000))))
            await asyncio.sleep(0)
            for version in range(3):
                await journal.append(version, a_batch(str(version)))
        saving.result()
        assert await journal.version() == 3
        assert [len(each.body) for each in await journal.snapshots()] == [8_000_000]


async def test_reading_goes_on_into_what_is_appended_meanwhile(disk: Disk) -> None:
    async with opened(disk) as journal:
        await journal.append(0, a_batch("one"))
        read = []
        async for stored in journal.read(0):
            read.append(stored.batch_id)
            if stored.batch_id == "one":
                await journal.append(1, a_batch("two"))
        assert read == ["one", "two"]


async def test_a_long_journal_is_read_in_order_past_every_page(disk: Disk) -> None:
    async with opened(disk) as journal:
        for version in range(1100):
            size = 300_000 if version % 250 == 0 else 10
            await journal.append(version, Batch(str(version), 1, 1, bytes(size)))
        assert [stored.version for stored in await everything(journal)] == list(range(1, 1101))
        assert (await everything(journal, 700))[0].version == 701


async def test_a_read_that_is_given_up_leaves_nothing_behind(disk: Disk) -> None:
    async with opened(disk) as journal:
        for version in range(3):
            await journal.append(version, a_batch(str(version)))
        reading = journal.read(0)
        assert (await anext(reading)).version == 1
        assert await journal.append(3, a_batch("four")) == 4


async def test_the_outcome_of_a_cancelled_append_is_settled_by_its_batch_id(disk: Disk) -> None:
    async with opened(disk) as journal:
        version = 0
        for number in range(30):
            append = asyncio.ensure_future(journal.append(version, a_batch(str(number))))
            for _ in range(number % 4):
                await asyncio.sleep(0)
            append.cancel()
            found = await journal.find_batch(str(number))
            await asyncio.gather(append, return_exceptions=True)
            assert found in (None, version + 1)
            version = version if found is None else found
            assert await journal.version() == version


async def test_a_closed_journal_refuses(disk: Disk) -> None:
    journal = await disk.open()
    await journal.append(0, a_batch("one"))
    await journal.close()
    await journal.close()
    for call in (
        journal.append(1, a_batch("two")),
        journal.version(),
        journal.find_batch("one"),
        journal.waiting(1),
        journal.snapshots(),
        journal.save_snapshot(Snapshot(1, b"")),
        journal.beginning(),
        journal.shorten(0, Beginning(0, 0, ()), b""),
        everything(journal),
    ):
        with pytest.raises(StorageFailed, match="closed"):
            await call
    async with opened(disk) as again:
        assert await again.version() == 1


async def test_free_space_is_told(disk: Disk) -> None:
    async with opened(disk) as journal:
        assert journal.free_bytes() > 0


class Walk(RuleBasedStateMachine):
    """All journals beside a plain list, in any order of calls, closed and opened at any time."""

    refs = st.sampled_from([f"ref-{number}" for number in range(6)])
    hashes = st.sampled_from(["p", "q", "r"])

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.disks = [make(Path(self.folder.name)) for make in DISKS.values()]
        self.journals = [self.runner.run(disk.open()) for disk in self.disks]
        self.batches: list[StoredBatch] = []
        self.words: dict[str, Words] = {}
        self.policies: dict[str, bytes] = {}
        self.snapshots: dict[int, Snapshot] = {}
        self.beginning: Beginning | None = None
        self.gone: list[str] = []  # ids
        self.tried = 0

    def each(self, call: Callable[[AnyJournal], Coroutine[Any, Any, T]], expected: T) -> None:
        for journal in self.journals:
            assert self.runner.run(call(journal)) == expected

    def at(self) -> int:
        return self.batches[-1].version if self.batches else 0

    @rule(count=st.integers(1, 4), refs=st.lists(refs, max_size=3), policy=st.none() | hashes)
    def append(self, count: int, refs: list[str], policy: str | None) -> None:
        self.tried += 1
        words = tuple(Words(ref, "note", f"{ref} {self.tried}".encode()) for ref in refs)
        policies = () if policy is None else (policy,)
        batch = a_batch(f"batch-{self.tried}", count, words=words, policies=policies)
        at = self.at()
        self.each(lambda journal: journal.append(at, batch), at + count)
        self.batches.append(StoredBatch(at + count, batch.batch_id, batch.at, count, batch.events))
        for each in words:
            self.words.setdefault(each.ref, each)
        for each_policy in batch.policies:
            self.policies[each_policy.hash] = each_policy.body

    @rule(off=st.integers(-3, 3).filter(bool))
    def conflict(self, off: int) -> None:
        for journal in self.journals:
            with pytest.raises(Conflict) as caught:
                self.runner.run(
                    journal.append(self.at() + off, a_batch("lost", words=(some_words("lost"),)))
                )
            assert caught.value.actual == self.at()

    @rule(refs=st.lists(refs, max_size=4))
    def move(self, refs: list[str]) -> None:
        self.each(lambda journal: journal.moved(refs), None)
        for ref in refs:
            self.words.pop(ref, None)

    @rule(back=st.integers(0, 3), size=st.integers(0, 9))
    def save_snapshot(self, back: int, size: int) -> None:
        snapshot = Snapshot(max(0, self.at() - back), bytes(size))
        self.each(lambda journal: journal.save_snapshot(snapshot), None)
        self.keep(snapshot)

    def keep(self, snapshot: Snapshot) -> None:
        kept = self.snapshots | {snapshot.version: snapshot}
        first = None if self.beginning is None else self.beginning.version
        versions = [version for version in kept if version in (*sorted(kept)[-2:], first)]
        self.snapshots = {version: kept[version] for version in versions}

    def begins_at(self) -> int:
        return 0 if self.beginning is None else self.beginning.version

    @precondition(lambda self: len(self.batches) > 1)
    @rule(data=st.data(), late=st.booleans())
    def shorten(self, data: st.DataObject, late: bool) -> None:
        last = data.draw(st.sampled_from(self.batches[:-1]))
        beginning = Beginning(last.version, last.at, ((last.at, "p"),))
        state, before = f"state {self.tried}".encode(), self.begins_at()
        for journal in self.journals:
            if late:
                with pytest.raises(Conflict):
                    self.runner.run(journal.shorten(before + 99, beginning, state))
            else:
                self.runner.run(journal.shorten(before, beginning, state))
        if late:
            return
        self.beginning = beginning
        self.keep(Snapshot(last.version, state))
        gone = self.batches.index(last) + 1
        self.gone += [each.batch_id for each in self.batches[:gone]]
        self.batches = self.batches[gone:]

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def find(self, data: st.DataObject) -> None:
        stored = data.draw(st.sampled_from(self.batches))
        for journal in self.journals:
            assert self.runner.run(journal.find_batch(stored.batch_id)) == stored.version

    @rule()
    def open_again(self) -> None:
        for journal in self.journals:
            self.runner.run(journal.close())
        self.journals = [self.runner.run(disk.open()) for disk in self.disks]

    @invariant()
    def all_hold_what_the_list_holds(self) -> None:
        self.each(lambda journal: journal.version(), self.at())
        self.each(lambda journal: journal.beginning(), self.beginning)
        self.each(lambda journal: everything(journal, self.begins_at()), self.batches)
        self.each(lambda journal: journal.find_batch((self.gone or ["lost"])[-1]), None)
        self.each(lambda journal: journal.waiting(100), list(self.words.values()))
        newest_first = [self.snapshots[version] for version in sorted(self.snapshots)[::-1]]
        self.each(lambda journal: journal.snapshots(), newest_first)
        for key in ("p", "q", "r"):
            for journal in self.journals:
                assert self.runner.run(journal.policy(key)) == self.policies.get(key)
        self.each(lambda journal: journal.find_batch("lost"), None)

    def teardown(self) -> None:
        for journal in self.journals:
            self.runner.run(journal.close())
        self.runner.close()
        self.folder.cleanup()


def test_all_journals_behave_as_a_plain_list() -> None:
    run_state_machine_as_test(
        Walk, settings=settings(max_examples=20, stateful_step_count=20, deadline=None)
    )
