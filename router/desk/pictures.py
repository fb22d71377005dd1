"""From rows to views: what an item, an agent or an offer looks like at an instant.

Pure: reads the state it is given, keeps rows (which are immutable) and returns views. Residents'
words are not in the state; a view says by reference which words belong to it, and `told` puts them
in once somebody has fetched them.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from router.core.capacity import is_over
from router.core.matching import may_ask_more
from router.core.model import (
    AgentId,
    AgentState,
    AgentStatus,
    Instant,
    ItemId,
    LegState,
)
from router.core.records import Agent, Conversation, Item, Offer
from router.core.state import State
from router.desk.conversations import conversations_of, refs_of_text, text_view, told_text
from router.desk.listeners import told_listener
from router.desk.named import queue_named, subject_of
from router.desk.recalls import agreement_view, consult_view
from router.desk.related import contacts_of, duplicates_of, refs_of_contacts, told_contacts
from router.desk.residents import who_of, words_view
from router.desk.skills import skills_today_view
from router.desk.stories import in_english, story_of
from router.desk.view_types import moment, moment_or_none, seconds
from router.desk.views import (
    AgentView,
    CallbackView,
    HoldingView,
    ItemView,
    LegView,
    LoadView,
    OfferView,
)
from router.errors import UnknownAgent, UnknownItem
from router.ports import Words


class ShownItem(msgspec.Struct, frozen=True):
    """A held item, and the rows it was drawn from: equal rows need no second push."""

    row: Item
    view: ItemView
    conversations: tuple[Conversation, ...] = ()

    @property
    def drawn_from(self) -> object:
        """Return what decides whether it looks the same."""
        view = self.view
        return (
            self.row,
            self.conversations,
            view.duplicates,
            view.consult,
            view.agreement,
            view.listener,
        )


def shown(state: State, row: Item) -> ShownItem:
    """Return an item as a desk shows it."""
    return ShownItem(
        row=row, view=item_view(state, row), conversations=conversations_of(state, row)
    )


class ShownOffer(msgspec.Struct, frozen=True):
    """An open offer with the reference of the resident's name and number."""

    view: OfferView
    contact_ref: str


class Picture(msgspec.Struct, frozen=True):
    """All that one desk shows, at one version of the journal."""

    version: int
    at: Instant
    desk: str  # the desk that holds the lease; "" = signed out
    agent: AgentView
    offer: ShownOffer | None
    items: tuple[ShownItem, ...]


def picture_of(state: State, agent_id: AgentId) -> Picture:
    """Return what the agent's desk shows. Errors: `UnknownAgent`."""
    agent = state.agents.get(agent_id)
    offer = state.offers.get(agent.offer) if agent is not None and agent.offer else None
    held = agent.holdings if agent is not None else ()
    rows = (state.items.get(h.item) for h in held if h.state != "offered")
    return Picture(
        version=state.version,
        at=state.now,
        desk=agent.desk if agent is not None else "",
        agent=agent_view(state, agent_id),
        offer=offer_shown(state, offer) if offer is not None else None,
        items=tuple(shown(state, row) for row in rows if row),
    )


def find_item(state: State, item_id: str) -> Item:
    """Return the row. Errors: `UnknownItem`."""
    row = state.items.get(ItemId(item_id))
    if row is None:
        raise UnknownItem(item_id)
    return row


# --- items ---------------------------------------------------------------------------------------


def item_view(state: State, row: Item) -> ItemView:
    """Return the item as it stands at `state.now`, without words."""
    policy = state.policy
    queue = policy.queues.get(row.queue) if row.queue is not None else None
    happened = story_of(state, row)
    return ItemView(
        item=row.id,
        state=row.state,
        form=row.form,
        channel=row.channel,
        tempo=row.tempo,
        called=row.called,
        received_at=moment(row.received_at),
        language=row.language,
        subject=subject_of(policy, row),
        attributes=dict(row.attributes),
        queue=queue_named(policy, row.queue),
        asks_for=row.requirement,
        waited_s=seconds(_waited(row, state.now)),
        due=moment_or_none(row.due_at),
        agent=row.agent,
        handled_since=moment_or_none(row.handled_since),
        wrap_up_until=moment_or_none(row.wrap_up_until),
        wrap_up_required=queue is not None and queue.wrap_up_required,
        deferred_until=moment_or_none(row.deferred_until),
        legs=tuple(
            LegView(of=of, state=leg)
            for of, leg in (("resident", row.call_state), ("agent", row.agent_call_state))
            if leg is not LegState.NONE
        ),
        callback=callback_view(row),
        outcome=row.outcome,
        code=row.code,
        ended_at=moment_or_none(row.ended_at),
        story=in_english(state, happened),
        happened=happened,
        text=text_view(state, row),
        contacts=contacts_of(state, row),
        duplicates=duplicates_of(state, row),
        consult=consult_view(state, row),
        agreement=agreement_view(policy, row),
        listener=told_listener(state, row.id),
    )


