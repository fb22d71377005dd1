"""What a document means: defaults, addresses, what is broken, refused or only warned of."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.practice.document import BadDocument, Unplayable, read_document
from channels.voice.practice.verbs import (
    ALLOWED,
    DEFAULT_MUSIC,
    Dial,
    Enqueue,
    Gather,
    Hangup,
    Leave,
    Line,
    Party,
    Pause,
    Place,
    Play,
    Record,
    Redirect,
    Reject,
    Room,
    Say,
    Verb,
)
from tests.channels.practice.town import shared

URL = "https://town.example.org/voice/menu?n=1"


def one(body: str, place: Place = Place.CALL) -> Verb:
    (verb,) = read_document(f"<Response>{body}</Response>", URL, place).verbs
    return verb


TABLE: list[tuple[str, Verb]] = [
    ("<Say>Hello\n  there</Say>", Say("Hello there")),
    ('<Say language="fr-CA" loop="0">Allô</Say>', Say("Allô", language="fr-CA", loop=0)),
    ("<Say>one <prosody rate='slow'>two</prosody></Say>", Say("one two")),
    ("<Play>/music.mp3</Play>", Play("https://town.example.org/music.mp3")),
    ("<Play>music.mp3</Play>", Play("https://town.example.org/voice/music.mp3")),
    ('<Play digits="1w2"/>', Play(digits="1w2")),
    ("<Pause/>", Pause(1)),
    ('<Pause length="10"/>', Pause(10)),
    ("<Gather/>", Gather(action=URL)),  # timeout 5, key #, action = this document
    ('<Gather action=""/>', Gather(action=URL)),
    ('<Gather finishOnKey=""/>', Gather(action=URL, finish_on_key="")),
    (
        '<Gather action="/key" method="get" input="dtmf speech" timeout="2" numDigits="1"'
        ' actionOnEmptyResult="true"><Say>a</Say><Pause/><Play>b</Play></Gather>',
        Gather(
            action="https://town.example.org/key",
            method="GET",
            input=frozenset({"dtmf", "speech"}),
            timeout_s=2,
            num_digits=1,
            action_on_empty_result=True,
            prompts=(Say("a"), Pause(), Play("https://town.example.org/voice/b")),
        ),
    ),
    ("<Record/>", Record(action=URL)),
    (
        '<Record maxLength="20" finishOnKey="*" playBeep="false" timeout="7"/>',
        Record(action=URL, max_length_s=20, finish_on_key="*", play_beep=False, timeout_s=7),
    ),
    ("<Dial>905-555-0101</Dial>", Dial((Party("+19055550101"),))),
    (
        '<Dial timeout="20"><Number url="/w">+19055550101</Number><Sip>ann@example.org</Sip>'
        "<Client>ann</Client></Dial>",
        Dial(
            (
                Party("+19055550101", url="https://town.example.org/w"),
                Party("sip:ann@example.org"),
                Party("client:ann"),
            ),
            timeout_s=20,
        ),
    ),
    ("<Dial><Conference>room</Conference></Dial>", Dial(Room("room"))),
    (
        '<Dial><Conference waitUrl="" endConferenceOnExit="true">r</Conference></Dial>',
        Dial(Room("r", wait_url="", end_on_exit=True)),
    ),
    ("<Dial><Queue>town</Queue></Dial>", Dial(Line("town"))),
    ("<Enqueue>town</Enqueue>", Enqueue("town", wait_url=DEFAULT_MUSIC)),
    (
        '<Enqueue waitUrl="wait" waitUrlMethod="GET" action="/left">town</Enqueue>',
        Enqueue(
            "town",
            action="https://town.example.org/left",
            wait_url="https://town.example.org/voice/wait",
            wait_method="GET",
        ),
    ),
    ("<Redirect>next</Redirect>", Redirect("https://town.example.org/voice/next")),
    ("<Redirect/>", Redirect(URL)),
    ("<Reject/>", Reject()),
    ('<Reject reason="busy"/>', Reject("busy")),
    ("<Hangup/>", Hangup()),
]


@pytest.mark.parametrize(("body", "verb"), TABLE, ids=[body[:40] for body, _ in TABLE])
def test_a_verb_means(body: str, verb: Verb) -> None:
    assert one(body) == verb


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<Response><Say>", 12100),
        ("", 12100),
        ("hello", 12100),
        ("<Answer/>", 12100),
        ("<Response><Shout/></Response>", 12200),
        ('<Response><Gather timeout="soon"/></Response>', 12200),
        ('<Response><Gather numDigits="0"/></Response>', 12200),
        ('<Response><Gather finishOnKey="x"/></Response>', 12200),
        ('<Response><Pause length="-1"/></Response>', 12200),
        ('<Response><Redirect method="PUT">x</Redirect></Response>', 12200),
        ("<Response><Gather><Hangup/></Gather></Response>", 13314),
        ("<Response><Gather><Dial>1</Dial></Gather></Response>", 13314),
        ("<Response><Dial/></Response>", 12200),
        ("<Response><Dial>nobody</Dial></Response>", 13223),
        ("<Response><Dial><Sip>nowhere</Sip></Dial></Response>", 13223),
        ("<Response><Dial><Queue>a</Queue><Number>1</Number></Dial></Response>", 12200),
        ("<Response><Enqueue/></Response>", 12200),
        (f"<Response><Enqueue>{'q' * 65}</Enqueue></Response>", 12200),
        ("<Response><Play/></Response>", 12200),
        ("<Response><Leave/></Response>", 12200),  # nothing to leave
        ("<Response>" + "<Pause/>" * 10_000 + "</Response>", 11750),
    ],
)
def test_a_broken_document_has_the_carriers_error_number(text: str, code: int) -> None:
    with pytest.raises(BadDocument) as caught:
        read_document(text, URL)
    assert caught.value.code == code


@pytest.mark.parametrize("verb", ["Connect", "Start", "Pay", "Refer", "Sms", "Siprec", "Stream"])
def test_what_the_line_does_not_offer_is_refused_by_name(verb: str) -> None:
    with pytest.raises(Unplayable, match=f"<{verb}> cannot be played: "):
        read_document(f"<Response><{verb}/></Response>", URL)


@pytest.mark.parametrize("noun", ["Application", "Sim"])
def test_what_cannot_be_dialled_is_refused_by_name(noun: str) -> None:
    with pytest.raises(Unplayable, match=noun):
        read_document(f"<Response><Dial><{noun}/></Dial></Response>", URL)


SAMPLE: dict[type, str] = {
    Say: "<Say>x</Say>",
    Play: "<Play>x</Play>",
    Pause: "<Pause/>",
    Gather: "<Gather/>",
    Record: "<Record/>",
    Dial: "<Dial>9055550101</Dial>",
    Enqueue: "<Enqueue>q</Enqueue>",
    Leave: "<Leave/>",
    Redirect: "<Redirect>x</Redirect>",
    Reject: "<Reject/>",
    Hangup: "<Hangup/>",
}


@pytest.mark.parametrize("place", list(Place))
@pytest.mark.parametrize("kind", list(SAMPLE))
def test_each_place_takes_the_verbs_the_carrier_allows_there(place: Place, kind: type) -> None:
    if kind in ALLOWED[place]:
        assert isinstance(one(SAMPLE[kind], place), kind)
        return
    with pytest.raises(BadDocument) as caught:
        one(SAMPLE[kind], place)
    assert caught.value.code == (13238 if place is Place.CONFERENCE else 12200)


def test_gather_is_allowed_while_waiting_in_a_queue_but_not_in_a_conference() -> None:
    assert Gather in ALLOWED[Place.WAIT]
    assert Gather not in ALLOWED[Place.CONFERENCE]
    assert Place.WAIT in [place for place in Place if Leave in ALLOWED[place]]


def test_what_the_carrier_only_warns_of_is_a_warning() -> None:
    document = read_document('<Response>words<Say tone="kind">x</Say></Response>', URL)
    assert document.verbs == (Say("x"),)
    assert [warning[:5] for warning in document.warnings] == ["12200", "12200"]
    assert "'tone'" in document.warnings[0]


def test_attributes_that_change_nothing_audible_are_no_warning() -> None:
    body = '<Gather speechTimeout="auto" hints="parking" language="fr-CA"/>'
    assert read_document(f"<Response>{body}</Response>", URL).warnings == ()


def verdict(text: str) -> int:
    """Return the number of the error in the document, 0 when it has none."""
    try:
        read_document(text, URL)
    except BadDocument as bad:
        return bad.code
    return 0


@given(st.text())
def test_any_text_is_read_or_called_broken(text: str) -> None:
    assert verdict(f"{text}") in (0, 12100, 12200, 11750)


@given(
    st.sampled_from(sorted(SAMPLE.values())),
    st.sampled_from(["timeout", "loop", "length", "numDigits", "method", "action", "waitUrl"]),
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
)
def test_any_attribute_is_read_or_called_broken(body: str, name: str, value: str) -> None:
    head, _, tail = body.partition(">") if "/>" not in body else body.partition("/>")
    end = "/>" if "/>" in body else ">"
    element = f"{head} {name}={quoteattr(value)}{end}{tail}"
    assert verdict(f"<Response>{element}</Response>") in (0, 12100, 12200)


SAMPLES = sorted(shared("twiml-samples").glob("*.twiml"))
REFUSED = ("Application", "Sim", "Connect", "Pay", "Refer", "Sms", "Start")


@pytest.mark.skipif(not SAMPLES, reason="the carrier's sample documents are not here")
def test_every_sample_document_is_read_or_plainly_refused() -> None:
    outcome: dict[str, list[str]] = {"read": [], "refused": []}
    for path in SAMPLES:
        place = Place.WAIT if path.name.startswith("leave__leave-3") else Place.CALL
        try:
            document = read_document(path.read_text(), "http://example.com/doc.xml", place)
        except Unplayable as refusal:
            outcome["refused"].append(refusal.verb)
        else:
            assert document.verbs
            assert document.warnings == (), path.name
            outcome["read"].append(path.name)
    assert set(outcome["refused"]) <= set(REFUSED)
    assert len(outcome["read"]) >= 30
    assert len(outcome["refused"]) >= 25
