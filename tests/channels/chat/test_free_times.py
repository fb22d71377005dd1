"""The windows left are looked up once for all chats that stand alike, and never too old."""

from __future__ import annotations

import pytest

from channels.chat import free_times
from channels.chat.free_times import FreeTimes
from router.core.commands_hours import BeginSurge
from router.core.commands_text import AskCallback
from router.core.model import DAY, HOUR, MINUTE, SECOND, Instant, ItemId, QueueId
from router.core.policy import Queue
from router.core.state import State
from router.core.windows import offered
from router.policy.load import load
from tests.core.text_town import TextDesk
from tests.core.town import OPEN
from tests.policy.conftest import ROOT, TODAY


@pytest.fixture
def desk() -> TextDesk:
    policy = load(ROOT, today=TODAY).policy
    assert policy is not None
    return TextDesk(policy)


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[Instant]:
    """Return the instants for which the core was asked."""
    asked: list[Instant] = []

    def counted(state: State, now: Instant, queue: Queue, most: int) -> tuple[Instant, ...]:
        asked.append(now)
        return offered(state, now, queue, most)

    monkeypatch.setattr(free_times, "offered", counted)
    return asked


def test_many_chats_at_one_version_in_one_minute_cost_one_look(
    desk: TextDesk, looked_up: list[Instant]
) -> None:
    times, queue = FreeTimes(), desk.state.policy.queues[QueueId("general")]
    first = times.of(desk.state, OPEN, queue, "en")
    assert first
    assert all(times.of(desk.state, OPEN + k * SECOND, queue, "en") == first for k in range(60))
    assert len(looked_up) == 1
    assert times.of(desk.state, OPEN, queue, "fr") != first
    assert len(looked_up) == 2


def test_what_is_remembered_is_what_would_be_found(desk: TextDesk) -> None:
    times, state = FreeTimes(), desk.state
    general, roads = (state.policy.queues[QueueId(name)] for name in ("general", "roads"))
    assert general.callback is not None
    windows = general.callback.windows
    assert windows is not None
    shorter = windows.length - MINUTE

    def check() -> tuple[object, ...]:
        for queue in (general, roads):
            for now in (desk.now, desk.now + shorter, desk.now + HOUR, desk.now + DAY):
                for language in ("en", "fr"):
                    fresh = FreeTimes().of(state, now, queue, language)
                    assert times.of(state, now, queue, language) == fresh
        return times.of(state, desk.now, general, "en")

    before = check()
    start = offered(state, desk.now, general)[0]
    for number in range(windows.most):
        desk.chat(f"c{number}", conversation=f"v{number}")
        asked = AskCallback(
            conversation=f"v{number}",
            item_id=ItemId(f"n{number}"),
            contact_ref=f"words{number}",
            address_key=f"a{number}",
            door="site",
            language="en",
            starts=start,
        )
        desk.do(asked)
        check()
    assert check() != before  # the first window is full
    desk.wait(2 * HOUR)
    check()
    desk.do(BeginSurge(until=desk.now + HOUR, reason="ice", by="sam"))
    check()
