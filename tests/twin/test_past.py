"""A journal gives back what came: to be replayed, and to make a model of."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core import commands as c
from router.core import events as e
from router.core.model import (
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    Channel,
    Instant,
    ItemId,
    QueueId,
)
from router.core.policy import Policy
from router.errors import PolicyError
from router.twin.contacts import Case, Contact, Presence
from router.twin.demand import Demand, Times, case_of
from router.twin.fitted import with_kinds_of
from router.twin.line import Line
from router.twin.past import Past
from router.twin.recorded import read_recorded
from router.twin.replications import run_one
from router.twin.simulation import Ending, Result, Simulation
from tests.core.order_town import order_town
from tests.core.town import OPEN, Desk
from tests.twin.line_of_events import LineOfEvents

AMINA = AgentId("amina")
ROADS = QueueId("roads")
END = OPEN + 6 * HOUR


def told(events: list[e.AnyEvent]) -> Past:
    past = Past()
    past.note(events)
    return past


def test_a_morning_of_the_real_engine_is_read_back() -> None:
    desk = Desk()
    desk.sign_in("amina")
    desk.call("ONE", "1", "2", caller="x")
    begun = desk.now
    desk.answer("amina")
    answered = desk.now
    desk.keep_alive(3 * MINUTE)
    desk.do(c.FinishHandling(item_id=ItemId("ONE"), agent_id=AMINA))
    desk.do(c.CloseItem(item_id=ItemId("ONE"), agent_id=AMINA, code="answered"))
    closed = desk.now
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AWAY, reason="break"))
    gone = desk.now
    past = told(desk.story)
    (result,) = past.results(desk.policy)
    assert result.contact.channel is Channel.VOICE
    assert result.contact.at <= begun
    assert result.ending is Ending.ANSWERED
    assert result.contact.at + result.waited <= answered
    assert result.contact.work == closed - (result.contact.at + result.waited)
    assert [(each.agent, each.end) for each in past.case(desk.policy).presences] == [(AMINA, gone)]


class Written(LineOfEvents):
    """A line that keeps its events."""

    def __init__(self, policy: Policy, now: Instant) -> None:
        self.story: list[e.Event] = []
        super().__init__(policy, now)

    def _fold(self, event: e.Event) -> None:
        self.story.append(event)
        super()._fold(event)


def written(policy: Policy, case: Case) -> tuple[list[Result], Past]:
    """Return what became of everybody, and what a journal of it tells."""
    line = Written(policy, case.begin)
    results = Simulation(policy, case, cast("Line", line)).run()
    return results, told(line.story)  # type: ignore[arg-type]


def pool(agents: int) -> Policy:
    policy = order_town([0, 0, 0, 0], agent_order=(), staff=[("roads",)] * agents)
    rule = replace(policy.queues[ROADS], length_max=0, wait_max=0, fates={})
    return replace(policy, queues={ROADS: rule})


calls = st.lists(
    st.tuples(st.integers(1, 7000), st.integers(1, 900), st.none() | st.integers(1, 600)),
    min_size=1,
    max_size=25,
    unique_by=lambda each: each[0],
)


@settings(max_examples=40, deadline=None)
@given(calls, st.integers(1, 3))
def test_a_replay_of_what_a_run_wrote_is_that_run(
    given_calls: list[tuple[int, int, int | None]], agents: int
) -> None:
    policy = pool(agents)
    contacts = tuple(
        Contact(
            OPEN + at * SECOND, ROADS, Channel.VOICE, "en", work * SECOND,
            None if patience is None else patience * SECOND,
        )
        for at, work, patience in sorted(given_calls)
    )  # fmt: skip
    presences = tuple(Presence(agent, OPEN, END) for agent in policy.agents)
    case = Case(OPEN, END, contacts, presences)
    results, past = written(policy, case)
    assert results == Simulation(policy, case).run()  # the line of two rows
    first = sorted(results, key=lambda each: each.contact.at)
    again = sorted(Simulation(policy, past.case(policy)).run(), key=lambda each: each.contact.at)
    assert [each[1:] for each in again] == [each[1:] for each in first]
    seen = sorted(past.results(policy), key=lambda each: each.contact.at)
    assert [each[1:] for each in seen] == [each[1:] for each in first]


def seen(at: int, work_s: float, ending: Ending = Ending.ANSWERED, wait_s: int = 0) -> Result:
    contact = Contact(at, ROADS, Channel.VOICE, "en", round(work_s * SECOND))
    return Result(contact, ending, wait_s * SECOND, 30 * SECOND)


def test_a_model_has_the_rates_times_and_patience_that_were_seen() -> None:
    day = 24 * HOUR
    results = [
        *(seen(OPEN + n * MINUTE, 100 + n) for n in range(15)),
        *(seen(OPEN + 7 * day + n * MINUTE, 100) for n in range(5)),
        seen(OPEN + day, 1, Ending.GAVE_UP, wait_s=400),
    ]
    empty = Demand(OPEN - 10 * HOUR, OPEN + 14 * HOUR, 1, (), (), 0.0)
    fitted = with_kinds_of(empty, results, "America/Toronto")
    (kind,) = fitted.kinds
    assert sum(piece.expected for piece in kind.pieces) == pytest.approx(10)  # two Mondays: 20
    assert {piece.begin for piece in kind.pieces} == {OPEN}
    assert kind.patience == Times(400.0, deviation=0.0)
    assert set(kind.handling.samples) == {100.0 + n for n in range(15)}
    counts = Counter(len(case_of(fitted, seed).contacts) for seed in range(40))
    assert 8 < sum(n * times for n, times in counts.items()) / 40 < 12
    with pytest.raises(ValueError, match="nothing has come yet"):
        with_kinds_of(empty, [], "America/Toronto")


def test_a_csv_is_read_and_its_mistakes_are_told(tmp_path: Path) -> None:
    policy = pool(1)
    right = tmp_path / "calls.csv"
    right.write_text(
        "at,queue,channel,handle_s,waited_s,answered\n"
        "2026-11-23T10:00:00,roads,voice,120,5,yes\n"
        "2026-11-23T10:01:00-05:00,roads,chat,0,90,no\n"
    )
    first, second = read_recorded(right, policy)
    assert first.contact == Contact(OPEN, ROADS, Channel.VOICE, "en", 120 * SECOND)
    assert (first.ending, first.waited) == (Ending.ANSWERED, 5 * SECOND)
    assert second.contact.at == OPEN + MINUTE
    assert (second.ending, second.contact.patience) == (Ending.GAVE_UP, 90 * SECOND)
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(
        "at,queue,channel,handle_s,answered\n"
        "10:00,road,fax,-1,perhaps\n"
        "2026-11-23T10:00:00,roads,voice,60,\n"
    )
    with pytest.raises(PolicyError) as told_of:
        read_recorded(wrong, policy)
    lines = str(told_of.value).split("\n")
    assert [line.removeprefix(f"{wrong}:").split(" ")[0] for line in lines] == [
        "2:1", "2:3", "2:4", "2:5", "2:2",
    ]  # fmt: skip
    assert "did you mean 'roads'?" in lines[-1]
    (tmp_path / "bare.csv").write_text("when,queue\n")
    with pytest.raises(PolicyError, match="1:1 at: the column is missing"):
        read_recorded(tmp_path / "bare.csv", policy)


def test_what_came_to_queues_that_are_gone_is_left_out() -> None:
    policy = pool(1)
    presences = (Presence(AgentId("a00"), OPEN, END),)
    contact = Contact(OPEN + SECOND, ROADS, Channel.VOICE, "en", MINUTE)
    _, past = written(policy, Case(OPEN, END, (contact,), presences))
    assert len(past.results(policy)) == 1
    assert past.results(replace(policy, queues={})) == []
    assert past.case(replace(policy, queues={})).contacts == ()


def test_who_works_on_after_they_were_to_go_is_busy_for_no_more_than_all_of_their_time() -> None:
    policy = pool(1)
    left_in_wrap_up = Contact(OPEN, ROADS, Channel.VOICE, "en", 11 * MINUTE)
    (agent,) = policy.agents
    there = Presence(agent, OPEN, OPEN + 10 * MINUTE)
    case = Case(OPEN, OPEN + 10 * MINUTE, (left_in_wrap_up,), (there,))
    figures = run_one(policy, case, 0)
    assert figures.occupancy == pytest.approx(1.0)
    assert figures.there[agent] == 11 * MINUTE
