"""Whatever residents, agents, carrier and clock do in any order: nothing is lost or doubled."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from router.core import commands as c
from router.core import events as e
from router.core.apply import apply
from router.core.capacity import is_over
from router.core.engine import Engine
from router.core.flows.presentation import caller_script, wait_script
from router.core.flows.script import Ask, Dial, Record
from router.core.model import (
    ENDED,
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    Channel,
    Form,
    ItemId,
    ItemState,
    LegResult,
    LegState,
    OfferId,
    QueueId,
    Tempo,
)
from router.core.records import QueueRow
from router.core.records_town import KindRow
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from router.core.tempos import staffed_tempos
from router.errors import CommandRefused
from tests.core.absence_oracle import OF_STAFF, nobody_is_sent_on_before_absence_lasted, staff_says
from tests.core.calls_walk import CallsWalk
from tests.core.entry_oracle import every_entry_counts_once
from tests.core.strain_oracle import check_strain
from tests.core.town import OPEN, Desk
from tests.core.town_variants import TOWNS

WALKS = 120  # of one run; the deep walk has its own number
DEEP_WALKS = 2000
AGENTS = [AgentId("amina"), AgentId("boris"), AgentId("chloe")]
RESULTS = list(LegResult)
LONGEST_ABSENCE = max(queue.absence for town in TOWNS for queue in town.queues.values())
DECODER = msgspec.msgpack.Decoder(list[e.AnyEvent])


class Walk(CallsWalk):
    """What agents and the clock do in any town, and what is always true there."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.count = 0
        self.places: dict[ItemId, int] = {}
        self.read = 0  # events of the story looked at by `places_never_get_worse`

    @initialize(hour=st.integers(0, 60), undo=st.booleans(), fated=st.sampled_from((0, 1, 3)))
    def begin(self, hour: int, undo: bool, fated: int) -> None:
        self.desk = Desk(TOWNS[fated], now=OPEN + hour * 60 * MINUTE)
        if undo:
            self.desk.state.keep_undo()

    @property
    def state(self) -> State:
        return self.desk.engine.state

    def items(self, *states: ItemState) -> list[ItemId]:
        return sorted(i.id for i in self.state.items.values() if not states or i.state in states)

    def attempt(self, command: c.Command) -> None:
        before = self.state.hash()
        try:
            self.desk.do(command)
        except CommandRefused:
            assert self.state.hash() == before

    # --- residents -------------------------------------------------------------------------------

    @rule(again=st.booleans())
    def send_form(self, again: bool) -> None:
        again = again and f"form:f{self.count}" in self.state.keys  # ids come once, keys again
        self.count += not again
        self.desk.form(f"f{self.count}")

    @rule(data=st.data(), queue=st.sampled_from([None, "general", "roads", "gone"]))
    def release(self, data: st.DataObject, queue: str | None) -> None:
        found = self.items(ItemState.SHUNTED)
        if found:
            item = data.draw(st.sampled_from(found))
            to = None if queue is None else QueueId(queue)
            self.attempt(c.ReleaseShunted(item_id=item, by=AGENTS[0], queue=to))

    # --- agents ----------------------------------------------------------------------------------

    @rule(agent=st.sampled_from(AGENTS))
    def arrive(self, agent: AgentId) -> None:
        if agent in self.state.policy.agents:
            self.desk.sign_in(agent)

    @rule(agent=st.sampled_from(AGENTS))
    def go_home(self, agent: AgentId) -> None:
        self.attempt(c.SignOut(agent_id=agent))

    @precondition(lambda self: self.state.offers)
    @rule(data=st.data())
    def take_and_connect(self, data: st.DataObject) -> None:
        offer = self.state.offers[data.draw(st.sampled_from(sorted(self.state.offers)))]
        self.attempt(c.AcceptOffer(offer_id=offer.id, agent_id=offer.agent))
        row = self.state.items[offer.item]
        if row.tempo is Tempo.LIVE:
            call_id = row.agent_call_id or f"A{offer.id}"
            self.attempt(c.ReportLeg(row.id, "agent", call_id, LegResult.ANSWERED, row.agent_dial))

    @rule(
        agent=st.sampled_from(AGENTS),
        status=st.sampled_from(list(AgentStatus)),
        later=st.booleans(),
    )
    def choose_status(self, agent: AgentId, status: AgentStatus, later: bool) -> None:
        reason = "break" if status is AgentStatus.AWAY else ""
        self.attempt(c.SetStatus(agent_id=agent, status=status, reason=reason, after_item=later))

    @precondition(lambda self: self.state.offers)
    @rule(data=st.data(), how=st.sampled_from(["see", "accept", "decline", "wrong"]))
    def answer_offer(self, data: st.DataObject, how: str) -> None:
        offer = self.state.offers[data.draw(st.sampled_from(sorted(self.state.offers)))]
        if how == "see":
            self.attempt(c.SeeOffer(offer_id=offer.id, agent_id=offer.agent))
        elif how == "accept":
            self.attempt(c.AcceptOffer(offer_id=offer.id, agent_id=offer.agent))
        elif how == "decline":
            self.attempt(c.DeclineOffer(offer_id=offer.id, agent_id=offer.agent))
        else:
            other = next(a for a in AGENTS if a != offer.agent)
            self.attempt(c.AcceptOffer(offer_id=offer.id, agent_id=other))

    @rule(agent=st.sampled_from(AGENTS))
    def take_back(self, agent: AgentId) -> None:
        row = self.state.agents.get(agent)
        if row is not None and row.declined is not None:
            self.attempt(c.TakeBackDecline(offer_id=row.declined, agent_id=agent))

    @rule(
        data=st.data(), leg=st.sampled_from(["agent", "resident"]), result=st.sampled_from(RESULTS)
    )
    def report_leg(self, data: st.DataObject, leg: str, result: LegResult) -> None:
        found = self.items(ItemState.HANDLING, ItemState.HELD, ItemState.QUEUED)
        if found:
            item = data.draw(st.sampled_from(found))
            row = self.state.items[item]
            call_id = (row.agent_call_id if leg == "agent" else row.call_id) or f"L{item}"
            self.attempt(c.ReportLeg(item_id=item, leg=leg, call_id=call_id, result=result))
            self.attempt(c.NoteRoom(item_id=item, room_id=f"CF{item}"))

    @rule(
        data=st.data(),
        how=st.sampled_from(
            ["hold", "resume", "finish", "close", "return", "queue", "agent", "out"]
        ),
    )
    def work(self, data: st.DataObject, how: str) -> None:
        found = self.items(ItemState.HANDLING, ItemState.HELD, ItemState.WRAP_UP)
        if not found:
            return
        item = data.draw(st.sampled_from(found))
        agent = self.state.items[item].agent
        assert agent is not None
        other = next(a for a in AGENTS if a != agent)
        commands: dict[str, c.Command] = {
            "hold": c.HoldItem(item_id=item, agent_id=agent),
            "resume": c.ResumeItem(item_id=item, agent_id=agent),
            "finish": c.FinishHandling(item_id=item, agent_id=agent),
            "close": c.CloseItem(item_id=item, agent_id=agent, code="answered"),
            "return": c.ReturnItem(item_id=item, agent_id=agent),
            "queue": c.TransferItem(item_id=item, agent_id=agent, to_queue=QueueId("roads")),
            "agent": c.TransferItem(item_id=item, agent_id=agent, to_agent=other, keep_age=False),
            "out": c.TransferItem(item_id=item, agent_id=agent, to_contact="officer"),
        }
        self.attempt(commands[how])

    @rule(data=st.data(), done=st.booleans())
    def confirm_effect(self, data: st.DataObject, done: bool) -> None:
        if self.state.pending:
            key = data.draw(st.sampled_from(sorted(self.state.pending)))
            call_id = f"E{key}" if done else ""
            reason = data.draw(st.sampled_from(["failed", "gone"]))
            self.attempt(c.ReportEffect(key=key, done=done, reason=reason, call_id=call_id))

    @rule(number=st.integers(0, len(TOWNS) - 1))
    def adopt(self, number: int) -> None:
        self.desk.adopt(TOWNS[number])

    @rule(closed=st.booleans(), minutes=st.one_of(st.none(), st.integers(1, 30)))
    def emergency(self, closed: bool, minutes: int | None) -> None:
        until = None if minutes is None else self.desk.now + minutes * MINUTE
        self.attempt(
            c.SetEmergency(hours="office", closed=closed, until=until, reason="flood", by="boss")
        )

    @rule()
    def emergency_over(self) -> None:
        self.attempt(c.ClearEmergency(hours="office", by="boss"))

    @rule(data=st.data())
    def reopen(self, data: st.DataObject) -> None:
        found = self.items(*ENDED)
        if found:
            self.attempt(c.ReopenItem(item_id=data.draw(st.sampled_from(found)), by="resident"))

    # --- time ------------------------------------------------------------------------------------

    @rule(
        seconds=st.sampled_from([1, 5, 20, 31, 61, 300, 3600, 30000, 200000]), alive=st.booleans()
    )
    def wait(self, seconds: int, alive: bool) -> None:
        if alive and seconds <= 300:
            self.desk.keep_alive(seconds * SECOND)
        else:
            self.desk.wait(seconds * SECOND)

    @rule()
    def wait_to_the_brink(self) -> None:
        due = self.desk.engine.next_wakeup()
        if due is not None:
            self.desk.now = max(self.desk.now, due)
            self.desk.do(c.PassTime())

    @rule(gap=st.integers(1, 4000))
    def outage(self, gap: int) -> None:
        since = self.state.now
        self.desk.now += gap * SECOND
        self.desk.do(c.ResumeService(since=since))
        self.desk.wait(0)

    # --- what is always true ---------------------------------------------------------------------

    @invariant()
    def every_item_is_in_one_place(self) -> None:
        for item in self.state.items.values():
            holders = [
                a.id
                for a in self.state.agents.values()
                if any(h.item == item.id for h in a.holdings)
            ]
            offered = [o for o in self.state.offers.values() if o.item == item.id]
            buckets = self.state.index.every_bucket()
            in_bucket = [b.requirement for b in buckets for name in b if name == item.id]
            queued = item.state is ItemState.QUEUED
            assert len(in_bucket) == queued, (item, in_bucket)
            counted = self.state.index.bucket_of(item).counted if queued else None
            if queued and item.reserved_for is None and self.state.policy.turns is not None:
                assert counted is not None
                buckets = self.state.index.every_bucket()
                assert counted.waiting == sum(len(b) for b in buckets if b.counted is counted)
            if item.state is ItemState.OFFERED:
                assert sorted(holders) == sorted(o.agent for o in offered)
                assert offered
            elif item.state in (ItemState.HANDLING, ItemState.HELD, ItemState.WRAP_UP):
                assert holders == [item.agent]
            else:
                assert holders == []
                assert offered == []

    @invariant()
    def no_agent_is_over_capacity(self) -> None:
        for agent in self.state.agents.values():
            profile = self.state.index.profile_of(agent.id)
            if profile is None:
                assert agent.lease_until is None
            else:
                assert not is_over(agent, profile.capacity), agent

    @invariant()
    def offers_and_agents_agree_and_every_offer_will_end(self) -> None:
        for offer in self.state.offers.values():
            assert self.state.agents[offer.agent].offer == offer.id
            assert offer.id in self.state.items[offer.item].offers
            wakeup = self.desk.engine.next_wakeup()
            assert wakeup is not None
            assert wakeup <= offer.expires_at

    @invariant()
    def nobody_waits_while_somebody_who_could_take_it_is_free(self) -> None:
        for item in self.state.items.values():
            if item.state is not ItemState.QUEUED:
                continue
            bucket = self.state.index.bucket_of(item)
            blocked = {a for a, until in item.passed_over if until > self.state.now}
            for agent in self.state.agents.values():
                profile = self.state.index.profile_of(agent.id)
                if profile in bucket.profiles and agent.id not in blocked:
                    assert profile is not None
                    named = item.reserved_for in (None, agent.id)
                    free = item.tempo in profile.free_tempos(agent)
                    assert not (free and named), (item, agent)

    @invariant()
    def the_wakeup_never_lies(self) -> None:
        wakeup = self.desk.engine.next_wakeup()
        assert wakeup is None or wakeup >= self.desk.now or not self.desk.story
        if wakeup is not None and wakeup > self.desk.now:
            assert self.desk.engine.run(c.PassTime(), self.desk.now) == []
        for offer in self.state.offers.values():
            assert wakeup is not None
            assert wakeup <= offer.expires_at

    @invariant()
    def what_is_said_of_a_queues_staff_is_true_and_comes_into_effect(self) -> None:
        wakeup = self.desk.engine.next_wakeup()
        for queue in self.state.policy.queues.values():
            row = self.state.queues[queue.id]
            said = [x for x in row.conditions if x in OF_STAFF]
            assert said == staff_says(self.state, queue), row
            rows: list[QueueRow | KindRow] = [row]
            for tempo in staffed_tempos(self.state.policy, queue):
                kind = self.state.conditions_row(queue.id, tempo)
                said = [x for x in kind.conditions if x in OF_STAFF]
                if tempo is not Tempo.LIVE:
                    rows.append(kind)
                    says = staff_says(self.state, queue, tempo) if row.is_open else []
                    assert said == says, kind
            for each in rows:
                if each.lasts_at is not None:
                    assert wakeup is not None
                    assert wakeup <= each.lasts_at <= self.desk.now + LONGEST_ABSENCE
                    assert any(x in OF_STAFF for x in each.conditions)

    @invariant()
    def strain_is_what_the_lines_say(self) -> None:
        check_strain(self.state, self.desk.now)

    @invariant()
    def places_never_get_worse(self) -> None:
        for event in self.desk.story[self.read :]:
            if isinstance(event, e.ItemReopened | e.ItemWoken) or (
                isinstance(event, e.ItemTransferred) and not event.keep_age
            ):
                self.places.pop(event.item, None)
        self.read = len(self.desk.story)
        for item in self.state.items.values():
            if item.state in (ItemState.QUEUED, ItemState.OFFERED, ItemState.HANDLING):
                assert item.first_queued_at is not None
                assert item.queue in self.state.policy.queues or item.state is ItemState.HANDLING
                before = self.places.get(item.id)
                if item.form is Form.MESSAGE:  # what was left behind begins when it was left
                    self.places.pop(item.id, None)
                else:
                    assert before is None or item.first_queued_at <= before, item
                    self.places[item.id] = item.first_queued_at

    @invariant()
    def every_wait_has_a_deadline(self) -> None:
        for item in self.state.items.values():
            if item.state is ItemState.IN_FLOW:
                assert item.flow is not None
                assert item.flow.due is not None
            elif item.state is ItemState.QUEUED:
                assert item.reserved_for is None or item.reserved_until is not None
                assert (item.form is Form.CALLBACK) == (item.callback is not None)
                left = len(self.state.policy.queues[item.queue].steps) - item.step  # type: ignore[index]
                assert (item.step_due is not None) == (left > 0 and item.reserved_for is None), item
            elif item.state is ItemState.HANDLING and item.form in (Form.CALL, Form.CALLBACK):
                talks = item.agent_call_state is LegState.CONNECTED and item.call_id
                assert talks or item.leg_due is not None, item

    @invariant()
    def callers_on_the_line_always_hear_something(self) -> None:
        for item in self.state.items.values():
            if item.call_id and item.state not in ENDED:
                caller_script(self.state, item.id)

    def teardown(self) -> None:
        nobody_is_sent_on_before_absence_lasted(self.desk.story, self.state)
        every_entry_counts_once(self.desk.story, self.state)
        every_offer_ends_once(self.desk.story, set(self.state.offers))
        twin = Engine()
        twin.state.policies = dict(self.state.policies)
        stored = msgspec.msgpack.encode(self.desk.story)
        for event in DECODER.decode(stored):
            apply(twin.state, event)
        assert twin.state.hash() == self.state.hash()
        body = encode_frozen(self.state.freeze())
        thawed = State.thaw(decode_frozen(body), self.state.policies)
        assert thawed.hash() == self.state.hash()
        assert thawed.next_wakeup() == self.state.next_wakeup()
        assert index_of(thawed) == index_of(self.state)


