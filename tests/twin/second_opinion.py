"""A simulator of its own, as small as can be: counts of agents instead of agents, no engine.

It knows nothing of the core, of policies or of the line; it reads the numbers of a centre's file
and steps in floating minutes. The published thousand-day figures come out of it to the digit
(`test_published.py`), so that what it says of fewer days can be believed.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from router.twin.gamma import below_which
from router.twin.mrg32k3a import streams

Counted = dict[str, Any]
INFINITE = math.inf


def days_of(path: Path, days: int) -> Iterator[Counted]:
    """Yield what is counted of each day: the names and shapes are those of `Day`, in minutes."""
    file = yaml.safe_load(path.read_text(encoding="utf-8"))
    made, drawn = streams(), {}
    for name in file["streams"]:
        drawn[name] = [next(made).uniform for _ in (file["types"] if name == "arrivals" else "1")]
    for _ in range(days):
        yield one_day(file, drawn)


def listed(value: Any, periods: int) -> list[Any]:
    values: list[Any] = value if isinstance(value, list) else [value]
    return values * periods if len(values) == 1 else values


def one_day(file: dict[str, Any], drawn: dict[str, Any]) -> Counted:
    periods, length, awt = file.get("periods", 1), file["period_min"], file["in_time_s"] / 60
    types = list(file["types"].values())
    names = list(file["groups"])
    to = [[names.index(g) for g in listed(t["groups"], 1)] for t in types]
    serves = [[k for k in range(len(types)) if g in to[k]] for g in range(len(names))]
    staff = [listed(g["agents"], periods) for g in file["groups"].values()]
    mu = listed(file["service_per_min"], periods)
    nu = listed(file["patience_per_min"], periods) if "patience_per_min" in file else None
    shape = file.get("busyness_shape")
    busyness = below_which(shape, drawn["busyness"][0]()) / shape if shape else 1.0
    rates = [[r * busyness for r in listed(t["arrivals_per_min"], periods)] for t in types]

    def draw(name: str, index: int = 0) -> float:
        return -math.log1p(-drawn[name][index]())

    coming = [draw("arrivals", k) for k in range(len(types))]  # before the first period: rate 1
    rate = [1.0] * len(types)
    queues: list[deque[list[Any]]] = [deque() for _ in types]
    waiting, number, period = 0, [0] * len(names), -1
    busy, free_at = [0] * len(names), [0.0] * len(names)
    area_busy, area_there = [0.0] * len(names), [0.0] * len(names)
    ends: list[tuple[float, int]] = []  # talks
    leaves: list[tuple[float, int, list[Any]]] = []
    turn = 0
    out: Counted = {"served": 0, "abandoned": 0, "abandoned_late": 0, "blocked": 0, "waits": 0.0}
    out["in_time"] = [[0] * periods for _ in types]
    closing = file.get("occupancy_until") == "closing"

    def area(now: float) -> None:
        for g in range(len(names)):
            span = now - free_at[g]
            area_busy[g] += span * busy[g]
            area_there[g] += span * max(busy[g], number[g])
            free_at[g] = now

    def serve(now: float, caller: list[Any], g: int) -> None:
        k, p, arrived, talk = caller[:4]
        busy[g] += 1
        heapq.heappush(ends, (now + talk, g))
        out["waits"] += now - arrived
        out["in_time"][k][p] += now - arrived < awt

    def feed(now: float, g: int) -> None:
        nonlocal waiting
        while busy[g] < number[g]:
            heads = []
            for k in serves[g]:
                while queues[k] and queues[k][0][4]:
                    queues[k].popleft()
                if queues[k]:
                    heads.append((queues[k][0][2], k))
            if not heads:
                return
            caller = queues[min(heads)[1]].popleft()
            caller[4] = True
            waiting -= 1
            serve(now, caller, g)

    now = 0.0
    while True:
        turns = (period + 1) * length if period < periods else INFINITE
        first = min(coming)
        at_end = ends[0][0] if ends else INFINITE
        while leaves and leaves[0][2][4]:
            heapq.heappop(leaves)
        at_leave = leaves[0][0] if leaves else INFINITE
        following = min(turns, first, at_end, at_leave)
        if following == INFINITE:
            break
        now = following
        area(now)
        if now == turns:
            period += 1
            if period == periods:
                if closing:
                    out["busy"], out["present"] = list(area_busy), list(area_there)
                coming = [INFINITE] * len(types)
                continue
            for k in range(len(types)):
                coming[k] = now + (coming[k] - now) * rate[k] / rates[k][period]
                rate[k] = rates[k][period]
            for g in range(len(names)):
                number[g] = staff[g][period]
                feed(now, g)
        elif now == first:
            k = coming.index(first)
            talk = draw("service") / mu[period]
            patience = draw("patience") / nu[period] if nu else INFINITE
            coming[k] = now + draw("arrivals", k) / rate[k]
            if file.get("trunks") and waiting + sum(busy) >= file["trunks"]:
                out["blocked"] += 1
                continue
            caller = [k, period, now, talk, False]
            idle = [g for g in to[k] if busy[g] < number[g]]
            if idle:
                serve(now, caller, idle[0])
                continue
            queues[k].append(caller)
            waiting += 1
            if nu:
                turn += 1
                heapq.heappush(leaves, (now + patience, turn, caller))
        elif now == at_end:
            g = heapq.heappop(ends)[1]
            busy[g] -= 1
            out["served"] += 1
            feed(now, g)
        else:
            caller = heapq.heappop(leaves)[2]
            caller[4] = True
            waiting -= 1
            out["abandoned"] += 1
            out["abandoned_late"] += now - caller[2] >= awt
    if not closing:
        out["busy"], out["present"] = area_busy, area_there
    return out
