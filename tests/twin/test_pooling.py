"""Skill pooling: two skills each do nearly what all skills do, and all skills are one pool.

Six types at 84 erlangs, 90 agents, 30 places to wait, talks of ten minutes. The three centres meet
the same contacts, so that their difference is that of skills alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest

from router.twin.centre import Centre
from router.twin.centre_run import Day, run_days
from tests.twin.exact import chain
from tests.twin.pools import T_95_OF_18, centre, interval

TYPES: Final = 6
EACH: Final = 15  # agents with the type as their first skill
TALK_MIN: Final = 10
PLACES: Final = 30


def six_types(
    groups: Mapping[str, tuple[int, Sequence[int]]],
    load: float,
    hours: int,
    *,
    own_first: bool = False,
) -> Centre:
    """Return the centre; a group is (agents, types in the order of preference).

    `own_first`: its agents take what waits in that order, too, and not by arrival.
    """

    def takers(kind: int) -> list[str]:
        able = [name for name, (_, kinds) in groups.items() if kind in kinds]
        return sorted(able, key=lambda name: groups[name][1].index(kind))

    types: dict[str, dict[str, Any]] = {
        f"t{kind}": {"groups": takers(kind), "arrivals_per_min": [load / TALK_MIN / TYPES]}
        for kind in range(TYPES)
    }
    return centre(
        types,
        {name: count for name, (count, _) in groups.items()},
        {name: [f"t{kind}" for kind in kinds] for name, (_, kinds) in groups.items() if own_first},
        period_min=hours * 60,
        service_per_min=[1 / TALK_MIN],
        trunks=TYPES * EACH + PLACES,
        occupancy_until="closing",
    )


ONE: Final = {f"g{k}": (EACH, [k]) for k in range(TYPES)}
TWO: Final = {
    f"g{k}{other}": (EACH // (TYPES - 1), [k, other])
    for k in range(TYPES)
    for other in range(TYPES)
    if other != k
}
ALL: Final = {"all": (TYPES * EACH, list(range(TYPES)))}
OWN: Final = {f"g{k}": (EACH, [(k + n) % TYPES for n in range(TYPES)]) for k in range(TYPES)}


def blocked(days: Sequence[Day]) -> float:
    """Return the share of those who came that heard the busy tone."""
    lost = sum(day.blocked for day in days)
    return lost / (lost + sum(day.served for day in days))


def check_recovered(days: int, hours: int) -> None:
    one, two, six = (
        blocked(list(run_days(six_types(groups, 84, hours), days))) for groups in (ONE, TWO, ALL)
    )
    assert 0.030 < one < 0.048
    assert (one - two) / (one - six) >= 0.95, (one, two, six)


def check_one_pool(load: float, days: int, hours: int) -> None:
    exact = chain(TYPES * EACH, load, TALK_MIN * 60, places=PLACES)
    found = list(run_days(six_types(ALL, load, hours), days))
    low, high = interval([blocked([day]) for day in found], T_95_OF_18)
    assert low <= exact.blocked <= high
    waits = [sum(day.waits) / 1e9 / day.served for day in found]
    low, high = interval(waits, T_95_OF_18)
    assert low <= exact.wait_s <= high


def in_time(days: Sequence[Day]) -> float:
    """Return the share of those answered who waited less than half a minute."""
    return sum(sum(map(sum, day.in_time)) for day in days) / sum(day.served for day in days)


def check_own_first(days: int, hours: int, near: float) -> None:
    own, arrival = (
        list(run_days(each, days))
        for each in (six_types(OWN, 84, hours, own_first=True), six_types(ALL, 84, hours))
    )
    assert in_time(own) - in_time(arrival) == pytest.approx(0.783 - 0.734, abs=near)
    assert blocked(own) == pytest.approx(blocked(arrival), abs=near / 10)  # it serves nobody more
    waits = [sum(sum(day.waits) for day in found) for found in (own, arrival)]
    assert waits[0] == pytest.approx(waits[1], rel=2 * near)


def test_two_skills_recover_most_of_the_blocking_in_a_short_run() -> None:
    check_recovered(1, 50)


def test_six_skills_are_one_pool_in_a_short_run() -> None:
    check_one_pool(84, 20, 8)


def test_own_type_first_answers_more_in_time_in_a_short_run() -> None:
    check_own_first(1, 50, near=0.03)


@pytest.mark.full
def test_own_type_first_answers_five_of_a_hundred_more_in_time() -> None:
    check_own_first(6, 100, near=0.01)


@pytest.mark.full
def test_two_skills_recover_the_blocking() -> None:
    check_recovered(6, 100)


@pytest.mark.full
@pytest.mark.parametrize("load", [77.4, 84, 90])
def test_six_skills_are_one_pool(load: float) -> None:
    check_one_pool(load, 20, 50)
