"""Supervisors in the talks of agents, from the wallboard: what they may, and who is told of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core.commands_listening import ListenTo
from router.core.model import SECOND, AgentId, ItemId, ItemState, LegResult, ListenMode
from router.core.policy_listening import ListeningRule
from router.desk.disabled import Disabled
from router.desk.pictures import item_view
from router.desk.wall import board_of
from router.history.account_rows import Role
from tests.core.test_warm_transfers import talking
from tests.core.town import Desk
from tests.desk.house import AboutIt, Client, House

PASSWORD = "four plain words here"
TOLD_IF_HIDDEN = [(ListenMode.LISTEN, False), (ListenMode.WHISPER, True), (ListenMode.BARGE, True)]


async def _supervisor(town_hall: House) -> str:
    """Chloe is a supervisor with a telephone; return her session's token."""
    accounts = town_hall.accounts
    made = await accounts.create("chloe.s", Role.SUPERVISOR, agent_id=AgentId("chloe"), by="test")
    await accounts.change_password("chloe.s", made, PASSWORD)
    return await town_hall.token("chloe.s")


async def _listen(
    town_hall: House, token: str, method: str, item: str, body: object = None
) -> tuple[int, Any]:
    async with town_hall.http() as http:
        said: httpx.Response = await http.request(
            method,
            f"/items/{item}/listen",
            headers={"Authorization": f"Bearer {token}"},
            json=body,
        )
    return said.status_code, said.json()


async def _talking(town_hall: House, desk: Client) -> ItemId:
    await desk.do("status", status="available")
    item = await town_hall.call("C1", "1", "2")
    await desk.do("accept", offer=(await desk.until("offer"))["offer"]["offer"])
    await town_hall.pick_up(item, "amina")
    return item


async def test_a_supervisor_is_in_the_talk_and_the_agent_sees_it_come_change_and_go(
    town_hall: House,
) -> None:
    token = await _supervisor(town_hall)
    async with town_hall.desk("amina") as desk:
        item = await _talking(town_hall, desk)
        assert (await _listen(town_hall, token, "POST", item, {"mode": "listen"}))[0] == 200
        pushed = await desk.until("item", lambda each: each["item"]["listener"] is not None)
        shown = pushed["item"]["listener"]
        assert (shown["name"], shown["mode"], shown["state"]) == ("Chloe", "listen", "ringing")
        news = c.ReportLeg(item, leg="listener", call_id="S", result=LegResult.ANSWERED)
        await town_hall.inbox.submit(news, lambda _: None)
        assert (await _listen(town_hall, token, "POST", item, {"mode": "whisper"}))[0] == 200
        while (shown["mode"], shown["state"]) != ("whisper", "connected"):
            shown = (await desk.until("item"))["item"]["listener"]
        assert (await _listen(town_hall, token, "DELETE", item))[0] == 200
        await desk.until("item", lambda each: each["item"]["listener"] is None)
    headers = {"Authorization": f"Bearer {await town_hall.token('adele')}"}
    async with town_hall.http() as http:
        trail = (await http.get("/audit?limit=10", headers=headers)).json()
    noted = [(t["what"], t["target"]) for t in reversed(trail) if t["who"] == "chloe.s"]
    assert noted[-3:] == [
        ("listened", "C1: listen"),
        ("listened", "C1: whisper"),
        ("listening-stopped", "C1"),
    ]


async def _looked_at_accounts(town_hall: House) -> None:
    for duty in town_hall.surface.duties():
        if isinstance(duty, Disabled):
            await duty()


@pytest.mark.parametrize("change", ["disabled", "removed", "no leader", "another telephone"])
async def test_who_may_no_longer_listen_is_out_of_the_talk_within_ten_seconds(
    town_hall: House, change: str
) -> None:
    token, accounts = await _supervisor(town_hall), town_hall.accounts
    async with town_hall.desk("amina") as desk:
        item = await _talking(town_hall, desk)
        assert (await _listen(town_hall, token, "POST", item, {"mode": "listen"}))[0] == 200
        await _looked_at_accounts(town_hall)
        assert await town_hall.inbox.read(lambda state: item in state.listeners)
        match change:
            case "disabled":
                await accounts.disable("chloe.s", by="operator")
            case "removed":
                await accounts.remove("chloe.s", by="operator")
            case "no leader":
                chloe = AgentId("chloe")
                await accounts.set_role("chloe.s", Role.AGENT, agent_id=chloe, by="operator")
            case _:
                dora = AgentId("dora")
                await accounts.set_role("chloe.s", Role.SUPERVISOR, agent_id=dora, by="operator")
        await _looked_at_accounts(town_hall)
        await desk.until("item", lambda each: each["item"]["listener"] is None)
    assert not await town_hall.inbox.read(lambda state: item in state.listeners)
    assert await town_hall.inbox.read(lambda state: state.items[item].state) is ItemState.HANDLING


async def test_what_cannot_be_says_why(town_hall: House) -> None:
    token = await _supervisor(town_hall)
    wish = {"mode": "listen"}
    status, said = await _listen(town_hall, token, "POST", "nothing", wish)
    assert (status, said["code"]) == (404, "unknown-item")
    item = await town_hall.call("C1", "1", "2")
    status, said = await _listen(town_hall, token, "POST", item, wish)
    assert (status, said["code"]) == (409, "not-now")
    assert (await _listen(town_hall, token, "POST", item, {"mode": "shout"}))[0] == 422
    status, said = await _listen(town_hall, await town_hall.token("sam"), "POST", item, wish)
    assert (status, said["code"]) == (403, "not-permitted")
    assert "no telephone" in said["message"]
    boris = await town_hall.token("boris")
    for method, body in (("POST", wish), ("DELETE", None)):
        assert (await _listen(town_hall, boris, method, item, body))[0] == 403


@pytest.mark.parametrize(("mode", "is_told"), TOLD_IF_HIDDEN)
def test_the_agent_is_told_of_a_silent_listener_only_where_the_town_wants_it(
    mode: ListenMode, is_told: bool
) -> None:
    desk = Desk()
    item = talking(desk)
    rule = ListeningRule(tuple(ListenMode), is_shown=False)
    desk.adopt(replace(desk.state.policy, listening=rule))
    desk.do(ListenTo(item, AgentId("chloe"), mode, "chloe.s"))
    view = item_view(desk.state, desk.state.items[item]).listener
    assert (view is not None) is is_told


def test_the_wallboard_tells_supervisors_in_any_case_and_what_the_town_allows() -> None:
    desk = Desk()
    item = talking(desk)
    rule = ListeningRule((ListenMode.LISTEN,), is_shown=False)
    desk.adopt(replace(desk.state.policy, listening=rule))
    desk.do(ListenTo(item, AgentId("chloe"), ListenMode.LISTEN, "chloe.s"))
    board = board_of(desk.state, AboutIt(), desk.now + SECOND)
    (held,) = board.agents["amina"].holdings
    assert held.listener is not None
    assert (held.listener.agent, held.listener.mode) == ("chloe", "listen")
    assert board.town.listen_modes == ("listen",)
    desk.adopt(replace(desk.state.policy, listening=None))
    board = board_of(desk.state, AboutIt(), desk.now + SECOND)
    assert board.agents["amina"].holdings[0].listener is None
    assert board.town.listen_modes == ()
