"""An agent's own figures of the day: for oneself alone, whoever asks."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from router.desk.access import EVERYBODY, agent_id_of
from router.desk.answers import answer
from router.desk.api_reports import Language
from router.desk.parts import Parts
from router.desk.surroundings import Account
from router.desk.view_types import moment
from router.desk.views_figures import FiguresOfView, FigureView, OwnFiguresView
from router.reports.choices import Tongue


def figure_routes(parts: Parts) -> APIRouter:
    """The figures of whoever asks."""
    routes = APIRouter(tags=["agent's desk over HTTP"])
    anybody = parts.needs(EVERYBODY)

    @routes.get(
        "/agents/me/figures",
        summary="My figures of today",
        responses=parts.schemas.gives(OwnFiguresView),
    )
    async def figures(
        who: Account = Depends(anybody),
        language: Tongue = Language,
    ) -> Response:
        own = await parts.reports.own(agent_id_of(who), language)
        return answer(
            OwnFiguresView(
                at=moment(parts.clock.now()),
                day=own.day.isoformat(),
                definitions=tuple(
                    FigureView(
                        key=each.key, unit=each.unit, name=each.name, definition=each.definition
                    )
                    for each in own.definitions
                ),
                rows=tuple(
                    FiguresOfView(channel=row.channel, name=row.channel_name, figures=row.figures)
                    for row in own.rows
                ),
            )
        )

    return routes
