"""Effects: stored ones only, each at most once at a time, in order per call, reported for sure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

from router.core import commands as c
from router.core import effects as f
from router.core import events as e
from router.core.model import DAY, HOUR, SECOND, EffectKey, ItemId
from router.core.state import State
from router.errors import ChannelError, StorageUnavailable
from router.ports import Outlet
from router.runtime.effects import AT_ONCE_MAX, EffectRunner
from router.runtime.journal_faults import AppendFault, Ending, FaultPlan, ScriptedFaults
from router.runtime.journal_memory import MemoryStore
from tests.fakes.engine_counter import start_call
from tests.fakes.engine_rig import START, Rig, running

KEY = EffectKey("item-1/1")


class Outside:
    """An outlet that notes what it is asked, and fails as it is told."""

    def __init__(self, *failures: Exception | None, rig: Rig | None = None) -> None:
        self.performed: list[tuple[int, str]] = []  # when, key
        self.at_once = 0
        self.at_once_max = 0
        self.gate: asyncio.Event | None = None
        self._failures = list(failures)
        self.rig = rig

    async def perform(self, effect: f.Effect) -> str:
        assert self.rig is not None
        self.performed.append((self.rig.clock.now() - START, effect.key))
        assert effect.key in (await self.rig.replayed()).pending, "performed before it was stored"
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        try:
            if self.gate is not None:
                await self.gate.wait()
            failure = self._failures.pop(0) if self._failures else None
            if failure is not None:
                raise failure
        finally:
            self.at_once -= 1
        return "CA-made"


@asynccontextmanager
async def performing(
    outside: Outside, store: MemoryStore | None = None, faults: FaultPlan | None = None
) -> AsyncIterator[Rig]:
    async with running(store, faults) as rig:
        outside.rig = rig
        runner = EffectRunner(rig.sequencer, rig.clock, {f.EndLeg: outside})
        rig.publisher.subscribe(runner.follow)
        runner.begin(rig.state)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(runner.run())
            yield rig
            task.cancel()


def version(state: State) -> int:
    return state.version


def retryable(reason: str = "busy") -> ChannelError:
    return ChannelError("not now", retryable=True, reason=reason)


async def test_a_stored_wish_is_performed_and_confirmed() -> None:
    outside = Outside()
    async with performing(outside) as rig:
        await rig.sequencer.submit(start_call(1, "effect"), version)
        await rig.settle()
        assert outside.performed == [(0, "item-1/1")]
        assert rig.stored()[-1] == e.EffectDone(START, KEY)
        assert rig.state.pending == {}


async def test_a_wish_that_was_not_stored_is_never_performed() -> None:
    outside = Outside()
    faults = ScriptedFaults([AppendFault(ending=Ending.REFUSED)])
    async with performing(outside, faults=faults) as rig:
        await asyncio.gather(
            rig.sequencer.submit(start_call(1, "effect"), version), return_exceptions=True
        )
        await rig.settle()
        assert outside.performed == []


async def test_what_fails_for_a_moment_is_tried_again_with_growing_waits() -> None:
    outside = Outside(retryable(), retryable(), retryable())
    async with performing(outside) as rig:
        await rig.sequencer.submit(start_call(1, "effect"), version)
        await rig.clock.advance_to(START + 20 * SECOND)
        half = SECOND // 2
        assert [at for at, _ in outside.performed] == [0, half, 3 * half, 7 * half]
        assert isinstance(rig.stored()[-1], e.EffectDone)


async def test_after_five_tries_it_is_given_up_with_the_last_reason() -> None:
    outside = Outside(*(retryable(f"busy-{n}") for n in range(9)))
    async with performing(outside) as rig:
        await rig.sequencer.submit(start_call(1, "effect"), version)
        await rig.clock.advance_to(START + 20 * SECOND)
        assert len(outside.performed) == 5
        failed = rig.stored()[-1]
        assert isinstance(failed, e.EffectFailed)
        assert failed.reason == "busy-4"
        assert failed.at == START + 15 * SECOND // 2


async def test_what_an_outlet_cannot_look_up_yet_uses_up_no_try() -> None:
    outside = Outside(*(StorageUnavailable("slow") for _ in range(9)))
    async with performing(outside) as rig:
        await rig.sequencer.submit(start_call(1, "effect"), version)
        await rig.clock.advance_to(START + 20 * SECOND)
        assert [at for at, _ in outside.performed] == [n * SECOND for n in range(10)]
        assert isinstance(rig.stored()[-1], e.EffectDone)


async def test_what_fails_for_good_is_not_tried_again() -> None:
    outside = Outside(ChannelError("gone", retryable=False, reason="gone"))
    async with performing(outside) as rig:
        await rig.sequencer.submit(start_call(1, "effect"), version)
        await rig.clock.advance_to(START + 20 * SECOND)
        assert len(outside.performed) == 1
        assert rig.stored()[-1] == e.EffectFailed(START, KEY, "gone")


async def test_a_broken_outlet_is_a_failure_and_harms_no_other_effect() -> None:
    outside = Outside(ZeroDivisionError())
    async with performing(outside) as rig:
        await rig.sequencer.submit(start_call(1, "effect"), version)
        await rig.sequencer.submit(start_call(2, "effect"), version)
        await rig.settle()
        kinds = [type(event) for event in rig.stored() if isinstance(event, e.EffectDone)]
        assert kinds == [e.EffectDone]
        assert rig.state.pending == {}


async def test_an_effect_nobody_performs_is_given_up() -> None:
    async with running() as rig:
        runner = EffectRunner(rig.sequencer, rig.clock, {})
        rig.publisher.subscribe(runner.follow)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(runner.run())
            await rig.sequencer.submit(start_call(1, "effect"), version)
            await rig.settle()
            assert rig.stored()[-1] == e.EffectFailed(START, KEY, "no-outlet")
            task.cancel()


async def test_what_was_not_confirmed_is_performed_again_after_a_restart() -> None:
    store = MemoryStore()
    async with running(store) as rig:
        await rig.sequencer.submit(start_call(1, "effect"), version)
    outside = Outside()
    async with performing(outside, store) as rig:
        await rig.settle()
        assert [key for _, key in outside.performed] == ["item-1/1"]
        assert rig.state.pending == {}


async def test_the_result_is_told_until_it_is_stored() -> None:
    refused = AppendFault(ending=Ending.REFUSED)
    faults = ScriptedFaults([AppendFault(), refused, refused])
    outside = Outside()
    async with performing(outside, faults=faults) as rig:
        await rig.sequencer.submit(start_call(1, "effect"), version)
        await rig.clock.advance_to(START + 5 * SECOND)
        assert len(outside.performed) == 1
        assert rig.state.pending == {}


async def test_effects_on_one_call_happen_one_after_the_other_and_on_others_beside() -> None:
    outside = Outside()
    outside.gate = asyncio.Event()
    async with running() as rig:
        outside.rig = rig
        runner = EffectRunner(rig.sequencer, rig.clock, {f.EndLeg: outside})
        for number in (1, 2):
            await rig.sequencer.submit(start_call(number, "effect"), version)
        first, other = sorted(rig.state.pending)
        again = f.EndLeg(EffectKey("item-1/2"), ItemId("item-1"), "CA1")
        rig.state.put_pending(again.key, again)
        rig.state.forget_undo()
        wanted = [e.EffectWanted(START, effect) for effect in rig.state.pending.values()]
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(runner.run())
            outside.rig = Looking(rig)  # type: ignore[assignment]
            runner.follow(wanted, rig.state)
            await rig.settle()
            assert sorted(key for _, key in outside.performed) == [first, other]
            outside.gate.set()
            await rig.settle()
            assert [key for _, key in outside.performed].index("item-1/2") == 2
            assert outside.at_once_max == 2
            task.cancel()


class Busy:
    """An outlet that is never ready, and notes when it was asked."""

    def __init__(self, rig: Rig) -> None:
        self.asked: list[int] = []
        self._rig = rig

    async def perform(self, effect: f.Effect) -> str:
        self.asked.append(self._rig.clock.now() - START)
        raise retryable()


def mail(number: int) -> e.EffectWanted:
    key = EffectKey(f"item-1/m{number}")
    return e.EffectWanted(START, f.SendMail(key, ItemId("item-1"), "C", number, "reply"))


async def test_a_mail_is_tried_for_four_days_at_least_once_an_hour() -> None:
    async with running() as rig:
        busy = Busy(rig)
        runner = EffectRunner(rig.sequencer, rig.clock, {f.SendMail: busy})
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(runner.run())
            runner.follow([mail(1)], rig.state)
            await rig.clock.advance_to(START + 5 * DAY)
            task.cancel()
        assert [at / SECOND for at in busy.asked[:5]] == [0, 0.5, 1.5, 3.5, 7.5]
        assert 4 * DAY - HOUR < busy.asked[-1] <= 4 * DAY
        assert max(b - a for a, b in pairwise(busy.asked)) == HOUR


async def test_mails_that_wait_keep_nobody_on_the_line_waiting() -> None:
    outside = Outside()
    async with running() as rig:
        outside.rig = rig
        outlets: dict[type[f.Effect], Outlet] = {f.SendMail: Busy(rig), f.EndLeg: outside}
        runner = EffectRunner(rig.sequencer, rig.clock, outlets)
        rig.publisher.subscribe(runner.follow)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(runner.run())
            runner.follow([mail(number) for number in range(2 * AT_ONCE_MAX)], rig.state)
            await rig.settle()
            await rig.sequencer.submit(start_call(1, "effect"), version)
            await rig.settle()
            assert outside.performed == [(0, "item-1/1")]
            task.cancel()


async def test_what_was_done_is_reported_by_a_daemon_that_decides_no_more() -> None:
    """It could not be stored while the journal was away; by then another one decides."""
    outside = Outside()
    faults = ScriptedFaults([AppendFault(), AppendFault(ending=Ending.REFUSED)])
    async with running(faults=faults) as rig:
        outside.rig = rig
        runner = EffectRunner(rig.sequencer, rig.clock, {f.EndLeg: outside})
        rig.publisher.subscribe(runner.follow)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(runner.run())
            await rig.sequencer.submit(start_call(1, "effect"), version)
            await rig.settle()
            assert KEY in rig.state.pending, "or its report was stored at once"
            runner.pause()
            await rig.clock.advance_to(START + 5 * SECOND)
            task.cancel()
        assert isinstance(rig.stored()[-1], e.EffectDone)
        assert outside.performed == [(0, "item-1/1")]


async def test_mails_of_another_daemon_leave_unless_it_reports_within_seconds() -> None:
    """It may live and still be telling: a mail that has left must not leave again."""
    async with running() as rig:
        busy = Busy(rig)
        runner = EffectRunner(rig.sequencer, rig.clock, {f.SendMail: busy})
        taken_over = [mail(1), mail(2)]
        state = State()
        for wanted in taken_over:
            state.pending[wanted.effect.key] = wanted.effect
        runner.begin(state)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(runner.run())
            runner.follow([mail(3)], rig.state)  # its own leaves at once
            await rig.clock.advance_to(START + 4 * SECOND)
            assert busy.asked[0] == 0
            before = len(busy.asked)
            runner.follow([e.EffectDone(START, taken_over[0].effect.key)], rig.state)
            runner.follow([e.EffectDone(START, mail(3).effect.key)], rig.state)
            await rig.clock.advance_to(START + 5 * SECOND)
            assert busy.asked[before:] == [5 * SECOND]  # the other one of the two
            task.cancel()


class Looking:
    """A rig whose replay is its present state: the test put an effect there by hand."""

    def __init__(self, rig: Rig) -> None:
        self.clock = rig.clock
        self._state = rig.state

    async def replayed(self) -> State:
        return self._state


async def test_a_wish_that_is_told_twice_is_performed_once() -> None:
    outside = Outside()
    async with performing(outside) as rig:
        runner = EffectRunner(rig.sequencer, rig.clock, {f.EndLeg: outside})
        await rig.sequencer.submit(start_call(1, "effect"), version)
        runner.begin(rig.state)
        runner.follow([e.EffectWanted(START, rig.state.pending[KEY])], rig.state)
        outside.performed.clear()
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(runner.run())
            await rig.clock.advance_to(START + SECOND)
            task.cancel()
        assert len(outside.performed) == 2  # by each of the two runners


async def test_a_wish_that_is_over_before_its_turn_is_not_performed() -> None:
    outside = Outside()
    async with running() as rig:
        outside.rig = rig
        runner = EffectRunner(rig.sequencer, rig.clock, {f.EndLeg: outside})
        await rig.sequencer.submit(start_call(1, "effect"), version)
        runner.begin(rig.state)
        runner.follow([e.EffectDone(START, KEY)], rig.state)
        assert KEY in rig.state.pending, "or it would not be performed anyway"
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(runner.run())
            await rig.settle()
            task.cancel()
        assert outside.performed == []


async def test_a_wish_that_is_over_while_it_waits_is_not_performed() -> None:
    outside = Outside(retryable())
    async with performing(outside) as rig:
        await rig.sequencer.submit(start_call(1, "effect"), version)
        await rig.settle()
        await rig.sequencer.submit(c.ReportEffect(KEY, done=True), version)
        await rig.clock.advance_to(START + 20 * SECOND)
        assert len(outside.performed) == 1
        assert [type(x) for x in rig.stored()].count(e.EffectFailed) == 0
