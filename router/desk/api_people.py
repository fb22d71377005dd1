"""Routes about people: sessions, passwords, accounts, and the trail of changes."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from msgspec import Meta

from router.core.model import AgentId
from router.desk.access import ADMINISTRATOR, WrongPassword
from router.desk.answers import answer, body_of
from router.desk.browsers import COOKIE, address_of
from router.desk.parts import Parts
from router.desk.surroundings import Account
from router.desk.view_types import Moment, View, moment, moment_or_none

Short = Annotated[str, Meta(min_length=1, max_length=128)]
Secret = Annotated[str, Meta(min_length=1, max_length=1024)]
ProviderNameText = Annotated[str, Meta(max_length=200)]
RoleName = Literal["agent", "supervisor", "administrator"]

ADMINISTRATORS: Final = frozenset({ADMINISTRATOR})


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is sent to these routes."""


class SignInBody(Body, frozen=True, kw_only=True):
    """Name and password; a browser keeps the token in a cookie that its scripts cannot read."""

    name: Short
    password: Secret
    browser: bool = False


class PasswordBody(Body, frozen=True, kw_only=True):
    """One's own present and new password."""

    old: Secret
    new: Secret


class AccountBody(Body, frozen=True, kw_only=True):
    """A new account."""

    name: Short
    role: RoleName
    agent: Short | None = None  # id in skills.yaml; an agent's account needs one
    # what the sign-in provider calls the person, who has no password here then; "" = a password
    provider_name: ProviderNameText = ""


class RoleBody(Body, frozen=True, kw_only=True):
    """What an account may do from now on."""

    role: RoleName
    agent: Short | None = None


class AccountView(View, frozen=True, kw_only=True):
    """An account."""

    name: str
    role: str
    agent: str | None
    must_change: bool
    locked_until: Moment | None  # after too many wrong passwords
    is_disabled: bool  # nobody may sign in with it
    has_password: bool  # without one the person signs in at the provider only
    provider_name: str  # what the sign-in provider calls the person; "" = nobody there


class SessionView(View, frozen=True, kw_only=True):
    """A session that was just opened; send the token as `Authorization: Bearer`."""

    token: str  # "" for a browser, which has it as a cookie
    account: AccountView


class OneTimeView(View, frozen=True, kw_only=True):
    """A password that is shown this once and must be changed at the first sign-in."""

    name: str
    one_time_password: str  # "" for an account that has none


class AuditView(View, frozen=True, kw_only=True):
    """One change that somebody made."""

    at: Moment
    who: str
    what: str
    target: str


SignInJson = Annotated[SignInBody, Depends(body_of(SignInBody))]
PasswordJson = Annotated[PasswordBody, Depends(body_of(PasswordBody))]
AccountJson = Annotated[AccountBody, Depends(body_of(AccountBody))]
RoleJson = Annotated[RoleBody, Depends(body_of(RoleBody))]


def account_view(account: Account) -> AccountView:
    """Return an account without its secrets."""
    return AccountView(
        name=account.name,
        role=str(account.role),
        agent=account.agent_id,
        must_change=account.must_change,
        locked_until=moment_or_none(account.locked_until),
        is_disabled=account.is_disabled,
        has_password=account.has_password,
        provider_name=account.provider_name,
    )


def session_routes(parts: Parts) -> APIRouter:
    """Sign in, sign out, change one's password."""
    routes = APIRouter(tags=["sessions"])
    gives = parts.schemas.gives

    @routes.get("/sessions", summary="Who is signed in", responses=gives(AccountView))
    async def signed_in(token: str = Depends(parts.token_of)) -> Response:
        return answer(account_view(await parts.access.account_of(token)))

    @routes.post(
        "/sessions",
        summary="Sign in",
        status_code=201,
        responses=gives(SessionView, 201),
        openapi_extra=parts.schemas.takes(SignInBody),
    )
    async def sign_in(request: Request, body: SignInJson) -> Response:
        if body.browser:
            parts.browsers.must_be_ours(request)
        address = address_of(request)
        parts.brake.count(body.name, address)
        account = await parts.accounts.verify(body.name, body.password)
        if account is None:
            raise WrongPassword("name or password is wrong, or the account cannot be used now")
        await parts.note(account, "signed-in", address)
        return await _opened(parts, request, account, 201, in_browser=body.browser)

    @routes.delete("/sessions", summary="Sign out", status_code=204)
    async def sign_out(request: Request, token: str = Depends(parts.token_of)) -> Response:
        account = await parts.access.account_of(token)
        await parts.sessions.close(token)
        parts.hub.end_session(token)
        await parts.note(account, "signed-out", "")
        response = Response(status_code=204)
        if COOKIE in request.cookies:
            parts.browsers.take_back(request, response)
        return response

    @routes.post(
        "/password",
        summary="Change one's own password; all sessions end, a new one is opened",
        responses=gives(SessionView),
        openapi_extra=parts.schemas.takes(PasswordBody),
    )
    async def change_password(
        request: Request, body: PasswordJson, token: str = Depends(parts.token_of)
    ) -> Response:
        account = await parts.access.account_of(token)
        changed = await parts.accounts.change_password(account.name, body.old, body.new)
        end_desks(parts, account)
        in_browser = request.cookies.get(COOKIE) == token
        return await _opened(parts, request, changed, 200, in_browser=in_browser)

    return routes


