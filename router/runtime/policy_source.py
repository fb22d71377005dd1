"""Where the policy comes from: the folder that people edit, or what they have published."""

from __future__ import annotations

from collections.abc import AsyncIterator

from router.runtime.policy_loader import Source
from router.runtime.published import PublishedPolicies
from router.runtime.settings import Settings


def source_of(settings: Settings) -> Source:
    """Return what tells the folder whose policy is to be in force."""
    if settings.policy_source == "published":
        return PublishedPolicies(settings.data_dir).newest
    return lambda: settings.policy_dir


async def edits(settings: Settings) -> AsyncIterator[None]:
    """Yield when the policy may have changed. Errors: none; see `router.policy.watch`."""
    from router.policy.watch import additions, changes  # heavy, not needed to begin serving

    if settings.policy_source == "published":
        folder = PublishedPolicies(settings.data_dir).root
        folder.mkdir(parents=True, exist_ok=True)
        async for _ in additions(folder):
            yield
    else:
        async for _ in changes(settings.policy_dir):
            yield
