"""The same town under other rules: what a reload of the policy may bring."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from router.core import policy as p
from router.core.model import MINUTE, SECOND, AgentOrder, Condition, QueueId
from router.core.policy_calls import CallbackWindows
from tests.core.town import rule, town


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
        agent_order=(AgentOrder.COVERAGE,),
        callback=callback,
    )
    fallbacks = {name: p.Fallback(id=name, rules=rules) for name, rules in chains.items()}
    return replace(
        policy,
        queues={**policy.queues, general.id: general},
        fallbacks={**policy.fallbacks, **fallbacks},
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


TOWNS: Final = (town(), fated_town(), small_town())
