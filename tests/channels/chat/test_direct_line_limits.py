"""Direct Line 3.0: how much one resident, one address and one program may ask for."""

from __future__ import annotations

import httpx

from channels.sameness import network_key
from router.core.model import SECOND
from tests.channels.chat.chat_town import BASE, CLIENT, SITE, Chat, ChatTown, chatty_town


async def test_too_many_messages_in_a_minute_have_to_wait(town: ChatTown, chat: Chat) -> None:
    for number in range(20):
        await chat.say(str(number))
    refused = await chat.post(type="message", text="one more")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "3"
    await town.inbox.clock.advance_to(town.inbox.now + 3 * SECOND)
    await chat.say("one more")


async def test_one_address_begins_so_many_chats_an_hour(town: ChatTown) -> None:
    town = ChatTown(chatty_town(conversations_per_hour_max=2))
    async with town.http(Origin=SITE) as http:
        chats = [await town.open(http) for _ in range(3)]
        for chat in chats[:2]:
            await chat.say("hello")
        assert (await chats[2].post(type="message", text="hello")).status_code == 429
        await chats[0].say("still here")


async def test_programs_get_as_many_tokens_as_chats(town: ChatTown) -> None:
    town = ChatTown(chatty_town(conversations_per_hour_max=2))
    async with town.http() as http:
        answers = [await http.post(f"{BASE}/tokens/generate") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]


async def test_what_is_too_large_is_refused_before_it_is_read(chat: Chat) -> None:
    assert (await chat.post(type="message", text="x" * 200_000)).status_code == 413


async def test_who_is_blocked_is_told_so(
    town: ChatTown, http: httpx.AsyncClient, chat: Chat
) -> None:
    town.blocked.add(chat.id)
    refused = await chat.post(type="message", text="hello")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Blocked")
    other = await town.open(http)  # another conversation is not
    await other.tell("message", text="hello", email="r@example.org")
    town.blocked = {town.state.conversations[other.id].address_key}
    assert (await other.post(type="message", text="again")).status_code == 403
    town.blocked = {network_key(b"secret", CLIENT[0])}
    assert (await http.post(f"{BASE}/tokens/generate")).status_code == 403
