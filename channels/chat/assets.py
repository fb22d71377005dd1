"""Serves the widget and the page that shows it.

`/widget.js` is what a town's page includes and is asked for anew each time. The modules it loads
stand below an address that holds the hash of them all, so a browser keeps them for ever and never
mixes two versions; the same files without the hash are for people who look. Every site may load
them: there is nothing secret in them, and they can do nothing without a token.
"""

from __future__ import annotations

import gzip
import hashlib
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from channels.chat.widget.files import DEMO_POLICY, ENTRY, WidgetFile, widget_files

_BELOW: Final = "widget/"
_PAGE: Final = ""  # the demo page among the widget's files
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"  # kept, but never used without asking
_HASH_LENGTH: Final = 12
_OPEN: Final = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_SCRIPT: Final = _OPEN | {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Security-Policy": "default-src 'none'",
}


class Assets:
    """See the module's text."""

    def __init__(self, *, has_demo: bool) -> None:
        self._has_demo = has_demo
        self._files = dict(widget_files())
        tags = "".join(f"{name} {file.tag}\n" for name, file in sorted(self._files.items()))
        self.version = hashlib.sha256(tags.encode()).hexdigest()[:_HASH_LENGTH]
        self._files[ENTRY] = _loading(self._files[ENTRY], self.version)

    def routes(self) -> list[BaseRoute]:
        """Return the HTTP routes."""
        return [
            Route(f"/{ENTRY}", self._entry, methods=["GET"]),
            Route(f"/{_BELOW}{self.version}/{{file}}", self._kept, methods=["GET"]),
            Route(f"/{_BELOW}{{file}}", self._fresh, methods=["GET"]),
            Route("/chat", self._page, methods=["GET"]),
            *([Route("/", self._page, methods=["GET"])] if self._has_demo else []),
        ]

    async def _entry(self, request: Request) -> Response:
        return self._give(request, ENTRY, _SCRIPT, _ASK_AGAIN)

    async def _kept(self, request: Request) -> Response:
        return self._give(request, _BELOW + request.path_params["file"], _SCRIPT, _FOR_EVER)

    async def _fresh(self, request: Request) -> Response:
        return self._give(request, _BELOW + request.path_params["file"], _SCRIPT, _ASK_AGAIN)

    async def _page(self, request: Request) -> Response:
        headers = _OPEN | {"Content-Security-Policy": DEMO_POLICY}
        return self._give(request, _PAGE, headers, _ASK_AGAIN)

    def _give(self, request: Request, name: str, headers: dict[str, str], caching: str) -> Response:
        file = self._files.get(name)
        if file is None:
            return Response("not found\n", 404, _OPEN, media_type="text/plain")
        headers = headers | {
            "Cache-Control": caching,
            "ETag": f"W/{file.tag}",  # weak: packed and plain are the same file
            "Vary": "Accept-Encoding",
            "Content-Type": file.media_type,
        }
        if file.tag in request.headers.get("if-none-match", ""):
            return Response(None, 304, headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(file.plain, 200, headers)
        return Response(file.packed, 200, headers | {"Content-Encoding": "gzip"})


def _loading(entry: WidgetFile, version: str) -> WidgetFile:
    """Return the entry with modules of exactly this version."""
    plain = entry.plain.replace(b'"./widget/', f'"./{_BELOW}{version}/'.encode())
    tag = f'"{hashlib.sha256(plain).hexdigest()[:20]}"'
    return msgspec.structs.replace(
        entry, plain=plain, packed=gzip.compress(plain, mtime=0), tag=tag
    )
