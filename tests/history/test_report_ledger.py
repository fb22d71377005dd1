"""What reports keep of a story is what a reader with a pencil writes down of it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from router.core import commands as c
from router.core import commands_calls as k
from router.core import events as e
from router.core.model import (
    DAY,
    HOUR,
    SECOND,
    AgentId,
    AgentStatus,
    FlowId,
    Form,
    ItemId,
    ItemState,
    LegResult,
    PolicyHash,
    QueueId,
)
from router.history.report_ledger import FactLedger
from router.history.report_rows import HandlingFact, ItemFact, ResultFact
from tests.core.entry_traffic import AGENTS, Traffic, busy_town
from tests.core.town import Desk
from tests.history.report_pencil import Pencil
from tests.history.test_feeder import life, received
from tests.runtime.test_text_report import Letters

from .conftest import START

TORONTO = ZoneInfo("America/Toronto")


class Talks(Traffic):
    """Traffic in which agents hold, ask third parties, ring back and write notes as well."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._doings += [
            *[self._room] * 2,
            *[self._hold] * 2,
            self._resume,
            *[self._consult] * 2,
            *[self._third] * 2,
            *[self._hand_over] * 3,
            self._promise,
            *[self._resident] * 2,
            self._give_back,
            self._hang_up_as_agent,
        ]

    def _in_hand(self, *states: ItemState) -> tuple[ItemId, AgentId] | None:
        for item in self._items(Form.CALL, Form.CALLBACK):
            if item.agent is not None and item.state in states:
                return item.id, item.agent
        return None

    def _room(self) -> None:
        for item in self._items(Form.CALL, Form.CALLBACK):
            self.desk.do(c.NoteRoom(item.id, f"room-{item.id}"))

    def _hold(self) -> None:
        if found := self._in_hand(ItemState.HANDLING):
            self.desk.do(c.HoldItem(*found))

    def _resume(self) -> None:
        if found := self._in_hand(ItemState.HELD):
            self.desk.do(c.ResumeItem(*found))

    def _consult(self) -> None:
        if found := self._in_hand(ItemState.HANDLING, ItemState.HELD):
            kind = self.chance.choice(["queue", "agent", "contact"])
            self.desk.do(
                k.ConsultItem(
                    *found,
                    to_queue=QueueId("roads") if kind == "queue" else None,
                    to_agent=self.chance.choice(AGENTS) if kind == "agent" else None,
                    to_contact="officer" if kind == "contact" else "",
                )
            )

    def _third(self) -> None:
        for item in self._items(Form.CALL, Form.CALLBACK):
            if item.id in self.desk.state.consults:
                key = self.desk.state.consults[item.id].key
                result = self.chance.choice((LegResult.ANSWERED,) * 3 + (LegResult.BUSY,))
                self.desk.do(c.ReportLeg(item.id, "third", f"T{self._turn}", result, key))
                return

    def _hand_over(self) -> None:
        self._accept()
        self._pick_up()
        self._room()
        self._consult()
        self.desk.wait(self.chance.randrange(20 * SECOND))
        self._third()
        if found := self._in_hand(ItemState.HANDLING, ItemState.HELD):
            self.desk.do(k.CompleteTransfer(*found))

    def _promise(self) -> None:
        if found := self._in_hand(ItemState.HANDLING):
            self.desk.do(k.PromiseCallback(*found))

    def _resident(self) -> None:
        for item in self._items(Form.CALLBACK):
            if item.state is ItemState.HANDLING:
                result = self.chance.choice((LegResult.ANSWERED,) * 2 + (LegResult.NO_ANSWER,))
                leg = c.ReportLeg(item.id, "resident", f"R{self._turn}", result, item.resident_dial)
                self.desk.do(leg)
                return

    def _give_back(self) -> None:
        if found := self._in_hand(ItemState.HANDLING):
            self.desk.do(c.ReturnItem(*found))

    def _hang_up_as_agent(self) -> None:
        if found := self._in_hand(ItemState.HANDLING):
            self.desk.do(c.FinishHandling(*found))


