"""What a chain says to who has just come by form."""

from __future__ import annotations

from router.core.said_on_arrival import said_on_arrival
from tests.core.town import NIGHT, Desk, both


def test_who_comes_at_night_is_told_what_the_chain_says() -> None:
    desk = Desk(now=NIGHT)
    item = desk.state.items[desk.form("f1")]
    assert list(said_on_arrival(desk.state, item)) == [both("others")]


def test_who_just_waits_is_told_nothing() -> None:
    desk = Desk()
    item = desk.state.items[desk.form("f1")]
    assert list(said_on_arrival(desk.state, item)) == []


def test_it_is_over_with_the_item() -> None:
    desk = Desk(now=NIGHT)
    name = desk.form("f1")
    desk.wait(3 * 24 * 3600 * 10**9)  # the morning has come: it just waits
    assert list(said_on_arrival(desk.state, desk.state.items[name])) == []
