"""The shape of skills.yaml: the skills there are, what people can hold at once, who has what."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from router.core.model import Tempo
from router.policy.models_attributes import AttributeShape
from router.policy.shape import Shape
from router.policy.telephones import Line
from router.policy.values import Count, Level, Name, OneOrMore, Text, Texts

AgentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]*$", max_length=40)]
Tempos = Annotated[list[Tempo], OneOrMore]


class CapacityShape(Shape):
    """How much one agent holds at once, counted from the moment of the offer."""

    live: Count = Field(default=0, description="most calls at once; 0 = gets none", examples=["1"])
    fast_text: Count = Field(
        default=0, description="most chats at once; 0 = gets none", examples=["2"]
    )
    slow_text: Count = Field(
        default=0,
        description="most mails, forms and messages at once; 0 = gets none",
        examples=["3"],
    )
    exclusive: Tempos = Field(
        default=[Tempo.LIVE],
        description="while one of these is held nothing else is offered, and it is offered only to"
        " somebody who holds nothing",
        examples=["[live]"],
    )
    blocked_by: dict[Tempo, Tempos] = Field(
        default={},
        description="no more of the first while one of the others is held",
        examples=["{slow_text: fast_text}"],
    )


class AgentShape(Shape):
    """A person who takes contacts."""

    name: Text = Field(description="name as colleagues see it", examples=["Amara Osei"])
    skills: dict[str, Level] = Field(
        min_length=1,
        description="skill -> level, 1 (beginner) to 10 (expert); a skill that is not listed is"
        " not there at all",
        examples=["{english: 10, french: 6, general: 8}"],
    )
    capacity: str = Field(
        default="standard", description="one of `capacities`", examples=["standard"]
    )
    leg: Line | None = Field(
        default=None,
        description="where the agent's telephone rings: number, sip: or client:; without it the"
        " agent takes texts only",
        examples=["+1 905 555 0121"],
    )
    team: str = Field(default="", max_length=40, description="team", examples=["information"])
    own_queues: list[str] = Field(
        default=[],
        description="queues of which this agent takes what waits before anything else, the first"
        " before the second; see `overdue_max_s` of queues.yaml",
        examples=["[roads, bylaw]"],
    )
    attributes: dict[Name, Text] = Field(
        default={},
        description="of those declared under `attributes`, for requirements: `agent.site`; one that"
        " is not given matches nothing",
        examples=["{site: north}"],
    )


class SkillsFile(Shape):
    """skills.yaml."""

    skills: dict[Name, Texts] = Field(
        min_length=1,
        description="the skills there are",
        examples=["roads: {en: Roads, fr: Voirie}"],
    )
    attributes: dict[Name, AttributeShape] = Field(
        default={},
        description="what agents have beside skills; requirements ask for it as"
        ' `agent.site == "north"`, `agent.team` needs no declaration',
        examples=["site: {values: [north, south]}"],
    )
    capacities: dict[Name, CapacityShape] = Field(
        min_length=1,
        description="named limits of how much one agent holds at once",
        examples=["standard: {live: 1, slow_text: 3}"],
    )
    agents: dict[AgentName, AgentShape] = Field(
        min_length=1,
        description="the people; the key is the name they sign in with",
        examples=["amara: {name: Amara Osei, skills: {english: 10}}"],
    )
