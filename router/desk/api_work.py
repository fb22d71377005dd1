"""Routes about the work: items, queues, agents, and what an agent does, over HTTP.

`/agents/me/...` is the WebSocket's protocol for integrators: the same messages as bodies (without
`type`), the same refusals. A desk over HTTP signs in, beats, and asks for its picture.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Response

from router.core.commands import ReopenItem, SignIn
from router.core.model import ItemId, ItemState
from router.core.records import Item
from router.core.state import State
from router.desk import messages as m
from router.desk.access import EVERYBODY, LEADERS, SUPERVISOR, agent_id_of
from router.desk.actions import Actions
from router.desk.answers import answer, body_of
from router.desk.api_people import Body
from router.desk.message_types import Name, Reason
from router.desk.parts import Parts
from router.desk.pictures import Picture, find_item, picture_of, refs_shown, shown, told
from router.desk.residents import who_of
from router.desk.surroundings import Account
from router.desk.town import agent_views, items_of, queue_views
from router.desk.view_types import Moment, View, moment
from router.desk.views import AgentView, DoneView, ItemView, OfferView, QueueView

ITEMS_MAX: Final = 1000
DONE: Final[dict[str, bool]] = {"done": True}
ACTIONS: Final[tuple[type[m.Action], ...]] = m.Action.__args__


class ReopenBody(Body, frozen=True, kw_only=True):
    """Why a finished item goes back into its queue."""

    reason: Reason = ""


class DeskBody(Body, frozen=True, kw_only=True):
    """The desk that is alive, as sign-in named it."""

    desk: Name


ReopenJson = Annotated[ReopenBody, Depends(body_of(ReopenBody))]
DeskJson = Annotated[DeskBody, Depends(body_of(DeskBody))]


class StoryView(View, frozen=True, kw_only=True):
    """Why an item went where it went."""

    item: str
    lines: tuple[str, ...]


class MineView(View, frozen=True, kw_only=True):
    """What an agent's desk shows."""

    version: int
    at: Moment
    desk: str  # the desk that holds the lease; "" = signed out
    agent: AgentView
    offer: OfferView | None
    items: tuple[ItemView, ...]


def item_routes(parts: Parts) -> APIRouter:
    """Items and why they are where they are."""
    routes = APIRouter(tags=["items"])
    gives = parts.schemas.gives
    anybody, leader = parts.needs(EVERYBODY), parts.needs(LEADERS)

    @routes.get("/items", summary="Items in memory", responses=gives(tuple[ItemView, ...]))
    async def items(
        _: Account = Depends(leader),
        queue: str | None = Query(None, max_length=128),
        state: ItemState | None = None,
        limit: int = Query(100, ge=1, le=ITEMS_MAX),
    ) -> Response:
        return answer(await parts.inbox.read(lambda now: items_of(now, queue, state, limit)))

    @routes.get("/items/{item}", summary="One item", responses=gives(ItemView))
    async def one_item(item: str, who: Account = Depends(anybody), words: bool = True) -> Response:
        found = await parts.inbox.read(lambda state: shown(state, find_item(state, item)))
        row, view = found.row, found.view
        if words and _may_read_words(who, row):
            view = told(view, row, await parts.words.find(refs_shown(view, row)))
        return answer(view)

    @routes.get("/items/{item}/explain", summary="Why it is there", responses=gives(StoryView))
    async def explain(item: str, _: Account = Depends(anybody)) -> Response:
        return answer(StoryView(item=item, lines=await parts.explain(item)))

    @routes.post(
        "/items/{item}/reopen",
        summary="Put a finished item back into its queue",
        responses=gives(DoneView),
        openapi_extra=parts.schemas.takes(ReopenBody),
    )
    async def reopen(
        item: str,
        body: ReopenJson,
        who: Account = Depends(anybody),
    ) -> Response:
        by = who.agent_id or who.name
        await parts.inbox.submit(ReopenItem(ItemId(item), by, body.reason), _nothing)
        await parts.note(who, "item-reopened", item)
        return answer(DONE)

    @routes.get("/queues", summary="All queues", responses=gives(tuple[QueueView, ...]))
    async def queues(_: Account = Depends(anybody)) -> Response:
        now = parts.clock.now()
        return answer(await parts.inbox.read(lambda state: queue_views(state, now)))

    @routes.get("/agents", summary="All agents", responses=gives(tuple[AgentView, ...]))
    async def agents(_: Account = Depends(anybody)) -> Response:
        return answer(await parts.inbox.read(agent_views))

    return routes


