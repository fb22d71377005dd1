"""The responses of the web form: status, headers and body of every kind of answer."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from channels.webform import pages
from channels.webform.body import JSON, Unreadable, is_json
from channels.webform.pages import HEADERS, Page
from channels.webform.sentences import sentences

RETRY_AFTER_S: Final = 30  # when storing failed; the page says "in a minute"


def html(page: Page, body: str, status: int = 200, *, retry_after_s: int = 0) -> Response:
    """Return a page."""
    headers = {
        **HEADERS,
        "Content-Language": page.language.locale,
        "Vary": "Accept-Language, Accept",
        **_retry_after(retry_after_s),
    }
    return HTMLResponse(body, status, headers)


def json(status: int, body: object, *, retry_after_s: int = 0) -> Response:
    """Return something for programs."""
    headers = {**HEADERS, **_retry_after(retry_after_s)}
    return Response(msgspec.json.encode(body), status, headers, media_type=JSON)


def json_error(
    status: int,
    code: str,
    message: str,
    *,
    fields: dict[str, str] | None = None,
    retry_after_s: int = 0,
) -> Response:
    """Return what is wrong, for programs: a stable code and a sentence in the page's language."""
    body: dict[str, object] = {"code": code, "message": message}
    if fields is not None:
        body["fields"] = fields
    return json(status, body, retry_after_s=retry_after_s)


def _retry_after(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)} if seconds else {}


def no_form(request: Request, page: Page) -> Response:
    """Return that there is no such form, and which there are."""
    say = page.say
    if is_json(request):
        return json_error(404, "unknown-form", say["not_found"])
    page = msgspec.structs.replace(page, address="")
    body = pages.error_page(page, say["not_found_title"], say["not_found"], forms=True)
    return html(page, body, 404)


def unreadable(request: Request, page: Page, why: Unreadable, size_max: int) -> Response:
    """Return why what was sent could not be read."""
    text = page.say[why.sentence].format(limit=size_max // 1024)
    if is_json(request):
        return json_error(why.status, why.code, text)
    return html(page, pages.error_page(page, page.say["error_title"], text), why.status)


def unavailable(request: Request) -> Response:
    """Answer before any policy is known, or when what was asked for cannot be read."""
    text = " ".join(sentences(language)["unavailable"] for language in ("en", "fr"))
    if is_json(request):
        return json_error(503, "storage-unavailable", text, retry_after_s=RETRY_AFTER_S)
    headers = {**HEADERS, **_retry_after(RETRY_AFTER_S)}
    return Response(text, 503, headers, media_type="text/plain")
