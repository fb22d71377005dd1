"""The voice channel: the carrier's webhooks in, TwiML out, and the outlet for calls we make.

Reads requests, hands them to the handlers of `caller` and `legs`, writes what they return. What a
handler cannot answer becomes an apology and a way on; a webhook that only tells something gets a
status. Decides nothing about contacts. Dedupe keys are the call's id and the flow's step: they are
the same when the carrier tries again, with its idempotency token or without, and after a restart.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from channels.contract import Capabilities, Limits
from channels.voice.apology import Apologies, Leg
from channels.voice.caller import CallerLeg, Scene
from channels.voice.codec import BadWebhook
from channels.voice.legs import OtherLegs
from channels.voice.lone_legs import LoneLegs
from channels.voice.rest import Contacts, RestOutlet
from channels.voice.signature import Signatures
from channels.voice.twiml import EMPTY, Place, Voices, Writer
from channels.voice.urls import Path, Urls
from channels.voice.webhook import Refused, Webhook, read
from router.core import effects as f
from router.core.model import Channel, Tempo
from router.core.policy import Policy
from router.errors import CommandRefused, Overloaded, StorageError, TownlineError, UnknownItem
from router.ports import Duty, Ids, Inbox, Outlet

ANSWER_S: Final = 15.0  # the carrier waits no longer
BODY_MAX: Final = 64 * 1024
RETRY_AFTER_S: Final = "2"

EFFECTS: Final[frozenset[type[f.Effect]]] = frozenset(
    {
        f.DialAgent,
        f.DialResident,
        f.DialThird,
        f.DialOnCall,
        f.DialListener,
        f.SetListener,
        f.MoveCall,
        f.EndLeg,
        f.HoldLeg,
    }
)

Endpoint = Callable[[Request], Awaitable[Response]]
Asked = Callable[[Webhook], Awaitable[Scene | None]]
Told = Callable[[Webhook], Awaitable[None]]

log = structlog.get_logger("townline.voice")


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceSettings:
    """The carrier account and our place on the web, from the environment."""

    public_url: str  # under which the carrier reaches us; signatures cover it
    account_sid: str
    auth_tokens: tuple[str, ...]  # the first signs our calls; all of them are accepted from outside
    secret: bytes  # of the installation, for address keys
    rest_url: str = "https://api.twilio.com"
    rest_timeout_s: float = 10.0  # of one call to the carrier
    fallback_number: str = ""  # +E.164 rung when we cannot answer at all; "" = callers hold on
    body_max: int = BODY_MAX  # bytes


class VoiceChannel:
    """See `channels.contract.ChannelAdapter`."""

    name = Channel.VOICE
    tempos = frozenset({Tempo.LIVE, Tempo.SLOW_TEXT})  # a call, or what a caller left
    capabilities = Capabilities(
        effects=EFFECTS,
        hold=True,
        transfer=True,
    )

    def __init__(self, inbox: Inbox, ids: Ids, settings: VoiceSettings, contacts: Contacts) -> None:
        self._inbox = inbox
        self._body_max = settings.body_max
        self._signatures = Signatures(settings.public_url, settings.auth_tokens)
        urls = Urls(settings.public_url)
        self._writer = Writer(urls)
        self._apologies = Apologies(self._writer, urls, settings.fallback_number)
        self._policy: Policy | None = None
        self._caller = CallerLeg(inbox, ids, settings.secret)
        self._legs = OtherLegs(inbox)
        self._lone = LoneLegs(inbox, contacts)
        self._outlet = RestOutlet(
            inbox,
            urls,
            contacts,
            account_sid=settings.account_sid,
            auth_token=settings.auth_tokens[0] if settings.auth_tokens else "",
            base_url=settings.rest_url,
            timeout_s=settings.rest_timeout_s,
        )
        self.limits = Limits(
            body_max=settings.body_max, answer_s=ANSWER_S, effect_s=self._outlet.effect_s
        )

    @property
    def outlet(self) -> Outlet:
        """Where effects go."""
        return self._outlet

    def duties(self) -> tuple[Duty, ...]:
        """Return none: the carrier tells us everything."""
        return ()

    async def start(self) -> None:
        """Open the way to the carrier, and learn how the town speaks while that can be asked."""
        await self._outlet.start()
        self._adopt(await self._inbox.read(lambda state: state.policy))

    async def stop(self) -> None:
        """Close the way to the carrier."""
        await self._outlet.stop()

    def routes(self) -> list[BaseRoute]:
        """Return the webhooks; longer paths stand before those they begin with."""
        caller, legs = self._caller, self._legs
        asked: tuple[tuple[Path, Asked, Leg], ...] = (
            (Path.INCOMING, caller.incoming, Leg.CALLER),
            (Path.FLOW, caller.flow, Leg.CALLER),
            (Path.WAIT, caller.wait, Leg.WAITING),
            (Path.KEY, caller.key, Leg.WAITING),
            (Path.LEFT, caller.left, Leg.CALLER),
            (Path.MOVE, caller.move, Leg.CALLER),
            (Path.HOLD, caller.hold, Leg.HELD),
            (Path.AGENT_ANSWER, legs.agent_answer, Leg.AGENT),
            (Path.AGENT, legs.agent, Leg.AGENT),
            (Path.RESIDENT_ANSWER, legs.resident_answer, Leg.CALLER),
            (Path.RESIDENT, legs.resident, Leg.CALLER),
            (Path.ON_CALL_ANSWER, legs.on_call_answer, Leg.AGENT),
            (Path.ON_CALL, legs.on_call, Leg.AGENT),
            (Path.THIRD_ANSWER, legs.third_answer, Leg.AGENT),
            (Path.THIRD, legs.third, Leg.AGENT),
            (Path.LISTENER_ANSWER, legs.listener_answer, Leg.AGENT),
            (Path.LISTENER, legs.listener, Leg.AGENT),
            (Path.ALONE_ANSWER, self._lone.answer, Leg.AGENT),
            (Path.ALONE, self._lone.picked_up, Leg.AGENT),
        )
        told: tuple[tuple[Path, Told], ...] = (
            (Path.AGENT_STATUS, legs.agent_status),
            (Path.RESIDENT_STATUS, legs.resident_status),
            (Path.THIRD_STATUS, legs.third_status),
            (Path.LISTENER_STATUS, legs.listener_status),
            (Path.ALONE_STATUS, self._lone.status),
            (Path.OUTSIDE, legs.outside),
            (Path.ROOM, legs.room),
            (Path.STATUS, self._ended),
        )
        return [
            *(_post(path, self._telling(path, handler)) for path, handler in told),
            *(_post(path, self._asking(path, handler, leg)) for path, handler, leg in asked),
        ]

    # --- somebody listens ------------------------------------------------------------------------

    def _asking(self, path: Path, handler: Asked, leg: Leg) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                hook = await read(request, self._signatures, self._body_max)
            except Refused as refused:
                return _refusal(path, refused.status, refused.code)
            try:
                scene = await handler(hook)
                return _twiml(EMPTY if scene is None else self._written(scene, hook, leg))
            except BadWebhook as bad:
                return _refusal(path, 400, bad.code)
            except UnknownItem as unknown:
                log.warning("voice_apology", path=path.value, code=unknown.code)
                return _twiml(self._apologies.unknown(leg, hook.tries))
            except TownlineError as error:
                log.warning("voice_apology", path=path.value, code=error.code)
            except Exception:
                log.exception("voice_apology", path=path.value, code="voice-failed")
            return _twiml(self._apologies.later(leg, hook.again(), hook.tries))

        return endpoint

    def _written(self, scene: Scene, hook: Webhook, leg: Leg) -> str:
        self._adopt(scene.policy)
        voices = self._apologies.voices
        if leg is Leg.HELD:
            return self._writer.hold(scene.script.spoken, scene.music, voices)
        # the carrier comes with ErrorUrl after it failed to fetch a document or a sound of it
        sounds = not hook.form.text("errorurl")
        place = Place(scene.item_id, scene.key, sounds=sounds, pause_s=scene.pause_s)
        return self._writer.document(scene.script, place, voices)

    def _adopt(self, policy: Policy) -> None:
        if policy is not self._policy:
            self._apologies.adopt(policy, Voices(policy.languages, policy.town))
            self._policy = policy

    # --- nobody listens --------------------------------------------------------------------------

    def _telling(self, path: Path, handler: Told) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                await handler(await read(request, self._signatures, self._body_max))
            except Refused as refused:
                return _refusal(path, refused.status, refused.code)
            except BadWebhook as bad:
                return _refusal(path, 400, bad.code)
            except UnknownItem as unknown:
                return _refusal(path, 404, unknown.code)
            except (StorageError, Overloaded) as error:
                return _unavailable(path, error.code)
            except CommandRefused as refused_command:
                return _refusal(path, 409, refused_command.code)
            except Exception:
                log.exception("voice_news_lost", path=path.value, code="voice-failed")
                return _unavailable(path, "voice-failed")
            return Response(status_code=204)

        return endpoint

    async def _ended(self, hook: Webhook) -> None:
        if not await self._caller.ended(hook):
            raise Refused(404, "unknown-call", "no call of ours has this id")


def _post(path: Path, endpoint: Endpoint) -> Route:
    return Route(path.value, endpoint, methods=["POST"])


def _twiml(document: str) -> Response:
    return Response(document, media_type="application/xml")


def _refusal(path: Path, status: int, code: str) -> Response:
    log.info("voice_refused", path=path.value, status=status, code=code)
    return PlainTextResponse(f"{code}\n", status)


def _unavailable(path: Path, code: str) -> Response:
    log.warning("voice_unavailable", path=path.value, code=code)
    return PlainTextResponse(f"{code}\n", 503, headers={"Retry-After": RETRY_AFTER_S})
