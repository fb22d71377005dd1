"""Centres from files: what is wrong is said where it stands, and days go as the file says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from router.core.model import MINUTE, SECOND
from router.errors import PolicyError
from router.policy.models_centre import CentreFile, GroupShape, LaterShape, TypeShape
from router.twin.centre import Centre, centre_of, load_centre
from router.twin.centre_report import lines, ratio, report, tally
from router.twin.centre_run import Day, run_days

ROOT: Final = Path(__file__).parents[2]
FILE: Final = """\
name: Two groups
days: 2
periods: 2
period_min: 30
in_time_s: 20
types:
  roads: {groups: [first, second], arrivals_per_min: [2, 0]}
  tax: {groups: second, arrivals_per_min: 1, head_start_s: 30}
groups:
  first: {agents: [4, 1]}
  second: {agents: 3}
service_per_min: 0.5
patience_per_min: [1, 2]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "centre.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def made(**changes: Any) -> Centre:
    file = {
        "name": "small",
        "days": 1,
        "period_min": 60,
        "in_time_s": 20,
        "types": {"calls": {"groups": ["all"], "arrivals_per_min": [2]}},
        "groups": {"all": {"agents": [5]}},
        "service_per_min": [0.5],
    }
    return centre_of(CentreFile.model_validate({**file, **changes}))


def test_a_file_becomes_a_policy_that_prefers_groups_by_level(tmp_path: Path) -> None:
    centre = load_centre(written(tmp_path, FILE))
    skills = {agent.team: agent.skills for agent in centre.policy.agents.values()}
    assert skills == {"first": {"type_0_0": 10}, "second": {"type_0_0": 9, "type_1_0": 10}}
    assert len(centre.policy.agents) == 7
    assert centre.policy.queues[centre.kinds[1].queue].head_start == 30 * SECOND
    assert centre.kinds[1].per_min == (1.0, 1.0)
    assert centre.groups[0].at_work == (4, 1)
    assert centre.kinds[0].patience_per_min == (1.0, 2.0)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[4, 1]", "[4, 1, 2]", "groups.first.agents: 3 values for 2 periods; write one or 2"),
        ("groups: second", "groups: secnd", "did you mean 'second'?"),
        ("[4, 1]}", "[4, 1], own_types: [sml]}", "groups.first.own_types[0]: no type is called"),
        ("service_per_min: 0.5", "service_per_min: 0", "12:18 service_per_min"),
        ("in_time_s: 20\n", "", "key 'in_time_s' is missing"),
        ("days: 2", "dayz: 2", "2:1 dayz: unknown key; did you mean 'days'?"),
        ("days: 2", "days: 2\nstreams: [arrivals, service]", "patience is missing"),
        ("days: 2", "days: 2\nstreams: [service, service]", "3:1 streams: each of"),
        ("head_start_s: 30", "later: [{after_s: 9, groups: frst}]", "did you mean 'first'?"),
        (
            "head_start_s: 30",
            "later: [{after_s: 9, groups: first}, {after_s: 3, groups: first}]",
            "waits grow from one to the next",
        ),
        ("head_start_s: 30", "service_per_min: [1, 2, 3]", "3 values for 2 periods"),
        ("name: Two groups", "name: [", "centre.yaml:"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in FILE
    with pytest.raises(PolicyError) as refused:
        load_centre(written(tmp_path, FILE.replace(old, new)))
    assert complaint in str(refused.value)
    assert "centre.yaml:" in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="the file is missing"):
        load_centre(tmp_path / "none.yaml")


def test_every_key_stands_in_the_page() -> None:
    page = (ROOT / "docs" / "centres.md").read_text(encoding="utf-8")
    shapes = (CentreFile, TypeShape, LaterShape, GroupShape)
    keys = [name for shape in shapes for name in shape.model_fields]
    assert not [key for key in keys if f"`{key}`" not in page]