def folded(desk: Desk) -> FactLedger:
    ledger = FactLedger(TORONTO)
    for position, event in enumerate(desk.story, 1):
        ledger.fold(position, event)
    return ledger


def go_home(desk: Desk) -> None:
    for agent in list(desk.state.agents.values()):
        if agent.lease_until is not None:
            desk.do(c.SignOut(agent_id=agent.id))


def same_as_written_down(desk: Desk) -> FactLedger:
    go_home(desk)
    ledger, pencil = folded(desk), Pencil(desk.story, desk.state.policies)
    kept = [
        (
            x.item,
            x.queue,
            x.agent,
            x.began_at,
            x.ended_at,
            not x.unreached,
            x.talked,
            x.held,
            x.noted,
        )
        for x in ledger.handlings.values()
        if x.ended_at is not None
    ]
    written = [
        (x.item, x.queue, x.agent, x.began_at, x.ended_at, x.reached, *x.spans.values())
        for x in pencil.handlings
        if x.ended_at is not None
    ]
    assert sorted(kept) == sorted(written)
    assert len(ledger.handlings) == len(pencil.handlings)
    times = {
        key: {"worked": row.worked, "ready": row.ready, "away": row.away}
        for key, row in ledger.presences.times.items()
    }
    assert times == {key: row for key, row in pencil.times.items() if any(row.values())}
    ends = {id_: (row.ending, row.ended_at) for id_, row in ledger.items.items() if row.ending}
    assert {
        id_: ("closed" if ending == "merged" else ending, at) for id_, (ending, at) in ends.items()
    } == pencil.ends
    return ledger


@given(st.integers(0, 10_000), st.integers(50, 500))
@settings(max_examples=25)
def test_calls_and_chats_are_kept_as_they_were(seed: int, doings: int) -> None:
    talks = Talks(seed)
    talks.go_on(doings)
    same_as_written_down(talks.desk)


@given(st.integers(0, 10_000), st.integers(50, 300))
@settings(max_examples=15)
def test_mail_and_forms_are_kept_as_they_were(seed: int, doings: int) -> None:
    letters = Letters(seed)
    letters.go_on(doings)
    same_as_written_down(letters.desk)


def test_the_traffic_leaves_every_kind_of_ending() -> None:
    endings: set[str] = set()
    for seed in range(12):
        talks = Talks(seed)
        talks.go_on(500)
        ledger = same_as_written_down(talks.desk)
        endings |= {row.ending for row in ledger.handlings.values()}
        endings |= {f"held {row.held > 0}" for row in ledger.handlings.values()}
        endings |= {type(x).__name__ for x in talks.desk.story if isinstance(x, e.ConsultCompleted)}
    assert endings >= {
        "closed",
        "transferred",
        "returned",
        "left",
        "deferred",
        "held True",
        "ConsultCompleted",
    }


def test_a_colleague_who_was_asked_has_the_item_in_the_queue_of_which_they_were_asked() -> None:
    desk = Desk(busy_town())
    desk.sign_in("amina")
    item = desk.call("a", "1", "2", caller="a")
    desk.answer("amina")
    desk.do(c.NoteRoom(item, "room"))
    desk.sign_in("chloe")
    desk.keep_alive(60 * SECOND)
    desk.do(k.ConsultItem(item, AgentId("amina"), to_queue=QueueId("roads")))
    desk.wait(5 * SECOND)
    key = desk.state.consults[item].key
    desk.do(c.ReportLeg(item, "third", "T", LegResult.ANSWERED, key))
    desk.wait(10 * SECOND)
    desk.do(k.CompleteTransfer(item, AgentId("amina")))
    desk.keep_alive(20 * SECOND)
    desk.do(c.CloseItem(item, AgentId("chloe"), code="answered"))
    ledger = same_as_written_down(desk)
    first, second = ledger.handlings.values()
    assert (first.agent, first.ending, first.talked) == ("amina", "transferred", 75 * SECOND)
    assert (second.agent, second.ending, second.talked) == ("chloe", "closed", 20 * SECOND)
    assert (first.queue, second.queue) == ("general", "roads")
    assert ledger.items[item].passed_on == 1
    worked = sum(x.worked for x in ledger.presences.times.values() if x.agent == "chloe")
    assert worked == 35 * SECOND  # rung, asked and talking


