"""The town that writes, under other rules: what a reload of the policy may bring."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from router.core import policy as p
from router.core.model import DAY, HOUR, MINUTE, SECOND, Condition, QueueId
from router.core.policy import Step
from router.core.policy_waiting import AtRisk, LongWait
from tests.core.text_town import PLACE, chat_policy, mail_policy, writing_town
from tests.core.town import rule


def fated_writing_town() -> p.Policy:
    """Every condition has a fate; agents wrap up at once; silence returns the work."""
    policy = writing_town()
    chains = {
        "later": (rule("hello", "say"), rule("d", "defer")),
        "other": (rule("o", "queue", queue=QueueId("roads"), urgent=True),),
    }
    fates = {
        Condition.CLOSED: "night",
        Condition.EMERGENCY: "night",
        Condition.UNSTAFFED: "later",
        Condition.ALL_AWAY: "other",
        Condition.FULL: "other",
        Condition.CLOSING: "night",
    }
    general = replace(
        policy.queues[QueueId("general")],
        fates=fates,
        length_max=2,
        wrap_up=0,
        first_response_days=0,
        first_response_span=4 * HOUR,
    )
    fallbacks = {name: p.Fallback(id=name, rules=rules) for name, rules in chains.items()}
    return replace(
        policy,
        queues={**policy.queues, general.id: general},
        fallbacks={**policy.fallbacks, **fallbacks},
        mail=mail_policy(waiting_then="return", waiting_max=2 * DAY, to_owner_for=0),
        chat=chat_policy(dormant_after=MINUTE, dormant_max=10 * MINUTE, to_owner_for=MINUTE),
    )


def strained_writing_town() -> p.Policy:
    """The same with an absence that must last, an end of every wait, and steps by strain."""
    policy = fated_writing_town()
    general = policy.queues[QueueId("general")]
    general = replace(
        general,
        fates={**general.fates, Condition.LATE: "other"},
        wait_max=3 * MINUTE,
        absence=45 * SECOND,
        at_risk=AtRisk(24 * SECOND, 15 * SECOND, 40 * SECOND, 20 * SECOND, 0.8, 0.5),
        long_wait=LongWait(enter=6 * MINUTE, leave=4 * MINUTE),
        steps=(
            Step(0, "", PLACE, condition=Condition.LONG_WAIT, adds=("roads",), is_lasting=False),
            Step(MINUTE, "", PLACE, condition=Condition.AT_RISK, adds=("roads",)),
        ),
        requires="general >= 4 and $language",
    )
    return replace(policy, queues={**policy.queues, general.id: general})


def small_writing_town() -> p.Policy:
    """A queue, an agent, a contact's address, the night's page and the old mailbox are gone."""
    policy = writing_town()
    roads = replace(policy.queues[QueueId("roads")], callback=None)
    box = replace(mail_policy().mailboxes["info"], id="other", queue=roads.id)
    door = replace(chat_policy().doors["site"], queue=roads.id)
    contacts = {**policy.contacts, "officer": replace(policy.contacts["officer"], email="")}
    flows = {
        name: replace(flow, nodes={**flow.nodes, "general": flow.nodes["roads"]})
        for name, flow in policy.flows.items()
    }
    return replace(
        policy,
        queues={roads.id: roads},
        agents={name: each for name, each in policy.agents.items() if name != "boris"},
        contacts=contacts,
        fallbacks={"night": p.Fallback(id="night", rules=(rule("keep", "defer"),))},
        flows=flows,
        mail=mail_policy(mailboxes={"other": box}, rules=()),
        chat=chat_policy(doors={"site": door}),
    )


WRITING_TOWNS: Final = (
    writing_town(),
    fated_writing_town(),
    strained_writing_town(),
    small_writing_town(),
    replace(writing_town(), chat=None),
    replace(writing_town(), mail=None),
)
