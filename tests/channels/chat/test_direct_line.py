"""Direct Line 3.0 over HTTP: tokens, messages, reading by watermark, our own events."""

from __future__ import annotations

import json
from typing import Any

import httpx
import msgspec
import pytest

from channels.chat.adapter import ChatChannel
from channels.chat.tokens import TOKEN_S
from router.core import commands_text as t
from router.core import policy as p
from router.core.commands_hours import AnnounceMessage
from router.core.model import DAY, HOUR, MINUTE, SECOND, Condition, ItemState, MessageKind
from router.errors import Overloaded, StorageUnavailable
from router.ports import Said
from tests.channels.chat.chat_town import BASE, SITE, Chat, ChatTown, chatty_town
from tests.core.town import NIGHT, queue, rule


def said_in(town: ChatTown, chat: Chat) -> list[Said]:
    """Return the words of a conversation's messages."""
    row = town.state.conversations[chat.id]
    bodies = [town.inbox.words[message.ref].body for message in row.messages]
    return [msgspec.json.decode(body, type=Said) for body in bodies]


def contact_of(town: ChatTown, chat: Chat) -> dict[str, str]:
    ref = town.state.conversations[chat.id].contact_ref
    return dict(json.loads(town.inbox.words[ref].body))


# --- opening -------------------------------------------------------------------------------------


async def test_a_conversation_is_opened_like_at_the_real_service(
    town: ChatTown, http: httpx.AsyncClient
) -> None:
    token = (await http.post(f"{BASE}/tokens/generate")).json()
    assert set(token) == {"conversationId", "token", "expires_in"}
    assert token["expires_in"] == TOKEN_S == 1800
    headers = {"Authorization": f"Bearer {token['token']}"}
    opened = await http.post(f"{BASE}/conversations", headers=headers)
    assert opened.status_code == 201
    body = opened.json()
    assert body["conversationId"] == token["conversationId"]
    stream = f"wss://chat.town.test{BASE}/conversations/{body['conversationId']}/stream?watermark="
    assert body["streamUrl"].startswith(f"{stream}&t=")
    again = await http.post(f"{BASE}/conversations", headers=headers)
    assert again.status_code == 200
    assert town.inbox.commands == []  # nothing is stored before something is said


async def test_a_token_is_refreshed_for_the_same_conversation(
    town: ChatTown, http: httpx.AsyncClient, chat: Chat
) -> None:
    await town.inbox.clock.advance_to(town.inbox.now + 20 * MINUTE)
    headers = {"Authorization": f"Bearer {chat.token}"}
    fresh = (await http.post(f"{BASE}/tokens/refresh", headers=headers)).json()
    assert fresh["conversationId"] == chat.id
    assert fresh["token"] != chat.token
    await town.inbox.clock.advance_to(town.inbox.now + 20 * MINUTE)
    assert (await chat.ask("GET")).status_code == 403
    chat.token = fresh["token"]
    assert (await chat.ask("GET")).status_code == 200


async def test_an_expired_token_is_refused_as_clients_expect(town: ChatTown, chat: Chat) -> None:
    await town.inbox.clock.advance_to(town.inbox.now + TOKEN_S * SECOND)
    refused = await chat.post(type="message", text="late")
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "TokenExpired"


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "x" * 5000])
async def test_a_wrong_token_changes_nothing(town: ChatTown, chat: Chat, token: str) -> None:
    chat.headers = {"Authorization": f"Bearer {token}"}
    refused = await chat.post(type="message", text="hello")
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "BadArgument"
    assert town.inbox.commands == []


async def test_no_token_is_401_and_another_conversations_token_403(
    town: ChatTown, http: httpx.AsyncClient, chat: Chat
) -> None:
    chat.headers = {"Authorization": ""}
    assert (await chat.post(type="message", text="hello")).status_code == 401
    other = await town.open(http)
    chat.headers = {"Authorization": f"Bearer {other.token}"}
    assert (await chat.post(type="message", text="hello")).status_code == 403


async def test_a_stream_token_opens_nothing_else(http: httpx.AsyncClient, chat: Chat) -> None:
    url = (await chat.ask("GET")).json()["streamUrl"]
    chat.token = url.partition("&t=")[2]
    assert (await chat.ask("GET")).status_code == 403


# --- saying and reading --------------------------------------------------------------------------


