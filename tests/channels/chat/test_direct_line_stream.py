"""The WebSocket: what was missed, then what is stored, as it is; restarts; who is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import websockets

from channels.chat.keeping import BEAT_EVERY_S
from router.core import commands as c
from router.core import commands_text as t
from router.core.model import DAY, MINUTE, SECOND, AgentId, ItemId
from router.errors import StorageUnavailable
from tests.channels.chat.chat_town import (
    BASE,
    SITE,
    Chat,
    ChatTown,
    Listener,
    chatty_town,
    listening,
    serving,
)
from tests.ports import free_port


@dataclass
class Served:
    town: ChatTown
    http: httpx.AsyncClient

    async def open(self, **body: str) -> Chat:
        return await self.town.open(self.http, **body)

    async def stream_url(self, chat: Chat, watermark: str = "", **headers: str) -> str:
        answer = await chat.ask("GET", f"?watermark={watermark}", headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["streamUrl"])

    @asynccontextmanager
    async def listen(
        self, chat: Chat, watermark: str = "", **headers: str
    ) -> AsyncIterator[Listener]:
        async with listening(await self.stream_url(chat, watermark, **headers)) as listener:
            yield listener

    async def run_duty(self, name: str) -> None:
        for duty in self.town.channel.duties():
            if duty.name == name:
                await duty()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    port = free_port()
    town = ChatTown(url=f"http://127.0.0.1:{port}")
    await town.sign_in("amina")
    async with serving(town, port), httpx.AsyncClient(base_url=town.url) as http:
        yield Served(town, http)


async def eventually(is_so: Callable[[], bool]) -> None:
    """Return once it is so: the other side of a socket has had its turn."""
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - what is waited for is in another task
            await asyncio.sleep(0.005)


async def test_a_stream_tells_what_was_missed_then_what_is_stored(served: Served) -> None:
    chat = await served.open()
    await chat.say("hello")
    async with served.listen(chat) as listener:
        first = await listener.next()
        assert [e["id"].partition("|")[2] for e in first] == ["g1", "g2", "0000001"]
        assert listener.watermark == "1"
        assert (await listener.standing("waiting"))["place"] == 1
        item = await served.town.accept("amina")
        assert (await listener.standing("talking"))["agent"] == "Amina"
        await served.town.reply(item, "amina", "Good morning")
        assert (await listener.until("message"))["text"] == "Good morning"
        await chat.say("thanks")
        assert (await listener.until("message"))["text"] == "thanks"
        assert listener.watermark == "3"


async def test_a_stream_goes_on_behind_its_watermark(served: Served) -> None:
    chat = await served.open()
    for text in ("one", "two", "three"):
        await chat.say(text)
    async with served.listen(chat, "2") as listener:
        await listener.standing("waiting")
        assert listener.texts == ["three"]


async def test_notes_move_the_watermark_and_are_not_told(served: Served) -> None:
    chat = await served.open()
    await chat.say("hello")
    item = await served.town.accept("amina")
    async with served.listen(chat, "1") as listener:
        await listener.standing("talking")
        await served.town.note(item, "amina", "a difficult one")
        served.town.channel.agent_types(chat.id, AgentId("amina"))
        await listener.until("typing")
        assert listener.watermark == "2"
        await served.town.reply(item, "amina", "Yes?")
        assert (await listener.until("message"))["text"] == "Yes?"
        assert listener.watermark == "3"
        assert listener.texts == ["Yes?"]


async def test_two_clients_of_one_conversation_hear_the_same(served: Served) -> None:
    chat = await served.open()
    async with served.listen(chat) as one, served.listen(chat) as two:
        await chat.say("hello")
        for listener in (one, two):
            await listener.until("message", text="hello")


async def test_what_is_not_stored_is_not_told(served: Served) -> None:
    chat = await served.open()
    async with served.listen(chat, "0") as listener:
        served.town.inbox.trouble = StorageUnavailable("disk full")
        assert (await chat.post(type="message", text="lost?")).status_code == 503
        served.town.inbox.trouble = None
        await chat.say("found")
        await listener.until("message", text="found")
        assert listener.texts == ["found"]


async def test_after_a_restart_nothing_is_lost_or_doubled(served: Served) -> None:
    """Clients come back to another daemon on the same port, and have everything once."""
    town = served.town
    chat = await served.open()
    await chat.say("one")
    async with served.listen(chat) as listener:
        await listener.until("message", text="one")
        await town.channel.stop()
        assert await listener.close_code() == 1012
        heard, watermark = listener.texts, listener.watermark
    town.restart()
    await chat.say("two", cid="b")
    await chat.say("two", cid="b")
    async with served.listen(chat, watermark) as listener:
        await listener.until("message", text="two")
        await chat.say("three")
        await listener.until("message", text="three")
        assert heard + listener.texts == ["one", "two", "three"]


async def test_a_message_waits_for_its_words(served: Served) -> None:
    chat = await served.open()
    town = served.town
    async with served.listen(chat, "0") as listener:
        await chat.say("hello")
        item = await town.accept("amina")
        await listener.standing("talking")
        town.words_trouble = True
        await town.reply(item, "amina", "Here")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await listener.next()
        town.words_trouble = False
        await town.inbox.clock.advance_to(town.inbox.now + SECOND)
        await listener.until("message", text="Here")


async def test_a_silent_stream_is_kept_alive_by_empty_frames(served: Served) -> None:
    chat = await served.open()
    async with served.listen(chat, "0") as listener:
        await listener.standing("ready")
        for _ in range(BEAT_EVERY_S):
            await served.run_duty("chat-keep-alive")
        assert await listener.next() == []


async def test_clients_may_send_empty_frames_and_anything_else(served: Served) -> None:
    chat = await served.open()
    async with served.listen(chat, "0") as listener:
        await listener.connection.send("")
        await listener.connection.send("{not json")
        await listener.connection.send(b"\x00")
        await chat.say("hello")
        await listener.until("message", text="hello")


async def test_others_leaving_the_line_change_the_place(served: Served) -> None:
    places: dict[int, Chat] = {}
    chats = [await served.open() for _ in range(3)]
    for chat in chats:
        await chat.say("hello")
    for chat in chats:
        places[(await chat.standing())["place"]] = chat
    async with served.listen(places[3]) as listener:
        assert (await listener.standing("waiting"))["place"] == 3
        await places[1].post(type="endOfConversation")
        await served.run_duty("chat-refresh")
        assert (await listener.standing("waiting"))["place"] == 2


async def test_an_agent_who_types_is_shown(served: Served) -> None:
    chat = await served.open()
    await chat.say("hello")
    await served.town.accept("amina")
    async with served.listen(chat, "1") as listener:
        await listener.standing("talking")
        served.town.channel.agent_types(chat.id, AgentId("amina"))
        typing = await listener.until("typing")
        assert typing["from"]["name"] == "Amina"
        assert listener.watermark == "1"


async def test_standard_clients_are_told_each_turn_once(served: Served) -> None:
    agent = {"x-ms-bot-agent": "DirectLine/3.0"}
    chat = await served.open()
    await chat.say("hello")
    async with served.listen(chat, "1", **agent) as listener:
        await listener.standing("waiting")
        await served.town.accept("amina")
        told = await listener.until("message")
        assert told["text"] == "Amina is with you now."
        watermark = listener.watermark
    async with served.listen(chat, watermark, **agent) as listener:
        again = await listener.until("message")
        assert again["id"] == told["id"]  # shown in the same place


async def test_the_same_turn_later_is_other_news(served: Served) -> None:
    chat = await served.open()
    await chat.say("hello")
    async with served.listen(chat, **{"x-ms-bot-agent": "DirectLine/3.0"}) as listener:
        await listener.standing("waiting")
        item = await served.town.accept("amina")
        await listener.standing("talking")
        await served.town.reply(item, "amina", "A colleague knows")
        await served.town.do(c.ReturnItem(item, AgentId("amina"), "not mine"))
        await listener.until("message", text="A colleague knows")
        await listener.standing("waiting")
        lines = [e["id"] for e in listener.told if "in line" in e.get("text", "")]
        assert len(set(lines)) == len(lines) == 2


# --- who may connect -----------------------------------------------------------------------------


async def refused(url: str, **options: object) -> int:
    with pytest.raises(websockets.InvalidStatus) as refusal:
        async with listening(url, **options):
            pass
    return int(refusal.value.response.status_code)


async def test_a_stream_needs_its_own_token_and_a_welcome_page(served: Served) -> None:
    chat = await served.open()
    url = await served.stream_url(chat)
    assert await refused(url.partition("&t=")[0]) == 403
    assert await refused(url.partition("&t=")[0] + f"&t={chat.token}") == 403
    other = await served.open()
    assert await refused(url.replace(chat.id, other.id)) == 403
    assert await refused(url, origin="https://evil.test") == 403
    async with listening(url, origin=SITE) as listener:
        await listener.next()
    await served.town.inbox.clock.advance_to(served.town.inbox.now + 2 * MINUTE)
    assert await refused(url) == 403
    served.town.blocked.add(chat.id)
    assert (await chat.ask("GET")).status_code == 403


async def test_the_oldest_of_too_many_streams_gives_way(served: Served) -> None:
    chat = await served.open()
    url = await served.stream_url(chat)
    connections = [await websockets.connect(url) for _ in range(9)]
    try:
        room = served.town.channel._rooms.get(chat.id)
        assert room is not None
        await eventually(lambda: len(room.listeners) == 8)
        assert await Listener(connections[0]).close_code() == 1013
    finally:
        for connection in connections:
            await connection.close()


# --- who is away ---------------------------------------------------------------------------------


def mailed(town: ChatTown) -> list[int]:
    return [each.number for each in town.inbox.commands if isinstance(each, t.MailUnread)]


async def test_what_a_resident_who_left_has_not_seen_goes_by_mail_once(served: Served) -> None:
    town = served.town
    chat = await served.open()
    await chat.say("hello")
    await chat.tell("contact", email="r@example.org")
    item = await town.accept("amina")
    room = town.channel._rooms
    async with served.listen(chat) as listener:
        await listener.until("message", text="hello")
    await eventually(lambda: room.get(chat.id).gone_since is not None)  # type: ignore[union-attr]
    await town.pass_time(4 * MINUTE)
    await town.reply(item, "amina", "Still there?")
    await town.pass_time(4 * MINUTE)
    await town.reply(item, "amina", "Goodbye then")
    await town.pass_time(2 * MINUTE)
    await served.run_duty("chat-absence")
    assert mailed(town) == []  # away for ten minutes, but not with something unread
    await town.pass_time(4 * MINUTE)
    for _ in range(2):
        await served.run_duty("chat-absence")
    assert mailed(town) == [1]
    assert [effect.what for effect in town.state.pending.values()] == ["unread"]
    async with served.listen(chat, "1") as listener:  # and the chat goes on where it was
        await listener.until("message", text="Goodbye then")


async def shown_in_part(served: Served) -> Chat:
    """Return a chat in which the second of two answers has not reached the resident."""
    chat = await served.open()
    await chat.say("hello")
    await chat.tell("contact", email="r@example.org")
    item = await served.town.accept("amina")
    await served.town.reply(item, "amina", "Shown there")
    await served.town.reply(item, "amina", "Lost on the way")
    return chat


async def test_who_is_connected_to_another_daemon_gets_no_mail_before_they_leave(
    served: Served,
) -> None:
    town, chat = served.town, await shown_in_part(served)
    for _ in range(8):
        town.channel.elsewhere.hear({chat.id: (2, True)})
        await town.pass_time(4 * MINUTE)
        await served.run_duty("chat-absence")
    assert mailed(town) == []
    town.channel.elsewhere.hear({chat.id: (2, False)})
    await town.pass_time(4 * MINUTE)
    await served.run_duty("chat-absence")
    assert mailed(town) == []
    await town.pass_time(8 * MINUTE)
    for _ in range(2):
        await served.run_duty("chat-absence")
    assert mailed(town) == [2]  # what was shown is not mailed


async def test_who_is_first_heard_of_when_they_have_left_is_not_mailed_what_was_shown(
    served: Served,
) -> None:
    town, chat = served.town, await shown_in_part(served)
    elsewhere = town.channel.elsewhere
    elsewhere.hear({chat.id: (2, False)})
    elsewhere.hear({})
    assert elsewhere.of(chat.id).sent == 2
    await town.pass_time(12 * MINUTE)
    await served.run_duty("chat-absence")
    assert mailed(town) == [2]
    await town.pass_time(DAY)
    elsewhere.hear({})
    assert elsewhere.of(chat.id).sent == 0  # not kept for ever


async def test_others_are_told_who_is_here_and_what_was_shown(served: Served) -> None:
    town = served.town
    chat = await served.open()
    await chat.say("hello")
    item = await town.accept("amina")
    assert town.channel.elsewhere.present() == {}
    async with served.listen(chat) as listener:
        await town.reply(item, "amina", "Here")
        await listener.until("message", text="Here")
        await eventually(lambda: town.channel.elsewhere.present() == {chat.id: (2, True)})
    await eventually(lambda: town.channel.elsewhere.present() == {chat.id: (2, False)})
    await town.pass_time(2 * MINUTE)
    assert town.channel.elsewhere.present() == {}


async def test_who_is_connected_gets_no_mail(served: Served) -> None:
    town = served.town
    chat = await served.open()
    await chat.say("hello")
    item = await town.accept("amina")
    async with served.listen(chat) as listener:
        await town.reply(item, "amina", "Here")
        await listener.until("message", text="Here")
        await town.pass_time(20 * MINUTE)
        await served.run_duty("chat-absence")
        assert mailed(town) == []
    await town.pass_time(20 * MINUTE)
    await served.run_duty("chat-absence")
    assert mailed(town) == []  # everything was told before they left


async def test_who_is_connected_is_not_mailed_what_could_not_be_told_yet(served: Served) -> None:
    town = served.town
    chat = await served.open()
    await chat.say("hello")
    item = await town.accept("amina")
    async with served.listen(chat) as listener:
        await listener.until("message", text="hello")
        town.words_trouble = True
        await town.reply(item, "amina", "Here")
        await town.pass_time(20 * MINUTE)
        await served.run_duty("chat-absence")
        assert mailed(town) == []


async def test_after_a_restart_who_wrote_last_has_read_until_there(served: Served) -> None:
    town = served.town
    chat = await served.open()
    await chat.say("hello")
    item = await town.accept("amina")
    await town.reply(item, "amina", "one")
    await chat.say("and?")
    await town.reply(item, "amina", "two")
    town.restart()
    await served.run_duty("chat-absence")
    await town.pass_time(10 * MINUTE)
    await served.run_duty("chat-absence")
    assert mailed(town) == [3]


async def test_who_answers_by_mail_has_not_read_what_the_chat_said_since(served: Served) -> None:
    town = served.town
    chat = await served.open()
    await chat.tell("contact", email="r@example.org")
    await chat.say("hello")
    item = await town.accept("amina")
    await town.reply(item, "amina", "Still there?")
    row = town.state.conversations[chat.id]
    answer = t.ReceiveMail(
        item_id=ItemId("m1"),
        conversation="new",
        key="mail:m1",
        mailbox="info",
        address_key=row.address_key,
        contact_ref=row.contact_ref,
        words_ref="w-m1",
        language="en",
        threads=(chat.id,),
    )
    await town.do(answer)
    town.restart()
    await served.run_duty("chat-absence")
    await town.pass_time(10 * MINUTE)
    await served.run_duty("chat-absence")
    assert mailed(town) == [1]


async def test_mail_that_cannot_be_stored_is_asked_for_again(served: Served) -> None:
    town = served.town
    chat = await served.open()
    await chat.say("hello")
    item = await town.accept("amina")
    await town.reply(item, "amina", "one")
    await town.pass_time(20 * MINUTE)
    town.inbox.trouble = StorageUnavailable("disk full")
    await served.run_duty("chat-absence")
    town.inbox.trouble = None
    await served.run_duty("chat-absence")
    assert mailed(town) == [1]


async def test_a_town_that_never_mails_is_obeyed() -> None:
    town = ChatTown(chatty_town(mail_after=0))
    await town.sign_in("amina")
    async with town.http() as http:
        chat = await town.open(http)
        await chat.say("hello")
        item = await town.accept("amina")
        await town.reply(item, "amina", "one")
        await town.pass_time(60 * MINUTE)
        for duty in town.channel.duties():
            await duty()
    assert mailed(town) == []


async def test_a_lost_connection_counts_as_told_only_what_is_some_beats_old(
    served: Served,
) -> None:
    """Who vanishes without a word may not have read what was sent last."""
    town = served.town
    chat = await served.open()
    await chat.tell("contact", email="r@example.org")
    await chat.say("hello")
    item = await town.accept("amina")
    room = None
    async with served.listen(chat) as listener:
        await listener.until("message", text="hello")
        await town.reply(item, "amina", "Are you there?")
        await listener.until("message", text="Are you there?")
        room = town.channel._rooms.get(chat.id)
        assert room is not None
        await eventually(lambda: room.sent == 2)
        await served.run_duty("chat-absence")  # nothing is owed while they are here
        listener.connection.transport.abort()
        await eventually(lambda: not room.listeners)
    await town.pass_time(10 * MINUTE)
    await served.run_duty("chat-absence")
    assert mailed(town) == [0]
    assert f"{BASE}/conversations/{chat.id}" in await served.stream_url(chat)
