"""The carrier: people call the town through it, and the town calls people through it.

`async with Carrier(...) as carrier:` and then `carrier.call_in(...)`. Nothing is global; several
carriers may live in one process. On leaving, whoever is still on the line hangs up and the town is
told so before everything stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Final

import httpx
import msgspec

from channels.voice.practice.call import Call, StatusCallback
from channels.voice.practice.clock import Clock
from channels.voice.practice.exchange import Exchange, Pace
from channels.voice.practice.faults import Faults, RestFault, WebhookFault
from channels.voice.practice.handset import Handset
from channels.voice.practice.ledger import Ledger
from channels.voice.practice.meeting import meet
from channels.voice.practice.outbound import Detection, new_call, start
from channels.voice.practice.player import Player
from channels.voice.practice.repertoire import REPERTOIRE
from channels.voice.practice.verbs import Room
from channels.voice.practice.webhooks import Fetch, Params, Purpose, Source, Webhooks

FAREWELL_LIMIT_S: Final = 2
"""Real seconds that leaving waits for the town to take the last news."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """The carrier account: who it is and which addresses of the town it calls."""

    account_sid: str  # AC and 32 hex digits
    auth_token: str
    voice_url: str
    fallback_url: str = ""
    status_url: str = ""  # told when an incoming call has ended
    rest_url: str = "https://api.twilio.com"  # where the town reaches the carrier


class Carrier:
    """A telephone carrier.

    Args:
        http: carries the webhooks; closed by whoever made it.
        headers: sent with every webhook besides the carrier's own.
        reach: (public origin, origin to connect to), see `Webhooks`.
    """

    def __init__(
        self,
        subscription: Subscription,
        *,
        http: httpx.AsyncClient,
        clock: Clock,
        pace: Pace | None = None,
        headers: Mapping[str, str] | None = None,
        reach: tuple[str, str] | None = None,
    ) -> None:
        self.subscription = subscription
        self.ledger = Ledger()
        self.webhooks = Webhooks(
            http,
            clock,
            self.ledger,
            auth_token=subscription.auth_token,
            headers=headers,
            reach=reach,
        )
        self.exchange = Exchange(
            clock=clock,
            ledger=self.ledger,
            webhooks=self.webhooks,
            account_sid=subscription.account_sid,
            rest_url=subscription.rest_url.rstrip("/"),
            pace=pace or Pace(),
        )
        self.rest_faults: Faults[RestFault] = Faults()
        self._group = asyncio.TaskGroup()

    @property
    def webhook_faults(self) -> Faults[WebhookFault]:
        """The mishaps that webhooks still have before them."""
        return self.webhooks.faults

    async def __aenter__(self) -> Carrier:
        """Open the line."""
        await self._group.__aenter__()
        self.exchange.open(self._group)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up for everybody, let the town know, and stop."""
        try:
            for call in list(self.exchange.calls.values()):
                call.hang_up()
            async with asyncio.timeout(FAREWELL_LIMIT_S):
                await self.exchange.told()
        except TimeoutError:
            pass  # the town does not listen any more
        finally:
            self.exchange.stop()
            await self._group.__aexit__(kind, error, trace)

    def register(self, address: str, handset: Handset) -> None:
        """Plug in a telephone: a number, "sip:..." or "client:..."."""
        self.exchange.handsets[address] = handset

    def answer_everything(self, handset: Handset) -> None:
        """Have every telephone that nobody registered behave like this one."""
        self.exchange.default_handset = handset

    def call_in(self, from_: str, to: str, *, extra: Params = ()) -> Call:
        """Dial the town; the call goes on by itself from here.

        `extra` are parameters that every webhook of this call carries besides the standard ones.
        """
        callback = None
        if self.subscription.status_url:
            callback = StatusCallback(self.subscription.status_url)
        call = Call(
            self.exchange,
            sid=self.exchange.new_sid("CA"),
            from_=from_,
            to=to,
            direction="inbound",
            callback=callback,
            extra=extra,
        )
        call.fallback_url = self.subscription.fallback_url
        self.exchange.calls[call.sid] = call
        call.ring()
        player = Player(self.exchange, call, REPERTOIRE)

        async def begin() -> Source:
            return Fetch(self.subscription.voice_url, Purpose.VOICE)

        self.exchange.spawn(player.run(begin))
        return call

    def call_out(
        self,
        from_: str,
        to: str,
        source: Source | Room,
        *,
        timeout_s: int = 60,
        callback: StatusCallback | None = None,
        detection: Detection | None = None,
        fallback_url: str = "",
        limit_s: int | None = None,
    ) -> Call:
        """Ring somebody for the town; whoever answers hears the document or sits in the room."""
        call = new_call(self.exchange, from_=from_, to=to, callback=callback)
        call.fallback_url = fallback_url

        async def answered(player: Player) -> Source | None:
            if limit_s is not None:
                self.exchange.after(limit_s, lambda: call.end("completed"))
            if isinstance(source, Room):
                await meet(player, source)
                return None
            return source

        start(
            self.exchange,
            call,
            REPERTOIRE,
            timeout_s=timeout_s,
            answered=answered,
            detection=detection,
        )
        return call