class TownWalk(Walk):
    """A morning, an evening and a night of calls and forms in any order of doings."""

    @rule(
        keys=st.lists(st.sampled_from(["", "1", "2", "9", "5"]), max_size=3), who=st.integers(0, 2)
    )
    def call(self, keys: list[str], who: int) -> None:
        self.count += 1
        item = self.desk.call(f"c{self.count}", caller=f"r{who}")
        for key in keys:
            row = self.state.items[item]
            if row.state is ItemState.IN_FLOW and row.flow is not None:
                self.desk.do(c.AdvanceFlow(item_id=item, step=row.flow.step, digits=key))

    @rule(data=st.data(), digits=st.sampled_from(["", "1", "2", "9", "*"]), late=st.booleans())
    def answer_flow(self, data: st.DataObject, digits: str, late: bool) -> None:
        found = self.items(ItemState.IN_FLOW)
        if not found:
            return
        item = data.draw(st.sampled_from(found))
        then = caller_script(self.state, item).then
        if isinstance(then, Ask | Dial | Record):
            self.attempt(
                c.AdvanceFlow(
                    item_id=item,
                    step=then.step - late,
                    digits=digits,
                    result=data.draw(st.sampled_from(RESULTS)),
                    recording_ref=data.draw(st.sampled_from(["", "w_rec"])),
                )
            )

    @rule(data=st.data(), digits=st.sampled_from(["1", "3"]))
    def wait_in_line(self, data: st.DataObject, digits: str) -> None:
        found = self.items(ItemState.QUEUED, ItemState.OFFERED)
        if found:
            item = data.draw(st.sampled_from(found))
            wait_script(self.state, item)
            self.attempt(c.AskWait(item_id=item, turn=self.state.items[item].spoken_turn + 1))
            self.attempt(c.ChooseWhileWaiting(item_id=item, digits=digits))

    @rule(data=st.data())
    def hang_up(self, data: st.DataObject) -> None:
        found = [i for i in self.items() if self.state.items[i].call_id]
        if found:
            item = data.draw(st.sampled_from(found))
            call_id = self.state.items[item].call_id
            self.attempt(c.EndCall(item_id=item, call_id=call_id, reason="completed"))

    @rule(who=st.integers(0, 2))
    def book_a_callback(self, who: int) -> None:
        self.call(["1", "2"], who)
        item = ItemId(f"c{self.count}")
        self.desk.keep_alive(20 * SECOND)
        self.desk.do(c.AskWait(item_id=item, turn=self.state.items[item].spoken_turn + 1))
        self.desk.do(c.ChooseWhileWaiting(item_id=item, digits="1"))
        row = self.state.items[item]
        if row.state is ItemState.IN_FLOW and row.flow is not None:
            self.desk.do(c.AdvanceFlow(item_id=item, step=row.flow.step, digits="1"))

    @rule(data=st.data())
    def leave_waiting(self, data: st.DataObject) -> None:
        found = self.items(ItemState.QUEUED, ItemState.OFFERED)
        if found:
            item = data.draw(st.sampled_from(found))
            turn = self.state.items[item].spoken_turn + data.draw(st.integers(0, 1))
            self.attempt(c.LeaveWaiting(item_id=item, turn=turn, reason="error"))

    @rule(voice=st.booleans(), again=st.booleans())
    def set_aside(self, voice: bool, again: bool) -> None:
        again = again and f"aside:x{self.count}" in self.state.keys
        self.count += not again
        name = f"x{self.count}"
        self.attempt(
            c.ShuntArrival(
                item_id=ItemId(name),
                channel=Channel.VOICE if voice else Channel.WEBFORM,
                address_key="r1",
                contact_ref="",
                words_ref="",
                call_id=f"CA{name}" if voice else "",
                reason="our mistake",
                key=f"aside:{name}",
            )
        )

    @rule(agent=st.sampled_from(AGENTS), desk=st.sampled_from(["desk-amina", "tablet"]))
    def another_desk(self, agent: AgentId, desk: str) -> None:
        self.attempt(c.SignIn(agent_id=agent, desk=desk))

    @rule(agent=st.sampled_from(AGENTS), desk=st.sampled_from(["desk-amina", "tablet"]))
    def prove(self, agent: AgentId, desk: str) -> None:
        self.attempt(c.RenewLeases(desks=((agent, desk),)))

    @rule(
        data=st.data(),
        leg=st.sampled_from(["agent", "resident", "outside"]),
        result=st.sampled_from(RESULTS),
    )
    def news_of_any_leg(self, data: st.DataObject, leg: str, result: LegResult) -> None:
        keys = [x.effect.key for x in self.desk.story if isinstance(x, e.EffectWanted)]
        found = self.items()
        if keys and found:
            key = data.draw(st.sampled_from(keys))
            item = ItemId(key.rpartition("-")[0])
            if item in self.state.items:
                self.attempt(c.ReportLeg(item, leg, f"E{key}", result, key))


