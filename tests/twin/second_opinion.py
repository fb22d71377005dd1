"""A simulator of its own, as small as can be: counts of agents instead of agents, no engine.

It knows nothing of the core, of policies or of the line; it reads the numbers of a centre's file
and steps in floating minutes. The published thousand-day figures come out of it to the digit
(`test_published.py`), so that what it says of fewer days can be believed.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterator
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


class Numbers:
    """What a file says, every list by period."""

    def __init__(self, file: dict[str, Any]) -> None:
        names = list(file["groups"])
        self.periods = file.get("periods", 1)
        self.length, self.awt = file["period_min"], file["in_time_s"] / 60
        self.types = list(file["types"].values())
        self.to = [[names.index(g) for g in listed(t["groups"], 1)] for t in self.types]
        self.later = [
            [
                (each["after_s"] / 60, [names.index(g) for g in listed(each["groups"], 1)])
                for each in t.get("later", [])
            ]
            for t in self.types
        ]
        kinds_of = list(file["types"])
        self.own = [
            [kinds_of.index(k) for k in listed(g.get("own_types", []), 1)]
            for g in file["groups"].values()
        ]
        self.staff = [listed(g["agents"], self.periods) for g in file["groups"].values()]
        self.rates = [listed(t["arrivals_per_min"], self.periods) for t in self.types]
        self.mu = listed(file["service_per_min"], self.periods)
        self.nu = listed(file.get("patience_per_min", 0), self.periods)
        self.shape = file.get("busyness_shape")
        self.wait_max = file.get("wait_max_s", INFINITE) / 60
        self.cleared = file.get("line_cleared", "never")
        self.trunks = file.get("trunks", INFINITE)
        self.closing = file.get("occupancy_until") == "closing"


def one_day(file: dict[str, Any], drawn: dict[str, Any]) -> Counted:
    day = _Day(Numbers(file), drawn)
    while day.step():
        pass
    if "busy" not in day.out:
        day.close()
    return day.out


class _Day:
    """One day; a caller is [type, period, arrived, talk, has gone or is served]."""

    def __init__(self, given: Numbers, drawn: dict[str, Any]) -> None:
        self.given, self.drawn = given, drawn
        kinds, groups = len(given.types), len(given.staff)
        shape = given.shape
        self.busyness = below_which(shape, drawn["busyness"][0]()) / shape if shape else 1.0
        self.coming, self.rate = [INFINITE] * kinds, [0.0] * kinds
        self.queues: list[deque[list[Any]]] = [deque() for _ in range(kinds)]
        self.waiting, self.number, self.period = 0, [0] * groups, -1
        self.busy = [0] * groups
        self.area_busy, self.area_there = [0.0] * groups, [0.0] * groups
        self.now = 0.0
        self.ends: list[tuple[float, int]] = []  # talks
        self.leaves: list[tuple[float, int, list[Any]]] = []
        self.widens: list[tuple[float, int, list[Any], list[int]]] = []
        self.turn = 0
        gone = ("abandoned", "abandoned_late", "blocked", "let_go", "cleared")
        self.out: Counted = dict.fromkeys(("served", *gone), 0)
        self.out["waits"] = 0.0
        self.out["in_time"] = [[0] * given.periods for _ in range(kinds)]

    def draw(self, name: str, index: int = 0) -> float:
        return -math.log1p(-self.drawn[name][index]())

    def step(self) -> bool:
        """Do what comes next; False when nothing does."""
        given = self.given
        turns = (self.period + 1) * given.length if self.period < given.periods else INFINITE
        at_end = self.ends[0][0] if self.ends else INFINITE
        while self.leaves and self.leaves[0][2][4]:
            heapq.heappop(self.leaves)
        at_leave = self.leaves[0][0] if self.leaves else INFINITE
        while self.widens and self.widens[0][2][4]:
            heapq.heappop(self.widens)
        at_widen = self.widens[0][0] if self.widens else INFINITE
        comes = min(self.coming)
        following = min(turns, comes, at_end, at_leave, at_widen)
        if following == INFINITE:
            return False
        self.pass_time(following)
        if following == turns:
            self.turn_period()
        elif following == comes:
            self.arrive(self.coming.index(comes))
        elif following == at_widen:
            _, _, caller, groups = heapq.heappop(self.widens)
            self.try_groups(caller, groups)
        elif following == at_end:
            group = heapq.heappop(self.ends)[1]
            self.busy[group] -= 1
            self.out["served"] += 1
            self.feed(group)
        else:
            self.give_up(heapq.heappop(self.leaves)[2])
        return True

    def pass_time(self, until: float) -> None:
        for g, busy in enumerate(self.busy):
            self.area_busy[g] += (until - self.now) * busy
            self.area_there[g] += (until - self.now) * max(busy, self.number[g])
        self.now = until

    def close(self) -> None:
        self.out["busy"], self.out["present"] = list(self.area_busy), list(self.area_there)

    def turn_period(self) -> None:
        given = self.given
        self.period += 1
        if self.period == given.periods:
            if given.closing:
                self.close()
            self.coming = [INFINITE] * len(given.types)
            if given.cleared != "never":
                self.clear(lambda k: True)
            return
        for k, rates in enumerate(given.rates):
            new = rates[self.period] * self.busyness
            if not new:
                self.coming[k] = INFINITE
            elif self.rate[k]:
                self.coming[k] = self.now + (self.coming[k] - self.now) * self.rate[k] / new
            else:
                self.coming[k] = self.now + self.draw("arrivals", k) / new
            self.rate[k] = new
        for g, staff in enumerate(given.staff):
            self.number[g] = staff[self.period]
            self.feed(g)
        if given.cleared == "unstaffed":
            self.clear(lambda k: not any(self.number[g] for g in given.to[k]))

    def clear(self, whom: Callable[[int], bool]) -> None:
        for k, queue in enumerate(self.queues):
            for caller in queue:
                if whom(k) and not caller[4]:
                    caller[4] = True
                    self.waiting -= 1
                    self.out["cleared"] += 1

    def arrive(self, k: int) -> None:
        given, period = self.given, self.period
        talk = self.draw("service") / given.mu[period]
        patience = self.draw("patience") / given.nu[period] if given.nu[period] else INFINITE
        self.coming[k] = self.now + self.draw("arrivals", k) / self.rate[k]
        if self.waiting + sum(self.busy) >= given.trunks:
            self.out["blocked"] += 1
            return
        caller = [k, period, self.now, talk, False]
        if self.try_groups(caller, given.to[k]):
            return
        self.queues[k].append(caller)
        self.waiting += 1
        self.turn += 1
        leaves = self.now + min(patience, given.wait_max)
        heapq.heappush(self.leaves, (leaves, self.turn, caller))
        for after, groups in given.later[k]:
            self.turn += 1
            heapq.heappush(self.widens, (self.now + after, self.turn, caller, groups))

    def try_groups(self, caller: list[Any], groups: list[int]) -> bool:
        free = [g for g in groups if self.busy[g] < self.number[g]]
        if free:
            if caller in self.queues[caller[0]]:
                self.queues[caller[0]].remove(caller)
                self.waiting -= 1
            self.serve(caller, free[0])
        return bool(free)

    def may_go_to(self, caller: list[Any], g: int) -> bool:
        groups = self.given.to[caller[0]]
        for after, others in self.given.later[caller[0]]:
            if self.now >= caller[2] + after:
                groups = others
        return g in groups

    def serve(self, caller: list[Any], g: int) -> None:
        k, period, arrived, talk, _ = caller
        caller[4] = True
        self.busy[g] += 1
        heapq.heappush(self.ends, (self.now + talk, g))
        self.out["waits"] += self.now - arrived
        self.out["in_time"][k][period] += self.now - arrived < self.given.awt

    def feed(self, g: int) -> None:
        while self.busy[g] < self.number[g]:
            heads = []
            own = self.given.own[g]
            for k, queue in enumerate(self.queues):
                while queue and queue[0][4]:
                    queue.popleft()
                if queue and self.may_go_to(queue[0], g):
                    heads.append((own.index(k) if k in own else len(own), queue[0][2], k))
            if not heads:
                return
            self.waiting -= 1
            self.serve(self.queues[min(heads)[2]].popleft(), g)

    def give_up(self, caller: list[Any]) -> None:
        caller[4] = True
        self.waiting -= 1
        if self.now - caller[2] >= self.given.wait_max:
            self.out["let_go"] += 1
            return
        self.out["abandoned"] += 1
        self.out["abandoned_late"] += self.now - caller[2] >= self.given.awt
