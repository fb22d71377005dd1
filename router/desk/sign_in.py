"""Signing in at a provider: a browser goes there, comes back, gets a session or is told why not.

The way there begins with a request that only our own pages can make; the way back is believed only
by the browser that began it (a cookie holds the state), once, and within ten minutes. Who comes
back needs an account that names them: nobody gets one, or a role, by being known elsewhere.
"""

from __future__ import annotations

import secrets
from hmac import compare_digest
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, Request, Response
from msgspec import Meta
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from router.desk.answers import answer, body_of
from router.desk.api_people import Body
from router.desk.browsers import address_of
from router.desk.openid import ProviderRefused, ProviderUnreachable
from router.desk.pages import PAGES
from router.desk.parts import Parts
from router.desk.sign_in_door import BACK, SignInDoor
from router.desk.surroundings import Account
from router.desk.told import told
from router.desk.view_types import View
from router.errors import CommandRefused, StorageError, TownlineError, UnknownTarget

COOKIE: Final = "townline_sign_in"
COOKIE_S: Final = 600

log = structlog.get_logger(__name__)


class NotBegun(CommandRefused):
    """The browser comes back from the provider, but did not begin here, or comes too late."""

    code = "not-begun"


class NoAccount(CommandRefused):
    """The provider vouches for the person, but no account names them."""

    code = "no-account"

    def __init__(self, name: str) -> None:
        super().__init__("no account has this name at the provider")
        self.name = name


class AccountDisabled(NoAccount):
    """There is an account for the person, and nobody may use it."""

    code = "account-disabled"


class ProviderView(View, frozen=True, kw_only=True):
    """The sign-in provider."""

    name: str | None  # what people call it; null: there is none, everybody has a password


class BeginBody(Body, frozen=True, kw_only=True):
    """Which page of the console to go on with; one that is none counts as the desk."""

    page: Annotated[str, Meta(max_length=64)] = ""


class ElsewhereView(View, frozen=True, kw_only=True):
    """Where the browser must go now."""

    address: str


BeginJson = Annotated[BeginBody, Depends(body_of(BeginBody))]


def provider_routes(parts: Parts) -> APIRouter:
    """Which provider there is, and the way there."""
    routes = APIRouter(tags=["sessions"])
    gives, door = parts.schemas.gives, parts.sign_in_door

    @routes.get("/provider", summary="The sign-in provider", responses=gives(ProviderView))
    async def provider() -> Response:
        return answer(ProviderView(name=door.provider.settings.name if door else None))

    @routes.post(
        "/provider/sign_in",
        summary="Begin to sign in at the provider, in a browser",
        responses=gives(ElsewhereView),
        openapi_extra=parts.schemas.takes(BeginBody),
    )
    async def begin(request: Request, body: BeginJson) -> Response:
        parts.browsers.must_be_ours(request)
        if door is None:
            raise UnknownTarget("no sign-in provider is set: sign in with name and password")
        door.must_be_here(request)
        parts.brake.count_address(address_of(request))
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        try:
            address = await door.provider.address(state=state, nonce=nonce, verifier=verifier)
        except ProviderUnreachable as error:
            log.warning("provider_failed", code=error.code, why=str(error))
            raise
        page = body.page if body.page in PAGES else ""
        await door.names.begin(state, verifier, nonce, page)
        response = answer(ElsewhereView(address=address))
        response.set_cookie(
            COOKIE,
            state,
            max_age=COOKIE_S,
            path=door.back_path,
            secure=parts.browsers.is_secure(request),
            httponly=True,
            samesite="lax",  # it must come along when the provider sends the browser back
        )
        return response

    return routes


def back_routes(parts: Parts) -> list[BaseRoute]:
    """Return the address to which the provider sends browsers; none without a provider."""
    door = parts.sign_in_door
    if door is None:
        return []
    back = _Back(parts, door)
    return [Route(BACK, back.serve, methods=["GET"])]


class _Back:
    """Who comes back from the provider."""

    def __init__(self, parts: Parts, door: SignInDoor) -> None:
        self._parts = parts
        self._door = door

    async def serve(self, request: Request) -> Response:
        """Sign in and go on to the page, or tell why not."""
        response = await self._signed_in(request)
        path = self._door.back_path
        response.delete_cookie(COOKIE, path=path, httponly=True, samesite="lax")
        return response

    async def _signed_in(self, request: Request) -> Response:
        try:
            account, page = await self._settle(request)
            token = await self._parts.sessions.open(account.name)
        except TownlineError as error:
            return self._told(request, error)
        address = address_of(request)
        await self._parts.note(account, "signed-in", f"{address} by the provider")
        response = RedirectResponse(f"{self._door.web_root}/desk/{page}", 303, {
            "cache-control": "no-store", "referrer-policy": "no-referrer",
        })  # fmt: skip
        self._parts.browsers.give_below(self._door.folder, request, response, token)
        return response

    async def _settle(self, request: Request) -> tuple[Account, str]:
        """Return whose account it is and the page to go on with. Errors: `TownlineError`."""
        asked, provider = request.query_params, self._door.provider
        state, held = asked.get("state", ""), request.cookies.get(COOKIE, "")
        if not held or not compare_digest(state.encode(), held.encode()):
            raise NotBegun("the browser holds another state than it was sent back with")
        begun = await self._door.names.take(state)
        if begun is None:
            raise NotBegun("nothing was begun with this state, or it was used or is too old")
        if asked.get("iss", provider.settings.issuer) != provider.settings.issuer:
            raise ProviderRefused("the answer comes from another issuer")
        if "code" not in asked:
            raise ProviderRefused("the provider gave no code")
        name = await provider.person(code=asked["code"], nonce=begun.nonce, verifier=begun.verifier)
        account = await self._door.names.account_of(name)
        if account is None or account.is_disabled:
            error = NoAccount if account is None else AccountDisabled
            await self._parts.audit.note("townline", f"sign-in-{error.code}", name)
            raise error(name)
        return account, begun.page

    def _told(self, request: Request, error: TownlineError) -> Response:
        if isinstance(error, ProviderRefused | ProviderUnreachable):
            log.warning("provider_failed", code=error.code, why=str(error))
        return told(
            error.code,
            provider=self._door.provider.settings.name,
            name=error.name if isinstance(error, NoAccount) else "",
            desk=f"{self._door.web_root}/desk/",
            accept_language=request.headers.get("accept-language", ""),
            status=503 if isinstance(error, ProviderUnreachable | StorageError) else 403,
        )