async def test_a_message_is_stored_then_acknowledged_with_its_number(
    town: ChatTown, chat: Chat
) -> None:
    first = await chat.say("Is the pool open?")
    assert first == f"{chat.id}|0000001"
    assert await chat.say("On Monday?") == f"{chat.id}|0000002"
    row = town.state.conversations[chat.id]
    assert town.state.items[row.item].state is ItemState.QUEUED
    assert (row.door, row.language) == ("site", "en")
    assert [said.text for said in said_in(town, chat)] == ["Is the pool open?", "On Monday?"]


async def test_the_same_activity_twice_is_one_message_with_one_id(
    town: ChatTown, chat: Chat
) -> None:
    first = await chat.say("hello", cid="one")
    await chat.say("second", cid="two")
    assert await chat.say("hello", cid="one") == first
    assert len(town.state.conversations[chat.id].messages) == 2


async def test_without_an_id_a_repeat_is_one_and_a_second_yes_is_another(
    town: ChatTown, chat: Chat
) -> None:
    for text in ("yes", "yes", "no", "yes"):
        assert (await chat.post(type="message", text=text)).status_code == 200
    assert [said.text for said in said_in(town, chat)] == ["yes", "no", "yes"]


async def test_a_reader_gets_what_is_behind_the_watermark(town: ChatTown, chat: Chat) -> None:
    await town.sign_in("amina")
    await chat.say("hello", cid="one")
    item = await town.accept("amina")
    await town.reply(item, "amina", "Good morning")
    found = await chat.poll("0")
    assert found["watermark"] == "2"
    mine, hers, standing = found["activities"]
    assert mine["from"]["role"] == "user"
    assert mine["from"]["id"].startswith("dl_")
    assert mine["channelData"] == {"clientActivityID": "one"}
    assert mine["timestamp"] == "2026-11-23T15:00:00.000Z"
    assert (hers["text"], hers["from"]["name"], hers["from"]["role"]) == (
        "Good morning", "Amina", "bot",
    )  # fmt: skip
    assert standing["name"] == "townline/standing"
    assert await chat.texts("1") == ["Good morning"]
    assert await chat.texts("2") == []
    beyond = await chat.poll("99")
    assert (beyond["activities"][:-1], beyond["watermark"]) == ([], "2")


async def test_who_has_nothing_is_greeted_first(chat: Chat) -> None:
    await chat.say("hello")
    found = await chat.poll()
    assert [e["id"].partition("|")[2] for e in found["activities"]][:3] == ["g1", "g2", "0000001"]
    assert [e["text"] for e in found["activities"][:2]] == ["Hello", "In danger? Dial 911"]
    assert found["watermark"] == "1"


async def test_what_is_announced_is_read_before_the_greeting_in_the_residents_language(
    town: ChatTown, http: httpx.AsyncClient
) -> None:
    plows = {"en": "Plows are out.", "fr": "Les charrues sont sorties."}
    until = town.inbox.now + 2 * HOUR
    await town.do(AnnounceMessage(id="plows", text=plows, until=until, numbers=(), by="sam"))
    chat = await town.open(http, locale="fr-CA")
    first = (await chat.poll())["activities"][0]
    assert first["text"].startswith("Les charrues sont sorties. (Jusqu'au ")
    assert first["channelData"] == {"townline": "announcement"}
    await town.pass_time(3 * HOUR)
    later = await town.open(http, locale="fr-CA")
    assert (await later.poll())["activities"][0]["channelData"] == {"townline": "greeting"}


async def test_while_closed_that_is_said_instead_of_a_greeting(
    town: ChatTown, http: httpx.AsyncClient
) -> None:
    await town.pass_time(NIGHT - town.inbox.now)
    chat = await town.open(http, locale="fr-CA")
    text = "Closed until lundi 30 novembre à 8 h (fr)"
    assert (await chat.poll())["activities"][0]["text"] == text


async def test_what_is_written_while_closed_is_kept_and_the_chat_stays_open(
    town: ChatTown, http: httpx.AsyncClient
) -> None:
    """Also where the policy makes a message for the next morning of it."""
    for action in ("defer", "voicemail"):
        night = p.Fallback(id="night", rules=(rule("keep", action),))
        town = ChatTown(chatty_town(town={"fallbacks": {"night": night, "nobody": night}}))
        await town.pass_time(NIGHT - town.inbox.now)
        async with town.http() as http:
            chat = await town.open(http)
            await chat.say("The tap drips")
            standing = await chat.standing()
            assert (standing["state"], standing["can"][:2]) == ("closed", ["callback", "message"])
            assert standing["opens"] == "Monday, November 30, at 8 am"
            assert standing["reference"] == town.state.conversations[chat.id].item


