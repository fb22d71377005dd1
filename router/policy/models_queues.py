"""The shape of config/queues.yaml: who may take what, how soon, and what follows otherwise."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from router.core.model import AgentOrder, Channel, Condition, Tempo
from router.policy.models_callbacks import CallbackShape
from router.policy.models_offers import MinimumShape, OfferTo
from router.policy.models_service_level import ServiceLevelShape
from router.policy.models_steps import AtRiskShape, LongWaitShape, StepShape
from router.policy.models_turns import TurnShape
from router.policy.shape import Shape
from router.policy.spans import FirstResponseText
from router.policy.values import (
    Count,
    Name,
    Requirement,
    Seconds,
    SomeSeconds,
    Texts,
)


class ItemOrder(StrEnum):
    """Who of those who wait on the line comes next."""

    ARRIVAL = "arrival"
    BALANCED = "balanced"
    TARGET_FIRST = "target_first"


class QueueRules(Shape):
    """What a queue may say itself or leave to `defaults`."""

    hours: str = Field(
        default="", description="opening hours, from hours.yaml", examples=["town_hall"]
    )
    service_level: ServiceLevelShape = Field(
        default_factory=ServiceLevelShape,
        description="promise for calls and chats; taken over from `defaults` key by key",
        examples=["{share: 0.70, answer_within_s: 30}"],
    )
    first_response: FirstResponseText = Field(
        default="2 business days",
        validate_default=True,
        description="promise for mail, forms and messages: business days, business hours or a plain"
        " time",
        examples=["2 business days"],
    )
    first_response_by: dict[Channel, FirstResponseText] = Field(
        default={},
        description="the same for those who come through one door: mail, webform, chat (what is"
        " kept of chats) and voice (messages left by callers)",
        examples=["{webform: same business day, voice: 1 business day}"],
    )
    head_start_s: Seconds = Field(
        default=0,
        description="priority: the queue's items rank as if they had come so many seconds earlier",
        examples=["30"],
    )
    item_order: ItemOrder = Field(
        default=ItemOrder.BALANCED,
        description="who of the callers and chats comes next. `arrival`: who came first."
        " `balanced`: who has missed the promise ranks as if come two minutes later (at least twice"
        " its time); of those who can still be answered within it, the service with the fewest"
        " people first. `target_first`: the same with `late_behind_s`",
        examples=["balanced"],
    )
    late_behind_s: int = Field(
        default=180,
        ge=180,
        le=300,
        description="with `target_first`: seconds by which callers rank later who have missed the"
        " promise; nobody is overtaken by who came more than this later",
        examples=["240"],
    )
    agent_order: list[AgentOrder] = Field(
        default=[AgentOrder.COVERAGE],
        description="who of the free agents gets it, one after the other, then the longest idle."
        " `coverage`: whose rarest other skill most of the free have, too; `least_flexible`: who"
        " has the fewest skills; `best_level`: who is best at what is asked for; `team_first`: who"
        " is of the queue's `team`; `last_agent`, first of all: who had the resident last, if they"
        " are there and could take it. Idle counts from the end of the last handled work: no"
        " refused offer, break or sign-in begins it anew",
        examples=["[last_agent, team_first, coverage]"],
    )
    team: str = Field(
        default="",
        max_length=40,
        description="with `team_first`: the team whose agents come first",
        examples=["operations"],
    )
    last_agent_patience_s: SomeSeconds = Field(
        default=20,
        description="with `last_agent`: seconds for which it is kept for who had the resident last,"
        " until they are free; then anyone may have it",
        examples=["20"],
    )
    offer_timeout_s: dict[Tempo, SomeSeconds] = Field(
        default={},
        description="seconds an agent has to answer an offer; not named: live 20, fast_text 30,"
        " slow_text 120",
        examples=["{live: 20, slow_text: 120}"],
    )
    offer_to: dict[Tempo, OfferTo] = Field(
        default={},
        description="how many agents are asked at once, a number or a list by waiting time: the"
        " first who accepts has it, the others lose nothing; not named: 1",
        examples=["{live: [1, {after_s: 60, agents: 3}]}"],
    )
    wrap_up_s: Seconds = Field(
        default=60, description="most seconds for notes after handling; 0 = none", examples=["60"]
    )
    wrap_up_code_required: bool = Field(
        default=False, description="must the agent choose a wrap-up code?", examples=["true"]
    )
    wait_max_s: Seconds = Field(
        default=0,
        description="longest wait of calls and chats in seconds, then the fallback `late` follows;"
        " 0 = no limit. For mail, forms and messages it follows when the first answer is overdue",
        examples=["1200"],
    )
    length_max: Count = Field(
        default=0,
        description="most calls, and most chats, waiting, then the fallback `full` follows; 0 = no"
        " limit",
        examples=["40"],
    )
    length_per_agent: Count = Field(
        default=0,
        description="most calls, and most chats, waiting for each agent who is there for them,"
        " beside `length_max`; when agents go, those who came last follow the fallback `full`; 0 ="
        " no such limit",
        examples=["4"],
    )
    last_entry_s: Seconds = Field(
        default=0,
        description="seconds before closing from which nobody is let in any more: who comes then"
        " follows the fallback `closing`",
        examples=["300"],
    )
    absence_s: Seconds = Field(
        default=60,
        description="seconds for which nobody who could take it must have been there before the"
        " fallback `unstaffed` or `all_away` follows, for calls, chats and texts each, who waits"
        " as who comes; 0 = at once",
        examples=["120"],
    )
    fallback: dict[Condition, str] = Field(
        default={},
        description="condition -> chain of fallback.yaml; every condition that can occur needs one."
        " `long_wait` and `at_risk` need none: theirs is for callers and chats who come then",
        examples=["{closed: after_hours}"],
    )
    at_risk: AtRiskShape | None = Field(
        default=None,
        description="when the promise counts as at risk, for steps and `fallback`; without it that"
        " is not measured",
        examples=["{enter: 0.8, leave: 0.5}"],
    )
    long_wait: LongWaitShape | None = Field(
        default=None,
        description="when the expected wait counts as long, for steps and `fallback`; without it"
        " that is not measured",
        examples=["{enter_s: 300, leave_s: 200}"],
    )
    announcements: str = Field(
        default="",
        description="what waiting callers hear, one of `waiting` in announcements.yaml",
        examples=["standard"],
    )
    callback: CallbackShape | None = Field(
        default=None,
        description="how residents are called back; without it no callback is offered",
        examples=["{hours: town_hall}"],
    )
    transfer_age: Literal["kept", "reset"] = Field(
        default="kept",
        description="a call or item transferred to the queue keeps the age it has (`kept`) or waits"
        " anew, behind those who are there (`reset`); agents can say otherwise",
        examples=["reset"],
    )


class QueueShape(QueueRules):
    """One queue."""

    name: Texts = Field(description="name for people", examples=["{en: Roads, fr: Voirie}"])
    requires: Requirement = Field(
        description="which skills an agent needs; `$language` is the skill of the resident's"
        " language. Attributes stand beside them: of agents as in skills.yaml (`agent.site`,"
        " `agent.team`), of items what flows set and forms let choose, and channel, language,"
        ' subject, owner_team: `agent.site == "north"`, `item.ward in ("1", "2")`, `agent.team =='
        " item.owner_team`; what is not given compares false",
        examples=["roads >= 3 and $language"],
    )
    steps: list[StepShape] = Field(
        default=[],
        description="what else holds after some waiting or in some condition, in order of time",
        examples=["- {after_s: 60, requires: general and $language}"],
    )


class QueuesFile(Shape):
    """config/queues.yaml."""

    defaults: QueueRules = Field(
        default_factory=QueueRules, description="holds for every queue that does not say otherwise"
    )
    queues: dict[Name, QueueShape] = Field(min_length=1, description="the queues")
    minimums: dict[Name, MinimumShape] = Field(
        default={},
        description="so that neither mail starves behind calls nor calls behind mail",
        examples=["texts: {tempo: slow_text, at_least: 4}"],
    )
    turns: dict[Name, TurnShape] = Field(
        default={},
        description="whose turn it is when an agent is free, before `item_order` decides: parts of"
        " what waits go on in proportion to their weights; one turn after the other",
        examples=["counters: {of: waiting, parts: {tax: {queues: tax, weight: 1}}}"],
    )
    overdue_max_s: int = Field(
        default=300,
        ge=30,
        le=3600,
        description="who is first in rank and overdue by more seconds (a call: beyond the promise;"
        " mail: beyond its due instant) goes first, whatever `turns` and the agents' `own_queues`"
        " say",
        examples=["120"],
    )
