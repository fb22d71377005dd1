"""Surges, messages, limits that follow the staff, language gaps and on-call walks in any order."""

from __future__ import annotations

from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_hours as h
from router.core import policy as p
from router.core.flows.presentation import caller_script, on_call_script
from router.core.flows.script import Accept, Dial
from router.core.model import HOUR, MINUTE, Condition, ItemState, LegResult, QueueId
from router.core.policy_surge import SurgeRule
from router.core.steps import bound
from router.core.tempos import gap_key, tempos_of
from tests.core import test_invariants
from tests.core.test_on_call import on_call_town
from tests.core.town import OPEN, Desk, both
from tests.core.town import rule as fallback_rule
from tests.core.town_variants import fated_town


def switching_town() -> p.Policy:
    """The town of fates, with everything of this matter."""
    fated, urgent = fated_town(), on_call_town()
    general = fated.queues[QueueId("general")]
    fates = {**general.fates, Condition.NO_LANGUAGE: "ring", Condition.SURGE: "wait"}
    general = replace(
        general, fates=fates, length_max=0, length_per_agent=1, last_entry=10 * MINUTE
    )
    wait = p.Fallback(
        id="wait", rules=(fallback_rule("b", "callback"), fallback_rule("w", "queue"))
    )
    return replace(
        fated,
        queues={**fated.queues, general.id: general},
        fallbacks={**fated.fallbacks, "night": urgent.fallbacks["night"], "wait": wait},
        call_outs=urgent.call_outs,
        surge=SurgeRule(
            text=both("storm"),
            first=(QueueId("roads"),),
            head_start=HOUR,
            lasts_max=9 * HOUR,
            begins_at=6,
            lasts=20 * MINUTE,
        ),
    )


TOWN: Final = switching_town()


class SwitchWalk(test_invariants.UndoWalk):
    """What the other walks do, and everything that people switch."""

    @initialize(hour=st.integers(0, 60), undo=st.booleans(), fated=st.booleans())
    def begin(self, hour: int, undo: bool, fated: bool) -> None:
        self.desk = Desk(TOWN, now=OPEN + hour * HOUR)
        if undo:
            self.desk.state.keep_undo()

    @rule()
    def adopt_it_again(self) -> None:
        self.desk.adopt(TOWN)

    @rule(minutes=st.integers(1, 90))
    def begin_surge(self, minutes: int) -> None:
        until = self.desk.now + minutes * MINUTE
        self.attempt(h.BeginSurge(until=until, reason="ice", by="sam"))

    @rule()
    def end_surge(self) -> None:
        self.attempt(h.EndSurge(by="sam"))

    @rule(name=st.sampled_from("ab"), minutes=st.integers(-1, 90))
    def announce(self, name: str, minutes: int) -> None:
        until = self.desk.now + minutes * MINUTE
        self.attempt(h.AnnounceMessage(id=name, text=both("x"), until=until, by="sam"))

    @rule(name=st.sampled_from("ab"))
    def withdraw(self, name: str) -> None:
        self.attempt(h.WithdrawMessage(id=name, by="sam"))

    @rule(data=st.data(), pressed=st.booleans())
    def pick_up_on_call(self, data: st.DataObject, pressed: bool) -> None:
        ringing = [
            (name, then.step)
            for name in self.items(ItemState.IN_FLOW)
            for then in [caller_script(self.state, name).then]
            if isinstance(then, Dial) and then.accept
        ]
        if not ringing:
            return
        name, step = data.draw(st.sampled_from(ringing))
        assert isinstance(on_call_script(self.state, name, step).then, Accept)
        if pressed:
            self.attempt(c.ReportLeg(name, "outside", "X", LegResult.ANSWERED, str(step)))
            assert self.state.items[name].state is ItemState.DIVERTED
        else:
            self.attempt(c.AdvanceFlow(item_id=name, step=step, result=LegResult.ENDED))
            assert self.state.items[name].state is not ItemState.DIVERTED

    @invariant()
    def what_was_switched_ends_by_itself(self) -> None:
        wakeup = self.state.next_wakeup()
        ends = [row.until for row in self.state.surges.values()]
        ends += [row.until for row in self.state.notices.values()]
        assert all(each > self.desk.now for each in ends)
        assert not ends or (wakeup is not None and wakeup <= min(ends))

    @invariant()
    def what_is_said_of_languages_is_true(self) -> None:
        queue = self.state.policy.queues.get(QueueId("general"))
        if queue is None or Condition.NO_LANGUAGE not in queue.fates:
            return
        wanted = set()
        for tempo in tempos_of(self.state.policy):
            signed_in = {
                language.skill: max(
                    self.state.index.staff(bound(text, "", language.skill), tempo)[0]
                    for text in (queue.requires, *(step.requires for step in queue.steps))
                )
                for language in self.state.policy.languages
            }
            missing = [skill for skill, there in signed_in.items() if not there]
            wanted |= {
                gap_key(queue.id, skill, tempo) for skill in missing if any(signed_in.values())
            }
        assert set(self.state.gaps) == wanted

    @invariant()
    def the_on_call_log_is_of_items_that_are_there_and_one_telephone_rings(self) -> None:
        for name, row in self.state.on_call.items():
            assert name in self.state.items
            assert all(each.result is not None for each in row.attempts[:-1])
            if row.attempts[-1].result is None and self.state.items[name].call_id:
                item = self.state.items[name]
                then = caller_script(self.state, name).then
                assert isinstance(then, Dial) == (item.state is ItemState.IN_FLOW), item


TestSwitchWalk = SwitchWalk.TestCase
SwitchWalk.TestCase.settings = settings(
    max_examples=80,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
