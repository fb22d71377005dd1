"""Conferences: when they start and end, waiting music, hold, mute, announcements, events."""

from __future__ import annotations

import pytest
from starlette.datastructures import ImmutableMultiDict

from channels.voice.practice.conferences import Conference, Music
from channels.voice.practice.webhooks import Inline, Purpose
from tests.channels.practice.town import CALLER, HALL, PUBLIC, Form, Line, Town, line_to

EVENTS = "start end join leave mute hold announcement"
OTHER = "+19055550198"


def room(attributes: str = "", dial: str = 'action="/done"') -> str:
    news = f'statusCallback="/news" statusCallbackEvent="{EVENTS}"'
    return f'<Dial {dial}><Conference {news} waitUrl="/wait" {attributes}>r</Conference></Dial>'


def events(town: Town) -> list[tuple[str, str]]:
    return [(f["StatusCallbackEvent"], f.get("CallSid", "")) for f in town.forms("news")]


async def two(line: Line) -> Conference:
    line.carrier.call_in(CALLER, HALL)
    await line.clock.advance(5)
    line.carrier.call_in(OTHER, HALL)
    await line.clock.advance(1)
    conference = line.carrier.exchange.conference_named("r")
    assert conference is not None
    return conference


async def test_the_first_hears_music_until_the_second_comes() -> None:
    town = Town(voice=room(), wait="<Say>wait</Say><Pause length='3'/>", done="<Hangup/>")
    async with line_to(town) as line:
        conference = await two(line)
        a, b = (seat.call for seat in conference.seats)
        assert line.carrier.ledger.heard(a.sid) == ["wait", "wait"]
        assert line.carrier.ledger.heard(b.sid) == []
        assert conference.status == "in-progress"
        before = len(line.carrier.ledger.entries)
        await line.clock.advance(100)
        assert len(line.carrier.ledger.entries) == before  # they talk: nothing plays
        assert events(town) == [
            ("participant-join", a.sid),
            ("participant-join", b.sid),
            ("conference-start", ""),
        ]
        assert [f["SequenceNumber"] for f in town.forms("news")] == ["1", "2", "3"]
        assert town.forms("news")[0]["FriendlyName"] == "r"
        assert town.forms("news")[0]["ConferenceSid"] == conference.sid


async def test_nobody_talks_until_somebody_who_may_start_it_comes() -> None:
    def voice(form: Form) -> str:
        return room('startConferenceOnEnter="false"' if form["From"] != "+19055550150" else "")

    town = Town(voice=voice, wait="<Pause length='30'/>")
    async with line_to(town) as line:
        conference = await two(line)
        assert conference.status == "init"
        line.carrier.call_in("+19055550150", HALL)
        await line.clock.advance(1)
        assert conference.status == "in-progress"


async def test_a_participant_whose_leaving_ends_it_sends_all_others_on() -> None:
    def voice(form: Form) -> str:
        return room(
            'endConferenceOnExit="true" participantLabel="resident"'
            if form["From"] == CALLER
            else ""
        )

    town = Town(voice=voice, done="<Say>the resident left</Say>")
    async with line_to(town) as line:
        conference = await two(line)
        a, b = (seat.call for seat in conference.seats)
        a.hang_up()
        await line.clock.run_until(lambda: b.over)
        assert line.carrier.ledger.heard(b.sid) == ["the resident left"]
        assert conference.status == "completed"
    assert events(town)[3:] == [
        ("participant-leave", a.sid),
        ("participant-leave", b.sid),
        ("conference-end", ""),
    ]
    end = town.forms("news")[-1]
    assert end["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert (end["CallSidEndingConference"], end["ParticipantLabelEndingConference"]) == (
        a.sid,
        "resident",
    )
    assert {f["DialCallStatus"] for f in town.forms("done")} == {"answered"}


async def test_the_last_one_to_leave_ends_it() -> None:
    town = Town(voice=room())
    async with line_to(town) as line:
        conference = await two(line)
        a, b = (seat.call for seat in conference.seats)
        a.hang_up()
        await line.clock.advance(5)
        assert conference.status == "in-progress"
        assert b.answered
        b.hang_up()
        await line.clock.settle()
        assert (conference.status, conference.reason) == ("completed", "last-participant-left")


