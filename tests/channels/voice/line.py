"""A voice channel over the fake inbox, and a carrier that signs what it posts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import httpx
from starlette.applications import Starlette
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from channels.voice.adapter import VoiceChannel, VoiceSettings
from channels.voice.urls import RETRIES
from router.runtime.ids import SeededIds
from tests.core.town import Desk
from tests.fakes.contacts import FakeContacts
from tests.fakes.inbox import FakeInbox

PUBLIC = "https://town.example.org"
TOKEN = "current-token"
OLD_TOKEN = "token-before"
RESIDENT = "+19055550123"
TOWN = "+19055550100"
CALL = "CA" + "a" * 32
FALLBACK = "+19055550199"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"


@dataclass
class Heard:
    """An answer to a webhook."""

    response: httpx.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        return self.response.text

    @property
    def verbs(self) -> list[ElementTree.Element]:
        return list(ElementTree.fromstring(self.text))

    @property
    def names(self) -> list[str]:
        return [verb.tag for verb in self.verbs]

    def all(self, tag: str) -> list[ElementTree.Element]:
        return list(ElementTree.fromstring(self.text).iter(tag))

    def said(self) -> list[str]:
        return [verb.text or "" for verb in self.all("Say")]

    def action(self) -> str:
        """Return the path of the first URL to which something leads, without overrides."""
        for element in ElementTree.fromstring(self.text).iter():
            if "action" in element.attrib:
                return element.attrib["action"].removeprefix(PUBLIC).removesuffix(RETRIES)
        raise AssertionError(f"nothing leads on from {self.text}")


class Line:
    """Posts webhooks to the channel as the carrier does."""

    def __init__(self, desk: Desk | None = None, **settings: object) -> None:
        self.inbox = FakeInbox(desk)
        self.contacts = FakeContacts()
        made = VoiceSettings(
            **{  # type: ignore[arg-type]
                "public_url": PUBLIC,
                "account_sid": "AC" + "0" * 32,
                "auth_tokens": (TOKEN, OLD_TOKEN),
                "secret": b"secret",
                "fallback_number": FALLBACK,
                **settings,
            }
        )
        self.channel = VoiceChannel(self.inbox, SeededIds(1), made, self.contacts)
        app = Starlette(routes=self.channel.routes())
        app.router.redirect_slashes = False  # as the daemon serves it
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://inside.test"
        )

    async def post(
        self,
        path: str,
        fields: Mapping[str, str] | list[tuple[str, str]],
        *,
        token: str = TOKEN,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Heard:
        path = path.partition("#")[0]  # connection overrides: for the carrier alone
        pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
        content = urlencode(pairs).encode() if body is None else body
        signature = RequestValidator(token).compute_signature(
            PUBLIC + path, ImmutableMultiDict(pairs)
        )
        sent = {"X-Twilio-Signature": signature, "Content-Type": FORM, **(headers or {})}
        return Heard(await self.http.post(path, content=content, headers=sent))

    async def call(self, path: str = "/voice/incoming", **fields: str) -> Heard:
        """Post what every webhook of the resident's leg carries, and more."""
        return await self.post(path, {**standard(), **fields})

    async def follow(self, url: str, **fields: str) -> Heard:
        """Post to an URL of a document."""
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return await self.call(f"{parts.path}{query}", **fields)


def standard(call: str = CALL) -> dict[str, str]:
    return {
        "CallSid": call,
        "AccountSid": "AC" + "0" * 32,
        "From": RESIDENT,
        "To": TOWN,
        "Caller": RESIDENT,
        "Called": TOWN,
        "CallStatus": "in-progress",
        "Direction": "inbound",
        "ApiVersion": "2010-04-01",
        "FromCity": "",
    }


ASKED = [
    "/voice/incoming",
    "/voice/flow/{}/1",
    "/voice/wait/{}/1",
    "/voice/key/{}",
    "/voice/left/{}/1",
    "/voice/move/{}",
    "/voice/hold/{}",
    "/voice/agent/{}/{}-1",
    "/voice/agent/{}/{}-1/answer",
    "/voice/resident/{}/{}-1",
    "/voice/on-call/{}/1",
    "/voice/on-call/{}/1/answer",
    "/voice/resident/{}/{}-1/answer",
    "/voice/third/{}/{}-1",
    "/voice/third/{}/{}-1/answer",
    "/voice/listener/{}/{}-1",
    "/voice/listener/{}/{}-1/answer",
    "/voice/alone/{}/{}-1",
    "/voice/alone/{}/{}-1/answer",
]
TOLD = [
    "/voice/agent/{}/{}-1/status",
    "/voice/resident/{}/{}-1/status",
    "/voice/third/{}/{}-1/status",
    "/voice/listener/{}/{}-1/status",
    "/voice/alone/{}/{}-1/status",
    "/voice/room/{}",
    "/voice/outside/{}/1",
    "/voice/status",
]


def filled(path: str, item: str) -> str:
    return path.replace("{}", item)
