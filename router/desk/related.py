"""What belongs to an item beside itself: everybody who has come about it, and what may be the same.

Pure, like `pictures`: views without words, into which the words are put once they were fetched.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from router.core.duplicates import possible_duplicates
from router.core.families import family
from router.core.model import Channel
from router.core.records import Item
from router.core.state import State
from router.desk.conversations import conversation_of
from router.desk.named import subject_of
from router.desk.residents import who_of, words_view
from router.desk.view_types import moment
from router.desk.views import ContactView, DuplicateView
from router.ports import Words

TELEPHONE: Final = "telephone"


def contacts_of(state: State, row: Item) -> tuple[ContactView, ...]:
    """Return the item's own contact and those merged into it; none for an item that is alone."""
    rows = family(state, row)
    return tuple(_contact(state, each) for each in rows) if len(rows) > 1 else ()


def _contact(state: State, row: Item) -> ContactView:
    talk = conversation_of(state, row)
    told_by = ""
    if talk is not None:
        told_by = "chat" if talk.channel is Channel.CHAT else "mail"
    return ContactView(
        item=row.id,
        form=row.form,
        channel=row.channel,
        received_at=moment(row.received_at),
        told_by=told_by,
        contact_ref=row.contact_ref,
        words_ref=row.words_ref,
    )


def refs_of_contacts(contacts: tuple[ContactView, ...]) -> list[str]:
    """Return the references of who they are and what they left."""
    return [ref for each in contacts for ref in (each.contact_ref, each.words_ref) if ref]


def told_contacts(
    contacts: tuple[ContactView, ...], found: dict[str, Words]
) -> tuple[ContactView, ...]:
    """Return them with the words that were found; who left no mail address is told by telephone."""
    return tuple(_told(each, found) for each in contacts)


def _told(view: ContactView, found: dict[str, Words]) -> ContactView:
    who = who_of(found.get(view.contact_ref))
    by_mail = who is not None and bool(who.email)
    return replace(
        view,
        who=who,
        words=words_view(found.get(view.words_ref)),
        told_by=view.told_by or ("mail" if by_mail else TELEPHONE),
    )


def duplicates_of(state: State, row: Item) -> tuple[DuplicateView, ...]:
    """Return what may be about the same matter, the likeliest first."""
    return tuple(
        _duplicate(state, state.items[each.item], each.why)
        for each in possible_duplicates(state, row)
    )


def _duplicate(state: State, row: Item, why: str) -> DuplicateView:
    return DuplicateView(
        item=row.id,
        form=row.form,
        state=row.state,
        subject=subject_of(state.policy, row),
        received_at=moment(row.received_at),
        agent=row.agent,
        why=why,
    )
