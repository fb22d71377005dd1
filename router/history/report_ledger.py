"""What an event means for reports: what was counted, handled, and how an item ended.

Pure: rows in, rows out. `FactLedger` holds the rows of the items of one page of the journal, all of
them; `fold` changes them. What becomes known of an item later, its category say, holds for all its
facts. No resident's word is here: events have none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from router.core import events as e
from router.core.model import ENDED, Channel, Form, Instant, ItemState
from router.core.service_level import day_in
from router.core.tallies import interval_of
from router.history.presence import Presences
from router.history.report_rows import (
    AgentFact,
    HandlingFact,
    ItemFact,
    Presence,
    RatingFact,
    ResultFact,
)

WARD: Final = "ward"  # the attribute that flows and forms set
MERGED: Final = "merged"
TRANSFERRED: Final = "transferred"
# how many telephones must be answered before two people talk
TELEPHONES: Final = {Form.CALL.value: 1, Form.CALLBACK.value: 2}
LEGS: Final = frozenset({"agent", "resident"})
ENDS: Final[dict[type[e.Event], str]] = {
    e.ItemClosed: "closed",
    e.ItemAbandoned: "abandoned",
    e.ItemDiverted: "diverted",
    e.ItemShunted: "shunted",
}
# what ends an agent's work on an item, and how that is called
LET_GO: Final[dict[type[e.Event], str]] = {
    e.FlowMoved: "left",
    e.ItemQueued: "left",
    e.ItemDeferred: "deferred",
    e.ItemParked: "parked",
    e.ItemReturned: "returned",
    **ENDS,
}
PHASES: Final[dict[type[e.Event], str]] = {
    e.ItemHeld: "held",
    e.ItemResumed: "talked",
    e.WrapUpStarted: "noted",
}


class FactLedger:
    """Begins with what is stored of the items of the page, and of all agents."""

    def __init__(
        self,
        zone: ZoneInfo,
        items: Iterable[ItemFact] = (),
        results: Iterable[ResultFact] = (),
        handlings: Iterable[HandlingFact] = (),
        ratings: Iterable[RatingFact] = (),
        presences: Iterable[Presence] = (),
        times: Iterable[AgentFact] = (),
    ) -> None:
        self.zone = zone  # in which days are counted; whoever folds sets it when it changes
        self.items = {row.id: row for row in items}
        self.results = {(row.item, row.position): row for row in results}
        self.handlings = {(row.item, row.number): row for row in handlings}
        self.ratings = {row.item: row for row in ratings}
        self.presences = Presences(presences, times, self.day_of)

    def day_of(self, instant: Instant) -> str:
        """Return the day of the town."""
        return day_in(self.zone, instant)

    def fold(self, position: int, event: e.Event) -> None:
        """Take the event in; `position` is its number in the journal, from 1.

        Of an item whose beginning was read by nobody only what was counted is kept.
        """
        self.presences.fold(event)
        if isinstance(event, e.ItemReceived):
            self._received(event)
            return
        if isinstance(event, e.ServiceLevelCounted):
            self._counted(position, event)
            return
        item = self.items.get(getattr(event, "item", "") or "")
        if item is None:
            return
        kind = type(event)
        if kind in PHASES:
            self._phase(item, event.at, PHASES[kind])
        if kind in LET_GO:
            self._let_go(item, event.at, LET_GO[kind])
        change = CHANGES.get(kind)
        if change is not None:
            self.items[item.id] = change(self, self.items[item.id], event)
            self._refile(item, self.items[item.id])

    # --- facts of an item ------------------------------------------------------------------------

    def _received(self, ev: e.ItemReceived) -> None:
        self.items[ev.item] = ItemFact(
            id=ev.item,
            channel=ev.channel.value,
            form=ev.form.value,
            category=ev.subject,
            ward=dict(ev.attributes).get(WARD, ""),
            received_at=ev.at,
            received_day=self.day_of(ev.at),
        )

    def _counted(self, position: int, ev: e.ServiceLevelCounted) -> None:
        item, handling = self.items.get(ev.item), self._handling(ev.item)
        answered = handling is not None and ev.result.startswith("answered")
        self.results[ev.item, position] = ResultFact(
            item=ev.item,
            position=position,
            day=ev.day,
            queue=ev.queue,
            channel=(ev.channel or Channel.VOICE).value,
            result=ev.result,
            category=item.category if item is not None else "",
            ward=item.ward if item is not None else "",
            agent=handling.agent if handling is not None and answered else "",
            interval=ev.interval or interval_of(ev.at - ev.waited),
            counted_at=ev.at,
            waited=ev.waited,
            within=ev.within,
        )

    def _refile(self, before: ItemFact, item: ItemFact) -> None:
        """Let all facts of the item count where it belongs now."""
        if (before.category, before.ward) == (item.category, item.ward):
            return
        facts: tuple[dict[Any, Any], ...] = (self.results, self.handlings, self.ratings)
        for rows in facts:
            for key, row in rows.items():
                if row.item == item.id:
                    rows[key] = replace(row, category=item.category, ward=item.ward)

    # --- handling --------------------------------------------------------------------------------

    def _handling(self, item_id: str) -> HandlingFact | None:
        item = self.items.get(item_id)
        return self.handlings.get((item_id, item.in_hand)) if item is not None else None

    def begin(self, item: ItemFact, agent: str, at: Instant, unreached: int) -> ItemFact:
        """Return the item in the agent's hands."""
        number = item.numbers + 1
        self.handlings[item.id, number] = HandlingFact(
            item=item.id,
            number=number,
            day="",
            queue=item.queue,
            channel=item.channel,
            category=item.category,
            ward=item.ward,
            agent=agent,
            began_at=at,
            unreached=unreached,
            phase="talked",
            phase_since=at,
        )
        self.presences.take(agent, at)
        reached = item.handlings + (unreached == 0)
        return replace(item, in_hand=number, numbers=number, agent=agent, handlings=reached)

    def mark(self, item: ItemFact, **changes: Any) -> None:
        """Change the open handling of the item, if it is in anybody's hands."""
        row = self._handling(item.id)
        if row is not None:
            self.handlings[item.id, row.number] = replace(row, **changes)

    def _phase(self, item: ItemFact, at: Instant, phase: str) -> None:
        row = self._handling(item.id)
        if row is None:
            return
        spent = {row.phase: getattr(row, row.phase) + at - row.phase_since}
        self.mark(item, phase=phase, phase_since=at, **spent)

    def _let_go(self, item: ItemFact, at: Instant, ending: str) -> None:
        row = self._handling(item.id)
        if row is None:
            return
        self._phase(item, at, "")
        self.mark(item, ended_at=at, day=self.day_of(at), ending=row.ending or ending)
        self.presences.let_go(row.agent, at)
        self.items[item.id] = replace(item, in_hand=0)

    def reach(self, item: ItemFact, ev: e.LegChanged) -> ItemFact:
        """One more telephone was answered; a resident on the line makes a callback a call."""
        row = self._handling(item.id)
        if row is None or not ev.connected or ev.leg not in LEGS or not row.unreached:
            return item
        self.mark(item, unreached=row.unreached - 1)
        form = Form.CALL.value if ev.leg == "resident" else item.form
        return replace(item, form=form, handlings=item.handlings + (row.unreached == 1))

    def pass_on(self, item: ItemFact) -> ItemFact:
        """The agent hands the item to somebody else; what follows ends their work on it."""
        self.mark(item, ending=TRANSFERRED)
        return replace(item, passed_on=item.passed_on + 1)

    def ask(self, item: ItemFact, ev: e.ConsultBegun) -> ItemFact:
        """Somebody is rung about the item; a colleague has it to do with that from now on."""
        if ev.agent is not None:
            self.presences.take(ev.agent, ev.at)
        return replace(item, asked=ev.agent or "", asked_of=ev.queue or "")

    def asked(self, item: ItemFact, ev: e.ConsultEnded | e.ConsultCompleted) -> ItemFact:
        """Nobody is asked any more."""
        if item.asked:
            self.presences.let_go(item.asked, ev.at)
        return replace(item, asked="", asked_of="")

    def hand_over(self, item: ItemFact, ev: e.ConsultCompleted) -> ItemFact:
        """A colleague who was asked has the item, or somebody outside has the talk."""
        item, asked_of = self.pass_on(self.asked(item, ev)), item.asked_of
        if ev.agent is None:
            return item
        self._let_go(item, ev.at, TRANSFERRED)
        item = replace(item, in_hand=0, queue=asked_of or item.queue, form=Form.CALL.value)
        return self.begin(item, ev.agent, ev.at, 0)

    def rate(self, item: ItemFact, ev: e.ChatRated) -> ItemFact:
        """The resident said how it was."""
        self.ratings[item.id] = RatingFact(
            item=item.id,
            day=self.day_of(ev.at),
            queue=item.queue,
            channel=item.channel,
            category=item.category,
            ward=item.ward,
            agent=item.agent,
            score=ev.score,
            rated_at=ev.at,
        )
        return item

    def end(self, item: ItemFact, ev: e.Event) -> ItemFact:
        """The item is over; one that was merged is dealt with elsewhere."""
        ending = ENDS[type(ev)]
        if isinstance(ev, e.ItemClosed) and ev.outcome == MERGED:
            ending = MERGED
        return replace(item, ended_at=ev.at, ended_day=self.day_of(ev.at), ending=ending)


