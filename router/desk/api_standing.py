"""Routes about how an account may be used: disabled or not, with a password or at the provider."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from router.desk.answers import answer, body_of
from router.desk.api_people import (
    ADMINISTRATORS,
    AccountView,
    Body,
    ProviderNameText,
    account_view,
    end_desks,
)
from router.desk.parts import Parts
from router.desk.surroundings import Account


class ProviderNameBody(Body, frozen=True, kw_only=True):
    """What the sign-in provider calls the person from now on; "" = nobody there."""

    provider_name: ProviderNameText
    keeps_password: bool  # without: the password here is taken away


ProviderNameJson = Annotated[ProviderNameBody, Depends(body_of(ProviderNameBody))]


def standing_routes(parts: Parts) -> APIRouter:
    """How accounts may be used, for administrators."""
    routes = APIRouter(tags=["accounts"])
    gives, takes = parts.schemas.gives, parts.schemas.takes
    administrator = parts.needs(ADMINISTRATORS)

    @routes.post(
        "/accounts/{name}/provider_name",
        summary="Say what the sign-in provider calls the person",
        responses=gives(AccountView),
        openapi_extra=takes(ProviderNameBody),
    )
    async def set_provider_name(
        name: str, body: ProviderNameJson, by: Account = Depends(administrator)
    ) -> Response:
        account = await parts.names.give(
            name, body.provider_name.strip(), keeps_password=body.keeps_password, by=by.name
        )
        end_desks(parts, account)
        return answer(account_view(account))

    @routes.post(
        "/accounts/{name}/disable",
        summary="Let nobody sign in with an account; its sessions end",
        responses=gives(AccountView),
    )
    async def disable(name: str, by: Account = Depends(administrator)) -> Response:
        account = await parts.accounts.disable(name, by=by.name)
        end_desks(parts, account)
        return answer(account_view(account))

    @routes.post(
        "/accounts/{name}/enable",
        summary="Let an account be used again",
        responses=gives(AccountView),
    )
    async def enable(name: str, by: Account = Depends(administrator)) -> Response:
        return answer(account_view(await parts.accounts.enable(name, by=by.name)))

    return routes
