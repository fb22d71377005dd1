"""What the operator sees: alive, ready or not and why, figures, a status for the one who may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette

from router.core import events as e
from router.core.model import HOUR, SECOND, OfferEnding, OfferId
from router.core.policy import encode
from router.core.state import State
from router.errors import StorageFailed, StorageUnavailable
from router.runtime.health import Health, status_route
from router.runtime.journal_faults import AppendFault, Ending, FaultPlan, ScriptedFaults
from router.runtime.metrics import Metrics
from tests.fakes.engine_counter import empty_policy, start_call
from tests.fakes.engine_rig import START, Rig, running

ENOUGH = 1000


class Disk:
    def __init__(self) -> None:
        self.free: int | None = ENOUGH

    def free_bytes(self) -> int:
        if self.free is None:
            raise StorageFailed("no such folder")
        return self.free


class Wall:
    """How far the journal is ahead of the machine's clock."""

    def __init__(self) -> None:
        self.behind = 0

    def __call__(self) -> int:
        return self.behind


@asynccontextmanager
async def looked_after(
    faults: FaultPlan | None = None,
) -> AsyncIterator[tuple[Rig, Health, Disk, Wall, httpx.AsyncClient]]:
    async with running(faults=faults) as rig:
        disk, wall = Disk(), Wall()
        health = Health(
            rig.sequencer,
            disk,
            rig.clock,
            rig.metrics,
            free_bytes_min=ENOUGH,
            ahead_of_wall=wall,
        )

        async def status() -> bytes:
            if disk.free is None:
                raise StorageUnavailable("hangs")
            return b"{}"

        routes = [*health.routes(), status_route("secret", status)]
        transport = httpx.ASGITransport(Starlette(routes=routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://town.test") as client:
            yield rig, health, disk, wall, client


async def adopt(rig: Rig) -> None:
    rig.state.policy_hash = rig.sequencer.know_policy(encode(empty_policy("one")))


async def test_ready_means_a_policy_and_a_journal_that_stores() -> None:
    refused = ScriptedFaults([AppendFault(ending=Ending.REFUSED)])
    async with looked_after(refused) as (rig, health, _, _, client):
        assert (await client.get("/healthz")).text == "alive\n"
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["reasons"] == ["no policy adopted yet"]
        await adopt(rig)
        assert (await client.get("/readyz")).json() == {
            "ready": True,
            "reasons": [],
            "warnings": [],
        }
        try:
            await rig.sequencer.submit(start_call(1), lambda state: None)
        except StorageUnavailable:
            reasons = (await client.get("/readyz")).json()["reasons"]
            assert len(reasons) == 1
            assert reasons[0].startswith("storage: ")
        await rig.sequencer.submit(start_call(1), lambda state: None)
        assert (await client.get("/readyz")).status_code == 200
        health.stopping = True
        assert (await client.get("/readyz")).json()["reasons"] == ["stopping"]


async def test_a_filling_disk_and_a_clock_set_back_are_warnings_that_end() -> None:
    async with looked_after() as (rig, health, disk, wall, client):
        await adopt(rig)
        await health()
        disk.free, wall.behind = ENOUGH - 1, HOUR
        await health()
        answer = await client.get("/readyz")
        assert answer.status_code == 200
        assert "999 bytes free" in answer.json()["warnings"][0]
        assert "3600.0 s behind" in answer.json()["warnings"][1]
        disk.free, wall.behind = None, 0
        await health()
        assert "no such folder" in (await client.get("/readyz")).json()["warnings"][-1]
        disk.free = ENOUGH
        await health()
        assert (await client.get("/readyz")).json()["warnings"] == []


async def test_status_is_for_whoever_has_the_installations_secret() -> None:
    async with looked_after() as (_, _, disk, _, client):
        assert (await client.get("/statusz")).status_code == 403
        wrong = {b"Authorization": "Bearer sécret".encode()}
        assert (await client.get("/statusz", headers=wrong)).status_code == 403
        right = {"Authorization": "Bearer secret"}
        assert (await client.get("/statusz", headers=right)).status_code == 200
        disk.free = None
        assert (await client.get("/statusz", headers=right)).status_code == 503


async def test_figures_of_commands_batches_and_the_state() -> None:
    async with looked_after() as (rig, _, _, _, client):
        await rig.sequencer.submit(start_call(1, "effect"), lambda state: None)
        text = (await client.get("/metrics")).text
        for line in (
            'townline_commands_total{command="StartCall"} 1.0',
            "townline_batch_events_sum 3.0",
            "townline_pending_effects 1.0",
            "townline_events 3.0",
            "townline_items 1.0",
        ):
            assert line in text.splitlines()


def test_offers_are_counted_by_ending() -> None:
    metrics = Metrics()
    ended = e.OfferEnded(START, OfferId("o"), OfferEnding.MISSED, "", None)
    metrics.follow([ended, ended], State())
    assert b'townline_offers_total{ending="missed"} 2.0' in metrics.text(State(), START + SECOND)
