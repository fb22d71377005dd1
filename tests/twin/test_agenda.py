"""The agenda does what is planned, in order of time and, at one instant, of planning."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.core.model import Instant
from router.twin.agenda import Agenda


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30))
def test_what_is_planned_is_done_in_order_and_what_is_planned_meanwhile_too(
    plans: list[tuple[int, bool]],
) -> None:
    agenda = Agenda()
    done: list[tuple[Instant, int]] = []

    def act(now: Instant, number: int, who: str) -> None:
        done.append((now, number))
        if who:
            agenda.plan(now + 2, act, number + 100)

    for number, (at, again) in enumerate(plans):
        agenda.plan(at, act, number, "again" if again else "")
    agenda.pass_time()
    later = [(at + 2, number + 100) for number, (at, again) in enumerate(plans) if again]
    assert done == sorted([*((at, n) for n, (at, _) in enumerate(plans)), *later])
