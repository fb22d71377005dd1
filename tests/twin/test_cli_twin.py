"""`townline simulate` and `townline staff`, as people type them."""

from __future__ import annotations

import asyncio
import csv
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router import cli, cli_staff, cli_twin
from router.core import commands as c
from router.core.model import MINUTE, AgentId, ItemId
from router.core.policy import encode, policy_hash
from router.core.upcast import encode_events
from router.errors import PolicyError
from router.ports import Batch, StoredPolicy
from router.runtime.journal_sqlite import SqliteJournal
from tests.core.town import Desk
from tests.policy.conftest import ROOT, Town, copy_town

SMALL = """
contacts:
  calls:
    queue: general
    channel: voice
    a_day: {mon-fri: 150}
    handling: {mean_s: 200, spread: exponential}
    patience: {mean_s: 300, spread: exponential}
  mails:
    queue: general
    channel: mail
    a_day: {daily: 10}
    handling: {mean_s: 300}
shifts:
  - {agents: [amara, benoit, chitra], days: mon-fri, work: 08:00-18:00}
yearly_work:
  - {name: Licences, volume: 9219.06, hours_each: 1}
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A copy of the shipped town with little traffic, and nothing in its journal."""
    folder = tmp_path / "town"
    folder.mkdir()
    town = copy_town(folder)
    (folder / "config/traffic.yaml").write_text(SMALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOWNLINE_POLICY_DIR", str(folder))
    monkeypatch.setenv("TOWNLINE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "200")
    return town


def typed(*words: str) -> Result:
    return CliRunner().invoke(cli.app, list(words))


def test_a_day_is_simulated_and_written(small: Town) -> None:
    done = typed(
        "simulate", "--days", "1", "--replications", "2", "--csv", "out.csv", "--chart", "out.svg"
    )
    assert done.exit_code == 0, done.output
    assert "general" in done.output
    assert "occupancy" in done.output
    assert "answered in time / offered" in done.output
    with Path("out.csv").open() as stream:
        table = list(csv.DictReader(stream))
    day = next(
        e for e in table if (e["queue"], e["channel"], e["time"]) == ("general", "voice", "")
    )
    assert 110 < float(day["offered"]) < 190
    assert Path("out.svg").read_text().startswith("<svg")
    again = typed("simulate", "--days", "1", "--replications", "2", "--csv", "again.csv")
    assert again.exit_code == 0
    assert Path("again.csv").read_text() == Path("out.csv").read_text()


def test_figures_are_whole_in_a_terminal_of_80_columns(
    small: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    busy = SMALL.replace("queue: general", "queue: recreation")
    busy = busy.replace("mon-fri: 150", "mon-fri: 1500")
    (small.directory / "config/traffic.yaml").write_text(busy)
    done = typed("simulate", "--days", "5", "--replications", "2")
    assert done.exit_code == 0, done.output
    assert "…" not in done.output
    table = done.output.partition("─")[2].partition("in time:")[0]
    words = table.split()
    assert {"recreation", "voice", "mail", "all"} <= set(words)
    assert [word for word in words if re.fullmatch(r"7[345]\d\d\.\d", word)], table
    numbers = [word for word in words if "±" in word]
    assert all(re.fullmatch(r"±\d+(\.\d)?", number) for number in numbers), numbers


def test_two_policies_meet_the_same_contacts(small: Town, tmp_path: Path) -> None:
    other = copy_town(tmp_path)
    (tmp_path / "config/traffic.yaml").unlink()
    text = (tmp_path / "skills.yaml").read_text()
    (tmp_path / "skills.yaml").write_text(text.replace("general: 9, tax: 6", "tax: 6"))
    done = typed(
        "simulate", "--days", "1", "--replications", "2", "--compare",
        str(small.directory), str(other.directory),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "bold: 0 lies outside the interval" in done.output
    same = typed("simulate", "--days", "1", "--replications", "2", "--compare-order", "balanced")
    assert same.exit_code == 0
    assert same.output.count("0.0 ±0.0") > 10, same.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["simulate", "--chart", "day.png"], "a chart is SVG"),
        (["simulate", "--compare", "a", "b", "--compare-order", "arrival"], "stands alone"),
        (["simulate", "--policy", "nowhere"], "nowhere is no folder"),
        (["simulate", "--traffic", "last week"], "or `history`"),
        (["simulate", "--traffic", "none.csv"], "none.csv"),
        (["staff", "--replications", "0"], "Invalid value for"),
    ],
)
def test_what_cannot_be_done_is_told(small: Town, words: list[str], says: str) -> None:
    done = typed(*words)
    assert done.exit_code == 2
    assert says in " ".join(done.output.replace("│", " ").split())


def test_a_mistake_in_the_model_is_told_with_its_place(small: Town) -> None:
    (small.directory / "config/traffic.yaml").write_text(SMALL.replace("general", "generl", 1))
    with pytest.raises(PolicyError, match=r"config/traffic\.yaml:4:12 contacts\.calls\.queue"):
        cli_twin.load_model(
            small.directory, "config/traffic.yaml", cli_twin.load_policy(small.directory)
        )
    small.edit("config/queues.yaml", "requires: tax >= 6", "requires: taxes >= 6")
    with pytest.raises(PolicyError, match="taxes"):
        cli_twin.load_policy(small.directory)


def test_people_needed_are_told_and_written(small: Town) -> None:
    done = typed("staff", "--replications", "2", "--csv", "week.csv")
    assert done.exit_code == 0, done.output
    assert "people needed on" in done.output
    assert "9,219 h / 1,750 h = 5.27, 5 additional people" in done.output
    with Path("week.csv").open() as stream:
        table = list(csv.DictReader(stream))
    assert len(table) == 5 * 40
    assert all(int(e["needed"]) >= int(e["pool_a"]) >= 1 for e in table)
    assert all(float(e["in_time"]) >= 0.7 for e in table)
    assert {e["on_shift"] for e in table} == {"3"}
    assert pytest.approx(52.18, abs=0.01) == cli_staff.WEEKS_A_YEAR


def test_a_training_is_advised(small: Town) -> None:
    done = typed("staff", "--advise", "--replications", "2")
    assert done.exit_code == 0, done.output
    assert "which skill to train next" in done.output


def journal_of(desk: Desk, path: Path) -> None:
    """Write the desk's story where the daemon would have."""

    async def write() -> None:
        journal = await SqliteJournal.open(path)
        body = encode(desk.policy)
        batch = Batch(
            "b1",
            desk.now,
            len(desk.story),
            encode_events(desk.story),
            (),
            (StoredPolicy(policy_hash(body), body),),
        )
        await journal.append(0, batch)
        await journal.close()

    asyncio.run(write())


def test_what_the_journal_has_seen_is_replayed_and_made_a_model_of(small: Town) -> None:
    policy = cli_twin.load_policy(small.directory)
    desk = Desk(policy)
    desk.sign_in("amara")
    for item in ("ONE", "TWO"):
        desk.call(item, "1", "0", caller=item)
        desk.answer("amara")
        desk.keep_alive(2 * MINUTE)
        desk.do(c.FinishHandling(item_id=ItemId(item), agent_id=AgentId("amara")))
        desk.do(c.CloseItem(item_id=ItemId(item), agent_id=AgentId("amara"), code="answered"))
    Path("var").mkdir()
    journal_of(desk, Path("var/journal.sqlite"))
    done = typed("simulate", "--from-journal", "--compare-order", "arrival")
    assert done.exit_code == 0, done.output
    assert "as it was" in done.output
    assert "arrival less" in done.output
    fitted = typed("simulate", "--traffic", "history", "--days", "1", "--replications", "2")
    assert fitted.exit_code == 0, fitted.output


def test_an_empty_journal_is_told(small: Town) -> None:
    Path("var").mkdir()
    asyncio.run(_empty(Path("var/journal.sqlite")))
    done = typed("simulate", "--from-journal")
    assert (done.exit_code, "knows nobody in line" in done.output) == (2, True)
    fitted = typed("simulate", "--traffic", "history")
    assert (fitted.exit_code, "nothing has come yet" in fitted.output) == (2, True)


async def _empty(path: Path) -> None:
    await (await SqliteJournal.open(path)).close()


def test_the_shipped_model_is_right() -> None:
    policy = cli_twin.load_policy(ROOT)
    assert len(cli_twin.load_model(ROOT, "config/traffic.yaml", policy).contacts) > 5
