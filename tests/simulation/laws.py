"""What holds in a town at every instant, and between what was promised and what was stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from router.core import events as e
from router.core.capacity import is_over
from router.core.model import ENDED, ItemState
from router.core.state import State

IN_HAND = frozenset({ItemState.HANDLING, ItemState.HELD, ItemState.WRAP_UP})


def broken_laws(state: State) -> list[str]:
    """Return what is wrong in a state; [] when nothing is."""
    return [*_items(state), *_agents(state), *_offers(state)]


def _items(state: State) -> Iterator[str]:
    holders: dict[str, list[str]] = {}
    for agent in state.agents.values():
        for holding in agent.holdings:
            holders.setdefault(holding.item, []).append(agent.id)
    offered: dict[str, list[str]] = {}
    for offer in state.offers.values():
        offered.setdefault(offer.item, []).append(offer.agent)
    for item in state.items.values():
        held = sorted(holders.get(item.id, []))
        if item.state is ItemState.OFFERED and held != sorted(offered.get(item.id, ["nobody"])):
            yield f"{item.id} is offered and held by {held}"
        if item.state in IN_HAND and held != [item.agent]:
            yield f"{item.id} is {item.state} by {item.agent} and held by {held}"
        if item.state not in IN_HAND and item.state is not ItemState.OFFERED and held:
            yield f"{item.id} is {item.state} and held by {held}"
    for item_id in holders:
        if item_id not in state.items:
            yield f"{item_id} is held and nobody knows it"


def _agents(state: State) -> Iterator[str]:
    for agent in state.agents.values():
        profile = state.index.profile_of(agent.id)
        if profile is None or is_over(agent, profile.capacity):
            yield f"{agent.id} is over capacity: {agent.holdings}"


def _offers(state: State) -> Iterator[str]:
    wakeup = state.next_wakeup()
    for offer in state.offers.values():
        if wakeup is None or wakeup > offer.expires_at:
            yield f"offer {offer.id} would never end"
        if state.agents[offer.agent].offer != offer.id:
            yield f"offer {offer.id} is not known to {offer.agent}"


def broken_story(events: Sequence[e.Event], state: State) -> list[str]:
    """Return what the whole journal contradicts: items doubled or lost, offers without an end."""
    received = Counter(ev.item for ev in events if isinstance(ev, e.ItemReceived))
    calls = Counter(ev.call_id for ev in events if isinstance(ev, e.ItemReceived) if ev.call_id)
    found = [f"{item} was received {n} times" for item, n in received.items() if n > 1]
    found += [f"call {call} is {n} items" for call, n in calls.items() if n > 1]
    ends = Counter(ev.offer for ev in events if isinstance(ev, e.OfferEnded))
    for made in (ev for ev in events if isinstance(ev, e.OfferMade)):
        expected = 0 if made.offer in state.offers else 1
        if ends[made.offer] != expected:
            found.append(f"offer {made.offer} ended {ends[made.offer]} times")
    ended = {item.id for item in state.items.values() if item.state in ENDED}
    forgotten = {ev.item for ev in events if isinstance(ev, e.ItemForgotten)}
    found += [
        f"{item} is lost"
        for item in received
        if item not in state.items and item not in forgotten and item not in ended
    ]
    return found
