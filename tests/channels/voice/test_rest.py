"""Effects become calls that the carrier's own description allows; failures say whether to go on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from channels.voice.rest import RestOutlet
from channels.voice.urls import RETRIES, Urls
from router.core import effects as f
from router.core.commands import NoteRoom, ReportLeg
from router.core.commands_listening import ListenTo
from router.core.model import SECOND, AgentId, EffectKey, ItemId, LegResult, ListenMode
from router.errors import ChannelError
from tests.core.town import Desk
from tests.fakes.carrier import ACCOUNT, CALL, ROOM, SPEC, TOKEN, Answer, FakeCarrier, carrier
from tests.fakes.contacts import FakeContacts
from tests.fakes.inbox import FakeInbox

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the carrier's description is not here")

ITEM = ItemId("7Q3M9ZK2PA")
KEY = EffectKey("7Q3M9ZK2PA-3")
RESIDENT = "+19055550123"
TOWN = "+19055550100"
AGENT_LEG = "CA" + "b" * 32
PUBLIC = "https://town.example.org"


@asynccontextmanager
async def outlet_of(
    timeout_s: float = 5.0, desk: Desk | None = None
) -> AsyncIterator[tuple[RestOutlet, FakeCarrier]]:
    async with carrier() as fake:
        outlet = RestOutlet(
            FakeInbox(desk),
            Urls(PUBLIC),
            FakeContacts({"w_1": RESIDENT, "w_far": "+33199000000"}),
            account_sid=ACCOUNT,
            auth_token=TOKEN,
            base_url=fake.base_url,
            timeout_s=timeout_s,
        )
        await outlet.start()
        try:
            yield outlet, fake
        finally:
            await outlet.stop()


def agent(leg: str = "+19055550160") -> f.DialAgent:
    return f.DialAgent(KEY, ITEM, AgentId("amina"), leg, 20 * SECOND)


def resident(ref: str = "w_1") -> f.DialResident:
    return f.DialResident(KEY, ITEM, ref, 25 * SECOND + 1, 1)


async def test_an_agents_telephone_is_rung() -> None:
    async with outlet_of() as (outlet, fake):
        assert await outlet.perform(agent()) == CALL
    (asked,) = fake.asked
    assert (asked.method, asked.path) == ("POST", "/Calls.json")
    assert dict(asked.fields) == {
        "To": "+19055550160",
        "From": TOWN,
        "Url": f"{PUBLIC}/voice/agent/{ITEM}/{KEY}{RETRIES}",
        "Method": "POST",
        "StatusCallback": f"{PUBLIC}/voice/agent/{ITEM}/{KEY}/status{RETRIES}",
        "StatusCallbackMethod": "POST",
        "StatusCallbackEvent": "completed",
        "Timeout": "20",
        "MachineDetection": "Enable",
    }


async def test_only_telephones_are_asked_whether_they_are_machines() -> None:
    async with outlet_of() as (outlet, fake):
        await outlet.perform(agent("client:amina"))
    assert fake.asked[0].field("To") == "client:amina"
    assert fake.asked[0].field("MachineDetection") == ""


async def test_a_resident_is_looked_up_and_then_rung() -> None:
    async with outlet_of() as (outlet, fake):
        assert await outlet.perform(resident()) == CALL
    looked, rung = fake.asked
    assert (looked.method, looked.query["To"], looked.query["From"]) == ("GET", RESIDENT, TOWN)
    assert rung.field("To") == RESIDENT
    assert rung.field("Url") == f"{PUBLIC}/voice/resident/{ITEM}/{KEY}{RETRIES}"
    assert rung.field("Timeout") == "26"


@pytest.mark.parametrize("status", ["queued", "ringing", "in-progress"])
async def test_a_resident_whose_telephone_rings_is_not_rung_again(status: str) -> None:
    there = {
        "calls": [{"sid": "CA" + "9" * 32, "status": "completed"}, {"sid": CALL, "status": status}]
    }
    async with outlet_of() as (outlet, fake):
        fake.answers.append(Answer(body=there))
        assert await outlet.perform(resident()) == CALL
    assert fake.calls() == [("GET", "/Calls.json")]


async def test_a_call_that_has_ended_does_not_keep_a_resident_from_being_rung() -> None:
    async with outlet_of() as (outlet, fake):
        fake.answers.append(
            Answer(body={"calls": [{"sid": "CA" + "9" * 32, "status": "no-answer"}]})
        )
        assert await outlet.perform(resident()) == CALL
    assert len(fake.asked) == 2


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        (agent("+33199000000"), "not-allowed"),
        (agent("sip:a@elsewhere.example.com"), "not-allowed"),
        (agent("+19059760000"), "not-allowed"),
        (resident("w_far"), "not-allowed"),
        (resident("w_2"), "no-number"),
    ],
)
async def test_nobody_is_rung_where_the_policy_does_not_allow_it(
    effect: f.Effect, reason: str
) -> None:
    async with outlet_of() as (outlet, fake):
        with pytest.raises(ChannelError) as failed:
            await outlet.perform(effect)
    assert (failed.value.reason, failed.value.retryable, fake.asked) == (reason, False, [])
    assert "+33" not in str(failed.value)


async def test_a_leg_is_sent_to_us_to_ask_again() -> None:
    async with outlet_of() as (outlet, fake):
        assert await outlet.perform(f.MoveCall(KEY, ITEM, CALL)) == ""
    (asked,) = fake.asked
    assert asked.path == f"/Calls/{CALL}.json"
    assert dict(asked.fields) == {"Url": f"{PUBLIC}/voice/move/{ITEM}{RETRIES}", "Method": "POST"}


async def test_a_leg_is_hung_up() -> None:
    async with outlet_of() as (outlet, fake):
        await outlet.perform(f.EndLeg(KEY, ITEM, CALL))
    assert [dict(asked.fields) for asked in fake.asked] == [{"Status": "completed"}]


NOT_IN_PROGRESS = Answer(400, {"code": 21220, "message": "Call is not in-progress", "status": 400})


async def test_a_ringing_leg_is_canceled() -> None:
    async with outlet_of() as (outlet, fake):
        fake.answers.append(NOT_IN_PROGRESS)
        await outlet.perform(f.EndLeg(KEY, ITEM, CALL))
    assert [asked.field("Status") for asked in fake.asked] == ["completed", "canceled"]


@pytest.mark.parametrize(
    "answers",
    [[Answer(404, {"code": 20404, "message": "gone"})], [NOT_IN_PROGRESS, NOT_IN_PROGRESS]],
)
async def test_a_leg_that_is_gone_is_hung_up(answers: list[Answer]) -> None:
    async with outlet_of() as (outlet, fake):
        fake.answers.extend(answers)
        assert await outlet.perform(f.EndLeg(KEY, ITEM, CALL)) == ""


async def test_hold_and_back() -> None:
    async with outlet_of() as (outlet, fake):
        await outlet.perform(f.HoldLeg(KEY, ITEM, CALL, ROOM, True))
        await outlet.perform(f.HoldLeg(KEY, ITEM, CALL, ROOM, False))
    held, back = fake.asked
    assert held.path == back.path == f"/Conferences/{ROOM}/Participants/{CALL}.json"
    assert dict(held.fields) == {
        "Hold": "true",
        "HoldUrl": f"{PUBLIC}/voice/hold/{ITEM}{RETRIES}",
        "HoldMethod": "POST",
    }
    assert dict(back.fields) == {"Hold": "false"}


async def test_a_supervisors_telephone_is_rung() -> None:
    async with outlet_of() as (outlet, fake):
        await outlet.perform(f.DialListener(KEY, ITEM, "+19055550160", 20 * SECOND))
    (asked,) = fake.asked
    fields = dict(asked.fields)
    assert (asked.path, fields["To"]) == ("/Calls.json", "+19055550160")
    assert fields["Url"] == f"{PUBLIC}/voice/listener/{ITEM}/{KEY}{RETRIES}"


@pytest.mark.parametrize(
    ("mode", "fields"),
    [
        (ListenMode.LISTEN, {"Muted": "true", "Coaching": "false"}),
        (ListenMode.WHISPER, {"Muted": "false", "Coaching": "true", "CallSidToCoach": AGENT_LEG}),
        (ListenMode.BARGE, {"Muted": "false", "Coaching": "false"}),
    ],
)
async def test_whoever_listens_is_set_as_the_state_says_by_then(
    mode: ListenMode, fields: dict[str, str]
) -> None:
    desk = Desk()
    item = desk.call("i1", "1", "2")
    desk.sign_in("amina")
    desk.answer("amina")
    row = replace(desk.state.items[item], agent_call_id=AGENT_LEG)
    desk.state.put_item(item, row)
    desk.do(NoteRoom(item_id=item, room_id=ROOM))
    desk.do(ListenTo(item, AgentId("chloe"), mode, "chloe.s"))
    desk.do(ReportLeg(item, "listener", CALL, LegResult.ANSWERED))
    async with outlet_of(desk=desk) as (outlet, fake):
        await outlet.perform(f.SetListener(KEY, item, CALL, ROOM))
        await outlet.perform(f.SetListener(KEY, item, "CA" + "9" * 32, ROOM))  # has left since
    (asked,) = fake.asked
    assert asked.path == f"/Conferences/{ROOM}/Participants/{CALL}.json"
    assert dict(asked.fields) == fields


@pytest.mark.parametrize(
    ("answer", "reason", "retryable"),
    [
        (Answer(429, {"code": 20429, "message": "slow down"}), "busy", True),
        (Answer(500, {"code": 20500, "message": "oh"}), "failed", True),
        (Answer(503, b"<html>not json</html>"), "failed", True),
        (Answer(400, {"code": 21211, "message": f"{RESIDENT} is not valid"}), "refused", False),
        (Answer(401, {"code": 20003, "message": "Authenticate"}), "refused", False),
        (Answer(404, {"code": 20404, "message": "not found"}), "gone", False),
        (NOT_IN_PROGRESS, "gone", False),
        (Answer(200, b"half an ans"), "failed", True),
        (
            Answer(400, {"type": "t", "title": "odd", "status": 400, "code": 21218}),
            "refused",
            False,
        ),
    ],
)
async def test_failures_say_whether_to_try_again(
    answer: Answer, reason: str, retryable: bool
) -> None:
    async with outlet_of() as (outlet, fake):
        fake.answers.append(answer)
        with pytest.raises(ChannelError) as failed:
            await outlet.perform(f.MoveCall(KEY, ITEM, CALL))
    assert (failed.value.reason, failed.value.retryable) == (reason, retryable)
    assert RESIDENT not in str(failed.value)


async def test_a_slow_carrier_is_given_up_in_time() -> None:
    """The library's own client would wait for ever."""
    async with outlet_of(timeout_s=0.05) as (outlet, fake):
        fake.answers.append(Answer(after_s=0.5))
        with pytest.raises(ChannelError) as failed:
            await outlet.perform(f.MoveCall(KEY, ITEM, CALL))
    assert (failed.value.reason, failed.value.retryable) == ("timeout", True)


async def test_a_carrier_that_is_not_there_may_come_back() -> None:
    async with outlet_of() as (_, fake):
        pass
    away = RestOutlet(
        FakeInbox(),
        Urls(PUBLIC),
        FakeContacts(),
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        base_url=fake.base_url,
        timeout_s=5,
    )
    await away.start()
    with pytest.raises(ChannelError) as failed:
        await away.perform(f.MoveCall(KEY, ITEM, CALL))
    assert (failed.value.reason, failed.value.retryable) == ("unreachable", True)
    await away.stop()
    with pytest.raises(ChannelError) as stopped:
        await away.perform(f.MoveCall(KEY, ITEM, CALL))
    assert (stopped.value.reason, stopped.value.retryable) == ("stopped", True)


async def test_a_call_without_a_name_is_no_call() -> None:
    async with outlet_of() as (outlet, fake):
        fake.answers.append(Answer(body={}))
        with pytest.raises(ChannelError) as failed:
            await outlet.perform(agent())
    assert failed.value.retryable


async def test_an_effect_of_another_channel_is_refused() -> None:
    async with outlet_of() as (outlet, _):
        with pytest.raises(ChannelError) as failed:
            await outlet.perform(f.Effect(KEY, ITEM))
    assert not failed.value.retryable
