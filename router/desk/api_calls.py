"""Routes about calls: those that were not returned yet."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Depends, Query, Response

from router.desk.access import EVERYBODY
from router.desk.answers import answer
from router.desk.parts import Parts
from router.desk.recalls import recalls_of
from router.desk.surroundings import Account
from router.desk.views_calls import RecallView

CALLS_MAX = 1000


def call_routes(parts: Parts) -> APIRouter:
    """Calls to return, for everybody who may return one."""
    routes = APIRouter(tags=["items"])
    anybody = parts.needs(EVERYBODY)

    @routes.get(
        "/callbacks",
        summary="Calls not returned yet, and why",
        responses=parts.schemas.gives(tuple[RecallView, ...]),
    )
    async def callbacks(
        _: Account = Depends(anybody),
        state: Literal["unreturned", "waiting", "given_up"] = "unreturned",
        limit: int = Query(100, ge=1, le=CALLS_MAX),
    ) -> Response:
        return answer(await parts.inbox.read(lambda now: recalls_of(now, state, limit)))

    return routes
