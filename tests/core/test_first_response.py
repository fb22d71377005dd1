"""When a text must have had its first response: by queue, by door, in business time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from router.core.first_response import due_by, promise_of
from router.core.hours import Hours, Range
from router.core.model import Channel, QueueId
from router.core.policy_service_level import FirstResponse
from router.policy.spans import read_first_response
from tests.core.town import Desk, queue, town

WEEK = (Range(8 * 60 + 30, 16 * 60 + 30),)
MILTON = Hours(
    id="milton",
    time_zone="America/Toronto",
    weekly=(WEEK, WEEK, WEEK, WEEK, WEEK, (), ()),
    holidays={"2026-10-12": "Thanksgiving"},
)


def at(text: str) -> int:
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/Toronto"))
    return int(local.timestamp()) * 10**9


@pytest.mark.parametrize(
    ("came", "promised", "due"),
    [
        ("2026-10-16T15:45", "2 business hours", "2026-10-19T09:45"),  # over the weekend
        ("2026-10-13T10:00", "same business day", "2026-10-13T16:30"),
        ("2026-10-13T16:30", "same business day", "2026-10-14T16:30"),  # came when it had closed
        ("2026-10-09T18:00", "same business day", "2026-10-13T16:30"),  # Friday; Monday: a holiday
        ("2026-10-13T10:00", "1 business day", "2026-10-14T16:30"),
        ("2026-10-09T10:00", "2 business days", "2026-10-14T16:30"),
        ("2026-10-13T10:00", "90 min", "2026-10-13T11:30"),
    ],
)
def test_what_is_promised_is_due_at(came: str, promised: str, due: str) -> None:
    assert due_by(read_first_response(promised), MILTON, at(came)) == at(due)


def test_a_door_of_its_own_promise_and_the_queues_for_all_others() -> None:
    sooner = FirstResponse(
        written="same business day", span=0, days=0, business=True, same_day=True
    )
    rule = queue("roads", "roads", first_response_by={Channel.WEBFORM: sooner})
    assert promise_of(rule, Channel.WEBFORM) is sooner
    assert promise_of(rule, Channel.MAIL).written == "2 business days"
    policy = town()
    desk = Desk(replace(policy, queues={**policy.queues, QueueId("roads"): rule}))
    closes = desk.state.items[desk.form("f1")].due_at
    assert closes == due_by(sooner, policy.hours["office"], desk.now)