async def test_notes_are_never_shown(town: ChatTown, chat: Chat) -> None:
    await town.sign_in("amina")
    await chat.say("hello")
    item = await town.accept("amina")
    await town.note(item, "amina", "a difficult one")
    await town.reply(item, "amina", "Yes?")
    assert ("agent:amina", MessageKind.NOTE) in town.kinds(chat.id)
    assert await chat.texts() == ["hello", "Yes?"]
    assert (await chat.poll("0"))["watermark"] == "3"


async def test_long_transcripts_come_in_pages(town: ChatTown) -> None:
    town = ChatTown(chatty_town(per_minute_max=1000))
    async with town.http() as http:
        chat = await town.open(http)
        for number in range(120):
            await chat.say(f"{number}")
        first = await chat.poll("0")
        assert first["watermark"] == "100"
        assert (await chat.poll("100"))["watermark"] == "120"
        assert len(await chat.texts("100")) == 20


async def test_the_language_is_that_of_the_page_else_of_the_activity_else_of_the_browser(
    town: ChatTown, http: httpx.AsyncClient
) -> None:
    for body, headers, activity, language in (
        ({"locale": "fr-CA"}, {}, {}, "fr"),
        ({}, {}, {"locale": "fr"}, "fr"),
        ({}, {"Accept-Language": "de, fr;q=0.7"}, {}, "fr"),
        ({"locale": "de"}, {}, {}, "en"),
    ):
        chat = await town.open(http, **body)
        chat.headers = headers
        await chat.say("hello", **activity)
        assert town.state.conversations[chat.id].language == language


async def test_a_page_may_choose_its_door_or_be_known_by_its_origin(
    town: ChatTown, http: httpx.AsyncClient
) -> None:
    assert (await http.post(f"{BASE}/tokens/generate", json={"door": "site"})).status_code == 200
    refused = await http.post(f"{BASE}/tokens/generate", json={"door": "cellar"})
    assert refused.status_code == 400


# --- nothing is acknowledged that is not stored --------------------------------------------------


@pytest.mark.parametrize("trouble", [StorageUnavailable("disk full"), Overloaded()])
async def test_what_cannot_be_stored_is_503_and_may_come_again(
    town: ChatTown, chat: Chat, trouble: Any
) -> None:
    town.inbox.trouble = trouble
    refused = await chat.post(type="message", text="hello", channelData={"clientActivityID": "a"})
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["Access-Control-Allow-Origin"] == SITE
    town.inbox.trouble = None
    assert await chat.say("hello", cid="a") == f"{chat.id}|0000001"


async def test_while_nothing_can_be_read_nobody_is_told_that_there_is_no_chat(
    town: ChatTown, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stalled(_: object) -> object:
        raise StorageUnavailable("an append hangs")

    with monkeypatch.context() as patch:
        patch.setattr(town.inbox, "read", stalled)
        refused = await http.post(f"{BASE}/tokens/generate")
    assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
    assert (await http.post(f"{BASE}/tokens/generate")).status_code == 200


async def test_a_message_without_readable_words_is_not_told_without_them(
    town: ChatTown, chat: Chat
) -> None:
    await chat.say("hello")
    town.words_trouble = True
    refused = await chat.ask("GET", "/activities?watermark=0")
    assert refused.status_code == 503
    town.words_trouble = False
    assert await chat.texts() == ["hello"]


async def test_words_that_were_removed_leave_a_notice(town: ChatTown, chat: Chat) -> None:
    await chat.say("my secret")
    town.inbox.words.clear()
    assert await chat.texts() == ["(This message was removed.)"]


async def test_after_a_restart_everything_goes_on(town: ChatTown, chat: Chat) -> None:
    first = await chat.say("hello", cid="one")
    town.restart()
    async with town.http() as http:
        chat.http = http
        assert await chat.say("hello", cid="one") == first
        await chat.say("again", cid="two")
        assert await chat.texts() == ["hello", "again"]


async def test_a_conversation_that_was_let_go_is_over(town: ChatTown, chat: Chat) -> None:
    assert (await chat.ask("GET", "/activities?watermark=3")).status_code == 404
    await town.inbox.clock.advance_to(town.inbox.now + 25 * MINUTE)
    assert await chat.say("who came first") == f"{chat.id}|0000001"


async def test_an_old_token_begins_no_conversation_whose_numbers_might_repeat(
    town: ChatTown, http: httpx.AsyncClient, chat: Chat
) -> None:
    for _ in range(2 * 24 * 3 + 1):
        await town.inbox.clock.advance_to(town.inbox.now + 20 * MINUTE)
        headers = {"Authorization": f"Bearer {chat.token}"}
        chat.token = (await http.post(f"{BASE}/tokens/refresh", headers=headers)).json()["token"]
    refused = await chat.post(type="message", text="hello")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "ConversationNotFound")


