"""The carrier's own asynchronous client, with a time limit that holds and nothing in the log.

The library's client takes a timeout and does not use it, and it logs every request's parameters;
residents' numbers are among them.
"""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client


class TimedHttpClient(AsyncTwilioHttpClient):  # type: ignore[misc]
    """Gives up after `timeout_s`; make it inside the running loop, close it there."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self._timeout_s = timeout_s

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        **more: Any,
    ) -> Response:
        """Send one request. Errors: TimeoutError, aiohttp.ClientError."""
        headers = dict(headers or {})
        if auth is not None:  # as a header: the library's own way is deprecated in aiohttp
            named = base64.b64encode(":".join(auth).encode()).decode()
            headers["Authorization"] = f"Basic {named}"
        async with asyncio.timeout(self._timeout_s):
            return await super().request(method, url, headers=headers, **more)

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """Write nothing: a number stands in it."""

    def log_response(self, status_code: int, response: object) -> None:
        """Write nothing."""


def carrier_client(
    account_sid: str, auth_token: str, base_url: str, http_client: TimedHttpClient
) -> Client:
    """Return the library's client for the carrier at `base_url`."""
    client = Client(account_sid, auth_token, http_client=http_client)
    client.api.base_url = base_url.rstrip("/")
    return client
