"""What a caller hears when we cannot answer: documents that need no engine and no journal.

An apology in every language, a pause, and the same question to us again; after three tries the call
goes to the configured fallback number. Prepared from the policy last seen; until one was seen, from
the English and French built in here. Nobody is hung up on but an agent, whose item is kept.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from channels.voice.twiml import Voices, Writer
from channels.voice.urls import Urls
from router.core.flows.script import End, Leave, Script, Spoken
from router.core.policy import Language, Policy

TRIES: Final = 3
PAUSE_S: Final = 4
RING_S: Final = 60

_LANGUAGES: Final = (
    Language(id="en", skill="", locale="en-CA", voice="", name="English"),
    Language(id="fr", skill="", locale="fr-CA", voice="", name="Français"),
)
_TEXTS: Final = {
    "en": "We are sorry, we cannot answer at this moment. Please stay on the line."
    " If you are in danger, hang up and dial 911.",
    "fr": "Nous sommes désolés, nous ne pouvons pas répondre en ce moment. Restez en ligne."
    " Si vous êtes en danger, raccrochez et composez le 911.",
}


class Leg(StrEnum):
    """Who listens, which decides what a document may hold."""

    CALLER = "caller"
    WAITING = "waiting"  # in the carrier's queue: no Dial there
    HELD = "held"  # alone in a conference: say, play, pause
    AGENT = "agent"


class Apologies:
    """Writes the documents.

    Args:
        writer: for the public address.
        urls: of the public address.
        fallback_number: +E.164 rung when three tries failed; "" = go on trying.
    """

    def __init__(self, writer: Writer, urls: Urls, fallback_number: str) -> None:
        self._writer = writer
        self._urls = urls
        self._fallback_number = fallback_number
        self.voices = Voices(_LANGUAGES, "townline")
        self._sorry = _spoken(_LANGUAGES, _TEXTS)
        self._taken = self._sorry[:1]

    def adopt(self, policy: Policy, voices: Voices) -> None:
        """Speak as the policy in force does from now on."""
        self.voices = voices
        self._sorry = _spoken(policy.languages, policy.texts.get("apology", _TEXTS))
        taken = _spoken(policy.languages[:1], policy.texts.get("agent_already_taken", {}))
        self._taken = taken or self._sorry[:1]

    def later(self, leg: Leg, again: str, tries: int) -> str:
        """Return what is heard while nothing can be decided or stored.

        Args:
            leg: who listens.
            again: path and query that asks the same again.
            tries: how often it was asked before.
        """
        if leg is Leg.HELD:
            return self._writer.hold((), "", self.voices)
        if tries < TRIES:
            url = self._urls.public_url + again
            return self._writer.again(self._sorry, PAUSE_S, url, self.voices)
        return self._give_up(leg, self._urls.public_url + again)

    def unknown(self, leg: Leg, tries: int) -> str:
        """Return what is heard when the item is unknown: a caller begins anew, by the call's id."""
        anew = f"{self._urls.incoming}?try={tries + 1}"
        if leg is Leg.HELD:
            return self._writer.hold((), "", self.voices)
        if leg is Leg.AGENT:
            return self._writer.plain(Script(self._taken, End()), self.voices)
        if leg is Leg.WAITING or tries >= TRIES:
            return self._give_up(leg, anew)
        return self._writer.again(self._sorry, 1, anew, self.voices)

    def _give_up(self, leg: Leg, again: str) -> str:
        if leg is Leg.WAITING:
            return self._writer.plain(Script((), Leave()), self.voices)
        if leg is Leg.AGENT:
            return self._writer.plain(Script(self._sorry[:1], End()), self.voices)
        if not self._fallback_number:
            return self._writer.again(self._sorry, PAUSE_S, again, self.voices)
        return self._writer.ring(self._sorry, self._fallback_number, RING_S, again, self.voices)


def _spoken(languages: tuple[Language, ...], texts: dict[str, str]) -> tuple[Spoken, ...]:
    return tuple(
        Spoken(text=texts[language.id], language=language.id)
        for language in languages
        if texts.get(language.id)
    )