def test_the_command_prints_figures_and_refuses_mistakes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "router.twin.centre_report"]
    path = written(tmp_path, FILE)
    good = subprocess.run([*command, path, "3"], capture_output=True, text=True, check=True)
    assert good.stdout.startswith("Two groups, 3 days\n")
    assert "occupancy, group 2" in good.stdout
    written(tmp_path, FILE.replace("days: 2", "days: many"))
    bad = subprocess.run([*command, path], capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "centre.yaml:2:7 days" in bad.stderr


# --- days ----------------------------------------------------------------------------------------


def total(day: Day) -> int:
    return day.served + day.abandoned + day.blocked + day.let_go + day.cleared


def test_nobody_is_lost_and_the_same_seed_gives_the_same_days() -> None:
    centre = made(patience_per_min=[1], trunks=6, groups={"all": {"agents": [3]}})
    first, again = (list(run_days(centre, 3)) for _ in range(2))
    assert first == again
    assert first != list(run_days(centre, 3, (1, 2, 3, 4, 5, 6)))
    free = made(patience_per_min=[1], groups={"all": {"agents": [30]}})
    assert [total(day) for day in first] == [total(day) for day in run_days(free, 3)]
    assert sum(day.blocked for day in first) > 0
    assert all(day.blocked == day.abandoned == day.waited_on == 0 for day in run_days(free, 3))


def test_no_arrivals_in_a_period_without_a_rate_and_more_where_it_is_higher() -> None:
    types = {"calls": {"groups": ["all"], "arrivals_per_min": [0, 4, 0, 1]}}
    centre = made(periods=4, types=types, groups={"all": {"agents": [50]}})
    (in_time,) = next(run_days(centre, 1)).in_time
    assert in_time[0] == in_time[2] == 0
    assert 190 < in_time[1] < 290
    assert 30 < in_time[3] < 90


def test_who_is_busy_when_staff_is_cut_finishes_and_the_first_to_finish_leaves() -> None:
    """Ten agents talk for ever in effect; two are left, and time counts for all who still talk."""
    centre = made(
        periods=2,
        types={"calls": {"groups": ["all"], "arrivals_per_min": [10, 0]}},
        groups={"all": {"agents": [10, 2]}},
        service_per_min=[0.01],
    )
    day = next(run_days(centre, 1))
    assert day.busy[0] > 10 * 55 * MINUTE
    assert day.present[0] >= day.busy[0]
    assert day.served == total(day) > 500  # the two go on until nobody waits


def test_a_head_start_lets_a_type_go_first() -> None:
    def waits(head_start_s: int) -> tuple[int, ...]:
        types = {
            "plain": {"groups": ["all"], "arrivals_per_min": [1.2]},
            "urgent": {
                "groups": ["all"],
                "arrivals_per_min": [1.2],
                "head_start_s": head_start_s,
            },
        }
        return next(run_days(made(types=types, period_min=600), 1)).waits

    plain, urgent = waits(0), waits(100_000)
    assert urgent[1] < plain[1] / 2
    assert urgent[0] > plain[0]


def test_after_their_wait_another_group_takes_them_too() -> None:
    """One agent for two types; the other comes in after ten seconds, and never before."""

    def day(later: list[dict[str, Any]]) -> Day:
        types = {"calls": {"groups": ["one"], "arrivals_per_min": [1.0], "later": later}}
        groups = {"one": {"agents": [1]}, "two": {"agents": [30]}}
        return next(run_days(made(types=types, groups=groups, period_min=600), 1))

    alone, helped = day([]), day([{"after_s": 10, "groups": ["one", "two"]}])
    assert alone.busy[1] == 0
    assert helped.served == alone.served
    assert sum(helped.waits) <= 10 * SECOND * helped.waited_on < sum(alone.waits)
    assert helped.busy[1] > 0
    assert sum(map(sum, helped.in_time)) == helped.served


def test_each_type_has_its_own_talks_patience_and_target() -> None:
    types = {
        "brief": {"groups": ["all"], "arrivals_per_min": [1], "service_per_min": [60]},
        "long": {
            "groups": ["other"],
            "arrivals_per_min": [1],
            "service_per_min": [0.1],
            "patience_per_min": [1],
            "in_time_s": 100_000,
        },
    }
    groups = {"all": {"agents": [1]}, "other": {"agents": [5]}}
    day = next(run_days(made(types=types, groups=groups, period_min=600), 1))
    assert 400 * SECOND < day.busy[0] < 900 * SECOND
    assert day.busy[1] > 4 * 500 * MINUTE
    assert day.abandoned > 100
    assert day.abandoned_late == 0
    assert day.served == sum(map(sum, day.in_time))  # nobody who waits for `brief` waits 20 s


def test_a_share_gives_up_at_once_and_the_others_are_as_patient_as_ever() -> None:
    def day(share: float) -> Day:
        types = {"calls": {"groups": ["all"], "arrivals_per_min": [3], "balk_share": share}}
        file = {"types": types, "patience_per_min": [0.01], "groups": {"all": {"agents": [1]}}}
        return next(run_days(made(**file, period_min=2_000), 1))

    none = day(0.0)
    assert none.abandoned - none.abandoned_late < 0.01 * total(none)
    some = day(0.25)
    at_once = some.abandoned - some.abandoned_late
    assert 0.2 < at_once / total(some) < 0.27


def test_who_waits_too_long_is_let_go_and_the_line_is_cleared_when_nobody_is_left() -> None:
    types = {"calls": {"groups": ["all"], "arrivals_per_min": [3]}}
    file = {"types": types, "periods": 2, "groups": {"all": {"agents": [1, 0]}}}
    waits = next(run_days(made(**file, wait_max_s=30), 1))
    assert waits.let_go > 100
    assert waits.cleared == 0
    assert max(waits.waits) < 30 * SECOND * waits.served
    cleared = next(run_days(made(**file, line_cleared="unstaffed"), 1))
    assert cleared.cleared > 200  # of the second hour nobody is: they come and wait
    assert total(cleared) == total(waits)
    assert cleared.served + cleared.cleared == total(cleared)


# --- figures -------------------------------------------------------------------------------------


def test_a_tally_and_a_ratio_by_hand() -> None:
    daily = tally([1, 2, 6])
    assert daily[:3] == (1, 6, 3)
    assert daily.deviation == pytest.approx(7**0.5)
    assert tally([4]).deviation == 0
    found = ratio([1, 3], [2, 2])
    assert found.value == 1.0
    assert found.deviation == pytest.approx(2**0.5 / 2)
    assert ratio([1, 2], [2, 4]).deviation == pytest.approx(0)
    assert ratio([0, 0], [0, 0]).value == 0


def test_late_abandonments_and_busy_tones_count_where_they_are_named() -> None:
    day = Day(8, 4, 2, 6, 0, 1, 3, ((5,),), (80 * MINUTE,), (10,), (20,))
    found = report([day])
    assert found.level.value == 5 / 8
    assert found.level_late.value == 5 / 10
    assert found.level_offered.value == 5 / 14
    assert found.level_cleared.value == 5 / 9
    assert found.speed_min.value == 10
    assert found.occupancy[0].value == 0.5
    assert any("busy tones" in line for line in lines(made(), [day]))
