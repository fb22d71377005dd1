"""A published contact centre as a policy that the core can decide by.

Each type is a queue that asks for a skill of its own. That a type prefers one group to another is
said by levels of that skill and the order `best_level`; within a group the longest idle is asked.
Items go by arrival: nobody's missed target sets them back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from router.core.hours import Hours
from router.core.model import MINUTE, SECOND, AgentId, AgentOrder, QueueId, Span, Tempo
from router.core.policy import (
    AgentRule,
    Announcements,
    Capacity,
    Dialling,
    Language,
    OfferRule,
    Place,
    Policy,
    Queue,
    Retention,
    Skill,
    Step,
)
from router.core.policy_turns import Turns
from router.core.requirement import LEVEL_MAX
from router.errors import PolicyError
from router.policy.models_centre import CentreFile, GroupShape, TypeShape, read_centre

LANGUAGE: Final = "en"
FOR_EVER: Final[Span] = 1 << 62
NOWHERE: Final = Place(file="", line=0)

V = TypeVar("V")


class Kind(NamedTuple):
    """A type of contact; all of it waits for one queue."""

    queue: QueueId
    per_min: tuple[float, ...]  # arrivals, by period
    service_per_min: tuple[float, ...]  # by period
    patience_per_min: tuple[float, ...]  # by period; (): they wait for ever
    balk: float  # share that gives up at once
    in_time: Span  # answered before so long
    groups: frozenset[str]  # all that take it, sooner or later


class Group(NamedTuple):
    """Agents who take the same."""

    name: str
    agents: tuple[AgentId, ...]
    at_work: tuple[int, ...]  # by period


class Centre(NamedTuple):
    """What is simulated."""

    name: str
    policy: Policy
    kinds: tuple[Kind, ...]
    groups: tuple[Group, ...]
    busyness_shape: float | None
    period: Span
    periods: int
    days: int
    wait_max: Span  # who has waited so long is let go; 0: nobody
    line_cleared: str  # never, closing, unstaffed
    trunks: int  # 0: no limit
    streams: tuple[str, ...]
    until_closing: bool  # agents' time counts until arrivals end


def load_centre(path: Path) -> Centre:
    """Return the centre of a file.

    Raises:
        PolicyError: the file has mistakes; each stands on a line of its own, with its place.
    """
    part = read_centre(path)
    if part.document.complaints or part.model is None:
        raise PolicyError("\n".join(str(each) for each in sorted(part.document.complaints)))
    return centre_of(part.model)


def centre_of(file: CentreFile) -> Centre:
    """Return what a file that was found free of mistakes says."""
    groups = {id_: _group(id_, each, file.periods) for id_, each in file.groups.items()}
    return Centre(
        name=file.name,
        policy=_policy(file, groups),
        kinds=tuple(_kind(id_, each, file) for id_, each in file.types.items()),
        groups=tuple(groups.values()),
        busyness_shape=file.busyness_shape,
        period=round(file.period_min * MINUTE),
        periods=file.periods,
        days=file.days,
        wait_max=round(file.wait_max_s * SECOND),
        line_cleared=file.line_cleared,
        trunks=file.trunks,
        streams=tuple(file.streams),
        until_closing=file.occupancy_until == "closing",
    )


def _by_period(values: Sequence[V], periods: int) -> tuple[V, ...]:
    return tuple(values) * periods if len(values) == 1 else tuple(values)


def _kind(name: str, shape: TypeShape, file: CentreFile) -> Kind:
    patience = shape.patience_per_min or file.patience_per_min
    return Kind(
        queue=QueueId(name),
        per_min=_by_period(shape.arrivals_per_min, file.periods),
        service_per_min=_by_period(shape.service_per_min or file.service_per_min, file.periods),
        patience_per_min=_by_period(patience, file.periods),
        balk=shape.balk_share,
        in_time=round((shape.in_time_s or file.in_time_s) * SECOND),
        groups=frozenset(shape.groups).union(*(each.groups for each in shape.later)),
    )


def _group(name: str, shape: GroupShape, periods: int) -> Group:
    agents = tuple(AgentId(f"{name}.{n:04}") for n in range(max(shape.agents)))
    return Group(name, agents, _by_period(shape.agents, periods))


def _policy(file: CentreFile, groups: Mapping[str, Group]) -> Policy:
    capacity = Capacity("one", {Tempo.LIVE: 1}, frozenset({Tempo.LIVE}), {})
    levels: dict[str, dict[str, int]] = {name: {} for name in groups}
    for index, kind in enumerate(file.types.values()):
        for number, asked in enumerate(_asked_in_turn(kind)):
            for place, group in enumerate(asked):
                levels[group][_skill(index, number)] = max(LEVEL_MAX - place, 1)
    agents = {
        agent: AgentRule(agent, agent, levels[name], capacity.id, leg="", team=name)
        for name, group in groups.items()
        for agent in group.agents
    }
    always = Hours(id="always", time_zone="UTC", weekly=((),) * 7)
    return Policy(
        town="centre",
        name={LANGUAGE: file.name},
        time_zone="UTC",
        languages=(Language(LANGUAGE, skill="", locale="en-CA", voice="", name="English"),),
        subjects={},
        skills={
            skill: Skill(skill, {LANGUAGE: skill})
            for skill in sorted({each for by_type in levels.values() for each in by_type})
        },
        capacities={capacity.id: capacity},
        agents=agents,
        away_reasons={},
        wrap_up_codes={},
        hours={always.id: always},
        queues={
            QueueId(name): _queue(index, name, kind, file)
            for index, (name, kind) in enumerate(file.types.items())
        },
        fallbacks={},
        contacts={},
        on_call={},
        numbers={},
        flows={},
        front_messages=(),
        forms={},
        dialling=Dialling((), (), per_number_day_max=0, per_day_max=0, caller_number=""),
        offers=OfferRule(pass_over={}, missed_max=0, lease=0),
        retention=Retention(closed_in_core=0, dedupe_text=0, redial=0),
        texts={},
        compiled_with={},
        turns=_own_first(file, groups),
    )


def _asked_in_turn(kind: TypeShape) -> list[list[str]]:
    return [kind.groups, *(each.groups for each in kind.later)]


def _skill(index: int, number: int) -> str:
    """Return what that type asks for after so many changes of its groups."""
    return f"type_{index}_{number}"


def _own_first(file: CentreFile, groups: Mapping[str, Group]) -> Turns | None:
    """Return that groups take their own types first, for as long as it takes; None: none does."""
    own = {
        agent: tuple(map(QueueId, file.groups[name].own_types))
        for name, group in groups.items()
        if file.groups[name].own_types
        for agent in group.agents
    }
    return Turns(FOR_EVER, own, ()) if own else None


def _queue(index: int, name: str, kind: TypeShape, file: CentreFile) -> Queue:
    return Queue(
        id=QueueId(name),
        name={LANGUAGE: name},
        hours="always",
        requires=_skill(index, 0),
        steps=tuple(
            Step(round(each.after_s * SECOND), _skill(index, number + 1), NOWHERE)
            for number, each in enumerate(kind.later)
        ),
        target_share=1.0,
        target_span=round(file.in_time_s * SECOND),
        first_response="",
        first_response_span=0,
        first_response_days=0,
        first_response_business=False,
        head_start=kind.head_start_s * SECOND,
        offer_timeout={Tempo.LIVE: MINUTE},
        wrap_up=0,
        wrap_up_required=False,
        wait_max=0,
        length_max=0,
        fates={},
        announcements=Announcements(0, 0, say_place=False, say_wait=False, texts={}, music=""),
        callback=None,
        place=NOWHERE,
        agent_order=(AgentOrder.BEST_LEVEL,) if max(map(len, _asked_in_turn(kind))) > 1 else (),
    )
