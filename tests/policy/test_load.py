"""Loading the shipped town, and loading a town with many mistakes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.core.policy import decode, encode, policy_hash
from router.policy.load import load
from tests.policy.conftest import ROOT, TODAY, Town, copy_town
from tests.policy.mistakes import FALLBACK, FORMS, HOURS, NEWS, QUEUES, TOWN

FILES = sorted(
    [Path("skills.yaml")]
    + [each.relative_to(ROOT) for each in (ROOT / "config").glob("*.yaml")]
    + [each.relative_to(ROOT) for each in (ROOT / "ivr_flows").glob("*.yaml")]
)


def test_the_shipped_town_has_no_mistake_and_gives_no_warning() -> None:
    loaded = load(ROOT, today=TODAY)
    assert loaded.complaints == ()
    policy = loaded.policy
    assert policy is not None
    assert len(policy.queues) == 8
    assert len(policy.agents) == 14
    assert [each.id for each in policy.languages] == ["en", "fr"]
    assert len(policy.numbers) >= 4
    assert all(flow.safety_node in flow.nodes for flow in policy.flows.values())


def test_the_same_files_give_the_same_bytes() -> None:
    one, other = load(ROOT, today=TODAY), load(ROOT, today=date(2026, 1, 2))
    assert one.body == other.body
    assert one.hash == policy_hash(one.body)
    assert one.policy is not None
    assert encode(decode(one.body)) == one.body
    assert decode(one.body) == one.policy


def test_another_year_brings_other_holidays() -> None:
    assert load(ROOT, today=date(2027, 1, 1)).hash != load(ROOT, today=TODAY).hash


def test_every_mistake_of_every_file_is_told_at_once(town: Town) -> None:
    town.edit(QUEUES, "wrap_up_s: 60", "wrapup_s: 60")
    town.edit("skills.yaml", "bylaw: 9, ", "bylaw: 11, ")
    town.edit(HOURS, "mon-fri: 08:00-19:00", "mon-fri: 08:00-12:00, 11:30-19:00")
    town.edit("ivr_flows/main.yaml", "{queue: tax}", "{queue: taxes}")
    town.edit("ivr_flows/main.yaml", "timeout_s: 5", "time_s: 5")
    town.edit("ivr_flows/recreation.yaml", "hang up and dial 911", "call for help")
    town.edit(TOWN, "  hold:\n", "  holdd:\n")
    town.edit(FORMS, "          - streetlight\n", "          - streetlights\n")
    town.edit(FALLBACK, "chain: after_hours", "chain: afterhours")
    town.edit(NEWS, "every_s: 45", "every_s: 1")
    loaded = town.load()
    assert [(each.file, each.path) for each in loaded.complaints] == [
        (NEWS, "waiting.standard.every_s"),
        (FALLBACK, "chains.emergency_closing[1].chain"),
        (FORMS, "forms.report.fields.problem.choices_from_subjects[4]"),
        (HOURS, "hours.calling_back.weekly.mon-fri"),
        (QUEUES, "defaults.wrapup_s"),
        (TOWN, "texts"),
        (TOWN, "texts.holdd"),
        ("ivr_flows/main.yaml", "nodes.language.time_s"),
        ("ivr_flows/main.yaml", "nodes.tax.queue"),
        ("ivr_flows/recreation.yaml", "nodes.danger"),
        ("skills.yaml", "agents.farah.skills.bylaw"),
    ]
    assert (loaded.policy, loaded.body, loaded.hash) == (None, b"", "")
    assert loaded.errors == loaded.complaints


def test_a_mistake_is_told_once_and_brings_no_others_with_it(town: Town) -> None:
    town.edit("skills.yaml", "skills: {english: 7, french: 5, roads: 7}", "skills: {roads: seven}")
    assert [each.path for each in town.complaints()] == ["agents.ivan.skills.roads"]


def test_what_follows_from_a_mistake_is_not_told(town: Town) -> None:
    town.edit("skills.yaml", "{english: 7, french: 5, roads: 7}", "{english: 11, roads: 7}")
    assert [each.path for each in town.complaints()] == ["agents.ivan.skills.english"]


def test_missing_files_are_named(tmp_path: Path) -> None:
    complaints = Town(tmp_path).complaints()
    assert {each.file for each in complaints} == {
        *("skills.yaml", TOWN, HOURS, QUEUES, FALLBACK, FORMS, NEWS, "ivr_flows")
    }
    assert all("missing" in each.message or "call flow" in each.message for each in complaints)


def test_files_that_nothing_reads_are_named(town: Town) -> None:
    (town.directory / "config/hour.yaml").write_text("a: b\n")
    (town.directory / "ivr_flows/old.yml").write_text("a: b\n")
    assert [str(each) for each in town.complaints()] == [
        "config/hour.yaml:1:1: nothing reads it; did you mean 'hours.yaml'?",
        "ivr_flows/old.yml:1:1: nothing reads it; call it *.yaml",
    ]


LINES = [
    "",
    "  ",
    "x",
    "x: y",
    "  - a",
    "nodes:",
    "a: {b",
    "'",
    "- - -",
    "\t",
    ": :",
    "<<: *a",
    "?",
]
Edit = tuple[Path, str, int, str]
edits = st.lists(
    st.tuples(
        st.sampled_from(FILES),
        st.sampled_from(("delete", "insert", "swap", "indent", "cut", "replace")),
        st.integers(0, 400),
        st.one_of(st.sampled_from(LINES), st.text(max_size=12)),
    ),
    min_size=1,
    max_size=4,
)


def spoil(lines: list[str], how: str, at: int, what: str) -> None:
    at %= len(lines)
    if how == "delete":
        del lines[at]
    elif how == "insert":
        lines.insert(at, what)
    elif how == "swap":
        lines[at], lines[at - 1] = lines[at - 1], lines[at]
    elif how == "indent":
        lines[at] = "  " + lines[at]
    elif how == "cut":
        lines[at] = lines[at].partition(":")[0]
    else:
        lines[at] = lines[at].partition(":")[0] + ": " + what


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=edits)
def test_whatever_stands_in_the_files_gives_complaints_or_a_policy(
    changes: list[Edit], town: Town
) -> None:
    for file in FILES:
        (town.directory / file).write_bytes((ROOT / file).read_bytes())
    for file, how, at, what in changes:
        lines = (town.directory / file).read_text(encoding="utf-8").split("\n")
        spoil(lines, how, at, what)
        text = "\n".join(lines)
        (town.directory / file).write_bytes(text.encode("utf-8", "surrogatepass"))
    loaded = town.load()
    assert (loaded.policy is None) == bool(loaded.errors)
    for each in loaded.complaints:
        assert each.line >= 1
        assert each.col >= 1
        assert each.message
        assert "\n" not in str(each)


def test_the_copy_of_the_town_is_the_town(tmp_path: Path) -> None:
    assert copy_town(tmp_path).load().hash == load(ROOT, today=TODAY).hash
