"""Practice time: set forward, never back; a call repeats its wish with every webhook."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from router.core.model import HOUR, SECOND
from router.runtime.clock import SystemClock
from router.runtime.http import PracticeTime
from router.runtime.practice import (
    HEADER,
    NoWayBack,
    PracticeClock,
    clocks_from,
    instant_of,
    operator_token,
    practice_account,
)
from router.runtime.settings import Settings

ZONE = "America/Toronto"


def a_clock() -> PracticeClock:
    return PracticeClock(SystemClock(0))


def test_a_shift_moves_now_and_is_told_once_as_a_gap() -> None:
    clock = a_clock()
    clock.take_gap()
    before = clock.now()
    clock.shift_to(before + HOUR, ZONE)
    assert 0 <= clock.now() - before - HOUR < SECOND
    assert HOUR - SECOND < clock.take_gap() <= HOUR
    assert clock.take_gap() == 0


def test_there_is_no_way_back() -> None:
    clock = a_clock()
    with pytest.raises(NoWayBack, match="cannot go back"):
        clock.shift_to(clock.now() - HOUR, ZONE)
    assert clock.take_gap() == 0


def test_a_daemon_may_begin_in_the_past_that_its_journal_does_not_know() -> None:
    clock = a_clock()
    earlier = clock.now() - HOUR
    clock.start_at(earlier, ZONE, not_before=earlier - 1)
    assert 0 <= clock.now() - earlier < SECOND
    assert clock.take_gap() == 0
    with pytest.raises(NoWayBack):
        clock.start_at(earlier, ZONE, not_before=earlier + 1)


def test_who_asks_for_a_time_that_is_over_reads_the_towns_time_and_what_to_do() -> None:
    stands_at = instant_of("2026-11-23T10:05:30", ZONE)
    with pytest.raises(NoWayBack) as refused:
        a_clock().start_at(stands_at - HOUR, ZONE, not_before=stands_at)
    told = str(refused.value)
    assert "stands at 2026-11-23 10:05:30 in the town" in told
    assert "leave --at out" in told
    assert "TOWNLINE_DATA_DIR" in told


def test_practice_goes_on_from_what_is_stored_and_no_clock_was_set_back() -> None:
    last = SystemClock(0).now() + 24 * HOUR
    machine, clock = clocks_from(last, is_practice=True)
    assert 0 <= clock.now() - last < 60 * SECOND
    assert machine.ahead_of_wall() < SECOND
    assert clock.take_gap() == 0
    machine, clock = clocks_from(last, is_practice=False)
    assert 0 <= clock.now() - last < 60 * SECOND
    assert machine.ahead_of_wall() > 23 * HOUR  # here it was, and the operator must know


def test_practice_that_stands_behind_the_machine_goes_on_with_the_machine() -> None:
    machine, clock = clocks_from(SystemClock(0).now() - HOUR, is_practice=True)
    assert abs(clock.now() - machine.now()) < SECOND


async def test_sleepers_wake_by_the_shifted_time() -> None:
    clock = a_clock()
    wake_at = clock.now() + HOUR
    clock.shift_to(wake_at, ZONE)
    await clock.sleep_until(wake_at)


def test_local_times_are_local_to_the_town() -> None:
    assert instant_of("2026-12-26T19:40", ZONE) == instant_of("2026-12-27T00:40:00+00:00", ZONE)
    with pytest.raises(ValueError, match="isoformat"):
        instant_of("tomorrow", ZONE)


def a_client(clock: PracticeClock) -> TestClient:
    async def ok(request: Request) -> Response:
        return PlainTextResponse("ok")

    app = Starlette(routes=[Route("/voice/incoming", ok, methods=["POST"]), Route("/other", ok)])
    return TestClient(PracticeTime(app, clock, ZONE))


def test_a_webhook_moves_the_clock_once_and_may_repeat_its_wish() -> None:
    clock = a_clock()
    client = a_client(clock)
    wish = {HEADER: "2090-12-26T19:40"}
    assert client.post("/voice/incoming", headers=wish).text == "ok"
    now = clock.now()
    assert 0 <= now - instant_of("2090-12-26T19:40", ZONE) < 60 * SECOND
    assert client.post("/voice/incoming", headers=wish).status_code == 200
    assert clock.now() - now < 60 * SECOND


@pytest.mark.parametrize(
    ("wish", "status", "says"),
    [("2001-01-01T00:00", 409, "no-way-back"), ("soon", 400, "2026-12-26T19:40")],
)
def test_what_cannot_be_done_is_refused_clearly(wish: str, status: int, says: str) -> None:
    answer = a_client(a_clock()).post("/voice/incoming", headers={HEADER: wish})
    assert (answer.status_code, says in answer.text) == (status, True)


def test_only_voice_webhooks_move_the_clock() -> None:
    clock = a_clock()
    assert a_client(clock).get("/other", headers={HEADER: "2090-12-26T19:40"}).status_code == 200
    assert clock.now() < instant_of("2090-01-01T00:00", ZONE)


def test_daemon_and_line_of_one_installation_agree_and_others_do_not() -> None:
    settings = Settings()
    ours = practice_account(settings, b"a" * 32)
    assert ours == practice_account(settings, b"a" * 32)
    assert ours.auth_token != practice_account(settings, b"b" * 32).auth_token
    assert ours.rest_url == "http://127.0.0.1:8401"
    moved = Settings(practice_line_port=9001)
    assert practice_account(moved, b"a" * 32).rest_url == "http://127.0.0.1:9001"
    assert operator_token(b"a" * 32) != operator_token(b"b" * 32)
