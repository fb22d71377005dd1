"""The sign-in provider, asked as OpenID Connect says: where to send a browser, and who came back.

Authorization code flow with PKCE. Nothing the provider or a browser says is believed before it is
checked: the provider's own description, the signature of the ID token, for whom, by whom and how
long ago it was made, and that it answers the very request that was begun. Keeps no secret of
anybody and logs nothing; tokens are dropped as soon as they were read.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet

from router.errors import CommandRefused, SettingsError, TownlineError

T = TypeVar("T")

# Signed with a key of which we know the public half alone: nobody can sign with what is published.
ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "Ed25519",
)  # fmt: skip
SKEW_S: Final = 120  # how far the provider's clock may be from ours
ANSWER_S: Final = 5.0  # for one answer of the provider, all in all
ANSWER_BYTES_MAX: Final = 512 * 1024
KNOWN_S: Final = 3600  # its description and keys are asked for anew after this
NEW_KEYS_S: Final = 30  # an unknown key has them asked for, at most so often
NAME_MAX: Final = 200  # characters of what the provider calls a person

_ERROR_NAME: Final = re.compile(r"[a-z_]{1,40}")


class ProviderUnreachable(TownlineError):
    """The sign-in provider gives no answer that can be used; people with a password sign in."""

    code = "provider-unreachable"


class ProviderRefused(CommandRefused):
    """The sign-in provider does not vouch for this person, or cannot be believed that it does."""

    code = "provider-refused"


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which provider, and what it knows this town as."""

    issuer: str
    client_id: str
    client_secret: str  # "" for a client that has none
    name: str  # what people call the provider
    claim: str  # of the ID token; names the person
    scopes: str
    ca_file: Path | None

    def __repr__(self) -> str:
        """Show no secret."""
        return f"ProviderSettings(issuer={self.issuer!r}, client_id={self.client_id!r})"


