"""Mail, chats and forms at the desk: taken, read, answered, put away, merged; files and drafts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from router.core.model import ItemId, ItemState, MessageKind
from router.desk import messages_text
from router.desk.message_types import ClientMessage
from router.desk.messages_calls import Consult
from router.desk.writing import WRITTEN
from router.ports import FileRef, Said
from tests.core.text_town import writing_town
from tests.desk.house import Client, House, house


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path, policy=writing_town()) as made:
        yield made


async def signed_in(hall: House, name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {await hall.token(name)}"}


async def get(hall: House, name: str, path: str, **more: Any) -> httpx.Response:
    async with hall.http() as http:
        return await http.get(path, headers=await signed_in(hall, name), **more)


async def in_hand(desk: Client, hall: House, *, item: str = "M1") -> dict[str, Any]:
    """A mail has come and the agent has it."""
    await desk.do("status", status="available")
    await hall.mail(item, "When are leaves collected?")
    offer = (await desk.until("offer"))["offer"]
    await desk.do("accept", offer=offer["offer"])
    pushed: dict[str, Any] = desk.last("item")["item"]
    return pushed


async def test_a_mail_is_shown_with_its_conversation_and_answered_once(hall: House) -> None:
    async with hall.desk("amina") as desk:
        item = await in_hand(desk, hall)
        assert item["text"]["can_reply"] == "mail"
        first = item["text"]["messages"][0]
        assert (first["by"], first["text"]) == ("resident", "When are leaves collected?")
        assert item["words"] is None
        for _ in range(2):
            await desk.do("reply", item="M1", text="On Monday.", key="k1")
        said = desk.last("item")["item"]["text"]["messages"]
        assert [m["text"] for m in said if m["by"] == "agent"] == ["On Monday."]
        assert desk.last("item")["item"]["text"]["unanswered_since"] is None


async def test_what_a_resident_adds_reaches_the_desk_at_once(hall: House) -> None:
    async with hall.desk("amina") as desk:
        await in_hand(desk, hall)
        for n in (2, 3):
            await hall.mail(f"M{n}", f"more {n}", threads=("VM1",))
            pushed = await desk.until("item")
            assert pushed["item"]["text"]["messages"][-1]["text"] == f"more {n}"


async def test_the_second_reader_sees_whose_it_is_and_cannot_answer(hall: House) -> None:
    async with hall.desk("amina") as desk, hall.desk("boris") as other:
        await in_hand(desk, hall)
        [line] = (await get(hall, "boris", "/inbox")).json()
        assert (line["item"], line["agent"]) == ("M1", "amina")
        read = (await get(hall, "boris", "/items/M1/read")).json()
        assert read["text"]["messages"][0]["text"] == "When are leaves collected?"
        await other.send(type="reply", id="r", item="M1", text="Me too", key="k2")
        refused = await other.until("refused")
        assert refused["code"] == "not-allowed"
        await other.send(type="take", id="t", item="M1")
        assert (await other.until("refused"))["code"] == "not-allowed"
        await other.do("take", item="M1", force=True)
        assert hall.engine.state.items[ItemId("M1")].agent == "boris"
        assert (await desk.until("item", lambda m: not m["yours"]))["item"]["item"] == "M1"


async def test_reading_leaves_a_trail(hall: House) -> None:
    await hall.mail("M1", "secret")
    await get(hall, "boris", "/items/M1/read")
    lines = (await get(hall, "adele", "/audit")).json()
    assert ("boris", "item-read", "M1") in {(x["who"], x["what"], x["target"]) for x in lines}


@pytest.mark.parametrize(
    ("message", "waiting_for"),
    [
        ({"type": "wait"}, "resident"),
        ({"type": "snooze", "until": "2026-11-24T15:00:00Z"}, "until"),
        (
            {"type": "forward", "contact": "officer", "text": "yours?", "key": "f"},
            "department",
        ),
    ],
)
async def test_what_is_put_away_leaves_the_desk(
    hall: House, message: dict[str, Any], waiting_for: str
) -> None:
    async with hall.desk("amina") as desk:
        await in_hand(desk, hall)
        kind = message.pop("type")
        await desk.do(kind, item="M1", **message)
        [line] = (await get(hall, "boris", "/inbox")).json()
        assert (line["waiting_for"], line["owner"]) == (waiting_for, "amina")
        assert desk.last("item")["yours"] is False


async def test_a_form_is_answered_by_mail_to_the_address_it_gave(hall: House) -> None:
    async with hall.desk("chloe") as desk:
        await desk.do("status", status="available")
        await hall.form("F1")
        offer = (await desk.until("offer"))["offer"]
        await desk.do("accept", offer=offer["offer"])
        assert desk.last("item")["item"]["text"]["can_reply"] == "mail"
        await desk.do("reply", item="F1", text="Fixed.", key="k1", then="wait")
        assert hall.engine.state.conversations["F1M"].address_key == "key-of-r@example.org"


async def test_a_draft_survives_the_desk_and_goes_with_the_answer(hall: House) -> None:
    async with hall.desk("amina") as desk:
        await in_hand(desk, hall)
        await desk.do("draft", item="M1", text="On Mon")
        answer = await get(hall, "amina", "/items/M1/draft")
        assert answer.json()["text"] == "On Mon"
        await desk.do("reply", item="M1", text="On Monday.", key="k1")
        assert (await get(hall, "amina", "/items/M1/draft")).json()["text"] == ""


async def test_typing_is_told_both_ways_and_never_stored(hall: House) -> None:
    async with hall.desk("amina") as desk:
        await in_hand(desk, hall)
        before = hall.engine.state.version
        await desk.do("typing", item="M1")
        assert hall.typed == [("VM1", "amina")]
        hall.surface.resident_types("VM1")
        assert (await desk.until("typing"))["item"] == "M1"
        assert hall.engine.state.version == before


async def test_a_file_is_uploaded_and_sent_and_nothing_else_is(hall: House) -> None:
    async with hall.desk("amina") as desk, hall.http() as http:
        await in_hand(desk, hall)
        headers = await signed_in(hall, "amina")
        wanted = {"name": "map.png", "kind": "image/png"}
        made = (await http.post("/files", params=wanted, content=b"png", headers=headers)).json()
        wrong = {"name": "x.exe", "kind": "application/x-msdownload"}
        refused = await http.post("/files", params=wrong, content=b"MZ", headers=headers)
        assert refused.status_code == 403
        await desk.do("reply", item="M1", text="See the map.", key="k1", files=[made])
        sent = desk.last("item")["item"]["text"]["messages"][-1]
        assert sent["files"] == [
            {"name": "map.png", "kind": "image/png", "size": 3, "inline": False}
        ]
        unknown = made | {"blob": "0" * 64}
        await desk.send(type="reply", id="x", item="M1", text="a", key="k2", files=[unknown])
        assert (await desk.until("refused"))["code"] == "not-now"


async def test_html_and_files_are_served_so_that_nothing_runs(hall: House) -> None:
    page = await hall.blobs.put(b"<b>hello</b>")
    file = await hall.blobs.put(b"<script>alert(1)</script>")
    said = Said(
        text="hello",
        html=page,
        original=file,
        files=(FileRef(blob=file, name="a \u00e9.html", kind="text/html", size=25),),
    )
    await hall.mail("M1", "", said=said)
    shown = await get(hall, "boris", "/items/M1/conversations/VM1/messages/1/html")
    assert shown.text == "False [] <b>hello</b>"
    assert "sandbox" in shown.headers["content-security-policy"]
    saved = await get(hall, "boris", "/items/M1/conversations/VM1/messages/1/files/0")
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"].startswith("attachment")
    assert saved.headers["x-content-type-options"] == "nosniff"
    for path in ("VM1/messages/1/files/1", "VM1/messages/1/files/-1", "VM1/messages/9/html",
                 "VM2/messages/1/html"):  # fmt: skip
        assert (await get(hall, "boris", f"/items/M1/conversations/{path}")).status_code == 404
    original = await get(hall, "boris", "/items/M1/conversations/VM1/messages/1/original")
    assert original.status_code == 200


async def test_messages_of_merged_items_are_told_apart(hall: House) -> None:
    """Each begins with its message 1, at any depth of merging."""
    names = ("M1", "M2", "M3")
    async with hall.desk("amina") as desk:
        for name in names:
            html = await hall.blobs.put(f"of {name}".encode())
            await hall.mail(name, "", sender=name, said=Said(text=name, html=html))
        await desk.do("take", item="M1", force=True)
        await desk.do("merge", item="M3", into="M2")
        await desk.do("merge", item="M2", into="M1")
    view = (await get(hall, "boris", "/items/M1/read")).json()["text"]
    written = [m for m in view["messages"] if m["by"] == "resident"]
    assert {(m["conversation"], m["number"], m["text"]) for m in written} == {
        (f"V{name}", 1, name) for name in names
    }
    for name in names:
        shown = await get(hall, "boris", f"/items/M1/conversations/V{name}/messages/1/html")
        assert shown.text == f"False [] of {name}"


async def test_a_merge_and_a_split_by_the_desk(hall: House) -> None:
    async with hall.desk("amina") as desk:
        await in_hand(desk, hall)
        await hall.mail("M2", "the same", sender="bo")
        offer = (await desk.until("offer"))["offer"]
        await desk.do("accept", offer=offer["offer"])
        await desk.do("merge", item="M2", into="M1")
        assert hall.engine.state.items[ItemId("M2")].state is ItemState.CLOSED
        pushed = desk.last("item")["item"]
        merged = await get(hall, "amina", "/items/M1/read")
        assert len(merged.json()["text"]["messages"]) == 4  # two letters, two acknowledgements
        await desk.do("unmerge", item="M2")
        await hall.mail("M3", "and another thing", threads=("VM1",))
        await desk.do("split", item="M1", number=3)
        split = [ev for ev in hall.engine.state.items.values() if ev.id not in ("M1", "M2")]
        assert len(split) == 1
        assert pushed


async def test_canned_answers_are_filled_in(hall: House) -> None:
    await hall.mail("M1", "x")
    answers = (await get(hall, "amina", "/items/M1/answers")).json()
    assert answers == []


async def test_a_rule_is_undone_with_one_message(hall: House) -> None:
    async with hall.desk("amina") as desk:
        await hall.mail("M1", "x", rule="parking")
        assert hall.engine.state.items[ItemId("M1")].outcome == "refused"
        await desk.do("undo_rule", item="M1", reason="has a photo")
        assert hall.engine.state.items[ItemId("M1")].state is not ItemState.CLOSED


async def test_an_agent_flags_and_a_supervisor_blocks_and_unblocks(hall: House) -> None:
    await hall.mail("M1", "rude")
    async with hall.http() as http:
        agent, leader = await signed_in(hall, "boris"), await signed_in(hall, "sam")
        flagged = await http.post(
            "/items/M1/flag", json={"text": "rude", "key": "1"}, headers=agent
        )
        assert flagged.status_code == 200
        note = hall.engine.state.conversations["VM1"].messages[-1]
        assert note.kind is MessageKind.NOTE
        body = {"reason": "abuse", "hours": 24}
        assert (await http.post("/items/M1/block", json=body, headers=agent)).status_code == 403
        await http.post("/items/M1/block", json=body, headers=leader)
        listed = (await http.get("/blocked", headers=leader)).json()
        assert {row["key"] for row in listed} == {"VM1", "sam"}
        assert listed[0]["until"] == "2026-11-24T15:00:00Z"
        await http.delete("/blocked/VM1", headers=leader)
        assert [r["key"] for r in (await http.get("/blocked", headers=leader)).json()] == ["sam"]


def test_the_messages_that_the_protocol_names_are_the_commands_of_the_core() -> None:
    """Each kind of message that agents write has a command, and none is forgotten."""
    named = {
        kind
        for kind in vars(messages_text).values()
        if isinstance(kind, type) and issubclass(kind, ClientMessage) and kind is not ClientMessage
    }
    assert {*named, Consult} == WRITTEN
