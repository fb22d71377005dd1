"""`townline password NAME`: somebody changes their own password, over the interface of desks."""

from __future__ import annotations

from typing import Final

import httpx
import msgspec

from router.desk.api_people import SessionView
from router.desk.terminal_link import NotConnected, SignInRefused

ANSWER_S: Final = 10


class _Told(msgspec.Struct):
    """What a refusal says; other fields are not needed."""

    message: str = ""


async def change_password(base_url: str, name: str, old: str, new: str) -> None:
    """Sign in with the old password and set the new one; every older session ends.

    Raises:
        SignInRefused: the name or the old password is wrong, or the new one is too weak.
        NotConnected: no daemon answers.
    """
    try:
        async with httpx.AsyncClient(base_url=base_url, timeout=ANSWER_S) as http:
            opened = await http.post("/api/v1/sessions", json={"name": name, "password": old})
            if opened.status_code != 201:
                raise SignInRefused(_message(opened))
            token = msgspec.json.decode(opened.content, type=SessionView).token
            changed = await http.post(
                "/api/v1/password",
                json={"old": old, "new": new},
                headers={"Authorization": f"Bearer {token}"},
            )
    except httpx.HTTPError as error:
        raise NotConnected(f"{base_url} does not answer: {error}") from error
    if changed.status_code != 200:
        raise SignInRefused(_message(changed))


def _message(answer: httpx.Response) -> str:
    try:
        told = msgspec.json.decode(answer.content, type=_Told).message
    except msgspec.DecodeError:
        told = ""
    return told or f"the daemon answers {answer.status_code}"
