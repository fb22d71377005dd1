"""How the carrier asks the town: signed requests, time limits, retries.

Every request goes into the ledger with its answer. It never decides what is said in a webhook;
the caller gives the parameters. Source: Twilio's pages on webhook security, connection overrides
and errors 11200, 11205, 11751.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from channels.voice.practice.clock import SECOND, Clock, VirtualClock, within
from channels.voice.practice.faults import Faults, WebhookFault
from channels.voice.practice.ledger import Ledger, Sent, Trouble
from channels.voice.practice.overrides import Overrides, overrides_of

RETRY_PAUSE_S: Final = 1
"""Seconds between two attempts."""

Params = tuple[tuple[str, str], ...]


class Purpose(StrEnum):
    """Why a webhook is sent; stands in the ledger and is what faults match."""

    VOICE = "voice"
    REDIRECT = "redirect"
    GATHER = "gather"
    RECORD = "record"
    RECORDING = "recording-status"
    TRANSCRIPTION = "transcription"
    DIAL = "dial"
    WHISPER = "whisper"
    ENQUEUE = "enqueue"
    WAIT = "wait"
    DEQUEUE = "dequeue"
    HOLD = "hold"
    ANNOUNCE = "announce"
    STATUS = "status"
    CONFERENCE = "conference"
    MACHINE = "machine-detection"


class Fetch(msgspec.Struct, frozen=True):
    """A document that must be asked for."""

    url: str
    purpose: Purpose
    method: str = "POST"
    params: Params = ()  # besides what every request of the call carries


class Inline(msgspec.Struct, frozen=True):
    """A document that was handed over as text."""

    twiml: str


Source = Fetch | Inline


class Answer(msgspec.Struct, frozen=True):
    """What the town said."""

    url: str  # where relative addresses of the document start
    content_type: str
    body: bytes


class WebhookFailed(Exception):
    """No usable answer from the URL."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


class _Outcome(msgspec.Struct, frozen=True):
    response: httpx.Response | None = None
    error: str = ""
    failure: str = ""  # what a retry depends on, as in `Overrides.after`


class _Errand(msgspec.Struct, frozen=True):
    """One webhook under way, the same for all its attempts."""

    call_sid: str
    fetch: Fetch
    params: Params
    token: str
    patience: Overrides


