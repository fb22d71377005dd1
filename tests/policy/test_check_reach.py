"""Rules of chains that nobody can ever take: by channel, by condition, by what stands before."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import FALLBACK, Mistake, expect

FULL = "  too_many:\n    - rule: chats_wait\n"
LATE = "    - rule: overdue_texts\n"
HAZARD_MAIL = "    - rule: urgent_mail #"
LATER = "      defer: own\n"


def first_when_full(rule: str, path: str, message: str) -> Mistake:
    """Return the mistake of a rule at the beginning of the chain for `full`."""
    after = f"  too_many:\n    - {rule}\n    - rule: chats_wait\n"
    return Mistake(FALLBACK, FULL, after, "{rule: extra", path, message)


MISTAKES = {
    "text that is never full": first_when_full(
        "{rule: extra, when: {channel: [webform, mail]}, queue: own}", "chains.too_many[0]",
        "never taken: nobody comes to this chain by mail, webform: it stands for full, and mail and"
        " forms stay in line when a queue is full or closes; delete it",
    ),
    "condition that does not lead here": first_when_full(
        "{rule: extra, when: {condition: late}, queue: own}", "chains.too_many[0]",
        "never taken: by chat, mail, voice, webform one comes to this chain for full; delete it",
    ),
    "text at closing": Mistake(
        FALLBACK, LATE, "    - rule: extra\n      when: {channel: mail, condition: closing}\n"
        f"      defer: own\n{LATE}", "rule: extra", "chains.waited_too_long[0]",
        "never taken: by mail one comes to this chain for late; delete it",
    ),
    "chat that is to leave a message": first_when_full(
        "{rule: extra, when: {channel: chat}, say: {en: Speak., fr: Parlez.}, voicemail: own}",
        "chains.too_many[0]",
        "never taken: `voicemail` is for callers, and of those only chat comes to this rule; use"
        " `queue` or `defer`, or delete it",
    ),
    "caller who is told by mail": first_when_full(
        "{rule: extra, when: {channel: voice}, page: security}", "chains.too_many[0]",
        "never taken: `page` is for mails and chats",
    ),
    "behind one who takes them all": Mistake(
        FALLBACK, "    - rule: closing_time\n",
        "    - rule: extra\n      when: {channel: chat, condition: late}\n      queue: own\n"
        "    - rule: closing_time\n", "rule: extra", "chains.waited_too_long[3]",
        "before it takes everybody whom it is for; move this one up, or delete it",
    ),
    "behind one of the same subjects": Mistake(
        FALLBACK, HAZARD_MAIL,
        f"    - rule: extra\n      when: {{channel: webform, subject: road_hazard}}\n{LATER}"
        f"{HAZARD_MAIL}", "rule: extra", "chains.after_hours[5]",
        "never taken: rule 'urgent_form' (line ",
    ),
    "behind several that share its subjects": Mistake(
        FALLBACK, "    - rule: urgent_form\n",
        f"    - rule: one\n      when: {{subject: [noise, snow], channel: webform}}\n{LATER}"
        f"    - rule: two\n      when: {{subject: parking}}\n{LATER}"
        "    - rule: extra\n      when: {channel: webform, subject: [noise, parking]}\n"
        f"{LATER}    - rule: urgent_form\n", "rule: extra", "chains.after_hours[6]",
        "take everybody whom it is for",
    ),
    "behind one in the same hours": Mistake(
        FALLBACK, HAZARD_MAIL,
        f"    - rule: one\n      when: {{channel: chat, hours: town_hall}}\n{LATER}"
        f"    - rule: extra\n      when: {{channel: chat, subject: noise, hours: town_hall}}\n"
        f"{LATER}{HAZARD_MAIL}", "rule: extra", "chains.after_hours[6]",
        "never taken: rule 'one' (line ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(MISTAKES[name], town)


def test_both_places_are_named(town: Town) -> None:
    extra = "    - rule: extra\n      when: {channel: webform, subject: road_hazard}\n"
    text = town.edit(FALLBACK, HAZARD_MAIL, f"{extra}{LATER}{HAZARD_MAIL}")
    lines = [line.strip() for line in text.splitlines()]
    (told,) = town.complaints()
    assert told.line == lines.index("- rule: extra") + 1
    assert f"rule 'urgent_form' (line {lines.index('- rule: urgent_form') + 1})" in told.message


def test_a_rule_that_only_some_pass_is_no_obstacle(town: Town) -> None:
    town.edit(
        FALLBACK,
        LATE,
        "    - {rule: some, when: {channel: mail, subject: noise}, queue: own}\n"
        "    - {rule: at_noon, when: {channel: mail, hours: town_hall}, queue: own}\n"
        "    - {rule: more, when: {channel: mail, subject: [noise, parking]}, queue: own}\n"
        "    - {rule: later, when: {channel: mail, hours: calling_back}, queue: own}\n"
        "    - {rule: calls, when: {subject: parking, condition: late}, transfer: security}\n"
        "    - {rule: more_calls, when: {subject: parking, condition: late}, queue: own}\n"
        f"{LATE}",
    )
    assert town.complaints() == ()


def test_a_chain_is_entered_by_the_rules_of_others_and_by_steps(town: Town) -> None:
    """Through `emergency_closing` mails come to `after_hours`; callers go on from a step."""
    town.edit(
        FALLBACK,
        "    - rule: urgent_message",
        "    - {rule: in_a_storm, when: {channel: mail, condition: emergency}, defer: own}\n"
        "    - rule: urgent_message",
    )
    assert town.complaints() == ()
