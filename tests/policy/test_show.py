"""`townline check --show` prints what was understood."""

from __future__ import annotations

from router.core.model import HOUR, MINUTE, SECOND
from router.policy.load import load
from router.policy.show import show
from router.policy.spans import written_span
from tests.policy.conftest import ROOT, TODAY


def test_everything_that_has_a_name_is_shown() -> None:
    policy = load(ROOT, today=TODAY).policy
    assert policy is not None
    text = show(policy)
    named = [
        *policy.queues,
        *policy.agents,
        *policy.fallbacks,
        *policy.flows,
        *policy.forms,
        *policy.contacts,
        *policy.on_call,
        *policy.hours,
        *(rule.id for chain in policy.fallbacks.values() for rule in chain.rules),
        *(node for flow in policy.flows.values() for node in flow.nodes),
        *(day for hours in policy.hours.values() for day in hours.holidays),
    ]
    assert [each for each in named if each not in text] == []
    assert "  2026-12-25  closed  Christmas Day" in text
    assert "  after 45 s     $language >= 4 and roads >= 3" in text


def test_spans_are_shown_in_the_largest_whole_unit() -> None:
    assert [written_span(each) for each in (90 * SECOND, 15 * MINUTE, 24 * HOUR, 0)] == [
        "90 s",
        "15 min",
        "24 h",
        "0 s",
    ]
