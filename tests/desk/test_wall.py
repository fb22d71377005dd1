"""The wallboard's WebSocket: the whole once, then what has changed; for supervisors alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import websockets

from router.core.commands import SetEmergency
from router.core.model import MINUTE, SECOND
from router.desk import wall_socket, watching
from router.desk.browsers import COOKIE
from router.desk.wall import board_of
from tests.desk.house import Client, House


@asynccontextmanager
async def wall(
    hall: House, name: str = "sam", queue: str = "", **options: Any
) -> AsyncIterator[Client]:
    """A wallboard that has been shown the whole."""
    token = await hall.token(name)
    async with dialled(hall, **options) as client:
        await client.send(type="watch", id="w", token=token, queue=queue)
        client.welcome = await client.until("wall")
        yield client


@asynccontextmanager
async def dialled(hall: House, **options: Any) -> AsyncIterator[Client]:
    address = hall.url.replace("http://", "ws://") + "/desk/live"
    async with websockets.connect(address, compression=None, **options) as connection:
        yield Client(connection)


async def look(hall: House, span: int = SECOND) -> None:
    """Let time pass, and the wallboards be told."""
    await hall.pass_time(span)
    for duty in hall.surface.duties():
        await duty()


def lines(queue: dict[str, Any]) -> dict[str, int]:
    return {line["tempo"]: line["waiting"] for line in queue["lines"]}


async def test_a_supervisor_sees_the_whole_town_and_then_what_changes(town_hall: House) -> None:
    async with wall(town_hall) as sam:
        whole = sam.welcome
        assert [queue["queue"] for queue in whole["queues"]] == ["general", "roads"]
        assert whole["agents"] == []
        assert whole["town"]["hours"][0]["queues"]
        assert whole["town"]["time_zone"] == "America/Toronto"
        await town_hall.call("C1", "1", "1")
        await look(town_hall)
        change = await sam.until("wall_change")
        (roads,) = change["queues"]
        assert (roads["queue"], lines(roads)["live"]) == ("roads", 1)
        since = next(line["since"] for line in roads["lines"] if line["tempo"] == "live")
        assert since.endswith("Z")
        async with town_hall.desk("amina"):
            await look(town_hall)
            (amina,) = (await sam.until("wall_change"))["agents"]
            assert (amina["agent"], amina["status"], amina["state"]) == ("amina", "away", "idle")


async def test_what_has_not_changed_is_not_told_again_but_that_the_daemon_lives(
    town_hall: House,
) -> None:
    async with wall(town_hall) as sam:
        for _ in range(4):
            await look(town_hall)
        await look(town_hall, 2 * SECOND)
        assert (await sam.next())["type"] == "ping"


async def test_one_picture_serves_everybody_who_watches(
    town_hall: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def counted(*given: Any) -> Any:
        drawn.append(1)
        return board_of(*given)

    monkeypatch.setattr(watching, "board_of", counted)
    async with wall(town_hall) as sam, wall(town_hall, "adele") as adele:
        assert len(drawn) == 1
        await town_hall.form("F1")
        await look(town_hall)
        assert (await sam.until("wall_change")) == (await adele.until("wall_change"))
        assert len(drawn) == 2
    await look(town_hall)
    await town_hall.form("F2")
    await look(town_hall)
    assert len(drawn) == 2  # nobody watches


async def test_a_queue_is_looked_into_in_the_order_of_its_line(town_hall: House) -> None:
    for name in ("C1", "C2"):
        await town_hall.call(name, "1", "1")
        await town_hall.pass_time(SECOND)
    async with wall(town_hall, queue="roads") as sam:
        line = await sam.until("line")
        ranked = sorted(line["items"], key=lambda row: row["rank"])
        assert [row["item"] for row in ranked] == ["C1", "C2"]
        assert {row["state"] for row in ranked} == {"queued"}
        await town_hall.call("C3", "1", "1")
        await look(town_hall)
        change = await sam.until("line_change")
        assert [row["item"] for row in change["items"]] == ["C3"]
        await sam.send(type="watch", queue="general")
        assert (await sam.until("line"))["items"] == []
        await sam.send(type="watch", queue="none")
        assert (await sam.until("line", lambda said: said["queue"] == "none"))["items"] == []


async def test_somebody_who_looks_elsewhere_hides_no_change_from_the_others(
    town_hall: House,
) -> None:
    async with wall(town_hall, queue="roads") as sam:
        await sam.until("line")
        await town_hall.call("C1", "1", "1")
        async with wall(town_hall, "adele", queue="general") as adele:
            assert [said["type"] for said in adele.told] == ["wall"]
            change = await sam.until("line_change")
            assert [row["item"] for row in change["items"]] == ["C1"]


async def test_who_leaves_the_line_is_gone_from_it(town_hall: House) -> None:
    await town_hall.form("F1")
    queue = town_hall.engine.state.items["F1"].queue  # type: ignore[index]
    async with wall(town_hall, queue=str(queue)) as sam, town_hall.desk("amina") as amina:
        assert [row["item"] for row in (await sam.until("line"))["items"]] == ["F1"]
        await amina.do("take", item="F1")
        await look(town_hall)
        assert (await sam.until("line_change"))["gone_items"] == ["F1"]
        (row,) = sam.last("wall_change")["agents"]
        assert [(each["item"], each["state"]) for each in row["holdings"]] == [("F1", "handling")]
        assert row["holdings"][0]["since"] == row["state_since"]


async def test_what_is_closed_by_hand_shows_with_its_end_and_reason(town_hall: House) -> None:
    async with wall(town_hall) as sam:
        hours = sam.welcome["town"]["hours"][0]["hours"]
        until = town_hall.clock.now() + 30 * MINUTE
        command = SetEmergency(hours=hours, closed=True, until=until, reason="ice", by="sam")
        await town_hall.inbox.submit(command, lambda _: None)
        await look(town_hall)
        change = await sam.until("wall_change")
        (closed,) = change["town"]["emergencies"]
        assert (closed["reason"], closed["by"], closed["closed"]) == ("ice", "sam", True)
        assert not any(queue["open"] for queue in change["queues"] if queue["hours"] == hours)


# --- who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "code"), [("amina", "not-permitted"), ("", "not-signed-in")])
async def test_agents_and_strangers_see_nothing(town_hall: House, name: str, code: str) -> None:
    async with dialled(town_hall) as client:
        await client.send(type="watch", token=await town_hall.token(name) if name else "none")
        assert (await client.until("refused"))["code"] == code
        assert await client.close_code() == 4003
        assert [said["type"] for said in client.told] == ["refused"]


async def test_a_browser_is_known_by_its_cookie_and_must_come_from_our_page(
    town_hall: House,
) -> None:
    cookie = {"Cookie": f"{COOKIE}={await town_hall.token('sam')}"}
    async with dialled(town_hall, additional_headers=cookie, origin=town_hall.url) as ours:
        await ours.send(type="watch")
        assert (await ours.until("wall"))["queues"]
    foreign = "https://elsewhere.example.com"
    async with dialled(town_hall, additional_headers=cookie, origin=foreign) as theirs:
        await theirs.send(type="watch")
        assert (await theirs.until("refused"))["code"] == "foreign-request"


async def test_a_session_that_ends_ends_the_wallboard(town_hall: House) -> None:
    token = await town_hall.token("sam")
    async with dialled(town_hall) as sam:
        await sam.send(type="watch", token=token)
        await sam.until("wall")
        await town_hall.sessions.close(token)
        await look(town_hall, wall_socket.LOOK_AGAIN)
        assert (await sam.until("refused"))["code"] == "not-signed-in"
        assert await sam.close_code() == 4003


async def test_what_is_no_watch_is_refused_and_the_third_time_closes(town_hall: House) -> None:
    async with wall(town_hall) as sam:
        for said in ({"type": "accept", "offer": "x"}, {"type": "watch", "more": 1}):
            await sam.send(**said)
            assert (await sam.until("refused"))["code"] == "malformed"
        await sam.send(type="watch", queue=7)
        assert await sam.close_code() == 4005


async def test_a_daemon_that_stops_says_so(town_hall: House) -> None:
    async with wall(town_hall) as sam:
        await town_hall.surface.stop()
        assert (await sam.until("notice"))["notice"] == "restart"
        assert await sam.close_code() == 1012
        async with dialled(town_hall) as late:
            assert await late.close_code() == 1012


def test_who_does_not_read_is_cut_off() -> None:
    viewer = watching.Viewer()
    for _ in range(watching.QUEUE_MAX):
        viewer.tell("{}")
    assert not viewer.ended.is_set()
    viewer.tell("{}")
    assert (viewer.ended.is_set(), viewer.goodbye.reason) == (True, "too-slow")
