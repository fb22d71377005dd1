"""The carrier's REST API on a free port: each request is held against its own description.

Answers are what the test puts into `answers`; without one, the least that the description allows.
The description is not part of the project: TOWNLINE_SHARED says where it lies.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest

ACCOUNT = "AC" + "0" * 32
TOKEN = "test-token"
CALL = "CA" + "1" * 32
ROOM = "CF" + "2" * 32
SHARED = Path(os.environ.get("TOWNLINE_SHARED", Path(__file__).parents[3] / "shared"))
SPEC = SHARED / "twilio-api-v2010.trimmed.json"


@cache
def description() -> tuple[OpenAPI, dict[str, Any]]:
    spec = json.loads(SPEC.read_text(encoding="utf-8"))
    return OpenAPI.from_dict(spec, config=Config(spec_validator_cls=None)), spec


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    after_s: float = 0.0


@dataclass
class Asked:
    method: str
    path: str  # without the account's part
    fields: list[tuple[str, str]]
    query: dict[str, str]

    def field(self, name: str) -> str:
        return dict(self.fields).get(name, "")


@dataclass
class FakeCarrier:
    base_url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def calls(self) -> list[tuple[str, str]]:
        return [(each.method, each.path) for each in self.asked]

    async def handle(self, request: web.Request) -> web.Response:
        fields = [(k, str(v)) for k, v in (await request.post()).items()]
        path = request.raw_path.partition("?")[0]
        self._check(request, path, fields)
        short = path.removeprefix(f"/2010-04-01/Accounts/{ACCOUNT}")
        self.asked.append(Asked(request.method, short, fields, dict(request.query)))
        answer = self.answers.pop(0) if self.answers else Answer()
        if answer.after_s:
            await asyncio.sleep(answer.after_s)
        body = answer.body
        if body is None:
            body = {"calls": [], "page": 0} if request.method == "GET" else {"sid": CALL}
        if isinstance(body, bytes):
            return web.Response(body=body, status=answer.status, content_type="text/html")
        created = request.method == "POST" and short == "/Calls.json" and answer.status == 200
        return web.json_response(body, status=201 if created else answer.status)

    def _check(self, request: web.Request, path: str, fields: list[tuple[str, str]]) -> None:
        openapi, spec = description()
        asked = MockRequest(
            "https://api.twilio.com",
            request.method.lower(),
            path,
            args=dict(request.query),
            headers={"Authorization": request.headers.get("Authorization", "")},
            content_type=request.content_type,
            data=_encoded(fields),
        )
        for error in openapi.iter_request_errors(asked):
            self.mistakes.append(f"{request.method} {path}: {error!r} {error.__cause__!r}")
        known = _known_names(spec, path, request.method.lower())
        if known is None:
            self.mistakes.append(f"{request.method} {path}: no such resource")
            return
        for name in {name for name, _ in fields} | set(request.query):
            if name not in known:
                self.mistakes.append(f"{request.method} {path}: unknown parameter {name}")


def _encoded(fields: list[tuple[str, str]]) -> bytes:
    from urllib.parse import urlencode

    return urlencode(fields).encode()


def _known_names(spec: dict[str, Any], path: str, method: str) -> set[str] | None:
    parts = path.split("/")
    for template, item in spec["paths"].items():
        wanted = template.split("/")
        fits = len(wanted) == len(parts) and all(
            w == p or ("{" in w and w.endswith(".json") == p.endswith(".json"))
            for w, p in zip(wanted, parts, strict=True)
        )
        if fits and method in item:
            operation = item[method]
            content = operation.get("requestBody", {}).get("content", {})
            names = {p["name"] for p in operation.get("parameters", []) if p["in"] == "query"}
            for kind in content.values():
                names |= set(kind["schema"].get("properties", {}))
            return names
    return None


@asynccontextmanager
async def carrier() -> AsyncIterator[FakeCarrier]:
    """Serve a fresh one; on leaving, every request must have been right."""
    fake = FakeCarrier()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", fake.handle)
    async with TestServer(application, host="127.0.0.1") as server:
        fake.base_url = str(server.make_url("")).rstrip("/")
        yield fake
    assert fake.mistakes == []
