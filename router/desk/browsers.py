"""Sessions of browsers: a cookie no script can read, for requests that only our pages can make.

A program sends its token itself (`Authorization: Bearer`). A browser keeps it in a cookie and sends
it with every request, also with one that a page of somebody else has caused. So a request that
changes something and brings a cookie must carry `X-Townline`, which no other page can set without
asking first, and must come from our own address; a WebSocket cannot carry a header of ours and is
judged by its origin alone.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from router.errors import CommandRefused

COOKIE: Final = "townline_session"
HEADER: Final = "x-townline"  # holds where our pages lie, as in `/` or `/town/`
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FOLDER: Final = re.compile(r"/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}/){0,8}")


class ForeignRequest(CommandRefused):
    """A page of another site has sent this browser here; nothing was done."""

    code = "foreign-request"


class Browsers:
    """Gives cookies, takes them back, and says whose request it is."""

    def __init__(self, web_root: str) -> None:
        """`web_root` is the address under which people reach the daemon."""
        root = urlsplit(web_root)
        self._is_secure = root.scheme == "https"
        self._host = root.netloc.lower()

    def token_of(self, asked: HTTPConnection) -> str:
        """Return the token of the cookie; "" when there is none. Errors: `ForeignRequest`."""
        token = asked.cookies.get(COOKIE, "")
        if token:
            self._must_be_ours(asked)
        return token

    def must_be_ours(self, asked: HTTPConnection) -> None:
        """Refuse what a page of another site could have sent. Errors: `ForeignRequest`."""
        if HEADER not in asked.headers:
            raise ForeignRequest(f"a request with a cookie needs the header {HEADER}")
        self._compare_origin(asked)

    def is_secure(self, request: Request) -> bool:
        """Say whether cookies are for https only."""
        return self._is_secure or request.url.scheme == "https"

    def give(self, request: Request, response: Response, token: str) -> None:
        """Have the browser keep the token until it is closed."""
        self.give_below(_folder_of(request), request, response, token)

    def give_below(self, folder: str, request: Request, response: Response, token: str) -> None:
        """Do the same where no page of ours has asked and `folder` says where they lie."""
        response.set_cookie(
            COOKIE,
            token,
            path=folder,
            secure=self.is_secure(request),
            httponly=True,
            samesite="strict",
        )

    def take_back(self, request: Request, response: Response) -> None:
        """Have the browser forget the token."""
        response.delete_cookie(COOKIE, path=_folder_of(request), httponly=True, samesite="strict")

    def _must_be_ours(self, asked: HTTPConnection) -> None:
        if asked.scope["type"] == "websocket":
            if "origin" not in asked.headers:
                raise ForeignRequest("a browser says from which page it connects; this one did not")
            self._compare_origin(asked)
        elif asked.scope["method"] not in READING:
            self.must_be_ours(asked)

    def _compare_origin(self, asked: HTTPConnection) -> None:
        """A proxy may have replaced `Host`; what it was stands in `X-Forwarded-Host` then."""
        origin = asked.headers.get("origin")
        if origin is None:
            return  # the header of ours has shown already that no other page asks
        here = {
            self._host,
            asked.headers.get("host", ""),
            asked.headers.get("x-forwarded-host", ""),
        }
        if urlsplit(origin).netloc.lower() not in {host.lower() for host in here if host}:
            raise ForeignRequest("the request comes from a page of another site")


def address_of(request: Request) -> str:
    """Return the network address that asks; "" where there is none."""
    return request.client.host if request.client is not None else ""


def _folder_of(request: Request) -> str:
    """Return where our pages lie, as the page said; a proxy may have put them below a prefix."""
    said = request.headers.get(HEADER, "")
    return said if _FOLDER.fullmatch(said) else "/"
