"""Chats and texts have conditions of their own: who is there for them, how long they waited."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core import policy as p
from router.core.explain import why_waiting
from router.core.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    Channel,
    Condition,
    Form,
    ItemState,
    MessageKind,
    QueueId,
    Span,
    Tempo,
)
from router.core.policy_service_level import Promise
from router.core.policy_waiting import AtRisk, LongWait
from router.core.state import State
from router.core.tempos import key_of
from tests.core.test_explain import story_of
from tests.core.text_hands import AMINA, held, merge
from tests.core.text_town import TextDesk, writing_town
from tests.core.town import NIGHT, OPEN, PLACE, rule

GENERAL, ROADS = QueueId("general"), QueueId("roads")
UNSTAFFED, AWAY, LATE = Condition.UNSTAFFED, Condition.ALL_AWAY, Condition.LATE
RISK, LONG = Condition.AT_RISK, Condition.LONG_WAIT
STAY = {"stay": (rule("sorry", "say"), rule("wait", "queue"))}
MOVE = {"move": (rule("others", "queue", queue=ROADS),)}
CLOSES = OPEN + 8 * HOUR


def kinds_town(
    fates: Mapping[Condition, str],
    chains: Mapping[str, tuple[p.FallbackRule, ...]],
    **changes: object,
) -> p.Policy:
    """The town that writes, whose general queue has these fates after a minute's absence."""
    policy = writing_town()
    night = {Condition.CLOSED: "night", Condition.EMERGENCY: "night"}
    general = policy.queues[GENERAL]
    fields: dict[str, object] = {"fates": {**night, **fates}, "absence": MINUTE, **changes}
    made = {name: p.Fallback(id=name, rules=rules) for name, rules in chains.items()}
    return replace(
        policy,
        queues={**policy.queues, GENERAL: replace(general, **fields)},
        fallbacks={**policy.fallbacks, **made},
    )


class Kinds(TextDesk):
    """Amina at work in the general queue, unless nobody is."""

    def __init__(self, policy: p.Policy, now: int = OPEN, *, staffed: bool = True) -> None:
        super().__init__(policy, now=now)
        if staffed:
            self.sign_in("amina")

    def away(self, agent: AgentId = AMINA) -> None:
        self.do(c.SetStatus(agent_id=agent, status=AgentStatus.AWAY, reason="break"))

    def busy(self, chats: int = 2) -> None:
        """Let amina have as many chats as she can hold."""
        for n in range(chats):
            self.chat(f"held{n}", conversation=f"held{n}")
            self.answer("amina")

    def walked(self, item: str) -> list[tuple[Condition, str]]:
        """Return the chains that the item followed: why, and what was done."""
        events = [x for x in self.story if isinstance(x, e.FallbackWalked) and x.item == item]
        return [(x.condition, x.action) for x in events]

    def said(self, conversation: str = "v") -> list[str]:
        """Return what the town said by itself in a chat."""
        messages = self.state.conversations[conversation].messages
        return [m.note for m in messages if m.kind is MessageKind.AUTOMATIC]

    def conditions(self, tempo: Tempo) -> tuple[Condition, ...]:
        return tuple(self.state.conditions_row(GENERAL, tempo).conditions)


# --- nobody there --------------------------------------------------------------------------------


def test_a_chat_is_told_once_when_nobody_has_been_there_for_long_enough() -> None:
    desk = Kinds(kinds_town({UNSTAFFED: "stay", AWAY: "stay"}, STAY))
    desk.busy()
    desk.chat("c1")
    desk.away()
    desk.keep_alive(MINUTE - SECOND)
    assert (desk.walked("c1"), desk.said()) == ([], [])
    desk.keep_alive(SECOND)
    assert (desk.walked("c1"), desk.said()) == ([(AWAY, "queue")], ["!stay/sorry", "!stay/wait"])
    desk.do(c.SignOut(agent_id=AMINA))
    desk.wait(MINUTE)
    assert desk.walked("c1") == [(AWAY, "queue"), (UNSTAFFED, "queue")]
    assert desk.said() == ["!stay/sorry", "!stay/wait"]
    assert desk.item("c1").state is ItemState.QUEUED


