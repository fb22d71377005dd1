"""Who answers at which instant: a day in layers, and the first instant at which nobody does."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.core import commands as c
from router.core.hours import standing
from router.core.layers import layer_at
from router.core.policy import Policy
from router.policy.check_layers import _answering
from router.policy.load import Loaded, load
from router.policy.models_layers import LayerShape
from tests.core.town import Desk
from tests.policy.conftest import TODAY, Town
from tests.policy.mistakes import HOURS, MAIN

ZONE = ZoneInfo("America/Toronto")
LAYERS = """
  early:
    weekly: {daily: 07:00-08:00}
    on_holidays: closed
  day:
    weekly: {mon-fri: 08:00-18:00, sat: 08:00-18:00, sun: 08:00-18:00}
    on_holidays: closed
  evening: # at a facility that is open
    weekly: {daily: 18:00-23:00}
    on_holidays: 10:00-16:00
  night:
    weekly:
      daily: 00:00-07:00, 23:00-24:00
    on_holidays: 00:00-10:00, 16:00-24:00

services:
  main_line:
    - {layer: centre, hours: day}
    - {layer: extended, hours: [early, evening]}
    - {layer: third_party, hours: night}
"""
NODE = """  opening:
    service: main_line
    exits: {centre: subjects, extended: general, third_party: answering_service}
    otherwise: closed
  answering_service: {transfer: security, next: closed}
