"""`townline report` and `townline export`, on a journal in a file."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from router import cli
from router.core import commands as c
from router.core import events as e
from router.core.model import SECOND, AgentId
from router.core.policy import encode
from router.core.upcast import encode_events
from router.errors import StorageFailed
from router.ports import Batch, StoredPolicy
from router.runtime.journal_sqlite import SqliteJournal
from tests.core.entry_traffic import busy_town
from tests.core.town import Desk


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOWNLINE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "var"


def a_morning(data: Path) -> None:
    """Amina answers and serves one of three callers; the others give up, at once and late."""
    desk = Desk(busy_town())
    desk.sign_in("amina")
    served = desk.call("a1", "1", "2", caller="a")
    desk.answer("amina")
    for name, after in (("b1", 2), ("c1", 40)):
        item = desk.call(name, "1", "2", caller=name)
        desk.keep_alive(after * SECOND)
        desk.do(c.EndCall(item_id=item, call_id=f"CA{name}", reason="completed"))
    desk.do(c.CloseItem(item_id=served, agent_id=AgentId("amina"), code="answered"))

    put(desk, data)


def put(desk: Desk, data: Path) -> None:
    """Store what the desk has seen in a journal of the folder."""

    async def store() -> None:
        journal = await SqliteJournal.open(data / "journal.sqlite")
        for number, event in enumerate(desk.story):
            policies: tuple[StoredPolicy, ...] = ()
            if isinstance(event, e.PolicyAdopted):
                body = encode(desk.state.policies[event.policy])
                policies = (StoredPolicy(body=body, hash=event.policy),)
            batch = Batch(f"b{number}", event.at, 1, encode_events([event]), (), policies)
            await journal.append(number, batch)
        await journal.close()

    asyncio.run(store())


def told(*words: str) -> str:
    result = CliRunner().invoke(cli.app, words)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_day_is_told_with_the_definition_of_its_figure(data: Path) -> None:
    a_morning(data)
    text = told("report", "service-level", "--day", "2026-11-23")
    row = next(line for line in text.splitlines() if "general" in line)
    became = "3: 1 in time, 1 gave up at once, 1 gave up"
    assert row.split() == f"general voice 50.0% 70% in 30 s townline/1 1/2 {became}".split()
    assert "townline/1: answered in time / offered; who gave up at once is not offered" in text


def test_who_waits_still_beyond_the_promise_is_told(data: Path) -> None:
    desk = Desk(busy_town())
    desk.sign_in("amina")
    desk.call("a1", "1", "2", caller="a")
    desk.answer("amina")
    desk.call("b1", "1", "2", caller="b")
    desk.keep_alive(40 * SECOND)
    put(desk, data)
    text = told("report", "service-level", "--day", "2026-11-23")
    row = next(line for line in text.splitlines() if "general" in line)
    assert row.rstrip().endswith("2: 1 in time, 1 still waiting, overdue"), row


def test_all_formulas_go_into_a_file(data: Path) -> None:
    a_morning(data)
    path = data / "levels.csv"
    words = ("--formula", "all", "--by", "interval", "--csv", str(path))
    assert "17 rows written" in told("report", "service-level", "--day", "2026-11-23", *words)
    rows = {row["formula"]: row for row in csv.DictReader(io.StringIO(path.read_text()))}
    assert (rows["uccx-positive-abandon/1"]["met"], rows["genesys/1"]["looked_at"]) == ("2", "3")
    assert {row["interval"] for row in rows.values()} == {"10:00-0500"}


def test_one_formula_is_asked_for_by_name(data: Path) -> None:
    a_morning(data)
    words = ("--formula", "asterisk-sl", "--by", "channel")
    text = told("report", "service-level", "--day", "2026-11-23", *words)
    assert "100.0%" in text
    assert "asterisk-sl/1: answered in time / answered" in text


def test_the_same_day_is_judged_as_another_town_would(data: Path) -> None:
    a_morning(data)
    path = data / "levels.csv"
    words = ("--within", "120", "--by", "channel", "--csv", str(path))
    told("report", "service-level", "--day", "2026-11-23", *words)
    (row,) = csv.DictReader(io.StringIO(path.read_text()))
    assert (row["met"], row["looked_at"], row["abandoned_late"]) == ("1", "2", "0")
    assert (row["answer_within_s"], row["target_share"], row["abandoned_share"]) == (
        "120",
        "",
        "0.5",
    )


def test_a_day_without_calls_is_said_to_be_so(data: Path) -> None:
    a_morning(data)
    assert "nothing was counted on 2026-11-20" in told(
        "report", "service-level", "--day", "2026-11-20"
    )


def test_the_open_log_is_written_either_way(data: Path) -> None:
    a_morning(data)
    for kind, lines in (("csv", 4), ("jsonl", 3)):
        path = data / f"entries.{kind}"
        assert "3 entries written" in told("export", "events", f"--{kind}", str(path))
        assert len(path.read_text().splitlines()) == lines


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("report", "service-level", "--day", "yesterday"), "2026-11-18"),
        (("export", "events"), "--csv FILE or --jsonl FILE"),
        (("export", "events", "--csv", "a", "--jsonl", "b"), "--csv FILE or --jsonl FILE"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_remedy(
    data: Path, words: tuple[str, ...], says: str
) -> None:
    result = CliRunner().invoke(cli.app, words)
    assert result.exit_code == 2
    assert says in result.output


def test_without_a_journal_nothing_is_told(data: Path) -> None:
    result = CliRunner().invoke(cli.app, ("report", "service-level"))
    assert isinstance(result.exception, StorageFailed)
