"""Places in line that somebody has earned: by ringing before, by what they said, by their age."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import events as e
from router.core import policy as p
from router.core.apply import apply
from router.core.buckets import has_missed, rank
from router.core.flows.presentation import caller_script
from router.core.flows.script import Dial
from router.core.model import HOUR, MINUTE, SECOND, FlowId, ItemState, LegResult
from router.errors import InvariantBroken
from tests.core.town import OPEN, Desk, main_flow, rule, town

NIGHT = OPEN + 13 * HOUR


def hang_up(desk: Desk, name: str) -> None:
    desk.do(c.ReportLeg(item_id=name, leg="resident", call_id=f"CA{name}", result=LegResult.ENDED))  # type: ignore[arg-type]


@pytest.mark.parametrize(("pause", "regained"), [(5 * MINUTE, True), (5 * MINUTE + 1, False)])
def test_who_hung_up_and_dials_again_soon_has_the_old_place(pause: int, regained: bool) -> None:
    desk = Desk()
    first = desk.call("i1", "1", "2", caller="a")
    came = desk.state.items[first].first_queued_at
    hang_up(desk, "i1")
    assert desk.state.items[first].state is ItemState.ABANDONED
    desk.wait(pause)
    again = desk.call("i2", "1", "2", caller="a")
    assert desk.state.items[again].first_queued_at == (came if regained else desk.now)


def test_somebody_elses_call_gives_no_place() -> None:
    desk = Desk()
    desk.call("i1", "1", "2", caller="a")
    hang_up(desk, "i1")
    desk.wait(MINUTE)
    other = desk.call("i2", "1", "2", caller="b")
    assert desk.state.items[other].first_queued_at == desk.now


def test_a_choice_in_the_menu_gives_its_head_start() -> None:
    flow = main_flow()
    menu = flow.nodes["subject"]
    urgent = p.Values(subject="road_hazard", head_start=2 * MINUTE)
    choices = {**menu.choices, "9": p.Choice(next="roads", values=urgent)}
    nodes = {**flow.nodes, "subject": replace(menu, choices=choices)}
    desk = Desk(town(flows={FlowId("main"): replace(flow, nodes=nodes)}))
    plain = desk.call("i1", "1", "1", caller="a")
    desk.wait(119 * SECOND)
    hasty = desk.call("i2", "1", "9", caller="b")
    rows = desk.state.items
    assert rows[hasty].urgency_at < rows[plain].urgency_at
    assert rows[hasty].urgency_at == desk.now + 30 * SECOND - 2 * MINUTE


def test_who_can_be_answered_at_the_last_instant_has_not_missed_the_target() -> None:
    policy = town()
    queues = {name: replace(q, late_behind=2 * MINUTE) for name, q in policy.queues.items()}
    desk = Desk(replace(policy, queues=queues))
    row = desk.state.items[desk.call("i1", "1", "2")]
    assert row.fresh_until is not None
    assert not has_missed(row, row.fresh_until)
    assert rank(row, row.fresh_until) == (row.urgency_at, "i1")
    assert has_missed(row, row.fresh_until + 1)
    assert rank(row, row.fresh_until + 1) == (row.urgency_at + 2 * MINUTE, "i1")


def test_after_a_transfer_that_nobody_answers_the_chain_goes_on_behind_it() -> None:
    chain = (
        rule("hello", "say"),
        rule("ring", "transfer", targets=("security",)),
        rule("then", "transfer", targets=("officer",)),
        rule("last", "defer"),
    )
    desk = Desk(town(fallbacks={"night": p.Fallback(id="night", rules=chain)}), now=NIGHT)
    item = desk.call("i1", "1", "1")
    rung = []
    for _ in range(2):
        script = caller_script(desk.state, item)
        assert isinstance(script.then, Dial)
        rung.append(script.then.number)
        desk.do(c.AdvanceFlow(item_id=item, step=script.then.step, result=LegResult.NO_ANSWER))
    assert rung == ["+19055550150", "+19055550151"]
    assert desk.state.items[item].state is ItemState.DEFERRED
    tried = [x.tried for x in desk.story if isinstance(x, e.FallbackWalked)]
    assert [[t.rule for t in each] for each in tried] == [
        ["night/hello", "night/ring"],
        ["night/then"],
        ["night/last"],
    ]


def test_an_item_comes_into_being_once() -> None:
    desk = Desk()
    desk.form("i1")
    received = next(x for x in desk.story if isinstance(x, e.ItemReceived))
    with pytest.raises(InvariantBroken, match="twice"):
        apply(desk.state, received)
