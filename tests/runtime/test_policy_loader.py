"""Edited policies: adopted when they check, refused with reasons otherwise; the town goes on."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from router.core.events import PolicyAdopted
from router.core.model import SECOND
from router.errors import PolicyError
from router.runtime.company import Company
from router.runtime.journal_faults import AppendFault, Ending, FaultPlan, ScriptedFaults
from router.runtime.journal_memory import MemoryStore
from router.runtime.policy_loader import PolicyKeeper
from tests.fakes.engine_rig import Rig, running


@pytest.fixture
def town(tmp_path: Path, repository: Path) -> Path:
    """A copy of the shipped town that may be edited."""
    folder = tmp_path / "town"
    for part in ("config", "ivr_flows"):
        shutil.copytree(repository / part, folder / part)
    shutil.copy(repository / "skills.yaml", folder)
    return folder


def edit(town: Path, old: str, new: str) -> None:
    path = town / "config" / "town.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@asynccontextmanager
async def kept(
    town: Path, store: MemoryStore | None = None, faults: FaultPlan | None = None
) -> AsyncIterator[tuple[Rig, PolicyKeeper]]:
    async with running(store, faults) as rig:
        yield rig, PolicyKeeper(lambda: town, rig.sequencer, rig.clock, rig.metrics, Company())


def adoptions(rig: Rig) -> int:
    return sum(isinstance(event, PolicyAdopted) for event in rig.stored())


async def test_the_first_start_adopts_the_folder_and_an_equal_folder_changes_nothing(
    town: Path,
) -> None:
    async with kept(town) as (rig, keeper):
        await keeper.first()
        assert rig.state.policy.town == "willowmere"
        assert keeper.adopted_at == rig.clock.now()
        assert await keeper.reload()
        assert adoptions(rig) == 1


async def test_a_first_start_with_mistakes_tells_them_all(town: Path) -> None:
    edit(town, "numbers:", "nombers:")
    async with kept(town) as (rig, keeper):
        with pytest.raises(PolicyError, match=r"config/town.yaml:\d+:\d+.*nombers"):
            await keeper.first()
        assert rig.stored() == []


async def test_a_later_start_goes_on_with_the_journals_policy(town: Path) -> None:
    store = MemoryStore()
    async with kept(town, store) as (_, keeper):
        await keeper.first()
    edit(town, "numbers:", "nombers:")
    async with kept(town, store) as (rig, keeper):
        await keeper.first()
        await keeper()
        assert rig.state.policy.town == "willowmere"
        assert keeper.refusal is not None
        assert any("nombers" in each for each in keeper.refusal.complaints)


async def test_an_edited_policy_is_adopted_only_when_it_checks(town: Path) -> None:
    async with kept(town) as (rig, keeper):
        await keeper.first()
        before = rig.state.policy_hash
        edit(town, "numbers:", "nombers:")
        assert not await keeper.reload()
        assert rig.state.policy_hash == before
        assert keeper.refusal is not None
        edit(town, "nombers:", "numbers:")
        edit(town, "0103: main", "0103: bylaw")
        assert await keeper.reload()
        assert rig.state.policy_hash != before
        assert keeper.refusal is None
        text = rig.metrics.text(rig.state, rig.clock.now()).decode()
        assert 'townline_policy_reloads_total{result="adopted"} 2.0' in text
        assert 'townline_policy_reloads_total{result="refused"} 1.0' in text


async def test_a_daemon_that_does_not_decide_compares_and_tells(town: Path) -> None:
    others = Company()
    async with running() as rig:
        keeper = PolicyKeeper(lambda: town, rig.sequencer, rig.clock, rig.metrics, others)
        await keeper.first()
        others.decides = False
        assert await keeper.reload()
        edit(town, "0103: main", "0103: bylaw")
        told = asyncio.ensure_future(keeper.reload())
        while not told.done():
            await rig.clock.advance_to(rig.clock.now() + SECOND)
        assert not told.result()
        assert adoptions(rig) == 1
        assert keeper.refusal is not None
        assert "another policy than the one in force" in keeper.refusal.complaints[0]


async def test_a_policy_that_cannot_be_stored_now_is_not_adopted_and_may_be_later(
    town: Path,
) -> None:
    faults = ScriptedFaults([AppendFault(), AppendFault(ending=Ending.REFUSED)])
    async with kept(town, faults=faults) as (rig, keeper):
        await keeper.first()
        before = rig.state.policy_hash
        edit(town, "0103: main", "0103: bylaw")
        assert not await keeper.reload()
        assert rig.state.policy_hash == before
        assert await keeper.reload()
        assert rig.state.policy_hash != before
