"""Judges REST traffic by the carrier's own OpenAPI description: an ASGI layer around the fake.

Every request and answer that passes is checked; mistakes are collected, not raised, so that the
client under test sees what it would see without the judge.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.channels.practice.town import shared

SPEC = shared("twilio-api-v2010.trimmed.json")


@cache
def _spec() -> tuple[OpenAPI, dict[str, Any]]:
    document = json.loads(SPEC.read_bytes())
    return OpenAPI.from_dict(document, config=Config(spec_validator_cls=None)), document


class Judge:
    """Passes everything on to `app` and keeps what the description does not allow."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.mistakes: list[str] = []
        self.operations: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body, status, answer = b"", 0, b""
        headers: dict[bytes, bytes] = {}

        async def hear() -> Message:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        async def tell(message: Message) -> None:
            nonlocal status, answer
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.update(message["headers"])
            answer += message.get("body", b"")
            await send(message)

        await self._app(scope, hear, tell)
        if status < 500 and status != 429:
            self._judge(scope, body, status, headers, answer)

    def _judge(
        self, scope: Scope, body: bytes, status: int, headers: dict[bytes, bytes], answer: bytes
    ) -> None:
        api, document = _spec()
        sent = {k.decode(): v.decode() for k, v in scope["headers"]}
        place = f"{scope['method']} {scope['path']}"
        request = MockRequest(
            "https://api.twilio.com",
            scope["method"].lower(),
            scope["path"],
            args=dict(parse_qsl(scope["query_string"].decode())),
            headers=sent,
            data=body,
            content_type=sent.get("content-type", "application/x-www-form-urlencoded"),
        )
        try:
            api.validate_request(request)
        except OpenAPIError as error:
            if status < 400:  # what the fake refuses may well be wrong
                self.mistakes.append(f"{place}: request: {error!r} {error.__cause__!r}")
            return
        self.mistakes += [f"{place}: {name} is unknown" for name in _unknown(document, scope, body)]
        self.operations.append(f"{scope['method']} {status}")
        if status >= 400:
            return
        content_type = headers.get(b"content-type", b"application/json").decode()
        response = MockResponse(answer, status_code=status, content_type=content_type)
        try:
            api.validate_response(request, response)
        except OpenAPIError as error:
            self.mistakes.append(f"{place}: answer {status}: {error!r} {error.__cause__!r}")


def _unknown(document: dict[str, Any], scope: Scope, body: bytes) -> set[str]:
    """Return the form fields and query parameters that the operation does not have."""
    parts = scope["path"].strip("/").removesuffix(".json").split("/")
    for template, operations in document["paths"].items():
        slots = template.strip("/").removesuffix(".json").split("/")
        fits = len(slots) == len(parts) and all(
            slot == part or slot.startswith("{") for slot, part in zip(slots, parts, strict=True)
        )
        if fits and scope["path"].endswith(".json") and scope["method"].lower() in operations:
            operation = operations[scope["method"].lower()]
            content = operation.get("requestBody", {}).get("content", {})
            form = content.get("application/x-www-form-urlencoded", {}).get("schema", {})
            known = set(form.get("properties", {}))
            asked = {p["name"] for p in operation.get("parameters", ())}
            given = {k for k, _ in parse_qsl(body.decode())}
            query = {k for k, _ in parse_qsl(scope["query_string"].decode())}
            return (given - known) | (query - asked)
    return {scope["path"]}
