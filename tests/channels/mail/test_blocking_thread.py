"""Calls run one after another, their results come back, and a thread that hangs holds up nobody."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Iterator

import pytest

from channels.mail.blocking_thread import BlockingThread


@pytest.fixture
def thread() -> Iterator[BlockingThread]:
    made = BlockingThread("test-blocking")
    yield made
    made.end()


async def test_what_is_returned_and_raised_comes_back(thread: BlockingThread) -> None:
    def fail() -> None:
        raise ValueError("no")

    assert await thread.call(lambda: 7) == 7
    with pytest.raises(ValueError, match="no"):
        await thread.call(fail)
    assert await thread.call(lambda: threading.current_thread().name) == "test-blocking"


async def test_calls_run_one_after_another_in_order(thread: BlockingThread) -> None:
    story: list[str] = []

    def slowly(number: int) -> None:
        story.append(f"+{number}")
        time.sleep(0.002)
        story.append(f"-{number}")

    await asyncio.gather(*(thread.call(lambda n=n: slowly(n)) for n in range(5)))  # type: ignore[misc]
    assert story == [f"{sign}{n}" for n in range(5) for sign in "+-"]


async def test_who_is_cancelled_does_not_wait_and_the_next_call_does(
    thread: BlockingThread,
) -> None:
    go_on, story = threading.Event(), []
    waiting = asyncio.ensure_future(thread.call(lambda: story.append(str(go_on.wait()))))
    never = asyncio.ensure_future(thread.call(lambda: story.append("not begun")))
    await asyncio.sleep(0.01)
    waiting.cancel()
    never.cancel()
    await asyncio.wait({waiting, never}, timeout=1)
    assert waiting.cancelled()
    assert story == []
    go_on.set()
    await thread.call(lambda: story.append("next"))
    assert story == ["True", "next"]  # what was under way has ended; what was not never began


async def test_it_ends_after_what_was_asked_for() -> None:
    thread = BlockingThread("test-ending")
    done = thread.post(lambda: 7)
    thread.end()
    assert done.result(10) == 7
    async with asyncio.timeout(10):
        while any(each.name == "test-ending" for each in threading.enumerate()):  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_one_that_hangs_does_not_keep_the_process(thread: BlockingThread) -> None:
    assert await thread.call(lambda: threading.current_thread().daemon)


async def test_a_result_is_not_kept(thread: BlockingThread) -> None:
    """It may be a mail of many megabytes, and the next call may come in an hour."""

    class Mail:
        pass

    kept = weakref.ref(await thread.call(Mail))
    await thread.call(lambda: None)
    gc.collect()
    assert kept() is None
