"""What is reported is what was counted, and what anybody computes again from the open log."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import events as e
from router.core.formulas import CURRENT, ENDINGS, figure
from router.core.hours import Range
from router.core.model import DAY, HOUR, MINUTE, SECOND
from router.core.policy import encode
from router.core.upcast import encode_events
from router.errors import UnknownTarget
from router.ports import Batch, StoredPolicy
from router.runtime.clock import VirtualClock
from router.runtime.entry_export import COLUMNS, csv_writer, fact_of, jsonl_writer
from router.runtime.entry_reader import each_entry, entries_between, past_policies
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.report_choices import ALL, OWN, By
from router.runtime.service_report import report, write_csv
from scripts.recompute_service_level import FORMULAS as RECOMPUTED
from scripts.recompute_service_level import figures, rows_of
from tests.core.entry_traffic import Traffic, busy_town
from tests.core.town import OPEN, Desk

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "scripts" / "recompute_service_level.py"
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
Figures = dict[tuple[str, ...], tuple[int, int]]


def journal_of(desk: Desk) -> MemoryJournal:
    """Return a journal that holds the desk's story."""
    return MemoryJournal(store_of(desk), VirtualClock(0))


def store_of(desk: Desk) -> MemoryStore:
    """Return what a disk would hold of the desk's story, a batch for each event."""
    store = MemoryStore()
    for number, event in enumerate(desk.story):
        policies: tuple[StoredPolicy, ...] = ()
        if isinstance(event, e.PolicyAdopted):
            body = encode(desk.state.policies[event.policy])
            policies = (StoredPolicy(body=body, hash=event.policy),)
        store.add(Batch(f"b{number}", event.at, 1, encode_events([event]), (), policies))
    return store


async def exported(desk: Desk, path: Path) -> None:
    journal = journal_of(desk)
    zone = (await past_policies(journal)).zone
    with path.open("w", encoding="utf-8", newline="") as file:
        put = (jsonl_writer if path.suffix == ".jsonl" else csv_writer)(file)
        await each_entry(journal, lambda entry: put(fact_of(entry, zone)))


async def reported(desk: Desk, day: date, by: By, formula: str = ALL) -> Figures:
    done = await report(journal_of(desk), day, by, formula, desk.now)
    return {
        (x.day, x.queue, x.channel, x.interval, x.formula.partition("/")[0]): (x.met, x.looked_at)
        for x in done.lines
    }


def recomputed(path: Path) -> Figures:
    return {tuple(row[:5]): row[5:] for row in figures(rows_of(str(path)))}


def of_the_core(desk: Desk) -> Iterator[tuple[tuple[str, str, str], tuple[int, int]]]:
    """Yield (queue, channel, formula) and figure from the tallies of today."""
    for queue, channel in {key[:2] for key in desk.state.tallies}:
        mine = [row for key, row in desk.state.tallies.items() if key[:2] == (queue, channel)]
        counts: dict[str, int] = {}
        for row in mine:
            for result, count in row.counts:
                counts[result] = counts.get(result, 0) + count
        for name, formula in CURRENT.items():
            yield (queue, channel.value, name), tuple(figure(formula, counts))  # type: ignore[misc]


# --- an independent reader -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
async def test_the_core_the_report_and_a_script_that_knows_neither_agree(
    seed: int, tmp_path: Path
) -> None:
    traffic = Traffic(seed)
    traffic.go_on(900)
    desk, path = traffic.desk, tmp_path / "entries.csv"
    await exported(desk, path)
    again = recomputed(path)
    assert len(again) > 300
    ours = {
        **await reported(desk, MONDAY, By.QUEUE),
        **await reported(desk, MONDAY, By.INTERVAL),
    }
    assert desk.now < OPEN + 14 * HOUR
    nothing = {key for key in again if key not in ours}
    assert all(again[key] == (0, 0) for key in nothing)
    assert {key: again[key] for key in ours} == ours
    days = {(q, ch, f): again["2026-11-23", q, ch, "", f] for q, ch, f in dict(of_the_core(desk))}
    assert days == dict(of_the_core(desk))