# --- our own events ------------------------------------------------------------------------------


async def test_a_resident_asks_to_be_rung(town: ChatTown, chat: Chat) -> None:
    await town.sign_in("amina", "boris", "chloe")
    await chat.say("hello")
    assert (await chat.tell("callback", number="905 555 0123")).status_code == 200
    asked = town.inbox.commands[-1]
    assert isinstance(asked, t.AskCallback)
    assert json.loads(town.inbox.words[asked.contact_ref].body)["number"] == "+19055550123"
    item = town.state.items[town.state.conversations[chat.id].item]
    assert item.callback is not None
    assert (await chat.standing())["state"] == "ended"


async def test_somebody_leaves_a_message_with_an_address(town: ChatTown, chat: Chat) -> None:
    answer = await chat.tell("message", text="Call me", email="r@example.org", name="Robin")
    assert answer.json()["id"] == f"{chat.id}|0000001"
    assert contact_of(town, chat) == {"number": "", "name": "Robin", "email": "r@example.org"}
    await chat.tell("message", text="And also", email="s@example.org", name="")
    assert contact_of(town, chat) == {"number": "", "name": "Robin", "email": "s@example.org"}
    assert len(town.state.conversations[chat.id].messages) == 2
    assert town.state.conversations[chat.id].address_key


def with_contact(**contact: Any) -> dict[str, Any]:
    data = {"clientActivityID": "cid-1", "contact": contact}
    return {"type": "message", "text": "hello", "channelData": data}


async def test_who_one_is_goes_with_the_first_message_and_outlives_a_restart(
    town: ChatTown, http: httpx.AsyncClient, chat: Chat
) -> None:
    first = await chat.post(**with_contact(name="Robin", email="r@example.org"))
    assert first.status_code == 200
    town.restart()
    async with town.http() as again:
        after = Chat(again, chat.id, chat.token)
        assert contact_of(town, after) == {"number": "", "name": "Robin", "email": "r@example.org"}
        # the answer was lost, so the client says it again
        repeat = await after.post(**with_contact(name="Robin", email="r@example.org"))
        assert repeat.json() == first.json()
        assert len(town.state.conversations[chat.id].messages) == 1
        assert (await after.tell("contact", name="Kim", email="")).status_code == 200
        assert contact_of(town, after) == {"number": "", "name": "Kim", "email": "r@example.org"}
        await after.post(**with_contact(email="s@example.org") | {"text": "I moved"})
        assert contact_of(town, after)["email"] == "s@example.org"


async def test_an_address_alone_begins_nothing_and_is_not_acknowledged(
    town: ChatTown, chat: Chat
) -> None:
    refused = await chat.tell("contact", name="Robin", email="r@example.org")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "NothingSaid")
    assert town.state.conversations == {}
    await chat.say("hello")
    assert town.state.conversations[chat.id].contact_ref == ""


async def test_channel_data_that_is_not_ours_changes_nothing(town: ChatTown, chat: Chat) -> None:
    for number, data in enumerate(({"contact": 7}, "text", [1], {"contact": {"email": 5}})):
        answer = await chat.post(type="message", text=f"{number}", channelData=data)
        assert answer.status_code == 200
    assert town.state.conversations[chat.id].contact_ref == ""


async def test_the_transcript_goes_where_the_resident_says(town: ChatTown, chat: Chat) -> None:
    await chat.say("hello")
    assert (await chat.tell("transcript", email="")).status_code == 400
    assert (await chat.tell("transcript", email="r@example.org")).status_code == 200
    assert [effect.what for effect in town.state.pending.values()] == ["transcript"]


