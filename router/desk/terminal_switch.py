"""`townline surge` and `townline announce`: one request of somebody's account, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx

ANSWER_S: Final = 10

Answer = Any  # a view or a list of them, as JSON


class SwitchRefused(Exception):
    """The daemon did not do it; the message says why."""


def switch(
    base_url: str,
    account: tuple[str, str],
    method: str,
    path: str,
    body: Mapping[str, object] | None = None,
) -> Answer:
    """Sign in, ask once below `/api/v1`, sign out; return what holds then.

    Args:
        base_url: of the daemon.
        account: name and password.
        method: of HTTP.
        path: below `/api/v1`.
        body: as JSON.

    Raises:
        SwitchRefused: no daemon answers, the password is wrong, or it may not be done.
    """
    name, password = account
    try:
        with httpx.Client(base_url=f"{base_url}/api/v1", timeout=ANSWER_S, trust_env=False) as http:
            opened = _checked(
                http.post("/sessions", json={"name": name, "password": password}), 201
            )
            http.headers["Authorization"] = f"Bearer {opened['token']}"
            if opened["account"]["must_change"]:
                raise SwitchRefused(f"change your password first: townline password {name}")
            found: Answer = _checked(http.request(method, path, json=body), 200)
            http.delete("/sessions")
            return found
    except httpx.HTTPError as error:
        raise SwitchRefused(f"{base_url} does not answer: {error}") from error


def _checked(answer: httpx.Response, wanted: int) -> Any:
    try:
        told = answer.json()
    except ValueError:
        told = {}
    if answer.status_code != wanted:
        message = told.get("message", "") if isinstance(told, dict) else ""
        raise SwitchRefused(message or f"the daemon answers {answer.status_code}")
    return told