def desk_routes(parts: Parts) -> APIRouter:
    """What an agent does, over HTTP."""
    routes = APIRouter(prefix="/agents/me", tags=["agent's desk over HTTP"])
    gives, takes = parts.schemas.gives, parts.schemas.takes
    anybody = parts.needs(EVERYBODY)

    @routes.get("", summary="What my desk shows", responses=gives(MineView))
    async def mine(who: Account = Depends(anybody)) -> Response:
        agent = agent_id_of(who)
        return answer(await _told(parts, await parts.inbox.read(lambda s: picture_of(s, agent))))

    @routes.post("/sign_in", summary="Take over with a desk", responses=gives(MineView))
    async def sign_in(who: Account = Depends(anybody)) -> Response:
        agent = agent_id_of(who)
        desk = parts.ids.unique("http-")
        picture = await parts.inbox.submit(SignIn(agent, desk), lambda s: picture_of(s, agent))
        await parts.note(who, "desk-signed-in", desk)
        return answer(await _told(parts, picture))

    @routes.post(
        "/beat",
        summary="My desk is alive; say so every five seconds",
        responses=gives(DoneView),
        openapi_extra=takes(DeskBody),
    )
    async def beat(body: DeskJson, who: Account = Depends(anybody)) -> Response:
        parts.leases.heard(agent_id_of(who), body.desk)
        return answer(DONE)

    actions = Actions(parts.inbox, parts.ids, parts.writing)
    for kind in ACTIONS:
        name = str(kind.__struct_config__.tag)
        routes.add_api_route(
            f"/{name}",
            _action(parts, actions, kind, name),
            methods=["POST"],
            name=name,
            summary=(kind.__doc__ or name).splitlines()[0],
            responses=gives(DoneView),
            openapi_extra=takes(kind),
        )
    return routes


def _action(
    parts: Parts, actions: Actions, kind: type[m.Action], name: str
) -> Callable[..., Awaitable[Response]]:
    anybody, body = parts.needs(EVERYBODY), body_of(kind)

    async def act(who: Account = Depends(anybody), said: Any = Depends(body)) -> Response:
        await actions.do(said, agent_id_of(who))
        target = getattr(said, "item", "") or getattr(said, "offer", "")
        await parts.note(who, f"desk-{name.replace('_', '-')}", target)
        return answer(DONE)

    return act


async def _told(parts: Parts, picture: Picture) -> MineView:
    refs = [ref for shown in picture.items for ref in refs_shown(shown.view, shown.row)]
    offer = picture.offer
    if offer is not None:
        refs.append(offer.contact_ref)
    found = await parts.words.find(refs)
    view = None
    if offer is not None:
        view = msgspec.structs.replace(offer.view, who=who_of(found.get(offer.contact_ref)))
    return MineView(
        version=picture.version,
        at=moment(picture.at),
        desk=picture.desk,
        agent=picture.agent,
        offer=view,
        items=tuple(told(shown.view, shown.row, found) for shown in picture.items),
    )


def _may_read_words(who: Account, row: Item) -> bool:
    """Residents' words are for the one who handles the item, and for supervisors."""
    return who.role == SUPERVISOR or (who.agent_id is not None and row.agent == who.agent_id)


def _nothing(_: State) -> None:
    """What changed is seen by asking again."""