def every_offer_ends_once(story: list[e.AnyEvent], still_open: set[OfferId]) -> None:
    """Every offer was made once and has ended once, or is open."""
    made = [x.offer for x in story if isinstance(x, e.OfferMade)]
    ended = [x.offer for x in story if isinstance(x, e.OfferEnded)]
    assert len(set(made)) == len(made)
    assert len(set(ended)) == len(ended)
    assert set(made) - set(ended) == still_open


def index_of(state: State) -> object:
    """Return everything that the index says, in a form that can be compared."""
    idle = {}
    for profile in state.index.profiles:
        for tempo, keys in profile.idle.items():
            for key in keys:
                idle[key[1], tempo] = key
    return (
        sorted(
            (b.requirement, b.tempo, sorted(b), b.lift, b.signed_in, b.available)
            for b in state.index.every_bucket()
            if len(b)
        ),
        {k: list(line) for k, line in state.index.lines.items() if len(line)},
        idle,
        {k: sorted(v) for k, v in state.index.by_address.items()},
        {k: sorted(v) for k, v in state.index.by_subject.items()},
        dict(state.index.by_call),
        [(p.signed_in, p.available) for p in state.index.profiles],
        {t: {k: n for k, n in idle.items() if n} for t, idle in state.index.idle_with.items()},
    )


