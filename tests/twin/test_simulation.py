"""A whole case meets a policy: formulas, who leaves when, and capacities beside calls."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core.model import HOUR, MINUTE, SECOND, AgentId, Channel, Condition, QueueId, Tempo
from router.core.policy import Capacity, Policy
from router.core.policy_service_level import Promise
from router.policy.models_queues import ItemOrder
from router.twin.contacts import Case, Contact, Presence
from router.twin.demand import Demand, Kind, Piece, Times, case_of
from router.twin.erlang import erlang_a
from router.twin.figures import answered_in_time
from router.twin.intervals import estimate
from router.twin.simulation import Ending, Result, Simulation
from router.twin.variants import with_order, with_skill
from tests.core.order_town import order_town
from tests.core.town import OPEN

ROADS, TAX = QueueId("roads"), QueueId("tax")
NINE_TO = OPEN + 8 * HOUR


def pool(agents: int, **changes: object) -> Policy:
    """Everybody can take everything, by order of arrival."""
    policy = order_town([0, 0, 0, 0], agent_order=(), staff=[("roads", "tax")] * agents)
    timeouts = dict.fromkeys(Tempo, 20 * SECOND)
    plain = {"length_max": 0, "wait_max": 0, "fates": {}, "offer_timeout": timeouts}
    given_rules = {**plain, **changes}
    return replace(
        policy, queues={id_: replace(q, **given_rules) for id_, q in policy.queues.items()}
    )


def holding(policy: Policy, **capacity: object) -> Policy:
    """Everybody may hold this."""
    rule = Capacity(id="own", **capacity)  # type: ignore[arg-type]
    agents = {id_: replace(each, capacity="own") for id_, each in policy.agents.items()}
    return replace(policy, capacities={"own": rule}, agents=agents)


def arrival(contact: Contact) -> int:
    return contact.at


def everybody(policy: Policy, end: int = NINE_TO) -> tuple[Presence, ...]:
    return tuple(Presence(agent, OPEN, end) for agent in policy.agents)


def call(at_s: float, work_s: float = 60, patience_s: float | None = None) -> Contact:
    return Contact(
        at=OPEN + round(at_s * SECOND),
        queue=ROADS,
        channel=Channel.VOICE,
        language="en",
        work=round(work_s * SECOND),
        patience=None if patience_s is None else round(patience_s * SECOND),
    )


def run(policy: Policy, contacts: Sequence[Contact], end: int = NINE_TO) -> list[Result]:
    case = Case(OPEN, end, tuple(sorted(contacts, key=arrival)), everybody(policy, end))
    return sorted(Simulation(policy, case).run(), key=lambda each: each.contact.at)


def traffic(per_hour: float, hours: int, patience_s: float) -> Demand:
    piece = Piece(OPEN, OPEN + hours * HOUR, per_hour * hours)
    handling, patience = Times(240.0, deviation=0.0), Times(patience_s, deviation=0.0)
    kind = Kind("calls", ROADS, Channel.VOICE, (("en", 1.0),), (piece,), handling, patience, 1.0)
    return Demand(OPEN, piece.end, 1, (kind,), (), 0.0)


def test_the_interval_of_the_runs_covers_erlang_a() -> None:
    exact = erlang_a(12, 11.0, 240.0, 180.0, 30.0)
    policy, demand = pool(12), traffic(165.0, 8, 180.0)
    levels, gave_up = [], []
    for seed in range(12):
        case = case_of(demand, seed)._replace(presences=everybody(pool(12)))
        results = [r for r in Simulation(policy, case).run() if r.contact.at > OPEN + HOUR]
        levels.append(sum(map(answered_in_time, results)) / len(results))
        gave_up.append(sum(r.ending is Ending.GAVE_UP for r in results) / len(results))
    for found, value in ((levels, exact.in_time), (gave_up, exact.gives_up)):
        mean, half = estimate(found)
        assert abs(mean - value) < 1.5 * half  # 1.5: a band of 99 %
        assert half < 0.05


def test_who_waits_gives_up_when_patience_ends() -> None:
    first, second, third = run(pool(1), [call(0, 300), call(10, patience_s=60), call(20)])
    assert (first.ending, first.waited) == (Ending.ANSWERED, 0)
    assert (second.ending, second.waited) == (Ending.GAVE_UP, 60 * SECOND)
    assert (third.ending, third.waited) == (Ending.ANSWERED, 280 * SECOND)


def test_the_queue_sends_away_who_finds_it_full_waits_for_too_long_or_is_left_at_closing() -> None:
    policy = pool(1, length_max=2, wait_max=5 * MINUTE, fates={Condition.LATE: "x"})
    results = run(policy, [call(0, 900), call(1), call(2), call(3)])
    assert [each.ending for each in results[1:]] == [Ending.SENT_AWAY] * 3
    assert [each.waited for each in results[1:]] == [5 * MINUTE, 5 * MINUTE, 0]
    lasting = pool(1, wait_max=5 * MINUTE)
    assert [each.ending for each in run(lasting, [call(0, 900), call(1)])] == [Ending.ANSWERED] * 2


def test_at_closing_who_waits_is_sent_away_if_a_chain_is_named_for_it() -> None:
    closing = 8 * 3600
    came = [call(closing - 60, 600), call(closing - 40)]
    fates = {Condition.CLOSING: "x"}
    left = run(pool(1, fates=fates), came, end=NINE_TO + HOUR)[1]
    assert (left.ending, left.waited) == (Ending.SENT_AWAY, 40 * SECOND)
    served = run(pool(1), came, end=NINE_TO + HOUR)[1]
    assert (served.ending, served.waited) == (Ending.ANSWERED, 580 * SECOND)


def test_nobody_comes_when_it_is_closed_but_mail_waits_for_the_morning() -> None:
    night = -10 * 3600
    mail = call(night + 60)._replace(channel=Channel.MAIL)
    caller, writer = run(pool(1), [call(night), mail])
    assert (caller.ending, caller.waited) == (Ending.SENT_AWAY, 0)
    assert writer.ending is Ending.ANSWERED
    assert writer.target is not None
    assert writer.waited == 10 * HOUR - MINUTE < writer.target


def test_a_call_interrupts_a_mail_where_the_capacity_lets_it() -> None:
    mail = call(0, 600)._replace(channel=Channel.MAIL)
    units = {Tempo.LIVE: 1, Tempo.SLOW_TEXT: 1}
    apart = holding(pool(1), units=units, exclusive=frozenset({Tempo.LIVE}), blocked_by={})
    beside = holding(
        pool(1),
        units=units,
        exclusive=frozenset(),
        blocked_by={Tempo.SLOW_TEXT: frozenset({Tempo.LIVE})},
    )
    assert run(apart, [mail, call(10)])[1].waited == 590 * SECOND
    assert run(beside, [mail, call(10)])[1].waited == 0
    mails = [mail, mail._replace(at=mail.at + SECOND)]
    assert run(beside, [*mails, call(10, 120)])[1].waited == 719 * SECOND


def test_what_is_in_hand_goes_on_after_the_shift_and_nothing_new_is_taken() -> None:
    first, second = run(pool(1), [call(0, 1200), call(500)], end=OPEN + 10 * MINUTE)
    assert first.ending is Ending.ANSWERED
    assert (second.ending, second.decided) == (Ending.WAITING, True)
    mail = call(700)._replace(channel=Channel.MAIL)
    left = run(pool(1), [mail], end=OPEN + 10 * MINUTE)[0]
    assert (left.ending, left.decided) == (Ending.WAITING, False)


def test_agents_whom_the_policy_does_not_know_stay_away() -> None:
    case = Case(OPEN, NINE_TO, (call(0),), (Presence(AgentId("nobody"), OPEN, NINE_TO),))
    assert Simulation(pool(1), case).run()[0].ending is Ending.WAITING


def test_a_chat_has_a_target_of_its_own() -> None:
    chat = call(0)._replace(channel=Channel.CHAT)
    promised = {Channel.CHAT: Promise(0.8, 45 * SECOND)}
    (result,) = run(pool(1, promises=promised), [chat])
    assert result.target == 45 * SECOND


contacts = st.lists(
    st.tuples(
        st.floats(0, 7200),
        st.sampled_from(list(Channel)),
        st.floats(1, 900),
        st.none() | st.floats(0, 600),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(contacts, st.integers(1, 4))
def test_everybody_ends_once_and_nobody_works_more_than_there_is(
    given_contacts: list[tuple[float, Channel, float, float | None]], agents: int
) -> None:
    units = {Tempo.LIVE: 1, Tempo.FAST_TEXT: 2, Tempo.SLOW_TEXT: 3}
    policy = holding(pool(agents), units=units, exclusive=frozenset(), blocked_by={})
    came = [
        call(at, work, None if channel in (Channel.MAIL, Channel.WEBFORM) else patience)._replace(
            channel=channel
        )
        for at, channel, work, patience in given_contacts
    ]
    case = Case(OPEN, NINE_TO, tuple(sorted(came, key=arrival)), everybody(policy))
    simulation = Simulation(policy, case)
    results = simulation.run()
    assert Counter(each.contact for each in results) == Counter(came)
    done = sum(each.contact.work for each in results if each.ending is Ending.ANSWERED)
    busy = sum(hands.busy for hands in simulation.hands.values())
    assert math.isclose(busy, done, rel_tol=1e-6, abs_tol=1e3)
    for each in results:
        patience = each.contact.patience
        assert patience is None or each.waited <= patience


def test_orders_and_skills_are_changed_without_touching_the_rest() -> None:
    policy = pool(2)
    balanced = with_order(policy, ItemOrder.BALANCED)
    assert {each.late_behind for each in balanced.queues.values()} == {120 * SECOND}
    assert with_order(balanced, ItemOrder.ARRIVAL) == policy
    first = with_order(policy, ItemOrder.TARGET_FIRST)
    assert {each.late_behind for each in first.queues.values()} == {180 * SECOND}
    trained = with_skill(policy, AgentId("a00"), "noise", 7)
    assert trained.agents[AgentId("a00")].skills["noise"] == 7
    assert trained.agents[AgentId("a01")] == policy.agents[AgentId("a01")]