class _Description(msgspec.Struct, frozen=True):
    """What the provider publishes about itself (OpenID Connect Discovery)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str = ""


class _Problem(msgspec.Struct, frozen=True):
    error: str = ""


class Provider:
    """`seconds` is the world's time, Unix seconds; practice time may be another.

    Errors: `SettingsError` when the CA file cannot be used.
    """

    def __init__(
        self, settings: ProviderSettings, *, redirect_uri: str, seconds: Callable[[], int]
    ) -> None:
        self.settings = settings
        self._redirect_uri = redirect_uri
        self._seconds = seconds
        self._tls = _tls(settings.ca_file)
        self._description: tuple[_Description, int] | None = None  # and since when
        self._keys: tuple[KeySet, int] | None = None

    async def address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Return where to send the browser. Errors: `ProviderUnreachable`."""
        challenge = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self.settings.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        endpoint = (await self._described()).authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def person(self, *, code: str, nonce: str, verifier: str) -> str:
        """Return what the provider calls the person for whom it gave this code.

        Errors: `ProviderRefused`, `ProviderUnreachable`.
        """
        token = await self._redeem(code, verifier)
        claims = await self._believed(token, nonce)
        name = claims.get(self.settings.claim)
        if not isinstance(name, str) or not _is_name(name):
            raise ProviderRefused(
                f"the ID token has no usable claim {self.settings.claim!r}: see"
                " TOWNLINE_OIDC__CLAIM and TOWNLINE_OIDC__SCOPES, or have the provider put it in"
            )
        if self.settings.claim == "email" and claims.get("email_verified", True) is not True:
            raise ProviderRefused("the provider has not verified that the address is theirs")
        return name

    # --- tokens ----------------------------------------------------------------------------------

    async def _redeem(self, code: str, verifier: str) -> str:
        """Return the ID token that the provider gives for the code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        description, headers = await self._described(), {}
        secret = self.settings.client_secret
        if secret and "client_secret_basic" in description.token_endpoint_auth_methods_supported:
            both = f"{quote(self.settings.client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
        else:
            form["client_id"] = self.settings.client_id
            if secret:
                form["client_secret"] = secret
        status, raw = await self._ask("POST", description.token_endpoint, headers, form)
        if status in {400, 401, 403}:
            why = _ERROR_NAME.fullmatch(_problem(raw).error)
            raise ProviderRefused(
                f"the provider did not take the code: {why[0] if why else status}"
            )
        if status != 200:
            raise ProviderUnreachable(f"{self.settings.name} answered {status} to the code")
        return self._read(raw, _Tokens).id_token

    async def _believed(self, token: str, nonce: str) -> Mapping[str, Any]:
        """Return the claims of an ID token that holds. Errors: `ProviderRefused`."""
        try:
            try:
                read = jwt.decode(token, await self._key_set(), algorithms=ALGORITHMS)
            except InvalidKeyIdError:  # the provider has changed its keys
                keys = await self._key_set(known_s=NEW_KEYS_S)
                read = jwt.decode(token, keys, algorithms=ALGORITHMS)
            self._registry(nonce).validate(read.claims)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
            why = str(error) if isinstance(error, JoseError) else type(error).__name__
            raise ProviderRefused(f"the ID token does not hold: {why}") from error
        audience, party = read.claims["aud"], read.claims.get("azp", self.settings.client_id)
        is_shared = isinstance(audience, list) and len(audience) > 1
        if party != self.settings.client_id or (is_shared and "azp" not in read.claims):
            raise ProviderRefused("the ID token does not hold: it was made for another program")
        return read.claims

    def _registry(self, nonce: str) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=self._seconds,
            leeway=SKEW_S,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )

    # --- what the provider publishes -------------------------------------------------------------

    async def _described(self) -> _Description:
        now = self._seconds()
        if self._description is None or now >= self._description[1] + KNOWN_S:
            issuer = self.settings.issuer
            url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
            told = self._read(await self._get(url), _Description)
            if told.issuer != issuer:
                raise ProviderUnreachable(
                    f"{self.settings.name} calls itself {told.issuer!r}, TOWNLINE_OIDC__ISSUER says"
                    f" {issuer!r}: they must be the same, letter by letter"
                )
            for endpoint in (told.authorization_endpoint, told.token_endpoint, told.jwks_uri):
                if urlsplit(endpoint).scheme not in {"https", urlsplit(issuer).scheme}:
                    raise ProviderUnreachable(f"{self.settings.name} names an address without TLS")
            self._description = told, now
        return self._description[0]

    async def _key_set(self, known_s: int = KNOWN_S) -> KeySet:
        now = self._seconds()
        if self._keys is None or now >= self._keys[1] + known_s:
            raw = await self._get((await self._described()).jwks_uri)
            try:
                published = msgspec.json.decode(raw)["keys"]
                keys = [key for each in published for key in _usable(each)]
            except (ValueError, TypeError, KeyError):
                keys = []
            if not keys:
                raise ProviderUnreachable(f"{self.settings.name} publishes no keys that we can use")
            self._keys = KeySet(keys), now
        return self._keys[0]

    # --- asking ----------------------------------------------------------------------------------

    async def _get(self, url: str) -> bytes:
        status, raw = await self._ask("GET", url, {}, None)
        if status != 200:
            raise ProviderUnreachable(f"{self.settings.name} answered {status} at {url}")
        return raw

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> tuple[int, bytes]:
        """Return status and body. Errors: `ProviderUnreachable`."""
        raw = bytearray()
        try:
            async with asyncio.timeout(ANSWER_S), httpx.AsyncClient(verify=self._tls) as client:
                accepts = {"Accept": "application/json", **headers}
                async with client.stream(method, url, headers=accepts, data=form) as response:
                    async for part in response.aiter_bytes():
                        raw += part
                        if len(raw) > ANSWER_BYTES_MAX:
                            raise ProviderUnreachable(f"{self.settings.name} does not stop talking")
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderUnreachable(
                f"{self.settings.name} does not answer: {type(error).__name__}"
            ) from error
        return response.status_code, bytes(raw)

    def _read(self, raw: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(raw, type=kind)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ProviderUnreachable(
                f"what {self.settings.name} answers is not understood: {error}"
            ) from error


def _is_name(claim: str) -> bool:
    """Say whether it can name a person: as it is, because names are compared letter by letter."""
    return 0 < len(claim) <= NAME_MAX and claim == claim.strip() and claim.isprintable()


def _usable(published: Any) -> Sequence[Key]:
    """Return the key, if it is for signatures, no secret, and of a kind we know.

    Others keep nobody out. Source: RFC 7517, section 5.
    """
    try:
        if published.get("use", "sig") != "sig" or published.get("kty") == "oct":
            return ()
        return KeySet.import_key_set({"keys": [published]}).keys
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return ()


def _problem(raw: bytes) -> _Problem:
    try:
        return msgspec.json.decode(raw, type=_Problem)
    except (msgspec.DecodeError, RecursionError):
        return _Problem()


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    if ca_file is None:
        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"TOWNLINE_OIDC__CA_FILE={ca_file}: {error}: name a PEM file"
        ) from error
