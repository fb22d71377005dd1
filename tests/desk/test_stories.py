"""What happened to an item: as facts for the console, as lines for a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.core import commands as c
from router.core.matching import LONGEST_IDLE, MOST_URGENT, OWED
from router.core.model import AgentId, AgentOrder, Form, ItemId
from router.core.turns import TURN
from router.desk.pictures import item_view, offer_shown
from router.desk.stories import in_english
from router.desk.views_story import HappenedView, Happening
from tests.core.town import Desk

WORDS = Path(__file__).parents[2] / "console" / "src" / "desk" / "words_story.ts"
RULES = (
    MOST_URGENT,
    LONGEST_IDLE,
    f"{OWED} ",
    TURN,
    "assigned by ",
    "decline taken back",
    *(order.replace("_", " ") for order in AgentOrder),
)


def test_a_caller_who_was_declined_once_and_relaxed_has_a_story_of_facts() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("C1", "1", "2")
    (offer,) = desk.state.offers.values()
    shown = offer_shown(desk.state, offer)
    assert shown is not None
    came = shown.view.happened[0]
    assert (came.what, came.form, came.name) == (Happening.CAME, Form.CALL, "+19055550100")
    desk.do(c.DeclineOffer(offer.id, AgentId("amina"), ""))
    desk.sign_in("boris")
    view = item_view(desk.state, desk.state.items[ItemId(item)])
    facts = {one.what: one for one in view.happened}
    assert facts[Happening.MENU].more != ""
    assert facts[Happening.QUEUED].name == "general"
    assert facts[Happening.OFFERED].count == 2
    assert view.story == in_english(desk.state, view.happened)
    assert "offered 2 times so far" in view.story
    assert len(view.story) == len(view.happened)


@pytest.mark.parametrize("what", Happening)
def test_every_happening_has_a_line_in_english(what: Happening) -> None:
    (line,) = in_english(Desk().state, [HappenedView(what=what, form=Form.MAIL, count=1)])
    assert line.strip() != ""


@pytest.mark.parametrize("rule", RULES)
def test_the_console_says_every_rule_of_an_offer_in_both_languages(rule: str) -> None:
    words = WORDS.read_text(encoding="utf-8")
    key = rule if rule.isalpha() else f'"{rule}"'
    assert words.count(f"    {key}: ") == 2
