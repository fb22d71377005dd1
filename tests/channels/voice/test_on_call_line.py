"""On call through the real voice path: it rings, the person hears, presses 1 and is joined."""

from __future__ import annotations

import pytest

from channels.voice.practice.handset import Behaviour, Handset, presses
from router.core.model import ItemState, LegResult
from tests.channels.voice.test_on_the_line import RESIDENT, TOWN, telephony
from tests.core.test_on_call import on_call_town
from tests.core.town import NIGHT, Desk

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
