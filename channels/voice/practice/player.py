"""Plays documents to a call, verb by verb, until nothing is left to play.

The player knows how to get a document and what follows from a failure; how a single verb is played
stands in the repertoire.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from channels.voice.practice.call import Call, CallEnded, Detoured
from channels.voice.practice.document import BadDocument, Document, Unplayable, read_document
from channels.voice.practice.exchange import Exchange
from channels.voice.practice.verbs import Pause, Place, Play, Redirect, Reject, Say, Verb
from channels.voice.practice.webhooks import Fetch, Inline, Purpose, Source, WebhookFailed

if TYPE_CHECKING:
    from channels.voice.practice.queues import Member

REQUESTS_AT_ONCE_MAX: Final = 100
"""Documents asked for in one instant of the clock before the line calls it a redirect loop."""

APOLOGY: Final = "We are sorry, an application error has occurred. Goodbye."


class ApplicationError(Exception):
    """The document cannot be had or played; the trouble is in the ledger already."""


PlayVerb = Callable[["Player", Verb, Place], Awaitable[Source | None]]
"""Plays one verb; returns what to go on with instead of the next verb, or None."""


class Player:
    """Plays to one call.

    Args:
        repertoire: how each verb is played, by its type.
        member: the place in a queue of a call that waits; set while it does.
    """

    def __init__(self, exchange: Exchange, call: Call, repertoire: Mapping[type, PlayVerb]) -> None:
        self.exchange = exchange
        self.call = call
        self.repertoire = repertoire
        self.member: Member | None = None
        self._asked_at = -1
        self._asked_count = 0

    async def run(self, begin: Callable[[], Awaitable[Source | None]]) -> None:
        """Do `begin`, play what it returns and all that follows, and end the call."""
        source: Source | None = None
        begun = False
        while True:
            try:
                if not begun:
                    begun = True
                    source = await begin()
                while source is not None:
                    source = await self._play_or_fall_back(source)
                break
            except Detoured as detour:
                source = detour.source
            except CallEnded:
                return
            except ApplicationError:
                self._apologise()
                break
        self.call.end("completed")

    async def play_through(self, source: Source, place: Place) -> None:
        """Play a document and those it leads to, until one just ends.

        Errors: `ApplicationError`, and those of `Call.check`.
        """
        following: Source | None = source
        while following is not None:
            following = await self.play(following, place)

    async def play(self, source: Source, place: Place) -> Source | None:
        """Play one document; return what to go on with, None when it just ended.

        Errors: `ApplicationError`, and those of `Call.check`.
        """
        try:
            document = await self._document(source, place)
        except WebhookFailed as failed:
            self.exchange.trouble(self.call, failed.code, failed.why)
            raise ApplicationError from failed
        except BadDocument as bad:
            self.exchange.trouble(self.call, bad.code, bad.why)
            raise ApplicationError from bad
        except Unplayable as unplayable:
            self.exchange.trouble(self.call, 0, str(unplayable))
            raise ApplicationError from unplayable
        for warning in document.warnings:
            self.exchange.trouble(self.call, 12200, warning, warning=True)
        for verb in document.verbs:
            self.call.check()
            if self.call.status == "ringing" and not isinstance(verb, Pause | Redirect | Reject):
                self.call.pick_up()
            following = await self.repertoire[type(verb)](self, verb, place)
            if following is not None:
                return following
        return None

    async def loop(self, fetch: Fetch, place: Place, *, refresh: Callable[[], Fetch]) -> None:
        """Play waiting music for ever: when the documents end, `refresh` says what to ask next.

        Errors: `ApplicationError`, and those of `Call.check`, which is how it ends.
        """
        pause = round(self.exchange.pace.loop_s * 1_000_000_000)
        while True:
            began = self.exchange.clock.now()
            await self.play_through(fetch, place)
            await self.call.wait(until=began + pause)
            fetch = refresh()

    async def _play_or_fall_back(self, source: Source) -> Source | None:
        try:
            return await self.play(source, Place.CALL)
        except ApplicationError as error:
            fallback = self.call.fallback_url
            if not fallback or not isinstance(source, Fetch) or source.url == fallback:
                raise
            cause = error.__cause__
            code = getattr(cause, "code", 0)
            params = (("ErrorCode", str(code)), ("ErrorUrl", source.url))
            return Fetch(fallback, Purpose.VOICE, params=params)

    async def _document(self, source: Source, place: Place) -> Document:
        if isinstance(source, Inline):
            return read_document(source.twiml, "", place)
        if source.url.startswith("carrier:"):
            return Document((Play(url=source.url),))
        self._count_request()
        answer = await self.exchange.webhooks.ask(self.call.sid, self.call.params(), source)
        self.call.check()
        if answer.content_type.startswith("audio/"):
            return Document((Play(url=source.url),))
        if answer.content_type == "text/plain":
            return Document((Say(text=answer.body.decode(errors="replace")),))
        return read_document(answer.body, answer.url, place)

    def _count_request(self) -> None:
        now = self.exchange.clock.now()
        self._asked_count = self._asked_count + 1 if now == self._asked_at else 1
        self._asked_at = now
        if self._asked_count > REQUESTS_AT_ONCE_MAX:
            raise BadDocument(0, f"{self._asked_count} documents in one instant: a redirect loop")

    def _apologise(self) -> None:
        if self.call.status == "ringing":
            self.call.pick_up()
        self.exchange.hear(self.call, "error", APOLOGY, "en-US")
