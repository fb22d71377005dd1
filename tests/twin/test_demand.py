"""What comes follows the model, and one seed gives the same to everybody."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchmarks.month import EXCLUSIVE, INTERRUPTING
from router.core.model import DAY, HOUR, MINUTE, SECOND, AgentId, Channel, QueueId, Tempo
from router.core.policy import Policy
from router.policy.load import load
from router.policy.models_traffic import TrafficFile
from router.policy.traffic import load_traffic
from router.twin.demand import (
    Demand,
    Duty,
    Kind,
    Piece,
    Times,
    case_of,
    hours_there,
    within,
    without,
)
from router.twin.intervals import estimate
from router.twin.loads import quarters, text_hours
from router.twin.modelled import demand_of

ROOT = Path(__file__).parents[2]
MONDAY = 1_795_410_000 * SECOND  # 2026-11-23, midnight in Toronto


@pytest.fixture(scope="module")
def shipped() -> Policy:
    policy = load(ROOT, today=date(2026, 11, 22)).policy
    assert policy is not None
    return policy


@pytest.fixture(scope="module")
def traffic(shipped: Policy) -> TrafficFile:
    loaded = load_traffic(ROOT, "config/traffic.yaml", shipped)
    assert loaded.traffic is not None, loaded.complaints
    return loaded.traffic


def kind(name: str, expected: float, **changes: object) -> Kind:
    fields: dict[str, object] = {
        "name": name,
        "queue": QueueId("roads"),
        "channel": Channel.VOICE,
        "languages": (("en", 0.75), ("fr", 0.25)),
        "pieces": (Piece(0, HOUR, expected), Piece(HOUR, 2 * HOUR, 3 * expected)),
        "handling": Times(240.0),
        "patience": Times(300.0, deviation=0.0),
        "attention": 1.0,
    }
    return Kind(**{**fields, **changes})  # type: ignore[arg-type]


def demand(*kinds: Kind, no_shows: float = 0.0) -> Demand:
    duties = tuple(
        Duty(AgentId(f"a{n}"), "2026-11-23", ((0, HOUR), (90 * MINUTE, 2 * HOUR)))
        for n in range(400)
    )
    return Demand(0, 2 * HOUR, 1, kinds, duties, no_shows)


def test_contacts_come_as_often_as_expected_and_take_as_long() -> None:
    case = case_of(demand(kind("calls", 2000.0)), 7)
    early = sum(each.at < HOUR for each in case.contacts)
    assert abs(early - 2000) < 4 * 2000**0.5
    assert abs(len(case.contacts) - early - 6000) < 4 * 6000**0.5
    work = estimate([each.work / SECOND for each in case.contacts])
    patience = estimate([(each.patience or 0) / SECOND for each in case.contacts])
    french = estimate([float(each.language == "fr") for each in case.contacts])
    for found, mean in ((work, 240.0), (patience, 300.0), (french, 0.25)):
        assert abs(found.mean - mean) < 2 * found.half
    assert list(case.contacts) == sorted(case.contacts, key=lambda each: each.at)


def test_arrivals_are_as_irregular_as_chance_makes_them() -> None:
    steady = kind("calls", 3600.0, pieces=(Piece(0, HOUR, 3600.0),))
    times = [each.at / SECOND for each in case_of(demand(steady), 2).contacts]
    gaps = [after - before for before, after in pairwise(times)]
    square = estimate([gap**2 for gap in gaps])
    assert abs(square.mean - 2.0) < 2 * square.half  # of an exponential gap with mean 1
    other = case_of(demand(steady, steady._replace(name="more")), 2).contacts
    assert len({each.at for each in other}) > 7000  # kinds do not come at the same instants


def test_what_one_kind_gets_does_not_depend_on_the_others() -> None:
    alone = case_of(demand(kind("calls", 50.0)), 3).contacts
    beside = case_of(demand(kind("chats", 90.0, channel=Channel.CHAT), kind("calls", 50.0)), 3)
    assert tuple(each for each in beside.contacts if each.channel is Channel.VOICE) == alone
    assert case_of(demand(kind("calls", 50.0)), 3).contacts == alone
    assert case_of(demand(kind("calls", 50.0)), 4).contacts != alone


def test_some_do_not_appear_for_their_whole_shift() -> None:
    there = Counter(each.agent for each in case_of(demand(no_shows=0.25), 5).presences)
    assert set(there.values()) == {2}
    assert 60 < 400 - len(there) < 140
    assert hours_there(demand(no_shows=0.25)) == 450 * HOUR


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), max_size=5))
def test_breaks_are_taken_out_of_a_shift(given_breaks: list[tuple[int, int]]) -> None:
    breaks, at = [], 0
    for gap, length in given_breaks:
        breaks.append((at + gap, at + gap + length))
        at += gap + length
    left = without((0, at + 10), breaks)
    on_break = {minute for begin, end in breaks for minute in range(begin, end)}
    working = {minute for begin, end in left for minute in range(begin, end)}
    assert working == set(range(at + 10)) - on_break


def test_samples_are_drawn_as_they_were_seen() -> None:
    seen = kind("calls", 200.0, handling=Times(2.0, samples=(1.0, 3.0)))
    works = Counter(each.work for each in case_of(demand(seen), 1).contacts)
    assert set(works) == {SECOND, 3 * SECOND}


def test_the_shipped_week_is_laid_out_on_its_days(shipped: Policy, traffic: TrafficFile) -> None:
    week = demand_of(traffic, shipped, 7)
    assert (week.begin, week.end) == (MONDAY, MONDAY + 7 * DAY)
    calls = next(each for each in week.kinds if each.name == "general_calls")
    by_day = Counter[int]()
    for begin, end, expected in calls.pieces:
        assert 8 * HOUR <= (begin - MONDAY) % DAY < (end - MONDAY - 1) % DAY < 18 * HOUR
        by_day[(begin - MONDAY) // DAY] += expected  # type: ignore[assignment]
    assert {day: round(count) for day, count in by_day.items()} == {
        0: 190, 1: 150, 2: 150, 3: 150, 4: 150, 5: 40,
    }  # fmt: skip
    forms = next(each for each in week.kinds if each.name == "pothole_forms")
    assert sum(expected for _, _, expected in forms.pieces) == pytest.approx(7 * 18)
    assert {duty.day for duty in week.duties if duty.agent == "nadia"} == {
        f"2026-11-{day}" for day in range(23, 28)
    }
    saturday = within(week, MONDAY + 5 * DAY, MONDAY + 6 * DAY)
    assert len(saturday.duties) == 4
    assert len(within(week, MONDAY, MONDAY + DAY).kinds[0].pieces) == 11


def test_the_measured_month_has_the_shipped_capacity_and_what_it_says_beside(
    shipped: Policy,
) -> None:
    capacity = shipped.capacities["standard"]
    one_mail = {**capacity.units, Tempo.SLOW_TEXT: 1}
    assert replace(capacity, id=INTERRUPTING.id, units=one_mail) == INTERRUPTING
    assert capacity.units == EXCLUSIVE.units


def test_on_a_holiday_nobody_is_there_and_nobody_calls(
    shipped: Policy, traffic: TrafficFile
) -> None:
    boxing = traffic.model_copy(update={"first_day": date(2026, 12, 25)})
    day = demand_of(boxing, shipped, 1)
    assert not [each for each in day.kinds if each.channel is Channel.VOICE and each.pieces]
    assert [each for each in day.kinds if each.channel is Channel.MAIL and each.pieces]
    assert not day.duties


def test_quarters_add_up_to_what_comes(shipped: Policy, traffic: TrafficFile) -> None:
    week = demand_of(traffic, shipped, 7)
    slots = quarters(week, shipped)
    came = sum(load.per_hour / 4 for slot in slots for load in slot.loads)
    expected = sum(
        piece.expected
        for each in week.kinds
        if each.channel in (Channel.VOICE, Channel.CHAT)
        for piece in each.pieces
    )
    assert came == pytest.approx(expected)
    assert text_hours(week) == pytest.approx(33 + 77 / 6 + 7 + 8.75)
    assert all(slot.begin % (15 * MINUTE) == 0 for slot in slots)