def callback_view(row: Item) -> CallbackView | None:
    """Return None when the resident is not to be rung."""
    if row.callback is None:
        return None
    return CallbackView(
        booked_at=moment(row.callback.booked_at),
        expires_at=moment(row.callback.expires_at),
        attempts=row.callback.attempts,
        attempts_max=row.callback.attempts_max,
    )


def _waited(row: Item, now: Instant) -> int:
    if row.first_queued_at is None:
        return 0
    return max(0, (row.handled_since or row.ended_at or now) - row.first_queued_at)


# --- offers --------------------------------------------------------------------------------------


def offer_shown(state: State, offer: Offer) -> ShownOffer | None:
    """Return the offer with everything that answers it; None when its item is gone."""
    row = state.items.get(offer.item)
    if row is None:
        return None
    policy = state.policy
    happened = story_of(state, row)
    view = OfferView(
        offer=offer.id,
        item=row.id,
        form=row.form,
        channel=row.channel,
        tempo=offer.tempo,
        who=None,
        subject=subject_of(policy, row),
        queue=queue_named(policy, row.queue),
        language=row.language,
        asks_for=row.requirement,
        waited_s=seconds(_waited(row, state.now)),
        due=moment_or_none(row.due_at),
        made_at=moment(offer.made_at),
        expires_at=moment(offer.expires_at),
        seen=offer.seen,
        why=offer.rule,
        story=in_english(state, happened),
        happened=happened,
        agreement=agreement_view(policy, row),
    )
    return ShownOffer(view=view, contact_ref=row.contact_ref)


# --- agents --------------------------------------------------------------------------------------


def agent_view(state: State, agent_id: AgentId) -> AgentView:
    """Return a person inside, also one who never signed in. Errors: `UnknownAgent`."""
    rule = state.policy.agents.get(agent_id)
    row = state.agents.get(agent_id)
    if rule is None and row is None:
        raise UnknownAgent(agent_id)
    holdings = row.holdings if row is not None else ()
    load, over = loads_of(state, agent_id)
    return AgentView(
        agent=agent_id,
        name=rule.name if rule is not None else agent_id,
        team=rule.team if rule is not None else "",
        status=row.status if row is not None else AgentStatus.OFFLINE,
        reason=row.reason if row is not None else "",
        then_status=row.then_status if row is not None else None,
        then_reason=row.then_reason if row is not None else "",
        since=moment(row.since) if row is not None else None,
        signed_in=row is not None and row.lease_until is not None,
        state=agent_state(row),
        holdings=tuple(HoldingView(item=h.item, tempo=h.tempo, state=h.state) for h in holdings),
        load=load,
        over=over,
        missed=row.missed if row is not None else 0,
        may_take_back=_may_take_back(state, row),
        skills_today=skills_today_view(state, agent_id),
    )


def loads_of(state: State, agent_id: AgentId) -> tuple[tuple[LoadView, ...], bool]:
    """Return how much of each kind of channel the agent holds, and whether it is too much."""
    rule, row = state.policy.agents.get(agent_id), state.agents.get(agent_id)
    capacity = state.policy.capacities.get(rule.capacity) if rule is not None else None
    if capacity is None:
        return (), False
    held = [holding.tempo for holding in row.holdings] if row is not None else []
    load = tuple(
        LoadView(tempo=tempo, held=held.count(tempo), most=most)
        for tempo, most in capacity.units.items()
    )
    return load, row is not None and is_over(row, capacity)


def agent_state(row: Agent | None) -> AgentState:
    """Return what the engine is doing with the agent; what asks for an answer comes first."""
    states = {holding.state for holding in row.holdings} if row is not None else set()
    for name in (AgentState.OFFERED, AgentState.HANDLING, AgentState.WRAP_UP):
        if name.value in states:
            return name
    return AgentState.IDLE


def _may_take_back(state: State, row: Agent | None) -> str | None:
    if row is None or row.declined_item is None:
        return None
    item = state.items.get(row.declined_item)
    still_there = item is not None and may_ask_more(state, state.now, item)
    return row.declined if still_there else None


# --- words ---------------------------------------------------------------------------------------


def refs_of(row: Item) -> list[str]:
    """Return the references of who it is and what the item came with."""
    return [ref for ref in (row.contact_ref, row.words_ref) if ref]


def refs_shown(view: ItemView, row: Item) -> list[str]:
    """Return the references of everything that `told` puts in."""
    return [*refs_of(row), *refs_of_text(view.text), *refs_of_contacts(view.contacts)]


def told(view: ItemView, row: Item, found: dict[str, Words]) -> ItemView:
    """Return the view with the words that were found."""
    return replace(
        view,
        who=who_of(found.get(row.contact_ref)),
        words=words_view(found.get(row.words_ref)),
        text=told_text(view.text, found),
        contacts=told_contacts(view.contacts, found),
    )
