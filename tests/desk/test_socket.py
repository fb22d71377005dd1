"""The /desk WebSocket: what an agent asks is stored before it is answered, and seen at once."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path

import pytest
import websockets

from router.core.model import SECOND, ItemState
from router.desk import talk as desk_talk
from router.runtime.journal_memory import MemoryStore
from tests.desk.house import Client, House, connect, house


async def test_a_welcome_is_complete(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk:
        welcome = desk.welcome
        assert welcome["agent"]["status"] == "away"
        assert welcome["agent"]["signed_in"] is True
        assert welcome["offer"] is None
        assert welcome["items"] == []
        assert welcome["policy"]["town"] == "Testville"
        assert [q["id"] for q in welcome["policy"]["queues"]] == ["general", "roads"]
        assert welcome["policy"]["wrap_up_codes"][0] == {"id": "answered", "name": "answered"}
        assert welcome["at"] == "2026-11-23T15:00:00Z"


async def test_the_welcome_speaks_the_language_the_desk_asks_for(town_hall: House) -> None:
    for language, name in (("fr", "break (fr)"), ("", "break")):
        async with town_hall.desk("chloe", language=language) as desk:
            reasons = {one["id"]: one["name"] for one in desk.welcome["policy"]["away_reasons"]}
            assert reasons["break"] == name


async def test_a_form_is_offered_taken_and_closed(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk:
        await desk.do("status", status="available")
        await town_hall.form("F1", what="deep")
        pushed = (await desk.until("offer"))["offer"]
        assert pushed["item"] == "F1"
        assert pushed["form"] == "submission"
        assert pushed["who"] == {
            "name": "Robin Example",
            "number": "+19055550123",
            "email": "r@example.org",
        }
        assert pushed["subject"] == "pothole"
        assert pushed["queue"] == {"id": "roads", "name": "roads"}
        assert pushed["waited_s"] == 0.0
        assert pushed["why"]
        assert pushed["expires_at"] == "2026-11-23T15:02:00Z"

        await desk.do("seen", offer=pushed["offer"])
        assert town_hall.engine.state.offers[pushed["offer"]].seen
        await desk.do("accept", offer=pushed["offer"])
        assert desk.last("offer_ended")["ending"] == "accepted"
        item = desk.last("item")
        assert item["yours"] is True
        assert item["item"]["state"] == "handling"
        assert item["item"]["words"] == {
            "kind": "form",
            "text": "",
            "fields": {"where": "Main St", "what": "deep"},
        }
        assert desk.last("agent")["agent"]["state"] == "handling"

        await desk.do("close", item="F1", code="answered", note="filled")
        gone = desk.last("item")
        assert (gone["yours"], gone["item"]["state"]) == (False, "closed")
        assert town_hall.engine.state.items["F1"].state is ItemState.CLOSED  # type: ignore[index]
        notes = [w.body for w in town_hall.store.words.values() if w.kind == "note"]
        assert notes == [b"filled"]


async def test_a_call_is_held_resumed_and_finished(town_hall: House) -> None:
    async with town_hall.desk("amina") as desk:
        await desk.do("status", status="available")
        item = await town_hall.call("C1", "1", "2")
        offer = (await desk.until("offer"))["offer"]["offer"]
        await desk.do("accept", offer=offer)
        assert (await desk.ask("hold", item=item))["code"] == "not-now"
        await town_hall.pick_up(item, "amina")
        await desk.do("hold", item=item)
        assert desk.last("item")["item"]["state"] == "held"
        await desk.do("resume", item=item)
        await desk.do("finish", item=item)
        assert desk.last("item")["item"]["state"] == "wrap_up"
        assert desk.last("agent")["agent"]["state"] == "wrap_up"
        await desk.do("close", item=item, code="answered")
        assert desk.last("agent")["agent"]["state"] == "idle"


async def test_a_transfer_leaves_the_desk_at_once(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk:
        await desk.do("status", status="available")
        item = await town_hall.form("F1")
        await desk.do("accept", offer=(await desk.until("offer"))["offer"]["offer"])
        await desk.do("status", status="away", reason="break")
        refused = await desk.ask("transfer", item=item, queue="general", agent="amina")
        assert refused["code"] == "unknown-target"
        await desk.do("transfer", item=item, queue="general")
        left = desk.last("item")
        assert (left["yours"], left["item"]["queue"]["id"]) == (False, "general")


async def test_a_returned_item_keeps_its_place(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk:
        await desk.do("status", status="available")
        item = await town_hall.form("F1")
        before = town_hall.engine.state.items[item].urgency_at
        await desk.do("accept", offer=(await desk.until("offer"))["offer"]["offer"])
        await desk.do("return", item=item, reason="not mine")
        assert desk.last("item")["yours"] is False
        assert town_hall.engine.state.items[item].urgency_at == before


async def test_a_mistaken_decline_is_taken_back(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk:
        await desk.do("status", status="available")
        await town_hall.form("F1")
        first = (await desk.until("offer"))["offer"]["offer"]
        await desk.do("decline", offer=first, reason="slip")
        assert desk.last("offer_ended")["ending"] == "declined"
        assert desk.last("agent")["agent"]["may_take_back"] == first
        await desk.do("take_back", offer=first)
        again = desk.last("offer")["offer"]
        assert again["item"] == "F1"
        assert again["offer"] != first
        await desk.do("accept", offer=again["offer"])


async def test_what_cannot_be_done_is_refused_with_a_stable_code(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk:
        stale = await desk.ask("accept", offer="nobody.1")
        assert (stale["type"], stale["code"]) == ("refused", "stale-offer")
        assert (await desk.ask("close", item="nope"))["code"] == "unknown-item"
        assert (await desk.ask("status", status="away", reason="x"))["code"] == "unknown-target"
        assert (await desk.ask("hello"))["code"] == "not-now"


async def test_a_second_desk_takes_over(town_hall: House) -> None:
    async with town_hall.desk("chloe") as first:
        await first.do("status", status="available")
        async with town_hall.desk("chloe") as second:
            assert second.welcome["agent"]["status"] == "available"
            assert await first.close_code() == 4001
            assert first.last("notice")["notice"] == "taken-over"
            await town_hall.form("F1")
            await second.until("offer")
            row = town_hall.engine.state.agents["chloe"]  # type: ignore[index]
            assert row.desk == second.welcome["desk"]


async def test_a_connection_given_up_does_not_throw_the_next_one_out(town_hall: House) -> None:
    async with town_hall.desk("chloe", client="page", attempt=2) as desk:
        async with connect(town_hall.url) as late:
            token = await town_hall.token("chloe")
            await late.send(type="hello", id="h", token=token, client="page", attempt=1)
            assert (await late.until("refused"))["code"] == "not-now"
        assert (await desk.ask("beat"))["type"] == "ok"
        row = town_hall.engine.state.agents["chloe"]  # type: ignore[index]
        assert row.desk == desk.welcome["desk"]


async def test_a_vanished_desk_loses_its_lease_and_its_offer(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk:
        await desk.do("status", status="available")
        await town_hall.keep_alive(3 * SECOND)
        await town_hall.form("F1")
        await desk.until("offer")
        await town_hall.keep_alive(60 * SECOND)  # nothing is heard from the desk any more
        row = town_hall.engine.state.agents["chloe"]  # type: ignore[index]
        assert (row.status, row.reason) == ("offline", "lease-lost")
        assert town_hall.engine.state.items["F1"].state is ItemState.QUEUED  # type: ignore[index]
        assert await desk.close_code() == 4002
        assert desk.last("offer_ended")["ending"] == "withdrawn"


async def test_a_beat_keeps_the_lease(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk:
        await desk.do("status", status="available")
        for _ in range(10):
            await desk.do("beat")
            await town_hall.keep_alive(9 * SECOND)
        assert town_hall.engine.state.agents["chloe"].status == "available"  # type: ignore[index]
        assert desk.last("ping")["at"].endswith("Z")


async def test_end_of_shift_with_work_in_hand_closes_when_it_is_done(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk:
        await desk.do("status", status="available")
        item = await town_hall.form("F1")
        await desk.do("accept", offer=(await desk.until("offer"))["offer"]["offer"])
        await desk.do("sign_out")
        await desk.do("close", item=item, code="answered")
        assert await desk.close_code() == 4000
        assert desk.last("notice")["notice"] == "signed-out"


async def test_reconnecting_finds_everything_and_doubles_nothing(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk:
        await desk.do("status", status="available")
        await town_hall.form("F1")
        await desk.do("accept", offer=(await desk.until("offer"))["offer"]["offer"])
        await town_hall.form("F2")
        offer = await desk.until("offer")
    async with town_hall.desk("chloe") as again:
        assert again.welcome["offer"]["offer"] == offer["offer"]["offer"]
        assert again.welcome["offer"]["who"]["name"] == "Robin Example"
        assert [i["item"] for i in again.welcome["items"]] == ["F1"]
        assert again.welcome["items"][0]["words"]["fields"]["where"] == "Main St"
        await again.do("accept", offer=offer["offer"]["offer"])
        assert [m["type"] for m in again.told].count("offer") == 0


async def test_a_restart_is_announced_and_survived(tmp_path: Path) -> None:
    store = MemoryStore()
    async with house(tmp_path, store=store) as before:
        async with before.desk("chloe") as desk:
            await desk.do("status", status="available")
            await before.form("F1")
            await desk.do("accept", offer=(await desk.until("offer"))["offer"]["offer"])
            await before.surface.stop()
            assert await desk.close_code() == 1012
            assert desk.last("notice")["notice"] == "restart"
        async with connect(before.url) as late:
            assert await late.close_code() == 1012
        now = before.clock.now()
    async with house(tmp_path, store=store, now=now, seed=2) as after, after.desk("chloe") as desk:
        assert desk.welcome["agent"]["status"] == "available"
        assert [i["item"] for i in desk.welcome["items"]] == ["F1"]


async def test_words_that_cannot_be_read_do_not_hold_up_the_offer(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk:
        await desk.do("status", status="available")
        town_hall.lost_words = ["c-F1"]
        await town_hall.form("F1")
        assert (await desk.until("offer"))["offer"]["who"] is None


async def test_an_agent_hears_nothing_of_others(town_hall: House) -> None:
    async with town_hall.desk("chloe") as chloe, town_hall.desk("boris") as boris:
        await chloe.do("status", status="available")
        item = await town_hall.form("F1")
        await chloe.do("accept", offer=(await chloe.until("offer"))["offer"]["offer"])
        assert (await boris.ask("close", item=item))["code"] == "not-allowed"
        assert [m["type"] for m in boris.told] == ["welcome", "refused"]


# --- who may connect -----------------------------------------------------------------------------


async def test_the_token_may_come_in_the_header(town_hall: House) -> None:
    headers = {"Authorization": f"Bearer {await town_hall.token('chloe')}"}
    async with connect(town_hall.url, additional_headers=headers) as client:
        await client.send(type="hello", id="h")
        assert (await client.next())["agent"]["agent"] == "chloe"


@pytest.mark.parametrize(
    ("account", "code"), [("", "not-signed-in"), ("sam", "not-permitted"), ("new", "password-must")]
)
async def test_others_are_turned_away(town_hall: House, account: str, code: str) -> None:
    from router.core.model import AgentId
    from router.history.account_rows import Role

    await town_hall.accounts.create("new", Role.AGENT, agent_id=AgentId("amina"), by="test")
    token = await town_hall.token(account) if account else "guess"
    async with connect(town_hall.url) as client:
        await client.send(type="hello", id="h", token=token)
        answer = await client.next()
        assert answer["type"] == "refused"
        assert answer["code"].startswith(code)
        assert await client.close_code() == 4003


async def test_nothing_is_done_before_hello(town_hall: House) -> None:
    async with connect(town_hall.url) as client:
        await client.send(type="status", id="1", status="available")
        assert (await client.next())["code"] == "not-signed-in"
        await client.send(type="hello", id="h", token=await town_hall.token("chloe"))
        await client.until("welcome")


async def test_silence_instead_of_hello_is_not_waited_for(
    town_hall: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_talk, "HELLO_S", 0.01)
    async with connect(town_hall.url) as client:
        assert await client.close_code() == 4004


async def test_signing_the_session_out_closes_its_desk(town_hall: House) -> None:
    token = await town_hall.token("chloe")
    async with connect(town_hall.url) as client, town_hall.http() as http:
        await client.send(type="hello", token=token)
        await client.until("welcome")
        headers = {"Authorization": f"Bearer {token}"}
        assert (await http.delete("/sessions", headers=headers)).status_code == 204
        assert await client.close_code() == 4003


async def test_removing_an_account_closes_its_desk(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk, town_hall.http() as http:
        headers = {"Authorization": f"Bearer {await town_hall.token('adele')}"}
        assert (await http.delete("/accounts/chloe", headers=headers)).status_code == 204
        assert await desk.close_code() == 4003


async def test_other_daemons_are_told_which_desks_close_and_close_theirs(
    town_hall: House,
) -> None:
    told: list[tuple[str, str]] = []
    town_hall.surface.tell_others(lambda agent, session: told.append((agent, session)))
    token = await town_hall.token("chloe")
    async with town_hall.http() as http:
        headers = {"Authorization": f"Bearer {token}"}
        assert (await http.delete("/sessions", headers=headers)).status_code == 204
    assert told == [("", sha256(token.encode()).hexdigest())]  # never the token itself
    for name in ("chloe", "amina"):
        async with town_hall.desk(name) as desk:
            town_hall.surface.end_desks("nobody", "0" * 64)
            town_hall.surface.end_desks(name, "")
            assert await desk.close_code() == 4003
    token = await town_hall.token("chloe")
    async with connect(town_hall.url) as client:
        await client.send(type="hello", token=token)
        await client.until("welcome")
        town_hall.surface.end_desks("", sha256(token.encode()).hexdigest())
        assert await client.close_code() == 4003


# --- bad clients ---------------------------------------------------------------------------------


async def test_the_third_strike_closes(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk:
        await desk.socket.send("{")
        assert (await desk.next())["code"] == "malformed"
        await desk.send(type="accept", id="x7", ofer="typo")
        refused = await desk.next()
        assert (refused["id"], refused["code"]) == ("x7", "malformed")
        await desk.socket.send(b"\x00binary")
        assert await desk.close_code() == 4005


async def test_a_message_beyond_64_kb_closes(town_hall: House) -> None:
    async with town_hall.desk("chloe") as desk:
        await desk.send(type="beat", id="x" * 65_536)
        assert await desk.close_code() == 1009


async def test_a_client_that_does_not_read_is_cut_off_and_loses_nothing(
    town_hall: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_talk, "CLOSE_S", 0.05)
    long = {"story": "x" * 50_000}
    token = await town_hall.token("chloe")
    address = town_hall.url.replace("http://", "ws://") + "/desk"
    async with town_hall.desk("chloe") as desk:
        await desk.do("status", status="available")
        await town_hall.form("F1", **long)
        await desk.do("accept", offer=(await desk.until("offer"))["offer"]["offer"])
    slow = await websockets.connect(address, compression=None, max_queue=1)
    client = Client(slow)
    await client.send(type="hello", token=token)
    await client.until("welcome")  # the last that it reads
    hub = town_hall.surface._hub  # the only window on what is queued
    for _ in range(3_000):
        if not hub._desks:
            break
        await town_hall.inbox.submit(_transfer_and_back(town_hall), lambda _: None)
        await asyncio.sleep(0)
    assert not hub._desks
    slow.transport.abort()
    async with town_hall.desk("chloe") as again:
        assert [i["item"] for i in again.welcome["items"]] == ["F1"]


def _transfer_and_back(town_hall: House):  # type: ignore[no-untyped-def]
    from router.core import commands as c
    from router.core.model import ItemId

    number = town_hall.engine.state.version
    return c.NoteRoom(ItemId("F1"), f"room-{number}")