def _moved(_: FactLedger, item: ItemFact, ev: e.FlowMoved) -> ItemFact:
    return replace(
        item,
        category=ev.subject or item.category,
        ward=dict(ev.attributes).get(WARD, item.ward),
        queue=ev.queue or item.queue,
    )


def _placed(_: FactLedger, item: ItemFact, ev: e.ItemQueued | e.ItemDeferred) -> ItemFact:
    return replace(item, queue=ev.queue, form=ev.form.value)


def _handled(ledger: FactLedger, item: ItemFact, ev: e.HandlingStarted) -> ItemFact:
    return ledger.begin(item, ev.agent, ev.at, TELEPHONES.get(item.form, 0))


def _ruled(_: FactLedger, item: ItemFact, ev: e.RuleApplied | e.RuleUndone) -> ItemFact:
    return replace(item, category=ev.subject or item.category)


def _open_again(item: ItemFact) -> ItemFact:
    return replace(item, ended_at=None, ended_day="", ending="")


def _reopened(_: FactLedger, item: ItemFact, __: e.ItemReopened) -> ItemFact:
    was_over = item.ending != "shunted"  # what is set aside waits for a person
    return replace(_open_again(item), reopened=item.reopened + was_over)


def _unmerged(_: FactLedger, item: ItemFact, ev: e.ItemUnmerged) -> ItemFact:
    stays_over = not ev.back_as or ItemState(ev.back_as) in ENDED
    return item if stays_over else _open_again(item)


Change = Callable[[FactLedger, ItemFact, Any], ItemFact]
CHANGES: Final[dict[type[e.Event], Change]] = {
    e.FlowMoved: _moved,
    e.ItemQueued: _placed,
    e.ItemDeferred: _placed,
    e.RuleApplied: _ruled,
    e.RuleUndone: _ruled,
    e.CallbackBooked: lambda _, item, ev: replace(item, form=Form.CALLBACK.value),
    e.HandlingStarted: _handled,
    e.LegChanged: FactLedger.reach,
    e.ConsultBegun: FactLedger.ask,
    e.ConsultEnded: FactLedger.asked,
    e.ConsultCompleted: FactLedger.hand_over,
    e.ItemTransferred: lambda ledger, item, ev: ledger.pass_on(item),
    e.ChatRated: FactLedger.rate,
    e.ItemReopened: _reopened,
    e.ItemUnmerged: _unmerged,
    **dict.fromkeys(ENDS, FactLedger.end),
}
