"""How `/api/v1` answers: views as JSON, errors as code and message, both described in OpenAPI.

Bodies and answers are msgspec structs, the same as on the WebSocket; `Schemas` collects them and
writes them into the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

from router.desk.access import (
    MustChangePassword,
    NotPermitted,
    NotSignedIn,
    TooOften,
    WrongPassword,
)
from router.desk.browsers import ForeignRequest
from router.desk.openid import ProviderUnreachable
from router.desk.views import ErrorView
from router.errors import (
    CommandRefused,
    NotAllowed,
    Overloaded,
    StorageError,
    TownlineError,
    UnknownAgent,
    UnknownItem,
    UnknownTarget,
)

BODY_BYTES_MAX: Final = 64 * 1024
_REF: Final = "#/components/schemas/{name}"

B = TypeVar("B")

# the first row that fits decides
STATUSES: Final[tuple[tuple[type[TownlineError], int], ...]] = (
    (NotSignedIn, 401),
    (WrongPassword, 401),
    (MustChangePassword, 403),
    (ForeignRequest, 403),
    (NotPermitted, 403),
    (TooOften, 429),
    (NotAllowed, 403),
    (UnknownItem, 404),
    (UnknownAgent, 404),
    (UnknownTarget, 404),
    (CommandRefused, 409),
    (Overloaded, 503),
    (ProviderUnreachable, 503),
    (StorageError, 503),
)
_HTTP_CODES: Final = {404: "no-such-page", 405: "wrong-method", 413: "too-large"}


class Malformed(TownlineError):
    """The body is not what the route takes."""

    code = "malformed"


def answer(view: object, status: int = 200) -> Response:
    """Return views as JSON."""
    return Response(msgspec.json.encode(view), status, media_type="application/json")


def failure(status: int, code: str, message: str, **headers: str) -> Response:
    """Return an error; header names have `_` for `-`."""
    return Response(
        msgspec.json.encode(ErrorView(code=code, message=message)),
        status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        media_type="application/json",
    )


def body_of(kind: type[B]) -> Callable[[Request], Awaitable[B]]:
    """Return a dependency that reads the body; an empty one counts as `{}`."""

    async def read(request: Request) -> B:
        raw = bytearray()
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > BODY_BYTES_MAX:
                raise HTTPException(413)
        try:
            return msgspec.json.decode(bytes(raw) or b"{}", type=kind)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Malformed(f"the body is not understood: {error}") from error

    return read


async def _townline_error(_: Request, error: Exception) -> Response:
    if isinstance(error, Malformed):
        return failure(422, error.code, str(error))
    if not isinstance(error, TownlineError):
        raise error
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    headers = {}
    if isinstance(error, Overloaded | TooOften):
        headers["Retry_After"] = str(error.retry_after_s)
    elif isinstance(error, NotSignedIn):
        headers["WWW_Authenticate"] = "Bearer"
    return failure(status, error.code, str(error), **headers)


async def _http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = _HTTP_CODES.get(error.status_code, "http-error")
    message = str(error.detail)
    if error.status_code == 413:
        message = f"a body has at most {BODY_BYTES_MAX} bytes"
    return failure(error.status_code, code, message)


async def _invalid(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    wrong = "; ".join(
        f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()
    )
    return failure(422, Malformed.code, wrong)


class Schemas:
    """JSON Schemas of what routes take and give, for the OpenAPI document."""

    def __init__(self) -> None:
        self._kinds: list[Any] = [ErrorView]

    def gives(self, kind: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
        """Return a route's `responses`, the error form included."""
        return {
            status: {"description": "Done", "content": self._content(kind)},
            "default": {"description": "Not done", "content": self._content(ErrorView)},
        }

    def takes(self, kind: Any) -> dict[str, Any]:
        """Return a route's `openapi_extra`."""
        return {"requestBody": {"required": True, "content": self._content(kind)}}

    def _content(self, kind: Any) -> dict[str, Any]:
        self._kinds.append(kind)
        (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
        return {"application/json": {"schema": schema}}

    def install(self, api: FastAPI, mounted_at: str) -> None:
        """Have the document name every schema, and where the paths begin."""

        def document() -> dict[str, Any]:
            if api.openapi_schema is None:
                made = get_openapi(
                    title=api.title,
                    version=api.version,
                    description=api.description,
                    routes=api.routes,
                    servers=[{"url": mounted_at}],
                )
                _, named = msgspec.json.schema_components(self._kinds, ref_template=_REF)
                made.setdefault("components", {}).setdefault("schemas", {}).update(named)
                api.openapi_schema = made
            return api.openapi_schema

        api.openapi = document  # type: ignore[method-assign]


def install_errors(api: FastAPI) -> None:
    """Have every error answered as code and message."""
    api.add_exception_handler(TownlineError, _townline_error)
    api.add_exception_handler(HTTPException, _http_error)
    api.add_exception_handler(RequestValidationError, _invalid)