async def test_three_days_agree_as_well(tmp_path: Path) -> None:
    traffic = Traffic(20)
    for _ in range(3):
        traffic.go_on(300)
        traffic.desk.wait(DAY - (traffic.desk.now - OPEN) % DAY)
        traffic.desk.sign_in("amina", "chloe")
    path = tmp_path / "entries.csv"
    await exported(traffic.desk, path)
    again = recomputed(path)
    days = {key[0] for key in again}
    assert days == {"2026-11-23", "2026-11-24", "2026-11-25"}
    for day in days:
        for key, counts in (
            await reported(traffic.desk, date.fromisoformat(day), By.INTERVAL)
        ).items():
            assert again[key] == counts


async def test_the_traffic_ends_in_every_way(tmp_path: Path) -> None:
    found: set[str] = set()
    for seed in range(6):
        traffic = Traffic(seed)
        traffic.go_on(900)
        found |= {x.result for x in traffic.desk.story if isinstance(x, e.ServiceLevelCounted)}
    assert {each.removesuffix("-late") for each in found} >= set(ENDINGS) - {"error"}


async def test_both_kinds_of_file_hold_the_same(tmp_path: Path) -> None:
    traffic = Traffic(7)
    traffic.go_on(300)
    for name in ("a.csv", "a.jsonl"):
        await exported(traffic.desk, tmp_path / name)
    assert recomputed(tmp_path / "a.csv") == recomputed(tmp_path / "a.jsonl")
    first = json.loads((tmp_path / "a.jsonl").read_text().splitlines()[0])
    assert tuple(first) == COLUMNS


def test_the_script_runs_alone(tmp_path: Path) -> None:
    traffic = Traffic(8)
    traffic.go_on(200)
    asyncio.run(exported(traffic.desk, tmp_path / "a.csv"))
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(tmp_path / "a.csv")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert {row["formula"] for row in rows} == set(CURRENT)
    assert "router" not in SCRIPT.read_text().replace("townline", "")


def test_the_script_knows_the_same_formulas() -> None:
    assert list(RECOMPUTED) == list(CURRENT)


async def test_no_resident_is_in_the_log(tmp_path: Path) -> None:
    traffic = Traffic(9)
    traffic.go_on(200)
    await exported(traffic.desk, tmp_path / "a.jsonl")
    text = (tmp_path / "a.jsonl").read_text()
    assert "w_" not in text
    assert "+1905" not in text


async def test_once_all_have_gone_every_entry_has_an_ending() -> None:
    traffic = Traffic(10)
    traffic.go_on(400)
    traffic.send_home()
    entries = await entries_between(journal_of(traffic.desk), 0, 1 << 62)
    begun = [
        x for x in traffic.desk.story if isinstance(x, e.ItemQueued) and x.entered_at is not None
    ]
    live = [x for x in begun if x.threshold_at is not None]
    assert len(entries) == len(live)
    assert not [each for each in entries if each.outcome == "waiting"]


# --- a day that is over --------------------------------------------------------------------------


def hung_up(desk: Desk, name: str, after_s: int) -> None:
    item = desk.call(name, "1", "2", caller=name)
    desk.wait(after_s * SECOND)
    desk.do(c.EndCall(item_id=item, call_id=f"CA{name}", reason="completed"))


async def own(desk: Desk, day: date) -> tuple[str, int, int]:
    (line,) = (await report(journal_of(desk), day, By.QUEUE, OWN, desk.now)).lines
    return line.formula, line.met, line.looked_at


async def test_another_formula_judges_the_whole_day_on_which_it_came_and_none_before() -> None:
    desk = Desk(busy_town())
    hung_up(desk, "a1", 10)
    assert await own(desk, MONDAY) == ("townline/1", 0, 1)
    desk.wait(DAY)
    hung_up(desk, "b1", 10)
    desk.adopt(busy_town(formula="uccx-positive-abandon/1"))  # at noon, as it were
    hung_up(desk, "b2", 40)
    assert await own(desk, MONDAY) == ("townline/1", 0, 1)
    assert await own(desk, TUESDAY) == ("uccx-positive-abandon/1", 1, 2)
    desk.wait(DAY)
    desk.adopt(busy_town(formula="asterisk-sl2/1"))
    assert await own(desk, MONDAY) == ("townline/1", 0, 1)
    assert await own(desk, TUESDAY) == ("uccx-positive-abandon/1", 1, 2)


