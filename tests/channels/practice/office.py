"""A carrier whose REST calls are served on a real port, made by the real client and judged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from channels.voice.practice.rest import rest_app
from tests.channels.practice.town import ACCOUNT, TOKEN, Line, Town, line_to, served
from tests.channels.practice.twilio_spec import Judge

T = TypeVar("T")


class Office:
    """A line whose REST calls are served on a real port and judged."""

    def __init__(self, line: Line, judge: Judge, url: str) -> None:
        self.line, self.judge, self.url = line, judge, url
        self.client = self.signed_in(TOKEN)

    def signed_in(self, token: str, account: str = ACCOUNT) -> Any:
        client = Client(account, token)
        client.api.base_url = self.url
        return client

    async def do(self, call: Callable[[], T]) -> T:
        """Run a blocking client call beside the loop."""
        with self.line.clock.busy():
            return await asyncio.to_thread(call)

    async def refused(self, call: Callable[[], object]) -> tuple[int, int]:
        """Return the HTTP status and error number of a call that must be refused."""
        with pytest.raises(TwilioRestException) as caught:
            await self.do(call)
        return caught.value.status, caught.value.code


@asynccontextmanager
async def office(town: Town) -> AsyncIterator[Office]:
    async with line_to(town) as line:
        judge = Judge(rest_app(line.carrier))
        async with served(judge) as url:
            yield Office(line, judge, url)
        assert judge.mistakes == []


NEWS = ["initiated", "ringing", "answered", "completed"]
