"""Routes about what a resident came for earlier, for whoever has an item of theirs at hand."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Query, Response

from router.desk.access import EVERYBODY
from router.desk.answers import answer
from router.desk.earlier import PAGE_MOST, EarlierItems
from router.desk.parts import Parts
from router.desk.surroundings import Account
from router.desk.views_earlier import EarlierItemView, EarlierPageView


def earlier_routes(parts: Parts) -> APIRouter:
    """Earlier items of the resident, and one of them with its words."""
    routes = APIRouter(tags=["items"])
    gives = parts.schemas.gives
    earlier = EarlierItems(parts.inbox, parts.words, parts.desktop)
    anybody = parts.needs(EVERYBODY)

    @routes.get(
        "/items/{item}/earlier",
        summary="What else this resident came for",
        responses=gives(EarlierPageView),
    )
    async def page(
        item: str,
        who: Account = Depends(anybody),
        after: str = Query("", max_length=128, description="Go on after this reference."),
        limit: int = Query(10, ge=1, le=PAGE_MOST),
    ) -> Response:
        found = await earlier.page(item, who, after, limit)
        await parts.note(who, "history-listed", item)
        return answer(found)

    @routes.get(
        "/items/{item}/earlier/{other}",
        summary="One of them, with what was said and written",
        responses=gives(EarlierItemView),
    )
    async def one(item: str, other: str, who: Account = Depends(anybody)) -> Response:
        found = await earlier.one(item, who, other)
        await parts.note(who, "history-read", f"{other} at {item}")
        return answer(found)

    return routes
