"""Who is asked: several at once, the first who accepts has it, and who is kept for whom."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core import policy as p
from router.core.explain import why_not
from router.core.explain_order import why_second
from router.core.model import (
    SECOND,
    AgentId,
    AgentOrder,
    AgentStatus,
    Condition,
    ItemId,
    ItemState,
    OfferEnding,
    OfferId,
    QueueId,
    Tempo,
)
from router.core.policy_offers import OfferTo
from router.core.policy_waiting import AtRisk
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from router.errors import NotNow, StaleOffer
from tests.core.town import PLACE, Desk, town

AMINA, BORIS, CHLOE, TWIN = (AgentId(name) for name in ("amina", "boris", "chloe", "twin"))
GENERAL, ROADS = QueueId("general"), QueueId("roads")


def asking(*by_wait: OfferTo, tempo: Tempo = Tempo.LIVE) -> p.Policy:
    """The town whose queues ask several agents at once."""
    policy = town()
    queues = {
        name: replace(queue, offer_to={tempo: by_wait}) for name, queue in policy.queues.items()
    }
    return replace(policy, queues=queues)


def at_once(agents: int) -> Desk:
    return Desk(asking(OfferTo(after=0, agents=agents)))


def offered(desk: Desk, item: str) -> list[str]:
    """Return who is asked for the item now, in the order in which they were."""
    return [desk.state.offers[each].agent for each in desk.state.items[ItemId(item)].offers]


def endings(desk: Desk) -> list[tuple[str, OfferEnding, bool]]:
    """Return (offer, ending, passed over for a while) in order."""
    return [
        (x.offer, x.ending, x.passed_over_until is not None)
        for x in desk.story
        if isinstance(x, e.OfferEnded)
    ]


# --- several at once -----------------------------------------------------------------------------


def test_as_many_agents_are_asked_as_the_queue_says_and_capacity_counts_from_the_offer() -> None:
    desk = at_once(2)
    desk.sign_in("amina", "boris", "chloe")
    desk.call("i1", "1", "2")
    assert len(offered(desk, "i1")) == 2
    desk.call("i2", "1", "2", caller="other")
    assert len(offered(desk, "i2")) == 1  # two of the three are taken by the first
    assert len({*offered(desk, "i1"), *offered(desk, "i2")}) == 3


def test_the_first_who_accepts_has_it_and_the_others_lose_nothing() -> None:
    desk = at_once(3)
    desk.sign_in("amina", "boris", "chloe")
    desk.call("i1", "1", "2")
    first, second, third = offered(desk, "i1")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.2"), agent_id=AgentId(second)))
    row = desk.state.items[ItemId("i1")]
    assert (row.state, row.agent, row.offers) == (ItemState.HANDLING, second, ())
    withdrawn = OfferEnding.WITHDRAWN
    assert endings(desk) == [
        ("i1.1", withdrawn, False),
        ("i1.3", withdrawn, False),
        ("i1.2", OfferEnding.ACCEPTED, False),
    ]
    for name in (first, third):
        agent = desk.state.agents[AgentId(name)]
        assert (agent.missed, agent.offer, agent.holdings) == (0, None, ())
    desk.call("i2", "1", "2", caller="other")
    assert set(offered(desk, "i2")) == {first, third}


def test_the_second_who_accepts_hears_that_it_is_taken() -> None:
    desk = at_once(2)
    desk.sign_in("amina", "boris")
    desk.call("i1", "1", "2")
    first, second = offered(desk, "i1")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=AgentId(first)))
    with pytest.raises(StaleOffer, match=f"already taken by {first}"):
        desk.do(c.AcceptOffer(offer_id=OfferId("i1.2"), agent_id=AgentId(second)))


def test_the_item_is_back_in_line_only_when_all_offers_have_ended() -> None:
    desk = at_once(2)
    desk.sign_in("amina", "boris")
    item = desk.call("i1", "1", "2")
    first, second = offered(desk, "i1")
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.1"), agent_id=AgentId(first)))
    assert desk.state.items[item].state is ItemState.OFFERED
    assert offered(desk, "i1") == [second]
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.2"), agent_id=AgentId(second)))
    assert desk.state.items[item].state is ItemState.QUEUED


def test_where_one_declines_the_next_who_is_free_is_asked_in_their_place() -> None:
    desk = at_once(2)
    desk.sign_in("amina", "boris", "chloe")
    desk.call("i1", "1", "2")
    before = offered(desk, "i1")
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.1"), agent_id=AgentId(before[0])))
    (third,) = {"amina", "boris", "chloe"} - set(before)
    assert offered(desk, "i1") == [before[1], third]


def test_a_wait_asks_more_agents_from_then_on() -> None:
    desk = Desk(asking(OfferTo(after=0, agents=1), OfferTo(after=15 * SECOND, agents=2)))
    desk.sign_in("amina", "boris", "chloe")
    desk.call("i1", "1", "2")
    assert len(offered(desk, "i1")) == 1
    desk.keep_alive(21 * SECOND)  # the first offer is over after 20 s
    assert len(offered(desk, "i1")) == 2


def test_nobody_is_asked_twice_while_another_item_waits_for_them() -> None:
    desk = at_once(3)
    desk.sign_in("amina")
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AWAY, reason="break"))
    desk.call("i1", "1", "2", caller="a")
    desk.call("i2", "1", "2", caller="b")
    desk.sign_in("amina", "boris")
    assert (len(offered(desk, "i1")), len(offered(desk, "i2"))) == (1, 1)


def test_offers_to_several_survive_a_restart() -> None:
    desk = at_once(2)
    desk.sign_in("amina", "boris")
    desk.call("i1", "1", "2")
    body = encode_frozen(desk.state.freeze())
    thawed = State.thaw(decode_frozen(body), desk.state.policies)
    assert thawed.hash() == desk.state.hash()
    desk.engine.state = thawed
    first, second = offered(desk, "i1")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=AgentId(first)))
    assert desk.state.agents[AgentId(second)].offer is None


def test_who_takes_a_form_from_the_list_ends_the_offers_of_the_others() -> None:
    policy = asking(OfferTo(after=0, agents=3), tempo=Tempo.SLOW_TEXT)
    roads = replace(policy.queues[ROADS], requires="general", steps=())
    desk = Desk(replace(policy, queues={**policy.queues, ROADS: roads}))
    desk.sign_in("chloe", "boris")
    desk.form("f1")
    asked = offered(desk, "f1")
    assert len(asked) == 2
    desk.do(t.TakeItem(item_id=ItemId("f1"), agent_id=AgentId(asked[1])))
    row = desk.state.items[ItemId("f1")]
    assert (row.state, row.agent) == (ItemState.HANDLING, asked[1])
    assert not desk.state.offers


def test_a_decline_is_taken_back_while_others_are_still_asked() -> None:
    desk = at_once(2)
    desk.sign_in("amina", "boris")
    desk.call("i1", "1", "2")
    first, second = (AgentId(name) for name in offered(desk, "i1"))
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.1"), agent_id=first))
    desk.do(c.TakeBackDecline(offer_id=OfferId("i1.1"), agent_id=first))
    assert offered(desk, "i1") == [second, first]
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.3"), agent_id=first))
    desk.sign_in("chloe")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.2"), agent_id=second))
    with pytest.raises(NotNow, match="somebody else has it"):
        desk.do(c.TakeBackDecline(offer_id=OfferId("i1.3"), agent_id=first))


# --- kept for one agent --------------------------------------------------------------------------


def with_a_twin() -> Desk:
    """Boris and somebody who can do exactly the same; amina has a call that she gives to him."""
    policy = town()
    boris = policy.agents[BORIS]
    agents = {**policy.agents, TWIN: replace(boris, id=TWIN, name="Twin", leg="client:twin")}
    desk = Desk(replace(policy, agents=agents))
    desk.sign_in("amina")
    desk.call("i1", "1", "2")
    desk.answer("amina")
    return desk


def test_what_is_kept_for_one_agent_is_not_offered_to_another_who_can_do_the_same() -> None:
    desk = with_a_twin()
    desk.sign_in("boris", "twin")
    desk.call("i2", "1", "2", caller="other")
    assert offered(desk, "i2") == [BORIS]
    desk.do(c.TransferItem(item_id=ItemId("i1"), agent_id=AMINA, to_agent=BORIS))
    assert offered(desk, "i1") == []


def test_what_is_kept_is_for_anyone_once_that_agent_left_though_their_like_is_there() -> None:
    desk = with_a_twin()
    desk.sign_in("boris", "twin")
    desk.call("i2", "1", "2", caller="other")
    desk.do(c.TransferItem(item_id=ItemId("i1"), agent_id=AMINA, to_agent=BORIS))
    desk.do(c.SignOut(agent_id=BORIS))
    assert desk.state.items[ItemId("i1")].reserved_for is None
    assert (offered(desk, "i1"), offered(desk, "i2")) == ([TWIN], [AMINA])


# --- who had the resident last, and the queue's team ---------------------------------------------


def remembering(*order: AgentOrder, **changes: object) -> Desk:
    """The town with a twin of boris; its queues choose by `order`, patient for 20 s."""
    policy = town()
    boris = replace(policy.agents[BORIS], team="front")
    twin = replace(boris, id=TWIN, name="Twin", leg="client:twin", team="back")
    fields = {"agent_order": order, "last_agent_patience": 20 * SECOND, **changes}
    queues = {name: replace(queue, **fields) for name, queue in policy.queues.items()}
    agents = {**policy.agents, BORIS: boris, TWIN: twin}
    return Desk(replace(policy, agents=agents, queues=queues))


def served(desk: Desk, name: str, agent: str) -> ItemId:
    """Let a call of the resident be handled by the agent, and wrapped up."""
    item = desk.call(name, "1", "2", caller="resident")
    assert desk.answer(agent) == item
    desk.now += SECOND
    desk.do(c.CloseItem(item_id=item, agent_id=AgentId(agent)))
    return item


def test_who_had_the_resident_last_has_them_again_though_others_are_idle_for_longer() -> None:
    desk = remembering(AgentOrder.LAST_AGENT, AgentOrder.COVERAGE)
    desk.sign_in("boris")
    served(desk, "i1", "boris")
    desk.sign_in("twin")
    item = desk.call("i2", "1", "2", caller="resident")
    assert offered(desk, "i2") == [BORIS]
    queued = [x for x in desk.story if isinstance(x, e.ItemQueued) and x.item == item]
    assert "kept for boris, who had the resident last" in queued[0].rule
    desk.call("i3", "1", "2", caller="somebody else")
    assert offered(desk, "i3") == [TWIN]


def test_it_is_kept_for_the_last_agent_while_they_are_busy_and_then_for_anyone() -> None:
    desk = remembering(AgentOrder.LAST_AGENT)
    desk.sign_in("boris")
    served(desk, "i1", "boris")
    desk.call("busy", "1", "2", caller="other")
    desk.answer("boris")
    desk.sign_in("twin")
    item = desk.call("i2", "1", "2", caller="resident")
    assert (desk.state.items[item].reserved_for, offered(desk, "i2")) == (BORIS, [])
    desk.keep_alive(19 * SECOND)
    assert offered(desk, "i2") == []
    desk.keep_alive(2 * SECOND)
    assert offered(desk, "i2") == [TWIN]


def test_nothing_is_kept_for_a_last_agent_who_is_away_or_could_not_take_it() -> None:
    desk = remembering(AgentOrder.LAST_AGENT, steps=())
    desk.sign_in("boris", "twin")
    first = desk.call("i1", "1", "2", caller="resident")
    desk.answer(had := offered(desk, "i1")[0])
    desk.do(c.CloseItem(item_id=first, agent_id=AgentId(had)))
    other = TWIN if had == BORIS else BORIS
    desk.do(c.SetStatus(agent_id=AgentId(had), status=AgentStatus.AWAY, reason="break"))
    desk.call("i2", "1", "2", caller="resident")
    assert offered(desk, "i2") == [other]
    desk.do(c.DeclineOffer(offer_id=OfferId("i2.1"), agent_id=AgentId(other)))
    desk.do(c.SetStatus(agent_id=AgentId(had), status=AgentStatus.AVAILABLE))
    roads = desk.call("i3", "1", "1", caller="resident")  # neither of them knows roads
    assert desk.state.items[roads].reserved_for is None


def test_who_declines_what_was_kept_for_them_leaves_it_to_anyone() -> None:
    desk = remembering(AgentOrder.LAST_AGENT)
    desk.sign_in("boris")
    served(desk, "i1", "boris")
    desk.sign_in("twin")
    desk.call("i2", "1", "2", caller="resident")
    desk.do(c.DeclineOffer(offer_id=OfferId("i2.1"), agent_id=BORIS))
    assert offered(desk, "i2") == [TWIN]


def test_what_was_kept_and_comes_back_is_for_anyone_and_a_condition_may_come_after_it() -> None:
    """A step with a condition gathers those who reached it; what is kept for one has not."""
    later = p.Step(0, "", PLACE, condition=Condition.AT_RISK, adds=("roads",))
    risk = AtRisk(enter=10 * SECOND, leave=5 * SECOND)
    desk = remembering(AgentOrder.LAST_AGENT, steps=(later,), at_risk=risk)
    desk.sign_in("boris")
    served(desk, "i1", "boris")
    desk.sign_in("twin")
    item = desk.call("i2", "1", "2", caller="resident")
    assert desk.answer("boris") == item
    desk.do(c.ReturnItem(item_id=item, agent_id=BORIS))
    assert offered(desk, "i2") == [TWIN]
    desk.do(c.DeclineOffer(offer_id=desk.state.items[item].offers[0], agent_id=TWIN))
    desk.keep_alive(11 * SECOND)
    queue = desk.state.items[item].queue
    assert queue is not None
    assert Condition.AT_RISK in desk.state.queues[queue].conditions


@pytest.mark.parametrize(("team", "first"), [("front", BORIS), ("back", TWIN)])
def test_the_queues_team_comes_before_who_is_idle_for_longer(team: str, first: AgentId) -> None:
    for arriving in (("boris", "twin"), ("twin", "boris")):
        desk = remembering(AgentOrder.TEAM_FIRST, team=team)
        for name in arriving:
            desk.sign_in(name)
            desk.now += SECOND
        desk.call("i1", "1", "2")
        assert offered(desk, "i1") == [first]
        because = why_not(desk.state, desk.now, desk.state.items[ItemId("i1")], AMINA)
        assert because == "not signed in"


def test_the_explanation_says_who_is_of_another_team() -> None:
    desk = remembering(AgentOrder.TEAM_FIRST, team="back")
    desk.sign_in("boris", "twin")
    before = State.thaw(decode_frozen(encode_frozen(desk.state.freeze())), desk.state.policies)
    desk.call("i1", "1", "2")
    queued = desk.state.items[ItemId("i1")]
    assert why_second(before, queued, before.agents[BORIS], TWIN) == (
        "free too, but is of another team"
    )