def only_facts(ledger: FactLedger) -> tuple[ItemFact, ResultFact, HandlingFact]:
    (result,), (handling,) = ledger.results.values(), ledger.handlings.values()
    return ledger.items["A"], result, handling


def test_what_becomes_known_of_an_item_holds_for_all_its_facts() -> None:
    """A form of the north ward turns out to be about the east, and to be another matter."""
    events = life("A", START)
    events[0] = received("A", START, attributes=(("ward", "north"),))
    events += [
        e.ItemReopened(at=START + DAY, item=ItemId("A"), by="sam", reason="again"),
        e.RuleUndone(
            at=START + DAY, item=ItemId("A"), rule="r", by=AgentId("sam"), reason="", subject="snow"
        ),
        e.FlowMoved(
            at=START + DAY, item=ItemId("A"), flow=FlowId("f"), policy=PolicyHash("p"), node="n",
            step=1, tries=0, trail=(), due=None, attributes=(("ward", "east"),),
        ),
    ]  # fmt: skip
    ledger = FactLedger(TORONTO)
    for position, event in enumerate(events[:11], 1):
        ledger.fold(position, event)
    item, result, handling = only_facts(ledger)
    assert {(x.category, x.ward) for x in (item, result, handling)} == {("pothole", "north")}
    assert (item.ending, item.ended_day, item.handlings, item.reopened) == (
        "closed",
        "2026-11-18",
        1,
        0,
    )
    assert (handling.talked, handling.noted, handling.day) == (
        100 * SECOND,
        10 * SECOND,
        "2026-11-18",
    )
    for position, event in enumerate(events[11:], 12):
        ledger.fold(position, event)
    item, result, handling = only_facts(ledger)
    assert {(x.category, x.ward) for x in (item, result, handling)} == {("snow", "east")}
    assert (item.ending, item.ended_day, item.ended_at, item.reopened) == ("", "", None, 1)


def test_of_an_item_whose_beginning_nobody_read_only_what_was_counted_is_kept() -> None:
    ledger = FactLedger(TORONTO)
    for position, event in enumerate(life("A", START)[1:], 2):
        ledger.fold(position, event)
    assert (ledger.items, ledger.handlings) == ({}, {})
    (result,) = ledger.results.values()
    assert (result.result, result.category, result.agent) == ("answered", "", "")


def test_time_that_nobody_ran_is_worked_by_nobody() -> None:
    ledger = FactLedger(TORONTO)
    at_nine = START - START % HOUR
    events: list[e.AnyEvent] = [
        e.AgentSignedIn(at=at_nine, agent=AgentId("ann"), desk="d", lease_until=at_nine),
        e.AgentStatusSet(
            at=at_nine, agent=AgentId("ann"), status=AgentStatus.AVAILABLE, reason="",
            after_item=False,
        ),
        e.ServiceResumed(
            at=at_nine + HOUR, since=at_nine + 10 * SECOND, leases_until=at_nine, offers_extended=0
        ),
        e.AgentSignedOut(at=at_nine + HOUR + 5 * SECOND, agent=AgentId("ann"), reason="lease-lost"),
    ]  # fmt: skip
    for position, event in enumerate(events, 1):
        ledger.fold(position, event)
    assert {key[1] - at_nine: row.ready for key, row in ledger.presences.times.items()} == {
        0: 10 * SECOND,
        HOUR: 5 * SECOND,
    }
