"""How spans of time and sizes are read: `30 s`, `5 min`, `14 days`, `2 business days`, `10 MB`.

Nothing here is a point in time. A span of zero is refused: where nothing may happen one writes
`never`, and only where that makes sense.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from router.core.model import DAY, HOUR, MINUTE, SECOND, Span
from router.core.policy_service_level import FirstResponse
from router.policy.complaints import remedy
from router.policy.values import converter, wrong

NEVER: Final = "never"
YEARS_MAX: Final = 200
SIZE_MAX: Final = 100_000_000

_UNITS: Final = {
    "s": SECOND,
    "second": SECOND,
    "minute": MINUTE,
    "min": MINUTE,
    "hour": HOUR,
    "h": HOUR,
    "day": DAY,
    "d": DAY,
    "year": 365 * DAY,
}
_SPAN: Final = re.compile(r"([0-9]{1,6}) *([A-Za-z]+)")
_EXAMPLE: Final = "write for example 30 s, 5 min, 4 h, 14 days or 2 years"


def read_span(text: str) -> Span:
    """Read `30 s`, `5 min`, `4 h`, `14 d`, `14 days`, `2 years` (of 365 days)."""
    found = _SPAN.fullmatch(text)
    if found is None:
        hint = "; business time is known only to `first_response`" if "business" in text else ""
        raise wrong(f"{text!r} is no span of time; {_EXAMPLE}{hint}")
    name = found[2].lower()
    unit = _UNITS.get(name) or _UNITS.get(name.removesuffix("s"))
    if unit is None:
        known = ("s", "min", "h", "days", "years")
        raise wrong(f"{text!r}: no unit is called {found[2]!r}; {remedy(name, known)}")
    span = int(found[1]) * unit
    if span == 0:
        raise wrong(f"{text!r} is no time at all; {_EXAMPLE}")
    if span > YEARS_MAX * 365 * DAY:
        raise wrong(f"{text!r} is longer than {YEARS_MAX} years; {_EXAMPLE}")
    return span


def read_span_or_never(text: str) -> Span:
    """Read a span; 0 for `never`."""
    return 0 if text == NEVER else read_span(text)


def read_size(text: str) -> int:
    """Read `500 kB` or `10 MB` as bytes, thousands of thousands."""
    found = re.fullmatch(r"([0-9]{1,6}) *([kK]B|MB)", text)
    size = int(found[1]) * (1_000_000 if found[2] == "MB" else 1_000) if found is not None else 0
    if not 0 < size <= SIZE_MAX:
        raise wrong(
            f"{text!r} is no size up to {SIZE_MAX // 1_000_000} MB; write for example 500 kB or"
            " 10 MB"
        )
    return size


def written_span(value: Span) -> str:
    """Return a span as people say it, in the largest whole unit: `90 s`, `24 h`, `14 days`."""
    for unit, least, name in ((DAY, 2, "days"), (HOUR, 1, "h"), (MINUTE, 1, "min")):
        if value >= least * unit and value % unit == 0:
            return f"{value // unit} {name}"
    return f"{value // SECOND} s"


_SAME_DAY: Final = "same business day"
_FIRST_RESPONSE: Final = (
    f"write for example '2 business days', '{_SAME_DAY}', '4 business hours' or '90 s'"
)
_RESPONSE: Final = re.compile(r"([0-9]{1,6}) +(business +)?([a-z]+?)(?<!s)s?|([0-9]{1,6}) +(s)")


def read_first_response(text: str) -> FirstResponse:
    """Read `2 business days`, `same business day`, `4 business hours`, `90 s`, `3 days`."""
    if text.split() == _SAME_DAY.split():
        return FirstResponse(_SAME_DAY, 0, 0, True, same_day=True)
    found = _RESPONSE.fullmatch(text)
    unit = (found[3] or found[5]) if found is not None else ""
    amount = int(found[1] or found[4]) if found is not None else 0
    if found is None or unit not in _UNITS or unit == "year" or amount == 0:
        raise wrong(f"{text!r}: {_FIRST_RESPONSE}")
    business = bool(found[2])
    written = " ".join(text.split())
    if business and unit in ("day", "d"):
        return FirstResponse(written, 0, amount, True)
    return FirstResponse(written, amount * _UNITS[unit], 0, business)


FirstResponseText = Annotated[
    FirstResponse,
    *converter(
        read_first_response,
        _FIRST_RESPONSE,
        {
            "type": "string",
            "pattern": f"^([0-9]+ +(business +)?[a-z]+|{_SAME_DAY})$",
            "x-kind": "span of time",
        },
    ),
]
SpanText = Annotated[
    Span,
    *converter(
        read_span,
        _EXAMPLE,
        {"type": "string", "pattern": "^[0-9]+ *[A-Za-z]+$", "x-kind": "span of time"},
    ),
]
SpanOrNever = Annotated[
    Span,
    *converter(
        read_span_or_never,
        f"{_EXAMPLE}, or {NEVER}",
        {
            "type": "string",
            "pattern": f"^([0-9]+ *[A-Za-z]+|{NEVER})$",
            "x-kind": f"span of time or {NEVER}",
        },
    ),
]
Size = Annotated[
    int,
    *converter(
        read_size,
        "write for example 10 MB",
        {"type": "string", "pattern": "^[0-9]+ *([kK]B|MB)$", "x-kind": "size"},
    ),
]
