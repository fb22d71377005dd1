"""A provider of OpenID Connect that checks PKCE, and lies in whatever way a test wishes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from router.desk.openid import ProviderSettings
from tests.ports import free_port

CLIENT, SECRET = "town", "a secret: of the client"

Claims = dict[str, Any]


@cache
def key_called(name: str) -> RSAKey:
    """Return a private key; the same one each time, because making one takes long."""
    return RSAKey.generate_key(2048, {"kid": name})


@dataclass
class FalseProvider:
    """Tells the truth until a test changes one of these."""

    issuer: str
    user: Claims = field(default_factory=lambda: {"preferred_username": "amina@example.org"})
    key: RSAKey = field(default_factory=lambda: key_called("first"))
    published: list[RSAKey] | None = None  # None: the key that signs
    described: Claims = field(default_factory=dict)  # differs from the truth
    claimed: Claims = field(default_factory=dict)  # differs from the truth; None: left out
    sign: Callable[[Claims], str] | None = None
    answers: dict[str, Response] = field(default_factory=dict)  # by path, instead of the truth
    asked: list[str] = field(default_factory=list)  # paths
    redeemed: list[Claims] = field(default_factory=list)  # forms and headers at the token endpoint
    codes: dict[str, Claims] = field(default_factory=dict)

    def settings(self, **changes: Any) -> ProviderSettings:
        fields = {
            "issuer": self.issuer,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "name": "Town Directory",
            "claim": "preferred_username",
            "scopes": "openid profile",
            "ca_file": None,
        }
        return ProviderSettings(**{**fields, **changes})

    def approve(self, address: str) -> Claims:
        """Do what the person does at the provider; return the query the browser comes back with."""
        asked = {name: each[0] for name, each in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )

    def _instead(self, request: Request) -> Response | None:
        self.asked.append(request.url.path)
        return self.answers.get(request.url.path)

    async def _describe(self, request: Request) -> Response:
        truth = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        return self._instead(request) or JSONResponse(truth | self.described)

    async def _authorize(self, request: Request) -> Response:
        """A page to click on: it is the provider that sends the browser back then."""
        back = urlencode(self.approve(str(request.url)))
        address = f"{request.query_params['redirect_uri']}?{back}"
        return HTMLResponse(f'<title>Directory</title><a href="{escape(address)}">Yes</a>')

    async def _keys(self, request: Request) -> Response:
        keys = [self.key] if self.published is None else self.published
        told = {"keys": [key.as_dict(private=False) for key in keys]}
        return self._instead(request) or JSONResponse(told)

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        self.redeemed.append(form | {"authorization": request.headers.get("authorization", "")})
        if (instead := self._instead(request)) is not None:
            return instead
        begun = self.codes.pop(form["code"], None)  # once
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if begun is None or begun["code_challenge"] != challenge:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if begun["redirect_uri"] != form["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"id_token": self._id_token(begun), "token_type": "Bearer"})

    def _id_token(self, begun: Claims) -> str:
        now = int(time.time())
        truth = {
            "iss": self.issuer,
            "aud": begun["client_id"],
            "sub": "1234",
            "nonce": begun["nonce"],
            "iat": now,
            "exp": now + 600,
            **self.user,
        }
        claims = {n: v for n, v in (truth | self.claimed).items() if v is not None}
        if self.sign is not None:
            return self.sign(claims)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)


def unsigned(claims: Claims) -> str:
    """Return a token that says it needs no signature."""
    return f"{_written({'alg': 'none', 'kid': 'first'})}.{_written(claims)}."


def signed_with_a_word(claims: Claims, word: bytes) -> str:
    """Return a token signed with something that is no private key, by hand: libraries refuse."""
    signed = f"{_written({'alg': 'HS256', 'kid': 'first'})}.{_written(claims)}"
    signature = hmac.digest(word, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _written(part: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@asynccontextmanager
async def false_provider(host: str = "127.0.0.1") -> AsyncIterator[FalseProvider]:
    """Serve one on a free port."""
    port = free_port()
    made = FalseProvider(f"http://{host}:{port}")
    config = uvicorn.Config(
        made.application(), host="127.0.0.1", port=port, log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.001)
        try:
            yield made
        finally:
            server.should_exit = True