async def test_the_survey_is_answered_once_the_chat_is_over(town: ChatTown, chat: Chat) -> None:
    await town.sign_in("amina")
    await chat.say("hello")
    item = await town.accept("amina")
    await town.reply(item, "amina", "Goodbye", then="close", code="answered")
    assert (await chat.standing())["can"] == ["transcript", "survey"]
    assert (await chat.tell("survey", score=4, text="kind")).status_code == 200
    assert town.state.conversations[chat.id].score == 4
    assert (await chat.standing())["can"] == ["transcript"]


@pytest.mark.parametrize(
    "end", [{"type": "endOfConversation"}, {"type": "event", "name": "townline/end"}]
)
async def test_a_resident_who_leaves_ends_the_chat(
    town: ChatTown, chat: Chat, end: dict[str, str]
) -> None:
    await chat.say("hello")
    assert (await chat.post(**end)).status_code == 200
    item = town.state.items[town.state.conversations[chat.id].item]
    assert item.state is ItemState.ABANDONED
    assert (await chat.standing())["state"] == "ended"


async def test_typing_is_passed_on_and_never_stored(town: ChatTown, chat: Chat) -> None:
    await chat.say("hello")
    before = len(town.inbox.commands)
    assert (await chat.post(type="typing")).status_code == 200
    assert town.typed == [chat.id]
    for _ in range(100):
        assert (await chat.post(type="typing")).status_code == 200
    assert len(town.typed) == 60
    assert len(town.inbox.commands) == before


async def test_what_we_do_not_know_is_acknowledged_and_changes_nothing(
    town: ChatTown, chat: Chat
) -> None:
    for activity in (
        {"type": "event", "name": "webchat/join"},
        {"type": "conversationUpdate"},
        {"type": "event", "name": "townline/later"},
        {"type": "event"},
    ):
        assert (await chat.post(**activity)).status_code == 200
    assert town.inbox.commands == []


BAD: list[Any] = [
    {},
    [],
    {"type": 7},
    {"type": "message"},
    {"type": "message", "text": " \u200b\u0000".replace("\u200b", "")},
    {"type": "message", "text": "x" * 4001},
    {"type": "message", "text": "x", "attachments": [{"contentUrl": "data:,x"}]},
    {"type": "event", "name": "townline/callback", "value": {"number": "none"}},
    {"type": "event", "name": "townline/callback", "value": 7},
    {"type": "event", "name": "townline/message", "value": {"text": "x", "email": "no"}},
    {"type": "event", "name": "townline/message", "value": {"text": "", "email": "a@b.test"}},
    {"type": "message", "text": "x", "channelData": {"contact": {"email": "no"}}},
    {"type": "message", "text": "x", "channelData": {"contact": {"name": "x" * 101}}},
    {"type": "event", "name": "townline/contact", "value": {}},
    {"type": "event", "name": "townline/contact", "value": {"name": "x" * 101}},
    {"type": "event", "name": "townline/survey", "value": {"score": 6}},
    {"type": "event", "name": "townline/survey", "value": {"score": "good"}},
]


@pytest.mark.parametrize("activity", BAD, ids=lambda a: json.dumps(a)[:60])
async def test_bad_activities_are_the_senders_error(
    town: ChatTown, chat: Chat, activity: Any
) -> None:
    refused = await chat.ask("POST", "/activities", json=activity)
    assert refused.status_code == 400
    assert set(refused.json()["error"]) == {"code", "message"}
    assert town.inbox.commands == []


async def test_what_cannot_be_done_now_is_a_conflict(town: ChatTown, chat: Chat) -> None:
    await town.sign_in("amina")
    await chat.say("hello")
    await town.accept("amina")
    refused = await chat.tell("callback", number="905 555 0123")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not-now")


async def test_a_button_that_sends_only_a_value_says_it(town: ChatTown, chat: Chat) -> None:
    assert (await chat.post(type="message", value="garbage day")).status_code == 200
    assert said_in(town, chat)[0].text == "garbage day"


