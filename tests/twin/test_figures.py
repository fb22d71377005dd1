"""Figures add up, intervals are Student's, and what is written shows them."""

from __future__ import annotations

import csv
import io
import math
import random
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.formulas import CURRENT
from router.core.model import HOUR, MINUTE, SECOND, AgentId, Channel, QueueId
from router.twin.attention import Hands
from router.twin.chart import day_chart
from router.twin.contacts import Contact, Presence
from router.twin.figures import MEASURES, Figures, Tally, counted_as, figures_of, together
from router.twin.intervals import Estimate, difference, estimate
from router.twin.reports import ALL, as_csv, differences, rows
from router.twin.screen import WIDE, figures_table, occupancy_line, percent, time
from router.twin.simulation import Ending, Result
from tests.core.town import OPEN

ZONE = "America/Toronto"
ANNE = AgentId("anne")


def result(
    wait_s: float,
    ending: Ending = Ending.ANSWERED,
    queue: str = "roads",
    channel: Channel = Channel.VOICE,
    after_min: float = 0,
    *,
    decided: bool = True,
) -> Result:
    at = OPEN + round(after_min * MINUTE)
    contact = Contact(at, QueueId(queue), channel, "en", MINUTE)
    return Result(contact, ending, round(wait_s * SECOND), 30 * SECOND, decided)


def counted(*results: Result) -> Figures:
    there = (Presence(ANNE, OPEN, OPEN + HOUR),)
    return figures_of(results, {ANNE: Hands(busy=0.5 * HOUR)}, there, ZONE)


MORNING = (
    result(30),
    result(31),
    result(121, after_min=20),
    result(5, Ending.GAVE_UP, after_min=20),
    result(0, Ending.SENT_AWAY, "tax"),
    result(301, Ending.WAITING),
    result(9, Ending.WAITING, decided=False),
    result(3600, channel=Channel.MAIL),
)


def test_shares_are_of_all_who_came_and_whose_end_is_known() -> None:
    total = together(counted(*MORNING), lambda where: where.channel is Channel.VOICE)
    assert (total.offered, total.in_time, total.answered) == (6, 1, 3)
    assert (total.gave_up, total.sent_away, total.waiting) == (1, 1, 1)
    assert (total.over_2_min, total.over_3_min, total.over_5_min) == (2, 1, 1)
    assert total.longest_s == 301
    assert MEASURES["service_level"](total) == 1 / 6
    assert MEASURES["wait_mean_s"](total) == (30 + 31 + 121 + 5 + 301) / 6
    assert math.isnan(MEASURES["service_level"](Tally()))
    assert counted(*MORNING).occupancy == 0.5


def test_rows_are_by_queue_then_by_channel_then_by_quarter() -> None:
    found = rows([counted(*MORNING)], quarters=True)
    keys = [(row.queue, row.channel, row.time) for row in found]
    assert keys == [
        ("roads", "mail", ""), ("roads", "mail", "10:00"),
        ("roads", "voice", ""), ("roads", "voice", "10:00"), ("roads", "voice", "10:15"),
        ("tax", "voice", ""), ("tax", "voice", "10:00"),
        (ALL, "mail", ""), (ALL, "mail", "10:00"),
        (ALL, "voice", ""), (ALL, "voice", "10:00"), (ALL, "voice", "10:15"),
    ]  # fmt: skip
    assert [row.offered.mean for row in found if row.channel == "voice"] == [5, 3, 2, 1, 1, 6, 4, 2]


def test_a_comparison_with_itself_is_nothing_and_a_better_one_is_told_from_chance() -> None:
    chance = random.Random(1)
    ours, others = [], []
    for _ in range(8):
        waits = [chance.expovariate(1 / 40) for _ in range(200)]
        ours.append(counted(*(result(wait) for wait in waits)))
        others.append(counted(*(result(wait * 0.9) for wait in waits)))
    assert all(
        each == Estimate(0, 0) for row in differences(ours, ours) for each in row.measures.values()
    )
    gain = differences(others, ours)[-1].measures["service_level"]
    assert 0.01 < gain.mean < 0.1
    assert gain.is_apart
    alone = estimate([run.tallies[next(iter(run.tallies))].in_time / 200 for run in ours])
    assert gain.half < alone.half


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40))
def test_differences_are_those_of_the_pairs(values: list[float]) -> None:
    shifted = [value + 3 for value in values]
    assert difference(shifted, values).mean == pytest.approx(3, abs=1e-6)
    assert difference(shifted, values).half == pytest.approx(0, abs=1e-5)
    assert estimate([*values, math.nan]) == estimate(values)


def test_the_interval_is_students() -> None:
    three = estimate([1.0, 2.0, 3.0])
    assert three.mean == 2.0
    assert three.half == pytest.approx(4.303 / 3**0.5)
    assert estimate([1.0]).mean == 1.0
    assert math.isnan(estimate([1.0]).half)
    assert math.isnan(estimate([]).mean)
    chance, covered = random.Random(5), 0
    for _ in range(2000):
        mean, half = estimate([chance.gauss(0, 1) for _ in range(6)])
        covered += abs(mean) <= half
    assert 0.935 < covered / 2000 < 0.965


