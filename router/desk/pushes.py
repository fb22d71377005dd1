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
from router.desk.pictures import Picture, ShownItem, ShownOffer, item_view, refs_of, told, who_of
from router.desk.views import moment
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
    before = {shown.row.id: shown.row for shown in old.items}
    for shown in new.items:
        if before.pop(shown.row.id, None) != shown.row:
            yield item_outgoing(shown, new, yours=True)
    for row in before.values():
        left = state.items.get(row.id, row)
        yield item_outgoing(ShownItem(row=left, view=item_view(state, left)), new, yours=False)
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
    refs = [ref for shown in picture.items for ref in refs_of(shown.row)]
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
            items=tuple(told(shown.view, shown.row, found) for shown in picture.items),
            policy=texts,
            beat_every_s=beat_every_s,
        )

    return Outgoing(tuple(ref for ref in refs if ref), with_words)


def item_outgoing(shown: ShownItem, picture: Picture, *, yours: bool) -> Outgoing:
    """Return the item as it stands."""

    def with_words(found: Found) -> ItemMessage:
        return ItemMessage(
            version=picture.version,
            at=moment(picture.at),
            yours=yours,
            item=told(shown.view, shown.row, found),
        )

    return Outgoing(tuple(refs_of(shown.row)), with_words)


def offer_outgoing(shown: ShownOffer, picture: Picture) -> Outgoing:
    """Return the offer."""

    def with_words(found: Found) -> OfferMessage:
        view = _told_offer(shown, found).view
        return OfferMessage(version=picture.version, at=moment(picture.at), offer=view)

    return Outgoing((shown.contact_ref,) if shown.contact_ref else (), with_words)


def _told_offer(shown: ShownOffer, found: Found) -> ShownOffer:
    return replace(shown, view=replace(shown.view, who=who_of(found.get(shown.contact_ref))))


def _offer_ended(shown: ShownOffer, new: Picture, endings: Endings) -> Outgoing:
    ending, reason = endings.get(_id(shown), (OfferEnding.WITHDRAWN, ""))
    return plain(
        OfferEndedMessage(
            version=new.version,
            at=moment(new.at),
            offer=_id(shown),
            item=shown.view.item,
            ending=ending,
            reason=reason,
        )
    )


def _id(shown: ShownOffer) -> str:
    return shown.view.offer


def _call(shown: ShownOffer) -> tuple[str, object]:
    return shown.view.offer, shown.view.expires_at