TestTownWalk = pytest.mark.filterwarnings("default")(TownWalk.TestCase)
TownWalk.TestCase.settings = settings(
    max_examples=WALKS,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class UndoWalk(TownWalk):
    """The same, and after every doing the state can go back exactly."""

    @rule(data=st.data())
    def undo_a_stretch(self, data: st.DataObject) -> None:
        self.state.keep_undo()
        mark, before, wake = self.state.mark(), self.state.hash(), self.state.next_wakeup()
        index, story, now = index_of(self.state), len(self.desk.story), self.desk.now
        for _ in range(data.draw(st.integers(1, 6))):
            name = data.draw(
                st.sampled_from(["form", "over", "brink", "arrive", "call", "book", "adopt"])
            )
            if name == "arrive":
                self.arrive(data.draw(st.sampled_from(AGENTS)))
            elif name == "call":
                self.call(["1", "2"], data.draw(st.integers(0, 2)))
            elif name == "book":
                self.book_a_callback(data.draw(st.integers(0, 2)))
            elif name == "adopt":
                self.adopt(data.draw(st.integers(0, len(TOWNS) - 1)))
            elif name == "form":
                self.send_form(again=False)
            elif name == "over":
                self.emergency_over()
            else:
                self.wait_to_the_brink()
        self.state.back_to(mark)
        del self.desk.story[story:]
        self.desk.now = now
        assert self.state.hash() == before
        assert index_of(self.state) == index
        assert self.state.next_wakeup() == wake


TestUndoWalk = UndoWalk.TestCase
UndoWalk.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class DeepWalk(TownWalk):
    """The same for as long as somebody has time."""


TestDeepWalk = pytest.mark.full(DeepWalk.TestCase)
DeepWalk.TestCase.settings = settings(
    max_examples=DEEP_WALKS,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
