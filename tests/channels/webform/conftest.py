"""The shipped town behind the web form, over ASGI in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from channels.webform.adapter import WebformChannel, WebformSettings
from channels.webform.standing import PastItem
from router.core.policy import Policy
from router.policy.load import load
from router.runtime.clock import VirtualClock
from router.runtime.ids import SeededIds
from tests.core.town import OPEN, Desk
from tests.fakes.inbox import FakeInbox

ROOT = Path(__file__).parents[3]
URL = "https://forms.example.org"


@lru_cache
def shipped() -> Policy:
    policy = load(ROOT, today=date(2026, 11, 23)).policy
    assert policy is not None
    return policy


@dataclass
class Site:
    channel: WebformChannel
    inbox: FakeInbox
    clock: VirtualClock
    client: httpx.AsyncClient
    past: dict[str, PastItem]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    inbox = FakeInbox(Desk(shipped()))
    clock = VirtualClock(OPEN)
    past: dict[str, PastItem] = {}

    async def find(item_id: str) -> PastItem | None:
        return past.get(item_id)

    channel = WebformChannel(
        inbox,
        SeededIds(1),
        clock,
        WebformSettings(secret=b"secret", public_url=URL, body_max=1_000_000),
        find,
    )
    app = Starlette(routes=channel.routes())
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 4000))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        yield Site(channel, inbox, clock, client, past)
