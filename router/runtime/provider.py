"""Builds the way to the sign-in provider from the settings, if one is set."""

from __future__ import annotations

from collections.abc import Callable

from router.core.model import SECOND, Instant
from router.desk.openid import Provider, ProviderSettings
from router.desk.sign_in_door import BACK, SignInDoor
from router.history.provider_names import ProviderNames
from router.runtime.settings import Settings


def sign_in_door(
    settings: Settings, names: ProviderNames, web_root: str, now: Callable[[], Instant]
) -> SignInDoor | None:
    """Return the way; None when everybody has a password.

    `now` is the machine's clock, not the practice clock: the provider lives in the world's time.
    Errors: `SettingsError` when the CA file cannot be used.
    """
    oidc = settings.oidc
    if oidc.issuer is None or oidc.client_id is None:
        return None
    secret = oidc.client_secret
    known = ProviderSettings(
        issuer=oidc.issuer,
        client_id=oidc.client_id,
        client_secret=secret.get_secret_value() if secret is not None else "",
        name=oidc.name,
        claim=oidc.claim,
        scopes=oidc.scopes,
        ca_file=oidc.ca_file,
    )
    back = f"{web_root}{BACK}"
    provider = Provider(known, redirect_uri=back, seconds=lambda: now() // SECOND)
    return SignInDoor(provider=provider, names=names, web_root=web_root)
