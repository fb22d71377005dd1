"""REST calls about conferences, made by the carrier's own client and judged by its description."""

from __future__ import annotations

import pytest

from channels.voice.practice.handset import Handset
from tests.channels.practice.office import NEWS, office
from tests.channels.practice.town import ANN, BEN, CALLER, HALL, PUBLIC, Town
from tests.channels.practice.twilio_spec import SPEC

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the carrier's description is not here")

ROOM = (
    '<Dial><Conference statusCallback="/news" statusCallbackEvent="start end join leave mute hold"'
    ' participantLabel="resident" endConferenceOnExit="true">c1</Conference></Dial>'
)


async def test_conferences_and_those_who_sit_in_them() -> None:
    town = Town(voice=ROOM, hold="<Say>on hold</Say><Pause length='60'/>", say="<Say>beep</Say>")
    async with office(town) as desk:
        client, clock = desk.client, desk.line.clock
        desk.line.carrier.register(ANN, Handset(after_s=2))
        desk.line.carrier.register(BEN, Handset(after_s=2))
        call = desk.line.carrier.call_in(CALLER, HALL)
        await clock.advance(1)
        (room,) = await desk.do(
            lambda: client.conferences.list(friendly_name="c1", status="init", limit=5)
        )
        people = client.conferences(room.sid).participants
        invited = await desk.do(
            lambda: people.create(
                from_=HALL,
                to=ANN,
                label="ann",
                timeout=20,
                status_callback=f"{PUBLIC}/leg",
                status_callback_event=NEWS,
                end_conference_on_exit=False,
                beep="false",
            )
        )
        assert (invited.status, invited.label) == ("queued", "ann")
        await clock.advance(5)
        assert (await desk.do(lambda: client.conferences(room.sid).fetch())).status == "in-progress"
        seats = await desk.do(lambda: people.list(limit=9))
        assert {seat.label for seat in seats} == {"resident", "ann"}
        held = await desk.do(
            lambda: people(call.sid).update(
                hold=True, hold_url=f"{PUBLIC}/hold", hold_method="POST"
            )
        )
        assert held.hold is True
        await clock.advance(3)
        assert desk.line.carrier.ledger.heard(call.sid)[-1] == "on hold"
        assert [s.label for s in await desk.do(lambda: people.list(hold=True, limit=9))] == [
            "resident"
        ]
        assert (await desk.do(lambda: people("ann").update(muted=True))).muted is True
        await desk.do(lambda: people(call.sid).update(hold=False))
    names = [form["StatusCallbackEvent"] for form in town.forms("news")]
    assert names[:6] == [
        "participant-join",
        "participant-join",
        "conference-start",
        "participant-hold",
        "participant-mute",
        "participant-unhold",
    ]
    assert [form["CallStatus"] for form in town.forms("leg")] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]


async def test_taking_somebody_out_and_ending_the_conference() -> None:
    town = Town(voice=ROOM, say="<Say>beep</Say>")
    async with office(town) as desk:
        client, clock = desk.client, desk.line.clock
        desk.line.carrier.register(BEN, Handset(after_s=2))
        call = desk.line.carrier.call_in(CALLER, HALL)
        await clock.advance(1)
        (room,) = await desk.do(lambda: client.conferences.list(status="init", limit=5))
        people = client.conferences(room.sid).participants
        by_name = await desk.do(
            lambda: client.conferences("c1").participants.create(from_=HALL, to=BEN, label="ben")
        )
        await clock.advance(5)
        shown = await desk.do(lambda: people(by_name.call_sid).fetch())
        assert (shown.status, shown.end_conference_on_exit) == ("connected", False)
        await desk.do(lambda: people("ben").update(announce_url=f"{PUBLIC}/say"))
        await clock.advance(1)
        assert desk.line.carrier.ledger.heard(by_name.call_sid) == ["beep"]
        await desk.do(lambda: people("ben").delete())
        await clock.advance(1)
        assert await desk.refused(lambda: people("ben").fetch()) == (404, 20404)
        assert desk.line.carrier.exchange.calls[by_name.call_sid].status == "completed"
        await desk.do(lambda: people(call.sid).update(end_conference_on_exit=False))
        await desk.do(lambda: client.conferences(room.sid).update(announce_url=f"{PUBLIC}/say"))
        done = await desk.do(lambda: client.conferences(room.sid).update(status="completed"))
        assert done.reason_conference_ended == "conference-ended-via-api"
        await clock.advance(1)
        assert call.over
        assert await desk.refused(lambda: people(call.sid).update(hold=True)) == (404, 20404)
        unknown = "CF" + "f" * 32
        assert await desk.refused(lambda: client.conferences(unknown).fetch()) == (404, 20404)
    assert town.forms("news")[-1]["StatusCallbackEvent"] == "conference-end"
