"""`townline status`: what a person must look at stands on the screen."""

from __future__ import annotations

import io

import msgspec
from msgspec.structs import replace
from rich.console import Console

from router.core.commands import SetEmergency
from router.core.commands_hours import AnnounceMessage, BeginSurge
from router.core.commands_text import LeaveChat, SetMailAside
from router.core.model import HOUR, SECOND, ItemId
from router.core.policy_surge import SurgeRule
from router.desk.surroundings import Daemons, Door, PolicyRefusal
from router.desk.town import status_view
from router.runtime.status_screen import screen
from tests.core.entry_traffic import busy_town
from tests.core.text_town import TextDesk, writing_town
from tests.core.town import OPEN


class _About:
    version = "0.0.test"
    journal = "memory"
    kept_since: int | None = None
    started_at = OPEN
    policy_adopted_at = None
    policy_refusal: PolicyRefusal | None = None

    def doors(self) -> tuple[Door, ...]:
        return (Door("imap", "failed", "login: refused", OPEN),)

    def daemons(self) -> Daemons | None:
        return None


def shown(desk: TextDesk, about: _About, width: int) -> str:
    """Return the screen as it is told over the API."""
    picture = msgspec.json.decode(msgspec.json.encode(status_view(desk.state, about, desk.now)))
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(screen(picture))
    return console.export_text()


def test_what_was_set_aside_and_what_is_broken_is_told() -> None:
    desk = TextDesk(writing_town())
    desk.sign_in("amina")
    desk.do(
        SetMailAside(
            item_id=ItemId("A1"), key="k", mailbox="info", words_ref="w", reason="not readable"
        )
    )
    text = shown(desk, _About(), width=160)
    assert "set aside, need a person: A1" in text
    assert "imap failed: login: refused" in text
    assert "Amina" in text


def test_instants_are_told_by_the_towns_clock() -> None:
    surge = SurgeRule(text={}, first=(), head_start=0, lasts_max=9 * HOUR)
    desk = TextDesk(replace(writing_town(), surge=surge))
    hours = next(iter(desk.state.policy.hours))
    desk.do(SetEmergency(hours=hours, closed=True, until=OPEN + HOUR, reason="fire", by="sam"))
    desk.do(BeginSurge(until=OPEN + 2 * HOUR, reason="ice", by="sam"))
    desk.do(AnnounceMessage("snow", {"en": "Snow"}, until=OPEN + 30 * HOUR, by="sam"))
    text = shown(desk, _About(), width=160)
    assert "2026-11-23 10:00 there" in text
    assert "closed by sam until 11:00: fire" in text
    assert "surge by sam until 12:00: ice" in text
    assert "hears until 2026-11-24 16:00: Snow" in text


def test_each_service_level_is_told_with_its_formula() -> None:
    desk = TextDesk(busy_town())
    desk.sign_in("amina")
    desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.chat("c1")
    desk.wait(20 * SECOND)
    desk.do(LeaveChat(conversation="v"))
    text = shown(desk, _About(), width=200)
    assert "100% of 1 in 30 s, townline/1" in text
    assert "100% of 1 in 60 s, amazon-connect/1" in text  # who gives up in time was served


def test_who_decides_is_told_where_several_daemons_serve_the_town() -> None:
    class Followed(_About):
        def daemons(self) -> Daemons | None:
            return Daemons("hall:1:aa", "library:2:bb", ("hall:1:aa", "library:2:bb"), 3)

    desk = TextDesk(writing_town())
    text = shown(desk, Followed(), width=200)
    assert "hall:1:aa was asked, 3 events behind; library:2:bb decides" in text
    assert "daemons of the town: 2" in text
