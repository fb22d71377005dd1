"""What one daemon does for the town is done by the one that decides, and by one alone."""

from __future__ import annotations

import asyncio

from router.core.commands import ReportEffect
from router.core.effects import Effect, EndLeg
from router.core.model import SECOND, EffectKey, Span
from router.runtime.effects import EffectRunner
from router.runtime.town_work import ONCE, TownWork, done_once
from tests.fakes.engine_counter import start_call
from tests.fakes.engine_rig import outcome
from tests.fakes.town_rig import Daemon, Several, several


class Counted:
    """A duty and an outlet that count."""

    name = "snapshots"
    period: Span = SECOND

    def __init__(self) -> None:
        self.done = 0
        self.performed: list[EffectKey] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> None:
        self.done += 1

    async def perform(self, effect: Effect) -> str:
        self.performed.append(effect.key)
        await self.gate.wait()
        return ""


def works(town: Several, daemon: Daemon, tasks: asyncio.TaskGroup) -> Counted:
    """Have the daemon do its part."""
    counted, rig = Counted(), daemon.rig
    runner = EffectRunner(rig.sequencer, town.clock, {EndLeg: counted})
    rig.publisher.subscribe(runner.follow)
    work = TownWork(daemon.sharing, rig.sequencer, runner, [counted], town.clock)
    running.extend(tasks.create_task(task) for task in (work.run(), runner.run()))
    return counted


running: list[asyncio.Task[None]] = []


def stop() -> None:
    for task in running:
        task.cancel()
    running.clear()


async def test_effects_and_duties_move_with_the_claim() -> None:
    async with several(2) as town, asyncio.TaskGroup() as tasks:
        first, second = (works(town, each, tasks) for each in town.daemons)
        await asyncio.gather(wait(town), outcome(town.daemons[1].rig, start_call(1, "effect")))
        assert first.performed == ["item-1/1"]
        assert first.done
        assert not second.done
        await town.daemons[0].sharing.leave()
        await town.pass_time(2 * SECOND)
        done = first.done
        await asyncio.gather(wait(town), outcome(town.daemons[0].rig, start_call(2, "effect")))
        assert second.performed == ["item-2/1"]
        assert second.done
        assert first.done == done
        stop()


async def test_what_was_begun_and_not_confirmed_is_performed_by_the_next_one() -> None:
    async with several(2) as town, asyncio.TaskGroup() as tasks:
        first, second = (works(town, each, tasks) for each in town.daemons)
        first.gate.clear()  # the outside does not answer
        await asyncio.gather(wait(town), outcome(town.daemons[0].rig, start_call(1, "effect")))
        await town.daemons[0].sharing.leave()
        await town.pass_time(2 * SECOND)
        assert second.performed == ["item-1/1"]
        first.gate.set()  # its report comes too late and is refused
        await town.pass_time(SECOND)
        assert town.daemons[1].rig.state.pending == {}
        stop()


async def test_what_waits_for_another_try_is_left_to_the_next_one() -> None:
    async with several(1) as town:
        rig = town.daemons[0].rig
        runner = EffectRunner(rig.sequencer, town.clock, {})
        runner.pause()
        await asyncio.gather(wait(town), outcome(rig, start_call(1, "effect")))
        rig.publisher.subscribe(runner.follow)
        await asyncio.gather(wait(town), outcome(rig, start_call(2, "effect")))
        assert ReportEffect not in rig.metrics.commands
        runner.begin(rig.state)  # both of them, each once
        task = asyncio.ensure_future(runner.run())
        await town.pass_time()
        assert rig.metrics.commands[ReportEffect] == 2
        task.cancel()


async def wait(town: Several) -> None:
    await town.pass_time(SECOND)


def test_what_is_done_once_is_named_as_the_duties_are() -> None:
    counted = Counted()
    assert done_once(counted)
    assert "health" not in ONCE
