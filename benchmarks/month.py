"""A month of calls, chats, mail and forms: one team beside a team for each kind of channel.

    .venv/bin/python -m benchmarks.month [REPLICATIONS]

The shipped town's traffic model for four weeks, and people like the town's own (in the order of
`router.twin.staffing.spread`) who are there in all opening hours, one of them perhaps in half of
them. A team is the smallest that keeps its promises, with the whole 95 % interval above them: 70 %
of calls in 30 seconds, 80 % of chats in 2 minutes, 95 % of mail and forms by their first-response
instant in business time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from router.core.hours import openings_of
from router.core.model import HOUR, MINUTE, Channel, Tempo
from router.core.policy import Capacity, Policy
from router.core.policy_service_level import Promise
from router.policy.load import load
from router.policy.traffic import FILE, load_traffic
from router.twin.demand import Demand, Duty
from router.twin.figures import MEASURES, Figures, together
from router.twin.fitted import local_dates
from router.twin.intervals import Estimate, estimate
from router.twin.loads import quarters
from router.twin.modelled import demand_of
from router.twin.replications import run_all
from router.twin.staffing import spread, with_people

DAYS: Final = 28
TEAM_MAX: Final = 40
KINDS: Final[dict[str, tuple[Channel, ...]]] = {
    "calls": (Channel.VOICE,),
    "chats": (Channel.CHAT,),
    "mail and forms": (Channel.MAIL, Channel.WEBFORM),
}
CHATS: Final = Promise(0.80, 2 * MINUTE)  # whatever the town promises today
PROMISES: Final = {"calls": 0.70, "chats": 0.80, "mail and forms": 0.95}
LIVE: Final = frozenset({Tempo.LIVE})
INTERRUPTING: Final = Capacity(  # a call comes beside mail in hand; nothing comes beside a call
    id="interrupting",
    units={Tempo.LIVE: 1, Tempo.FAST_TEXT: 2, Tempo.SLOW_TEXT: 1},
    exclusive=frozenset(),
    blocked_by={
        Tempo.LIVE: frozenset({Tempo.FAST_TEXT}),
        Tempo.FAST_TEXT: LIVE,
        Tempo.SLOW_TEXT: frozenset({Tempo.LIVE, Tempo.FAST_TEXT}),
    },
)
EXCLUSIVE: Final = Capacity(  # no call beside anything
    id="exclusive",
    units={Tempo.LIVE: 1, Tempo.FAST_TEXT: 2, Tempo.SLOW_TEXT: 3},
    exclusive=LIVE,
    blocked_by={},
)
ONE_TEXT: Final = Capacity(  # one mail at a time, and no call before it is done
    id="one_text",
    units={Tempo.LIVE: 1, Tempo.FAST_TEXT: 2, Tempo.SLOW_TEXT: 1},
    exclusive=LIVE,
    blocked_by={Tempo.SLOW_TEXT: frozenset({Tempo.FAST_TEXT})},
)

Levels = Mapping[str, Estimate]


def levels(runs: Sequence[Figures]) -> Levels:
    """Return the share in time of each kind of channel that came."""
    return {
        name: estimate([level(run, channels) for run in runs]) for name, channels in KINDS.items()
    }


def level(run: Figures, channels: Sequence[Channel]) -> float:
    """Return the share in time of these channels."""
    return MEASURES["service_level"](together(run, lambda where: where.channel in channels))


def of_kinds(demand: Demand, names: Sequence[str]) -> Demand:
    """Return the demand of these kinds of channels alone."""
    wanted = {channel for name in names for channel in KINDS[name]}
    return demand._replace(kinds=tuple(k for k in demand.kinds if k.channel in wanted))


def team(
    policy: Policy, demand: Demand, seeds: Sequence[int], names: Sequence[str], least: float
) -> tuple[float, Levels]:
    """Return the smallest team that keeps the promises of these kinds, and how it keeps them.

    Shape: in steps of half a person, who is there in the middle half of each opening.
    """
    mix = spread(policy, quarters(demand, policy))
    part = of_kinds(demand, names)
    whole = opening(demand, policy)
    middle = tuple((3 * begin + end, begin + 3 * end) for begin, end in whole)
    half = tuple((begin // 4, end // 4) for begin, end in middle)
    for halves in range(round(2 * least), 2 * TEAM_MAX):
        staffed = with_people(policy, mix, (halves + 1) // 2)
        duties = [Duty(agent, "", whole) for agent in staffed.agents]
        if halves % 2:
            duties[-1] = duties[-1]._replace(spans=half)
        found = levels(run_all([staffed], part._replace(duties=tuple(duties)), seeds)[0])
        if all(found[n].mean - found[n].half >= PROMISES[n] for n in names):
            return halves / 2, found
    raise ValueError(f"{TEAM_MAX} people do not keep the promise of {', '.join(names)}")


def opening(demand: Demand, policy: Policy) -> tuple[tuple[int, int], ...]:
    """Return when the town hall is open."""
    hours = policy.hours["town_hall"]
    days = local_dates(demand, policy.time_zone)
    return tuple(span for day in days for span in openings_of(hours, day))


def with_capacity(policy: Policy, capacity: Capacity) -> Policy:
    """Let everybody who takes calls hold this."""
    agents = {
        id_: replace(each, capacity=capacity.id) if each.capacity == "standard" else each
        for id_, each in policy.agents.items()
    }
    capacities = {**policy.capacities, capacity.id: capacity}
    return replace(policy, agents=agents, capacities=capacities)


def with_chats(policy: Policy) -> Policy:
    """Let every queue promise of chats what is compared here."""
    queues = {
        id_: replace(each, promises={**each.promises, Channel.CHAT: CHATS})
        for id_, each in policy.queues.items()
    }
    return replace(policy, queues=queues)


def main() -> None:
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    policy = load(Path(), today=date(2026, 11, 22)).policy
    assert policy is not None
    policy = with_chats(policy)
    traffic = load_traffic(Path(), FILE, policy).traffic
    assert traffic is not None
    demand = demand_of(traffic, policy, DAYS)
    seeds = range(1, replications + 1)
    month_h = sum(end - begin for begin, end in opening(demand, policy)) / HOUR
    began = time.perf_counter()
    print(f"{replications} months of {DAYS} days; one person at all opening hours: {month_h:.0f} h")
    apart = 0.0
    for name in KINDS:
        count, found = team(policy, demand, seeds, [name], 0.5)
        apart += count
        tell(f"{name} alone", count, month_h, found, [name])
    print(f"{'three teams':<34}{apart:>4} people {apart * month_h:6.0f} h")
    for label, variant in (
        ("one team, as shipped", policy),
        ("the same, one mail in hand", with_capacity(policy, INTERRUPTING)),
        ("one team, calls exclusive", with_capacity(policy, EXCLUSIVE)),
        ("the same, one mail at a time", with_capacity(policy, ONE_TEXT)),
    ):
        count, found = team(variant, demand, seeds, list(KINDS), max(0.5, apart - 3))
        tell(label, count, month_h, found, list(KINDS))
        print(f"{'':<34}{100 * (1 - count / apart):.0f} % fewer hours than three teams")
    print(f"{time.perf_counter() - began:.0f} s")


def tell(label: str, count: float, month_h: float, found: Levels, names: Sequence[str]) -> None:
    """Print one team."""
    shown = [f"{n} {100 * found[n].mean:.1f} % ±{100 * found[n].half:.1f}" for n in names]
    print(f"{label:<34}{count:>4} people {count * month_h:6.0f} h  {', '.join(shown)}", flush=True)


if __name__ == "__main__":
    main()
