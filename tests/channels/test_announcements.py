"""What is announced, for those who read: which messages hold, and how they are worded."""

from __future__ import annotations

from channels.announcements import in_words
from router.core import commands_hours as h
from router.core.announced import Announced, announced
from router.core.model import HOUR
from tests.core.town import OPEN, Desk


def test_a_message_is_shown_until_its_end_and_not_one_for_some_numbers_alone() -> None:
    desk = Desk()
    until, number = OPEN + HOUR, next(iter(desk.policy.numbers))
    text = {"en": "Plows are out."}
    desk.do(h.AnnounceMessage(id="all", text=text, until=until, by="sam"))
    desk.do(h.AnnounceMessage(id="one", text=text, until=until, by="sam", numbers=(number,)))
    assert announced(desk.state, until - 1) == (Announced(text, until),)
    assert announced(desk.state, until) == ()


def test_a_message_in_one_language_is_shown_in_it_to_all() -> None:
    said = [Announced({"en": "Plows are out.", "fr": ""}, OPEN + 2 * HOUR)]
    [french] = in_words(said, "fr", "America/Toronto", OPEN)
    assert french.startswith("Plows are out. (Jusqu'au lundi 23 novembre à ")
    assert in_words([Announced({"en": ""}, OPEN)], "en", "America/Toronto", OPEN) == ()
