"""The core as simulator against a published simulator, to the last digit.

The examples MMC, MMCAb, MMCBlocked, MMCClrQ, SimpleMSK, SimpleMSKWithRerouting and Telethon of
ContactCenters (Université de Montréal) come with parameters, random streams and the figures of
1,000 days. `PUBLISHED` holds every digit of them. Fifty days are compared day by day with a small
simulator of another kind, from which the published figures come out as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from router.core.model import MINUTE
from router.twin.centre import load_centre
from router.twin.centre_report import Ratio, Report, Tally, report
from router.twin.centre_run import Day, run_days
from tests.twin.second_opinion import days_of

CENTRES: Final = Path(__file__).parent / "centres"
STUDENT: Final = 1.9623414611334487  # 95 %, 999 degrees of freedom
FEWER_DAYS: Final = {"mmcclrq": 10, "reroutedmsk": 10}  # they differ little from another model
# Of a number a day: least, most, mean, standard deviation, interval; of a ratio: value, deviation,
# interval. As printed.
PUBLISHED: Final[dict[str, dict[str, str]]] = {
    "mmc": {
        "in_time": "1588.000 1964.000 1816.158 57.043 1812.618 1819.698",
        "level": "0.902 0.033 0.900 0.904",
        "speed_min": "0.099 0.045 0.097 0.102",
        "occupancy.0": "0.695 0.023 0.694 0.697",
    },
    "mmcab": {
        "abandoned": "20.000 124.000 58.609 15.295 57.660 59.558",
        "in_time": "1785.000 2028.000 1906.008 35.828 1903.785 1908.231",
        "level": "0.975 7.9E-3 0.974 0.975",
        "speed_min": "0.024 6.0E-3 0.023 0.024",
        "occupancy.0": "0.675 0.019 0.674 0.677",
        "level_late": "0.968 9.9E-3 0.968 0.969",
    },
    "mmcblocked": {
        "blocked": "0.000 62.000 18.655 9.831 18.045 19.265",
        "in_time": "1718.000 1978.000 1854.284 42.176 1851.667 1856.901",
        "level": "0.929 0.019 0.928 0.930",
        "speed_min": "0.060 0.016 0.059 0.061",
        "occupancy.0": "0.689 0.021 0.688 0.690",
        "level_offered": "0.920 0.022 0.919 0.922",
    },
    "mmcclrq": {
        "cleared": "0.000 20.000 0.433 1.688 0.328 0.538",
        "in_time": "1588.000 1964.000 1816.112 57.042 1812.572 1819.652",
        "level": "0.902 0.033 0.900 0.904",
        "speed_min": "0.099 0.045 0.096 0.102",
        "occupancy.0": "0.695 0.023 0.694 0.697",
        "level_cleared": "0.902 0.033 0.900 0.904",
    },
    "telethon": {
        "served": "890.000 1057.000 963.109 27.984 961.372 964.846",
        "blocked": "0.000 0.000 0.000 0.000 0.000 0.000",
        "abandoned": "4.000 67.000 31.820 10.437 31.172 32.468",
        "let_go": "0.000 21.000 4.960 2.973 4.776 5.144",
        "cleared": "0.000 7.000 0.280 0.718 0.235 0.325",
        "in_time": "880.000 1042.000 950.265 27.173 948.579 951.951",
        "speed_min": "0.036 0.012 0.036 0.037",
    },
    "simplemsk": {
        "served": "2448.000 5291.000 4297.305 437.605 4270.150 4324.460",
        "abandoned": "9.000 3805.000 910.335 551.164 876.133 944.537",
        "level_late": "0.501 0.128 0.494 0.509",
        "occupancy.0": "0.881 0.058 0.877 0.884",
        "in_time_of.0.0": "5.000 334.000 170.154 93.722 164.338 175.970",
        "in_time_of.0.1": "274.000 782.000 599.334 83.392 594.159 604.509",
        "in_time_of.0.2": "0.000 180.000 15.490 27.520 13.782 17.198",
        "in_time_of.1.0": "8.000 484.000 262.936 134.377 254.597 271.275",
        "in_time_of.1.1": "255.000 720.000 511.648 86.571 506.276 517.020",
        "in_time_of.1.2": "0.000 298.000 34.697 55.230 31.270 38.124",
        "in_time_of.2.0": "15.000 540.000 259.806 155.150 250.178 269.434",
        "in_time_of.2.1": "265.000 850.000 613.732 99.046 607.586 619.878",
        "in_time_of.2.2": "0.000 282.000 24.888 44.327 22.137 27.639",
    },
    "reroutedmsk": {
        "served": "2430.000 5367.000 4274.426 433.840 4247.504 4301.348",
        "abandoned": "14.000 3720.000 933.214 554.096 898.830 967.598",
        "level_late": "0.579 0.113 0.572 0.587",
        "occupancy.0": "0.884 0.057 0.880 0.887",
        "in_time_of.0.0": "118.000 391.000 298.745 30.117 296.876 300.614",
        "in_time_of.0.1": "274.000 791.000 595.270 82.484 590.151 600.389",
        "in_time_of.0.2": "4.000 181.000 106.823 29.504 104.992 108.654",
        "in_time_of.1.0": "150.000 487.000 383.203 50.558 380.066 386.340",
        "in_time_of.1.1": "255.000 706.000 504.090 82.433 498.975 509.205",
        "in_time_of.1.2": "0.000 305.000 121.441 61.286 117.638 125.244",
        "in_time_of.2.0": "9.000 547.000 239.008 158.435 229.176 248.840",
        "in_time_of.2.1": "265.000 857.000 611.550 97.645 605.491 617.609",
        "in_time_of.2.2": "0.000 282.000 22.298 42.372 19.669 24.927",
    },
}


def printed(value: float, like: str) -> str:
    """Return the value with as many digits as the published one."""
    return f"{value:.1E}".replace("E-0", "E-") if "E" in like else f"{value:.3f}"


def found(figures: Report, name: str) -> Any:
    first, *places = name.split(".")
    value = getattr(figures, first)
    for place in places:
        value = value[int(place)]
    return value


def numbers(value: Tally | Ratio, days: int) -> tuple[float, ...]:
    if isinstance(value, Ratio):
        return value
    half = STUDENT * value.deviation / math.sqrt(days)
    return (*value, value.mean - half, value.mean + half)


def as_published(name: str, days: Sequence[Day]) -> dict[str, str]:
    figures = report(days)
    return {
        key: " ".join(
            printed(value, like)
            for value, like in zip(
                numbers(found(figures, key), len(days)), text.split(), strict=True
            )
        )
        for key, text in PUBLISHED[name].items()
    }


def second_opinion(name: str, days: int) -> list[Day]:
    return [
        Day(
            served=day["served"],
            abandoned=day["abandoned"],
            abandoned_late=day["abandoned_late"],
            blocked=day["blocked"],
            let_go=day["let_go"],
            cleared=day["cleared"],
            waited_on=0,
            in_time=tuple(map(tuple, day["in_time"])),
            waits=(round(day["waits"] * MINUTE),),
            busy=tuple(round(span * MINUTE) for span in day["busy"]),
            present=tuple(round(span * MINUTE) for span in day["present"]),
        )
        for day in days_of(CENTRES / f"{name}.yaml", days)
    ]


def counts(day: Day) -> tuple[Any, ...]:
    gone = day.abandoned, day.abandoned_late, day.blocked, day.let_go, day.cleared
    return day.served, *gone, day.in_time


@pytest.mark.parametrize("name", PUBLISHED)
def test_some_days_are_those_of_the_second_opinion(name: str) -> None:
    """Every count of every day is the same; spans but for the rounding of each instant to 1 ns."""
    count = FEWER_DAYS.get(name, 50)
    ours = list(run_days(load_centre(CENTRES / f"{name}.yaml"), count))
    theirs = second_opinion(name, count)
    assert [counts(day) for day in ours] == [counts(day) for day in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        contacts = mine.served + mine.abandoned
        assert abs(sum(mine.waits) - sum(other.waits)) < 10 * contacts
        for span, like in zip(mine.busy + mine.present, other.busy + other.present, strict=True):
            assert abs(span - like) < 10 * contacts


@pytest.mark.full
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_second_opinion_gives_every_published_digit(name: str) -> None:
    assert as_published(name, second_opinion(name, 1000)) == PUBLISHED[name]


@pytest.mark.full
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_core_gives_every_published_digit(name: str) -> None:
    days = list(run_days(load_centre(CENTRES / f"{name}.yaml"), 1000))
    assert as_published(name, days) == PUBLISHED[name]
