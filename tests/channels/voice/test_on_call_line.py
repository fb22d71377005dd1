"""On call through the real voice path: it rings, the person hears, presses 1 and is joined."""

from __future__ import annotations

from functools import partial

import pytest
from msgspec.structs import replace

from channels.voice.practice.handset import Behaviour, Handset, presses
from router.core.model import EffectKey, ItemId, ItemState, LegResult
from tests.channels.voice.test_on_the_line import RESIDENT, TOWN, Telephony, telephony
from tests.core.test_lone_walk import lone_town
from tests.core.test_on_call import on_call_town
from tests.core.town import NIGHT, Desk, both

SECURITY, OFFICER, DEPUTY = "+19055550150", "+19055550151", "+19055550152"


@pytest.mark.parametrize(
    ("first", "result"),
    [
        (Handset(Behaviour.MACHINE), LegResult.NOT_ACCEPTED),
        (Handset(Behaviour.ANSWERS, script=presses("5")), LegResult.NOT_ACCEPTED),
        (Handset(Behaviour.BUSY), LegResult.BUSY),
        (Handset(Behaviour.NO_ANSWER), LegResult.NO_ANSWER),
        (Handset(Behaviour.FAILS), LegResult.FAILED),
    ],
)
async def test_the_next_one_is_rung_and_is_joined_after_pressing_1(
    first: Handset, result: LegResult
) -> None:
    async with telephony(Desk(on_call_town(), now=NIGHT)) as line:
        line.carrier.register(SECURITY, first)
        line.carrier.register(DEPUTY, Handset(script=presses("1")))
        call = line.carrier.call_in(RESIDENT, TOWN)
        await line.press(call, "1")
        await line.press(call, "9")
        await line.clock.run_until(
            lambda: line.inbox.state.items[line.item()].state is ItemState.DIVERTED, limit_s=120
        )
        attempts = line.inbox.state.on_call[line.item()].attempts
        assert [(each.contact, each.result) for each in attempts] == [
            ("security", result),
            ("deputy", LegResult.ANSWERED),
        ]
        deputy = next(each for each in line.carrier.exchange.calls.values() if each.to == DEPUTY)
        assert line.carrier.ledger.heard(deputy.sid)[:1] == ["Ask where"]
        await line.clock.advance(5)
        assert not call.over  # they talk
        call.hang_up()
        await line.clock.settle()


@pytest.mark.parametrize("number", [RESIDENT, "+266696687"])
async def test_who_is_on_call_hears_of_a_caller_who_has_hung_up_and_takes_it_on(
    number: str,
) -> None:
    policy = lone_town()
    where = {"on_call_hung_up": both("call {number}"), "on_call_withheld": both("withheld")}
    policy = replace(policy, texts={**policy.texts, **where})
    async with telephony(Desk(policy, now=NIGHT)) as line:
        line.carrier.register(SECURITY, Handset(Behaviour.NO_ANSWER))
        line.carrier.register(DEPUTY, Handset(Behaviour.MACHINE))
        line.carrier.register(OFFICER, Handset(script=presses("1")))
        call = line.carrier.call_in(number, TOWN)
        await line.press(call, "1")
        await line.press(call, "9")
        call.hang_up()
        item = line.item()
        line.contacts.numbers[line.inbox.state.items[item].contact_ref] = RESIDENT
        await line.clock.settle()
        for _ in ("security", "deputy", "officer"):
            key = line.inbox.state.walks[item].key
            await line.perform()
            await line.clock.run_until(partial(_is_settled, line, item, key), limit_s=120)
        assert line.inbox.state.items[item].state is ItemState.CLOSED
        attempts = line.inbox.state.on_call[item].attempts
        assert [(each.contact, each.result) for each in attempts] == [
            ("security", LegResult.NO_ANSWER),
            ("deputy", LegResult.NOT_ACCEPTED),
            ("officer", LegResult.ANSWERED),
        ]
        await line.clock.advance(60)
        told = next(each for each in line.carrier.exchange.calls.values() if each.to == OFFICER)
        where_to = "call 9 0 5, 5 5 5, 0 1 2 3" if number == RESIDENT else "withheld"
        heard = line.carrier.ledger.heard(told.sid)
        assert heard == ["Ask where", "on_call_taken_on", where_to]  # pressed while it spoke


def _is_settled(line: Telephony, item: ItemId, key: EffectKey) -> bool:
    """Say whether it is known what came of the call that this effect made."""
    row = line.inbox.state.walks[item]
    return row.key != key or bool(row.result)
