"""What is done in the background is tried again, whatever happens, and says what happened."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from router.core.model import SECOND
from router.errors import StorageUnavailable
from router.runtime.duties import keep_doing
from tests.fakes.engine_clock import LeapableClock


class Doing:
    """A duty that fails at first."""

    name = "doing"
    period = SECOND

    def __init__(self, failures: list[Exception]) -> None:
        self.failures = failures
        self.done = 0

    async def __call__(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.done += 1


@pytest.mark.parametrize(
    ("failure", "event", "level"),
    [
        (StorageUnavailable("no answer in time"), "duty_not_done", "warning"),
        (KeyError("ours"), "duty_failed", "error"),
    ],
)
async def test_a_duty_is_tried_again_and_only_our_own_mistakes_are_errors(
    failure: Exception, event: str, level: str
) -> None:
    duty, clock = Doing([failure, failure]), LeapableClock(0)
    with structlog.testing.capture_logs() as logs:
        keeping = asyncio.create_task(keep_doing(duty, clock))
        for second in range(1, 5):
            await clock.advance_to(second * SECOND)
        keeping.cancel()
    assert duty.done >= 1
    assert [(e["event"], e["log_level"]) for e in logs] == [(event, level)] * 2
