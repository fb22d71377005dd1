"""A counter where people are written down by hand: the smallest channel that keeps every promise.

Its terminal posts JSON (see `Slip`) to `/counter`; `number` is what the terminal printed on the
resident's slip, so that a repeat is the same contact. Its outlet writes down what it was asked and
may be told to fail.
"""

from __future__ import annotations

import hmac
from typing import Final

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.contract import Capabilities, Limits
from router.core.commands import SubmitForm
from router.core.effects import Effect, EndLeg
from router.core.identity import address_key
from router.core.model import Channel, ItemId, Tempo
from router.core.state import State
from router.errors import ChannelError, CommandRefused, Overloaded, StorageError
from router.ports import Duty, Ids, Inbox, Outlet, Words

BODY_MAX: Final = 4096
log = structlog.get_logger("townline.counter")


class Slip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the terminal sends."""

    token: str
    number: str
    subject: str
    name: str = ""
    note: str = ""


class FakeOutlet:
    """Performs anything it knows, once for each key; `troubles` come first."""

    def __init__(self) -> None:
        self.performed: dict[str, Effect] = {}
        self.troubles: list[ChannelError] = []
        self.is_open = False

    async def perform(self, effect: Effect) -> str:
        if not isinstance(effect, EndLeg):
            raise ChannelError("the counter only ends things", retryable=False, reason="unknown")
        if not self.is_open:
            raise ChannelError("the counter is closed", retryable=True, reason="stopped")
        if self.troubles:
            raise self.troubles.pop(0)
        self.performed[effect.key] = effect
        return ""


class CounterChannel:
    """See `channels.contract.ChannelAdapter`."""

    name = Channel.WEBFORM
    tempos = frozenset({Tempo.SLOW_TEXT})
    limits = Limits(body_max=BODY_MAX, answer_s=5.0, effect_s=1.0)
    capabilities = Capabilities(effects=frozenset({EndLeg}))

    def __init__(self, inbox: Inbox, ids: Ids, token: str, secret: bytes) -> None:
        self._inbox = inbox
        self._ids = ids
        self._token = token
        self._secret = secret
        self._outlet = FakeOutlet()

    @property
    def outlet(self) -> Outlet:
        return self._outlet

    def routes(self) -> list[BaseRoute]:
        return [Route("/counter", self._arrive, methods=["POST"])]

    def duties(self) -> tuple[Duty, ...]:
        return ()

    async def start(self) -> None:
        self._outlet.is_open = True

    async def stop(self) -> None:
        self._outlet.is_open = False

    async def _arrive(self, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_MAX:
                return _refusal(413, "body-too-large")
        try:
            slip = msgspec.json.decode(body, type=Slip)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _refusal(400, "no-slip")
        if not hmac.compare_digest(slip.token.encode(), self._token.encode()):
            return _refusal(403, "wrong-token")
        if not slip.number:
            return _refusal(400, "no-number")
        return await self._take(slip)

    async def _take(self, slip: Slip) -> Response:
        fresh, key = ItemId(self._ids.item_id()), f"counter:{slip.number}"
        contact, note = self._ids.unique("w_"), self._ids.unique("w_")
        command = SubmitForm(
            item_id=fresh,
            key=key,
            form="report",
            subject=slip.subject,
            address_key=address_key(self._secret, "name", slip.name.lower()),
            contact_ref=contact,
            words_ref=note,
            language="en",
        )
        who = msgspec.json.encode({"number": "", "name": slip.name, "email": ""})
        words = (Words(contact, "contact", who), Words(note, "note", slip.note.encode()))

        def receipt(state: State) -> str:
            return state.keys[key].item if key in state.keys else fresh

        try:
            return JSONResponse(
                {"reference": await self._inbox.submit(command, receipt, words=words)}
            )
        except CommandRefused as refused:
            return _refusal(409, refused.code)
        except (StorageError, Overloaded) as error:
            return _refusal(503, error.code)
        except Exception:
            log.exception("counter-failed", code="counter-failed")
            return _refusal(503, "counter-failed")


def _refusal(status: int, code: str) -> Response:
    return JSONResponse({"code": code}, status)