# --- other sites ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "is_welcome"),
    [
        (SITE, True),
        ("https://chat.town.test", True),
        ("https://www.town.test.evil.test", False),
        ("http://www.town.test", False),
        ("null", False),
    ],
)
async def test_only_the_towns_pages_may_read_answers(
    town: ChatTown, origin: str, is_welcome: bool
) -> None:
    async with town.http(Origin=origin) as http:
        asked = await http.options(f"{BASE}/tokens/generate")
        assert asked.status_code == 204
        assert asked.headers.get("Access-Control-Allow-Origin") == (origin if is_welcome else None)
        assert asked.headers["Vary"] == "Origin"
        if is_welcome:
            headers = asked.headers["Access-Control-Allow-Headers"]
            assert {"authorization", "content-type", "x-ms-bot-agent"} <= set(headers.split(", "))
            assert int(asked.headers["Access-Control-Max-Age"]) > 0
        answer = await http.post(f"{BASE}/tokens/generate")
        assert answer.status_code == (200 if is_welcome else 403)
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_a_town_without_chat_says_so(town: ChatTown) -> None:
    from tests.core.text_town import writing_town

    town = ChatTown(writing_town(chat=None))
    async with town.http() as http:
        assert (await http.post(f"{BASE}/tokens/generate")).status_code == 404


# --- for programs that know nothing of our events ------------------------------------------------


async def test_a_standard_client_is_told_in_a_sentence_where_it_stands(
    town: ChatTown, chat: Chat
) -> None:
    chat.headers = {"x-ms-bot-agent": "DirectLine/3.0 (directlinejs 0.15.8)"}
    await town.sign_in("amina")
    await chat.say("hello")
    sentence = (await chat.poll())["activities"][-1]
    assert sentence["text"] == "You are next in line. We expect to be with you within 10 minutes."
    assert sentence["channelData"] == {"townline": "standing"}
    await town.accept("amina")
    assert (await chat.texts("1")) == ["Amina is with you now."]
    assert (await chat.texts("1")) == []


async def test_standing_is_derived_and_moves_no_watermark(town: ChatTown, chat: Chat) -> None:
    assert await chat.standing() == {
        "state": "away", "place": None, "wait_low_min": None, "wait_high_min": None,
        "agent": None, "reference": "", "opens": None, "can": ["callback", "message"],
        "times": [], "announced": [],
        "upload_max": 100_000, "upload_kinds": ["image/*", "application/pdf"],
    }  # fmt: skip
    await town.sign_in("amina")
    assert (await chat.standing())["state"] == "ready"
    await chat.say("hello")
    standing = await chat.standing()
    assert (standing["state"], standing["place"]) == ("waiting", 1)
    assert (standing["wait_low_min"], standing["wait_high_min"]) == (0, 10)
    assert standing["reference"] == town.state.conversations[chat.id].item
    await town.accept("amina")
    standing = await chat.standing()
    assert (standing["state"], standing["agent"], standing["place"]) == ("talking", "Amina", None)
    await town.pass_time(DAY)
    assert town.state.version > 0


def test_the_channel_offers_what_the_contract_asks(town: ChatTown) -> None:
    assert isinstance(town.channel, ChatChannel)
    assert [duty.name for duty in town.channel.duties()] == [
        "chat-keep-alive", "chat-refresh", "chat-absence",
    ]  # fmt: skip


# --- what a chain says ---------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "said"), [("en-CA", "sorry"), ("fr-CA", "sorry (fr)")])
async def test_what_follows_when_nobody_is_there_is_told_in_the_residents_language(
    locale: str, said: str
) -> None:
    general = queue("general", "$language", fates={Condition.UNSTAFFED: "nobody"})
    chain = p.Fallback(id="nobody", rules=(rule("sorry", "say"), rule("on", "queue", text={})))
    policy = chatty_town()
    queues = {**policy.queues, general.id: general}
    fallbacks = {**policy.fallbacks, "nobody": chain}
    town = ChatTown(msgspec.structs.replace(policy, queues=queues, fallbacks=fallbacks))
    async with town.http(Origin=SITE) as http:
        chat = await town.open(http, locale=locale)
        await chat.say("Hello?")
        await chat.say("Is anybody there?")
        found = (await chat.poll("0"))["activities"]
        told = [each for each in found if each["type"] == "message" and "|000" in each["id"]]
        assert [each["text"] for each in told] == ["Hello?", said, "Is anybody there?"]
        assert told[1]["from"]["role"] == "bot"
