"""The console's pages below `/desk/`: one HTML document, and the files it was built from.

What is served lies in `console/` beside this module as `scripts/console` built it (ADR 0043). File
names hold a hash of what is in them: browsers keep them for ever. The document is asked for anew.
All addresses in it are relative, so that a proxy may put everything below a prefix.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

FOLDER: Final = Path(__file__).parent / "console"
# Below /desk/; the console says what each shows (console/src/pages.ts).
PAGES: Final = ("", "wall", "reports", "people")

_KINDS: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Everything from here and nothing inside the page; only the framework makes elements from text, and
# only from text that was in its templates when they were built.
_SAFE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script';"
    " trusted-types svelte-trusted-html"
)
# Where the browser is the agent's telephone: what the carrier's library for it asks for, no more.
# Source: @twilio/voice-sdk, README, "Content Security Policy"; its code is ours to serve.
_CARRIER: Final = "https://eventgw.twilio.com wss://voice-js.roaming.twilio.com"
_SOUNDS: Final = "https://media.twiliocdn.com https://sdk.twilio.com"
_SOFTPHONE_POLICY: Final = (
    _SAFE_POLICY.replace("connect-src 'self'", f"connect-src 'self' {_CARRIER} {_SOUNDS}")
    + f"; media-src mediastream: {_SOUNDS}"
)
SAFE: Final = {
    "content-security-policy": _SAFE_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), payment=(), usb=()",
}
_FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable"}
_ASK_AGAIN: Final = {"cache-control": "no-cache"}


class BuiltFile(msgspec.Struct, frozen=True):
    """One file: the same bytes twice, as they are and as gzip."""

    media_type: str
    plain: bytes
    packed: bytes
    tag: str  # quoted, for ETag: changes exactly when the bytes do


def built_files(folder: Path = FOLDER) -> Mapping[str, BuiltFile]:
    """Return every file by its path below the folder, as in `assets/desk-Bx3.js`."""
    return {
        path.relative_to(folder).as_posix(): _file(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix in _KINDS
    }


def page_routes(*, has_softphone: bool) -> list[BaseRoute]:
    """Return `/desk` and everything below it, but for the WebSocket."""
    safe = SAFE | {"content-security-policy": _SOFTPHONE_POLICY} if has_softphone else SAFE
    files = built_files()
    document = files["index.html"]

    async def to_front(_: Request) -> Response:
        return RedirectResponse("desk/", status_code=307)  # relative: a prefix survives

    async def page(request: Request) -> Response:
        return _sent(document, request, safe | _ASK_AGAIN)

    async def asset(request: Request) -> Response:
        file = files.get(f"assets/{request.path_params['name']}")
        if file is None:  # of an older build: the page has to be loaded anew
            return Response(status_code=404, headers=safe | {"cache-control": "no-store"})
        return _sent(file, request, safe | _FOR_EVER)

    return [
        Route("/desk", to_front, methods=["GET"]),
        Route("/desk/assets/{name}", asset, methods=["GET"]),
        *(Route(f"/desk/{name}", page, methods=["GET"]) for name in PAGES),
    ]


def _sent(file: BuiltFile, request: Request, sent: Mapping[str, str]) -> Response:
    headers = {**sent, "etag": file.tag, "vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(file.plain, media_type=file.media_type, headers=headers)
    headers["content-encoding"] = "gzip"
    return Response(file.packed, media_type=file.media_type, headers=headers)


def _file(path: Path) -> BuiltFile:
    plain = path.read_bytes()
    return BuiltFile(
        media_type=_KINDS[path.suffix],
        plain=plain,
        packed=gzip.compress(plain, mtime=0),
        tag=f'"{hashlib.sha256(plain).hexdigest()[:20]}"',
    )
