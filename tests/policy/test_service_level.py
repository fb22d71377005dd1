"""What `service_level` of queues.yaml means, inherited key by key, and its mistakes."""

from __future__ import annotations

import pytest

from router.core.model import SECOND, Channel, QueueId
from router.core.policy_service_level import Promise
from router.policy.show import show
from tests.policy.conftest import Town
from tests.policy.mistakes import QUEUES, Mistake, expect

WHOLE = """  service_level: # 70 % of calls in 30 seconds
    share: 0.70 # taken over key by key by the queues
    answer_within_s: 30
    formula: townline # how it is judged; docs/service-level.md has the others
    short_abandon_s: 5 # who hangs up at once was not offered
    chat: {share: 0.80, answer_within_s: 60} # first word of a person
    mail: {share: 0.90} # first responses before they are due
    webform: {share: 0.90}
"""
BUILDING = "service_level: {share: 0.70, answer_within_s: 60}"


def promises(town: Town, queue: str) -> tuple[Promise, Promise]:
    loaded = town.load()
    assert loaded.policy is not None, loaded.complaints
    found = loaded.policy.queues[QueueId(queue)].promises
    return found[Channel.VOICE], found[Channel.CHAT]


def test_the_shipped_town_promises_calls_and_chats_apart(town: Town) -> None:
    calls, chats = promises(town, "roads")
    assert calls == Promise(0.7, 30 * SECOND, "townline/1", 5 * SECOND)
    assert chats == Promise(0.8, 60 * SECOND, "townline/1", 5 * SECOND)


def test_a_queue_takes_over_key_by_key_what_it_does_not_say(town: Town) -> None:
    town.edit(QUEUES, BUILDING, "service_level: {answer_within_s: 90, formula: asterisk-sl}")
    calls, chats = promises(town, "building")
    assert calls == Promise(0.7, 90 * SECOND, "asterisk-sl/1", 5 * SECOND)
    assert chats == Promise(0.8, 60 * SECOND, "asterisk-sl/1", 5 * SECOND)


def test_chats_are_promised_what_calls_are_unless_something_else_is_said(town: Town) -> None:
    town.edit(QUEUES, WHOLE, "  service_level: {share: 0.70, answer_within_s: 30}\n")
    calls, chats = promises(town, "roads")
    assert calls == chats == Promise(0.7, 30 * SECOND, "townline/1", 0)
    town.edit(QUEUES, BUILDING, "service_level: {chat: {answer_within_s: 45}}")
    calls, chats = promises(town, "building")
    assert (calls.within, chats.within, chats.share) == (30 * SECOND, 45 * SECOND, 0.7)


def test_texts_stand_alone_and_take_over_from_the_defaults_key_by_key(town: Town) -> None:
    town.edit(QUEUES, BUILDING, "service_level: {webform: {formula: first-response-or-closed}}")
    policy = town.load().policy
    assert policy is not None
    found = policy.queues[QueueId("building")].promises
    assert found[Channel.MAIL] == Promise(0.9, 0, "first-response/1")
    assert found[Channel.WEBFORM] == Promise(0.9, 0, "first-response-or-closed/1")
    assert "mail: 90% in 2 business days, judged by first-response/1" in show(policy)
    town.edit(QUEUES, WHOLE, "")
    policy = town.load().policy
    assert policy is not None
    assert policy.queues[QueueId("roads")].promises[Channel.MAIL].share == 0.9


def test_where_nothing_is_said_at_all_there_is_a_promise(town: Town) -> None:
    town.edit(QUEUES, WHOLE, "")
    assert promises(town, "roads")[0] == Promise(0.8, 20 * SECOND, "townline/1", 0)
    policy = town.load().policy
    assert policy is not None
    roads = policy.queues[QueueId("roads")]
    assert (roads.target_share, roads.target_span) == (0.8, 20 * SECOND)


def test_the_definition_is_shown(town: Town) -> None:
    policy = town.load().policy
    assert policy is not None
    text = show(policy)
    assert "voice: 70% within 30 s, judged by townline/1 (answered in time / offered;" in text
    assert "chat: 80% within 1 min, judged by townline/1" in text


MISTAKES = {
    "formula of calls for mail": Mistake(
        QUEUES, "mail: {share: 0.90}", "mail: {formula: genesys}", "genesys",
        "defaults.service_level.mail.formula",
        "mail and forms are judged by first-response, first-response-or-closed",
    ),
    "formula of mail for calls": Mistake(
        QUEUES, "formula: townline", "formula: first-response", "first-response",
        "defaults.service_level.formula", "no formula is called 'first-response'",
    ),
    "unknown formula": Mistake(
        QUEUES, "formula: townline #", "formula: townlin #", "townlin #",
        "defaults.service_level.formula", "called 'townlin'; did you mean 'townline'?",
    ),
    "at once is not shorter than in time": Mistake(
        QUEUES, BUILDING, "service_level: {answer_within_s: 60, short_abandon_s: 60}",
        "60}\n    requires: building", "queues.building.service_level.short_abandon_s",
        "although answer_within_s is 60; write less than 60",
    ),
    "at once is not shorter for chats": Mistake(
        QUEUES, BUILDING, "service_level: {chat: {answer_within_s: 5}}",
        "chat: {answer_within_s: 5}", "queues.building.service_level.chat.short_abandon_s",
        "write less than 5", inside=-1,
    ),
    "unknown key": Mistake(
        QUEUES, "short_abandon_s: 5 #", "short_abandons_s: 5 #", "short_abandons_s",
        "defaults.service_level.short_abandons_s", "did you mean 'short_abandon_s'?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(MISTAKES[name], town)
