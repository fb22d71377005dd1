"""Calling residents back over the practice line: who is rung first, machines, chosen times."""

from __future__ import annotations

from channels.voice.practice.call import Call
from channels.voice.practice.handset import Behaviour, Handset, presses
from router.core import commands as c
from router.core import policy as p
from router.core.model import HOUR, MINUTE, SECOND, Form, ItemState, LegState
from router.core.policy_calls import CallbackWindows
from tests.channels.voice.test_on_the_line import AMINA, RESIDENT, TOWN, Telephony, telephony
from tests.core.test_callback_choices import calling


async def booked(line: Telephony, policy: p.Policy, *keys: str) -> None:
    """A caller who waits presses the keys that book a callback, and is gone."""
    line.inbox.desk.adopt(policy)
    call = line.carrier.call_in(RESIDENT, TOWN)
    for key in ("1", "2"):
        await line.press(call, key)
    line.inbox.desk.wait(25 * SECOND)
    for key in ("1", *keys):
        await line.press(call, key)
    await line.clock.run_until(lambda: call.over, limit_s=60)
    line.contacts.numbers[line.inbox.state.items[line.item()].contact_ref] = RESIDENT


async def rung(line: Telephony) -> Call:
    """Amina has accepted; the resident's telephone rings."""
    line.inbox.desk.sign_in("amina")
    line.accept()
    await line.perform()
    await line.clock.settle()
    (leg,) = [x for x in line.carrier.exchange.calls.values() if x.to == RESIDENT]
    return leg


async def test_the_resident_presses_1_before_the_agents_telephone_rings() -> None:
    async with telephony() as line:
        await booked(line, calling(first="resident"), "1")
        line.carrier.register(RESIDENT, Handset(after_s=3, script=presses("1")))
        line.carrier.register("client:amina", Handset(script=presses("1")))
        leg = await rung(line)
        await line.clock.run_until(lambda: leg.place == "conference")
        assert line.carrier.ledger.heard(leg.sid) == ["callback_greeting", "hold"]
        await line.perform()
        item = line.item()
        await line.clock.run_until(
            lambda: line.inbox.state.items[item].agent_call_state is LegState.CONNECTED
        )
        await line.perform()
        assert leg.place == "conference"
        line.inbox.desk.do(c.FinishHandling(item_id=item, agent_id=AMINA))
        await line.perform()
        assert all(each.over for each in line.carrier.exchange.calls.values())


async def test_a_resident_who_presses_nothing_costs_the_agent_no_telephone_call() -> None:
    async with telephony() as line:
        await booked(line, calling(first="resident"), "1")
        line.carrier.register(RESIDENT, Handset(after_s=3))
        leg = await rung(line)
        await line.clock.run_until(lambda: leg.over, limit_s=120)
        heard = line.carrier.ledger.heard(leg.sid)
        assert heard[:2] == ["callback_greeting", "callback_confirm"]
        row = line.inbox.state.items[line.item()]
        assert row.callback is not None
        assert (row.state, row.callback.attempts) == (ItemState.DEFERRED, 1)
        assert not [x for x in line.carrier.exchange.calls.values() if x.to == "client:amina"]


async def test_an_answering_machine_hears_the_message_after_its_tone() -> None:
    async with telephony() as line:
        await booked(line, calling(first="resident", machine="message"), "1")
        line.carrier.register(RESIDENT, Handset(Behaviour.MACHINE, after_s=3))
        leg = await rung(line)
        await line.clock.run_until(lambda: leg.over, limit_s=120)
        await line.perform()
        assert line.carrier.ledger.heard(leg.sid) == ["callback_message"]
        assert line.inbox.state.items[line.item()].form is Form.MESSAGE
        assert "answering machine" in line.inbox.state.recalls[line.item()].unreturned


async def test_a_caller_chooses_a_time_by_keys() -> None:
    async with telephony() as line:
        windows = CallbackWindows(length=120 * MINUTE, most=2, days=1)
        now = line.inbox.desk.now
        await booked(line, calling(windows=windows), "2", "1")
        row = line.inbox.state.items[line.item()]
        assert (row.form, row.state) == (Form.CALLBACK, ItemState.DEFERRED)
        assert row.deferred_until == now + 2 * HOUR
