"""What to tell a desk when its picture has changed: the difference between two pictures.

Pure, and derived from stored states alone, so nothing is lost or doubled: a desk that reconnects
gets its whole picture in the welcome, and from there on only differences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from router.core.model import OfferEnding
from router.core.state import State
from router.desk.messages import (
    AgentMessage,
    ItemMessage,
    OfferEndedMessage,
    OfferMessage,
    PolicyTexts,
    ServerMessage,
    Welcome,
)
from router.desk.pictures import (
    Picture,
    ShownItem,
    ShownOffer,
    refs_shown,
    shown,
    told,
)
from router.desk.residents import who_of
from router.desk.view_types import moment
from router.ports import Words

Found = dict[str, Words]
Endings = dict[str, tuple[OfferEnding, str]]  # offer id -> how it ended and why


class Outgoing(NamedTuple):
    """A message that needs residents' words: those of `refs`, as far as they are found."""

    refs: tuple[str, ...]
    with_words: Callable[[Found], ServerMessage]


def changes(old: Picture, new: Picture, endings: Endings, state: State) -> Iterator[Outgoing]:
    """Yield what the desk must be told to get from the old picture to the new one."""
    if old.offer is not None and (new.offer is None or _id(new.offer) != _id(old.offer)):
        yield _offer_ended(old.offer, new, endings)
    before = {each.row.id: each for each in old.items}
    for each in new.items:
        was = before.pop(each.row.id, None)
        if was is None or was.drawn_from != each.drawn_from:
            yield item_outgoing(each, new, yours=True)
    for gone in before.values():
        left = state.items.get(gone.row.id, gone.row)
        yield item_outgoing(shown(state, left), new, yours=False)
    if new.offer is not None and (old.offer is None or _call(old.offer) != _call(new.offer)):
        yield offer_outgoing(new.offer, new)
    if old.agent != new.agent:
        yield plain(
            AgentMessage(version=new.version, at=moment(new.at), agent=new.agent),
        )


def plain(message: ServerMessage) -> Outgoing:
    """Return a message that holds no words."""
    return Outgoing((), lambda _: message)


def welcome_outgoing(
    message_id: str, desk: str, picture: Picture, texts: PolicyTexts, beat_every_s: float
) -> Outgoing:
    """Return the whole picture."""
    refs = [ref for each in picture.items for ref in refs_shown(each.view, each.row)]
    if picture.offer is not None:
        refs.append(picture.offer.contact_ref)

    def with_words(found: Found) -> Welcome:
        offer = picture.offer
        return Welcome(
            id=message_id,
            version=picture.version,
            at=moment(picture.at),
            desk=desk,
            agent=picture.agent,
            offer=_told_offer(offer, found).view if offer is not None else None,
            items=tuple(told(each.view, each.row, found) for each in picture.items),
            policy=texts,
            beat_every_s=beat_every_s,
        )

    return Outgoing(tuple(ref for ref in refs if ref), with_words)


def item_outgoing(item: ShownItem, picture: Picture, *, yours: bool) -> Outgoing:
    """Return the item as it stands."""

    def with_words(found: Found) -> ItemMessage:
        return ItemMessage(
            version=picture.version,
            at=moment(picture.at),
            yours=yours,
            item=told(item.view, item.row, found),
        )

    return Outgoing(tuple(refs_shown(item.view, item.row)), with_words)


def offer_outgoing(offer: ShownOffer, picture: Picture) -> Outgoing:
    """Return the offer."""

    def with_words(found: Found) -> OfferMessage:
        view = _told_offer(offer, found).view
        return OfferMessage(version=picture.version, at=moment(picture.at), offer=view)

    return Outgoing((offer.contact_ref,) if offer.contact_ref else (), with_words)


def _told_offer(offer: ShownOffer, found: Found) -> ShownOffer:
    return replace(offer, view=replace(offer.view, who=who_of(found.get(offer.contact_ref))))


def _offer_ended(offer: ShownOffer, new: Picture, endings: Endings) -> Outgoing:
    ending, reason = endings.get(_id(offer), (OfferEnding.WITHDRAWN, ""))
    return plain(
        OfferEndedMessage(
            version=new.version,
            at=moment(new.at),
            offer=_id(offer),
            item=offer.view.item,
            ending=ending,
            reason=reason,
        )
    )


def _id(offer: ShownOffer) -> str:
    return offer.view.offer


def _call(offer: ShownOffer) -> tuple[str, object]:
    return offer.view.offer, offer.view.expires_at
