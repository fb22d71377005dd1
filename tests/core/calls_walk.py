"""What people do with others on the line of a talk, and what is always true; part of a walk."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from router.core import commands as c
from router.core import commands_calls as k
from router.core.commands_listening import ListenTo, StopListening
from router.core.model import AgentId, ItemId, ItemState, LegResult, ListenMode
from router.core.state import State
from tests.core.listening_oracle import misplaced_listeners


class CallsWalk(RuleBasedStateMachine):
    """Rules that a walk has beside its own."""

    @property
    def state(self) -> State:
        raise NotImplementedError

    def items(self, *states: ItemState) -> list[ItemId]:
        raise NotImplementedError

    def attempt(self, command: c.Command) -> None:
        raise NotImplementedError

    @rule(
        data=st.data(),
        other=st.sampled_from([AgentId("amina"), AgentId("boris"), AgentId("chloe")]),
        how=st.sampled_from(["contact", "agent", "complete", "cancel", "promise"]),
    )
    def consult(self, data: st.DataObject, other: AgentId, how: str) -> None:
        found = self.items(ItemState.HANDLING, ItemState.HELD)
        if not found:
            return
        item = data.draw(st.sampled_from(found))
        agent = self.state.items[item].agent
        assert agent is not None
        commands: dict[str, c.Command] = {
            "contact": k.ConsultItem(item_id=item, agent_id=agent, to_contact="officer"),
            "agent": k.ConsultItem(item_id=item, agent_id=agent, to_agent=other),
            "complete": k.CompleteTransfer(item_id=item, agent_id=agent),
            "cancel": k.CancelConsult(item_id=item, agent_id=agent),
            "promise": k.PromiseCallback(item_id=item, agent_id=agent),
        }
        self.attempt(commands[how])

    @precondition(lambda self: self.state.consults)
    @rule(data=st.data(), result=st.sampled_from(LegResult))
    def report_third(self, data: st.DataObject, result: LegResult) -> None:
        row = self.state.consults[data.draw(st.sampled_from(sorted(self.state.consults)))]
        call_id = row.call_id or f"T{row.item}"
        self.attempt(c.ReportLeg(row.item, "third", call_id, result, row.key))

    @rule(
        data=st.data(),
        who=st.sampled_from([AgentId("amina"), AgentId("boris"), AgentId("chloe")]),
        mode=st.sampled_from([*ListenMode, None]),
    )
    def listen(self, data: st.DataObject, who: AgentId, mode: ListenMode | None) -> None:
        found = self.items(ItemState.HANDLING, ItemState.HELD)
        if not found:
            return
        item = data.draw(st.sampled_from(found))
        if mode is None:
            self.attempt(StopListening(item_id=item, by=who))
        else:
            self.attempt(ListenTo(item_id=item, agent_id=who, mode=mode, by=who))

    @precondition(lambda self: self.state.listeners)
    @rule(data=st.data(), result=st.sampled_from(LegResult))
    def report_listener(self, data: st.DataObject, result: LegResult) -> None:
        row = self.state.listeners[data.draw(st.sampled_from(sorted(self.state.listeners)))]
        call_id = row.call_id or f"L{row.item}"
        self.attempt(c.ReportLeg(row.item, "listener", call_id, result, row.key))

    @invariant()
    def who_listens_is_in_the_talk_of_the_agent_who_has_it_and_in_no_other(self) -> None:
        assert misplaced_listeners(self.state) == []

    @invariant()
    def who_is_asked_is_reserved_for_it_and_nobody_else_is(self) -> None:
        held = {
            (agent.id, holding.item)
            for agent in self.state.agents.values()
            for holding in agent.holdings
            if holding.state == "consulted"
        }
        rows = self.state.consults.values()
        assert held == {(row.agent, row.item) for row in rows if row.agent is not None}
        for row in rows:
            if row.failed is None and not row.given:
                item = self.state.items[row.item]
                assert item.agent == row.by
                assert item.state in (ItemState.HANDLING, ItemState.HELD)

    @invariant()
    def what_is_known_of_a_callback_is_of_an_item_that_is_there(self) -> None:
        for row in self.state.recalls.values():
            item = self.state.items[row.item]
            assert item.ended_at is None or item.text is not None
