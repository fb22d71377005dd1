"""The addresses of the voice channel: one table for the routes we serve and the URLs we hand out.

URLs are absolute on the town's public address, because the carrier signs what it was given.
"""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote, urljoin


class Path(StrEnum):
    """Every webhook; `{step}` and `{turn}` are whole numbers, `{key}` is the key of an effect."""

    INCOMING = "/voice/incoming"
    FLOW = "/voice/flow/{item}/{step}"
    WAIT = "/voice/wait/{item}/{turn}"
    KEY = "/voice/key/{item}"
    LEFT = "/voice/left/{item}/{turn}"
    MOVE = "/voice/move/{item}"
    AGENT = "/voice/agent/{item}/{key}"
    AGENT_ANSWER = "/voice/agent/{item}/{key}/answer"
    AGENT_STATUS = "/voice/agent/{item}/{key}/status"
    RESIDENT = "/voice/resident/{item}/{key}"
    RESIDENT_ANSWER = "/voice/resident/{item}/{key}/answer"
    RESIDENT_STATUS = "/voice/resident/{item}/{key}/status"
    THIRD = "/voice/third/{item}/{key}"
    THIRD_ANSWER = "/voice/third/{item}/{key}/answer"
    THIRD_STATUS = "/voice/third/{item}/{key}/status"
    LISTENER = "/voice/listener/{item}/{key}"
    LISTENER_ANSWER = "/voice/listener/{item}/{key}/answer"
    LISTENER_STATUS = "/voice/listener/{item}/{key}/status"
    ROOM = "/voice/room/{item}"
    OUTSIDE = "/voice/outside/{item}/{step}"
    ON_CALL = "/voice/on-call/{item}/{step}"
    ON_CALL_ANSWER = "/voice/on-call/{item}/{step}/answer"
    ALONE = "/voice/alone/{item}/{key}"
    ALONE_ANSWER = "/voice/alone/{item}/{key}/answer"
    ALONE_STATUS = "/voice/alone/{item}/{key}/status"
    HOLD = "/voice/hold/{item}"
    STATUS = "/voice/status"


RETRIES = "#rc=3&rp=ct,rt,5xx"
"""Added to every URL that we hand out: the carrier asks up to three times again when nobody
answers, so that a daemon that restarts in the middle of a request costs nobody their call.
Repeats are harmless. Source: Twilio, "Webhooks (HTTP callbacks): Connection Overrides"."""

NUMBER_WANTED = "?number=1"
"""Added to a flow URL whose question is answered with a telephone number, not with a choice."""


class Urls:
    """Builds URLs on `public_url` (no slash at the end)."""

    def __init__(self, public_url: str) -> None:
        self.public_url = public_url.rstrip("/")
        self.incoming = self.public_url + Path.INCOMING
        self._voice = f"{self.public_url}/voice"

    def flow(self, item_id: str, step: int, *, number: bool = False) -> str:
        """Return where the answer to a flow's step goes."""
        wanted = NUMBER_WANTED if number else ""
        return f"{self._voice}/flow/{quote(item_id, safe='')}/{step}{wanted}{RETRIES}"

    def wait(self, item_id: str, turn: int) -> str:
        """Return where the waiting room asks for its next announcement."""
        return f"{self._voice}/wait/{quote(item_id, safe='')}/{turn}{RETRIES}"

    def key(self, item_id: str) -> str:
        """Return where a key pressed in the waiting room goes."""
        return f"{self._voice}/key/{quote(item_id, safe='')}{RETRIES}"

    def left(self, item_id: str, turn: int) -> str:
        """Return where the carrier tells that a caller has left the waiting room."""
        return f"{self._voice}/left/{quote(item_id, safe='')}/{turn}{RETRIES}"

    def move(self, item_id: str) -> str:
        """Return where a resident's leg asks what it shall do now."""
        return f"{self._voice}/move/{quote(item_id, safe='')}{RETRIES}"

    def agent(self, item_id: str, key: str, tail: str = "") -> str:
        """Return where an agent's leg asks; `tail` is "", "/answer" or "/status"."""
        return f"{self._voice}/agent/{quote(item_id, safe='')}/{quote(key, safe='')}{tail}{RETRIES}"

    def resident(self, item_id: str, key: str, tail: str = "") -> str:
        """Return where the leg of a callback asks; `tail` is "", "/answer" or "/status"."""
        place = f"{quote(item_id, safe='')}/{quote(key, safe='')}{tail}"
        return f"{self._voice}/resident/{place}{RETRIES}"

    def third(self, item_id: str, key: str, tail: str = "") -> str:
        """Return where a third party's leg asks; `tail` is "", "/answer" or "/status"."""
        return f"{self._voice}/third/{quote(item_id, safe='')}/{quote(key, safe='')}{tail}{RETRIES}"

    def listener(self, item_id: str, key: str, tail: str = "") -> str:
        """Return where a supervisor's leg asks; `tail` is "", "/answer" or "/status"."""
        place = f"{quote(item_id, safe='')}/{quote(key, safe='')}{tail}"
        return f"{self._voice}/listener/{place}{RETRIES}"

    def room(self, item_id: str) -> str:
        """Return where the carrier tells of the item's conference."""
        return f"{self._voice}/room/{quote(item_id, safe='')}{RETRIES}"

    def outside(self, item_id: str, step: int) -> str:
        """Return where the carrier tells of the leg of somebody outside."""
        return f"{self._voice}/outside/{quote(item_id, safe='')}/{step}{RETRIES}"

    def on_call(self, item_id: str, step: int, tail: str = "") -> str:
        """Return where the leg of somebody on call asks; `tail` is "" or "/answer"."""
        return f"{self._voice}/on-call/{quote(item_id, safe='')}/{step}{tail}{RETRIES}"

    def alone(self, item_id: str, key: str, tail: str = "") -> str:
        """Return where somebody on call asks whose caller is gone; `tail` as of an agent's leg."""
        return f"{self._voice}/alone/{quote(item_id, safe='')}/{quote(key, safe='')}{tail}{RETRIES}"

    def hold(self, item_id: str) -> str:
        """Return what a resident on hold listens to."""
        return f"{self._voice}/hold/{quote(item_id, safe='')}{RETRIES}"

    def sound(self, audio: str) -> str:
        """Return the absolute URL of a prompt or of music."""
        return urljoin(f"{self.public_url}/", audio)
