"""Our TwiML is byte for byte what the carrier's own library writes, for every shape of script."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.voice.twiml import HOLD_PAUSE_S, Place, Voices, Writer
from channels.voice.urls import RETRIES, Urls
from router.core.flows import script as s
from router.core.model import SECOND
from router.core.policy import Language
from tests.channels.voice.library_twiml import Library

URLS = Urls("https://town.example.org")
LANGUAGES = (
    Language(id="en", skill="english", locale="en-CA", voice="Polly.Joanna", name="English"),
    Language(id="fr", skill="french", locale="fr-CA", voice="", name="Français"),
)
VOICES = Voices(LANGUAGES, "willowmere")
WRITER = Writer(URLS)
LIBRARY = Library(LANGUAGES, "willowmere", URLS)

texts = st.text(max_size=20) | st.sampled_from(
    ["", "A & B <c> \"d\" 'e'", "été\u0000\x1b", "a\r\n\tb"]
)
sounds = st.sampled_from(
    ["", "", "/prompts/hi.mp3", "prompts/é.mp3", "https://cdn.example.com/a&b.mp3"]
)
spoken = st.builds(s.Spoken, text=texts, language=st.sampled_from(["en", "fr", "xx"]), audio=sounds)
spans = st.integers(0, 400 * SECOND)
steps = st.integers(0, 99)
numbers = st.sampled_from(["+19055550150", "sip:a&b@pbx.example.org", "client:amara"])
thens = st.one_of(
    st.builds(s.Ask, step=steps, digits_max=st.integers(0, 3), timeout=spans),
    st.builds(s.Record, step=steps, length_max=spans),
    st.builds(
        s.Dial,
        step=steps,
        number=numbers,
        ring_timeout=spans,
        caller_number=st.sampled_from(["", "+19055550100"]),
        accept=st.booleans(),
    ),
    st.builds(s.Wait, turn=steps),
    st.builds(
        s.Listen, next_turn=steps, music=sounds, pause=spans, keys=st.sampled_from(["", "1"])
    ),
    st.builds(s.Leave),
    st.builds(s.Room, room=st.sampled_from(["ITEM1", "a<b"]), resident=st.booleans()),
    st.builds(s.Confirm, key=st.just("1")),
    st.builds(s.Accept, step=steps, key=st.just("1")),
    st.builds(s.Join),
    st.builds(s.End),
)
scripts = st.builds(s.Script, spoken=st.lists(spoken, max_size=3).map(tuple), then=thens)
places = st.builds(
    Place,
    item_id=st.sampled_from(["7Q3M9ZK2PA", "é/?#"]),
    key=st.just("7Q3M9ZK2PA-3"),
    sounds=st.booleans(),
    pause_s=st.sampled_from([0, 2]),
)


@settings(deadline=None)
@given(scripts, places)
def test_the_bytes_are_those_of_the_library(script: s.Script, place: Place) -> None:
    written = WRITER.document(script, place, VOICES)
    assert written == LIBRARY.document(script, place)
    ElementTree.fromstring(written)


@settings(deadline=None)
@given(st.lists(spoken, max_size=2).map(tuple), sounds)
def test_hold_music_is_what_the_library_writes(said: tuple[s.Spoken, ...], music: str) -> None:
    written = WRITER.hold(said, music, VOICES)
    assert written == LIBRARY.hold(said, music, HOLD_PAUSE_S)


def document(then: s.Then, *said: s.Spoken, sounds: bool = True) -> str:
    return WRITER.document(s.Script(said, then), Place("IT", "IT-1", sounds=sounds), VOICES)


def test_each_language_is_said_by_its_own_voice() -> None:
    written = document(s.End(), s.Spoken("Hello", "en"), s.Spoken("Bonjour", "fr"))
    assert '<Say language="en-CA" voice="Polly.Joanna">Hello</Say>' in written
    assert '<Say language="fr-CA">Bonjour</Say>' in written


def test_a_language_the_town_no_longer_has_is_said_in_the_first() -> None:
    assert '<Say language="en-CA"' in document(s.End(), s.Spoken("Hola", "es"))


def test_a_sound_is_played_and_its_text_said_where_it_could_not_be_fetched() -> None:
    prompt = s.Spoken("Hello", "en", "prompts/hello.mp3")
    assert "<Play>https://town.example.org/prompts/hello.mp3</Play>" in document(s.End(), prompt)
    assert ">Hello</Say>" in document(s.End(), prompt, sounds=False)
    assert "<Play>" not in document(s.End(), prompt, sounds=False)


def test_a_sound_without_a_text_is_played_whatever_happens() -> None:
    assert "<Play>" in document(s.End(), s.Spoken("", "en", "a.mp3"), sounds=False)


def test_silence_leads_on_like_an_answer() -> None:
    written = document(s.Ask(step=4, digits_max=1, timeout=6 * SECOND))
    gather, redirect = ElementTree.fromstring(written)
    assert gather.attrib == {
        "action": "https://town.example.org/voice/flow/IT/4" + RETRIES,
        "actionOnEmptyResult": "true",
        "finishOnKey": "",
        "input": "dtmf",
        "method": "POST",
        "numDigits": "1",
        "timeout": "6",
    }
    assert redirect.text == gather.attrib["action"]


def test_a_number_of_any_length_ends_with_the_hash_key() -> None:
    written = document(s.Ask(step=4, digits_max=0, timeout=SECOND))
    gather = ElementTree.fromstring(written)[0]
    assert gather.attrib["finishOnKey"] == "#"
    assert "numDigits" not in gather.attrib
    assert gather.attrib["action"].endswith("/voice/flow/IT/4?number=1" + RETRIES)


def test_the_room_ends_when_the_resident_leaves_and_not_when_the_agent_does() -> None:
    resident = ElementTree.fromstring(document(s.Room(room="IT", resident=True)))[0]
    agent = ElementTree.fromstring(document(s.Room(room="IT", resident=False)))[0]
    assert resident[0].attrib["endConferenceOnExit"] == "true"
    assert agent[0].attrib["endConferenceOnExit"] == "false"
    assert resident.attrib["action"] == "https://town.example.org/voice/move/IT" + RETRIES
    assert "action" not in agent.attrib


@pytest.mark.parametrize(
    ("number", "element", "text"),
    [
        ("+19055550150", "Number", "+19055550150"),
        ("sip:a@pbx.example.org", "Sip", "sip:a@pbx.example.org"),
        ("client:amara", "Client", "amara"),
    ],
)
def test_every_kind_of_address_is_rung(number: str, element: str, text: str) -> None:
    dial = s.Dial(step=2, number=number, ring_timeout=20 * SECOND, caller_number="+19055550100")
    found = ElementTree.fromstring(document(dial))[0][0]
    assert (found.tag, found.text) == (element, text)
    assert found.attrib["statusCallback"] == "https://town.example.org/voice/outside/IT/2" + RETRIES


def test_what_xml_cannot_hold_is_left_out() -> None:
    written = document(s.End(), s.Spoken("a\x00b\ufffec\ud800d", "en"))
    assert ">abcd</Say>" in written
