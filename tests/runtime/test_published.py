"""Published versions never change, appear whole or not at all, and are what production goes by."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from router.core import commands as c
from router.core.engine import Engine
from router.core.events import PolicyAdopted
from router.core.flows.presentation import caller_script
from router.core.flows.script import Ask
from router.core.model import Instant, ItemId
from router.core.state import State
from router.errors import PolicyError
from router.policy.watch import additions
from router.runtime.company import Company
from router.runtime.ids import SeededIds
from router.runtime.policy_loader import PolicyKeeper
from router.runtime.policy_source import edits, source_of
from router.runtime.published import ABOUT, PublishedPolicies, digest, policy_files
from router.runtime.sequencer import Sequencer
from router.runtime.settings import Settings
from tests.fakes.engine_rig import Rig, running

AT = Instant(1_795_446_000 * 10**9)


@pytest.fixture
def town(tmp_path: Path, repository: Path) -> Path:
    """A copy of the shipped town that may be edited."""
    folder = tmp_path / "town"
    for part in ("config", "ivr_flows"):
        shutil.copytree(repository / part, folder / part)
    shutil.copy(repository / "skills.yaml", folder)
    return folder


@pytest.fixture
def published(tmp_path: Path) -> PublishedPolicies:
    return PublishedPolicies(tmp_path / "data")


def edit(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def publish(published: PublishedPolicies, town: Path, reason: str = "why") -> int:
    return published.publish(town, author="ada", reason=reason, at=AT).number


def test_a_version_is_a_copy_that_edits_do_not_reach(
    published: PublishedPolicies, town: Path
) -> None:
    assert publish(published, town, "begin") == 1
    before = digest(town)
    edit(town, "config/queues.yaml", "wait_max_s: 1200", "wait_max_s: 600")
    assert digest(published.newest()) == before
    assert publish(published, town, "shorter") == 2
    assert [(v.number, v.author, v.reason, v.at) for v in published.versions()] == [
        (1, "ada", "begin", AT),
        (2, "ada", "shorter", AT),
    ]
    assert published.newest() == published.folder_of(2)
    assert policy_files(published.newest()) == policy_files(town)
    assert "config/scenarios/after_hours.yaml" in policy_files(town)


def test_a_version_that_somebody_changed_is_not_used(
    published: PublishedPolicies, town: Path
) -> None:
    publish(published, town)
    edit(published.folder_of(1), "config/queues.yaml", "wait_max_s: 1200", "wait_max_s: 600")
    with pytest.raises(PolicyError, match="changed after it was published"):
        published.newest()


def test_what_was_never_published_is_told_with_what_was(
    published: PublishedPolicies, town: Path
) -> None:
    with pytest.raises(PolicyError, match="townline publish"):
        published.newest()
    with pytest.raises(PolicyError, match="no version 7 was published; there are: none yet"):
        published.files_of(7)
    publish(published, town)
    with pytest.raises(PolicyError, match=r"there are: 1$"):
        published.version(7)


def test_a_publication_that_fails_leaves_nothing(
    published: PublishedPolicies, town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(published, town)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("router.runtime.published.shutil.copyfile", full)
    with pytest.raises(PolicyError, match="No space left"):
        publish(published, town)
    assert [each.name for each in published.root.iterdir()] == ["000001"]


def test_two_who_publish_at_once_get_two_numbers(
    published: PublishedPolicies, town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(published, town)
    stale = published.numbers()
    fresh = PublishedPolicies.numbers
    answers = iter([stale])
    publish(published, town)  # the other one, between the look and the rename
    monkeypatch.setattr(
        PublishedPolicies, "numbers", lambda self: next(answers, None) or fresh(self)
    )
    assert publish(published, town) == 3
    assert len(fresh(published)) == 3


# --- production goes by them ---------------------------------------------------------------------


@asynccontextmanager
async def production(published: PublishedPolicies) -> AsyncIterator[tuple[Rig, PolicyKeeper]]:
    async with running() as rig:
        yield rig, PolicyKeeper(published.newest, rig.sequencer, rig.clock, rig.metrics, Company())


def adoptions(rig: Rig) -> int:
    return sum(isinstance(event, PolicyAdopted) for event in rig.stored())


async def test_without_a_version_production_does_not_begin(published: PublishedPolicies) -> None:
    async with production(published) as (rig, keeper):
        with pytest.raises(PolicyError, match="townline publish"):
            await keeper.first()
        assert rig.stored() == []


async def test_only_what_is_published_is_adopted_and_going_back_adopts_the_old_one(
    published: PublishedPolicies, town: Path
) -> None:
    publish(published, town)
    async with production(published) as (rig, keeper):
        await keeper.first()
        first = rig.state.policy_hash
        edit(town, "config/queues.yaml", "wait_max_s: 1200", "wait_max_s: 600")
        assert await keeper.reload()
        assert (rig.state.policy_hash, adoptions(rig)) == (first, 1)
        publish(published, town)
        assert await keeper.reload()
        assert rig.state.policy_hash != first
        published.publish(published.files_of(1), author="ben", reason="back", at=AT, back_to=1)
        assert await keeper.reload()
        assert (rig.state.policy_hash, adoptions(rig)) == (first, 3)


async def test_a_damaged_version_is_refused_and_the_town_goes_on(
    published: PublishedPolicies, town: Path
) -> None:
    publish(published, town)
    async with production(published) as (rig, keeper):
        await keeper.first()
        before = rig.state.policy_hash
        publish(published, town)
        (published.folder_of(2) / ABOUT).write_text("{}")
        assert not await keeper.reload()
        assert rig.state.policy_hash == before
        assert keeper.refusal is not None
        assert "version.json cannot be read" in keeper.refusal.complaints[0]


async def test_a_caller_inside_a_flow_finishes_on_the_version_they_began_with(
    published: PublishedPolicies, town: Path
) -> None:
    """Key 3 was taxes when the caller began, and is recreation for who comes afterwards."""
    publish(published, town)
    async with running() as small:
        state = State()
        sequencer = Sequencer(
            Engine(state), small.journal, small.clock, SeededIds(0), small.publisher, small.metrics
        )
        keeper = PolicyKeeper(published.newest, sequencer, small.clock, small.metrics, Company())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(sequencer.run())
            await keeper.first()
            await sequencer.submit(_call("before"), _nothing)
            await _press(sequencer, "before", "1")
            swap(town, "ivr_flows/main.yaml", "3: {next: tax, subject: property_tax}",
                 "4: {next: recreation, subject: recreation}")  # fmt: skip
            publish(published, town)
            assert await keeper.reload()
            await sequencer.submit(_call("after"), _nothing)
            await _press(sequencer, "after", "1")
            for name in ("before", "after"):
                await _press(sequencer, name, "3")
            assert state.items[ItemId("before")].subject == "property_tax"
            assert state.items[ItemId("after")].subject == "recreation"
            sequencer.stop()


def swap(folder: Path, file: str, one: str, two: str) -> None:
    """Exchange what two keys of a menu do."""
    keys = one[0], two[0]
    edit(folder, file, one, f"{keys[1]}@{one[1:]}")
    edit(folder, file, two, f"{keys[0]}{two[1:]}")
    edit(folder, file, f"{keys[1]}@", keys[1])


def _call(name: str) -> c.StartCall:
    return c.StartCall(ItemId(name), f"call:{name}", f"CA{name}", "+19055550100", name, f"c-{name}")


def _nothing(_: State) -> None:
    return None


async def _press(sequencer: Sequencer, name: str, digits: str) -> None:
    item = ItemId(name)
    then = await sequencer.read(lambda state: caller_script(state, item).then)
    assert isinstance(then, Ask)
    await sequencer.submit(c.AdvanceFlow(item_id=item, step=then.step, digits=digits), _nothing)


# --- settings and watching -----------------------------------------------------------------------


def test_the_setting_says_where_the_policy_comes_from(
    published: PublishedPolicies, town: Path
) -> None:
    data = published.root.parent
    practice = Settings(policy_dir=town, data_dir=data)
    assert source_of(practice)() == town
    publish(published, town)
    production = Settings(policy_dir=town, data_dir=data, policy_source="published")
    assert source_of(production)() == published.folder_of(1)


async def test_a_publication_is_noticed(published: PublishedPolicies, town: Path) -> None:
    settings = Settings(policy_dir=town, data_dir=published.root.parent, policy_source="published")
    published.root.mkdir(parents=True)
    for notices in (edits(settings), additions(published.root)):
        seen = asyncio.ensure_future(anext(notices))
        while not seen.done():  # until the watcher listens: each publication is another chance
            await asyncio.to_thread(publish, published, town)
            await asyncio.wait([seen], timeout=0.2)
        assert seen.result() is None
        await notices.aclose()  # type: ignore[attr-defined]
