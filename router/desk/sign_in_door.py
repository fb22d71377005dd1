"""The way to the sign-in provider and back: which one, who is who there, where browsers return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit

from starlette.requests import Request

from router.desk.browsers import HEADER
from router.desk.openid import Provider
from router.desk.surroundings import Account
from router.errors import NotAllowed

BACK: Final = "/desk/signed-in"  # where the provider sends the browser; registered there


class Begun(Protocol):
    """A sign-in that the provider has been asked for."""

    @property
    def verifier(self) -> str:
        """Return the secret of PKCE."""
        ...

    @property
    def nonce(self) -> str:
        """Return what the ID token must repeat."""
        ...

    @property
    def page(self) -> str:
        """Return the page of the console to go on with."""
        ...


class ProviderNames(Protocol):
    """Whom the sign-in provider knows. Errors: `StorageFailed`."""

    async def begin(self, state: str, verifier: str, nonce: str, page: str) -> None:
        """Keep what is needed when the browser comes back. Errors: `Overloaded`."""
        ...

    async def take(self, state: str) -> Begun | None:
        """Return what was begun, once."""
        ...

    async def account_of(self, provider_name: str) -> Account | None:
        """Return whom the provider calls so, a disabled account, too."""
        ...

    async def give(
        self, name: str, provider_name: str, *, keeps_password: bool, by: str
    ) -> Account:
        """Say what the provider calls an account's person. Errors: `NotAllowed`."""
        ...


@dataclass(frozen=True, kw_only=True)
class SignInDoor:
    """The provider, and who is who there; `web_root` is the address people reach us under."""

    provider: Provider
    names: ProviderNames
    web_root: str

    @property
    def folder(self) -> str:
        """Return the path of our pages, as in `/` or `/town/`."""
        return urlsplit(self.web_root).path.rstrip("/") + "/"

    @property
    def back_path(self) -> str:
        """Return the path of the address to which the provider sends browsers."""
        return f"{self.folder}{BACK.removeprefix('/')}"

    def must_be_here(self, request: Request) -> None:
        """Refuse a page that the browser would not come back to. Errors: `NotAllowed`."""
        origin = request.headers.get("origin", "")
        is_ours = not origin or _place(origin) == _place(self.web_root)
        if not is_ours or request.headers.get(HEADER) != self.folder:
            raise NotAllowed(
                f"sign in with {self.provider.settings.name} at {self.web_root}/desk/:"
                " it sends browsers back to there"
            )


def _place(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    try:
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:  # no page has such an address
        return "", None, None
    return parts.scheme, parts.hostname, port
