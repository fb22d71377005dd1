"""What is different between two policies, in the policy's own words: not lines of text.

Both are compared as they were compiled, so that order of keys, comments and ways of writing do not
matter, and a changed default is told for every queue that it reaches.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from router.core.model import SECOND
from router.core.policy import Policy
from router.policy.spans import written_span

NOUNS: Final[dict[str, str]] = {  # table of the policy -> what one row of it is called
    "subjects": "subject",
    "skills": "skill",
    "capacities": "capacity",
    "agents": "agent",
    "away_reasons": "away reason",
    "wrap_up_codes": "wrap-up code",
    "hours": "hours",
    "queues": "queue",
    "fallbacks": "chain",
    "contacts": "contact",
    "on_call": "on-call list",
    "numbers": "number",
    "flows": "flow",
    "forms": "form",
    "texts": "text",
    "answers": "canned answer",
}
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LEFT_OUT: Final = frozenset(
    {"place", "file", "line", "compiled_with"}
)  # say nothing of themselves
_BYTES: Final = ("size", "bytes", "size_max", "size_min")
_SPAN_LEAST: Final = 1_000_000  # nanoseconds; no other number of a policy is as large
_INSTANT_LEAST: Final = 10**17

Names = dict[str, Any]


class Change(NamedTuple):
    """One thing that is different."""

    noun: str  # "queue"; "" for what there is one of
    name: str  # "roads"
    text: str  # "requires: roads >= 5 -> roads >= 6", "new", "gone"


def changes(old: Policy, new: Policy) -> list[Change]:
    """Return every difference, in the order of the policy; [] when both decide alike."""
    before, after = _plain(old), _plain(new)
    found: list[Change] = []
    for key in sorted(before.keys() | after.keys(), key=_position):
        one, two = before.get(key), after.get(key)
        noun = NOUNS.get(key)
        if noun is None:
            found += (Change("", key.replace("_", " "), text) for text in _compare("", one, two))
            continue
        for name in _keys(one or {}, two or {}):
            row, other = (one or {}).get(name), (two or {}).get(name)
            if row is None or other is None:
                found.append(Change(noun, name, "new" if row is None else "gone"))
            else:
                found += (Change(noun, name, text) for text in _compare("", row, other))
    return found


def told(found: list[Change]) -> Iterator[str]:
    """Yield the changes as lines; what is the same for several is told once."""
    names: dict[tuple[str, str], list[str]] = {}
    for change in found:
        names.setdefault((change.noun, change.text), []).append(change.name)
    for (noun, text), who in names.items():
        yield f"{noun} {', '.join(who)}: {text}".strip()


def _position(key: str) -> int:
    fields = [field.name for field in msgspec.structs.fields(Policy)]
    return fields.index(key)


def _plain(policy: Policy) -> Names:
    built: Names = msgspec.json.decode(msgspec.json.encode(policy, order="sorted"))
    return {key: value for key, value in built.items() if key not in _LEFT_OUT}


def _keys(one: Names, two: Names) -> list[str]:
    return list(dict.fromkeys((*one, *two)))


# --- comparing -----------------------------------------------------------------------------------


def _compare(label: str, one: Any, two: Any) -> Iterator[str]:
    """Yield what is different below a label."""
    if one == two:
        return
    if isinstance(one, dict) and isinstance(two, dict) and not _is_leaf(one):
        for key in _keys(one, two):
            if key not in _LEFT_OUT:
                yield from _compare(_below(label, key), one.get(key), two.get(key))
    elif _is_named(one) and _is_named(two):
        yield from _compare_rows(label, one, two)
    elif _is_week(label, one, two):
        days: dict[str, list[str]] = {}
        for day, ranges, others in zip(DAYS, one, two, strict=True):
            for text in _compare("", ranges, others):
                days.setdefault(text, []).append(day)
        yield from (f"{', '.join(which)}: {text}" for text, which in days.items())
    else:
        was, is_now = _shown(label, one), _shown(label, two)
        if was != is_now:
            yield f"{label.replace('_', ' ')}: {was} -> {is_now}".removeprefix(": ")


def _compare_rows(label: str, one: list[Names], two: list[Names]) -> Iterator[str]:
    """Yield what is different between two lists whose order counts."""
    old, new = ({row["id"]: row for row in rows} for rows in (one, two))
    for name in _keys(old, new):
        if name not in new:
            yield f"{_below(label, name)} is gone"
        elif name not in old:
            yield f"{_below(label, name)} is new, number {list(new).index(name) + 1} of {len(new)}"
        else:
            yield from _compare(_below(label, name), old[name], new[name])
    kept = [name for name in old if name in new]
    order = [name for name in new if name in old]
    if kept != order:
        yield f"{label} are tried in another order: {', '.join(kept)} -> {', '.join(order)}"


def _below(label: str, key: str) -> str:
    return f"{label} {key}" if label else key


def _is_leaf(value: Names) -> bool:
    return value.keys() == {"start", "end"}


def _is_named(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(row, dict) and "id" in row for row in value)
    )


def _is_week(label: str, one: Any, two: Any) -> bool:
    both = isinstance(one, list) and isinstance(two, list)
    return label == "weekly" and both and len(one) == len(two) == len(DAYS)


# --- showing -------------------------------------------------------------------------------------


def _shown(label: str, value: Any) -> str:
    if value in (None, "", [], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and not label.endswith(_BYTES):
        if value >= _INSTANT_LEAST:
            return f"{datetime.fromtimestamp(value // SECOND, UTC):%Y-%m-%d %H:%M} UTC"
        return written_span(value) if value >= _SPAN_LEAST else str(value)
    if isinstance(value, list):
        return ", ".join(_shown(label, each) for each in value)
    if isinstance(value, dict):
        if _is_leaf(value):
            return f"{_clock(value['start'])}-{_clock(value['end'])}"
        rows = (f"{key} {_shown(key, each)}" for key, each in value.items() if key not in _LEFT_OUT)
        return f"({', '.join(rows)})"
    return str(value)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
