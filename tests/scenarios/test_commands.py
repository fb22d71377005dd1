"""`townline test`, `diff`, `publish`, `versions`, `rollback`, as they are typed; no daemon runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router import cli, cli_policy
from router.errors import PolicyError
from tests.policy.conftest import Town

Type = Callable[..., Result]


@pytest.fixture
def typed(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOWNLINE_POLICY_DIR", str(town.directory))
    monkeypatch.setenv("TOWNLINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TOWNLINE_POLICY_SOURCE", "published")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(cli_policy, "_in_force", lambda _: None)
    return lambda *words: CliRunner().invoke(cli.app, list(words))


def test_the_shipped_town_passes(typed: Type) -> None:
    result = typed("test")
    assert result.exit_code == 0, result.output
    assert "scenarios hold" in result.output


def test_a_broken_promise_is_told_and_ends_with_one(typed: Type, town: Town) -> None:
    town.edit("config/hours.yaml", "mon-fri: 08:00-20:00", "mon-fri: 09:00-20:00")
    result = typed("test", "--only", "weekdays_from_eight")
    assert result.exit_code == 1
    assert "weekdays_from_eight_to_six, step 2" in result.output
    assert "open.recreation_line: expected open" in result.output
    assert "1 of 1 scenarios came out otherwise" in result.output


def test_mistakes_in_the_policy_or_the_scenarios_come_before_testing(
    typed: Type, town: Town
) -> None:
    town.edit("config/scenarios/waiting.yaml", "0102, keys: [1, 3]", "0102, kays: [1, 3]")
    result = typed("test")
    assert result.exit_code == 1
    assert "unknown key; did you mean 'keys'?" in result.output
    assert typed("publish", "--reason", "x").exit_code == 1


def test_mutations_are_told_by_scenario(typed: Type) -> None:
    result = typed("test", "--only", "boxing_day", "--mutate")
    assert result.exit_code == 0, result.output
    assert "boxing_day_says_holiday: catches" in result.output
    assert "holiday dropped: town_hall: all of them (config/hours.yaml)" in result.output
    assert "that nobody catches:" in result.output


def test_publish_keeps_a_version_and_rollback_adds_one(typed: Type, town: Town) -> None:
    assert "version 1 is published" in typed("publish", "--reason", "begin").output
    town.edit("config/queues.yaml", "  wrap_up_s: 60", "  wrap_up_s: 90")
    assert "wrap up: 1 min -> 90 s" in typed("diff").output
    typed("publish", "--reason", "more notes", "--author", "ada")
    assert "wrap up: 90 s -> 1 min" in typed("diff", "2", "1").output
    assert "both decide alike" in typed("diff", "2", str(town.directory)).output
    back = typed("rollback", "1", "--reason", "too long", "--author", "ben")
    assert "version 3 is version 1 again" in back.output
    listed = typed("versions").output
    assert "more notes" in listed
    assert "back to 1: too long" in listed
    assert "both decide alike" in typed("diff", "1", "3").output
    trail = typed("audit", "--who", "ben").output
    assert "policy-published" in trail
    assert "version 3: too long" in trail


def test_without_history_a_version_is_published_all_the_same(
    typed: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TOWNLINE_HISTORY", f"sqlite:///{tmp_path}/file/history.sqlite")
    result = typed("publish", "--reason", "begin")
    assert "version 1 is published" in result.output
    assert "not in the audit trail" in result.output
    assert result.exit_code == 0


def test_what_fails_its_scenarios_is_not_published(typed: Type, town: Town) -> None:
    town.edit("config/town.yaml", "+1 905 555 0103: main", "+1 905 555 0103: bylaw")
    result = typed("publish", "--reason", "oops")
    assert result.exit_code == 1
    assert "nothing was published" in result.output
    assert not (town.directory.parent / "data" / "policies").exists()


def test_a_version_needs_a_reason(typed: Type) -> None:
    assert typed("publish").exit_code == 2
    assert typed("publish", "--reason", "  ").exit_code == 2


def test_there_is_no_way_back_to_what_never_was(typed: Type) -> None:
    result = typed("rollback", "4", "--reason", "x")
    assert isinstance(result.exception, PolicyError)
    assert "no version 4 was published" in str(result.exception)


def test_a_folder_installation_is_told_that_nothing_changes(
    typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWNLINE_POLICY_SOURCE", "folder")
    assert "kept, not in force" in typed("publish", "--reason", "begin").output
