"""Errands run one after the other, each once, and the loop hears of each."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from router.runtime.errands import Errands


@pytest.fixture
def errands() -> Iterator[Errands]:
    thread = Errands("errands")
    yield thread
    thread.end()


async def test_each_runs_once_in_order_on_one_thread_that_is_not_the_loops(
    errands: Errands,
) -> None:
    done: list[tuple[int, int]] = []

    def errand(number: int) -> int:
        done.append((number, threading.get_ident()))
        return number

    asked = [errands.run(lambda n=n: errand(n)) for n in range(50)]  # type: ignore[misc]
    assert await asyncio.gather(*asked) == list(range(50))
    assert [number for number, _ in done] == list(range(50))
    assert len({thread for _, thread in done} | {threading.get_ident()}) == 2


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)])
async def test_what_an_errand_raises_is_raised_and_the_next_one_runs(
    errands: Errands, error: BaseException
) -> None:
    def fail() -> None:
        raise error

    failing, next_one = errands.run(fail), errands.run(lambda: 7)
    assert await next_one == 7
    assert failing.exception() is error


async def test_who_is_cancelled_leaves_the_errand_to_run_and_the_others_to_be_told(
    errands: Errands,
) -> None:
    begin, ran = threading.Event(), threading.Event()
    mistakes: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: mistakes.append(what))
    first = errands.run(begin.wait)
    second = errands.run(ran.set)
    first.cancel()
    second.cancel()
    third = errands.run(lambda: 3)
    begin.set()
    assert await third == 3
    assert ran.is_set()
    assert mistakes == []


def test_a_loop_that_is_gone_does_not_end_the_thread(errands: Errands) -> None:
    go_on, done = threading.Event(), threading.Event()

    async def leave() -> None:
        errands.run(go_on.wait)

    asyncio.run(leave())
    go_on.set()

    async def come_back() -> int:
        errands.run(done.set)
        return await errands.run(lambda: 5)

    assert asyncio.run(come_back()) == 5
    assert done.is_set()


async def test_what_was_asked_for_before_the_end_is_done_and_the_thread_ends() -> None:
    errands = Errands("errands")
    last = errands.run(lambda: 1)
    errands.end()
    assert await last == 1
    await asyncio.to_thread(errands._thread.join, 5)
    assert not errands._thread.is_alive()


async def test_nothing_of_an_errand_is_kept_while_the_thread_waits(errands: Errands) -> None:
    class Large:
        pass

    gone = threading.Event()

    async def use() -> None:
        large = Large()
        weakref.finalize(large, gone.set)
        assert await errands.run(lambda: large) is large

    await use()
    gc.collect()
    assert await asyncio.to_thread(gone.wait, 5)
