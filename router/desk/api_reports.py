"""Routes of reports: figures with their definitions as JSON, files for spreadsheets, a page.

For supervisors and administrators: agents are told apart in them. Every answer but the list of
figures and the style sheet is made of history; who asked for a file stands in the audit log.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from fastapi import APIRouter, Depends, Query, Response

from router.desk.access import EVERYBODY, LEADERS
from router.desk.answers import Malformed, answer
from router.desk.parts import Parts
from router.desk.surroundings import Account
from router.reports.choices import By, Tongue
from router.reports.files import csv_of, xlsx_of
from router.reports.page import COUNCIL, STYLE, page_of
from router.reports.periods import Kind, may_be_by
from router.reports.report import Definition, Report, definitions

CSV: Final = "text/csv; charset=utf-8"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FILES: Final[dict[str, tuple[Callable[[Report], bytes], str]]] = {
    "csv": (csv_of, CSV),
    "xlsx": (xlsx_of, XLSX),
}
STYLE_NAME: Final = "print.css"  # beside the page, so that its address needs no prefix

Day = Query(None, description="Any day of the period; default: today in the town.")
Choice = Query(By.QUEUE, description="What a row stands for; hours: of a day alone.")
Section = Query(
    None, description="What a row stands for; default: what goes to Council, no agents."
)
Language = Query(Tongue.EN, description="Of names and definitions.")


def report_routes(parts: Parts) -> APIRouter:
    """Reports of a day, a week or a month."""
    routes = APIRouter(tags=["reports"], prefix="/reports")
    gives = parts.schemas.gives
    leader, anybody = parts.needs(LEADERS), parts.needs(EVERYBODY)

    @routes.get(
        "/figures",
        summary="Every figure with its unit and definition",
        responses=gives(tuple[Definition, ...]),
    )
    async def figures(_: Account = Depends(anybody), language: Tongue = Language) -> Response:
        return answer(definitions(language))

    @routes.get(f"/{STYLE_NAME}", summary="The style sheet of the page", include_in_schema=False)
    async def style() -> Response:
        return Response(STYLE, media_type="text/css")

    @routes.get("/{kind}", summary="The report of a period", responses=gives(Report))
    async def report(
        kind: Kind,
        _: Account = Depends(leader),
        day: date | None = Day,
        by: By = Choice,
        language: Tongue = Language,
    ) -> Response:
        return answer(await _made(parts, kind, day, by, language))

    for name, (write, media_type) in _FILES.items():
        _file_route(routes, parts, name, write, media_type)

    @routes.get("/{kind}/page", summary="The page of a period, ready for printing")
    async def page(
        kind: Kind,
        who: Account = Depends(leader),
        day: date | None = Day,
        by: By | None = Section,
        language: Tongue = Language,
    ) -> Response:
        made = [
            await _made(parts, kind, day, each, language)
            for each in (COUNCIL if by is None else (by,))
        ]
        earlier = made[0].first - timedelta(1)
        before = await parts.reports.report(kind, earlier, made[0].by, language)
        await parts.note(who, "report-printed", f"{made[0].period} by {by or 'council'}")
        return Response(page_of(made, before, style=f"../{STYLE_NAME}"), media_type="text/html")

    return routes


async def _made(parts: Parts, kind: Kind, day: date | None, by: By, language: str) -> Report:
    if not may_be_by(kind, by):
        raise Malformed(f"by {by} there are reports of a day, not of a {kind}: ask for {Kind.DAY}")
    return await parts.reports.report(kind, day, by, language)


def _file_route(
    routes: APIRouter,
    parts: Parts,
    name: str,
    write: Callable[[Report], bytes],
    media_type: str,
) -> None:
    leader = parts.needs(LEADERS)

    @routes.get(f"/{{kind}}/{name}", name=f"report_{name}", summary=f"The report as {name.upper()}")
    async def file(
        kind: Kind,
        who: Account = Depends(leader),
        day: date | None = Day,
        by: By = Choice,
        language: Tongue = Language,
    ) -> Response:
        made = await _made(parts, kind, day, by, language)
        await parts.note(who, "report-downloaded", f"{made.period} by {by} as {name}")
        called = f'attachment; filename="townline-{made.period}-{by}.{name}"'
        return Response(write(made), media_type=media_type, headers={"Content-Disposition": called})
