"""Every queue, channel and condition leads somewhere at every instant of four hundred days."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.core.fallback import walk_chain
from router.core.hours import HORIZON, standing
from router.core.model import STRAIN, Channel, Condition, Form, ItemId, ItemState, Tempo
from router.core.records import Item
from router.policy.load import load
from tests.core.town import Desk
from tests.policy.conftest import ROOT, TODAY, Town
from tests.policy.mistakes import HOURS, QUEUES, Mistake, expect

START = int(
    datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=ZoneInfo("America/Toronto")).timestamp()
)
WAYS = {
    Channel.VOICE: (Form.CALL, Tempo.LIVE, "CA1"),
    Channel.CHAT: (Form.CHAT, Tempo.FAST_TEXT, ""),
    Channel.MAIL: (Form.MAIL, Tempo.SLOW_TEXT, ""),
    Channel.WEBFORM: (Form.SUBMISSION, Tempo.SLOW_TEXT, ""),
}
ENDS_A_WALK = {"queue", "defer", "voicemail", "callback", "transfer", "page", "end"}


def item_of(channel: Channel, subject: str) -> Item:
    form, tempo, call = WAYS[channel]
    return Item(
        id=ItemId("I"),
        channel=channel,
        tempo=tempo,
        form=form,
        state=ItemState.RECEIVED,
        received_at=0,
        called="",
        address_key="",
        contact_ref="",
        words_ref="",
        language="en",
        subject=subject,
        call_id=call,
    )


def instants(desk: Desk) -> list[int]:
    """Return every instant at which some hours change, and every midnight (on-call lists)."""
    start, found = START * 10**9, set[int]()
    for hours in desk.state.policy.hours.values():
        now: int | None = start
        while now is not None and now < start + HORIZON:
            found.add(now)
            now = standing(hours, now).changes_at
    first = datetime.fromtimestamp(START, ZoneInfo("America/Toronto"))
    for day in range(400):
        found.add(int((first + timedelta(days=day)).timestamp()) * 10**9)
    return sorted(found)


@pytest.mark.parametrize("channel", Channel)
def test_in_the_shipped_town_every_walk_ends_with_something_that_is_done(channel: Channel) -> None:
    policy = load(ROOT, today=TODAY).policy
    assert policy is not None
    desk = Desk(policy, now=START * 10**9)
    subjects = ["", *policy.subjects]
    for number, now in enumerate(instants(desk)):
        subject = subjects[number % len(subjects)]  # all of them, over the days
        item = item_of(channel, subject)
        for queue in policy.queues.values():
            for condition, chain in queue.fates.items():
                taken = walk_chain(desk.state, now, item, queue, condition, chain, "")
                assert taken.rule is not None, (queue.id, condition, now)
                assert taken.rule.action in ENDS_A_WALK
                assert set(queue.fates) == set(Condition) - STRAIN


def test_a_queue_that_never_opens_is_refused(town: Town) -> None:
    town.edit(HOURS, "  statutory_holidays:\n    weekly: {}\n    on_holidays: 00:00-24:00",
              "  statutory_holidays:\n    weekly: {}\n    on_holidays: 00:00-24:00\n"
              "  never:\n    weekly: {}")  # fmt: skip
    expect(
        Mistake(
            QUEUES, "    announcements: quiet\n", "    announcements: quiet\n    hours: never\n",
            "animals:\n    name", "queues.animals", "do not open once in 400 days",
        ),
        town,
    )  # fmt: skip
