"""Files by chat: what is taken, how they are kept, how others get them."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from router.core import commands_text as t
from router.core.model import MINUTE, MessageKind
from tests.channels.chat.chat_town import Chat, ChatTown, chatty_town
from tests.core.text_town import writing_town

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


async def upload(
    chat: Chat,
    *files: tuple[str, bytes, str],
    cid: str = "up-1",
    text: str = "",
    **more: Any,
) -> httpx.Response:
    """Send files as Microsoft's clients do: the activity is a file among them."""
    activity = {"type": "message", "text": text, "channelData": {"clientActivityID": cid}} | more
    activity["attachments"] = [{"name": name, "contentType": kind} for name, _, kind in files]
    told = json.dumps(activity).encode()
    parts: list[Any] = [("activity", ("blob", told, "application/vnd.microsoft.activity"))]
    parts += [("file", file) for file in files]
    return await chat.ask("POST", "/upload?userId=dl_x", files=parts)


async def test_files_are_kept_before_the_message_and_given_back_safely(
    town: ChatTown, chat: Chat
) -> None:
    page = ("../pit\u202e.pdf", b"%PDF", "application/pdf")
    answer = await upload(chat, ("a b.png", PICTURE, "image/png"), page, text="look")
    assert answer.json() == {"id": f"{chat.id}|0000001"}
    assert town.kinds(chat.id) == [("resident", MessageKind.FILE)]
    shown = (await chat.poll("0"))["activities"][0]
    assert shown["text"] == "look"
    assert [(a["name"], a["contentType"]) for a in shown["attachments"]] == [
        ("a b.png", "image/png"),
        ("pit.pdf", "application/pdf"),
    ]
    url = shown["attachments"][0]["contentUrl"]
    assert "b.png" not in url  # no words of a resident in an address
    got = await chat.http.get(url)  # as a picture in a page, without a header
    assert got.content == PICTURE
    assert got.headers["Content-Type"] == "image/png"
    assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%20b.png"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert (await chat.ask("GET", "/files/1/1")).content == b"%PDF"


async def test_the_same_upload_twice_is_one_message(town: ChatTown, chat: Chat) -> None:
    file = ("a.png", PICTURE, "image/png")
    first, again = await upload(chat, file), await upload(chat, file)
    assert first.json() == again.json()
    assert len(town.state.conversations[chat.id].messages) == 1
    assert len(town.blobs.bodies) == 1


async def test_files_alone_are_a_message_too(town: ChatTown, chat: Chat) -> None:
    for body in (PICTURE, PICTURE + b"2"):
        parts = {"file": ("a.png", body, "image/png")}
        assert (await chat.ask("POST", "/upload", files=parts)).status_code == 200
    assert len(town.state.conversations[chat.id].messages) == 2


async def test_kinds_that_are_never_shown_are_bytes(town: ChatTown) -> None:
    town = ChatTown(chatty_town(upload_kinds=("image/*", "text/html")))
    async with town.http() as http:
        chat = await town.open(http)
        await upload(chat, ("x.svg", b"<svg/>", "image/svg+xml"), ("y.html", b"<b>", "text/html"))
        for index in (0, 1):
            got = await chat.ask("GET", f"/files/1/{index}")
            assert got.headers["Content-Type"] == "application/octet-stream"


async def test_only_whose_conversation_it_is_gets_its_files(
    town: ChatTown, http: httpx.AsyncClient, chat: Chat
) -> None:
    await upload(chat, ("a.png", PICTURE, "image/png"))
    url = (await chat.poll("0"))["activities"][0]["attachments"][0]["contentUrl"]
    assert (await http.get(url.partition("?")[0])).status_code == 401
    assert (await http.get(url + "x")).status_code == 403
    other = await town.open(http)
    assert (await http.get(url.replace(chat.id, other.id))).status_code == 403
    for path in ("/files/1/1", "/files/2/0", "/files/0/0", "/files/99999999999/0"):
        assert (await chat.ask("GET", path)).status_code == 404
    await town.inbox.clock.advance_to(town.inbox.now + 31 * MINUTE)
    assert (await http.get(url)).status_code == 403


async def test_a_file_beside_a_note_is_not_for_residents(town: ChatTown, chat: Chat) -> None:
    await town.sign_in("amina")
    await chat.say("hello")
    item = await town.accept("amina")
    await town.note(item, "amina", "see the file")
    await upload(chat, ("a.png", PICTURE, "image/png"))
    assert (await chat.ask("GET", "/files/3/0")).status_code == 200
    assert (await chat.ask("GET", "/files/2/0")).status_code == 404


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ([("a.exe", b"MZ", "application/x-msdownload")], 415),
        ([("a.png", b"x", "image")], 415),
        ([("a.png", b"x" * 100_001, "image/png")], 413),
        ([("a.png", b"x" * 60_000, "image/png")] * 2, 413),
        ([("a.png", b"x" * 300_000, "image/png")], 413),
        ([("a.png", b"x", "image/png")] * 11, 400),
        ([], 400),
    ],
    ids=str,
)
async def test_what_is_not_taken_is_said(
    town: ChatTown, chat: Chat, files: list[Any], status: int
) -> None:
    assert (await upload(chat, *files)).status_code == status
    assert town.inbox.commands == []
    assert town.blobs.bodies == {}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\n", "multipart/form-data"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
         "multipart/form-data; boundary=x"),
        (b"\xff\xfe", "multipart/form-data; boundary=\xff"),
        (b"{}", "application/json"),
        (b"{}", ""),
    ],
)  # fmt: skip
async def test_a_form_that_is_none_is_the_senders_error(
    town: ChatTown, chat: Chat, body: bytes, content_type: str
) -> None:
    chat.headers = {"Content-Type": content_type.encode("ascii", "replace").decode()}
    assert (await chat.ask("POST", "/upload", content=body)).status_code in (400, 415)
    assert town.inbox.commands == []


async def test_a_file_that_cannot_be_kept_is_not_acknowledged(town: ChatTown, chat: Chat) -> None:
    town.blobs.trouble = True
    assert (await upload(chat, ("a.png", PICTURE, "image/png"))).status_code == 503
    assert not any(isinstance(each, t.ReceiveChat) for each in town.inbox.commands)


async def test_a_town_that_takes_no_files_says_so() -> None:
    town = ChatTown(writing_town())
    async with town.http() as http:
        chat = await town.open(http)
        assert (await upload(chat, ("a.png", PICTURE, "image/png"))).status_code == 400
        assert (await chat.standing())["upload_max"] == 0