async def test_another_promise_holds_for_those_who_come_from_then_on() -> None:
    desk = Desk(busy_town(calls_s=30, formula="uccx-positive-abandon/1"))
    hung_up(desk, "a1", 20)
    item = desk.call("a2", "1", "2", caller="a2")
    desk.adopt(busy_town(calls_s=15, formula="uccx-positive-abandon/1"))
    desk.wait(20 * SECOND)
    desk.do(c.EndCall(item_id=item, call_id="CAa2", reason="completed"))
    hung_up(desk, "a3", 20)
    assert await own(desk, MONDAY) == ("uccx-positive-abandon/1", 2, 3)


async def test_the_figures_of_a_queue_that_is_gone_stay() -> None:
    desk = Desk(busy_town())
    hung_up(desk, "a1", 10)
    town = busy_town()
    left = {name: queue for name, queue in town.queues.items() if name != "general"}
    desk.adopt(replace(town, queues=left))
    assert await own(desk, MONDAY) == ("townline/1", 0, 1)


async def test_who_waits_over_midnight_counts_on_the_day_of_coming() -> None:
    town = busy_town()
    always = replace(town.hours["office"], weekly=((Range(0, 1440),),) * 7)
    roads = replace(town.queues["roads"], fates={})  # type: ignore[index]
    policy = replace(town, hours={"office": always}, queues={"roads": roads})
    desk = Desk(policy, now=OPEN + 14 * HOUR - 10 * SECOND)
    item = desk.call("a1", "1", "1")
    desk.wait(3 * MINUTE)
    desk.do(c.EndCall(item_id=item, call_id="CAa1", reason="completed"))
    assert await own(desk, MONDAY) == ("townline/1", 0, 1)
    assert (await report(journal_of(desk), TUESDAY, By.QUEUE, ALL, desk.now)).lines == ()


# --- rows ----------------------------------------------------------------------------------------


async def test_channels_are_added_up_over_queues_each_by_its_own_formula() -> None:
    traffic = Traffic(3)
    traffic.go_on(500)
    queues = await reported(traffic.desk, MONDAY, By.QUEUE, OWN)
    channels = await reported(traffic.desk, MONDAY, By.CHANNEL, OWN)
    for channel, formula in (("voice", "townline"), ("chat", "amazon-connect")):
        parts = [figure for key, figure in queues.items() if key[2] == channel]
        assert len(parts) == 2
        total = (sum(x for x, _ in parts), sum(y for _, y in parts))
        assert channels["2026-11-23", "", channel, "", formula] == total


async def test_a_csv_file_has_a_row_for_every_line_with_its_definition() -> None:
    traffic = Traffic(4)
    traffic.go_on(300)
    done = await report(journal_of(traffic.desk), None, By.INTERVAL, ALL, traffic.desk.now)
    assert done.day == MONDAY
    assert not done.is_over
    file = io.StringIO()
    write_csv(done.lines, file)
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert len(rows) == len(done.lines)
    assert {row["definition"] for row in rows} == {each.definition for each in CURRENT.values()}
    assert all((row["level"] == "") == (row["looked_at"] == "0") for row in rows)


async def test_where_practice_runs_ahead_of_the_clock_today_is_the_journals() -> None:
    desk = Desk(busy_town())
    hung_up(desk, "a1", 10)
    assert (await report(journal_of(desk), None, By.QUEUE, OWN, OPEN - 9 * DAY)).day == MONDAY
    later = await report(journal_of(desk), None, By.QUEUE, OWN, OPEN + DAY)
    assert (later.day, later.lines) == (TUESDAY, ())


async def test_an_unknown_formula_and_an_empty_journal_are_said_to_be_so() -> None:
    journal = MemoryJournal(MemoryStore(), VirtualClock(0))
    with pytest.raises(UnknownTarget, match="no formula 'uccx'; formulas are all, townline"):
        await report(journal, MONDAY, By.QUEUE, "uccx", OPEN)
    with pytest.raises(UnknownTarget, match="the journal is empty"):
        await report(journal, MONDAY, By.QUEUE, OWN, OPEN)