def test_who_comes_to_a_chat_that_nobody_answers_is_told_at_once_and_of_each_chat_anew() -> None:
    desk = TextDesk(kinds_town({UNSTAFFED: "stay"}, STAY))
    desk.chat("c1")
    desk.chat("c2", conversation="v2")
    texts = [
        [(m.by, m.kind, m.note) for m in desk.state.conversations[v].messages] for v in ("v", "v2")
    ]
    assert texts[0] == texts[1]
    assert texts[0][1] == ("town", MessageKind.AUTOMATIC, "!stay/sorry")


@pytest.mark.parametrize("units", [{Tempo.FAST_TEXT: 1}, {Tempo.LIVE: 1}])
def test_who_takes_one_kind_is_there_for_that_kind_alone(units: dict[Tempo, int]) -> None:
    policy = kinds_town({UNSTAFFED: "stay"}, STAY)
    only = replace(policy.capacities["standard"], id="only", units=units, exclusive=frozenset())
    amina = replace(policy.agents[AMINA], capacity="only")
    policy = replace(
        policy,
        capacities={**policy.capacities, "only": only},
        agents={**policy.agents, AMINA: amina},
    )
    desk = Kinds(policy)
    chats = Tempo.FAST_TEXT in units
    assert desk.conditions(Tempo.LIVE) == ((UNSTAFFED,) if chats else ())
    assert desk.conditions(Tempo.FAST_TEXT) == (() if chats else (UNSTAFFED,))
    desk.keep_alive(MINUTE)
    desk.chat("c1")
    assert bool(desk.walked("c1")) == (not chats)


def test_waiting_chats_are_moved_or_kept_as_the_chain_says() -> None:
    chains = {**MOVE, "later": (rule("hello", "say"), rule("keep", "defer"))}
    desk = Kinds(kinds_town({AWAY: "move", UNSTAFFED: "later"}, chains))
    desk.busy()
    desk.chat("c1")
    desk.away()
    desk.keep_alive(MINUTE)
    assert (desk.item("c1").queue, desk.item("c1").form) == (ROADS, Form.CHAT)
    desk.chat("c2", conversation="v2")
    assert desk.item("c2").queue == ROADS
    desk.do(c.SignOut(agent_id=AMINA))
    desk.wait(MINUTE)
    desk.chat("c3", conversation="v3")
    assert (desk.item("c3").form, desk.said("v3")) == (
        Form.MESSAGE,
        ["!later/hello", "!later/keep"],
    )


def test_waiting_mail_is_moved_once_nobody_has_been_there() -> None:
    desk = Kinds(kinds_town({UNSTAFFED: "move"}, MOVE))
    desk.mail("m1")
    desk.do(c.SignOut(agent_id=AMINA))
    desk.wait(MINUTE - 1)
    assert desk.item("m1").queue == GENERAL
    desk.wait(1)
    assert desk.item("m1").queue == ROADS
    desk.mail("m2", sender="bo")
    assert (desk.item("m2").queue, desk.walked("m2")) == (ROADS, [(UNSTAFFED, "queue")])


@pytest.mark.parametrize("rules", [STAY["stay"], (rule("later", "defer"),)])
def test_of_mail_that_stays_in_line_nothing_is_noted(rules: tuple[p.FallbackRule, ...]) -> None:
    desk = Kinds(kinds_town({UNSTAFFED: "c"}, {"c": rules}))
    desk.mail("m1")
    desk.do(c.SignOut(agent_id=AMINA))
    before = desk.item("m1").urgency_at
    desk.wait(2 * MINUTE)
    assert (desk.walked("m1"), desk.item("m1").urgency_at) == ([], before)


