"""A queue under strain: two thresholds, once per queue; and the steps that depend on it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import events as e
from router.core import policy as p
from router.core.apply import apply
from router.core.explain import lines_of, why_waiting
from router.core.model import (
    MINUTE,
    SECOND,
    AgentId,
    Condition,
    ItemId,
    ItemState,
    LegResult,
    QueueId,
    Span,
    Tempo,
)
from router.core.policy_waiting import AtRisk, LongWait
from router.core.state import State
from router.core.watch import waits_since
from tests.core.order_town import OrderDesk, order_town
from tests.core.text_town import TextDesk
from tests.core.text_variants import strained_writing_town
from tests.core.town import OPEN, PLACE, Desk, rule

ROADS, TAX = QueueId("roads"), QueueId("tax")
RISK, LONG = Condition.AT_RISK, Condition.LONG_WAIT
AT_RISK = AtRisk(enter=24 * SECOND, leave=15 * SECOND)


def step(after_s: int, **changes: object) -> p.Step:
    fields = {"after": after_s * SECOND, "requires": "", "place": PLACE, **changes}
    return p.Step(**fields)  # type: ignore[arg-type]


class Strained(OrderDesk):
    """a00 does roads, a01 tax, a02 pool; queue roads has the steps and rules given."""

    def __init__(self, *steps: p.Step, **changes: object) -> None:
        policy = order_town((0, 0, 0, 0), staff=[("roads",), ("tax",), ("pool",)])
        roads = replace(policy.queues[ROADS], steps=steps, at_risk=AT_RISK)
        roads = replace(roads, **changes)
        chain = p.Fallback(id="send", rules=(rule("send", "queue", queue=TAX),))
        super().__init__(
            replace(
                policy,
                queues={**policy.queues, ROADS: roads},
                fallbacks={**policy.fallbacks, "send": chain},
            )
        )
        self.come("a00")

    def busy(self) -> None:
        """Let a00 talk with somebody."""
        self.caller("first", 0)
        self.answer("a00")

    def strain(self) -> list[tuple[str, Condition, int]]:
        """Return what was entered and left, seconds after the opening."""
        return [
            (type(x).__name__[9:], x.condition, (x.at - OPEN) // SECOND)
            for x in self.story
            if isinstance(x, e.ConditionEntered | e.ConditionLeft) and x.condition in (RISK, LONG)
        ]

    def holder(self, item: ItemId) -> AgentId | None:
        offers = self.state.items[item].offers
        agent: AgentId | None = self.state.items[item].agent
        return self.state.offers[offers[0]].agent if offers else agent

    def under_risk(self) -> ItemId:
        """Let two callers wait until the queue is at risk; return the second of them."""
        self.busy()
        self.caller("second", 0)
        self.beat(15 * SECOND)
        item: ItemId = self.caller("third", 0)
        self.beat(10 * SECOND)
        return item

    def beat(self, span: Span) -> None:
        self.keep_alive(span)


def story_of(desk: Desk, item: ItemId) -> list[str]:
    """Return what is told of the item, by folding the events anew."""
    state, told = State(), list[str]()
    state.policies = desk.state.policies
    for event in desk.story:
        told += [line.text for line in lines_of(state, event, item)]
        apply(state, event)
    return told


def test_at_risk_comes_when_the_first_in_line_has_waited_so_long_and_goes_with_them() -> None:
    desk = Strained()
    desk.busy()
    desk.caller("second", 0)
    desk.beat(10 * SECOND)
    desk.caller("third", 0)
    assert desk.engine.next_wakeup() <= OPEN + 24 * SECOND  # type: ignore[operator]
    desk.beat(20 * SECOND)
    assert desk.strain() == [("Entered", RISK, 24)]
    assert desk.state.queues[ROADS].conditions == (RISK,)
    desk.do(c.EndCall(item_id=ItemId("second"), call_id="CAsecond", reason="completed"))
    assert desk.strain() == [("Entered", RISK, 24)]
    desk.do(c.EndCall(item_id=ItemId("third"), call_id="CAthird", reason="completed"))
    assert desk.strain() == [("Entered", RISK, 24), ("Left", RISK, 30)]


def test_a_snapshot_and_a_way_back_keep_the_instant_of_the_risk() -> None:
    desk = Strained()
    desk.busy()
    desk.state.keep_undo()
    mark, before = desk.state.mark(), desk.state.next_wakeup()
    desk.caller("second", 0)
    due = desk.state.next_wakeup()
    again = State.thaw(desk.state.freeze(), desk.state.policies)
    assert again.next_wakeup() == due
    desk.state.back_to(mark)
    assert desk.state.next_wakeup() == before


def test_a_step_with_a_condition_lets_others_help_only_once_it_holds() -> None:
    desk = Strained(step(10, condition=RISK, adds=("tax",)))
    desk.come("a01")
    desk.busy()
    item = desk.caller("second", 0)
    desk.beat(12 * SECOND)
    assert (desk.state.items[item].step, desk.holder(item)) == (1, None)
    desk.beat(12 * SECOND)
    assert desk.holder(item) == AgentId("a01")  # idle all the time: asked when the risk came
    assert desk.state.items[item].requirement == "roads"  # no row was touched for it


def test_who_waited_in_the_condition_keeps_the_step_and_who_comes_later_has_none() -> None:
    desk = Strained(step(1, condition=RISK, adds=("tax",)))
    item = desk.under_risk()
    assert desk.strain() == [("Entered", RISK, 24)]
    desk.do(c.EndCall(item_id=ItemId("second"), call_id="CAsecond", reason="completed"))
    assert desk.strain()[1:] == [("Left", RISK, 25)]
    assert desk.state.items[item].requirement == "roads or tax"
    later = desk.caller("later", 0)
    desk.beat(2 * SECOND)
    assert desk.state.items[later].requirement == "roads"
    desk.come("a01")
    assert (desk.holder(item), desk.holder(later)) == (AgentId("a01"), None)


def test_a_step_that_lasts_no_longer_than_the_condition_ends_with_it() -> None:
    desk = Strained(step(1, condition=RISK, adds=("tax",), is_lasting=False))
    item = desk.under_risk()
    desk.do(c.EndCall(item_id=ItemId("second"), call_id="CAsecond", reason="completed"))
    desk.come("a01")
    assert desk.holder(item) is None


def test_a_kept_step_survives_an_offer_and_a_restart() -> None:
    desk = Strained(step(1, condition=RISK, adds=("tax",)))
    item = desk.under_risk()
    desk.do(c.EndCall(item_id=ItemId("second"), call_id="CAsecond", reason="completed"))
    desk.come("a01")
    offer = desk.state.items[item].offers[0]
    desk.do(c.AcceptOffer(offer_id=offer, agent_id=AgentId("a01")))
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L", result=LegResult.BUSY))
    assert desk.state.items[item].state is ItemState.QUEUED
    assert desk.state.items[item].requirement == "roads or tax"
    again = State.thaw(desk.state.freeze(), desk.state.policies)
    assert again.hash() == desk.state.hash()
    assert again.index.bucket_of(again.items[item]).requirement == "roads or tax"


def test_a_head_start_by_condition_ranks_the_whole_line_earlier() -> None:
    desk = Strained(step(1, condition=RISK, adds=("tax",), head_start=MINUTE))
    desk.busy()
    desk.come("a01")
    desk.caller("taxes", 1)
    desk.answer("a01")
    old = desk.caller("older", 1)
    desk.beat(20 * SECOND)
    item = desk.caller("second", 0)
    desk.beat(30 * SECOND)  # both have missed 30 s, or soon will; the older came 20 s before
    assert desk.strain() == [("Entered", RISK, 44)]
    desk.do(c.CloseItem(item_id=ItemId("taxes"), agent_id=AgentId("a01"), code=""))
    assert (desk.holder(item), desk.holder(old)) == (AgentId("a01"), None)


def test_a_step_may_send_callers_along_a_chain_by_time_or_by_condition() -> None:
    for steps in ((step(40, chain="send"),), (step(20, condition=RISK, chain="send"),)):
        desk = Strained(*steps)
        desk.busy()
        item = desk.caller("second", 0)
        desk.beat(39 * SECOND)
        moved = desk.state.items[item].queue == TAX
        assert moved == (steps[0].condition is RISK)
        desk.beat(2 * SECOND)
        assert desk.state.items[item].queue == TAX


def test_who_comes_while_the_queue_is_at_risk_may_be_sent_elsewhere_at_once() -> None:
    desk = Strained(fates={RISK: "send"})
    desk.busy()
    first = desk.caller("second", 0)
    desk.beat(30 * SECOND)
    item = desk.caller("third", 0)
    assert desk.state.items[item].queue == TAX
    assert desk.state.items[first].queue == ROADS  # who waits already has a place


def test_a_long_wait_is_entered_by_the_expected_wait_and_offers_a_callback() -> None:
    desk = Strained(
        step(1, condition=LONG, offers_callback=True),
        long_wait=LongWait(enter=10 * MINUTE, leave=6 * MINUTE),
        callback=p.CallbackRule(
            offer_after=MINUTE * 30,
            attempts_max=1,
            retry_after=MINUTE,
            expires_after=MINUTE,
            hours="office",
            ring_timeout=SECOND,
        ),
    )
    desk.busy()
    one = desk.caller("one", 0)
    desk.beat(2 * SECOND)
    desk.do(c.AskWait(item_id=one, turn=1))
    assert not desk.state.items[one].callback_offered
    desk.caller("two", 0)
    assert desk.strain() == [("Entered", LONG, 2)]
    desk.do(c.AskWait(item_id=one, turn=2))
    assert desk.state.items[one].callback_offered
    desk.come("a01")
    assert len(desk.strain()) == 1


def test_nobody_signed_in_who_could_ever_match_makes_a_condition_needless() -> None:
    desk = Strained(step(5, condition=RISK, adds=("tax",)))
    desk.leave("a00")
    desk.do(c.SignOut(agent_id=AgentId("a00")))
    desk.come("a01")
    item = desk.caller("one", 0)
    assert desk.holder(item) == AgentId("a01")
    taken = [x for x in desk.story if isinstance(x, e.StepTaken)]
    assert (taken[-1].step, taken[-1].kept) == (1, (1,))


def test_a_policy_without_the_rule_ends_the_condition() -> None:
    desk = Strained(step(1, condition=RISK, adds=("tax",), is_lasting=False))
    desk.busy()
    item = desk.caller("second", 0)
    desk.beat(30 * SECOND)
    policy = desk.state.policy
    plain = replace(policy.queues[ROADS], at_risk=None, steps=())
    desk.adopt(replace(policy, queues={**policy.queues, ROADS: plain}))
    assert desk.state.queues[ROADS].conditions == ()
    desk.come("a01")
    assert desk.holder(item) is None


@pytest.mark.parametrize("after_s", [5, 40])
def test_the_story_tells_which_condition_it_was_and_what_comes_next(after_s: int) -> None:
    desk = Strained(
        step(1, condition=RISK, adds=("tax",)),
        step(after_s + 60, requires="any"),
        wait_max=5 * MINUTE,
    )
    desk.busy()
    item = desk.caller("second", 0)
    desk.beat(after_s * SECOND)
    told = [line.text for line in why_waiting(desk.state, desk.now, item)]
    said = "\n".join(told)
    if after_s < 24:
        assert f"it is in {24 - after_s} s, if nobody takes the first caller" in said
    else:
        assert "step 1 (t.yaml:1) holds: the queue is at_risk" in said
        assert "asks at present for: roads or tax" in said
    assert "the requirement relaxes to: any (t.yaml:1)" in said
    assert "it has waited for too long: no chain for late" in said
    entered = [text for text in story_of(desk, item) if "at_risk: the first caller" in text]
    assert len(entered) == (after_s >= 24)


def test_nothing_is_measured_where_nothing_is_declared() -> None:
    desk = Strained(at_risk=None)
    desk.busy()
    desk.caller("second", 0)
    desk.beat(MINUTE)
    assert desk.strain() == []
    assert desk.state.items[ItemId("second")].state is ItemState.QUEUED


def test_who_books_a_callback_is_no_caller_any_more() -> None:
    desk = OrderDesk()
    policy = desk.state.policy
    rules = {q: replace(r, at_risk=AT_RISK) for q, r in policy.queues.items()}
    desk.adopt(replace(policy, queues=rules))
    desk.sign_in("amina")
    desk.call("first", "1", "2")
    desk.answer("amina")
    item = desk.call("second", "1", "2", caller="z")
    desk.keep_alive(20 * SECOND)
    desk.do(c.AskWait(item_id=item, turn=1))
    desk.do(c.ChooseWhileWaiting(item_id=item, digits="1"))
    position = desk.state.items[item].flow
    desk.do(c.AdvanceFlow(item_id=item, step=position.step, digits="1"))
    assert desk.state.items[item].form == "callback"
    desk.keep_alive(MINUTE)
    assert not [x for x in desk.story if isinstance(x, e.ConditionEntered) and x.condition is RISK]


def test_who_comes_back_to_a_chat_has_not_waited_since_it_began() -> None:
    desk = TextDesk(strained_writing_town())
    desk.sign_in("amina")
    desk.chat("h1")
    assert desk.answer("amina") == "h1"
    desk.reply(ItemId("h1"), "amina")
    desk.keep_alive(5 * MINUTE)  # silent, and asleep by now
    assert desk.item("h1").state is ItemState.DEFERRED
    for name in ("full", "hands"):
        desk.chat(name, conversation=name)
        desk.answer("amina")
    desk.chat("h2", text="2")
    assert desk.item("h1").state is ItemState.QUEUED
    assert waits_since(desk.item("h1")) == desk.now
    row = desk.state.conditions_row(QueueId("general"), Tempo.FAST_TEXT)
    assert Condition.AT_RISK not in row.conditions
    desk.keep_alive(40 * SECOND)
    row = desk.state.conditions_row(QueueId("general"), Tempo.FAST_TEXT)
    assert Condition.AT_RISK in row.conditions, "from now on it counts"