def test_the_csv_has_every_row_with_its_formula_and_half_widths() -> None:
    text = as_csv({"a": [counted(*MORNING), counted(*MORNING[:2])]})
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(table) == 12
    row = next(each for each in table if (each["queue"], each["time"]) == ("all", ""))
    assert row["formula"] == "answered in time / offered"
    voice = next(e for e in table if (e["queue"], e["channel"], e["time"]) == ("all", "voice", ""))
    assert voice["offered"] == "4.0000"
    assert voice["service_level"] == f"{(1 / 6 + 1 / 2) / 2:.4f}"
    assert float(voice["service_level_half"]) == pytest.approx(
        12.706 * (1 / 2 - 1 / 6) / 2, abs=1e-3
    )


def test_the_chart_is_svg_with_a_line_for_each_policy() -> None:
    named = {
        name: [
            row
            for row in rows([counted(*MORNING), counted(*MORNING[:4])], quarters=True)
            if (row.queue, row.channel) == (ALL, "voice")  # the whole day among them
        ]
        for name in ("as <is>", "arrival")
    }
    page = ElementTree.fromstring(day_chart("Calls", named, 0.7))
    texts = [each.text for each in page.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Calls", "as <is>", "arrival"} <= set(texts)
    _, *bars = page.iter("{http://www.w3.org/2000/svg}rect")
    heights = [float(each.get("height", -1)) for each in bars]
    assert min(heights) >= 0
    assert max(heights[:4]) > 100  # the fullest quarter fills its panel
    assert "nothing came" in day_chart("Calls", {"a": []}, 0.7)


@pytest.mark.parametrize(
    ("seconds", "half", "text"),
    [(33.4, 5.2, "33 ±5 s"), (1200.0, 120.0, "20 ±2 min"), (50_400.0, 720.0, "14.0 ±0.2 h")],
)
def test_times_are_written_as_people_say_them(seconds: float, half: float, text: str) -> None:
    assert time(Estimate(seconds, half)) == text
    assert percent(Estimate(0.712, 0.013)) == "71.2 ±1.3"
    assert percent(Estimate(-0.0004, 0.0)) == "0.0 ±0.0"  # not "-0.0"
    assert time(Estimate(-0.4, 0.0)) == "0 ±0 s"
    assert time(Estimate(-0.6, 0.0)) == "-1 ±0 s"
    assert percent(Estimate(math.nan, math.nan)) == ""


def test_the_table_marks_differences_that_are_told_from_chance() -> None:
    one, other = (
        [counted(result(10)), counted(result(11))],
        [counted(result(90)), counted(result(92))],
    )
    shown = figures_table("x", differences(other, one), width=WIDE, is_difference=True)
    cells = list(shown.columns[3].cells)
    assert cells == ["[bold]-100.0 ±0.0[/bold]"] * 2
    assert (
        occupancy_line(one)
        == "occupancy 50.0 ±0.0 %; most busy anne 50.0 ±0.0 %, least anne 50.0 ±0.0 %"
    )
    assert occupancy_line([figures_of([], {}, [], ZONE)]) == "nobody was there"


@pytest.mark.parametrize(
    ("one", "as_"),
    [
        (result(29), ["answered"]),
        (result(30), ["threshold", "answered-late"]),  # the promised time is half-open
        (result(4, Ending.GAVE_UP), ["abandoned-short"]),
        (result(5, Ending.GAVE_UP), ["abandoned"]),
        (result(31, Ending.GAVE_UP), ["threshold", "abandoned-late"]),
        (result(31, Ending.SENT_AWAY), ["threshold", "timeout-late"]),
        (result(31, Ending.WAITING), ["threshold"]),
        (result(3, Ending.WAITING), []),
    ],
)
def test_an_end_counts_for_formulas_as_it_does_in_the_town(one: Result, as_: list[str]) -> None:
    assert list(counted_as(one._replace(short=5 * SECOND))) == as_


def test_every_formula_has_its_level_of_the_same_callers() -> None:
    ends = [result(10), result(20), result(40), result(3, Ending.GAVE_UP), result(2000)]
    callers = [each._replace(short=5 * SECOND) for each in ends]
    mail = result(3600, channel=Channel.MAIL)
    table = {row.channel: row.levels for row in rows([counted(*callers, mail)]) if row.queue == ALL}
    levels = {name: each.mean for name, each in table["voice"].items()}
    assert set(levels) == set(CURRENT)
    assert levels["townline"] == 2 / 4  # who gave up at once is not offered
    assert levels["uccx-negative-abandon"] == 2 / 5
    assert levels["uccx-only-handled"] == 2 / 4
    assert levels["asterisk-sl2"] == 3 / 5
    assert all(math.isnan(each.mean) for each in table["mail"].values())
    head, *_ = as_csv({"now": [counted(*callers)]}).splitlines()
    assert head.endswith("asterisk-sl2,asterisk-sl2_half")
