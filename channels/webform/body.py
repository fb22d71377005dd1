"""Reading what a browser or a program sent: bounded, in time, as pairs of field name and text.

Nothing here knows a form. What cannot be read is `Unreadable`, which says with which status and
code the sender is told; no input leads to an exception.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

JSON: Final = "application/json"
URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
FIELDS_MAX: Final = 200
BODY_S: Final = 20.0  # a whole submission is on its way no longer than this
_JSON_BODY: Final = msgspec.json.Decoder(dict[str, str | bool | None])

Pairs = list[tuple[str, str]]


class Unreadable(msgspec.Struct, frozen=True):
    """Why a submission was refused before its fields were looked at."""

    status: int
    code: str  # kebab case, for programs
    sentence: str  # name of the sentence for people


TOO_LARGE: Final = Unreadable(413, "too-large", "too_large")
NOT_READABLE: Final = Unreadable(400, "not-readable", "not_readable")
WRONG_TYPE: Final = Unreadable(415, "wrong-content-type", "not_readable")
TOO_SLOW: Final = Unreadable(408, "too-slow", "not_in_time")


async def read_body(request: Request, size_max: int) -> Pairs | Unreadable:
    """Return the fields in the order in which they were sent, repeats included.

    Units: `size_max` bytes; one more is refused without reading on.
    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    kind = content_type.decode("latin-1")
    if kind not in (JSON, URLENCODED, MULTIPART):
        return WRONG_TYPE
    body = await _bytes(request, size_max)
    if isinstance(body, Unreadable):
        return body
    if kind == MULTIPART:
        return await _multipart(body, options.get(b"boundary", b""))
    return _from_json(body) if kind == JSON else _from_urlencoded(body)


def is_json(request: Request) -> bool:
    """Say whether the sender speaks JSON: in what was sent or in what is wanted back."""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = request.headers.get("accept", "").partition(",")[0].partition(";")[0].strip().lower()
    return JSON in (sent, wanted)


async def _bytes(request: Request, size_max: int) -> bytes | Unreadable:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and len(declared) < 20:
        if int(declared) > size_max:
            return TOO_LARGE
    elif declared:
        return NOT_READABLE
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > size_max:
                    return TOO_LARGE
    except TimeoutError:
        return TOO_SLOW
    except ClientDisconnect:
        return NOT_READABLE  # nobody is there to be told
    return bytes(body)


def _from_urlencoded(body: bytes) -> Pairs | Unreadable:
    try:
        return parse_qsl(
            body.decode(),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError:  # bad UTF-8, or too many fields
        return NOT_READABLE


def _from_json(body: bytes) -> Pairs | Unreadable:
    try:
        fields = _JSON_BODY.decode(body)
    except ValueError:  # no JSON, another shape, or bad UTF-8
        return NOT_READABLE
    if len(fields) > FIELDS_MAX:
        return NOT_READABLE
    return [(name, _as_typed(value)) for name, value in fields.items()]


def _as_typed(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return value or ""


async def _multipart(body: bytes, boundary: bytes) -> Pairs | Unreadable:
    """Read the parts as UTF-8, whatever character set the header claims; files are refused."""
    if b"--" + boundary + b"--" not in body:
        return NOT_READABLE  # cut off: what is missing would be lost without a word
    headers = Headers(
        raw=[(b"content-type", MULTIPART.encode() + b'; boundary="' + boundary + b'"')]
    )
    parser = MultiPartParser(
        headers, _once(body), max_files=0, max_fields=FIELDS_MAX, max_part_size=len(body) + 1
    )
    try:
        form = await parser.parse()
    except MultiPartException:
        return NOT_READABLE
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
