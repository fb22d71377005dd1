"""A town with a chat, asked by plain requests from a page of its site."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.channels.chat.chat_town import SITE, Chat, ChatTown


@pytest.fixture
def town() -> ChatTown:
    return ChatTown()


@pytest.fixture
async def http(town: ChatTown) -> AsyncIterator[httpx.AsyncClient]:
    async with town.http(Origin=SITE) as client:
        yield client


@pytest.fixture
async def chat(town: ChatTown, http: httpx.AsyncClient) -> Chat:
    return await town.open(http, locale="en-CA")
