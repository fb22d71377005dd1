"""The parts by themselves: tokens, keys, limits, what is read of an activity, widget files."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.chat import codec
from channels.chat.activities import page_after
from channels.chat.contact import mail_address, telephone
from channels.chat.refusals import Refused
from channels.chat.replies import own_origins
from channels.chat.rooms import Glimpse, Room
from channels.chat.standing import Standing, Stands
from channels.chat.tokens import Grant, Tokens, Use
from router.core.model import MINUTE, SECOND, Channel, ItemId, MessageKind
from router.core.records import Conversation, Message
from tests.channels.chat.chat_town import ChatTown
from tests.core.town import OPEN

GRANT = Grant(conversation="chat-1", user="dl_1", born=OPEN // SECOND, door="site", locale="fr")


# --- tokens --------------------------------------------------------------------------------------


def test_a_token_says_what_it_was_given_for() -> None:
    tokens = Tokens(b"secret")
    read = tokens.read(tokens.give(GRANT, OPEN), OPEN)
    assert msgspec.structs.replace(read, exp=0) == GRANT
    assert read.exp == OPEN // SECOND + 1800


def test_microsofts_clients_can_read_the_user_out_of_it() -> None:
    payload = Tokens(b"secret").give(GRANT, OPEN).split(".")[1]
    body = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert (body["user"], body["conv"]) == ("dl_1", "chat-1")


@given(place=st.integers(0, 300), letter=st.sampled_from("A0_-.é"))
def test_a_token_with_any_letter_changed_is_refused(place: int, letter: str) -> None:
    tokens = Tokens(b"secret")
    token = tokens.give(GRANT, OPEN)
    at = place % len(token)
    forged = token[:at] + letter + token[at + 1 :]
    if forged == token:
        return
    with pytest.raises(Refused) as refusal:
        tokens.read(forged, OPEN)
    assert (refusal.value.status, refusal.value.code) == (403, "BadArgument")


def test_a_token_cannot_choose_its_proof() -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    payload = Tokens(b"secret").give(GRANT, OPEN).split(".")[1]
    for forged in (f"{header}.{payload}.", f"{header}.{payload}"):
        with pytest.raises(Refused):
            Tokens(b"secret").read(forged, OPEN)


def test_another_secret_and_the_secret_itself_sign_nothing_that_counts() -> None:
    token = Tokens(b"other").give(GRANT, OPEN)
    body = token.rpartition(".")[0]
    raw = hmac.new(b"secret", body.encode(), hashlib.sha256).digest()
    plain = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    for forged in (token, f"{body}.{plain}"):
        with pytest.raises(Refused):
            Tokens(b"secret").read(forged, OPEN)


def test_a_stream_is_opened_within_a_minute() -> None:
    tokens = Tokens(b"secret")
    token = tokens.give(GRANT, OPEN, use=Use.STREAM)
    tokens.read(token, OPEN + 59 * SECOND, use=Use.STREAM)
    with pytest.raises(Refused):
        tokens.read(token, OPEN + 60 * SECOND, use=Use.STREAM)
    with pytest.raises(Refused):
        tokens.read(token, OPEN, use=Use.FILE)


def test_an_old_token_opens_nothing_but_its_own_renewal() -> None:
    tokens = Tokens(b"s" * 32)
    token = tokens.give(GRANT, OPEN)
    later = OPEN + 24 * 60 * MINUTE
    with pytest.raises(Refused):
        tokens.read(token, later)
    old = tokens.read(token, later, is_over_allowed=True)
    assert tokens.read(tokens.refreshed(old, later), later).conversation == GRANT.conversation


def test_a_conversation_is_refreshed_for_thirty_days() -> None:
    tokens = Tokens(b"secret")
    tokens.refreshed(GRANT, OPEN + 30 * 24 * 60 * MINUTE)
    with pytest.raises(Refused):
        tokens.refreshed(GRANT, OPEN + 30 * 24 * 60 * MINUTE + SECOND)


def test_names_do_not_become_user_ids() -> None:
    tokens = Tokens(b"secret")
    assert tokens.user_of("dl_abc") == "dl_abc"
    assert tokens.user_of("") == ""
    hidden = tokens.user_of("robin@example.org")
    assert hidden.startswith("dl_")
    assert "robin" not in hidden
    assert hidden == tokens.user_of("robin@example.org")


# --- limits --------------------------------------------------------------------------------------


def test_a_machine_that_talks_to_itself_has_two_names() -> None:
    assert own_origins("https://Chat.town.test/x") == {"https://chat.town.test"}
    assert own_origins("http://127.0.0.1:8400") == {
        "http://127.0.0.1:8400",
        "http://localhost:8400",
    }


# --- the codec -----------------------------------------------------------------------------------


def status_of(body: bytes) -> int:
    """Return how the codec takes any bytes."""
    try:
        activity = codec.read(body)
        codec.wish_of(activity, 100)
    except Refused as refused:
        return refused.status
    assert len(codec.key_of("c", codec.client_id(activity), body, None)) < 110
    return 200


@given(st.binary(max_size=300))
def test_any_bytes_are_an_activity_or_refused(body: bytes) -> None:
    assert status_of(body) in (200, 400)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(
    kind=st.sampled_from(["message", "event", "typing", "endOfConversation", "x"]),
    name=st.sampled_from([f"townline/{n}" for n in ("callback", "message", "survey", "contact")]),
    more=st.fixed_dictionaries(
        {}, optional={k: json_values for k in ("text", "value", "channelData", "from", "locale")}
    ),
)
def test_any_field_may_hold_anything(kind: str, name: str, more: dict[str, object]) -> None:
    body = json.dumps({"type": kind, "name": name} | more).encode()
    assert status_of(body) in (200, 400)


def test_what_says_nothing_is_cut_and_right_to_left_stays() -> None:
    assert codec.clean(" a\r\nb\x00\x1b\u202e\t ") == "a\nb"
    hebrew = "\u2067\u05e9\u05dc\u05d5\u05dd\u2069 e\u0301"
    assert codec.clean(hebrew) == hebrew.replace("e\u0301", "é")


def test_strange_ids_of_clients_become_keys_all_the_same() -> None:
    plain = codec.key_of("c", "abc-1.2_3", b"", None)
    assert plain == "chat:c:abc-1.2_3"
    for strange in ("a:b", "Robin Example", "x" * 100, "é"):
        key = codec.key_of("c", strange, b"", None)
        assert key.startswith("chat:c:")
        assert strange not in key


@pytest.mark.parametrize(
    ("text", "number"),
    [("", None), ("-", None), ("undefined", None), ("0", 0), ("12", 12), ("0000012", 12)],
)
def test_watermarks_that_clients_send(text: str, number: int | None) -> None:
    assert codec.watermark_of(text) == number


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "²", "1" * 10])
def test_other_watermarks_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        codec.watermark_of(text)


def test_addresses_have_one_form() -> None:
    assert telephone("(905) 555-0123") == "+19055550123"
    assert mail_address(" r@example.org ") == "r@example.org"
    for wrong in ("", "12", "call me", "9" * 50):
        with pytest.raises(Refused):
            telephone(wrong)
    for wrong in ("", "r", "r@", "r@x", "a b@example.org", "r@example.org\nBcc: x@example.org"):
        with pytest.raises(Refused):
            mail_address(wrong)


# --- pages ---------------------------------------------------------------------------------------

KINDS = st.sampled_from(list(MessageKind))


@given(st.lists(KINDS, max_size=250), st.integers(0, 300))
def test_pages_together_are_everything_shown_once_in_order(
    kinds: list[MessageKind], after: int
) -> None:
    messages = tuple(
        Message(number=n, kind=kind, by="resident", at=OPEN, ref="m", item=ItemId("I"))
        for n, kind in enumerate(kinds, 1)
    )
    row = Conversation(
        id="c", channel=Channel.CHAT, door="", address_key="", contact_ref="", language="en",
        begun_at=OPEN, count=len(kinds), messages=messages,
    )  # fmt: skip
    seen, at = [], after
    while True:
        page = page_after(row, at)
        seen += [message.number for message in page.messages]
        if page.last == min(at, row.count):
            break
        at = page.last
    hidden = {MessageKind.NOTE, MessageKind.FORWARD, MessageKind.MACHINE}
    assert seen == [m.number for m in messages if m.number > after and m.kind not in hidden]
    assert page.last == len(kinds)


async def test_an_older_look_never_replaces_a_newer_one(town: ChatTown) -> None:
    def look(version: int, state: Stands) -> Glimpse:
        return Glimpse(version, town.state.policy, None, Standing(state))

    room = Room("c", "site", "en", look(5, Stands.READY))
    room.show(look(4, Stands.CLOSED))
    assert room.standing.state is Stands.READY
    room.show(look(5, Stands.AWAY))  # time alone can change it
    assert (room.standing.state, room.news) == (Stands.AWAY, 6)


# --- the widget ----------------------------------------------------------------------------------


@pytest.fixture
def page(http: httpx.AsyncClient) -> httpx.AsyncClient:
    return http


async def test_the_widget_is_asked_for_anew_and_its_modules_are_kept(
    page: httpx.AsyncClient,
) -> None:
    entry = await page.get("/widget.js")
    assert entry.headers["Content-Type"].startswith("text/javascript")
    assert entry.headers["Cache-Control"] == "no-cache"
    assert entry.headers["Access-Control-Allow-Origin"] == "*"
    assert entry.headers["Content-Encoding"] == "gzip"
    path = entry.text.partition('"./widget/')[2].partition('"')[0]
    module = await page.get(f"/widget/{path}")
    assert module.status_code == 200
    assert "immutable" in module.headers["Cache-Control"]
    again = await page.get("/widget.js", headers={"If-None-Match": entry.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await page.get("/widget.js", headers={"Accept-Encoding": "identity"})
    assert plain.text == entry.text


@pytest.mark.parametrize("path", ["/widget/no.js", "/widget/files.py", "/widget/..%2fadapter.py"])
async def test_nothing_else_is_served(page: httpx.AsyncClient, path: str) -> None:
    assert (await page.get(path)).status_code == 404


async def test_the_page_for_trying_has_a_strict_policy(
    town: ChatTown, page: httpx.AsyncClient
) -> None:
    answer = await page.get("/chat")
    assert "townline-chat" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
