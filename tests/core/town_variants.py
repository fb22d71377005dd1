"""The same town under other rules: what a reload of the policy may bring."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from router.core import policy as p
from router.core.model import MINUTE, SECOND, AgentId, AgentOrder, Condition, QueueId, Tempo
from router.core.policy_calls import CallbackWindows
from router.core.policy_offers import Minimum, OfferTo
from router.core.policy_turns import BEGUN, WAITING, Part, Turn, Turns
from router.core.policy_waiting import AtRisk, Forecast, LongWait, Scope
from tests.core.town import PLACE, rule, town


def _turn(of: str, *queues: str) -> Turn:
    """Take these queues and everything else in turn."""
    parts = [Part(name, frozenset({QueueId(name)}), None, len(name)) for name in queues]
    return Turn(of, of, (*parts, Part("others", frozenset(), None, 1)), "t.yaml", 1)


TURNS: Final = Turns(
    overdue_max=MINUTE,
    own={AgentId("chloe"): (QueueId("roads"), QueueId("general"))},
    rules=(_turn(WAITING, "general", "roads"), _turn(BEGUN, "roads")),
)


def fated_town() -> p.Policy:
    """The town in which every condition has a fate, each with another action; absence must last."""
    policy = town()
    chains = {
        "message": (rule("m", "voicemail"), rule("home", "end")),
        "ring": (rule("r", "transfer", targets=("officer",)), rule("later", "defer")),
        "book": (
            rule("hello", "say"),
            rule("b", "callback"),
            rule("on", "chain", chain="ring"),
        ),
        "other": (rule("o", "queue", queue=QueueId("roads"), urgent=True),),
        "stay": (rule("hello", "say"),),
    }
    fates = {
        Condition.CLOSED: "message",
        Condition.EMERGENCY: "ring",
        Condition.UNSTAFFED: "stay",
        Condition.ALL_AWAY: "book",
        Condition.FULL: "other",
        Condition.LATE: "other",
        Condition.CLOSING: "book",
    }
    callback = policy.queues[QueueId("general")].callback
    assert callback is not None
    windows = CallbackWindows(length=60 * MINUTE, most=2, days=1)
    callback = replace(callback, first="resident", machine="again", windows=windows)
    general = replace(
        policy.queues[QueueId("general")],
        fates=fates,
        wait_max=5 * MINUTE,
        absence=45 * SECOND,
        length_max=3,
        wrap_up=0,
        wrap_up_required=True,
        late_behind=2 * MINUTE,
        agent_order=(AgentOrder.LAST_AGENT, AgentOrder.TEAM_FIRST, AgentOrder.COVERAGE),
        last_agent_patience=20 * SECOND,
        callback=callback,
        offer_to={
            Tempo.LIVE: (OfferTo(after=0, agents=2), OfferTo(after=MINUTE, agents=3)),
            Tempo.SLOW_TEXT: (OfferTo(after=0, agents=2),),
        },
    )
    fallbacks = {name: p.Fallback(id=name, rules=rules) for name, rules in chains.items()}
    return replace(
        policy,
        queues={**policy.queues, general.id: general},
        fallbacks={**policy.fallbacks, **fallbacks},
        minimums=(
            Minimum("texts", Tempo.SLOW_TEXT, frozenset(), 20, 10 * MINUTE),
            Minimum("calls", Tempo.LIVE, frozenset({general.id}), 30, 10 * MINUTE),
        ),
        turns=TURNS,
    )


def small_town() -> p.Policy:
    """A queue, the steps of the other, and an agent are gone."""
    policy = town()
    roads = replace(policy.queues[QueueId("roads")], steps=(), requires="general", callback=None)
    agents = {name: each for name, each in policy.agents.items() if name != "boris"}
    flows = {
        name: replace(flow, nodes={**flow.nodes, "general": flow.nodes["roads"]})
        for name, flow in policy.flows.items()
    }
    return replace(policy, queues={roads.id: roads}, agents=agents, flows=flows)


def strained_town() -> p.Policy:
    """The town in which strain lets others help, ranks callers earlier and sends some away."""
    policy = fated_town()
    risk, long_wait = Condition.AT_RISK, Condition.LONG_WAIT
    again, ahead = "general or roads >= 2", 20 * SECOND
    roads = replace(
        policy.queues[QueueId("roads")],
        requires="roads >= 5 and $language",
        steps=(
            p.Step(5 * SECOND, "roads and $language", PLACE, risk, head_start=ahead),
            p.Step(10 * SECOND, "", PLACE, long_wait, is_lasting=False, adds=("general",)),
            p.Step(40 * SECOND, "", PLACE, adds=(again,), head_start=5 * SECOND),
            p.Step(50 * SECOND, "", PLACE, risk, chain="book"),
            p.Step(60 * SECOND, "any", PLACE, offers_callback=True),
            p.Step(90 * SECOND, "", PLACE, chain="other"),
        ),
        at_risk=AtRisk(enter=24 * SECOND, leave=15 * SECOND),
        long_wait=LongWait(enter=4 * MINUTE, leave=2 * MINUTE),
    )
    general = replace(
        policy.queues[QueueId("general")],
        steps=(p.Step(15 * SECOND, "$language", PLACE, risk, is_lasting=False),),
        at_risk=AtRisk(0, 0, forecast=Forecast(Scope.INTERVAL, enter=0.6, leave=0.8)),
        long_wait=LongWait(enter=6 * MINUTE, leave=5 * MINUTE),
        fates={**policy.queues[QueueId("general")].fates, long_wait: "other"},
    )
    return replace(policy, queues={**policy.queues, roads.id: roads, general.id: general})


TOWNS: Final = (town(), fated_town(), small_town(), strained_town())
