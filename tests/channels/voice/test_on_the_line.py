"""The channel and the practice line understand each other: webhooks, TwiML and REST calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn
from starlette.applications import Starlette

from channels.voice.adapter import VoiceChannel, VoiceSettings
from channels.voice.practice.call import Call
from channels.voice.practice.carrier import Carrier, Subscription
from channels.voice.practice.clock import VirtualClock
from channels.voice.practice.handset import Handset, presses
from channels.voice.practice.rest import rest_app
from router.core import commands as c
from router.core import commands_calls as k
from router.core.model import AgentId, Form, ItemId, ItemState
from router.runtime.ids import SeededIds
from tests.core.town import Desk
from tests.fakes.contacts import FakeContacts
from tests.fakes.inbox import FakeInbox

PUBLIC = "https://town.example.org"
ACCOUNT = "AC" + "0" * 32
RESIDENT, TOWN = "+19055550123", "+19055550100"
DEPARTMENT = "+19055550151"  # the town's contact "officer"
AMINA = AgentId("amina")


@dataclass
class Telephony:
    """The town's channel, and the carrier that it hangs on."""

    inbox: FakeInbox
    channel: VoiceChannel
    contacts: FakeContacts
    carrier: Carrier
    clock: VirtualClock
    done: set[str] = field(default_factory=set)

    async def perform(self) -> None:
        """Perform every effect that waits, and those that follow, as the runtime does."""
        while todo := [e for e in self.inbox.state.pending.values() if e.key not in self.done]:
            for effect in todo:
                self.done.add(effect.key)
                with self.clock.busy():
                    call_id = await self.channel.outlet.perform(effect)
                self.inbox.desk.do(c.ReportEffect(key=effect.key, done=True, call_id=call_id))
                await self.clock.settle()

    async def press(self, call: Call, key: str) -> None:
        await self.clock.run_until(lambda: call.expects == "digits", limit_s=120)
        call.press(key)
        await self.clock.settle()

    def item(self) -> ItemId:
        (item_id,) = self.inbox.state.items
        return item_id

    def accept(self) -> None:
        """Amina takes what she is offered."""
        agent = self.inbox.state.agents[AMINA]
        assert agent.offer is not None
        self.inbox.desk.do(c.AcceptOffer(offer_id=agent.offer, agent_id=AMINA))


@asynccontextmanager
async def telephony(desk: Desk | None = None) -> AsyncIterator[Telephony]:
    clock, inbox, contacts = VirtualClock(), FakeInbox(desk or Desk()), FakeContacts()
    holder: list[Carrier] = []

    async def carrier_app(scope: object, receive: object, send: object) -> None:
        await rest_app(holder[0])(scope, receive, send)  # type: ignore[arg-type]

    config = uvicorn.Config(
        carrier_app, host="127.0.0.1", port=0, log_level="error", lifespan="off"
    )
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.001)
        rest_url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        settings = VoiceSettings(
            public_url=PUBLIC,
            account_sid=ACCOUNT,
            auth_tokens=("token",),
            secret=b"secret",
            rest_url=rest_url,
        )
        channel = VoiceChannel(inbox, SeededIds(1), settings, contacts)
        transport = httpx.ASGITransport(Starlette(routes=channel.routes()))
        subscription = Subscription(
            account_sid=ACCOUNT,
            auth_token="token",
            voice_url=f"{PUBLIC}/voice/incoming",
            fallback_url=f"{PUBLIC}/voice/incoming",
            status_url=f"{PUBLIC}/voice/status",
            rest_url=rest_url,
        )
        await channel.start()
        try:
            async with httpx.AsyncClient(transport=transport) as http:
                async with Carrier(subscription, http=http, clock=clock) as carrier:
                    holder.append(carrier)
                    yield Telephony(inbox, channel, contacts, carrier, clock)
                    assert [t for t in carrier.ledger.troubles() if not t.warning] == []
        finally:
            await channel.stop()
            server.should_exit = True


async def test_a_call_waits_talks_holds_and_ends() -> None:
    async with telephony() as line:
        line.carrier.register("client:amina", Handset(script=presses("1")))
        line.inbox.desk.sign_in("amina")
        call = line.carrier.call_in(RESIDENT, TOWN)
        await line.press(call, "2")
        await line.press(call, "2")
        await line.clock.run_until(lambda: call.place == "queue")
        await line.clock.advance(2)
        assert "place (fr)" in line.carrier.ledger.heard(call.sid)

        line.accept()
        await line.perform()
        await line.clock.run_until(lambda: bool(line.inbox.of_kind(c.ReportLeg)))
        await line.perform()
        await line.clock.run_until(lambda: call.place == "conference")
        await line.clock.run_until(lambda: line.inbox.state.items[line.item()].room_id != "")

        line.inbox.desk.do(c.HoldItem(item_id=line.item(), agent_id=AMINA))
        await line.perform()
        await line.clock.advance(1)
        assert line.carrier.ledger.heard(call.sid)[-1] == "hold (fr)"
        line.inbox.desk.do(c.ResumeItem(item_id=line.item(), agent_id=AMINA))
        await line.perform()

        line.inbox.desk.do(c.FinishHandling(item_id=line.item(), agent_id=AMINA))
        await line.perform()
        assert call.over
        assert all(each.over for each in line.carrier.exchange.calls.values())
        assert line.inbox.state.items[line.item()].state is ItemState.WRAP_UP