def test_after_closing_nobody_is_missed_and_in_the_morning_the_time_begins_anew() -> None:
    desk = Kinds(kinds_town({UNSTAFFED: "move"}, MOVE), now=CLOSES - MINUTE)
    desk.mail("m1")
    desk.keep_alive(2 * MINUTE)
    desk.do(c.SignOut(agent_id=AMINA))
    desk.wait(14 * HOUR - MINUTE - SECOND)
    assert desk.conditions(Tempo.SLOW_TEXT) == ()
    desk.wait(SECOND)  # 8:00
    row = desk.state.conditions_row(GENERAL, Tempo.SLOW_TEXT)
    assert (row.conditions, row.lasts_at) == ((UNSTAFFED,), desk.now + MINUTE)
    desk.mail("m2", sender="bo")
    assert {desk.item(m).queue for m in ("m1", "m2")} == {GENERAL}
    desk.wait(MINUTE)
    assert {desk.item(m).queue for m in ("m1", "m2")} == {ROADS}


def test_those_on_call_are_told_of_a_mail_once_by_day() -> None:
    policy = kinds_town({UNSTAFFED: "tell", AWAY: "tell"}, {})
    tell = rule("tell", "page", targets=("on_call",), urgent=True)
    chain = p.Fallback(id="tell", rules=(tell, rule("wait", "queue")))
    desk = Kinds(replace(policy, fallbacks={**policy.fallbacks, "tell": chain}))
    desk.mail("m1")
    desk.away()
    desk.keep_alive(MINUTE)
    assert (desk.sent("page"), desk.item("m1").state) == (["page m1 3"], ItemState.QUEUED)
    desk.do(c.SignOut(agent_id=AMINA))
    desk.wait(2 * MINUTE)
    assert len(desk.sent("page")) == 1


def test_without_a_chain_nothing_is_noted_of_chats_and_texts() -> None:
    desk = Kinds(kinds_town({}, {}))
    desk.away()
    assert desk.state.kinds == {}
    chatless = replace(kinds_town({UNSTAFFED: "stay"}, STAY), chat=None)
    desk.adopt(chatless)
    assert set(desk.state.kinds) == {key_of(GENERAL, Tempo.SLOW_TEXT)}


def test_a_policy_without_the_chain_forgets_that_nobody_was_there() -> None:
    desk = Kinds(kinds_town({AWAY: "stay"}, STAY))
    desk.away()
    assert desk.conditions(Tempo.FAST_TEXT) == (AWAY,)
    desk.adopt(kinds_town({}, {}))
    assert desk.conditions(Tempo.FAST_TEXT) == desk.conditions(Tempo.SLOW_TEXT) == ()


def test_a_snapshot_and_a_way_back_keep_the_instants() -> None:
    desk = Kinds(kinds_town({AWAY: "stay"}, STAY))
    desk.busy()
    desk.chat("c1")
    desk.state.keep_undo()
    mark, before = desk.state.mark(), desk.state.hash()
    desk.away()
    due = desk.state.next_wakeup()
    again = State.thaw(desk.state.freeze(), desk.state.policies)
    assert (again.next_wakeup(), again.hash()) == (due, desk.state.hash())
    desk.state.back_to(mark)
    assert desk.state.hash() == before


def test_a_way_back_sets_the_timer_again_that_was_dropped_meanwhile() -> None:
    desk = Kinds(kinds_town({AWAY: "stay"}, STAY, absence=20 * SECOND))
    desk.away()
    desk.state.keep_undo()
    mark, due = desk.state.mark(), desk.state.next_wakeup()
    row = desk.state.conditions_row(GENERAL, Tempo.SLOW_TEXT)
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AVAILABLE))
    assert (row.lasts_at, desk.state.next_wakeup() == due) == (due, False)
    desk.state.back_to(mark)
    for kind in ("condition", "agent"):  # those of calls and of the lease are not of this test
        desk.state.index.timers = [x for x in desk.state.index.timers if x[1:] != (kind, GENERAL)]
    assert desk.state.next_wakeup() == due


