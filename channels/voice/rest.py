"""The outlet of the voice channel: effects become calls to the carrier.

Every effect is looked at anew when it is repeated: a leg that is gone needs no hanging up, and a
resident whose telephone rings already is not rung again. Numbers are rung only where the policy
allows it. Error messages name the carrier's code, never a number.
Source: Twilio, "Calls", "Conference participants"; error codes 20404, 21220.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol
from urllib.parse import quote

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.rest import Client

from channels.voice.carrier_client import TimedHttpClient, carrier_client
from channels.voice.urls import Urls
from router.core import effects as f
from router.core.dialling import may_dial
from router.core.model import SECOND, ListenMode, Span
from router.core.policy import Dialling
from router.core.state import State
from router.errors import ChannelError
from router.ports import Inbox

REQUESTS_MAX: Final = 2  # of one effect: look up, then act; or two ways to hang up
LOOKED_AT_MAX: Final = 20  # newest calls to a resident that are looked at before ringing
ALIVE: Final = frozenset({"queued", "initiated", "ringing", "in-progress"})
NOT_IN_PROGRESS: Final = 21220


class Contacts(Protocol):
    """Who is behind a reference."""

    async def number_of(self, ref: str) -> str | None:
        """Return the telephone number, +E.164; None when unknown or redacted."""
        ...


class RestOutlet:
    """See `router.ports.Outlet`. `start` before the first effect, inside the running loop."""

    def __init__(
        self,
        inbox: Inbox,
        urls: Urls,
        contacts: Contacts,
        *,
        account_sid: str,
        auth_token: str,
        base_url: str,
        timeout_s: float,
    ) -> None:
        self._inbox = inbox
        self._urls = urls
        self._contacts = contacts
        self._account = account_sid, auth_token, base_url
        self._timeout_s = timeout_s
        self._http: TimedHttpClient | None = None
        self._client: Client | None = None
        self._ways: dict[type[f.Effect], Callable[[Client, Any], Awaitable[str]]] = {
            f.DialAgent: self._dial_agent,
            f.DialResident: self._dial_resident,
            f.DialThird: self._dial_third,
            f.DialOnCall: self._dial_on_call,
            f.MoveCall: self._move_call,
            f.EndLeg: self._end_leg,
            f.HoldLeg: self._hold_leg,
            f.DialListener: self._dial_listener,
            f.SetListener: self._set_listener,
        }

    @property
    def effect_s(self) -> float:
        """Return the seconds within which an effect is done or has failed."""
        return REQUESTS_MAX * self._timeout_s

    async def start(self) -> None:
        """Open the client."""
        self._http = TimedHttpClient(self._timeout_s)
        self._client = carrier_client(*self._account, self._http)

    async def stop(self) -> None:
        """Close the client; a later effect fails and may be tried again."""
        http, self._http, self._client = self._http, None, None
        if http is not None:
            await http.close()

    async def perform(self, effect: f.Effect) -> str:
        """Do it; return the id of the leg it created, "" when it created none.

        Errors: `ChannelError`: retryable when the carrier is busy, broken, slow or not there;
            for good with reason "gone" (no such leg any more), "not-allowed" (the policy forbids
            the number), "no-number" (nobody knows it) or "refused" (the carrier does not want it).
        """
        client, way = self._client, self._ways.get(type(effect))
        if way is None:
            name = type(effect).__name__
            raise ChannelError(f"voice performs no {name}", retryable=False, reason="unknown")
        if client is None:
            raise ChannelError("the voice channel is not started", retryable=True, reason="stopped")
        with _as_channel_errors(type(effect).__name__):
            return await way(client, effect)

    # --- ringing ---------------------------------------------------------------------------------

    async def _dial_agent(self, client: Client, effect: f.DialAgent) -> str:
        return await self._dial(client, effect.leg, effect, self._urls.agent)

    async def _dial_resident(self, client: Client, effect: f.DialResident) -> str:
        number = await self._number(effect.contact_ref)
        dialling = await self._dialling()
        _demand(dialling, number)
        ringing = await self._ringing(client, number, dialling.caller_number)
        if ringing:
            return ringing
        return await self._ring(
            client,
            number,
            dialling,
            effect.ring_timeout,
            url=self._urls.resident(effect.item_id, effect.key),
            status_callback=self._urls.resident(effect.item_id, effect.key, "/status"),
            detect="DetectMessageEnd" if effect.leave_message else "Enable",
        )

    async def _dial_third(self, client: Client, effect: f.DialThird) -> str:
        number = effect.leg or await self._number(effect.contact_ref)
        return await self._dial(client, number, effect, self._urls.third)

    async def _dial_on_call(self, client: Client, effect: f.DialOnCall) -> str:
        return await self._dial(client, effect.leg, effect, self._urls.alone)

    async def _dial_listener(self, client: Client, effect: f.DialListener) -> str:
        return await self._dial(client, effect.leg, effect, self._urls.listener)

    async def _dial(
        self,
        client: Client,
        number: str,
        effect: f.DialAgent | f.DialThird | f.DialOnCall | f.DialListener,
        url: Callable[..., str],
    ) -> str:
        """Ring a leg, which asks what to say at `url` of item, key and tail."""
        dialling = await self._dialling()
        _demand(dialling, number)
        return await self._ring(
            client,
            number,
            dialling,
            effect.ring_timeout,
            url=url(effect.item_id, effect.key),
            status_callback=url(effect.item_id, effect.key, "/status"),
        )

    async def _number(self, ref: str) -> str:
        """Return the number behind a reference, or raise `ChannelError` no-number."""
        number = await self._contacts.number_of(ref)
        if not number:
            raise ChannelError(
                f"nobody knows the number of contact {ref!r}", retryable=False, reason="no-number"
            )
        return number

    async def _ringing(self, client: Client, number: str, caller_number: str) -> str:
        """Return our call to that number which rings or talks; "" when there is none.

        A callback is one call to one number, so whatever we have on the line there is the call
        that an earlier, unconfirmed attempt has made.
        """
        calls = await client.calls.list_async(
            to=number, from_=caller_number, limit=LOOKED_AT_MAX, page_size=LOOKED_AT_MAX
        )
        alive = (call for call in calls if str(call.status) in ALIVE)
        return next((str(call.sid) for call in alive), "")

    async def _ring(
        self,
        client: Client,
        to: str,
        dialling: Dialling,
        ring_timeout: Span,
        *,
        url: str,
        status_callback: str,
        detect: str = "Enable",
    ) -> str:
        detection = {"machine_detection": detect} if to.startswith("+") else {}
        call = await client.calls.create_async(
            to=to,
            from_=dialling.caller_number,
            url=url,
            method="POST",
            status_callback=status_callback,
            status_callback_method="POST",
            status_callback_event=["completed"],
            timeout=max(1, -(-ring_timeout // SECOND)),
            **detection,
        )
        if not call.sid:
            raise ValueError("a call without a sid")
        return str(call.sid)

    async def _dialling(self) -> Dialling:
        return await self._inbox.read(lambda state: state.policy.dialling)

    # --- legs that are there ---------------------------------------------------------------------

    async def _move_call(self, client: Client, effect: f.MoveCall) -> str:
        url = self._urls.move(effect.item_id)
        await _call(client, effect.call_id).update_async(url=url, method="POST")
        return ""

    async def _end_leg(self, client: Client, effect: f.EndLeg) -> str:
        call = _call(client, effect.call_id)
        for status in ("completed", "canceled"):  # the second for a leg that still rings
            try:
                await call.update_async(status=status)
            except (TwilioRestException, TwilioServiceException) as error:
                if error.status == 404:
                    return ""
                if error.code != NOT_IN_PROGRESS:
                    raise
            else:
                return ""
        return ""

    async def _set_listener(self, client: Client, effect: f.SetListener) -> str:
        how = await self._inbox.read(lambda state: _how(state, effect))
        if how:  # else they have left meanwhile
            await _participant(client, effect).update_async(**how)
        return ""

    async def _hold_leg(self, client: Client, effect: f.HoldLeg) -> str:
        leg = _participant(client, effect)
        if effect.hold:
            url = self._urls.hold(effect.item_id)
            await leg.update_async(hold=True, hold_url=url, hold_method="POST")
        else:
            await leg.update_async(hold=False)
        return ""


def _call(client: Client, call_id: str) -> Any:
    """Return the call's resource; other carriers have ids that a path cannot hold as they are."""
    return client.calls(quote(call_id, safe=""))


