"""A script becomes TwiML: what a person hears, and what the carrier shall do then.

The bytes are those that twilio's own library writes (compared in tests for every shape of script);
writing them here costs a tenth of the time. Every URL is absolute on the town's public address.
Nothing is decided here. Source: Twilio, "TwiML for programmable voice".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from channels.voice.urls import Urls
from router.core.flows import script as s
from router.core.model import SECOND, ListenMode, Span
from router.core.policy import Language

EMPTY: Final = '<?xml version="1.0" encoding="UTF-8"?><Response />'
CONFIRM_TIMEOUT_S: Final = 10
RECORD_SILENCE_S: Final = 5
HOLD_PAUSE_S: Final = 30

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?><Response>'
_TAIL: Final = "</Response>"
# what XML 1.0 cannot hold, not even escaped
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL: Final = re.compile(r'[&<>"\r\n\t]')


@dataclass(frozen=True, slots=True)
class Place:
    """Where a script is played: for which item, on whose leg, and how sounds are to be given."""

    item_id: str
    key: str = ""  # of the effect that rang this leg; "" on a leg that came in
    sounds: bool = True  # False: the carrier could not fetch a sound, so every text is said
    pause_s: int = 0  # silence before anything is done: slows down what would go round in circles


NOWHERE: Final = Place(item_id="")


class Voices:
    """How each language of the town is said.

    Args:
        languages: of the policy, the default first.
        town: the policy's slug; names the one queue of the carrier in which callers wait.
    """

    def __init__(self, languages: tuple[Language, ...], town: str) -> None:
        self.town = town
        self._say = {
            language.id: _open(
                "Say", language=language.locale or None, voice=language.voice or None
            )
            for language in languages
        }
        self._default = self._say[languages[0].id]

    def say(self, text: str, language: str) -> str:
        """Return a Say verb."""
        words = _text(text)
        opened = self._say.get(language, self._default)
        return f"<{opened}>{words}</Say>" if words else f"<{opened} />"


class Writer:
    """Writes documents for one public address."""

    def __init__(self, urls: Urls) -> None:
        self._urls = urls
        self._then: dict[type, Callable[[str, Any, Place, Voices], str]] = {
            s.Ask: self._ask,
            s.Record: self._record,
            s.Dial: self._dial,
            s.Wait: self._wait,
            s.Listen: self._listen,
            s.Leave: self._leave,
            s.Room: self._room,
            s.Confirm: self._confirm,
            s.Accept: self._accept,
            s.Join: self._join,
            s.End: self._end,
        }

    def document(self, script: s.Script, place: Place, voices: Voices) -> str:
        """Return the script as a document."""
        prompts = self._prompts(script.spoken, place, voices)
        pause = f'<Pause length="{place.pause_s}" />' if place.pause_s else ""
        verbs = self._then[type(script.then)](prompts, script.then, place, voices)
        return f"{_HEAD}{pause}{verbs}{_TAIL}" if pause or verbs else EMPTY

    def plain(self, script: s.Script, voices: Voices) -> str:
        """Return a script that needs no item."""
        return self.document(script, NOWHERE, voices)

    def hold(self, spoken: tuple[s.Spoken, ...], music: str, voices: Voices) -> str:
        """Return what is heard in a conference by somebody alone or on hold.

        The carrier plays it again and again, and takes only what says, plays or pauses.
        """
        prompts = self._prompts(spoken, NOWHERE, voices)
        sound = self._music(music, NOWHERE) or f'<Pause length="{HOLD_PAUSE_S}" />'
        return f"{_HEAD}{prompts}{sound}{_TAIL}"

    def again(self, spoken: tuple[s.Spoken, ...], pause_s: int, url: str, voices: Voices) -> str:
        """Return prompts, silence, and another request to `url`."""
        prompts = self._prompts(spoken, NOWHERE, voices)
        return f'{_HEAD}{prompts}<Pause length="{pause_s}" />{_redirect(url)}{_TAIL}'

    def ring(
        self, spoken: tuple[s.Spoken, ...], number: str, ring_s: int, url: str, voices: Voices
    ) -> str:
        """Return prompts, then ring the number; if nobody answers there, ask `url`."""
        prompts = self._prompts(spoken, NOWHERE, voices)
        noun, address = _noun(number)
        dial = f'<Dial timeout="{ring_s}"><{noun}>{_text(address)}</{noun}></Dial>'
        return f"{_HEAD}{prompts}{dial}{_redirect(url)}{_TAIL}"

    # --- what is heard ---------------------------------------------------------------------------

    def _prompts(self, spoken: Iterable[s.Spoken], place: Place, voices: Voices) -> str:
        return "".join(
            f"<Play>{_text(self._urls.sound(each.audio))}</Play>"
            if each.audio and (place.sounds or not each.text)
            else voices.say(each.text, each.language)
            for each in spoken
        )

    def _music(self, music: str, place: Place) -> str:
        return f"<Play>{_text(self._urls.sound(music))}</Play>" if music and place.sounds else ""

    # --- what happens then -----------------------------------------------------------------------

    def _ask(self, prompts: str, then: s.Ask, place: Place, voices: Voices) -> str:
        url = self._urls.flow(place.item_id, then.step, number=then.digits_max == 0)
        opened = _open(
            "Gather",
            action=url,
            actionOnEmptyResult="true",
            finishOnKey="" if then.digits_max == 1 else "#",
            input="dtmf",
            method="POST",
            numDigits=str(then.digits_max) if then.digits_max else None,
            timeout=_seconds(then.timeout),
        )
        # whoever presses nothing comes by the Redirect on carriers that skip an empty Gather
        return f"{_closed(opened, 'Gather', prompts)}{_redirect(url)}"

    def _record(self, prompts: str, then: s.Record, place: Place, voices: Voices) -> str:
        url = self._urls.flow(place.item_id, then.step)
        opened = _open(
            "Record",
            action=url,
            finishOnKey="#",
            maxLength=_seconds(then.length_max),
            method="POST",
            playBeep="true",
            timeout=str(RECORD_SILENCE_S),
        )
        return f"{prompts}<{opened} />{_redirect(url)}"  # the Redirect: nothing was said

    def _dial(self, prompts: str, then: s.Dial, place: Place, voices: Voices) -> str:
        opened = _open(
            "Dial",
            action=self._urls.flow(place.item_id, then.step),
            callerId=then.caller_number or None,
            method="POST",
            timeout=_seconds(then.ring_timeout),
        )
        noun, address = _noun(then.number)
        party = self._asked(noun, then, place) if then.accept else self._told(noun, then, place)
        return f"{prompts}<{opened}><{party}>{_text(address)}</{noun}></Dial>"

    def _told(self, noun: str, then: s.Dial, place: Place) -> str:
        """Who picks up has it: we are told."""
        return _open(
            noun,
            statusCallback=self._urls.outside(place.item_id, then.step),
            statusCallbackEvent="answered",
            statusCallbackMethod="POST",
        )

    def _asked(self, noun: str, then: s.Dial, place: Place) -> str:
        """Who picks up is asked first, while the caller hears it ring."""
        return _open(noun, method="POST", url=self._urls.on_call(place.item_id, then.step))

    def _wait(self, prompts: str, then: s.Wait, place: Place, voices: Voices) -> str:
        opened = _open(
            "Enqueue",
            action=self._urls.left(place.item_id, then.turn),
            method="POST",
            waitUrl=self._urls.wait(place.item_id, then.turn),
            waitUrlMethod="POST",
        )
        return f"{prompts}<{opened}>{_text(voices.town)}</Enqueue>"

    def _listen(self, prompts: str, then: s.Listen, place: Place, voices: Voices) -> str:
        again = _redirect(self._urls.wait(place.item_id, then.next_turn))
        music = self._music(then.music, place)
        if not then.keys:
            heard = music or f'<Pause length="{_seconds(then.pause)}" />'
            return f"{prompts}{heard}{again}"
        opened = _open(
            "Gather",
            action=self._urls.key(place.item_id),
            finishOnKey="",
            input="dtmf",
            method="POST",
            numDigits="1",
            timeout="1" if music else _seconds(then.pause),
        )
        return f"{_closed(opened, 'Gather', prompts + music)}{again}"

    def _leave(self, prompts: str, then: s.Leave, place: Place, voices: Voices) -> str:
        return f"{prompts}<Leave />"

    def _room(self, prompts: str, then: s.Room, place: Place, voices: Voices) -> str:
        dial = _open(
            "Dial",
            action=self._urls.move(place.item_id) if then.resident else None,
            method="POST" if then.resident else None,
        )
        room = _open(
            "Conference",
            beep="false",
            coach=then.coached or None,
            endConferenceOnExit="true" if then.resident else "false",
            muted="true" if then.listener is ListenMode.LISTEN else None,
            participantLabel=_label(then),
            startConferenceOnEnter="false" if then.listener else "true",
            statusCallback=self._urls.room(place.item_id),
            statusCallbackEvent="start join",
            statusCallbackMethod="POST",
            waitMethod="POST",
            waitUrl=self._urls.hold(place.item_id),
        )
        return f"{prompts}<{dial}><{room}>{_text(then.room)}</Conference></Dial>"

    def _confirm(self, prompts: str, then: s.Confirm, place: Place, voices: Voices) -> str:
        alone = self._urls.alone
        urls = {"agent": self._urls.agent, "third": self._urls.third, "on_call": alone}
        urls["listener"] = self._urls.listener
        url = urls.get(then.leg, self._urls.resident)
        return _press(prompts, url(place.item_id, place.key, "/answer"))

    def _accept(self, prompts: str, then: s.Accept, place: Place, voices: Voices) -> str:
        return _press(prompts, self._urls.on_call(place.item_id, then.step, "/answer"))

    def _join(self, prompts: str, then: s.Join, place: Place, voices: Voices) -> str:
        return prompts

    def _end(self, prompts: str, then: s.End, place: Place, voices: Voices) -> str:
        return f"{prompts}<Hangup />"


def _press(prompts: str, url: str) -> str:
    """Return prompts and the wait for one key; whoever presses none is told of as well."""
    opened = _open(
        "Gather",
        action=url,
        actionOnEmptyResult="true",
        finishOnKey="",
        input="dtmf",
        method="POST",
        numDigits="1",
        timeout=str(CONFIRM_TIMEOUT_S),
    )
    return f"{_closed(opened, 'Gather', prompts)}{_redirect(url)}"


def _label(then: s.Room) -> str:
    """Return the participant's name, different for each of a room."""
    if then.resident:
        return "resident"
    if then.listener:
        return "listener"
    return "third" if then.third else "agent"