def test_a_text_takes_nobodys_room_and_waits_over_night() -> None:
    fates = {Condition.FULL: "move", Condition.CLOSING: "move"}
    policy = kinds_town(fates, MOVE, length_max=1, last_entry=HOUR)
    desk = Kinds(policy, now=CLOSES - MINUTE, staffed=False)
    for name in ("m1", "m2"):
        desk.mail(name, sender=name)
    desk.chat("c1")
    desk.wait(HOUR)
    assert [desk.item(name).queue for name in ("m1", "m2", "c1")] == [GENERAL, GENERAL, ROADS]
    assert {desk.item(name).state for name in ("m1", "m2")} == {ItemState.QUEUED}


def test_an_outage_does_not_count_for_chats() -> None:
    desk = Kinds(kinds_town({AWAY: "stay"}, STAY))
    desk.busy()
    desk.chat("c1")
    desk.away()
    desk.now += 2 * MINUTE
    desk.do(c.ResumeService(since=desk.now - 2 * MINUTE))
    desk.keep_alive(59 * SECOND)
    assert desk.walked("c1") == []
    desk.keep_alive(SECOND)
    assert desk.walked("c1") == [(AWAY, "queue")]


def test_how_many_chats_may_wait_follows_those_who_take_chats() -> None:
    policy = kinds_town({Condition.FULL: "move"}, MOVE, length_per_agent=1)
    calls = replace(policy.capacities["standard"], id="calls", units={Tempo.LIVE: 1})
    boris = replace(policy.agents[AgentId("boris")], capacity="calls")
    policy = replace(
        policy,
        capacities={**policy.capacities, "calls": calls},
        agents={**policy.agents, boris.id: boris},
    )
    desk = Kinds(policy)
    desk.sign_in("boris")  # takes calls alone
    desk.busy()
    desk.chat("c1")
    desk.chat("c2", conversation="v2")
    assert [desk.item(name).queue for name in ("c1", "c2")] == [GENERAL, ROADS]


# --- for too long --------------------------------------------------------------------------------


def test_a_chat_is_late_after_the_longest_wait() -> None:
    desk = Kinds(kinds_town({LATE: "stay"}, STAY, wait_max=5 * MINUTE))
    desk.busy()
    desk.chat("c1")
    desk.keep_alive(5 * MINUTE - SECOND)
    assert desk.walked("c1") == []
    desk.keep_alive(10 * MINUTE)
    assert desk.walked("c1") == [(LATE, "queue")]
    assert "!stay/sorry" in desk.said()


def test_a_text_is_late_when_its_first_answer_is_overdue() -> None:
    policy = kinds_town({LATE: "move"}, MOVE, wait_max=5 * MINUTE)
    roads = policy.queues[ROADS]
    roads = replace(roads, fates={**roads.fates, LATE: "move"})
    desk = Kinds(replace(policy, queues={**policy.queues, ROADS: roads}), staffed=False)
    desk.mail("m1")
    due = desk.item("m1").due_at
    assert due is not None
    desk.wait(due - desk.now - 1)
    assert desk.item("m1").queue == GENERAL
    desk.wait(1)
    row = desk.item("m1")
    assert (row.queue, row.due_at, row.late_at) == (ROADS, due, None)
    desk.wait(DAY)  # it closes at that instant: the other queue takes it in the morning
    assert desk.walked("m1") == [(LATE, "queue"), (Condition.CLOSED, "defer")]
    assert (desk.item("m1").state, desk.item("m1").queue) == (ItemState.QUEUED, ROADS)