async def _opened(
    parts: Parts, request: Request, account: Account, status: int, *, in_browser: bool
) -> Response:
    token = await parts.sessions.open(account.name)
    shown = "" if in_browser else token
    response = answer(SessionView(token=shown, account=account_view(account)), status)
    if in_browser:
        parts.browsers.give(request, response, token)
    return response


def account_routes(parts: Parts) -> APIRouter:
    """Accounts, for administrators; the accounts keep the trail themselves."""
    routes = APIRouter(tags=["accounts"])
    gives, takes = parts.schemas.gives, parts.schemas.takes
    administrator = parts.needs(ADMINISTRATORS)

    @routes.get("/accounts", summary="All accounts", responses=gives(tuple[AccountView, ...]))
    async def accounts(_: Account = Depends(administrator)) -> Response:
        return answer([account_view(one) for one in await parts.accounts.everybody()])

    @routes.post(
        "/accounts",
        summary="Create an account",
        status_code=201,
        responses=gives(OneTimeView, 201),
        openapi_extra=takes(AccountBody),
    )
    async def create(body: AccountJson, by: Account = Depends(administrator)) -> Response:
        password = await parts.accounts.create(
            body.name,
            parts.role_of(body.role),
            agent_id=_agent(body.agent),
            provider_name=body.provider_name.strip(),
            by=by.name,
        )
        return answer(OneTimeView(name=body.name, one_time_password=password), 201)

    @routes.post(
        "/accounts/{name}/password", summary="Give a new password", responses=gives(OneTimeView)
    )
    async def reset(name: str, by: Account = Depends(administrator)) -> Response:
        password = await parts.accounts.reset_password(name, by=by.name)
        end_desks(parts, await _account_called(parts, name))
        return answer(OneTimeView(name=name, one_time_password=password))

    @routes.post(
        "/accounts/{name}/role",
        summary="Change what an account may do",
        responses=gives(AccountView),
        openapi_extra=takes(RoleBody),
    )
    async def set_role(name: str, body: RoleJson, by: Account = Depends(administrator)) -> Response:
        before = await _account_called(parts, name)
        account = await parts.accounts.set_role(
            name, parts.role_of(body.role), agent_id=_agent(body.agent), by=by.name
        )
        end_desks(parts, before)  # after it: who comes back meanwhile would stay
        return answer(account_view(account))

    @routes.delete("/accounts/{name}", summary="Remove an account", status_code=204)
    async def remove(name: str, by: Account = Depends(administrator)) -> Response:
        before = await _account_called(parts, name)
        await parts.accounts.remove(name, by=by.name)
        end_desks(parts, before)
        return Response(status_code=204)

    return routes


def audit_routes(parts: Parts) -> APIRouter:
    """The trail of changes, for administrators."""
    routes = APIRouter(tags=["accounts"])
    administrator = parts.needs(ADMINISTRATORS)
    answers = parts.schemas.gives(tuple[AuditView, ...])

    @routes.get("/audit", summary="Newest changes", responses=answers)
    async def audit(
        _: Account = Depends(administrator), limit: int = Query(100, ge=1, le=1000)
    ) -> Response:
        entries = await parts.audit.recent(limit)
        return answer(
            [
                AuditView(at=moment(one.at), who=one.who, what=one.what, target=one.target)
                for one in entries
            ]
        )

    return routes


def _agent(name: str | None) -> AgentId | None:
    return AgentId(name) if name is not None else None


def end_desks(parts: Parts, account: Account | None) -> None:
    """Close the desks of the account, at the other daemons, too."""
    if account is not None and account.agent_id is not None:
        parts.hub.end_agent(account.agent_id)


async def _account_called(parts: Parts, name: str) -> Account | None:
    """Return the account; None when there is none, which whoever changes it says."""
    wanted = name.strip().casefold()
    everybody = await parts.accounts.everybody()
    return next((account for account in everybody if account.name == wanted), None)