class Webhooks:
    """Sends webhooks.

    Args:
        http: carries the requests; with a transport into an application or to a real server.
        headers: sent with every webhook besides the carrier's own.
        reach: (public origin, origin to connect to) where the town is published under another
            address than it listens on; signatures always cover the public one.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        clock: Clock,
        ledger: Ledger,
        *,
        auth_token: str,
        headers: Mapping[str, str] | None = None,
        reach: tuple[str, str] | None = None,
    ) -> None:
        self._http = http
        self._clock = clock
        self._ledger = ledger
        self._validator = RequestValidator(auth_token)
        self._headers = dict(headers or {})
        self._reach = reach
        self.faults: Faults[WebhookFault] = Faults()

    async def tell(self, call_sid: str, params: Params, fetch: Fetch) -> None:
        """Send a webhook whose answer does not matter."""
        try:
            await self.ask(call_sid, params, fetch)
        except WebhookFailed as failed:
            self._ledger.add(Trouble(self._clock.now(), call_sid, failed.code, failed.why))

    async def ask(self, call_sid: str, params: Params, fetch: Fetch) -> Answer:
        """Return what the URL answers to `params` and those of `fetch`.

        Errors: `WebhookFailed` when there is no answer in time (11200), no connection (11205), no
            success (11200), or the URL is none (11100).
        """
        if urlsplit(fetch.url).scheme not in ("http", "https"):
            raise WebhookFailed(11100, f"{fetch.url!r} is no web address")
        errand = _Errand(
            call_sid=call_sid,
            fetch=fetch,
            params=(*params, *fetch.params),
            token=secrets.token_hex(16),
            patience=overrides_of(fetch.url),
        )
        fault = self.faults.strike(fetch.purpose, fetch.url)
        if fault is None:
            return _answer(fetch, await self._send_and_retry(errand))
        if fault.delay_s:
            await self._sleep(fault.delay_s)
        if fault.drop:
            outcome = self._noted(errand, _Outcome(error="dropped on purpose", failure="ct"))
        elif fault.together:
            copies = [self._send(errand) for _ in range(1 + fault.repeat)]
            outcome = (await asyncio.gather(*copies))[-1]
        else:
            for _ in range(1 + fault.repeat):
                outcome = await self._send(errand)
        return _answer(fetch, outcome)

    async def _send_and_retry(self, errand: _Errand) -> _Outcome:
        patience = errand.patience
        give_up = self._clock.now() + round(patience.total_s * SECOND)
        outcome = await self._send(errand)
        for _ in range(patience.retries):
            if outcome.failure not in patience.after or self._clock.now() >= give_up:
                break
            await self._sleep(RETRY_PAUSE_S)
            outcome = await self._send(errand)
        return outcome

    async def _sleep(self, seconds: float) -> None:
        await self._clock.sleep_until(self._clock.now() + round(seconds * SECOND))

    async def _send(self, errand: _Errand) -> _Outcome:
        at = self._clock.now()
        limit_s = errand.patience.answer_s
        with self._busy():
            outcome = await within(self._clock, limit_s, self._exchange(errand))
        if outcome is None:
            outcome = _Outcome(error=f"no answer within {limit_s:g} s", failure="rt")
        return self._noted(errand, outcome, at=at)

    def _noted(self, errand: _Errand, outcome: _Outcome, *, at: int | None = None) -> _Outcome:
        response, fetch = outcome.response, errand.fetch
        self._ledger.add(
            Sent(
                at=self._clock.now() if at is None else at,
                call_sid=errand.call_sid,
                purpose=fetch.purpose,
                method=fetch.method,
                url=fetch.url,
                params=errand.params,
                token=errand.token,
                status=None if response is None else response.status_code,
                body="" if response is None else response.text,
                error=outcome.error,
            )
        )
        return outcome

    async def _exchange(self, errand: _Errand) -> _Outcome:
        fetch, params = errand.fetch, errand.params
        url, content = fetch.url.partition("#")[0], None
        signed: ImmutableMultiDict[str, str] = ImmutableMultiDict()
        if fetch.method == "GET" and params:
            url += ("&" if "?" in url else "?") + urlencode(params)
        elif fetch.method == "POST":
            content = urlencode(params).encode()
            signed = ImmutableMultiDict(params)
        headers = {
            "X-Twilio-Signature": self._validator.compute_signature(url, signed),
            "I-Twilio-Idempotency-Token": errand.token,
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            **self._headers,
        }
        if content is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        try:
            response = await self._http.request(
                fetch.method, self._reachable(url), content=content, headers=headers
            )
        except httpx.ConnectError as error:
            return _Outcome(error=f"no connection: {error}", failure="ct")
        except httpx.HTTPError as error:
            return _Outcome(error=f"cut off: {error or type(error).__name__}", failure="rt")
        failure = f"{response.status_code // 100}xx" if response.status_code >= 400 else ""
        return _Outcome(response=response, failure=failure)

    def _reachable(self, url: str) -> str:
        if self._reach is None:
            return url
        public, actual = self._reach
        return actual + url.removeprefix(public) if url.startswith(public) else url

    def _busy(self) -> AbstractContextManager[None]:
        return self._clock.busy() if isinstance(self._clock, VirtualClock) else nullcontext()


def _answer(fetch: Fetch, outcome: _Outcome) -> Answer:
    response = outcome.response
    if response is None:
        code = 11205 if outcome.failure == "ct" else 11200
        raise WebhookFailed(code, f"{fetch.url}: {outcome.error}")
    if not 200 <= response.status_code < 300:
        raise WebhookFailed(11200, f"{fetch.url}: HTTP {response.status_code}")
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(url=fetch.url, content_type=content_type, body=response.content)
