"""The responses of the chat: status, headers and body, and who may read them across sites.

Source: Fetch standard, "CORS protocol"; Direct Line 3.0, "Errors".
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec
from starlette.responses import Response

from channels.chat.refusals import Refused
from router.errors import CommandRefused, TownlineError
from router.ports import FileRef

RETRY_AFTER_S: Final = 5  # when storing failed
PREFLIGHT_S: Final = 7200  # browsers ask no longer than this
HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}
_ASKED_HEADERS: Final = "authorization, content-type, x-ms-bot-agent, x-requested-with"
# what a browser may show by itself; anything else is bytes
_SHOWN_KINDS: Final = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"}
)
_LOOPBACK: Final = ("localhost", "127.0.0.1")


def json(status: int, body: object) -> Response:
    """Return something as JSON."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Response(content, status, HEADERS, media_type="application/json")


def refusal(refused: Refused) -> Response:
    """Return why nothing was done."""
    body = {"error": {"code": refused.code, "message": refused.message}}
    response = json(refused.status, body)
    if refused.retry_after_s:
        response.headers["Retry-After"] = str(refused.retry_after_s)
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def refused_by(error: TownlineError) -> Refused:
    """Return what the engine's refusal means to a client: another time, or not at all."""
    if isinstance(error, CommandRefused):
        return Refused(409, error.code, "this cannot be done as the chat stands")
    retry_after_s = getattr(error, "retry_after_s", RETRY_AFTER_S)
    message = "the chat cannot store anything just now: try again"
    return Refused(503, error.code, message, retry_after_s=retry_after_s)


def file(ref: FileRef, body: bytes) -> Response:
    """Return a file that somebody else has sent, so that a browser runs nothing of it."""
    kind = ref.kind if ref.kind in _SHOWN_KINDS else "application/octet-stream"
    headers = HEADERS | {
        "Cache-Control": "private, max-age=1800",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(ref.name, safe='')}",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return Response(body, 200, headers, media_type=kind)


# --- other sites ---------------------------------------------------------------------------------


def own_origins(public_url: str) -> frozenset[str]:
    """Return the origins of our own pages; a machine talking to itself has two names."""
    parts = urlsplit(public_url)
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    if parts.hostname not in _LOOPBACK:
        return frozenset({origin})
    port = f":{parts.port}" if parts.port is not None else ""
    return frozenset(f"{parts.scheme}://{host}{port}" for host in _LOOPBACK)


def may_read(response: Response, origin: str, welcome: Container[str]) -> Response:
    """Let the page of a welcome origin read the response."""
    response.headers["Vary"] = "Origin"
    if origin.lower() in welcome:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    return response


def preflight(origin: str, welcome: Container[str]) -> Response:
    """Answer OPTIONS."""
    response = may_read(Response(None, 204), origin, welcome)
    if "Access-Control-Allow-Origin" in response.headers:
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = _ASKED_HEADERS
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_S)
    return response
