"""The same documents by the carrier's own library: the judge of our writer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from twilio.twiml.voice_response import Conference, Dial, Enqueue, Gather, VoiceResponse

from channels.voice.twiml import CONFIRM_TIMEOUT_S, RECORD_SILENCE_S, Place
from channels.voice.urls import Urls
from router.core.flows import script as s
from router.core.model import SECOND
from router.core.policy import Language

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    return FORBIDDEN.sub("", text)


def seconds(span: int) -> int:
    return max(1, -(-span // SECOND))


@dataclass
class Library:
    """Writes by the library what `Writer` writes by hand."""

    languages: tuple[Language, ...]
    queue: str
    urls: Urls

    def hold(self, spoken: tuple[s.Spoken, ...], music: str, pause_s: int) -> str:
        response = VoiceResponse()
        self.speak(response, spoken, sounds=True)
        if not self.play(response, music, sounds=True):
            response.pause(length=pause_s)
        return str(response)

    def document(self, script: s.Script, place: Place) -> str:
        response = VoiceResponse()
        if place.pause_s:
            response.pause(length=place.pause_s)
        then = script.then
        if isinstance(then, s.Ask | s.Confirm | s.Accept):
            self.gather(response, script, then, place)
        elif isinstance(then, s.Listen):
            self.listen(response, script, then, place)
        else:
            self.speak(response, script.spoken, sounds=place.sounds)
            self.act(response, then, place.item_id)
        return str(response)

    def speak(
        self, into: VoiceResponse | Gather, spoken: tuple[s.Spoken, ...], *, sounds: bool
    ) -> None:
        by_id = {language.id: language for language in self.languages}
        for each in spoken:
            if each.audio and (sounds or not each.text):
                into.play(clean(self.urls.sound(each.audio)))
            else:
                language = by_id.get(each.language, self.languages[0])
                voice = language.voice or None
                into.say(clean(each.text), language=language.locale or None, voice=voice)

    def play(self, into: VoiceResponse | Gather, music: str, *, sounds: bool) -> bool:
        if music and sounds:
            into.play(clean(self.urls.sound(music)))
        return bool(music and sounds)

    def gather(
        self,
        response: VoiceResponse,
        script: s.Script,
        then: s.Ask | s.Confirm | s.Accept,
        place: Place,
    ) -> None:
        if isinstance(then, s.Ask):
            url = self.urls.flow(place.item_id, then.step, number=then.digits_max == 0)
            digits, timeout = then.digits_max, seconds(then.timeout)
        else:
            url = self.urls.agent(place.item_id, place.key, "/answer")
            if isinstance(then, s.Accept):
                url = self.urls.on_call(place.item_id, then.step, "/answer")
            digits, timeout = 1, CONFIRM_TIMEOUT_S
        gather = Gather(
            action=url,
            method="POST",
            input="dtmf",
            timeout=timeout,
            num_digits=digits or None,
            finish_on_key="" if digits == 1 else "#",
            action_on_empty_result=True,
        )
        self.speak(gather, script.spoken, sounds=place.sounds)
        response.append(gather)
        response.redirect(url, method="POST")

    def listen(
        self, response: VoiceResponse, script: s.Script, then: s.Listen, place: Place
    ) -> None:
        if then.keys:
            plays = bool(then.music and place.sounds)
            gather = Gather(
                action=self.urls.key(place.item_id),
                method="POST",
                input="dtmf",
                num_digits=1,
                finish_on_key="",
                timeout=1 if plays else seconds(then.pause),
            )
            self.speak(gather, script.spoken, sounds=place.sounds)
            self.play(gather, then.music, sounds=place.sounds)
            response.append(gather)
        else:
            self.speak(response, script.spoken, sounds=place.sounds)
            if not self.play(response, then.music, sounds=place.sounds):
                response.pause(length=seconds(then.pause))
        response.redirect(self.urls.wait(place.item_id, then.next_turn), method="POST")

    def act(self, response: VoiceResponse, then: s.Then, item: str) -> None:
        if isinstance(then, s.Record):
            url = self.urls.flow(item, then.step)
            response.record(
                action=url,
                method="POST",
                finish_on_key="#",
                play_beep=True,
                max_length=seconds(then.length_max),
                timeout=RECORD_SILENCE_S,
            )
            response.redirect(url, method="POST")
        elif isinstance(then, s.Wait):
            enqueue = Enqueue(
                self.queue,
                action=self.urls.left(item, then.turn),
                method="POST",
                wait_url=self.urls.wait(item, then.turn),
                wait_url_method="POST",
            )
            response.append(enqueue)
        elif isinstance(then, s.Dial):
            response.append(self.dial(then, item))
        elif isinstance(then, s.Room):
            response.append(self.room(then, item))
        elif isinstance(then, s.Leave):
            response.leave()
        elif isinstance(then, s.End):
            response.hangup()

    def dial(self, then: s.Dial, item: str) -> Dial:
        dial = Dial(
            action=self.urls.flow(item, then.step),
            method="POST",
            caller_id=then.caller_number or None,
            timeout=seconds(then.ring_timeout),
        )
        told = (
            {"url": self.urls.on_call(item, then.step), "method": "POST"}
            if then.accept
            else {
                "status_callback": self.urls.outside(item, then.step),
                "status_callback_event": "answered",
                "status_callback_method": "POST",
            }
        )
        if then.number.startswith("sip:"):
            dial.sip(then.number, **told)
        elif then.number.startswith("client:"):
            dial.client(then.number[7:], **told)
        else:
            dial.number(then.number, **told)
        return dial

    def room(self, then: s.Room, item: str) -> Dial:
        dial = Dial(action=self.urls.move(item), method="POST") if then.resident else Dial()
        dial.append(
            Conference(
                clean(then.room),
                beep="false",
                start_conference_on_enter=True,
                end_conference_on_exit=then.resident,
                participant_label="resident" if then.resident else "agent",
                status_callback=self.urls.room(item),
                status_callback_event="start join",
                status_callback_method="POST",
                wait_url=self.urls.hold(item),
                wait_method="POST",
            )
        )
        return dial