def test_an_overdue_text_that_an_agent_gives_back_is_late_once_more() -> None:
    desk = Kinds(kinds_town({LATE: "stay"}, STAY), staffed=False)
    desk.mail("m1")
    desk.mail("m2", sender="bo")
    desk.wait(DAY)
    held(desk, "m1")
    desk.keep_alive(2 * DAY)
    assert [(LATE, "queue")] == desk.walked("m2") != desk.walked("m1")
    desk.do(c.ReturnItem(item_id=desk.item("m1").id, agent_id=AMINA))
    desk.keep_alive(SECOND)
    assert desk.walked("m1") == [(LATE, "queue")]
    desk.keep_alive(HOUR)
    assert desk.walked("m1") == [(LATE, "queue")]


def test_what_is_merged_is_late_by_the_earlier_promise() -> None:
    desk = TextDesk(kinds_town({LATE: "stay"}, STAY))
    desk.mail("m1")
    desk.wait(DAY)
    desk.mail("m2", sender="bo")
    merge(desk, "m1", "m2")
    row = desk.item("m2")
    assert row.late_at == row.due_at == desk.item("m1").due_at
    desk.do(t.UnmergeItem(item_id=desk.item("m1").id, by=AMINA))
    row = desk.item("m2")
    assert row.late_at == row.due_at != desk.item("m1").due_at


def test_where_no_chain_follows_a_text_has_no_such_instant() -> None:
    desk = TextDesk(kinds_town({}, {}, wait_max=5 * MINUTE))
    desk.mail("m1")
    assert desk.item("m1").late_at is None


# --- strain --------------------------------------------------------------------------------------


CHATS = Promise(share=0.8, within=100 * SECOND)


def strained_town(step: p.Step, **changes: object) -> p.Policy:
    """General asks for `general`; the step lets the others help."""
    shares = AtRisk(24 * SECOND, 15 * SECOND, 80 * SECOND, 50 * SECOND, 0.8, 0.5)
    return kinds_town(
        {},
        MOVE,
        requires="general >= 4",
        steps=(step,),
        at_risk=shares,
        promises={Channel.CHAT: CHATS},
        **changes,
    )


def step(after: Span, condition: Condition, **changes: object) -> p.Step:
    fields = {"requires": "", "place": PLACE, "condition": condition, **changes}
    return p.Step(after=after, **fields)  # type: ignore[arg-type]


def test_others_help_with_chats_once_the_promise_to_the_first_chat_is_at_risk() -> None:
    desk = Kinds(strained_town(step(SECOND, RISK, adds=("roads",))))
    desk.busy()
    desk.sign_in("chloe")
    desk.chat("c1")
    desk.keep_alive(79 * SECOND)
    assert desk.item("c1").state is ItemState.QUEUED
    told = [line.text for line in why_waiting(desk.state, desk.now, desk.item("c1").id)]
    assert any("it is in 1 s, if nobody takes the first chat" in text for text in told)
    desk.keep_alive(SECOND)
    assert desk.conditions(Tempo.FAST_TEXT) == (RISK,)
    assert desk.conditions(Tempo.LIVE) == ()
    assert desk.item("c1").state is ItemState.OFFERED
    said = [x.because for x in desk.story if isinstance(x, e.ConditionEntered) and x.because]
    assert said == ["the first chat has waited 80 s of 100 s"]


def test_others_help_with_mail_once_most_of_its_time_is_over() -> None:
    lasts = {"first_response_days": 0, "first_response_span": 10 * HOUR}
    policy = strained_town(step(SECOND, RISK, adds=("roads",)), **lasts)
    desk = Kinds(policy, now=CLOSES - 4 * HOUR)
    desk.mail("m1")
    desk.mail("m2", sender="bo")
    held(desk, "m1", "m2")
    desk.sign_in("chloe")
    desk.mail("m3", sender="cy")
    desk.keep_alive(5 * HOUR)
    assert desk.item("m3").state is ItemState.QUEUED
    desk.do(c.SignOut(agent_id=AgentId("chloe")))
    desk.wait(13 * HOUR + 4 * HOUR - SECOND)  # 8 of 10 open hours are over at noon
    assert desk.conditions(Tempo.SLOW_TEXT) == ()
    desk.wait(SECOND)
    assert desk.conditions(Tempo.SLOW_TEXT) == (RISK,)
    desk.sign_in("chloe")
    assert desk.state.agents[AgentId("chloe")].offer is not None


