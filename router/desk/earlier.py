"""A resident's earlier items as an agent sees them who has an item of theirs at hand.

Only who was offered the item, or holds it, and supervisors and administrators may look: what is not
at hand is nobody's business. Each look is in the trail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from router.core.model import AgentId, Channel, Form, ItemState, QueueId
from router.core.policy import Policy
from router.core.records import Item
from router.core.state import State
from router.desk.access import LEADERS
from router.desk.conversations import SHOWN_MAX, message_told, message_view
from router.desk.lookup import WordLookup
from router.desk.named import queue_named, subject_called
from router.desk.pictures import find_item
from router.desk.residents import who_of, words_view
from router.desk.surroundings import Account
from router.desk.view_types import NamedView, moment, moment_or_none
from router.desk.views_earlier import EarlierItemView, EarlierPageView, EarlierView
from router.desk.writing import Desktop
from router.errors import NotAllowed, UnknownItem
from router.ports import EarlierItem, Inbox, Known, Words, said_in

PAGE_MOST: Final = 50


class EarlierItems:
    """Errors: `UnknownItem`, `NotAllowed`, `StorageFailed`."""

    def __init__(self, inbox: Inbox, words: WordLookup, desktop: Desktop) -> None:
        self._inbox = inbox
        self._words = words
        self._find = desktop.earlier
        self._blocked = desktop.blocked

    async def page(self, item: str, who: Account, after: str, limit: int) -> EarlierPageView:
        """Return the items that came before, or beside, the one that is at hand."""
        policy, of = await self._known(item, who)
        found = await self._find.items(of, after, limit + 1)
        shown = found[:limit]
        words = await self._words.find(ref for row in shown for ref in _refs(row))
        keys = {entry.address_key for entry in await self._blocked.everyone()}
        return EarlierPageView(
            items=tuple(_view(policy, row, words) for row in shown),
            more=len(found) > limit,
            blocked=of.address_key in keys,
        )

    async def one(self, item: str, who: Account, other: str) -> EarlierItemView:
        """Return one of them with what was said and written."""
        policy, of = await self._known(item, who)
        row = await self._find.item(of, other)
        if row is None:
            raise UnknownItem(other)
        written = await self._find.messages(row.conversation)
        told = written[-SHOWN_MAX:]
        refs = [*_refs(row), *(message.ref for message in told)]
        words = await self._words.find(refs)
        return EarlierItemView(
            item=_view(policy, row, words),
            words=words_view(words.get(row.words_ref)),
            messages=tuple(
                message_told(message_view(policy, row.conversation, each), words.get(each.ref))
                for each in told
            ),
            before=len(written) - len(told),
        )

    async def _known(self, item: str, who: Account) -> tuple[Policy, Known]:
        def look(state: State) -> tuple[Policy, Item]:
            row = find_item(state, item)
            if who.role not in LEADERS and not _is_at_hand(state, row, who.agent_id):
                raise NotAllowed(
                    f"item {item!r} is not yours: only who has it sees what came before"
                )
            return state.policy, row

        policy, row = await self._inbox.read(look)
        person = who_of((await self._words.find([row.contact_ref])).get(row.contact_ref))
        addresses = (person.number, person.email) if person is not None else ()
        return policy, Known(row.id, row.address_key, tuple(each for each in addresses if each))


def _is_at_hand(state: State, row: Item, agent_id: AgentId | None) -> bool:
    agent = state.agents.get(agent_id) if agent_id is not None else None
    return agent is not None and any(holding.item == row.id for holding in agent.holdings)


def _refs(row: EarlierItem) -> Iterable[str]:
    return row.contact_ref, row.note_ref, row.words_ref


def _view(policy: Policy, row: EarlierItem, words: Mapping[str, Words]) -> EarlierView:
    person, note = who_of(words.get(row.contact_ref)), words_view(words.get(row.note_ref))
    said = said_in(words.get(row.words_ref))
    return EarlierView(
        item=row.id,
        form=Form(row.form),
        channel=Channel(row.channel),
        state=ItemState(row.state),
        called=row.called,
        language=row.language,
        subject=subject_called(policy, row.subject) or (said.subject if said is not None else ""),
        queue=queue_named(policy, QueueId(row.queue) if row.queue else None),
        agent=_agent(policy, row.agent),
        received_at=moment(row.received_at),
        ended_at=moment_or_none(row.ended_at),
        outcome=row.outcome,
        code=row.code,
        name=person.name if person is not None else "",
        note=note.text if note is not None else "",
    )


def _agent(policy: Policy, agent: str) -> NamedView | None:
    if not agent:
        return None
    rule = policy.agents.get(AgentId(agent))
    return NamedView(id=agent, name=rule.name if rule is not None else agent)
