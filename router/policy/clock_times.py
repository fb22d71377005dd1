"""Reads times of day and weekdays: `08:00-18:00`, `22:00-02:00`, `mon-fri`, `closed`.

Decides nothing about dates or zones; minutes count from local midnight, a range past midnight ends
after 1440.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Final

from router.core.hours import Range
from router.policy.complaints import remedy
from router.policy.values import converter, wrong

DAY_MIN: Final = 1440
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_RANGE: Final = re.compile(r"(\d\d):(\d\d) *- *(\d\d):(\d\d)")
_EXAMPLE: Final = "write for example 08:00-18:00, 08:00-12:00, 13:00-17:00 or closed"


def read_ranges(text: str) -> tuple[Range, ...]:
    """Read the opening times of one day.

    Shape: ascending, not touching; () for `closed`. `24:00` is allowed as an end; an end that is
        not after its start lies on the next day, so that 22:00-02:00 is four hours.
    """
    if text == "closed":
        return ()
    ranges = [_read_range(part.strip()) for part in text.split(",")]
    for one, other in pairwise(sorted(ranges, key=lambda each: each.start)):
        if other.start < one.end:
            raise wrong(f"{written(one)} and {written(other)} overlap; make one range of them")
    return tuple(sorted(ranges, key=lambda each: each.start))


def _read_range(text: str) -> Range:
    found = _RANGE.fullmatch(text)
    if found is None:
        raise wrong(f"{text!r} is no opening time; {_EXAMPLE}")
    start = _minutes(text, found[1], found[2])
    end = _minutes(text, found[3], found[4])
    if start == DAY_MIN:
        raise wrong(f"{text!r} begins at 24:00; write 00:00 on the next day")
    if start == end:
        raise wrong(f"{text!r} ends when it begins; write 00:00-24:00 for the whole day")
    if end < start and end > 12 * 60:
        raise wrong(f"{text!r} ends before it begins; past midnight it may run until 12:00")
    return Range(start, end if end > start else end + DAY_MIN)


def _minutes(text: str, hour: str, minute: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > DAY_MIN:
        raise wrong(f"{text!r}: {hour}:{minute} is no time of day; {_EXAMPLE}")
    return minutes


def read_minute(text: str) -> int:
    """Read `08:15`: minutes after local midnight."""
    found = re.fullmatch(r"(\d\d):(\d\d)", text)
    if found is None:
        raise wrong(f"{text!r} is no time of day; write for example 08:15")
    return _minutes(text, found[1], found[2])


def written(each: Range) -> str:
    """Return a range as people write it."""
    end = each.end if each.end <= DAY_MIN else each.end - DAY_MIN
    return f"{each.start // 60:02}:{each.start % 60:02}-{end // 60:02}:{end % 60:02}"


def read_weekdays(text: str) -> tuple[int, ...]:
    """Read `mon`, `mon-fri`, `mon, wed, fri`, `daily`; Monday is 0."""
    if text == "daily":
        return tuple(range(7))
    days: list[int] = []
    for part in re.split(r" *, *", text.strip()):
        ends = [_weekday(text, each) for each in re.split(r" *- *", part)]
        if len(ends) > 2 or ends[0] > ends[-1]:
            raise wrong(f"{part!r} are no weekdays in order; write for example mon-fri")
        days.extend(range(ends[0], ends[-1] + 1))
    if len(set(days)) < len(days):
        raise wrong(f"{text!r} names a day twice; name it once")
    return tuple(days)


def _weekday(text: str, day: str) -> int:
    if day not in WEEKDAYS:
        raise wrong(f"{text!r}: no weekday is written {day!r}; {remedy(day, WEEKDAYS)}")
    return WEEKDAYS.index(day)


OpenTimes = Annotated[
    tuple[Range, ...],
    *converter(
        read_ranges, _EXAMPLE, {"type": ["string", "array"], "x-kind": "times of day"}, commas=True
    ),
]
Weekdays = Annotated[
    tuple[int, ...],
    *converter(
        read_weekdays,
        "write weekdays, for example mon-fri",
        {"type": "string", "x-kind": "weekdays"},
    ),
]
