"""The legs we dial: agents, residents called back, people outside; and the rooms they meet in."""

from __future__ import annotations

import pytest

from router.core import commands as c
from router.core import effects as f
from router.core.model import ItemId, ItemState, LegResult, LegState
from tests.channels.voice.line import TOWN, Heard, Line, standard
from tests.channels.voice.steps import (
    AGENT,
    AGENT_LEG,
    accepted,
    callback_booked,
    talking,
    the_item,
)
from tests.core.town import NIGHT, Desk

# --- agents --------------------------------------------------------------------------------------


async def test_an_agent_who_presses_the_key_is_in_the_room_and_the_caller_follows(
    line: Line,
) -> None:
    item_id = await talking(line)
    item = the_item(line)
    assert (item.agent_call_id, item.agent_call_state) == (AGENT_LEG, LegState.CONNECTED)
    assert any(isinstance(e, f.MoveCall) for e in line.inbox.state.pending.values())
    heard = await line.call(f"/voice/move/{item_id}")
    room = heard.all("Conference")[0]
    assert (room.text, room.attrib["endConferenceOnExit"]) == (item_id, "true")


async def test_pressing_twice_connects_once(line: Line) -> None:
    item_id = await talking(line)
    before = len(line.inbox.stored)
    url = f"/voice/agent/{item_id}/{item_id}-1/answer"
    await line.post(url, {**standard(), **AGENT, "Digits": "1"})
    assert len(line.inbox.stored) == before


@pytest.mark.parametrize("digits", ["", "2", "#"])
async def test_an_agent_who_does_not_press_the_key_gets_nobody(line: Line, digits: str) -> None:
    item_id, key = await accepted(line)
    heard = await line.post(
        f"/voice/agent/{item_id}/{key}/answer", {**standard(), **AGENT, "Digits": digits}
    )
    assert heard.names == ["Hangup"]
    assert the_item(line).state is ItemState.QUEUED


async def test_an_answering_machine_of_an_agent_gets_nobody(line: Line) -> None:
    item_id, key = await accepted(line)
    heard = await line.post(
        f"/voice/agent/{item_id}/{key}", {**standard(), **AGENT, "AnsweredBy": "machine_start"}
    )
    assert heard.names == ["Hangup"]
    assert the_item(line).state is ItemState.QUEUED


async def test_an_agents_telephone_that_is_busy_gives_the_item_back(line: Line) -> None:
    item_id, key = await accepted(line)
    told = await line.post(
        f"/voice/agent/{item_id}/{key}/status", {**standard(), **AGENT, "CallStatus": "busy"}
    )
    assert told.status == 204
    assert the_item(line).state is ItemState.QUEUED


async def test_an_agent_who_picks_up_too_late_hears_so(line: Line) -> None:
    item_id, key = await accepted(line)
    await line.call("/voice/status", CallStatus="completed")
    heard = await line.post(f"/voice/agent/{item_id}/{key}", {**standard(), **AGENT})
    assert heard.said() == ["agent_already_taken"]
    heard = await line.post(
        f"/voice/agent/{item_id}/{key}/answer", {**standard(), **AGENT, "Digits": "1"}
    )
    assert heard.said() == ["agent_already_taken"]


async def test_the_room_is_noted_for_hold(line: Line) -> None:
    item_id = await talking(line)
    told = await line.call(
        f"/voice/room/{item_id}", ConferenceSid="CF1", StatusCallbackEvent="conference-start"
    )
    assert (told.status, the_item(line).room_id) == (204, "CF1")
    assert (await line.post(f"/voice/room/{item_id}", standard())).status == 400


async def test_hold_says_so_and_plays(line: Line) -> None:
    item_id = await talking(line)
    heard = await line.call(f"/voice/hold/{item_id}")
    assert heard.said() == ["hold"]
    assert set(heard.names) <= {"Say", "Play", "Pause"}


# --- transfers and callbacks ---------------------------------------------------------------------


async def night_call(line: Line) -> Heard:
    heard = await line.call()
    heard = await line.call(heard.action(), Digits="1")
    return await line.call(heard.action(), Digits="9")


async def test_an_urgent_call_at_night_is_put_through() -> None:
    line = Line(Desk(now=NIGHT))
    heard = await night_call(line)
    dial = heard.all("Dial")[0]
    assert heard.all("Number")[0].text == "+19055550150"
    assert (dial.attrib["callerId"], dial.attrib["timeout"]) == (TOWN, "20")
    item_id = the_item(line).id
    step = heard.action().rpartition("/")[2]
    told = await line.post(
        f"/voice/outside/{item_id}/{step}",
        {**standard("CA" + "c" * 32), "CallStatus": "in-progress"},
    )
    assert (told.status, the_item(line).state) == (204, ItemState.DIVERTED)
    after = await line.call(heard.action(), DialCallStatus="completed")
    assert after.names[-1] == "Hangup"


async def test_when_nobody_answers_the_next_one_is_rung() -> None:
    line = Line(Desk(now=NIGHT))
    first = await night_call(line)
    second = await line.call(first.action(), DialCallStatus="no-answer")
    assert second.all("Number")[0].text == "+19055550152"
    assert (await line.call(first.action(), DialCallStatus="no-answer")).text == second.text


async def callback_rings(line: Line) -> tuple[ItemId, str]:
    """Amina has taken a callback and pressed 1; the resident's telephone rings."""
    await callback_booked(line)
    await line.call("/voice/status", CallStatus="completed")
    line.inbox.desk.sign_in("amina")
    (agent,) = line.inbox.state.agents.values()
    assert agent.offer is not None
    line.inbox.desk.do(c.AcceptOffer(offer_id=agent.offer, agent_id=agent.id))
    (dial,) = [e for e in line.inbox.state.pending.values() if isinstance(e, f.DialAgent)]
    await line.post(
        f"/voice/agent/{dial.item_id}/{dial.key}/answer", {**standard(), **AGENT, "Digits": "1"}
    )
    (ring,) = [e for e in line.inbox.state.pending.values() if isinstance(e, f.DialResident)]
    return ring.item_id, ring.key


RESIDENT_LEG = {
    "CallSid": "CA" + "d" * 32,
    "From": TOWN,
    "To": "+19055550177",
    "Direction": "outbound-api",
}


async def test_a_resident_who_picks_up_a_callback_is_in_the_room(line: Line) -> None:
    item_id, key = await callback_rings(line)
    heard = await line.post(f"/voice/resident/{item_id}/{key}", {**standard(), **RESIDENT_LEG})
    assert heard.said() == ["callback_greeting"]
    assert heard.all("Conference")[0].text == item_id
    assert the_item(line).call_id == RESIDENT_LEG["CallSid"]


@pytest.mark.parametrize(
    ("path", "more"),
    [("", {"AnsweredBy": "machine_start"}), ("/status", {"CallStatus": "no-answer"})],
)
async def test_a_callback_that_reaches_nobody_is_an_attempt(
    line: Line, path: str, more: dict[str, str]
) -> None:
    item_id, key = await callback_rings(line)
    await line.post(
        f"/voice/resident/{item_id}/{key}{path}", {**standard(), **RESIDENT_LEG, **more}
    )
    reports = [
        r
        for r in line.inbox.of_kind(c.ReportLeg)
        if isinstance(r, c.ReportLeg) and r.leg == "resident"
    ]
    assert [r.result for r in reports] in ([LegResult.MACHINE], [LegResult.NO_ANSWER])
    item = the_item(line)
    assert item.callback is not None
    assert item.callback.attempts == 1