def _noun(number: str) -> tuple[str, str]:
    """Return the element that holds this kind of address, and the address as it wants it."""
    if number.startswith("sip:"):
        return "Sip", number
    if number.startswith("client:"):
        return "Client", number.removeprefix("client:")
    return "Number", number


def _seconds(span: Span) -> str:
    """Return whole seconds, at least one: the carrier takes no parts."""
    return str(max(1, -(-span // SECOND)))


def _redirect(url: str) -> str:
    return f'<Redirect method="POST">{_text(url)}</Redirect>'


def _closed(opened: str, name: str, inner: str) -> str:
    return f"<{opened}>{inner}</{name}>" if inner else f"<{opened} />"


def _open(name: str, **attributes: str | None) -> str:
    """Return an element's name with its attributes in order of their names, as the library does."""
    given = sorted((key, value) for key, value in attributes.items() if value is not None)
    return name + "".join(f' {key}="{_escaped(value)}"' for key, value in given)


_ENTITIES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\r": "&#13;",
    "\n": "&#10;",
    "\t": "&#09;",
}


def _escaped(value: str) -> str:
    clean = _FORBIDDEN.sub("", value)
    return _SPECIAL.sub(lambda found: _ENTITIES[found[0]], clean)


def _text(value: str) -> str:
    """Return text as XML; characters that XML cannot hold are left out."""
    clean = _FORBIDDEN.sub("", value)
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
