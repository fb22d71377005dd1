"""`townline staff`: how many people the promise takes, and what to train next."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer

from router.cli_installation import our_settings, terminal
from router.cli_twin import (
    PolicyDir,
    Replications,
    Seed,
    TrafficFrom,
    demand_from,
    load_policy,
    progress,
    traffic_file,
)
from router.core.model import DAY, HOUR, SECOND, Instant

if TYPE_CHECKING:
    from router.core.policy import Policy
    from router.policy.models_traffic import TrafficFile
    from router.twin.demand import Demand
    from router.twin.figures import Figures
    from router.twin.loads import Quarter
    from router.twin.staffing import Plan

WEEKS_A_YEAR: Final = 365.25 / 7


def staff(
    policy: PolicyDir = None,
    traffic: TrafficFrom = "",
    advise: Annotated[
        bool, typer.Option("--advise", help="Say which skill to train next, and whom.")
    ] = False,
    replications: Replications = 10,
    seed: Seed = 1,
    to: Annotated[
        Path | None, typer.Option("--csv", help="Write every quarter of an hour of the week.")
    ] = None,
) -> None:
    """Say how many people each quarter of an hour takes, and how many that is in a year."""
    folder = policy or our_settings().policy_dir
    town = load_policy(folder)
    demand = demand_from(traffic, folder, town, 7)
    model = traffic_file(traffic, folder, town)
    seeds = list(range(seed, seed + replications))
    if advise:
        _advise(town, demand, seeds)
        return
    days = _planned(town, demand, seeds)
    busiest = max(days, key=lambda each: sum(each[1].needed))
    _show_day(town, demand, *busiest)
    _show_week(model, demand, days)
    if to is not None:
        _write(to, town, demand, days)


Day = tuple[list["Quarter"], "Plan"]


def _planned(town: Policy, demand: Demand, seeds: Sequence[int]) -> list[Day]:
    """Return quarters and plan of every day on which people come; equal days are planned once."""
    from router.twin.demand import within
    from router.twin.loads import quarters
    from router.twin.replications import run_all
    from router.twin.staffing import ROUNDS_MAX, plan_day

    slots = quarters(demand, town)
    dates = sorted({_local(slot.begin, town).date() for slot in slots})
    plans: dict[object, Plan] = {}
    days: list[Day] = []
    with progress(len(dates) * ROUNDS_MAX) as told:
        for date in dates:
            own = [slot for slot in slots if _local(slot.begin, town).date() == date]
            looks = tuple((_local(slot.begin, town).time(), slot.loads) for slot in own)
            if looks not in plans:
                begin = demand.begin + (own[0].begin - demand.begin) // DAY * DAY
                part = within(demand, begin, begin + DAY)

                def run(staffed: Policy, day: Demand) -> list[Figures]:
                    told()
                    return run_all([staffed], day, seeds)[0]

                plans[looks] = plan_day(town, part, own, run)
            days.append((own, plans[looks]))
    return days


def _local(instant: Instant, town: Policy) -> datetime:
    return datetime.fromtimestamp(instant // SECOND, UTC).astimezone(ZoneInfo(town.time_zone))


def _show_day(town: Policy, demand: Demand, slots: list[Quarter], plan: Plan) -> None:
    from rich.table import Table

    from router.twin.loads import apart, pooled

    date = _local(slots[0].begin, town).date()
    table = Table(
        title=f"people needed on {date:%A} {date.isoformat()}",
        caption="C: Erlang C, everybody waits. A: Erlang A, people give up. One pool: everybody can"
        " do everything. Apart: every queue and channel has its own people. Twin: people like the"
        " town's own, with its policy",
    )
    for heading in ("time", "an hour", "erlangs", "one pool, C", "one pool, A", "apart, A"):
        table.add_column(heading, justify="right")
    for heading in ("twin", "in time %", "on shift"):
        table.add_column(heading, justify="right")
    for slot, needed, level in zip(slots, plan.needed, plan.levels, strict=True):
        table.add_row(
            f"{_local(slot.begin, town):%H:%M}",
            f"{sum(load.per_hour for load in slot.loads):.0f}",
            f"{slot.erlangs:.1f}",
            str(pooled(slot, may_give_up=False)),
            str(pooled(slot, may_give_up=True)),
            str(apart(slot, may_give_up=True)),
            f"[bold]{needed}[/bold]",
            f"{100 * level:.0f}",
            str(_on_shift(demand, slot.begin)),
        )
    terminal().print(table)


def _on_shift(demand: Demand, at: Instant) -> int:
    return sum(begin <= at < end for duty in demand.duties for begin, end in duty.spans)


def _show_week(model: TrafficFile, demand: Demand, days: list[Day]) -> None:
    from router.twin.demand import hours_there
    from router.twin.loads import apart, hours_of, people_for, text_hours

    rules = model.staffing
    needed = sum(hours_of(people) for _, plan in days for people in plan.needed)
    separate = sum(hours_of(apart(slot, may_give_up=True)) for slots, _ in days for slot in slots)
    busy = sum(hours_of(1) * slot.erlangs for slots, _ in days for slot in slots)
    text = text_hours(demand)
    people = people_for(needed * WEEKS_A_YEAR, rules.hours_a_year, rules.shrinkage)
    lines = [
        f"calls and chats: {needed:.0f} hours at the desk a week"
        f" (queues apart: {separate:.0f}; on shift now: {hours_there(demand) / HOUR:.0f})",
        f"mail and forms: {text:.0f} hours a week, of {needed - busy:.0f} in which nobody calls",
        f"that is {people:.1f} full-time people: {needed:.0f} h x {WEEKS_A_YEAR:.1f} weeks /"
        f" ({rules.hours_a_year} h a year x {1 - rules.shrinkage:.2f} at the desk)",
    ]
    yearly = sum(each.volume * each.hours_each for each in model.yearly_work)
    if yearly:
        more = people_for(yearly, rules.hours_a_year)
        lines.append(
            f"yearly work: {yearly:,.0f} h / {rules.hours_a_year:,} h = {more:.2f},"
            f" {round(more)} additional people"
        )
    for line in lines:
        terminal().print(line, highlight=False)


def _write(path: Path, town: Policy, demand: Demand, days: list[Day]) -> None:
    from router.twin.loads import apart, pooled

    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        head = "at,contacts_an_hour,erlangs,pool_c,pool_a,apart_a,needed,in_time,on_shift"
        table.writerow(head.split(","))
        for slots, plan in days:
            for slot, needed, level in zip(slots, plan.needed, plan.levels, strict=True):
                table.writerow(
                    (
                        _local(slot.begin, town).isoformat(timespec="minutes"),
                        f"{sum(load.per_hour for load in slot.loads):.2f}",
                        f"{slot.erlangs:.3f}",
                        pooled(slot, may_give_up=False),
                        pooled(slot, may_give_up=True),
                        apart(slot, may_give_up=True),
                        needed,
                        f"{level:.4f}",
                        _on_shift(demand, slot.begin),
                    )
                )
    terminal().print(f"the week is written to {path}", highlight=False)


def _advise(town: Policy, demand: Demand, seeds: Sequence[int]) -> None:
    from rich.table import Table

    from router.twin.advice import FINALISTS, PEOPLE_TRIED, QUEUES_TRIED
    from router.twin.advice import advise as ask
    from router.twin.replications import run_all
    from router.twin.screen import percent

    total = len(seeds) * (1 + FINALISTS) + QUEUES_TRIED * PEOPLE_TRIED * max(2, len(seeds) // 4)
    with progress(total) as told:
        found = ask(town, seeds, lambda policies, some: run_all(policies, demand, some, told))
    table = Table(
        title="which skill to train next",
        caption="points of calls and chats answered in time; ±: 95 % interval of each for itself",
    )
    for heading in ("who", "learns", "level", "all queues", "its queue"):
        table.add_column(heading)
    for each in found:
        training = each.training
        queue = f"{training.queue} {percent(each.in_queue)}"
        gain = percent(each.gain)
        shown = f"[bold]{gain}[/bold]" if each.gain.is_apart and each.gain.mean > 0 else gain
        table.add_row(training.agent, training.skill, str(training.level), shown, queue)
    terminal().print(table)
    if not any(each.gain.is_apart and each.gain.mean > 0 for each in found):
        terminal().print("no single training buys anything that can be told from chance")
