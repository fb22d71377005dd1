"""The shipped town's mail rules, driven through the engine: urgent mail by night."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from router.core.commands_text import ReceiveMail
from router.core.effects import SendMail
from router.core.model import MINUTE, SECOND, Instant, ItemId, ItemState
from router.core.policy import Policy
from router.core.queueing import URGENT
from router.policy.load import load
from tests.core.town import Desk
from tests.policy.conftest import ROOT, TODAY


def at(text: str) -> Instant:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/Toronto"))
    return int(moment.timestamp()) * 10**9


def walked(desk: Desk, item: str) -> list[tuple[str, int, str]]:
    """Return the on-call log of an item: who, in which round, and what came of it."""
    attempts = desk.state.on_call[ItemId(item)].attempts
    return [(each.contact, each.round, str(each.result)) for each in attempts]


def in_rounds(rounds: int) -> Policy:
    """Return the shipped town with a list of pages that is walked so often."""
    policy = load(ROOT, today=TODAY).policy
    assert policy is not None
    chain = policy.fallbacks["after_hours"]
    rules = tuple(
        replace(each, rounds=rounds) if each.action == "page" else each for each in chain.rules
    )
    fallbacks = {**policy.fallbacks, chain.id: replace(chain, rules=rules)}
    return replace(policy, fallbacks=fallbacks)


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_stop_sign_down_by_mail_at_night_is_told_to_one_after_the_other_and_kept(
    rounds: int,
) -> None:
    policy = in_rounds(rounds)
    desk = Desk(policy, now=at("2026-11-28T21:00"))
    desk.do(
        ReceiveMail(
            item_id=ItemId("m1"),
            conversation="c1",
            key="mail:1",
            mailbox="info",
            address_key="key",
            contact_ref="contact",
            words_ref="words",
            language="en",
            rule="stop_sign_down",
        )
    )
    item = desk.state.items[ItemId("m1")]
    assert (item.state, item.queue, item.subject) == (
        ItemState.DEFERRED,
        "roads",
        "stop_sign_down",
    )
    assert item.head_start >= URGENT
    for _ in range(8):
        desk.wait(5 * MINUTE + SECOND)
    mails = [each for each in desk.state.pending.values() if isinstance(each, SendMail)]
    once = ["security", "operations_a", "operations_b", "operations_chief"]
    assert [each.contact for each in mails if each.what == "page"] == once * rounds
    assert walked(desk, "m1") == [
        (name, turn, "no_answer") for turn in range(1, rounds + 1) for name in once
    ]
    desk.wait(at("2026-11-30T08:00") - desk.now)
    assert desk.state.items[ItemId("m1")].state is ItemState.QUEUED
