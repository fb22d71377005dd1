"""What queues.yaml promises to those who write, by door."""

from __future__ import annotations

from router.core.first_response import promise_of
from router.core.model import Channel, FlowId, QueueId
from router.policy.show import show
from tests.policy.conftest import Town

MILTON = "  first_response_by: {webform: same business day, voice: 1 business day}\n"


def test_a_promise_by_door_holds_for_the_queues_that_promise_nothing_themselves(
    town: Town,
) -> None:
    default = "  first_response: 2 business days # mail, forms and messages\n"
    town.edit("config/queues.yaml", default, default + MILTON)
    policy = town.load().policy
    assert policy is not None
    queues = policy.queues
    roads, animals = queues[QueueId("roads")], queues[QueueId("animals")]
    doors = (Channel.WEBFORM, Channel.VOICE, Channel.MAIL)
    assert [promise_of(roads, door).written for door in doors] == [
        "same business day",
        "1 business day",
        "2 business days",
    ]
    assert {promise_of(animals, door).written for door in doors} == {"4 business hours"}
    assert "through webform: same business day" in show(policy)


def test_a_queue_with_a_promise_may_still_name_a_door(town: Town) -> None:
    own = "    first_response: 4 business hours\n"
    town.edit("config/queues.yaml", own, own + "    first_response_by: {mail: 1 business day}\n")
    policy = town.load().policy
    assert policy is not None
    animals = policy.queues[QueueId("animals")]
    assert promise_of(animals, Channel.MAIL).written == "1 business day"
    assert promise_of(animals, Channel.CHAT).written == "4 business hours"


def test_the_shipped_town_says_what_it_does(town: Town) -> None:
    """What is said about callbacks and messages is true wherever it is said."""
    policy = town.load().policy
    assert policy is not None
    goodbye = policy.flows[FlowId("recreation")].nodes["goodbye"].prompt
    assert goodbye is not None
    told = (("en", "waiting", "two business days"), ("fr", "attendre", "deux jours ouvrables"))
    for language, wait, due in told:
        # who wants no callback waits in one chain and goes on to the tone in another
        assert wait not in policy.texts["callback_ask"][language]
        assert due in policy.texts["message_taken"][language]
        assert due in goodbye.text[language]
    promised = {promise_of(queue, Channel.VOICE).written for queue in policy.queues.values()}
    assert promised == {"2 business days", "4 business hours"}  # the latter is sooner


def test_a_mistyped_promise_is_told_with_its_place(town: Town) -> None:
    town.edit("config/queues.yaml", "2 business days # mail", "same day # mail")
    assert any("same business day" in str(each) for each in town.complaints())
