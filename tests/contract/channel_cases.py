"""Each channel as the contract suite meets it: how contacts come in, and what must not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from channels.contract import ChannelAdapter
from channels.voice.adapter import VoiceChannel, VoiceSettings
from channels.webform.adapter import WebformChannel, WebformSettings
from router.core import policy as p
from router.ports import Inbox
from router.runtime.clock import VirtualClock
from router.runtime.ids import SeededIds
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
        p.Field(
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
    return town(forms={"report": report})


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

CASES = (VOICE, WEBFORM, COUNTER)