def _participant(client: Client, effect: f.HoldLeg | f.SetListener) -> Any:
    """Return the resource of a leg in a room."""
    room = client.conferences(quote(effect.room_id, safe=""))
    return room.participants(quote(effect.call_id, safe=""))


def _how(state: State, effect: f.SetListener) -> dict[str, Any]:
    """Return how whoever listens is in the room by now, all of it at once; {} = not any more.

    Of two changes that cross each other on the way each says what held last.
    """
    row, item = state.listeners.get(effect.item_id), state.items.get(effect.item_id)
    if row is None or item is None or row.call_id != effect.call_id:
        return {}
    if row.mode is ListenMode.WHISPER:
        return {"muted": False, "coaching": True, "call_sid_to_coach": item.agent_call_id}
    return {"muted": row.mode is ListenMode.LISTEN, "coaching": False}


def _demand(dialling: Dialling, number: str) -> None:
    """Raise `ChannelError` not-allowed unless the policy lets us ring there."""
    if may_dial(dialling, number):
        raise ChannelError(
            "dialling.allowed does not open the number that was to be rung",
            retryable=False,
            reason="not-allowed",
        )


@contextmanager
def _as_channel_errors(what: str) -> Iterator[None]:
    """Turn whatever the client raises into a `ChannelError` that names no number."""
    try:
        yield
    except (TwilioRestException, TwilioServiceException) as error:
        raise _of_status(what, int(error.status), error.code) from None
    except TimeoutError:
        raise ChannelError(f"{what}: no answer in time", retryable=True, reason="timeout") from None
    except aiohttp.ClientError as error:
        why = type(error).__name__
        raise ChannelError(f"{what}: {why}", retryable=True, reason="unreachable") from None
    except (TwilioException, AttributeError, KeyError, ValueError) as error:
        why = type(error).__name__
        raise ChannelError(
            f"{what}: the carrier's answer cannot be read ({why})", retryable=True
        ) from None


def _of_status(what: str, status: int, code: object) -> ChannelError:
    said = f"{what}: the carrier says {status}, code {code}"
    if status == 429 or status >= 500:
        return ChannelError(said, retryable=True, reason="busy" if status == 429 else "failed")
    if status == 404 or code == NOT_IN_PROGRESS:
        return ChannelError(f"{said}: the leg is gone", retryable=False, reason="gone")
    see = f"see https://www.twilio.com/docs/errors/{code}"
    return ChannelError(f"{said}; {see}", retryable=False, reason="refused")
