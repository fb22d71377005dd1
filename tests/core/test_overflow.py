"""Full while waiting, language gaps, the last minutes before closing: conditions of their own."""

from __future__ import annotations

from router.core import commands as c
from router.core import events as e
from router.core import policy as p
from router.core.flows.presentation import caller_script
from router.core.flows.script import Dial, Record
from router.core.model import (
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    Condition,
    ItemId,
    ItemState,
)
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from tests.core.test_explain import story_of
from tests.core.test_staffing import LEAVE, walked, with_fates
from tests.core.town import OPEN, Desk, rule

FULL, GAP, CLOSING = Condition.FULL, Condition.NO_LANGUAGE, Condition.CLOSING
CLOSES = OPEN + 8 * HOUR
INTERPRETER = {"interpreter": (rule("line", "transfer", targets=("officer",)), *LEAVE["leave"])}


def away(desk: Desk, name: str, status: AgentStatus = AgentStatus.AWAY) -> None:
    desk.do(c.SetStatus(agent_id=AgentId(name), status=status, reason="break"))


def fill(desk: Desk, count: int, language: str = "1") -> None:
    for index in range(count):
        desk.call(f"i{index}", language, "2", caller=str(index))
        desk.wait(SECOND)


def waiting(desk: Desk) -> list[str]:
    states = (ItemState.QUEUED, ItemState.OFFERED)
    return sorted(row.id for row in desk.state.items.values() if row.state in states)


# --- full ----------------------------------------------------------------------------------------


def test_when_the_policy_allows_fewer_to_wait_those_who_came_last_follow_the_fate() -> None:
    desk = Desk(with_fates({FULL: "leave"}, LEAVE, length_max=5))
    fill(desk, 5)
    desk.adopt(with_fates({FULL: "leave"}, LEAVE, length_max=2))
    assert waiting(desk) == ["i0", "i1"]
    assert walked(desk) == [(FULL, "voicemail")] * 3
    assert isinstance(caller_script(desk.state, ItemId("i4")).then, Record)
    desk.adopt(with_fates({FULL: "leave"}, LEAVE, length_max=7))
    assert waiting(desk) == ["i0", "i1"]


def test_where_the_fate_knows_nothing_better_than_the_line_they_stay() -> None:
    stay = {"stay": (rule("own", "queue"),)}
    desk = Desk(with_fates({FULL: "stay"}, stay, length_max=3))
    fill(desk, 3)
    desk.adopt(with_fates({FULL: "stay"}, stay, length_max=1))
    assert waiting(desk) == ["i0", "i1", "i2"]


def per_agent() -> p.Policy:
    return with_fates({FULL: "leave"}, LEAVE, length_per_agent=2)


def test_a_limit_per_agent_follows_the_staff_both_ways() -> None:
    desk = Desk(per_agent())
    desk.sign_in("amina", "boris")
    fill(desk, 5)
    assert waiting(desk) == ["i0", "i1", "i2", "i3"]
    desk.keep_alive(SECOND)
    away(desk, "boris")
    assert [x.length for x in desk.story if isinstance(x, e.QueueLimited)] == [2, 4, 2]
    assert waiting(desk) == ["i0", "i1"]
    away(desk, "amina")  # nobody: that is another condition, and it has no fate here
    assert waiting(desk) == ["i0", "i1"]
    kept = decode_frozen(encode_frozen(desk.state.freeze()))
    assert State.thaw(kept, dict(desk.state.policies)).hash() == desk.state.hash()


# --- language ------------------------------------------------------------------------------------


def bilingual(absence: int = 0) -> p.Policy:
    """Amina speaks French, Boris does not."""
    fates = {GAP: "interpreter", Condition.UNSTAFFED: "leave"}
    return with_fates(fates, {**INTERPRETER, **LEAVE}, absence=absence)


def test_staffed_but_not_in_the_callers_language_is_a_condition_of_its_own() -> None:
    desk = Desk(bilingual())
    desk.sign_in("boris")
    french = desk.call("i1", "2", "2")
    assert walked(desk) == [(GAP, "transfer")]
    assert isinstance(caller_script(desk.state, french).then, Dial)
    english = desk.call("i2", "1", "2", caller="e")
    assert desk.state.items[english].state in (ItemState.QUEUED, ItemState.OFFERED)
    nobody = Desk(bilingual())
    nobody.call("i1", "2", "2")
    assert walked(nobody) == [(Condition.UNSTAFFED, "voicemail")]


def test_it_must_last_then_those_who_wait_follow_and_the_others_stay() -> None:
    desk = Desk(bilingual(absence=20 * SECOND))
    desk.sign_in("amina", "boris")
    desk.call("i1", "2", "2", caller="f")  # Amina is offered it
    desk.call("i2", "1", "2", caller="e")
    away(desk, "amina", AgentStatus.OFFLINE)
    late = desk.call("i3", "2", "2", caller="g")
    assert desk.state.items[late].state is ItemState.QUEUED  # she may be back in a moment
    desk.keep_alive(21 * SECOND)
    assert walked(desk) == [(GAP, "transfer")] * 2
    assert waiting(desk) == ["i2"]
    texts = [text for text, _ in story_of(desk, late)]
    assert "nobody has had french for long enough" in texts
    desk.sign_in("amina")
    assert desk.state.gaps == {}


def test_who_is_back_in_time_finds_the_callers_where_they_were() -> None:
    desk = Desk(bilingual(absence=20 * SECOND))
    desk.sign_in("amina", "boris")
    desk.call("i1", "2", "2", caller="f")
    away(desk, "amina", AgentStatus.OFFLINE)
    desk.keep_alive(10 * SECOND)
    desk.sign_in("amina")
    desk.keep_alive(20 * SECOND)
    assert (waiting(desk), walked(desk)) == (["i1"], [])


def test_an_outage_is_not_held_against_a_language() -> None:
    desk = Desk(bilingual(absence=20 * SECOND))
    desk.sign_in("amina", "boris")
    away(desk, "amina", AgentStatus.OFFLINE)
    before = {key: gap.lasts_at for key, gap in desk.state.gaps.items()}
    desk.now += MINUTE
    desk.do(c.ResumeService(since=desk.now - MINUTE))
    after = {key: gap.lasts_at for key, gap in desk.state.gaps.items()}
    assert after == {key: lasts_at + MINUTE for key, lasts_at in before.items()} != {}


def test_a_policy_without_the_fate_forgets_the_gap() -> None:
    desk = Desk(bilingual(absence=20 * SECOND))
    desk.sign_in("amina", "boris")
    away(desk, "amina", AgentStatus.OFFLINE)
    desk.adopt(with_fates({Condition.UNSTAFFED: "leave"}, LEAVE))
    assert desk.state.gaps == {}


# --- closing -------------------------------------------------------------------------------------


def test_shortly_before_closing_nobody_is_let_in_any_more() -> None:
    policy = with_fates({CLOSING: "leave"}, LEAVE, last_entry=5 * MINUTE)
    desk = Desk(policy, now=CLOSES - 5 * MINUTE - SECOND)
    assert desk.state.items[desk.call("i1", "1", "2")].state is ItemState.QUEUED
    desk.wait(SECOND)
    desk.call("i2", "1", "2", caller="b")
    assert walked(desk) == [(CLOSING, "voicemail")]
