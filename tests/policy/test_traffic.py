"""Mistakes in the traffic model: told with place and remedy, and no matter to the policy."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from router.cli import app
from router.policy.traffic import FILE, load_traffic
from tests.policy.conftest import Town

MISTAKES = {
    "queue": (
        "    queue: tax\n", "    queue: taxes\n", "taxes\n", "contacts.tax_calls.queue",
        "no queue is called 'taxes'; did you mean 'tax'?",
    ),
    "profile": (
        "a_day: {mon-fri: 80}\n    profile: telephone", "a_day: {mon-fri: 80}\n    profile: phone",
        "phone\n", "contacts.tax_calls.profile", "no profile is called 'phone'",
    ),
    "language": (
        "languages: {en: 0.93, fr: 0.07}", "languages: {en: 0.93, de: 0.07}", "de: 0.07",
        "contacts.building_calls.languages.de", "no language is called 'de'",
    ),
    "shares": (
        "languages: {en: 0.93, fr: 0.07}", "languages: {en: 0.93, fr: 0.7}", "{en: 0.93, fr: 0.7}",
        "contacts.building_calls.languages", "the shares make 1.63; make them 1 together",
    ),
    "a writer's patience": (
        "handling: {mean_s: 420, deviation: 1.0}",
        "handling: {mean_s: 420, deviation: 1.0}\n    patience: {mean_s: 60}",
        "patience: {mean_s: 60}", "contacts.clerks_mails.patience",
        "nobody waits at the door 'mail'; delete it",
    ),
    "door": (
        "channel: chat", "channel: fax", "fax", "contacts.website_chats.channel",
        "'fax' is not known here",
    ),
    "time of a profile": (
        "    08:30: 8\n", "    8.30: 8\n", "8.30", "profiles.telephone.8.30",
        "write for example 08:15",
    ),
    "agent": (
        "agents: [elise, ivan]", "agents: [elise, iwan]", "iwan", "shifts[2].agents[1]",
        "no agent is called 'iwan'; did you mean 'ivan'?",
    ),
    "break outside": (
        "breaks: '11:30-11:45, ", "breaks: '09:30-09:45, ", "'09:30-09:45", "shifts[2].breaks",
        "a break lies outside the work; move it",
    ),
    "at work twice": (
        "agents: [elise, ivan]", "agents: [elise, amara]", "[elise, amara]", "shifts[2].agents",
        "'amara' works twice at the same time on mon, here and in shifts[0]",
    ),
    "empty shift": (
        "days: sat, work: 09:00-13:00", "days: sat, work: closed", "closed", "shifts[3].work",
        "nobody is there; write times, or delete the shift",
    ),
    "share of no-shows": (
        "no_shows: 0.03", "no_shows: 3", "3", "no_shows", "'3' is too large; less than 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_where_it_stands(town: Town, name: str) -> None:
    old, new, at, path, says = MISTAKES[name]
    text = town.edit(FILE, old, new)
    policy = town.load().policy
    assert policy is not None, "the model is no part of the policy"
    loaded = load_traffic(town.directory, FILE, policy)
    assert loaded.traffic is None
    found = [each for each in loaded.complaints if each.path == path and says in each.message]
    assert found, "\n".join(map(str, loaded.complaints))
    offset = text.index(at, text.index(new))
    line = text.count("\n", 0, offset) + 1
    assert (found[0].file, found[0].line) == (FILE, line)


def test_check_tells_of_it_and_the_policy_stays_what_it_is(town: Town) -> None:
    shell = CliRunner()
    before = town.load().hash
    right = shell.invoke(app, ["check", str(town.directory)])
    assert right.exit_code == 0, right.output
    town.edit(FILE, "no_shows: 0.03", "no_shows: 3")
    wrong = shell.invoke(app, ["check", str(town.directory)])
    assert wrong.exit_code == 1
    assert "no_shows: '3' is too large" in wrong.output
    assert town.load().hash == before


def test_a_profile_without_weight_and_a_town_without_a_model(town: Town) -> None:
    text = (town.directory / FILE).read_text(encoding="utf-8")
    begin, end = text.index("    00:00: 0.5"), text.index("contacts:\n")
    (town.directory / FILE).write_text(text[:begin] + "    00:00: 0\n\n" + text[end:])
    policy = town.load().policy
    assert policy is not None
    complaints = load_traffic(town.directory, FILE, policy).complaints
    assert "profile 'written' has no weight above 0" in "\n".join(map(str, complaints))
    (town.directory / FILE).unlink()
    assert not town.load().errors
    assert CliRunner().invoke(app, ["check", str(town.directory)]).exit_code == 0


def test_one_mistake_is_one(town: Town) -> None:
    town.edit("config/town.yaml", "missed_in_a_row: 2", "missed_in_a_rows: 2")
    told = CliRunner().invoke(app, ["check", str(town.directory)]).output
    assert "\n1 mistake: this policy would not be adopted" in told