"""


def layered(town: Town, layers: str = LAYERS, node: str = NODE) -> Loaded:
    path = town.directory / HOURS
    own, _, _ = path.read_text(encoding="utf-8").partition("  # Staff of the community centres")
    path.write_text(own.rstrip() + "\n" + layers, encoding="utf-8")
    opening = "  opening:\n    hours: town_hall\n    open: subjects\n    closed: closed\n"
    town.edit(MAIN, opening, node)
    return town.load()


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()) * 10**9


def policy_of(loaded: Loaded) -> Policy:
    assert loaded.policy is not None, "\n".join(map(str, loaded.complaints))
    return loaded.policy


@pytest.mark.parametrize(
    ("when", "layer"),
    [
        ("2026-11-24T07:30", "extended"),
        ("2026-11-24T08:00", "centre"),
        ("2026-11-24T17:59", "centre"),
        ("2026-11-24T20:00", "extended"),
        ("2026-11-24T23:45", "third_party"),
        ("2026-12-25T07:30", "third_party"),  # on a holiday the whole chain shifts
        ("2026-12-25T09:59", "third_party"),
        ("2026-12-25T10:00", "extended"),
        ("2026-12-25T16:00", "third_party"),
        ("2026-12-26T00:00", "third_party"),
        ("2027-03-14T03:30", "third_party"),  # the clock has jumped
        ("2026-11-24T06:59", "third_party"),
    ],
)
def test_a_day_in_layers(town: Town, when: str, layer: str) -> None:
    desk = Desk(policy_of(layered(town)), now=at(when))
    assert layer_at(desk.state, desk.state.policy, "main_line", desk.now) == layer


def test_a_caller_is_led_to_the_layer_and_to_otherwise_when_all_was_closed_by_hand(
    town: Town,
) -> None:
    policy = policy_of(layered(town))
    desk = Desk(policy, now=at("2026-11-24T23:45"))
    item = desk.call("i1", "1")
    position = desk.state.items[item].flow
    assert position is not None
    assert position.node == "answering_service"
    desk = Desk(policy, now=at("2026-11-24T09:00"))
    for hours in ("day", "early", "evening", "night"):
        desk.do(c.SetEmergency(hours=hours, closed=True, until=None, reason="fire", by="sam"))
    item = desk.call("i1", "1")
    position = desk.state.items[item].flow
    assert position is not None
    assert (position.flow, position.node) == ("after_hours", "subjects")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "18:00-23:00", "18:00-22:30",
            "nobody answers from Sun 2026-11-22 22:30 until Sun 2026-11-22 23:00",
        ),
        (
            "on_holidays: 00:00-10:00, 16:00-24:00", "on_holidays: 00:00-09:00, 16:00-24:00",
            "nobody answers from Fri 2026-12-25 09:00 until Fri 2026-12-25 10:00",
        ),
        (
            "daily: 07:00-08:00", "daily: 07:00-08:15",
            "centre and extended both answer from Sun 2026-11-22 08:00 until Sun 2026-11-22 08:15",
        ),
    ],
)  # fmt: skip
def test_a_gap_and_an_overlap_are_refused_with_the_first_instant(
    town: Town, old: str, new: str, says: str
) -> None:
    assert old in LAYERS
    loaded = layered(town, LAYERS.replace(old, new))
    found = [each for each in loaded.errors if each.path == "services.main_line"]
    assert loaded.policy is None
    assert [says in each.message for each in found] == [True]


def test_a_hole_of_one_hour_when_the_clock_goes_back_is_seen(town: Town) -> None:
    early = LAYERS.replace("daily: 00:00-07:00, 23:00-24:00", "daily: 00:00-01:30, 23:00-24:00")
    early = early.replace("daily: 07:00-08:00", "daily: 01:30-08:00")
    (found,) = [x for x in layered(town, early).errors if x.path == "services.main_line"]
    assert "extended and third_party both answer from" in found.message


@pytest.mark.parametrize(
    ("old", "new", "path", "says"),
    [
        ("third_party: answering_service", "thrid_party: answering_service",
         "nodes.opening.exits", "layer 'third_party' of the service leads nowhere"),
        ("third_party: answering_service", "thrid_party: answering_service",
         "nodes.opening.exits.thrid_party", "did you mean 'third_party'"),
        ("service: main_line", "service: single_numbr", "nodes.opening.service",
         "no service is called 'single_numbr'"),
        ("otherwise: closed\n", "otherwise: closd\n", "nodes.opening.otherwise", "closd"),
    ],
)  # fmt: skip
def test_mistakes_of_the_node(town: Town, old: str, new: str, path: str, says: str) -> None:
    loaded = layered(town, node=NODE.replace(old, new))
    assert any(each.path == path and says in each.message for each in loaded.errors), "\n".join(
        map(str, loaded.errors)
    )


def test_four_hundred_days_are_looked_at_in_well_under_two_seconds(town: Town) -> None:
    layered(town)
    began = time.perf_counter()
    assert load(town.directory, today=TODAY).policy is not None
    assert time.perf_counter() - began < 10  # alone on the machine: a second


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    from tests.policy.conftest import copy_town

    return policy_of(layered(copy_town(tmp_path_factory.mktemp("town"))))


@given(minute=st.integers(0, 399 * 1440), second=st.sampled_from([0, 1, 59]))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_at_every_instant_exactly_one_layer_is_open(
    policy: Policy, minute: int, second: int
) -> None:
    start = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
    now = int((start + timedelta(minutes=minute, seconds=second)).timestamp()) * 10**9
    open_now = {
        layer.id
        for layer in policy.services["main_line"]
        for hours in layer.hours
        if standing(policy.hours[hours], now).is_open
    }
    assert len(open_now) == 1


def test_the_walk_over_openings_says_what_asking_each_instant_says(policy: Policy) -> None:
    """The check's sweep against the engine's own answer, at and around every change."""
    layers = [
        LayerShape(layer=each.id, hours=list(each.hours))
        for each in policy.services["main_line"][:2]  # with gaps, then
    ]
    start = at(f"{date(2027, 3, 10)}T00:00")
    end = start + 10 * 86_400 * 10**9
    until_before = start
    for since, until, who in _answering(dict(policy.hours), layers, start, end):
        assert since == until_before
        until_before = until
        for instant in (since, until - 1):
            asked = tuple(
                each.layer
                for each in layers
                if any(standing(policy.hours[name], instant).is_open for name in each.hours)
            )
            assert asked == who
    assert until_before == end
