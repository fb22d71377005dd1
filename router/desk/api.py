"""`/api/v1`: what people inside and integrators ask over HTTP, described at `/api/docs`."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from router.desk.answers import install_errors
from router.desk.api_calls import call_routes
from router.desk.api_earlier import earlier_routes
from router.desk.api_figures import figure_routes
from router.desk.api_hours import message_routes, on_call_routes, surge_routes
from router.desk.api_lead import lead_routes
from router.desk.api_listen import listen_routes
from router.desk.api_order import kept_routes, order_routes
from router.desk.api_people import account_routes, audit_routes, session_routes
from router.desk.api_reports import report_routes
from router.desk.api_skills import skills_routes
from router.desk.api_softphone import softphone_routes
from router.desk.api_standing import standing_routes
from router.desk.api_text import file_routes, text_routes, upload_routes
from router.desk.api_town import emergency_routes, shunted_routes, town_routes
from router.desk.api_work import desk_routes, item_routes
from router.desk.parts import Parts
from router.desk.sign_in import provider_routes

MOUNTED_AT: Final = "/api"
_ABOUT: Final = (
    "Everything a desk, a wallboard or another system asks of Townline. Sign in with "
    "`POST /v1/sessions` and send the token as `Authorization: Bearer`. Instants are ISO 8601 in "
    "UTC, spans are seconds. An error is `{code, message}`; the codes are stable."
)


def build_api(parts: Parts) -> FastAPI:
    """Return the application to mount at `MOUNTED_AT`."""
    api = FastAPIOffline(  # its pages ask nobody outside for scripts
        title="Townline",
        version=parts.about.version,
        description=_ABOUT,
        docs_url="/docs",
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    install_errors(api)
    made = (
        session_routes,
        provider_routes,
        town_routes,
        emergency_routes,
        on_call_routes,
        surge_routes,
        message_routes,
        shunted_routes,
        desk_routes,
        figure_routes,
        item_routes,
        earlier_routes,
        call_routes,
        lead_routes,
        skills_routes,
        listen_routes,
        softphone_routes,
        text_routes,
        file_routes,
        upload_routes,
        order_routes,
        kept_routes,
        account_routes,
        standing_routes,
        audit_routes,
        report_routes,
    )
    for routes in made:
        api.include_router(routes(parts), prefix="/v1")
    parts.schemas.install(api, MOUNTED_AT)
    return api