async def test_hold_plays_its_own_music_and_ends_back_in_the_talk() -> None:
    town = Town(
        voice=room(), wait="<Pause length='9'/>", hold="<Say>please hold</Say><Pause length='9'/>"
    )
    async with line_to(town) as line:
        conference = await two(line)
        a, b = conference.seats
        a.put_on_hold(Music(f"{PUBLIC}/hold", "POST", Purpose.HOLD))
        await line.clock.advance(12)
        assert line.carrier.ledger.heard(a.call.sid) == ["please hold", "please hold"]
        assert line.carrier.ledger.heard(b.call.sid) == []
        a.put_on_hold(None)
        a.put_on_hold(None)
        await line.clock.advance(60)
        assert line.carrier.ledger.heard(a.call.sid) == ["please hold", "please hold"]
        b.mute(True)
        b.mute(True)
        b.mute(False)
        await line.clock.settle()
    names = [name for name, _ in events(town)][3:]
    assert names[:4] == [
        "participant-hold",
        "participant-unhold",
        "participant-mute",
        "participant-unmute",
    ]
    assert [f["Hold"] for f in town.forms("news")[3:5]] == ["true", "false"]


async def test_hanging_up_on_hold_leaves_the_room() -> None:
    town = Town(voice=room('endConferenceOnExit="true"'), hold="<Pause length='90'/>")
    async with line_to(town) as line:
        conference = await two(line)
        a, b = conference.seats
        a.put_on_hold(Music(f"{PUBLIC}/hold", "POST", Purpose.HOLD))
        await line.clock.advance(2)
        a.call.hang_up()
        await line.clock.run_until(lambda: b.call.over)
        assert conference.status == "completed"


@pytest.mark.parametrize("wait", ["<Gather/>", "<broken", "<Pay/>", "<Hangup/>"])
async def test_music_that_may_not_play_is_silence_with_an_error(wait: str) -> None:
    town = Town(voice=room(), wait=wait)
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(30)
        assert call.place == "conference"
        assert len(town.forms("wait")) == 1
        (trouble,) = line.carrier.ledger.troubles(call.sid)
        assert trouble.code == {"<broken": 12100, "<Pay/>": 0}.get(wait, 13238)


async def test_an_announcement_is_heard_once_and_the_talk_goes_on() -> None:
    town = Town(voice=room(), say="<Say>recorded</Say>")
    async with line_to(town) as line:
        conference = await two(line)
        a, b = conference.seats
        a.announcements.append(Music(f"{PUBLIC}/say", "POST", Purpose.ANNOUNCE))
        a.call.nudge()
        await line.clock.advance(30)
        assert line.carrier.ledger.heard(a.call.sid) == ["carrier:music"] * 0 + ["recorded"]
        assert line.carrier.ledger.heard(b.call.sid) == []
        assert "announcement-end" in [name for name, _ in events(town)]


async def test_being_sent_elsewhere_leaves_the_room() -> None:
    town = Town(voice=room())
    async with line_to(town) as line:
        conference = await two(line)
        a, _ = conference.seats
        a.call.detour(Inline("<Response><Pause length='5'/><Say>elsewhere</Say></Response>"))
        assert a.over
        await line.clock.run_until(lambda: a.call.over)
        assert line.carrier.ledger.heard(a.call.sid) == ["elsewhere"]
        assert len(conference.seats) == 1


async def test_star_and_the_time_limit_leave_a_conference() -> None:
    town = Town(voice=room(dial='hangupOnStar="true" timeLimit="30"') + "<Say>after</Say>")
    async with line_to(town) as line:
        conference = await two(line)
        a, b = (seat.call for seat in conference.seats)
        a.press("*")
        await line.clock.run_until(lambda: a.over)
        assert line.seconds < 10
        await line.clock.run_until(lambda: b.over)
        assert 35 <= line.seconds <= 36
        assert line.carrier.ledger.heard(b.sid) == ["after"]


async def test_a_new_room_of_the_same_name_is_another_conference() -> None:
    town = Town(voice=room())
    async with line_to(town) as line:
        first = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(1)
        old = line.carrier.exchange.conference_named("r")
        first.hang_up()
        line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(1)
        assert line.carrier.exchange.conference_named("r") is not old
    assert isinstance(town.forms("news")[0], ImmutableMultiDict)