def test_who_waited_in_a_chat_keeps_the_step_when_the_risk_is_over() -> None:
    desk = Kinds(strained_town(step(SECOND, RISK, adds=("roads",))))
    desk.busy()
    desk.chat("c1")
    desk.keep_alive(50 * SECOND)
    desk.chat("c2", conversation="v2")
    desk.keep_alive(30 * SECOND)
    desk.do(t.LeaveChat(conversation="v"))
    assert desk.conditions(Tempo.FAST_TEXT) == ()
    assert desk.item("c2").requirement == "general >= 4 or roads"


def test_a_step_by_condition_sends_chats_along_its_chain() -> None:
    desk = Kinds(strained_town(step(SECOND, RISK, chain="move")))
    desk.busy()
    desk.chat("c1")
    desk.mail("m1")
    desk.keep_alive(81 * SECOND)
    assert (desk.item("c1").queue, desk.item("m1").queue) == (ROADS, GENERAL)


@pytest.mark.parametrize("condition", [None, RISK])
def test_no_step_sends_a_text_along_a_chain(condition: Condition | None) -> None:
    lasts = {"first_response_days": 0, "first_response_span": HOUR}
    sends = p.Step(after=MINUTE, requires="", place=PLACE, condition=condition, chain="move")
    desk = Kinds(strained_town(sends, **lasts), staffed=False)
    desk.mail("m1")
    desk.chat("c1")
    desk.wait(50 * MINUTE)
    assert desk.conditions(Tempo.SLOW_TEXT) == (RISK,)
    assert [desk.item(name).queue for name in ("m1", "c1")] == [GENERAL, ROADS]


def test_a_long_wait_is_measured_for_chats_by_who_takes_chats() -> None:
    wait = LongWait(enter=6 * MINUTE, leave=4 * MINUTE)
    desk = Kinds(strained_town(step(0, LONG, adds=("roads",)), long_wait=wait))
    desk.busy()
    for n in range(3):
        desk.chat(f"c{n}", conversation=f"v{n}")
    assert LONG in desk.conditions(Tempo.FAST_TEXT)
    assert LONG not in desk.conditions(Tempo.SLOW_TEXT)
    desk.sign_in("chloe")
    assert desk.item("c0").state is ItemState.OFFERED


def test_the_story_of_a_text_names_no_step_that_does_not_count() -> None:
    wait = LongWait(enter=6 * MINUTE, leave=4 * MINUTE)
    desk = Kinds(strained_town(step(0, LONG, adds=("roads",)), long_wait=wait))
    desk.mail("m1")
    told = [text for text, _ in story_of(desk, desk.item("m1").id)]
    assert "joined queue general as mail, step 0" in [text.partition(", not")[0] for text in told]
    desk = Kinds(kinds_town({AWAY: "move"}, MOVE))
    desk.mail("m1")
    desk.away()
    desk.keep_alive(MINUTE)
    told = [text for text, _ in story_of(desk, desk.item("m1").id)]
    assert "queue general is all_away for texts: has to last 60 s to count" in told
    assert "queue general has been all_away for texts for long enough" in told
    assert not [text for text in told if "all_away: has" in text or "for chats" in text]


def test_at_night_a_chat_is_kept_and_nobody_is_told_that_nobody_is_there() -> None:
    desk = Kinds(kinds_town({UNSTAFFED: "stay"}, STAY), now=NIGHT, staffed=False)
    desk.chat("c1")
    assert (desk.item("c1").state, desk.said()) == (ItemState.DEFERRED, ["!night/keep"])