async def _connected(line: Telephony) -> Call:
    """A caller whom Amina has on the line, her telephone and the department's in reach."""
    line.carrier.register("client:amina", Handset(script=presses("1")))
    line.inbox.desk.sign_in("amina")
    call = line.carrier.call_in(RESIDENT, TOWN)
    await line.press(call, "1")
    await line.press(call, "2")
    line.accept()
    await line.perform()
    await line.clock.run_until(lambda: bool(line.inbox.of_kind(c.ReportLeg)))
    await line.perform()
    await line.clock.run_until(lambda: line.inbox.state.items[line.item()].room_id != "")
    return call


def _consult(line: Telephony) -> k.ConsultItem:
    return k.ConsultItem(item_id=line.item(), agent_id=AMINA, to_contact="officer")


async def _asked(line: Telephony) -> Call:
    """The department has been rung; returns its leg."""
    line.inbox.desk.do(_consult(line))
    await line.perform()
    (leg,) = [x for x in line.carrier.exchange.calls.values() if x.to == DEPARTMENT]
    return leg


async def test_a_department_is_asked_and_has_the_resident_when_the_agent_leaves() -> None:
    async with telephony() as line:
        call = await _connected(line)
        line.carrier.register(DEPARTMENT, Handset(script=presses("1")))
        third = await _asked(line)
        await line.clock.run_until(lambda: third.place == "conference")
        assert call.place == "conference"
        assert "agent_whisper" in line.carrier.ledger.heard(third.sid)
        line.inbox.desk.do(k.CompleteTransfer(item_id=line.item(), agent_id=AMINA))
        await line.perform()
        await line.clock.advance(60)
        legs = {x.sid for x in line.carrier.exchange.calls.values() if not x.over}
        assert legs == {call.sid, third.sid}
        third.hang_up()
        await line.clock.settle()
        await line.perform()
        assert call.over


async def test_a_department_that_does_not_answer_leaves_resident_and_agent_talking() -> None:
    async with telephony() as line:
        call = await _connected(line)
        third = await _asked(line)
        await line.clock.run_until(lambda: third.over, limit_s=120)
        await line.perform()
        assert line.inbox.state.consults[line.item()].failed is not None
        assert call.place == "conference"
        call.hang_up()
        await line.clock.settle()
        await line.perform()
        assert all(each.over for each in line.carrier.exchange.calls.values())
        assert line.inbox.state.items[line.item()].state is ItemState.WRAP_UP


async def test_a_resident_who_hangs_up_among_three_frees_them_all() -> None:
    async with telephony() as line:
        call = await _connected(line)
        line.carrier.register(DEPARTMENT, Handset(script=presses("1")))
        third = await _asked(line)
        await line.clock.run_until(lambda: third.place == "conference")
        call.hang_up()
        await line.clock.settle()
        await line.perform()
        assert all(each.over for each in line.carrier.exchange.calls.values())
        assert line.item() not in line.inbox.state.consults


async def test_an_agent_who_is_lost_while_a_department_rings_puts_the_resident_back_in_line() -> (
    None
):
    async with telephony() as line:
        call = await _connected(line)
        third = await _asked(line)
        (agent,) = [x for x in line.carrier.exchange.calls.values() if x.to == "client:amina"]
        agent.hang_up()
        await line.clock.settle()
        await line.perform()
        await line.clock.run_until(lambda: call.place == "queue")
        assert third.over
        assert line.inbox.state.items[line.item()].state in (ItemState.QUEUED, ItemState.OFFERED)


async def test_an_agent_who_does_not_press_leaves_the_caller_in_line() -> None:
    async with telephony() as line:
        line.carrier.register("client:amina", Handset())
        line.inbox.desk.sign_in("amina")
        call = line.carrier.call_in(RESIDENT, TOWN)
        await line.press(call, "1")
        await line.press(call, "2")
        line.accept()
        await line.perform()
        await line.clock.run_until(lambda: bool(line.inbox.of_kind(c.ReportLeg)))
        assert line.inbox.state.items[line.item()].state in (ItemState.QUEUED, ItemState.OFFERED)
        assert call.place == "queue"


async def test_a_callback_is_booked_and_kept() -> None:
    async with telephony() as line:
        line.carrier.register("client:amina", Handset(script=presses("1")))
        line.carrier.register("+19055550177", Handset())
        call = line.carrier.call_in(RESIDENT, TOWN)
        await line.press(call, "1")
        await line.press(call, "2")
        line.inbox.desk.wait(25 * 10**9)
        await line.press(call, "1")
        await line.press(call, "9055550177#")
        await line.clock.run_until(lambda: call.over)
        item = line.inbox.state.items[line.item()]
        assert item.form is Form.CALLBACK
        line.contacts.numbers[item.contact_ref] = "+19055550177"

        line.inbox.desk.sign_in("amina")
        line.accept()
        await line.perform()
        await line.clock.run_until(lambda: len(line.inbox.of_kind(c.ReportLeg)) == 1)
        await line.perform()
        await line.clock.run_until(lambda: len(line.inbox.of_kind(c.ReportLeg)) == 2)

        def talking() -> bool:
            calls = line.carrier.exchange.calls.values()
            return [each.place for each in calls if not each.over] == ["conference", "conference"]

        await line.clock.run_until(talking)


async def test_a_caller_who_hangs_up_while_waiting_is_gone() -> None:
    async with telephony() as line:
        call = line.carrier.call_in(RESIDENT, TOWN)
        await line.press(call, "1")
        await line.press(call, "2")
        await line.clock.run_until(lambda: call.place == "queue")
        call.hang_up()
        await line.clock.settle()
        assert line.inbox.state.items[line.item()].state is ItemState.ABANDONED
