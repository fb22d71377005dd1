"""A journal moves between SQLite and Redis: nothing is added, nothing is missing, nothing half."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from typer.testing import CliRunner

from router import cli
from router.core.commands import AdoptPolicy
from router.core.events import AnyEvent
from router.core.policy import encode
from router.core.upcast import decode_events, encode_events
from router.errors import SettingsError, StorageFailed, WrongPlace
from router.ports import Batch, Beginning, StoredBatch, StoredPolicy, Words
from router.runtime.beginnings import begins_at
from router.runtime.clock import VirtualClock
from router.runtime.journal_copy import contents
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.journals import (
    OpenJournal,
    open_alone,
    open_to_fill,
    open_to_read,
    open_to_write,
)
from router.runtime.moving import at_address, move_journal
from router.runtime.recovery import nearest_snapshot, recover
from router.runtime.redis_link import RedisLink
from router.runtime.redis_server import connect
from router.runtime.settings import Settings
from router.runtime.snapshot import encode_snapshot
from tests.fakes.engine_counter import empty_policy, end_call, start_call
from tests.fakes.engine_rig import START, running
from tests.fakes.redis_server import DURABLE, PROGRAM, redis_server

PAIRS: Final = (("sqlite", "redis"), ("redis", "sqlite"), ("sqlite", "sqlite"))
FIXTURE: Final = Path(__file__).parent / "fixtures" / "journal-0.1.sqlite"
Story = tuple[list[AnyEvent], StoredPolicy]
towns = count()


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    if PROGRAM is None:
        pytest.skip("redis-server is missing (apt package redis-server)")
    with redis_server(*DURABLE) as server:
        yield server.url


@pytest.fixture(scope="module")
def story() -> Story:
    """What a town has seen, and its policy."""

    async def play() -> Story:
        store = MemoryStore()
        async with running(store) as rig:
            name = rig.sequencer.know_policy(encode(empty_policy("town")))
            await rig.sequencer.submit(AdoptPolicy(name), lambda _: None)
            for number in range(30):
                await rig.sequencer.submit(start_call(number, "effect"), lambda _: None)
                if number % 2:
                    await rig.sequencer.submit(end_call(number), lambda _: None)
        events = [event for batch in store.batches for event in decode_events(batch.events)]
        return events, StoredPolicy(name, store.policies[name])

    return asyncio.run(play())


def here(kind: str, folder: Path, redis: str) -> Settings:
    """Return settings with a place for a journal that nobody has used."""
    number = next(towns)
    address = redis if kind == "redis" else f"sqlite:{folder}/{number}/journal.sqlite"
    return at_address(Settings(town=f"town-{number}"), "TO", address)


def silent(_what: str, _done: int, _whole: int) -> None:
    pass


@asynccontextmanager
async def opened(place: Settings) -> AsyncIterator[OpenJournal]:
    journal = await open_to_write(place)
    try:
        yield journal
    finally:
        await journal.close()


async def copied(place: Settings, store: MemoryStore) -> None:
    """Put what a store in memory holds into a journal."""
    async with opened(place) as journal:
        for batch in store.batches:
            last = batch is store.batches[-1]
            words = tuple(store.words.values()) if last else ()
            policies = tuple(StoredPolicy(*each) for each in store.policies.items())
            await journal.append(
                batch.version - batch.count,
                Batch(batch.batch_id, batch.at, batch.count, batch.events, words, policies),
            )
        for snapshot in store.snapshots.values():
            await journal.save_snapshot(snapshot)


async def begun(target: Settings, batches: Sequence[StoredBatch], story: Story) -> None:
    """Fill a journal so far, and be cut off."""
    filling = await open_to_fill(target)
    await filling.fill(batches, [story[1]])
    await filling.close()


def bare(batch: StoredBatch) -> StoredBatch:
    """Return what every kind of journal keeps of a batch."""
    return replace(batch, answers=b"", before="")


def a_store(story: Story, size: int = 2) -> MemoryStore:
    events, policy = story
    store = MemoryStore()
    for start in range(0, len(events), size):
        part = events[start : start + size]
        words = (Words(f"w-{start}", "note", b"\xff\0"),)
        name = f"b-{start}"
        store.add(Batch(name, start, len(part), encode_events(part), words, (policy,)))
    return store


@settings(max_examples=6)
@given(data=st.data())
@pytest.mark.parametrize("pair", PAIRS)
def test_any_journal_arrives_as_it_was(
    redis: str,
    story: Story,
    pair: tuple[str, str],
    data: st.DataObject,
) -> None:
    events, policy = story
    store, rest = MemoryStore(), events
    ref = st.text(max_size=5)
    while rest:
        size = data.draw(st.integers(1, 20))
        name = f"{len(rest)} {data.draw(st.text(max_size=9))}"
        words = data.draw(st.lists(st.builds(Words, ref, ref, st.binary(max_size=9)), max_size=3))
        at = data.draw(st.integers(0, 2**63 - 1))
        part, rest = rest[:size], rest[size:]
        store.add(Batch(name, at, len(part), encode_events(part), tuple(words), (policy,)))
        if data.draw(st.booleans()):
            state = asyncio.run(recover(MemoryJournal(store, VirtualClock(0))))
            store.snapshots = {state.version: encode_snapshot(state.freeze(), "1")}
    for taken in list(store.words)[: data.draw(st.integers(0, 5))]:
        del store.words[taken]  # history has them

    async def move(folder: Path) -> None:
        source, target = (here(kind, folder, redis) for kind in pair)
        await copied(source, store)
        found = await move_journal(source, target, silent)
        for place in (source, target):
            async with opened(place) as journal:
                found_there = [bare(batch) async for batch in journal.read(0)]
                assert found_there == list(map(bare, store.batches))
                assert await journal.waiting(99) == list(store.words.values())
                assert await journal.snapshots() == list(store.snapshots.values())
                assert await journal.policy(policy.hash) == policy.body
                assert await journal.find_batch(store.batches[-1].batch_id) == len(events)
                assert await contents(journal, silent) == found
                await journal.moved(list(store.words))
                assert await journal.waiting(99) == []

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(move(Path(folder)))


async def shortened(store: MemoryStore, gone: int) -> tuple[Beginning, bytes]:
    """Return where it begins without so many batches, and the snapshot of that."""
    last = store.batches[gone - 1]
    part = MemoryStore(batches=store.batches[:gone], policies=store.policies)
    state = await recover(MemoryJournal(part, VirtualClock(0)))
    adopted = tuple((0, name) for name in store.policies)
    return Beginning(last.version, last.at, adopted), encode_snapshot(state.freeze(), "1").body


@settings(max_examples=5)
@given(data=st.data())
@pytest.mark.parametrize("pair", PAIRS)
def test_a_shortened_journal_arrives_as_it_was(
    redis: str, story: Story, pair: tuple[str, str], data: st.DataObject
) -> None:
    store = a_store(story, data.draw(st.integers(1, 9)))
    first = data.draw(st.integers(1, len(store.batches) - 1))
    again = data.draw(st.integers(first, len(store.batches) - 1))
    with_snapshot = data.draw(st.booleans())

    async def move(folder: Path) -> None:
        source, target = (here(kind, folder, redis) for kind in pair)
        leads_to = (await recover(MemoryJournal(store, VirtualClock(0)))).hash()
        await copied(source, store)
        async with opened(source) as journal:
            version = 0
            for gone in (first, again):
                beginning, state = await shortened(store, gone)
                await journal.shorten(version, beginning, state)
                version = beginning.version
            if with_snapshot:
                frozen = (await recover(journal)).freeze()
                await journal.save_snapshot(encode_snapshot(frozen, "1"))
        found = await move_journal(source, target, silent)
        assert found.begins_at == version
        assert found.state == leads_to
        async with opened(source) as old, opened(target) as new:
            assert await new.beginning() == await old.beginning() == beginning
            assert await new.snapshots() == await old.snapshots()
            assert await new.policy(story[1].hash) == story[1].body
            batches = [bare(batch) async for batch in new.read(version)]
            assert batches == [bare(batch) for batch in store.batches[again:]]
            first_state = await nearest_snapshot(new, version)
            assert first_state.version == version
            await new.save_snapshot(encode_snapshot(first_state.freeze(), "another release"))
            assert (await contents(new, silent)).digest != found.digest
            newer, state = await shortened(store, len(store.batches) - 1)
            await new.shorten(version, newer, state)
            assert (await recover(new)).hash() == leads_to
        with pytest.raises(StorageFailed, match="holds a journal"):
            await move_journal(source, target, silent)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(move(Path(folder)))


@pytest.mark.parametrize("pair", PAIRS)
async def test_a_shortened_journal_is_filled_on_where_it_was_cut_off(
    redis: str, story: Story, pair: tuple[str, str], tmp_path: Path
) -> None:
    source, target = (here(kind, tmp_path, redis) for kind in pair)
    store = a_store(story)
    await copied(source, store)
    beginning, state = await shortened(store, 5)
    filling = await open_to_fill(target)
    await filling.begin_at(beginning)
    await filling.close()
    with pytest.raises(StorageFailed, match="first 0 events of another journal"):
        await move_journal(source, target, silent)
    async with opened(source) as journal:
        await journal.shorten(0, beginning, state)
        page = [batch async for batch in journal.read(beginning.version)][:3]
        await begun(target, page, story)
    await move_journal(source, target, silent)
    assert await everything(target) == await everything(source)


@pytest.mark.parametrize("pair", PAIRS)
async def test_a_copy_of_more_than_the_source_still_has_is_not_filled_on(
    redis: str, story: Story, pair: tuple[str, str], tmp_path: Path
) -> None:
    source, target = (here(kind, tmp_path, redis) for kind in pair)
    store = a_store(story)
    await copied(source, store)
    await begun(target, store.batches[:5], story)
    async with opened(source) as journal:
        await journal.shorten(0, *await shortened(store, 3))
    with pytest.raises(StorageFailed, match="first 10 events of another journal"):
        await move_journal(source, target, silent)


@pytest.mark.parametrize("pair", PAIRS)
async def test_it_goes_on_there(
    redis: str, story: Story, pair: tuple[str, str], tmp_path: Path
) -> None:
    source, target = (here(kind, tmp_path, redis) for kind in pair)
    store = a_store(story)
    await copied(source, store)
    await move_journal(source, target, silent)
    async with opened(target) as journal:
        version = await journal.version()
        more = Batch("more", 1, 1, encode_events(story[0][:1]), (Words("new", "note", b"x"),))
        assert await journal.append(version, more) == version + 1
        assert [each.ref for each in await journal.waiting(999)] == [*store.words, "new"]


@pytest.mark.parametrize("gone", [0, 1])
@pytest.mark.parametrize("pair", PAIRS)
def test_killed_at_any_step_it_is_refused_and_then_finished(
    redis: str, story: Story, pair: tuple[str, str], gone: int, tmp_path: Path
) -> None:
    store = a_store(story, size=18)
    source, target = (here(kind, tmp_path, redis) for kind in pair)
    source, target = (
        place.model_copy(update={"town": source.town if pair[0] == "redis" else target.town})
        for place in (source, target)
    )

    async def prepare() -> None:
        await copied(source, store)
        if gone:
            async with opened(source) as journal:
                await journal.shorten(0, *await shortened(store, gone))

    asyncio.run(prepare())
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("moving_kills.py"),
         source.journal_address, target.journal_address],
        env={"TOWNLINE_TOWN": source.town, "PYTHONPATH": "."},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert len(told) >= 2 * (len(store.batches) - gone)  # killed in each pass
    begun = next(number for number, each in enumerate(told) if each)
    assert told[:begun] == [""] * begun  # there is no journal yet
    assert all("not filled to its end" in each for each in told[begun:])
    assert asyncio.run(everything(target)) == asyncio.run(everything(source))


async def everything(place: Settings) -> object:
    async with opened(place) as journal:
        first = await begins_at(journal)
        return [bare(batch) async for batch in journal.read(first)], await journal.waiting(999)


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
async def test_what_is_unfinished_is_not_even_read(redis: str, kind: str, tmp_path: Path) -> None:
    place = here(kind, tmp_path, redis)
    filling = await open_to_fill(place)
    await filling.close()
    for opening in (open_to_write, open_to_read):
        with pytest.raises(StorageFailed, match="not filled to its end"):
            await opening(place)


@pytest.mark.parametrize("pair", PAIRS)
async def test_a_target_that_holds_something_is_refused_and_stays(
    redis: str, story: Story, pair: tuple[str, str], tmp_path: Path
) -> None:
    source, target = (here(kind, tmp_path, redis) for kind in pair)
    await copied(source, a_store(story))
    await copied(target, a_store(story, size=5))
    before = await everything(target)
    with pytest.raises(StorageFailed, match="holds a journal"):
        await move_journal(source, target, silent)
    assert await everything(target) == before


@pytest.mark.parametrize("pair", PAIRS)
async def test_what_was_begun_from_another_journal_is_refused(
    redis: str, story: Story, pair: tuple[str, str], tmp_path: Path
) -> None:
    source, target = (here(kind, tmp_path, redis) for kind in pair)
    await copied(source, a_store(story))
    await begun(target, a_store(story, size=5).batches[:2], story)
    with pytest.raises(StorageFailed, match="first 10 events of another journal"):
        await move_journal(source, target, silent)


async def test_what_differs_in_the_end_stays_unfinished(
    redis: str,
    story: Story,
    tmp_path: Path,
) -> None:
    """A batch in the middle is another one; its number and the newest are right."""
    source, target = (here(kind, tmp_path, redis) for kind in ("sqlite", "redis"))
    store = a_store(story)
    await copied(source, store)
    wrong = store.batches.copy()
    wrong[3] = replace(wrong[3], batch_id="other")
    await begun(target, wrong, story)
    with pytest.raises(StorageFailed, match="stays unfinished"):
        await move_journal(source, target, silent)
    with pytest.raises(StorageFailed, match="not filled to its end"):
        await open_to_write(target)


async def test_a_daemon_on_either_end_is_in_the_way(
    redis: str,
    story: Story,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("router.runtime.redis_alone.KEPT_MS", 200)
    first, second = (here(kind, tmp_path, redis) for kind in ("sqlite", "redis"))
    await copied(first, a_store(story))
    async with opened(first):
        with pytest.raises(StorageFailed, match="another townline"):
            await move_journal(first, second, silent)
    async with opened(second):
        link = RedisLink(second.journal_address, second.town)
        keeping = asyncio.ensure_future(renew(link))
        with pytest.raises(StorageFailed, match="serves this town"):
            await move_journal(first, second, silent)
        keeping.cancel()
        await link.close()


async def test_who_still_writes_while_the_journal_is_moved_is_refused(
    redis: str, story: Story, tmp_path: Path
) -> None:
    """It was stopped for so long that it counts no more."""
    settings = here("redis", tmp_path, redis)
    await copied(settings, a_store(story))
    async with opened(settings) as journal:
        version, batch = await journal.version(), Batch("late", START, 1, b"")
        client = connect(redis, retries=0)
        await client.delete(f"townline:{{{settings.town}}}:daemons")
        alone = await open_alone(settings)
        with pytest.raises(StorageFailed, match="moves the journal: stop every daemon"):
            await journal.append(version, batch)
        await alone.close()
        assert await journal.append(version, batch) == version + 1
        await client.aclose()


async def test_a_daemon_that_reads_a_long_journal_counts_all_the_while(
    redis: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.runtime.redis_alone.KEPT_MS", 200)
    settings = here("redis", tmp_path, redis)
    async with opened(settings):
        with pytest.raises(StorageFailed, match="serves this town"):
            await open_alone(settings)
    await (await open_alone(settings)).close()


async def renew(link: RedisLink) -> None:
    while True:
        await link.claim()
        await asyncio.sleep(0.02)  # real time: the server's claim runs out in it


async def test_an_empty_journal_and_one_that_is_not_there_are_told(tmp_path: Path) -> None:
    nowhere, empty, target = (here("sqlite", tmp_path, "") for _ in range(3))
    with pytest.raises(WrongPlace, match="there is no journal at"):
        await move_journal(nowhere, target, silent)
    async with opened(empty):
        pass
    with pytest.raises(WrongPlace, match="nothing to move"):
        await move_journal(empty, target, silent)
    with pytest.raises(WrongPlace, match="the same journal"):
        await move_journal(empty, empty, silent)


async def test_a_policy_that_is_not_what_was_adopted_is_told(story: Story, tmp_path: Path) -> None:
    source, target = (here("sqlite", tmp_path, "") for _ in range(2))
    store = a_store(story)
    store.policies = {story[1].hash: b"something else"}
    await copied(source, store)
    with pytest.raises(StorageFailed, match="the journal is damaged"):
        await move_journal(source, target, silent)


def test_a_wrong_address_is_told_without_its_password() -> None:
    with pytest.raises(SettingsError, match="TO: must be sqlite: and a path") as caught:
        at_address(Settings(), "TO", "postgres://town:secret-word@db.example.org/x")
    assert "secret-word" not in str(caught.value)


def test_the_command_moves_the_journal_of_an_older_release(
    redis: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("router.runtime.logs.configure_logs", lambda *_: None)  # for all tests
    monkeypatch.setenv("TOWNLINE_TOWN", f"town-{next(towns)}")
    (tmp_path / "a.sqlite").write_bytes(FIXTURE.read_bytes())
    run = CliRunner().invoke
    there = run(cli.app, ["migrate-journal", "sqlite:a.sqlite", redis])
    back = run(cli.app, ["migrate-journal", redis, "sqlite:b.sqlite"])
    assert (there.exit_code, back.exit_code) == (0, 0), (there.output, back.output)
    hashes = [line for line in there.output.splitlines() if line.startswith("hash of")]
    assert len(hashes) == 2
    assert all(each in back.output for each in hashes)
    assert f"TOWNLINE_JOURNAL={redis}" in there.output
