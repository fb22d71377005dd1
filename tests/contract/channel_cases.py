"""Each channel as the contract suite meets it: how contacts come in, and what must not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

import httpx
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from channels.chat.adapter import ChatChannel
from channels.chat.entrance import ChatSettings
from channels.chat.tokens import Grant, Tokens
from channels.contract import ChannelAdapter
from channels.voice.adapter import VoiceChannel, VoiceSettings
from channels.webform.adapter import WebformChannel, WebformSettings
from router.core import policy as p
from router.core.model import SECOND
from router.core.policy_forms import Field
from router.ports import Inbox, Words
from router.runtime.clock import VirtualClock
from router.runtime.ids import SeededIds
from router.runtime.publisher import Publisher
from tests.channels.chat.chat_town import MemoryBlobs
from tests.core.text_town import chat_policy, mail_policy
from tests.core.town import OPEN, both, town
from tests.fakes.channel import CounterChannel
from tests.fakes.contacts import FakeContacts

URL = "https://town.example.org"
NAME = "Robin Example"
NUMBER = "+19055550123"


@dataclass(frozen=True)
class Sent:
    """One request of the outside."""

    path: str
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"


@dataclass(frozen=True)
class Case:
    """A channel and its outside."""

    id: str
    make: Callable[[Inbox, int], ChannelAdapter]  # the number seeds its chance
    arrival: Callable[[int], Sent]  # the n-th contact; the same n is a repeat
    is_acknowledged: Callable[[httpx.Response], bool]
    answer: Callable[[httpx.Response], str]  # what a repeat must be told again
    words: tuple[str, ...]  # of the resident, in every arrival
    bad: tuple[Sent, ...]
    forged: tuple[Sent, ...]  # () for a channel that is open to everybody
    oversized: Sent


# --- voice ---------------------------------------------------------------------------------------


def webhook(
    path: str, fields: dict[str, str], token: str = "token", body: bytes | None = None
) -> Sent:
    signature = RequestValidator(token).compute_signature(URL + path, ImmutableMultiDict(fields))
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    return Sent(path, urlencode(fields).encode() if body is None else body, headers)


def call(n: int, **more: str) -> dict[str, str]:
    return {
        "CallSid": f"CA{n:032x}",
        "From": NUMBER,
        "To": "+19055550100",
        "CallStatus": "ringing",
        "CallerName": NAME,
        **more,
    }


def voice(inbox: Inbox, seed: int) -> ChannelAdapter:
    settings = VoiceSettings(
        public_url=URL, account_sid="AC" + "0" * 32, auth_tokens=("token",), secret=b"secret"
    )
    return VoiceChannel(inbox, SeededIds(seed), settings, FakeContacts())


VOICE = Case(
    id="voice",
    make=voice,
    arrival=lambda n: webhook("/voice/incoming", call(n)),
    is_acknowledged=lambda r: r.status_code == 200 and "<Gather" in r.text,
    answer=lambda r: r.text,
    words=(NAME, NUMBER),
    bad=(
        webhook("/voice/incoming", {"From": NUMBER}),
        webhook("/voice/incoming", {"CallSid": "a b"}),
        webhook("/voice/incoming", {}, body=b"CallSid=%ff"),
        webhook("/voice/status", call(9, CallStatus="completed")),
        Sent("/voice/incoming", b"{}", {"Content-Type": "application/json"}),
    ),
    forged=(
        webhook("/voice/incoming", call(1), token="another"),
        Sent(
            "/voice/incoming", b"CallSid=CA1", {"Content-Type": "application/x-www-form-urlencoded"}
        ),
    ),
    oversized=webhook("/voice/incoming", call(1, Digits="1" * 70_000)),
)


# --- web forms -----------------------------------------------------------------------------------


def form_town() -> p.Policy:
    """The small town, with two fields on its form."""
    policy = town()
    fields = tuple(
        Field(
            id=name,
            kind=kind,
            label=both(name),
            help={},
            required=True,
            length_max=200,
            choices={},
            identity=identity,
        )
        for name, kind, identity in (("name", "text", True), ("what", "long_text", False))
    )
    old = policy.forms["report"]
    report = p.FormRule(
        **{name: getattr(old, name) for name in old.__struct_fields__} | {"fields": fields}
    )
    return town(forms={"report": report}, chat=chat_policy(), mail=mail_policy())


def submission(fields: dict[str, str], n: int = 0) -> Sent:
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"key-{n:020}"}
    return Sent("/forms/report", json.dumps(fields).encode(), headers)


def webform(inbox: Inbox, seed: int) -> ChannelAdapter:
    settings = WebformSettings(secret=b"secret", public_url=URL, body_max=100_000)
    return WebformChannel(inbox, SeededIds(seed), VirtualClock(OPEN), settings)


WEBFORM = Case(
    id="webform",
    make=webform,
    arrival=lambda n: submission({"name": NAME, "what": f"A hole {n}"}, n),
    is_acknowledged=lambda r: r.is_success,
    answer=lambda r: str(r.json().get("reference")),
    words=(NAME, "A hole"),
    bad=(
        submission({"what": "nameless"}),
        Sent("/forms/report", b"{", {"Content-Type": "application/json"}),
        Sent("/forms/report", b"\xff\xfe", {"Content-Type": "application/json"}),
        Sent("/forms/nosuchform", b"{}", {"Content-Type": "application/json"}),
    ),
    forged=(),
    oversized=submission({"name": NAME, "what": "x" * 200_000}),
)


# --- chat ----------------------------------------------------------------------------------------


def activity(text: str, n: int = 0, token: str = "") -> Sent:
    """One message of the n-th resident, whose token was given at the start."""
    grant = Grant(conversation=f"chat-{n}", user=f"dl_{n}", born=OPEN // SECOND)
    body = {"type": "message", "text": text, "from": {"id": f"dl_{n}", "name": NAME}}
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {token or Tokens(b'secret').give(grant, OPEN)}",
    }
    path = f"/v3/directline/conversations/chat-{n}/activities"
    return Sent(
        path,
        json.dumps(body | {"channelData": {"clientActivityID": f"cid-{n}"}}).encode(),
        headers,
    )


def chat(inbox: Inbox, seed: int) -> ChannelAdapter:
    async def find(refs: list[str]) -> dict[str, Words]:
        return {}

    return ChatChannel(
        inbox,
        SeededIds(seed),
        VirtualClock(OPEN),
        ChatSettings(secret=b"secret", public_url=URL, body_max=65_536),
        publisher=Publisher(),
        words=find,
        blobs=MemoryBlobs(),
        typing=lambda _: None,
        blocked=lambda _: False,
    )


CHAT = Case(
    id="chat",
    make=chat,
    arrival=lambda n: activity(f"Is there a hole {n}?", n),
    is_acknowledged=lambda r: r.is_success,
    answer=lambda r: str(r.json().get("id")),
    words=(NAME, "Is there a hole"),
    bad=(
        activity(""),
        activity("x" * 5000),
        replace(activity("x"), content=b"{"),
        replace(activity("x"), content=b"\xff\xfe"),
        replace(activity("x"), content=b'{"type": "event", "name": "townline/survey"}'),
    ),
    forged=(
        activity("x", token="guess"),
        activity("x", token=Tokens(b"another").give(Grant("chat-0", "dl_0", OPEN), OPEN)),
        replace(activity("x", 1), path="/v3/directline/conversations/chat-2/activities"),
        replace(activity("x"), headers={}),
    ),
    oversized=activity("x" * 70_000),
)


# --- the shipped fake ----------------------------------------------------------------------------


def slip(n: int, **more: str) -> Sent:
    fields = {
        "token": "token",
        "number": str(n),
        "subject": "pothole",
        "name": NAME,
        "note": "my secret sorrow",
    }
    return Sent("/counter", json.dumps(fields | more).encode())


COUNTER = Case(
    id="fake",
    make=lambda inbox, seed: CounterChannel(inbox, SeededIds(seed), "token", b"secret"),
    arrival=slip,
    is_acknowledged=lambda r: r.is_success,
    answer=lambda r: str(r.json()["reference"]),
    words=(NAME, "my secret sorrow"),
    bad=(slip(1, number=""), Sent("/counter", b"{"), Sent("/counter", b"\xff"), slip(1, odd="x")),
    forged=(slip(1, token="guess"), slip(1, token="")),
    oversized=slip(1, note="x" * 5000),
)

CASES = (VOICE, WEBFORM, CHAT, COUNTER)
