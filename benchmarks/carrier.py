"""Whole telephone calls as the carrier's webhooks: signed, each following what the last answered.

A call: incoming, two keys (language, subject), the waiting room's first
announcement, hang-up. What is signed and asked next is taken from the TwiML that came back.
"""

from __future__ import annotations

import base64
import hmac
import re
import time
from itertools import count
from typing import Final
from urllib.parse import urlencode

from benchmarks.servers import ACCOUNT, TOKEN
from benchmarks.wire import BadAnswer, Lines, post

FORM_TYPE: Final = "application/x-www-form-urlencoded"
KEYS: Final = "10"
ACTION: Final = re.compile(rb'action="http://[^/"]*(/[^"]*)"')
WAIT: Final = re.compile(rb'waitUrl="http://[^/"]*(/[^"]*)"')
WEBHOOKS: Final = 5  # of one call

_FIELDS: Final = {
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "CallSid": "",
    "CallStatus": "in-progress",
    "CallToken": "%7B%22parentCallInfoToken%22%3A%22" + "x" * 120 + "%22%7D",
    "Called": "+19055550100",
    "CalledCity": "WILLOWMERE",
    "CalledCountry": "CA",
    "CalledState": "ON",
    "CalledZip": "",
    "Caller": "",
    "CallerCity": "WILLOWMERE",
    "CallerCountry": "CA",
    "CallerState": "ON",
    "CallerZip": "",
    "Direction": "inbound",
    "From": "",
    "FromCity": "WILLOWMERE",
    "FromCountry": "CA",
    "FromState": "ON",
    "FromZip": "",
    "To": "+19055550100",
    "ToCity": "WILLOWMERE",
    "ToCountry": "CA",
    "ToState": "ON",
    "ToZip": "",
}


class Carrier:
    """Calls one server; `spans` are the milliseconds until each webhook's answer."""

    def __init__(self, port: int) -> None:
        self.lines = Lines(port)
        self.spans: list[float] = []
        self.done = 0
        self._root = f"http://127.0.0.1:{port}"
        self._numbers = count(1)

    async def call(self) -> None:
        """Make one whole call."""
        number = next(self._numbers)
        caller = f"+1555{number:07}"  # area code 555 is nobody's
        fields = {**_FIELDS, "CallSid": f"CA{number:032x}", "From": caller, "Caller": caller}
        answer = await self._ask("/voice/incoming", {**fields, "CallStatus": "ringing"})
        for key in KEYS:
            answer = await self._ask(_found(ACTION, answer), {**fields, "Digits": key})
        await self._ask(_found(WAIT, answer), {**fields, "QueuePosition": "1"})
        await self._ask("/voice/status", {**fields, "CallStatus": "completed"})
        self.done += 1

    async def _ask(self, path: str, fields: dict[str, str]) -> bytes:
        said = "".join(name + value for name, value in sorted(fields.items()))
        mac = hmac.digest(TOKEN.encode(), (self._root + path + said).encode(), "sha1")
        signature = base64.b64encode(mac).decode()
        body = urlencode(fields).encode()
        request = post(path, body, FORM_TYPE, f"X-Twilio-Signature: {signature}")
        line = await self.lines.take()
        sent = time.perf_counter()
        status, answer = await line.ask(request)
        self.spans.append((time.perf_counter() - sent) * 1e3)
        self.lines.free.append(line)
        if status not in (200, 204):
            raise BadAnswer(f"{path}: {status} {answer[:200]!r}")
        return answer


def _found(wanted: re.Pattern[bytes], answer: bytes) -> str:
    """Return the path in the document; what follows `#` is for the carrier and is not sent."""
    found = wanted.search(answer)
    if found is None:
        raise BadAnswer(f"no {wanted.pattern!r} in {answer[:900]!r}")
    return found[1].decode().replace("&amp;", "&").partition("#")[0]
